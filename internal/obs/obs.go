// SPDX-FileCopyrightText: 2026 The dsai authors
// SPDX-License-Identifier: Apache-2.0

// Package obs registers a node's metrics and serves them in Prometheus' text
// format. Labels are few and fixed: no question, name or id is ever one. Node
// hands its parts to those who observe; nothing else imports it.
package obs

import (
	"net/http"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the metrics of one node. It implements api.Metrics and is safe
// for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	stages   *prometheus.HistogramVec
}

// New registers the metrics, with those of the Go runtime and the process.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "dsai_http_request_seconds", Help: "Time to serve HTTP requests."}, []string{"route", "status"}),
		stages: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "dsai_stage_seconds", Help: "Time in stages of an answer."}, []string{"stage", "outcome"}),
	}
	m.registry.MustRegister(m.requests, m.stages, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Gauge adds a metric that is read when it is asked for.
func (m *Metrics) Gauge(name, help string, read func() float64) {
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
}

// Handler serves all metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Request observes one finished HTTP request.
func (m *Metrics) Request(route string, status int, seconds float64) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(seconds)
}

// Stage observes one stage of an answer.
func (m *Metrics) Stage(stage, outcome string, seconds float64) {
	m.stages.WithLabelValues(stage, outcome).Observe(seconds)
}
