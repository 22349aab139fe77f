"""The API server: found by a kubeconfig, asked, and what its answers mean."""
