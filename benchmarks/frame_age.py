"""How old a camera's picture is when a consumer has it.

The simulated camera films its own frame numbers and remembers when it sent each of them. A
consumer of the topic reads the number out of the JPEG as soon as it has it. Beside this
program stands the customary one, and the same with the sleep between frames that many have.
"""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from benchmarks.result import Result, Row
from benchmarks.stage import stage, wait_for_word
from benchmarks.topic_end import TopicEnd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.stage import Stage
    from tests.simulators.camera import CameraSimulator

SECONDS = 24
INTERVAL_SECONDS = 2
KEY_FRAME_SECONDS = 1
BAR_SECONDS = 0.15
_WIDTH, _HEIGHT, _FRAMES_PER_SECOND = 1920, 1080, 30
_READ_EVERY = 6
"""Of a stream of every frame: reading a number decodes the JPEG, which takes CPU too."""


def run() -> Result:
    """Watch one camera with each program, one after the other."""
    from tests.simulators import camera_clip  # noqa: PLC0415 - loads PyAV
    from tests.simulators.camera import CameraSimulator  # noqa: PLC0415

    clip = camera_clip.generate(
        width=_WIDTH,
        height=_HEIGHT,
        frames_per_second=_FRAMES_PER_SECOND,
        gop_seconds=KEY_FRAME_SECONDS,
        seconds=6,
    )
    rows: list[Row] = []
    with stage() as on, CameraSimulator(clip) as camera:
        for interval_seconds, what in (
            (0.0, "every frame"),
            (float(INTERVAL_SECONDS), f"one frame per {INTERVAL_SECONDS} s"),
        ):
            mine = _ours(on, camera, interval_seconds)
            usual = _customary(on, camera, interval_seconds, sleeps=False)
            median = Row(f"{what}: median", statistics.median(mine), "s", statistics.median(usual))
            median.bar, median.bar_met = f"at most {BAR_SECONDS:g}", median.ours <= BAR_SECONDS
            rows += [median, Row(f"{what}: oldest", max(mine), "s", max(usual))]
        sleeping = _customary(on, camera, INTERVAL_SECONDS, sleeps=True)
        rows.append(
            Row(
                f"one frame per {INTERVAL_SECONDS} s: oldest, against a loop that sleeps",
                max(mine),
                "s",
                max(sleeping),
            )
        )
    return Result(
        "frame_age",
        "the customary program (benchmarks/reference_program.py)",
        f"1080p30 H.264 over RTSP, a key frame every {KEY_FRAME_SECONDS} s, {SECONDS} s each, "
        "from the camera's sending a frame to a consumer's having it",
        rows,
    )


def _ours(on: Stage, camera: CameraSimulator, interval_seconds: float) -> list[float]:
    program = on.program(camera.rtsp_url, INTERVAL_SECONDS=interval_seconds)
    program.wait_for_delivered(1)
    if interval_seconds:
        program.line("decoding changes")
        program.wait_for_delivered(program.frames()["delivered"] + 1)
    ages = _ages(on, camera, interval_seconds)
    program.close()
    return ages


def _customary(
    on: Stage, camera: CameraSimulator, interval_seconds: float, *, sleeps: bool
) -> list[float]:
    process = on.reference(camera.rtsp_url, interval_seconds, sleeps=sleeps)
    wait_for_word(process, "delivered")
    ages = _ages(on, camera, interval_seconds)
    process.kill()
    return ages


def _ages(on: Stage, camera: CameraSimulator, interval_seconds: float) -> list[float]:
    """Return the ages of the frames that come from now on."""
    from tests.simulators import camera_clip  # noqa: PLC0415

    topic = TopicEnd(on.bootstrap_servers)
    topic.mark()
    ages, messages = [], 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        message = topic.message()
        now = time.time()
        if message is None:
            continue
        messages += 1
        if not interval_seconds and messages % _READ_EVERY:
            continue
        jpeg = np.frombuffer(message.value() or b"", np.uint8)
        image = cast("NDArray[np.uint8]", cv2.imdecode(jpeg, cv2.IMREAD_COLOR))
        ages.append(camera.age_seconds(camera_clip.read_number(image), now))
    topic.close()
    return ages
