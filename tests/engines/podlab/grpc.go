package main

import (
	"encoding/binary"
	"net/http"
	"strings"
)

// isCall says whether a request is a gRPC call. It comes by HTTP/2 without TLS, as Envoy speaks to an application.
func isCall(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")
}

// reply answers a unary call, whatever its method, with one message: the text itself, without Protocol Buffers.
func reply(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	message := binary.BigEndian.AppendUint32([]byte{0}, uint32(len(text)))
	_, _ = w.Write(append(message, text...))
	w.Header().Set("Grpc-Status", "0")
}

// spoken are the protocols of every port: HTTP/1, and HTTP/2 for who begins with it.
func spoken() *http.Protocols {
	found := new(http.Protocols)
	found.SetHTTP1(true)
	found.SetUnencryptedHTTP2(true)
	return found
}
