"""One pod per camera, kept alive, and every restart accounted for."""

__version__ = "0.2.0"
