// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"github.com/spf13/cobra"

	"dsai.example/dsai/internal/control"
	"dsai.example/dsai/internal/durable"
)

// serviceFlags are the flags of dsai service.
type serviceFlags struct {
	user, print bool
	home        bool // named on the command line
}

func newServiceCommand(a *app) *cobra.Command {
	var f serviceFlags
	install := &cobra.Command{
		Use: "install", Short: "write a systemd unit that runs dsai up in a sandbox", Args: args(cobra.NoArgs),
		Long: `Writes a systemd unit that runs dsai up in a strict sandbox. The system's unit
keeps its home in /var/lib/dsai under a user of its own; --user runs the home of
this user.`,
		RunE: func(c *cobra.Command, _ []string) error {
			f.home = c.Flags().Changed("home")
			return a.serviceInstall(f)
		},
	}
	uninstall := &cobra.Command{
		Use: "uninstall", Short: "remove the unit; the home stays", Args: args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error { return a.serviceUninstall(f) },
	}
	for _, c := range []*cobra.Command{install, uninstall} {
		c.Flags().BoolVar(&f.user, "user", false, "for this user's systemd instead of the system's")
	}
	install.Flags().BoolVar(&f.print, "print", false, "print the unit instead of writing it")
	install.Flags().String("listen", "", "address of API and pages (default "+defaultListen+")")
	return a.group(&cobra.Command{Use: "service", Short: "run by systemd"}, install, uninstall)
}

// unit is what the unit file says. Hardening options that would break the
// sandboxed PDF reader, which compiles WebAssembly into memory, are left out:
// MemoryDenyWriteExecute.
var unit = template.Must(template.New("unit").Parse(`# Written by dsai service install.
[Unit]
Description=dsai node
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStart={{.Program}} up --home {{.Home}} --listen {{.Listen}}
Restart=on-failure
RestartSec=5s
# 2: there is no co-op in the home yet, or the command line is wrong.
RestartPreventExitStatus=2
# A home may have to be migrated, or its index made again, before it is ready.
TimeoutStartSec=infinity
TimeoutStopSec=60s
{{- if .User}}
# Without ProtectHome, ProtectSystem=strict leaves all of /home writable.
ReadWritePaths=-{{.Home}}
{{- else}}
DynamicUser=yes
User=dsai
StateDirectory=dsai
StateDirectoryMode=0700
{{- end}}
ProtectHome=read-only
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
PrivateMounts=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
RemoveIPC=yes
CapabilityBoundingSet=
AmbientCapabilities=
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# Not MemoryDenyWriteExecute: what reads PDFs is compiled when it is first needed.
LimitNOFILE=65536

[Install]
WantedBy={{if .User}}default.target{{else}}multi-user.target{{end}}
`))

// systemHome is below the state directory of the unit, which systemd makes.
const systemHome = "/var/lib/dsai/node"

// reachable refuses a program that the sandbox hides from the service.
func reachable(program string, user bool) error {
	hidden := []string{"/tmp/", "/var/tmp/"} // PrivateTmp
	if !user {
		hidden = append(hidden, "/home/", "/root/", "/run/user/") // others' folders are closed to the service's user
	}
	for _, dir := range hidden {
		if strings.HasPrefix(program, dir) {
			return usage(fmt.Sprintf("write unit: a service cannot run %s: %s is closed to it", program, strings.TrimSuffix(dir, "/")),
				"sudo install "+quote(program)+" /usr/local/bin/dsai, and install the service with that one")
		}
	}
	return nil
}

// unitPath is where the unit belongs.
func unitPath(user bool) (string, error) {
	if !user {
		return "/etc/systemd/system/dsai.service", nil
	}
	d, err := os.UserConfigDir()
	return filepath.Join(d, "systemd", "user", "dsai.service"), err
}

func (a *app) unitText(f serviceFlags) (string, error) {
	program, err := os.Executable()
	if err != nil {
		return "", err
	}
	home, listen := a.cfg.Home, a.cfg.Listen
	if !f.user {
		if f.home && home != systemHome {
			return "", usage("write unit: the system's service keeps its home in "+systemHome, "leave --home out, or run this home for yourself with --user")
		}
		home = systemHome
	}
	if listen == "" {
		listen = defaultListen
	}
	for _, s := range []string{program, home, listen} {
		if strings.ContainsAny(s, " \t\n\"'\\%$;") {
			return "", usage(fmt.Sprintf("write unit: %q has characters that systemd reads in its own way", s), "choose a plain path")
		}
	}
	var b strings.Builder
	err = unit.Execute(&b, map[string]any{"Program": program, "Home": home, "Listen": listen, "User": f.user})
	return b.String(), err
}

func (a *app) serviceInstall(f serviceFlags) error {
	text, err := a.unitText(f)
	if err != nil {
		return err
	}
	if f.print {
		if a.json {
			return a.document(map[string]string{"unit": text})
		}
		a.say("%s", lines(text))
		return nil
	}
	if err := reachable(program(), f.user); err != nil {
		return err
	}
	path, err := unitPath(f.user)
	if err != nil {
		return err
	}
	err = os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = durable.WriteFile(path, []byte(text), 0o644)
	}
	if err != nil {
		return &control.Error{Kind: control.Failed, Message: fmt.Sprintf("write unit: %v", err), Hint: "run it with sudo, or for yourself alone with --user, or see it with --print"}
	}
	if a.json {
		return a.document(map[string]string{"path": path})
	}
	a.say("Wrote %s\n", path)
	if f.user {
		a.next("systemctl --user daemon-reload && systemctl --user enable --now dsai")
		return nil
	}
	a.say("Found its home first, as the user of the service:\n  sudo systemd-run --pty -p DynamicUser=yes -p User=dsai -p StateDirectory=dsai %s init --home "+systemHome+" --coop NAME\n", program())
	a.say("Verbs then reach it so:\n  sudo %s --home "+systemHome+" status\n", program())
	a.next("sudo systemctl daemon-reload && sudo systemctl enable --now dsai")
	return nil
}

func program() string {
	if p, err := os.Executable(); err == nil {
		return p
	}
	return "dsai"
}

func (a *app) serviceUninstall(f serviceFlags) error {
	path, err := unitPath(f.user)
	if err != nil {
		return err
	}
	if err := os.Remove(path); errors.Is(err, fs.ErrNotExist) {
		return usage(fmt.Sprintf("no unit %s", path), "")
	} else if err != nil {
		return &control.Error{Kind: control.Failed, Message: fmt.Sprintf("remove unit: %v", err), Hint: "run it with sudo"}
	}
	if a.json {
		return a.document(map[string]string{"removed": path})
	}
	user := ""
	if f.user {
		user = " --user"
	}
	a.say("Removed %s. The home stays.\n", path)
	a.next("systemctl%s disable --now dsai; systemctl%[1]s daemon-reload", user)
	return nil
}
