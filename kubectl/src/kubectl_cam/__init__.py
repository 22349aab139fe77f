"""kubectl cam: every camera's state, picture and restarts at a glance."""

__version__ = "0.1.0"
