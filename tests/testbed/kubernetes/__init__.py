"""A real Kubernetes: the control plane alone, or a whole node in namespaces of its own."""
