"""A 1080p30 RTSP camera, every frame checked and sent: the CPU of the whole process.

This program runs as its pod does, with an embedded broker in another process; after it the
customary program (`benchmarks/reference_program.py`) at the same camera and broker.
"""

from __future__ import annotations

from benchmarks.camera_process import core_share
from benchmarks.result import Result, Row
from benchmarks.stage import stage, wait_for_word

MEASURED_SECONDS = 20
_ROUNDS = 3


def run() -> Result:
    """Measure both by turns; the least of each counts, since nothing makes a turn cheaper."""
    ours, usual = [], []
    with stage() as on:
        camera = on.camera()
        for _ in range(_ROUNDS):
            program = on.program(camera.rtsp_url, INTERVAL_SECONDS=0, MOTION_THRESHOLD=0)
            program.wait_for_delivered(60)
            sent = program.frames()["delivered"]
            ours.append(core_share(program.process.pid, MEASURED_SECONDS))
            frames_per_second = (program.frames()["delivered"] - sent) / MEASURED_SECONDS
            program.close()
            customary = on.reference(camera.rtsp_url, 0, as_in_image=False)
            wait_for_word(customary, "delivered")
            usual.append(core_share(customary.pid, MEASURED_SECONDS))
            customary.kill()
    row = Row("share of a core", 100 * min(ours), "%", 100 * min(usual))
    return Result(
        "every_frame_pod",
        "the customary program (benchmarks/reference_program.py)",
        f"1080p30 H.264 over RTSP, every frame sent, ours with the image's environment, "
        f"{MEASURED_SECONDS} s, {_ROUNDS} times by turns",
        [row, Row("frames per second", frames_per_second, "")],
    )
