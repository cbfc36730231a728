package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// apiServer is a small client for the lab's API server: a bearer token and no certificate check, since it is our own and on loopback.
type apiServer struct {
	url, token string
	client     *http.Client
}

func newAPI(url, token string) *apiServer {
	transport := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 8}
	return &apiServer{url, token, &http.Client{Transport: transport}}
}

func (a *apiServer) do(method, path, contentType string, body any) (*http.Response, error) {
	var reader io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		reader = bytes.NewReader(text)
	}
	req, err := http.NewRequest(method, a.url+path, reader)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return a.client.Do(req)
}

// call sends one request and gives the status code; an answer of 400 and more is an error, 404 and 409 are for the caller to judge.
func (a *apiServer) call(method, path, contentType string, body any) (int, error) {
	resp, err := a.do(method, path, contentType, body)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 2048))
	if resp.StatusCode >= 400 {
		return resp.StatusCode, fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, text)
	}
	return resp.StatusCode, nil
}

// watchPods calls seen for every pod of the node, now and at each change, for ever; it lists again when a watch ends.
// seen gets gone=true for a pod that is no longer there.
func (a *apiServer) watchPods(node string, seen func(pod pod, gone bool)) {
	path := "/api/v1/pods?fieldSelector=spec.nodeName%3D" + node
	for ; ; time.Sleep(200 * time.Millisecond) {
		resp, err := a.do(http.MethodGet, path, "", nil)
		if err != nil {
			continue
		}
		var list struct {
			Metadata struct {
				ResourceVersion string `json:"resourceVersion"`
			} `json:"metadata"`
			Items []pod `json:"items"`
		}
		err = json.NewDecoder(resp.Body).Decode(&list)
		_ = resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			continue
		}
		for _, item := range list.Items {
			seen(item, false)
		}
		a.follow(path+"&watch=true&resourceVersion="+list.Metadata.ResourceVersion, seen)
	}
}

func (a *apiServer) follow(path string, seen func(pod pod, gone bool)) {
	resp, err := a.do(http.MethodGet, path, "", nil)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	decoder := json.NewDecoder(resp.Body)
	for {
		var event struct {
			Type   string `json:"type"`
			Object pod    `json:"object"`
		}
		if decoder.Decode(&event) != nil || event.Type == "ERROR" {
			return
		}
		seen(event.Object, event.Type == "DELETED")
	}
}
