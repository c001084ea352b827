module planted.example

go 1.26

require allowed.example/module v1.0.0
