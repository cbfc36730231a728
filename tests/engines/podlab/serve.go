package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// serve is the application in every pod. It is told by environment variables what kind of application to be:
//
//	READY_AFTER  seconds until it is ready ("never": not at all); before that every request gets a 503
//	LATENCY_MS   longest time an answer takes (shortest is a tenth of it); default 20
//	ON_TERM      "graceful" (default): finish the requests in flight, close idle connections, exit; "exit": die at once
//	TERM_AFTER   seconds it still takes to exit after the last request; default 0
//	FAIL_PERCENT percent of answers that are a 500
//	CRASH        "yes": end in the middle of the first request that is not a probe
//
// The kubelet adds POD_IP, POD_NAME, POD_VERSION (label `version`) and POD_PORTS.
func serve([]string) error {
	start := time.Now()
	var ending atomic.Bool
	ready := func() bool {
		after := os.Getenv("READY_AFTER")
		return after != "never" && !ending.Load() && time.Since(start) >= seconds(after)
	}
	answer := func(w http.ResponseWriter, r *http.Request) {
		isProbe := strings.HasPrefix(r.UserAgent(), "kube-probe")
		w.Header().Set("X-Version", os.Getenv("POD_VERSION"))
		w.Header().Set("X-Pod", os.Getenv("POD_NAME"))
		if (isProbe && !ready()) || time.Since(start) < seconds(os.Getenv("READY_AFTER")) || os.Getenv("READY_AFTER") == "never" {
			http.Error(w, "not ready", http.StatusServiceUnavailable)
			return
		}
		if !isProbe {
			if os.Getenv("CRASH") == "yes" {
				os.Exit(1)
			}
			time.Sleep(latency())
			if failing, _ := strconv.Atoi(os.Getenv("FAIL_PERCENT")); rand.IntN(100) < failing {
				http.Error(w, "the application failed", http.StatusInternalServerError)
				return
			}
		}
		if isCall(r) {
			reply(w, os.Getenv("POD_VERSION"))
			return
		}
		fmt.Fprintln(w, os.Getenv("POD_VERSION"))
	}
	server := &http.Server{Handler: http.HandlerFunc(answer), IdleTimeout: time.Hour, Protocols: spoken()}
	failed := make(chan error, 1)
	for _, port := range strings.Split(os.Getenv("POD_PORTS"), ",") {
		listener, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("POD_IP"), port))
		if err != nil {
			return err
		}
		go func() { failed <- server.Serve(listener) }()
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM, syscall.SIGINT)
	select {
	case err := <-failed:
		return err
	case <-term:
	}
	if os.Getenv("ON_TERM") == "exit" {
		os.Exit(0)
	}
	ending.Store(true)
	_ = server.Shutdown(context.Background())
	time.Sleep(seconds(os.Getenv("TERM_AFTER")))
	return nil
}

// job is the process of a Job's pod: it takes JOB_SECONDS and ends with the exit code JOB_EXIT; both are 0 where they are not set.
func job([]string) error {
	time.Sleep(seconds(os.Getenv("JOB_SECONDS")))
	code, _ := strconv.Atoi(os.Getenv("JOB_EXIT"))
	os.Exit(code)
	return nil
}

func seconds(text string) time.Duration {
	value, _ := strconv.ParseFloat(text, 64)
	return time.Duration(value * float64(time.Second))
}

func latency() time.Duration {
	most, err := strconv.Atoi(os.Getenv("LATENCY_MS"))
	if err != nil {
		most = 20
	}
	if most == 0 {
		return 0
	}
	return time.Duration(float64(most)*(0.1+0.9*rand.Float64())*1000) * time.Microsecond
}
