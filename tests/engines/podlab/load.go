package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

// load sends requests at a steady rate over kept-alive connections through the proxy, and writes one line for each:
// time it was sent (Unix seconds), status (0: no answer), version that answered ("-": none), pod, milliseconds, and the first words of an error.
func load(args []string) error {
	flags := flag.NewFlagSet("load", flag.ContinueOnError)
	proxy := flags.String("proxy", "127.0.0.1:15007", "address of the proxy, or of the server itself")
	host := flags.String("host", "", "host name of the service")
	rate := flags.Float64("rate", 200, "requests a second")
	connections := flags.Int("connections", 16, "kept-alive connections")
	people := flags.Int("clients", 0, "so many clients, each with a header x-user and a cookie jar of its own; their numbers stand in the lines")
	header := flags.String("header", "", "a header for every request, name=value")
	exported := flags.String("metrics", "", "address to serve Istio's counters of the answers at")
	app := flags.String("app", "web", "the app's name in those counters")
	space := flags.String("namespace", "", "its namespace in them")
	if err := flags.Parse(args); err != nil {
		return err
	}
	counted := newMetrics(*app, *space)
	if *exported != "" {
		listener, err := net.Listen("tcp", *exported)
		if err != nil {
			return err
		}
		go func() { _ = http.Serve(listener, counted) }()
	}
	client := &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		MaxIdleConnsPerHost: *connections,
		DisableCompression:  true,
	}}
	lines, written := make(chan string, 10000), make(chan struct{})
	go write(lines, written)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	var inFlight sync.WaitGroup
	crowd := newClients(*people)
	ticker := time.NewTicker(time.Duration(float64(time.Second) / *rate))
	defer ticker.Stop()
	for {
		select {
		case <-stop:
			inFlight.Wait()
			close(lines)
			<-written
			return nil
		case <-ticker.C:
			inFlight.Add(1)
			go func() {
				defer inFlight.Done()
				lines <- request(client, *proxy, *host, *header, counted, crowd)
			}()
		}
	}
}

func request(client *http.Client, proxy, host, header string, counted *metrics, crowd *clients) string {
	sent := time.Now()
	req, _ := http.NewRequest(http.MethodGet, "http://"+proxy+"/", nil)
	req.Host = host
	if name, value, ok := strings.Cut(header, "="); ok {
		req.Header.Set(name, value)
	}
	who := crowd.next(req)
	resp, err := client.Do(req)
	took := time.Since(sent).Milliseconds()
	at := float64(sent.UnixMicro()) / 1e6
	if err != nil {
		counted.count(0, "-", err.Error(), took)
		return fmt.Sprintf("%.4f 0 - - %d %s", at, took, words(err.Error()))
	}
	crowd.keep(who, resp)
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	_ = resp.Body.Close()
	version, pod, detail := resp.Header.Get("X-Version"), resp.Header.Get("X-Pod"), ""
	if version == "" {
		version, pod = "-", "-"
	}
	if resp.StatusCode != http.StatusOK {
		detail = words(string(body))
	} else if who >= 0 {
		detail = fmt.Sprintf("client=%d", who)
	}
	counted.count(resp.StatusCode, version, detail, took)
	if err != nil {
		return fmt.Sprintf("%.4f 0 %s %s %d %s", at, version, pod, took, words(err.Error()))
	}
	return fmt.Sprintf("%.4f %d %s %s %d %s", at, resp.StatusCode, version, pod, took, detail)
}

func words(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return text[:min(len(text), 160)]
}

func write(lines <-chan string, written chan<- struct{}) {
	defer close(written)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	flush := time.NewTicker(200 * time.Millisecond)
	defer flush.Stop()
	for {
		select {
		case line, open := <-lines:
			if !open {
				return
			}
			fmt.Fprintln(out, line)
		case <-flush.C:
			_ = out.Flush()
		}
	}
}
