"""Looks for what a testbed could have left on the machine: the proof that it left nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.testbed.lease import MARK, Lease, leases_folder

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_WATCHED_SETTINGS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "net/ipv4/ip_forward",
)


def machine_state() -> frozenset[str]:
    """Return, as lines for people, everything of the machine that a testbed changes.

    It looks by itself rather than into leases: what a lease does not know would be the worst.
    What belongs to a testbed that is at work beside this one is left out.
    """
    return frozenset(
        [
            *_marked_processes(),
            *_mounts(),
            *_lease_folders(),
            *_network(),
            *_cgroups(),
            *_settings(),
        ]
    )


def new_since(before: frozenset[str]) -> list[str]:
    """Return what is there now and was not then."""
    return sorted(machine_state() - before)


def _marked_processes() -> list[str]:
    found = []
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
            name = (entry / "comm").read_text().strip()
        except OSError:
            continue
        mark = re.search(rf"(?:^|\0){MARK}=([^\0]*)", environment.decode(errors="replace"))
        if mark and not _at_work(Path(mark[1])):
            found.append(f"process {entry.name} ({name})")
    return found


def _at_work(folder: Path) -> bool:
    return folder.exists() and not Lease(folder).owner_is_gone()


def _mounts() -> list[str]:
    points = [Path(line.split()[1]) for line in Path("/proc/mounts").read_text().splitlines()]
    root = leases_folder()
    return [
        f"mount {point}"
        for point in points
        if not (point.is_relative_to(root) and _at_work(root / point.relative_to(root).parts[0]))
    ]


def _lease_folders() -> list[str]:
    root = leases_folder()
    if not root.exists():
        return []
    return [f"folder {path}" for path in root.iterdir() if path.is_dir() and not _at_work(path)]


def _network() -> list[str]:
    links = [f"network link {path.name}" for path in Path("/sys/class/net").iterdir()]
    routes = (_PROC / "net/route").read_text().splitlines()[1:]
    return [*links, *(f"route {' '.join(line.split()[:3])}" for line in routes)]


def _cgroups() -> list[str]:
    roots = [_CGROUPS, *(path for path in _CGROUPS.iterdir() if path.is_dir())]
    found: list[str] = []
    for root in roots:
        found += [f"cgroup {path}" for path in root.iterdir() if path.is_dir()]
    return found


def _settings() -> list[str]:
    root = _PROC / "sys"
    return [
        f"sysctl {name} = {(root / name).read_text().strip()}"
        for name in _WATCHED_SETTINGS
        if (root / name).exists()
    ]
