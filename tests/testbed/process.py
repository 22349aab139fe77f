"""Processes told apart for certain, and found again by a mark in their environment."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_START_TIME_FIELD = 19
"""Of /proc/PID/stat behind the closing bracket of the name: field 22 of proc(5)."""
_DEAD_STATES = frozenset("ZX")


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process that cannot be mistaken for a later one with the same number.

    Attributes:
        pid: Its number, as this process sees it.
        started_ticks: When it started, in clock ticks since the machine did.
    """

    pid: int
    started_ticks: int

    @classmethod
    def of(cls, pid: int) -> ProcessIdentity | None:
        """Return who has that number now, None when nobody living has."""
        fields = _stat_fields(pid)
        if fields is None or fields[0] in _DEAD_STATES:
            return None
        return cls(pid, int(fields[_START_TIME_FIELD]))

    @classmethod
    def own(cls) -> ProcessIdentity:
        """Return this process."""
        own = cls.of(os.getpid())
        assert own is not None
        return own

    def alive(self) -> bool:
        """Whether it still runs."""
        return ProcessIdentity.of(self.pid) == self


def marked(name: str, value: str) -> list[ProcessIdentity]:
    """Return every process that was started with this environment variable, but this one.

    A mark in the environment is inherited by children and grandchildren, and it is there from
    the first instant on: no process can slip away between its start and a note of its number.
    """
    wanted = f"{name}={value}".encode()
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                identity = ProcessIdentity.of(int(entry.name))
                if identity is not None:
                    found.append(identity)
    return found


def kill_marked(name: str, value: str, timeout_seconds: float = 20) -> None:
    """Kill every process with this mark, frozen ones too, and wait until they are gone.

    Raises:
        TimeoutError: One does not die.
    """
    deadline = time.monotonic() + timeout_seconds
    while left := marked(name, value):
        for identity in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(identity.pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise TimeoutError(f"process {left[0].pid} does not die")
        time.sleep(0.02)


def _stat_fields(pid: int) -> list[str] | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return None
    # The name stands in brackets and may hold anything, brackets too.
    return text.rpartition(")")[2].split()
