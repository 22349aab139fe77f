"""Things to try out."""
