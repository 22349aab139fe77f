"""Looks for what a testbed could have left on the machine: the proof that it left nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.testbed.lease import MARK, Lease, leases_folder
from tests.testbed.traces import Cgroup, Link

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_PROC = Path("/proc")
_CGROUPS = Path("/sys/fs/cgroup")
_MARK = re.compile(rf"(?:^|\0){MARK}=([^\0]*)")
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
    marks = dict(_marked_processes())
    at_work = {folder for folder in {*marks.values(), *_lease_folders()} if _at_work(folder)}
    theirs = _names(at_work)
    named = [*_network(), *_cgroups()]
    return frozenset(
        [
            *(line for line, mark in marks.items() if mark not in at_work),
            *(f"folder {folder}" for folder in _lease_folders() if folder not in at_work),
            *(
                f"mount {point}"
                for point in _mount_points()
                if not any(point.is_relative_to(folder) for folder in at_work)
            ),
            *(line for line in named if not theirs & set(re.split(r"[ /]", line))),
            *_settings(),
        ]
    )


def new_since(before: frozenset[str]) -> list[str]:
    """Return what is there now and was not then."""
    return sorted(machine_state() - before)


def _marked_processes() -> Iterator[tuple[str, Path]]:
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes().decode(errors="replace")
            name = (entry / "comm").read_text().strip()
        except OSError:
            continue
        if mark := _MARK.search(environment):
            yield f"process {entry.name} ({name})", Path(mark[1])


def _at_work(folder: Path) -> bool:
    return folder.exists() and not Lease(folder).owner_is_gone()


def _names(leases: Collection[Path]) -> set[str]:
    """Return the names of links and cgroups that these leases made."""
    return {
        trace.name
        for folder in leases
        for trace in Lease(folder).traces()
        if isinstance(trace, Link | Cgroup)
    }


def _lease_folders() -> list[Path]:
    root = leases_folder()
    return [path for path in root.iterdir() if path.is_dir()] if root.exists() else []


def _mount_points() -> list[Path]:
    return [Path(line.split()[1]) for line in Path("/proc/mounts").read_text().splitlines()]


def _network() -> list[str]:
    links = [f"network link {path.name}" for path in Path("/sys/class/net").iterdir()]
    routes = (_PROC / "net/route").read_text().splitlines()[1:]
    return [*links, *(f"route {' '.join(line.split()[:3])}" for line in routes)]


def _cgroups() -> list[str]:
    roots = [_CGROUPS, *(path for path in _CGROUPS.iterdir() if path.is_dir())]
    return [f"cgroup {path}" for root in roots for path in root.iterdir() if path.is_dir()]


def _settings() -> list[str]:
    root = _PROC / "sys"
    return [
        f"sysctl {name} = {(root / name).read_text().strip()}"
        for name in _WATCHED_SETTINGS
        if (root / name).exists()
    ]
