"""Checks that need programs from npm or the Go module proxy: `make integrations`."""
