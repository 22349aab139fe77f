"""MJPEG cameras: their own bytes, untouched."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import pytest

from camerastream.capture import ReaderSettings
from tests.integration.capture.conftest import reading
from tests.simulators import camera_clip
from tests.simulators.camera import CameraSimulator
from tests.simulators.camera_auth import Credentials

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulators.camera_clip import Clip

EVERY = ReaderSettings(interval_seconds=0, timeout_seconds=2)


def without_tables(jpeg: bytes) -> bytes:
    """Leave out the Huffman tables, as many USB cameras do."""
    kept, at = b"\xff\xd8", 2
    while jpeg[at + 1] != 0xDA:
        length = 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] != 0xC4:
            kept += jpeg[at : at + length]
        at += length
    return kept + jpeg[at:]


def test_the_cameras_bytes_pass_through_unchanged(clip: Clip) -> None:
    with CameraSimulator(clip) as camera, reading(camera.http_url, EVERY) as watched:
        for _ in range(20):
            frame = watched.frame()
            assert frame.image is None
            assert frame.jpeg in clip.jpegs
            assert (frame.width, frame.height) == (320, 240)
        assert camera.count("GET") == 1


def test_pixels_when_passing_through_is_switched_off(clip: Clip) -> None:
    settings = ReaderSettings(interval_seconds=0, timeout_seconds=2, mjpeg_passthrough=False)
    with CameraSimulator(clip) as camera, reading(camera.http_url, settings) as watched:
        frame = watched.frame()
        assert frame.jpeg is None
        camera_clip.read_number(frame.image)


def test_pixels_when_the_bytes_would_not_be_readable_for_everyone(clip: Clip) -> None:
    bare = replace(clip, jpegs=tuple(without_tables(jpeg) for jpeg in clip.jpegs))
    with CameraSimulator(bare) as camera, reading(camera.http_url, EVERY) as watched:
        watched.number()
        assert watched.status.reconnects == {}


def test_frames_are_fresh_at_an_interval(clip: Clip) -> None:
    settings = ReaderSettings(interval_seconds=0.5, timeout_seconds=5)
    with CameraSimulator(clip) as camera, reading(camera.http_url, settings) as watched:
        ages = []
        for _ in range(3):
            time.sleep(1)
            frame = watched.frame()
            number = clip.jpegs.index(frame.jpeg)
            ages.append(camera.age_seconds(number, frame.captured_at_seconds))
        assert min(ages) <= 0.15


def test_a_hanging_camera_is_opened_again(clip: Clip) -> None:
    settings = ReaderSettings(interval_seconds=0, timeout_seconds=1)
    with CameraSimulator(clip) as camera, reading(camera.http_url, settings) as watched:
        watched.frame()
        camera.hang()
        watched.until_cause("stalled")
        camera.resume()
        watched.until(lambda: watched.status.up)
        watched.frame()


@pytest.mark.parametrize("scheme", ["digest", "basic"])
def test_the_right_password_opens(clip: Clip, scheme: str) -> None:
    password = "p@ss#1&x ü%/"
    with (
        CameraSimulator(clip, credentials=Credentials("ad min", password, scheme)) as camera,
        reading(camera.http_url, EVERY, username="ad min", password=password) as watched,
    ):
        assert watched.frame().jpeg in clip.jpegs


def test_https_with_the_right_authority_opens(clip: Clip, certificate: tuple[Path, Path]) -> None:
    both, public = certificate
    settings = ReaderSettings(interval_seconds=0, timeout_seconds=5, ca_file=public)
    with (
        CameraSimulator(clip, certificate=both) as camera,
        reading(camera.http_url, settings) as watched,
    ):
        assert watched.frame().jpeg in clip.jpegs


def test_an_mjpeg_files_bytes_pass_through_too(clip: Clip, tmp_path: Path) -> None:
    path = tmp_path / "clip.mjpeg"
    path.write_bytes(b"".join(clip.jpegs[:10]))
    settings = ReaderSettings(interval_seconds=0, file_fast=True)
    with reading(str(path), settings) as watched:
        frames = watched.rest()
    assert [frame.jpeg for frame in frames] == list(clip.jpegs[:10])


def test_a_grey_jpeg_camera_gives_three_channels(clip: Clip) -> None:
    grey = cv2.cvtColor(camera_clip.draw(7, 320, 240), cv2.COLOR_BGR2GRAY)
    jpeg = bytes(cv2.imencode(".jpg", grey)[1])
    settings = ReaderSettings(interval_seconds=0, timeout_seconds=2, mjpeg_passthrough=False)
    with (
        CameraSimulator(replace(clip, jpegs=(jpeg,))) as camera,
        reading(camera.http_url, settings) as watched,
    ):
        frame = watched.frame()
        assert frame.image is not None
        assert frame.image.shape == (240, 320, 3)
        assert camera_clip.read_number(frame.image) == 7
