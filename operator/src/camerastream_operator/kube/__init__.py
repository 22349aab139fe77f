"""What the operator asks of the API server, and what it remembers of its answers."""
