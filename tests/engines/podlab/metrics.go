package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// limits are the buckets of Istio's histogram of durations, in milliseconds.
var limits = []int64{1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000}

// metrics counts answers as Istio's proxies would: the pod's own proxy (reporter "destination") what a pod answered, the
// caller's ("source") every request. Where no pod answered, the caller's proxy knows the service and no version.
type metrics struct {
	lock     sync.Mutex
	app      string
	space    string
	counters map[string]float64
}

func newMetrics(app, space string) *metrics {
	return &metrics{app: app, space: space, counters: map[string]float64{}}
}

// count takes one answer; version "-" means that none came from a pod, and detail has Envoy's words then.
func (m *metrics) count(status int, version, detail string, milliseconds int64) {
	flags, revision, code := "-", version, fmt.Sprint(status)
	if version == "-" {
		flags, revision = flagOf(detail), "unknown"
		if status == 0 {
			code = "503"
		}
	}
	service := fmt.Sprintf(`destination_service_namespace=%q,destination_service_name=%q`, m.space, m.app)
	rest := fmt.Sprintf(`response_code=%q,response_flags=%q,request_protocol="http"`, code, flags)
	m.lock.Lock()
	defer m.lock.Unlock()
	m.add(fmt.Sprintf(`reporter="source",%s,destination_canonical_revision=%q,%s`, service, revision, rest), milliseconds)
	if version != "-" {
		own := fmt.Sprintf(`destination_workload_namespace=%q,destination_app=%q,destination_version=%q`, m.space, m.app, version)
		m.add(fmt.Sprintf(`reporter="destination",%s,%s,%s`, service, own, rest), milliseconds)
	}
}

func (m *metrics) add(labels string, milliseconds int64) {
	m.counters["istio_requests_total{"+labels+"}"]++
	for _, limit := range limits {
		key := fmt.Sprintf(`istio_request_duration_milliseconds_bucket{%s,le="%d"}`, labels, limit)
		if milliseconds <= limit {
			m.counters[key]++
		} else {
			m.counters[key] += 0
		}
	}
	m.counters["istio_request_duration_milliseconds_bucket{"+labels+`,le="+Inf"}`]++
}

// flagOf gives Envoy's response flag by the words of its answer.
func flagOf(detail string) string {
	switch {
	case strings.Contains(detail, "no healthy upstream"):
		return "UH"
	case strings.Contains(detail, "timeout"):
		return "UT"
	case strings.Contains(detail, "connection termination"), strings.Contains(detail, "reset"):
		return "UC"
	}
	return "UF"
}

// ServeHTTP writes the counters in Prometheus' text format.
func (m *metrics) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	m.lock.Lock()
	lines := make([]string, 0, len(m.counters))
	for series, value := range m.counters {
		lines = append(lines, fmt.Sprintf("%s %g", series, value))
	}
	m.lock.Unlock()
	slices.Sort(lines)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	fmt.Fprintln(w, strings.Join(lines, "\n"))
}
