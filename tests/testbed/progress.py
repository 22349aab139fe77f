"""Says what takes long, and for how long still."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_BETWEEN_SECONDS = 20.0


def say(text: str) -> None:
    """Print a line for the person who waits; standard output is left to results."""
    print(f"testbed: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def step(what: str, estimate_seconds: float) -> Iterator[None]:
    """Say that something begins, how it comes along, and how long it took.

    Args:
        what: What is done, as in "building Kubernetes".
        estimate_seconds: How long it usually takes on two cores.
    """
    say(f"{what} (about {_duration(estimate_seconds)})")
    began = time.monotonic()
    ended = threading.Event()

    def tell() -> None:
        while not ended.wait(_BETWEEN_SECONDS):
            spent = time.monotonic() - began
            say(f"  {what}: {_duration(spent)} of about {_duration(estimate_seconds)}")

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()
    say(f"{what}: done in {_duration(time.monotonic() - began)}")


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
