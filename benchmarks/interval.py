"""A 1080p30 RTSP camera, one frame per 5 s: the CPU of the whole pod.

A real RTSP server plays the clip. This program runs as its pod does, with Kafka (an embedded
broker in another process) and health endpoints; beside it, one after the other, the usual
loop, a loop that does no more than decode, and Debian's `motion`.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import camera_process
from benchmarks.camera_process import INTERVAL_SECONDS, core_share
from benchmarks.footage import camera_clip
from benchmarks.result import Result, Row

if TYPE_CHECKING:
    from tests.testbed.lease import Lease

MEASURED_SECONDS = 40
"""A whole number of intervals."""
_CLIP_SECONDS = 24


@dataclass(frozen=True, slots=True)
class Camera:
    """What a camera sends.

    Attributes:
        name: In the table.
        codec: "h264" or "hevc".
        key_frame_seconds: From one key frame to the next.
        references: Beside whom this program is measured.
    """

    name: str
    codec: str
    key_frame_seconds: int
    references: tuple[str, ...]


CAMERAS = (
    Camera("H.264, key frame every 2 s", "h264", 2, ("read-all", "motion")),
    Camera("HEVC, key frame every 2 s", "hevc", 2, ("read-all",)),
    # Rarer than the interval: this program must decode everything too.
    Camera("H.264, key frame every 12 s", "h264", 12, ("decode-all", "read-all")),
)
_CALLED = {
    "read-all": "against reading every frame",
    "decode-all": "against decoding every frame and no more",
    "motion": "against Debian's motion",
}


def run() -> Result:
    """Watch each camera with each program."""
    from tests.simulators.broker import MockBroker  # noqa: PLC0415 - the tests' tools are needed here only
    from tests.testbed.lease import Lease  # noqa: PLC0415

    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        Lease.take("interval", unique=True) as lease,
        MockBroker() as broker,
    ):
        for number, camera in enumerate(CAMERAS):
            place = Path(folder) / str(number)
            shares = _measure(lease, place, camera, broker.bootstrap_servers)
            rows += _rows(camera, shares)
    return Result(
        "interval",
        "see each line; benchmarks/reference_loop.py, Debian's motion",
        f"1080p30 over RTSP/TCP from MediaMTX, one frame per {INTERVAL_SECONDS} s, "
        f"{MEASURED_SECONDS} s each, CPU of the whole process (ours with Kafka, the loops without)",
        rows,
    )


def _measure(lease: Lease, folder: Path, camera: Camera, brokers: str) -> dict[str, float]:
    from tests.testbed.rtsp import RtspServer  # noqa: PLC0415

    clip = camera_clip(
        "car", _CLIP_SECONDS, codec=camera.codec, key_frame_seconds=camera.key_frame_seconds
    )
    shares: dict[str, float] = {}
    with RtspServer(lease, clip=clip, name=f"rtsp-{folder.name}") as server:
        program = camera_process.pod(folder / "state", server.url(), brokers)
        try:
            # A reader first learns how far apart the key frames are.
            camera_process.wait_for_frames(program, 4)
            shares["ours"] = core_share(program.process.pid, MEASURED_SECONDS)
        finally:
            program.close()
        for reference in camera.references:
            running = (
                camera_process.debian_motion(folder / "motion", server.url())
                if reference == "motion"
                else camera_process.loop(reference, server.url())
            )
            with running as process:
                shares[reference] = core_share(process.pid, MEASURED_SECONDS)
    return shares


def _rows(camera: Camera, shares: dict[str, float]) -> list[Row]:
    rows = []
    for reference in camera.references:
        row = Row(
            f"{camera.name}: {_CALLED[reference]}",
            100 * shares["ours"],
            "% of a core",
            100 * shares[reference],
        )
        if reference == "decode-all":
            row.bar, row.bar_met = "no more", shares["ours"] <= 1.05 * shares[reference]
        elif camera.key_frame_seconds < INTERVAL_SECONDS and reference == "read-all":
            row.bar = "at most 3 %, 8 times less"
            row.bar_met = row.ours <= 3 and (row.ratio or 0) >= 8
        rows.append(row)
    return rows


if __name__ == "__main__":
    from rich.console import Console

    run().show(Console())
