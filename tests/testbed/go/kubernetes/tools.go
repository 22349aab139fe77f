//go:build tools

// Package tools keeps the commands that are built besides ./cmd in go.mod: `go mod tidy` would drop them otherwise.
package tools

import (
	_ "github.com/containerd/containerd/v2/cmd/containerd"
	_ "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2"
	_ "github.com/containerd/containerd/v2/cmd/ctr"
	_ "helm.sh/helm/v4/cmd/helm"
)
