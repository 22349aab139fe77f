"""Loads structlog without what this program does not use of it."""

from __future__ import annotations

import sys


def load_structlog_without_rich() -> None:
    """Load structlog as if rich were not installed; do nothing when it is loaded already.

    structlog loads rich, and with it pygments, for tracebacks in colours: 5 MiB in every
    pod that nobody sees. Only `camerastream watch` uses rich. None in `sys.modules` is
    Python's own way to say that a module cannot be imported (The Python Language
    Reference, 5.3.1, "The module cache").
    """
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog  # noqa: F401, PLC0415 - kept for all who import it later
    finally:
        del sys.modules["rich"]
