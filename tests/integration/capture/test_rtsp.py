"""RTSP cameras: frames as they come, never old ones, whatever the camera does."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from camerastream.capture import ReaderSettings
from tests.integration.capture.conftest import reading
from tests.simulators import camera_clip
from tests.simulators.camera import CameraSimulator
from tests.simulators.camera_auth import Credentials

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulators.camera_clip import Clip

GOP_FRAMES = 25
OPENING_AGE_SECONDS = 0.9
"""Frames that were buffered while the stream was being opened are older than this."""


@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_every_frame_arrives_once_and_in_order(clip: Clip, transport: str) -> None:
    settings = ReaderSettings(interval_seconds=0, timeout_seconds=5, transport=transport)
    with CameraSimulator(clip) as camera, reading(camera.rtsp_url, settings) as watched:
        frames = [watched.frame() for _ in range(30)]
        numbers = [camera_clip.read_number(frame.image) for frame in frames]
        assert len(set(numbers)) == len(numbers)
        steps = [(b - a) % len(clip.units) for a, b in pairwise(numbers)]
        assert steps.count(1) > len(steps) // 2
        assert frames[0].image.shape == (240, 320, 3)
        first_age = camera.age_seconds(numbers[0], frames[0].captured_at_seconds)
        assert first_age < OPENING_AGE_SECONDS
        status = watched.status
        assert (status.up, status.cause, status.width, status.height) == (True, None, 320, 240)
        assert status.last_frame_seconds == pytest.approx(time.time(), abs=5)


def test_a_frame_is_fresh_however_long_nobody_asked_for_one(clip: Clip) -> None:
    settings = ReaderSettings(interval_seconds=0.2, timeout_seconds=5, key_frames=False)
    with CameraSimulator(clip) as camera, reading(camera.rtsp_url, settings) as watched:
        watched.frame()
        ages = []
        for _ in range(3):
            time.sleep(1.5)
            frame = watched.frame()
            number = camera_clip.read_number(frame.image)
            ages.append(camera.age_seconds(number, frame.captured_at_seconds))
            assert time.time() - frame.captured_at_seconds < 1
        # The best of three: a busy machine delays one, falling behind would show in all.
        assert min(ages) <= 0.15


def test_key_frames_only_when_they_come_often_enough(clip: Clip) -> None:
    settings = ReaderSettings(interval_seconds=1.2, timeout_seconds=5)
    with CameraSimulator(clip) as camera, reading(camera.rtsp_url, settings) as watched:
        watched.until(lambda: any(e.kind == "decoding" for e in watched.events), taking=True)
        watched.reader.take(0)  # one may still wait from before
        ages = []
        for _ in range(3):
            frame = watched.frame()
            number = camera_clip.read_number(frame.image)
            assert number % GOP_FRAMES == 0
            ages.append(camera.age_seconds(number, frame.captured_at_seconds))
        assert min(ages) <= 0.15
        assert watched.status.reconnects == {}
        assert watched.status.up


def test_all_frames_when_key_frames_are_rare(long_gop_clip: Clip) -> None:
    settings = ReaderSettings(interval_seconds=0.5, timeout_seconds=5)
    with CameraSimulator(long_gop_clip) as camera, reading(camera.rtsp_url, settings) as watched:
        numbers = [watched.number() for _ in range(4)]
        assert numbers == sorted(numbers)
        assert not any(event.kind == "decoding" for event in watched.events)
        assert camera.count("PLAY") == 1


def test_all_frames_again_when_key_frames_become_rare(clip: Clip, long_gop_clip: Clip) -> None:
    settings = ReaderSettings(interval_seconds=1.5, timeout_seconds=1)
    with CameraSimulator(clip) as camera, reading(camera.rtsp_url, settings) as watched:
        watched.until(lambda: any(e.kind == "decoding" for e in watched.events), taking=True)
        watched.frame()
        camera.clip = long_gop_clip
        camera.die()
        watched.until_cause("ended")
        stalled = watched.until_cause("stalled")  # no key frame within the time-out
        assert "CAPTURE_TIMEOUT_SECONDS" in (stalled.detail or "")
        watched.reader.take(0)
        numbers = [watched.number() for _ in range(2)]
        assert any(number % GOP_FRAMES for number in numbers)


def test_all_frames_when_b_frames_hold_key_frames_back() -> None:
    b_clip = camera_clip.generate(gop_seconds=1, b_frames=2)
    settings = ReaderSettings(interval_seconds=1.2, timeout_seconds=5)
    with CameraSimulator(b_clip) as camera, reading(camera.rtsp_url, settings) as watched:
        ages = []
        for _ in range(5):
            frame = watched.frame()
            number = camera_clip.read_number(frame.image)
            ages.append(camera.age_seconds(number, frame.captured_at_seconds))
        assert min(ages) < 0.5  # two key-frame distances, 2 s, with key frames only
        # Long enough for key frames to have been tried, had their distance alone decided.
        assert not any(event.kind == "decoding" for event in watched.events)


def test_a_camera_that_hangs_is_opened_again(clip: Clip) -> None:
    settings = ReaderSettings(interval_seconds=0, timeout_seconds=1)
    with CameraSimulator(clip) as camera, reading(camera.rtsp_url, settings) as watched:
        watched.frame()
        camera.hang()
        failed = watched.until_cause("stalled")
        assert "no picture came" in (failed.detail or "")
        assert not watched.status.up
        assert watched.status.reconnects["stalled"] >= 1
        while watched.reader.take(0) is not None:
            pass
        camera.resume()
        watched.until(lambda: watched.status.up)
        frame = watched.frame()
        number = camera_clip.read_number(frame.image)
        assert camera.age_seconds(number, frame.captured_at_seconds) < OPENING_AGE_SECONDS
        assert watched.status.cause is None


def test_a_camera_that_dies_is_opened_again(clip: Clip) -> None:
    with CameraSimulator(clip) as camera, reading(camera.rtsp_url) as watched:
        watched.frame()
        camera.refuse()
        watched.until_cause("ended")
        watched.until_cause("refused")
        camera.serve()
        watched.until(lambda: watched.status.up)
        watched.frame()
        assert watched.status.reconnects["ended"] == 1
        watched.until(lambda: watched.events[-1].kind == "connected")


@pytest.mark.parametrize(
    ("scheme", "given"),
    [
        ("digest", ""),
        ("digest", "p@ss#1&x"),
        ("basic", "?"),
        ("digest", "ü %/:漢"),
        ("basic", "a:b%41"),
    ],
)
def test_the_right_password_opens(clip: Clip, scheme: str, given: str) -> None:
    credentials = Credentials("ad min@1", given, scheme)
    with (
        CameraSimulator(clip, credentials=credentials) as camera,
        reading(camera.rtsp_url, username="ad min@1", password=given) as watched,
    ):
        watched.frame()
        assert "unauthorized" not in watched.status.reconnects


@pytest.mark.parametrize("trust", ["any", "right"])
def test_rtsps_opens(clip: Clip, certificate: tuple[Path, Path], trust: str) -> None:
    both, public = certificate
    settings = ReaderSettings(
        interval_seconds=0, timeout_seconds=5, ca_file=public if trust == "right" else None
    )
    with (
        CameraSimulator(clip, certificate=both) as camera,
        reading(camera.rtsp_url, settings) as watched,
    ):
        assert camera.rtsp_url.startswith("rtsps://")
        watched.frame()
