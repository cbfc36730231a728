package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// runner runs one pod: its process, its readiness probe and its end.
type runner struct {
	agent   *agent
	pod     pod
	ip      string
	ending  bool               // guarded by agent.mutex
	end     chan time.Duration // grace period, once the pod is deleted
	process *exec.Cmd
	exited  chan struct{}
	started time.Time
	ready   bool
	since   time.Time // of the Ready condition
	crashes int
	phase   string // empty: Running
}

func (r *runner) run() {
	if err := r.start(); err != nil {
		log.Printf("%s: %v", r.pod.Metadata.Name, err)
	}
	r.since = time.Now()
	r.ready = r.pod.Spec.Containers[0].ReadinessProbe == nil
	r.status()
	stopProbing := make(chan struct{})
	verdict := make(chan bool)
	if p := r.pod.Spec.Containers[0].ReadinessProbe; p != nil {
		go r.probing(*p, verdict, stopProbing)
	}
	exited := r.exited
	for {
		select {
		case ready := <-verdict:
			if ready != r.ready {
				r.ready, r.since = ready, time.Now()
				r.status()
			}
		case <-exited:
			if r.pod.Spec.RestartPolicy == "Never" {
				r.complete()
				exited = nil
			} else {
				r.restart()
				exited = r.exited
			}
		case within := <-r.end:
			close(stopProbing)
			r.stop(within)
			return
		}
	}
}

// complete says how the process of a Job's pod ended.
func (r *runner) complete() {
	r.phase = map[bool]string{true: "Succeeded", false: "Failed"}[r.process.ProcessState.Success()]
	r.ready, r.since = false, time.Now()
	r.status()
}

// restart starts the process of a pod again after it ended by itself.
func (r *runner) restart() {
	log.Printf("%s: exited, starting again", r.pod.Metadata.Name)
	r.crashes++
	r.ready, r.since = false, time.Now()
	r.status()
	time.Sleep(time.Second)
	if err := r.start(); err != nil {
		log.Printf("%s: %v", r.pod.Metadata.Name, err)
	}
	r.status()
}

func (r *runner) start() error {
	c := r.pod.Spec.Containers[0]
	ports := []string{}
	for _, p := range c.Ports {
		if p.Protocol == "" || p.Protocol == "TCP" {
			ports = append(ports, strconv.Itoa(p.ContainerPort))
		}
	}
	if len(ports) == 0 {
		ports = []string{"8080"}
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := "serve"
	if r.pod.Spec.RestartPolicy == "Never" {
		command = "job"
	}
	r.process = exec.Command(self, command)
	r.process.Stderr = os.Stderr
	r.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	for _, e := range c.Env {
		r.process.Env = append(r.process.Env, e.Name+"="+e.Value)
	}
	r.process.Env = append(r.process.Env, "GOMAXPROCS=1", "POD_IP="+r.ip, "POD_NAME="+r.pod.Metadata.Name, "POD_VERSION="+r.pod.Metadata.Labels["version"], "POD_PORTS="+strings.Join(ports, ","))
	r.started, r.exited = time.Now(), make(chan struct{})
	if err := r.process.Start(); err != nil {
		return err
	}
	go func(p *exec.Cmd, exited chan struct{}) { _ = p.Wait(); close(exited) }(r.process, r.exited)
	return nil
}

// stop ends the pod as the kubelet does: preStop, SIGTERM, SIGKILL after the grace period (which preStop shares), then the object goes.
func (r *runner) stop(within time.Duration) {
	kill := time.After(within)
	if within > 0 {
		r.preStop(within)
		_ = r.process.Process.Signal(syscall.SIGTERM)
		select {
		case <-r.exited:
		case <-kill:
			log.Printf("%s: killed after %v", r.pod.Metadata.Name, within)
		}
	}
	_ = r.process.Process.Kill()
	<-r.exited
	body := map[string]any{"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0, "preconditions": map[string]string{"uid": r.pod.Metadata.UID}}
	path := r.path("")
	for try := 0; try < 50; try++ {
		code, err := r.agent.api.call(http.MethodDelete, path, "application/json", body)
		if err == nil || code == http.StatusNotFound || code == http.StatusConflict {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// preStop runs the hooks of all containers and waits for them, but no longer than the grace period.
func (r *runner) preStop(within time.Duration) {
	done := make(chan struct{}, len(r.pod.Spec.Containers))
	deadline := time.After(within)
	for _, c := range r.pod.Spec.Containers {
		go func() { r.hook(c); done <- struct{}{} }()
	}
	for range r.pod.Spec.Containers {
		select {
		case <-done:
		case <-deadline:
			return
		}
	}
}

func (r *runner) hook(c container) {
	hook := c.Lifecycle.PreStop
	switch {
	case hook == nil:
	case hook.Sleep != nil:
		time.Sleep(time.Duration(hook.Sleep.Seconds * float64(time.Second)))
	case hook.Exec != nil && len(hook.Exec.Command) > 0:
		if err := exec.Command(hook.Exec.Command[0], hook.Exec.Command[1:]...).Run(); err != nil {
			log.Printf("%s: preStop: %v", r.pod.Metadata.Name, err)
		}
	case hook.HTTPGet != nil:
		_ = r.get(c, *hook.HTTPGet, 10*time.Second)
	}
}

// probing sends a verdict whenever the readiness changes. Until the first success it probes every 50 ms (a kubelet: periodSeconds), so that
// scenarios control when a pod gets Ready; from then on as the manifest says. It ends with the pod's deletion, which takes it out of the endpoints.
func (r *runner) probing(p probe, verdict chan<- bool, stop <-chan struct{}) {
	period, timeout, failures := time.Duration(max(p.PeriodSeconds, 1))*time.Second, time.Duration(max(p.TimeoutSeconds, 1))*time.Second, max(p.FailureThreshold, 1)
	if p.PeriodSeconds == 0 {
		period = 10 * time.Second
	}
	time.Sleep(time.Until(r.started.Add(time.Duration(p.InitialDelaySeconds) * time.Second)))
	ready, failed, wait := false, 0, 50*time.Millisecond
	for {
		ok := p.HTTPGet == nil || r.get(r.pod.Spec.Containers[0], *p.HTTPGet, timeout)
		failed++
		if ok {
			failed, wait = 0, period
		}
		if ok != ready && (ok || failed >= failures) {
			ready = ok
			select {
			case verdict <- ready:
			case <-stop:
				return
			}
			if !ready {
				wait = 50 * time.Millisecond
			}
		}
		select {
		case <-stop:
			return
		case <-time.After(wait):
		}
	}
}

func (r *runner) get(c container, to httpGet, timeout time.Duration) bool {
	port := fmt.Sprint(to.Port)
	for _, p := range c.Ports {
		if p.Name == port {
			port = strconv.Itoa(p.ContainerPort)
		}
	}
	req, err := http.NewRequest(http.MethodGet, "http://"+net.JoinHostPort(r.ip, port)+"/"+strings.TrimPrefix(to.Path, "/"), nil)
	if err != nil {
		return false
	}
	req.Header.Set("User-Agent", "kube-probe/lab")
	req.Close = true
	resp, err := (&http.Client{Timeout: timeout}).Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode >= 200 && resp.StatusCode < 400
}

func (r *runner) path(sub string) string {
	return "/api/v1/namespaces/" + r.pod.Metadata.Namespace + "/pods/" + r.pod.Metadata.Name + sub
}

// state is the container's: it runs, or it has ended for good.
func (r *runner) state(stamp func(time.Time) string) map[string]any {
	if r.phase == "" {
		return map[string]any{"running": map[string]string{"startedAt": stamp(r.started)}}
	}
	return map[string]any{"terminated": map[string]any{"exitCode": r.process.ProcessState.ExitCode(), "startedAt": stamp(r.started), "finishedAt": stamp(r.since)}}
}

// status writes the pod's status; a pod that is gone or replaced is left alone.
func (r *runner) status() {
	stamp := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	condition := func(kind string, yes bool, since time.Time) map[string]string {
		return map[string]string{"type": kind, "status": map[bool]string{true: "True", false: "False"}[yes], "lastTransitionTime": stamp(since)}
	}
	containers := []any{}
	for _, c := range r.pod.Spec.Containers {
		containers = append(containers, map[string]any{"name": c.Name, "image": c.Image, "imageID": "", "ready": r.ready, "started": true, "restartCount": r.crashes,
			"state": r.state(stamp)})
	}
	body := map[string]any{"metadata": map[string]string{"uid": r.pod.Metadata.UID}, "status": map[string]any{
		"phase": cmp.Or(r.phase, "Running"), "hostIP": "10.42.255.1", "podIP": r.ip, "podIPs": []any{map[string]string{"ip": r.ip}}, "startTime": stamp(r.started),
		"conditions": []any{condition("PodScheduled", true, r.started), condition("Initialized", true, r.started),
			condition("ContainersReady", r.ready, r.since), condition("Ready", r.ready, r.since)},
		"containerStatuses": containers,
	}}
	for try := 0; try < 50; try++ {
		code, err := r.agent.api.call(http.MethodPatch, r.path("/status"), "application/merge-patch+json", body)
		if err == nil || code == http.StatusNotFound || code == http.StatusConflict {
			return
		}
		if text, _ := json.Marshal(body); code != 0 {
			log.Printf("%s: %v %s", r.pod.Metadata.Name, err, text)
		}
		time.Sleep(200 * time.Millisecond)
	}
}
