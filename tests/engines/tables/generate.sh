#!/usr/bin/env bash
# Writes fixtures/rounding and fixtures/expressions from the real Go functions of Argo Rollouts and Kubernetes, a file for each version.
# Needs a Go >= 1.27 as $GO; with a name, only that table.
set -euo pipefail
GO=${GO:-go}
export GOTOOLCHAIN=local GOFLAGS=-mod=mod
here=$(cd "$(dirname "$0")" && pwd)
kubernetes=1.34.4
for table in ${1:-rounding expressions}; do
  for version in 1.10.2 1.9.3; do
    module=$(mktemp -d)
    cp "$here/$table/main.go" "$module"
    cd "$module"
    printf 'module table\n\ngo 1.27\n' > go.mod
    upstream=$("$GO" mod download -json "github.com/argoproj/argo-rollouts@v$version" | python3 -c 'import json, sys; print(json.load(sys.stdin)["GoMod"])')
    { printf 'module table\n\ngo 1.27\n\nrequire github.com/argoproj/argo-rollouts v%s\n\n' "$version"
      awk '/^replace \(/ {p = 1} p {print} /^\)/ {if (p) exit}' "$upstream" | sed -E "s/(k8s.io\/[a-z-]+) v0\.34\.[0-9]+/\1 v0.${kubernetes#1.}/"
      printf '\nreplace k8s.io/kubernetes => k8s.io/kubernetes v%s\n' "$kubernetes"
    } > go.mod
    mkdir -p "$here/../../../fixtures/$table"
    lines='s/,"/,\n"/g; s/\]\],/]],\n/g; s/\],\[/],\n[/g'
    [ "$table" = rounding ] || lines=''
    "$GO" run . "$version" | sed -e "$lines" > "$here/../../../fixtures/$table/$version.json"
    rm -rf "$module"
  done
done
