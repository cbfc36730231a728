// Command podlab is the lab's kubelet, its pods' server and job processes and its load generator: one static program, standard library only.
package main

import (
	"fmt"
	"os"
)

func main() {
	commands := map[string]func([]string) error{"serve": serve, "job": job, "kubelet": kubelet, "load": load}
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: podlab serve|job|kubelet|load [flags]")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "podlab:", err)
		os.Exit(1)
	}
}
