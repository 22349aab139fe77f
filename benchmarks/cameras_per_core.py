"""How many 1080p30 streams at one frame per 5 s fit on one core.

Real programs, all bound to the same core, watch a camera of a real RTSP server on the other
cores and send to a broker there. More are started until frames are late. Beside them stands
how many of the usual loops one core has room for, by the share that one of them takes.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import camera_process
from benchmarks.camera_process import INTERVAL_SECONDS, core_share, metric
from benchmarks.footage import camera_clip
from benchmarks.operator_process import process_cpu_seconds
from benchmarks.result import Result, Row

if TYPE_CHECKING:
    from tests.integration.program.harness import Program

STREAMS = (8, 16, 24, 32, 40, 48, 56, 64)
MEASURED_SECONDS = 40
ON_TIME_SHARE = 0.95
FULL_SHARE = 0.95
"""A core that is used more has no room left: what comes late then waits in sockets."""
_CLIP_SECONDS = 24
_CAMERAS = 8


@dataclass(frozen=True, slots=True)
class Load:
    """What a number of streams did.

    Attributes:
        core_share: Part of the core that they used together.
        on_time_share: Frames that were checked, of those that were due.
        oldest_seconds: The oldest last frame among the streams at the end; the interval plus
            the wait for a key frame where all is well.
    """

    core_share: float
    on_time_share: float
    oldest_seconds: float

    @property
    def fits(self) -> bool:
        """Whether all frames were on time and the core had room."""
        return self.on_time_share >= ON_TIME_SHARE and self.core_share < FULL_SHARE


def run() -> Result:
    """Start more and more streams on one core."""
    from tests.simulators.broker import MockBroker  # noqa: PLC0415 - the tests' tools are needed here only
    from tests.testbed.lease import Lease  # noqa: PLC0415
    from tests.testbed.rtsp import RtspServer  # noqa: PLC0415

    core = max(os.sched_getaffinity(0))
    loads: dict[int, Load] = {}
    programs: list[Program] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Lease.take("cameras-per-core", unique=True) as lease,
        MockBroker() as broker,
        ExitStack() as stack,
    ):
        # Cameras that all send their key frames at the same moment would be as many as these.
        servers = [
            stack.enter_context(
                RtspServer(lease, clip=camera_clip("car", _CLIP_SECONDS), name=f"rtsp-{number}")
            )
            for number in range(_CAMERAS)
        ]
        try:
            for streams in STREAMS:
                while len(programs) < streams:
                    place = Path(folder) / str(len(programs))
                    url = servers[len(programs) % _CAMERAS].url()
                    program = camera_process.pod(place, url, broker.bootstrap_servers)
                    os.sched_setaffinity(program.process.pid, {core})
                    programs.append(program)
                for program in programs:
                    camera_process.wait_for_frames(program, 4)
                loads[streams] = _measure(programs)
                if not loads[streams].fits:
                    break
        finally:
            for program in programs:
                program.close()
        with camera_process.loop("read-all", servers[0].url()) as process:
            os.sched_setaffinity(process.pid, {core})
            usual_share = core_share(process.pid, MEASURED_SECONDS)
    fitting = max((streams for streams, load in loads.items() if load.fits), default=0)
    rows = [
        Row("streams that one core has room for", fitting, "streams", int(1 / usual_share)),
    ]
    for streams, load in loads.items():
        rows += [
            Row(f"{streams} streams: share of the core", 100 * load.core_share, "%"),
            Row(f"{streams} streams: frames on time", 100 * load.on_time_share, "%"),
            Row(f"{streams} streams: oldest last frame", load.oldest_seconds, "s"),
        ]
    return Result(
        "cameras_per_core",
        "reading every frame (benchmarks/reference_loop.py): how often its share goes into a core",
        f"1080p30 H.264 over RTSP, one frame per {INTERVAL_SECONDS} s, all programs on core "
        f"{core}, {MEASURED_SECONDS} s each",
        rows,
    )


def _measure(programs: list[Program]) -> Load:
    def checked() -> list[float]:
        return [metric(program, "camerastream_frames_captured_total") for program in programs]

    def cpu_seconds() -> float:
        return sum(process_cpu_seconds(program.process.pid) for program in programs)

    before, cpu, began = checked(), cpu_seconds(), time.monotonic()
    time.sleep(MEASURED_SECONDS)
    took = time.monotonic() - began
    # Before they are asked for their figures, which costs them CPU.
    used = cpu_seconds() - cpu
    frames = [after - first for first, after in zip(before, checked(), strict=True)]
    last = [metric(program, "camerastream_last_frame_timestamp_seconds") for program in programs]
    due = MEASURED_SECONDS / INTERVAL_SECONDS
    return Load(
        core_share=used / took,
        on_time_share=statistics.fmean(min(1.0, found / due) for found in frames),
        oldest_seconds=time.time() - min(last),
    )


if __name__ == "__main__":
    from rich.console import Console

    run().show(Console())
