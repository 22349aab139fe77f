"""The simulated camera as a program, and with real footage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from camerastream.capture import ReaderSettings
from tests.integration.capture.conftest import reading
from tests.simulators import camera_clip
from tests.simulators.camera import CameraSimulator

ROOT = Path(__file__).parents[3]
EVERY = ReaderSettings(interval_seconds=0, timeout_seconds=5)


def test_it_explains_itself() -> None:
    told = subprocess.run(
        [sys.executable, "-m", "tests.simulators.camera", "--help"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert "--gop-seconds" in told.stdout


def test_it_runs_by_hand_and_obeys() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.simulators.camera", "--username", "u", "--password", "p&w"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            rtsp, http = process.stdout.readline().strip(), process.stdout.readline().strip()
            assert "p&w" not in rtsp + http
            for shown in (rtsp, http):
                with reading(shown, EVERY, username="u", password="p&w") as watched:
                    assert watched.frame().width == 640
            process.stdin.write("refuse\n")
            process.stdin.flush()
            assert process.stdout.readline() == "refuse: done\n"
            with reading(rtsp, EVERY, username="u", password="p&w") as watched:
                watched.until_cause("refused")
        finally:
            process.stdin.close()
            process.wait(20)


def test_it_plays_footage_as_it_is_and_with_another_gop() -> None:
    path = ROOT / "examples/footage/car-detection.mp4"
    clip = camera_clip.load(path)
    assert len(clip.units) == 377
    assert abs(clip.frames_per_second - 12.5) < 0.1
    with CameraSimulator(clip) as camera, reading(camera.rtsp_url, EVERY) as watched:
        frames = [watched.frame() for _ in range(5)]
        assert frames[0].image is not None
        assert frames[0].image.shape == (432, 768, 3)
    again = camera_clip.load(path, gop_seconds=2)
    keys = [unit.index for unit in again.units if unit.key]
    assert keys[:3] == [0, 25, 50]
