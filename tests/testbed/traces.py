"""What outlives the processes that made it, and how each kind is undone.

Every removal is idempotent: what is not there any more is no error.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True, slots=True)
class Link:
    """A network link; its routes and its peer go with it."""

    name: str


@dataclass(frozen=True, slots=True)
class Cgroup:
    """A cgroup of this name below the root, in every hierarchy, with all below it."""

    name: str


@dataclass(frozen=True, slots=True)
class Sysctl:
    """A kernel setting and the value to put back."""

    name: str
    value: str

    @classmethod
    def current(cls, name: str) -> Sysctl:
        """Return the setting with the value that it has now."""
        return cls(name, _sysctl_path(name).read_text().strip())


@dataclass(frozen=True, slots=True)
class Mount:
    """A mount point on the host."""

    path: str


Trace = Link | Cgroup | Sysctl | Mount
_KINDS = {kind.__name__: kind for kind in (Link, Cgroup, Sysctl, Mount)}


def trace_to_json(trace: Trace) -> dict[str, Any]:
    """Return the trace as a JSON object."""
    return {"kind": type(trace).__name__, **asdict(trace)}


def trace_from_json(value: dict[str, Any]) -> Trace:
    """Return the trace that `trace_to_json` wrote.

    Raises:
        ValueError: It is none.
    """
    try:
        kind = _KINDS[value["kind"]]
        return kind(**{name: text for name, text in value.items() if name != "kind"})
    except (KeyError, TypeError) as error:
        raise ValueError(f"not a trace: {value}") from error


def remove(trace: Trace) -> None:
    """Undo it."""
    match trace:
        case Link(name):
            _quietly("ip", "link", "delete", name)
        case Cgroup(name):
            _remove_cgroups(name)
        case Sysctl(name, value):
            with contextlib.suppress(OSError):
                _sysctl_path(name).write_text(value)
        case Mount(path):
            _quietly("umount", "--lazy", path)


def _quietly(*command: str) -> None:
    subprocess.run(command, check=False, capture_output=True)


def _sysctl_path(name: str) -> Path:
    return Path("/proc/sys", *name.split("."))


def _remove_cgroups(name: str) -> None:
    roots = [_CGROUPS / name, *_CGROUPS.glob(f"*/{name}")]
    deadline = time.monotonic() + 5
    while left := [root for root in roots if root.is_dir()]:
        for root in left:
            for folder in sorted(root.rglob("*"), key=lambda path: -len(path.parts)):
                if folder.is_dir():
                    with contextlib.suppress(OSError):
                        folder.rmdir()
            with contextlib.suppress(OSError):
                root.rmdir()
        if time.monotonic() > deadline:
            return
        # The kernel empties a cgroup a moment after its last process has died.
        time.sleep(0.05)
