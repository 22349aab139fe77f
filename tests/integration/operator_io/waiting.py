"""Waits for what is to come, and for what must not come."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def until(
    done: Callable[[], bool], *, timeout: float = 60, what: Callable[[], object] = lambda: ""
) -> None:
    """Wait until something is true; fail with a description when it does not come."""
    deadline = time.monotonic() + timeout
    while not done():
        assert time.monotonic() < deadline, f"it did not come: {what()}"
        time.sleep(0.05)


def quiet(state: Callable[[], object], seconds: float = 3) -> None:
    """Wait until something has not changed for so long."""
    before, since = state(), time.monotonic()
    deadline = since + 60
    while time.monotonic() - since < seconds:
        assert time.monotonic() < deadline, f"it does not come to rest: {before}"
        time.sleep(0.1)
        if (now := state()) != before:
            before, since = now, time.monotonic()
