"""Container images: the project's own Dockerfile, and what it stands on."""
