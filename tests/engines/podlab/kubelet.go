package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"sync"
	"time"
)

// The parts of a Pod that the kubelet reads.
type pod struct {
	Metadata struct {
		Name, Namespace, UID       string
		Labels                     map[string]string
		DeletionTimestamp          *time.Time
		DeletionGracePeriodSeconds *int64
	}
	Spec struct {
		Containers                    []container
		TerminationGracePeriodSeconds *int64
		RestartPolicy                 string
	}
	Status struct{ PodIP, Phase string }
}

type container struct {
	Name, Image string
	Ports       []struct {
		Name          string
		ContainerPort int
		Protocol      string
	}
	Env            []struct{ Name, Value string }
	ReadinessProbe *probe
	Lifecycle      struct{ PreStop *handler }
}

type probe struct {
	HTTPGet                                                                                *httpGet
	InitialDelaySeconds, PeriodSeconds, TimeoutSeconds, SuccessThreshold, FailureThreshold int
}

type handler struct {
	HTTPGet *httpGet
	Exec    *struct{ Command []string }
	Sleep   *struct{ Seconds float64 }
}

type httpGet struct {
	Path string
	Port any
}

// agent runs the pods of one node.
type agent struct {
	api   *apiServer
	node  string
	mutex sync.Mutex
	pods  map[string]*runner
	next  int
}

func kubelet(args []string) error {
	flags := flag.NewFlagSet("kubelet", flag.ContinueOnError)
	server := flags.String("server", "https://127.0.0.1:6443", "API server")
	token := flags.String("token", "token", "bearer token")
	node := flags.String("node", "node1", "name of the node, made by the kubelet")
	if err := flags.Parse(args); err != nil {
		return err
	}
	a := &agent{api: newAPI(*server, *token), node: *node, pods: map[string]*runner{}}
	if err := a.register(); err != nil {
		return err
	}
	log.Printf("node %s is ready", a.node)
	a.api.watchPods(a.node, a.seen)
	return nil
}

func (a *agent) register() error {
	amount := map[string]any{"cpu": "1000", "memory": "1000Gi", "pods": "10000"}
	now := time.Now().UTC().Format(time.RFC3339)
	node := map[string]any{"apiVersion": "v1", "kind": "Node", "metadata": map[string]any{"name": a.node, "labels": map[string]string{"kubernetes.io/hostname": a.node}}}
	if code, err := a.api.call(http.MethodPost, "/api/v1/nodes", "application/json", node); err != nil && code != http.StatusConflict {
		return err
	}
	_, err := a.api.call(http.MethodPatch, "/api/v1/nodes/"+a.node+"/status", "application/merge-patch+json", map[string]any{"status": map[string]any{
		"allocatable": amount, "capacity": amount,
		"addresses":  []any{map[string]string{"type": "InternalIP", "address": "10.42.255.1"}, map[string]string{"type": "Hostname", "address": a.node}},
		"conditions": []any{map[string]string{"type": "Ready", "status": "True", "reason": "KubeletReady", "lastHeartbeatTime": now, "lastTransitionTime": now}},
	}})
	return err
}

// seen starts a runner for a pod that is new and tells a running one that its pod ends.
func (a *agent) seen(p pod, gone bool) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	r := a.pods[p.Metadata.UID]
	if r == nil {
		if gone || p.Status.Phase == "Succeeded" || p.Status.Phase == "Failed" {
			return
		}
		a.next++
		r = &runner{agent: a, pod: p, ip: fmt.Sprintf("10.42.%d.%d", a.next/250, a.next%250+1), end: make(chan time.Duration, 4)}
		a.pods[p.Metadata.UID] = r
		go r.run()
	}
	if gone {
		r.end <- 0
		delete(a.pods, p.Metadata.UID)
	} else if p.Metadata.DeletionTimestamp != nil && !r.ending {
		r.ending = true
		r.end <- grace(p)
	}
}

func grace(p pod) time.Duration {
	if p.Metadata.DeletionGracePeriodSeconds != nil {
		return time.Duration(*p.Metadata.DeletionGracePeriodSeconds) * time.Second
	}
	return 30 * time.Second
}

func init() { log.SetFlags(log.Lmicroseconds); log.SetOutput(os.Stderr) }
