"""The operator beside kopf's default handlers that do the same work, in one run.

Same control plane, same stand-in for pods, one after the other: `operator_kopf_defaults.py`
first, and then the operator, each with as many cameras of its own. Writes are what the API
server's audit log has for each one's account.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console

from benchmarks.footage import ROOT
from benchmarks.operator_api import Api
from benchmarks.operator_cluster import ControlPlane
from benchmarks.operator_phases import Scale
from benchmarks.operator_process import KOPF_DEFAULTS, OPERATOR
from benchmarks.plot import Bars, bar_chart, write_svg
from benchmarks.result import Result, Row
from tests.testbed.lease import Lease, sweep

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.operator_process import Subject

CAMERAS = 1000
PICTURE = ROOT / "docs/images/operator-comparison.svg"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one operator took for all cameras.

    Attributes:
        seconds: From nothing to full status.
        writes: For that, per camera.
        cpu_seconds: For that.
        idle_writes: In an idle minute.
        idle_requests: In an idle minute, reads among them.
        idle_cpu_percent: Of a core, in an idle minute.
        restart_seconds: From its start until it has looked at all of them.
        restart_writes: From its start until it is quiet.
        idle_megabytes: Memory after the idle minute.
        highest_megabytes: Most memory since its start.
    """

    seconds: float
    writes: float
    cpu_seconds: float
    idle_writes: float
    idle_requests: float
    idle_cpu_percent: float
    restart_seconds: float
    restart_writes: float
    idle_megabytes: float
    highest_megabytes: float


_TOLD = {
    "seconds": ("from nothing to full status", "s"),
    "writes": ("writes for that", "per camera"),
    "cpu_seconds": ("CPU for that", "s"),
    "idle_writes": ("idle minute: writes", ""),
    "idle_requests": ("idle minute: requests", ""),
    "idle_cpu_percent": ("idle minute: CPU", "% of a core"),
    "restart_seconds": ("restarted: has looked at all", "s"),
    "restart_writes": ("restarted: writes", ""),
    "idle_megabytes": ("memory, idle", "MiB"),
    "highest_megabytes": ("memory, highest", "MiB"),
}
assert set(_TOLD) == {field.name for field in dataclasses.fields(Cost)}


async def _cost(
    subject: Subject, lease: Lease, api: Api, plane: ControlPlane, count: int, node_url: str
) -> Cost:
    scale = Scale(subject, lease, api, plane, count, node_url)
    scale.start()
    following = asyncio.create_task(scale.cameras.follow())
    try:
        created = await scale.created()
        idle = await scale.idle()
        megabytes = [scale.operator.memory_megabytes(field) for field in ("VmRSS", "VmHWM")]
        again = await scale.restarted()
        await asyncio.to_thread(scale.operator.stop)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
    return Cost(
        seconds=created.seconds,
        writes=created.writes / count,
        cpu_seconds=created.cpu_seconds,
        idle_writes=idle.writes,
        idle_requests=idle.requests,
        idle_cpu_percent=100 * idle.cpu_seconds / idle.seconds,
        restart_seconds=again.seconds,
        restart_writes=again.writes,
        idle_megabytes=megabytes[0],
        highest_megabytes=megabytes[1],
    )


async def _measure(lease: Lease, count: int) -> tuple[Cost, Cost]:
    plane = ControlPlane(lease)
    async with Api(plane.folder) as api:
        node_url = plane.start_node(start_seconds=1.0)
        theirs = await _cost(KOPF_DEFAULTS, lease, api, plane, count, node_url)
        ours = await _cost(OPERATOR, lease, api, plane, count, node_url)
    return theirs, ours


def rows(theirs: Cost, ours: Cost) -> list[Row]:
    """Return the table."""
    return [
        Row(what, getattr(ours, name), unit, getattr(theirs, name))
        for name, (what, unit) in _TOLD.items()
    ]


def picture(found: list[Row], count: int) -> str:
    """Return the table as a chart."""
    return bar_chart(
        f"{count:,} cameras: less is better",
        [OPERATOR.name, KOPF_DEFAULTS.name],
        [Bars(row.what, (row.ours, row.reference), row.unit) for row in found],
    )


def run(count: int = CAMERAS, draw: Path | None = None) -> Result:
    """Let both do the same work.

    Args:
        count: How many cameras each has.
        draw: Where to write a chart, None for nowhere.
    """
    sweep()
    with Lease.take("operator-comparison", unique=True) as lease:
        found = rows(*asyncio.run(_measure(lease, count)))
    if draw is not None:
        write_svg(draw, picture(found, count))
    return Result(
        "operator_comparison",
        "kopf's on.create, on.update and a timer of 10 s, with its annotations and finalizer "
        "(benchmarks/operator_kopf_defaults.py)",
        f"{count} cameras each, one after the other on one real API server with its StatefulSet "
        "controller; containers are ready 1 s after their start; all of it shares the machine",
        found,
    )


def main() -> None:
    """Run it by itself, with other numbers."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--cameras", type=int, default=CAMERAS)
    parser.add_argument(
        "--draw", action="store_true", help=f"write {PICTURE.relative_to(ROOT)} anew"
    )
    given = parser.parse_args()
    result = run(given.cameras, PICTURE if given.draw else None)
    result.show(Console())
    print(result.write())


if __name__ == "__main__":
    main()
