"""A thousand cameras: what the operator writes, how long it takes, what it uses.

On a real API server with the real StatefulSet controller. No pod runs: a process of its
own writes the pods' statuses as kubelets would. Writes are those that the API server noted
in its audit log for the operator's account, without renewals of its Lease.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.operator_api import Api
from benchmarks.operator_cluster import ControlPlane
from benchmarks.operator_floor import measure_floor
from benchmarks.operator_phases import Scale
from benchmarks.operator_process import OPERATOR, machine_cpu_seconds
from benchmarks.result import Result, Row
from tests.testbed.lease import Lease, sweep

if TYPE_CHECKING:
    from benchmarks.operator_phases import Phase

CAMERAS = 1000


async def _measure(
    lease: Lease, count: int, start_seconds: float, *, with_floor: bool
) -> list[Row]:
    plane = ControlPlane(lease)
    async with Api(plane.folder) as api:
        node_url = plane.start_node(start_seconds)
        scale = Scale(OPERATOR, lease, api, plane, count, node_url)
        floor = await measure_floor(plane.folder, count) if with_floor else (None, None)
        scale.start()
        following = asyncio.create_task(scale.cameras.follow())
        try:
            return await _rows(scale, plane, count, floor)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)


async def _rows(
    scale: Scale,
    plane: ControlPlane,
    count: int,
    floor: tuple[float, float] | tuple[None, None],
) -> list[Row]:
    others = _OthersShare(plane)
    created = _told("from nothing", await scale.created())
    others_percent = others.percent()
    memory = scale.operator.memory_megabytes()
    idle = _told("idle minute", await scale.idle())
    again = _told("restarted", await scale.restarted())
    changed = _told("other threshold", await scale.threshold_changed())
    storm = _told("all restart at once", await scale.storm())
    peak = scale.operator.memory_megabytes("VmHWM")
    share = 100 * idle.cpu_seconds / idle.seconds
    each = created.writes / count
    told = changed.last_write_seconds.get("patch pods", 0.0)
    floor_seconds, floor_cpu = floor
    whole = Row("from nothing: to full status", created.seconds, "s", floor_seconds)
    if count == CAMERAS:
        whole.bar, whole.bar_met = "below 20", created.seconds < 20
    return [
        whole,
        Row("from nothing: writes", each, "per camera", 2, "at most 3", each <= 3),
        Row("from nothing: CPU", created.cpu_seconds, "s", floor_cpu),
        Row("from nothing: used by others meanwhile", others_percent, "% of the machine"),
        Row("idle minute: writes", idle.writes, "", None, "0", idle.writes == 0),
        Row("idle minute: CPU", share, "% of a core", None, "below 1", share < 1),
        Row("restarted: has looked at all", again.seconds, "s"),
        Row("restarted: writes", again.writes, "", None, "0", again.writes == 0),
        Row("restarted: CPU", again.cpu_seconds, "s"),
        Row("other threshold: last pod is told", told, "s", None, "below 15", told < 15),
        Row("other threshold: confirmed by all", changed.seconds, "s"),
        *_costs("other threshold", changed, count),
        Row("all restart at once: all counted", storm.seconds, "s"),
        *_costs("all restart at once", storm, count),
        Row("memory with all of them, idle", memory, "MiB"),
        Row("memory, highest", peak, "MiB"),
        *_kinds("from nothing", created, count),
        *_kinds("other threshold", changed, count),
        *_kinds("all restart at once", storm, count),
    ]


def _told(name: str, phase: Phase) -> Phase:
    """Say what a phase took: with many cameras the table comes after a quarter of an hour."""
    print(f"{name}: {phase}", file=sys.stderr, flush=True)
    return phase


def _costs(name: str, phase: Phase, count: int) -> list[Row]:
    return [
        Row(f"{name}: writes", phase.writes / count, "per camera"),
        Row(f"{name}: CPU", phase.cpu_seconds, "s"),
    ]


def _kinds(name: str, phase: Phase, count: int) -> list[Row]:
    return [
        Row(f"{name}: {kind}", number / count, "per camera")
        for kind, number in sorted(phase.by_kind.items())
    ]


class _OthersShare:
    """How much of the machine others use, without whom the times would be shorter."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane
        self._began = time.monotonic()
        self._others = self._others_cpu_seconds()

    def percent(self) -> float:
        used = self._others_cpu_seconds() - self._others
        return 100 * used / (time.monotonic() - self._began) / (os.cpu_count() or 1)

    def _others_cpu_seconds(self) -> float:
        return machine_cpu_seconds() - self._plane.cpu_seconds() - time.process_time()


def run(count: int = CAMERAS, start_seconds: float = 1.0, *, with_floor: bool = True) -> Result:
    """Go through all phases.

    Args:
        count: How many cameras.
        start_seconds: From a container's start to its being ready.
        with_floor: Let the bare client do its work first.
    """
    sweep()
    with Lease.take("operator-scale", unique=True) as lease:
        rows = asyncio.run(_measure(lease, count, start_seconds, with_floor=with_floor))
    return Result(
        "operator_scale" if count == CAMERAS else f"operator_scale_{count}",
        "a bare client that makes the same StatefulSets and writes one status each "
        "(benchmarks/operator_floor.py)",
        f"{count} cameras on a real API server; containers are ready {start_seconds:g} s after "
        "their start; API server, etcd, StatefulSet controller, the stand-in for pods and the "
        "operator share the machine; at most 150 writes per second, the operator's own default",
        rows,
    )


def main() -> None:
    """Run it by itself, with other numbers."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--cameras", type=int, default=CAMERAS)
    parser.add_argument("--start-seconds", type=float, default=1.0)
    parser.add_argument(
        "--without-floor", action="store_true", help="leave the bare client out, which takes long"
    )
    given = parser.parse_args()
    result = run(given.cameras, given.start_seconds, with_floor=not given.without_floor)
    result.show(Console())
    print(result.write())


if __name__ == "__main__":
    main()
