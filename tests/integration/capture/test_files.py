"""Files, the generated picture, and devices."""

from __future__ import annotations

import gc
import time
import weakref
from pathlib import Path

import av
import numpy as np
import pytest

from camerastream.capture import Reader, ReaderSettings
from camerastream.capture.inputs import OpenPlan
from camerastream.capture.source import parse_source
from camerastream.capture.video import open_video
from camerastream.settings.field import SecretStr
from camerastream.settings.model import Playback, Settings
from tests.integration.capture.conftest import WAIT_SECONDS, reading
from tests.simulators import camera_clip

FOOTAGE = Path(__file__).parents[3] / "examples/footage"
FAST = ReaderSettings(interval_seconds=0, file_fast=True)
FPS = 10
COUNT = 30


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3 s of numbered pictures, in a file whose name is no plain word."""
    path = tmp_path_factory.mktemp("videos") / "rtsp: 100% of @lobby.mp4"
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for number in range(COUNT):
            picture = camera_clip.draw(number, 320, 240)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode(None))
    return path


def numbers(frames: list) -> list[int]:
    return [camera_clip.read_number(frame.image) for frame in frames]


def test_a_fast_file_gives_every_frame_once_and_then_ends(video: Path) -> None:
    with reading(str(video), FAST) as watched:
        assert not watched.status.ended
        assert numbers(watched.rest()) == list(range(COUNT))
        assert watched.status.ended
        assert (watched.status.up, watched.status.cause) == (False, "ended")
        assert watched.reader.stop(WAIT_SECONDS)
        assert [event.kind for event in watched.events] == ["connected", "ended"]


def test_a_fast_file_waits_for_a_slow_consumer(video: Path) -> None:
    with reading(str(video), FAST) as watched:
        first = watched.frame()
        kept = first.image.copy()
        time.sleep(0.5)
        assert camera_clip.read_number(first.image) == 0
        rest = watched.rest()
        assert numbers(rest) == list(range(1, COUNT))
        assert np.array_equal(first.image, kept)  # not written to again


def test_a_picture_nobody_holds_any_more_is_filled_again(video: Path) -> None:
    opened = open_video(parse_source(str(video)), OpenPlan(5, 5, kept_arrays=1))
    assert opened is not None

    def next_image() -> np.ndarray:
        assert opened.grab()
        picture = opened.picture()
        assert picture is not None
        assert picture.image is not None
        return picture.image

    first = next_image()
    place = weakref.ref(first)
    del first
    again = next_image()
    assert again is place()
    assert camera_clip.read_number(again) == 1
    # A part of it is held: it must stay as it is.
    part = again[:120]
    kept = part.copy()
    del again
    other = next_image()
    assert other is not place()
    assert camera_clip.read_number(other) == 2
    del other
    assert camera_clip.read_number(next_image()) == 3
    assert np.array_equal(part, kept)
    opened.release()


@pytest.mark.parametrize(("interval_seconds", "kept"), [(0, True), (0.5, True), (1, False)])
def test_pictures_that_come_rarely_leave_no_array_behind(
    video: Path, interval_seconds: float, kept: bool
) -> None:
    settings = ReaderSettings(interval_seconds=interval_seconds, file_fast=True)
    with reading(str(video), settings) as watched:
        places = []
        for _ in range(3):
            frame = watched.frame()
            places.append(weakref.ref(frame.image))
            del frame
            gc.collect()
        arrays = {id(place()) for place in places if place() is not None}
        # Two where one was being filled while the other one was looked at.
        assert len(arrays) in ((1, 2) if kept else (0,))


def test_the_interval_of_a_file_counts_in_its_own_time(video: Path) -> None:
    settings = ReaderSettings(interval_seconds=0.5, file_fast=True)
    with reading(f"file://{video}".replace("%", "%25"), settings) as watched:
        assert numbers(watched.rest()) == list(range(0, COUNT, 5))


def test_real_footage_is_read_to_its_last_frame() -> None:
    settings = ReaderSettings(interval_seconds=5, file_fast=True)
    with reading(str(FOOTAGE / "car-detection.mp4"), settings) as watched:
        frames = watched.rest()
    assert len(frames) == 7  # 30.2 s
    assert {(frame.width, frame.height) for frame in frames} == {(768, 432)}


def test_a_looping_file_goes_on_without_a_seam(video: Path) -> None:
    settings = ReaderSettings(interval_seconds=0.5, file_fast=True, file_loop=True)
    with reading(str(video), settings) as watched:
        got = numbers([watched.frame() for _ in range(14)])
        assert got == [*range(0, COUNT, 5), *range(0, COUNT, 5), 0, 5]
        assert not watched.status.ended
        assert watched.status.reconnects == {}


def test_a_file_in_real_time_takes_its_time(video: Path) -> None:
    settings = ReaderSettings(interval_seconds=0)
    with reading(str(video), settings) as watched:
        watched.frame()
        began = time.monotonic()
        got = numbers(watched.rest())
        assert time.monotonic() - began > (COUNT - 2) / FPS * 0.9
        assert got == sorted(set(got))
        assert got[-1] == COUNT - 1


@pytest.mark.parametrize("loop", [False, True])
def test_a_missing_file_is_waited_for(video: Path, tmp_path: Path, loop: bool) -> None:
    late = tmp_path / "late.mp4"
    with reading(str(late), ReaderSettings(interval_seconds=0, file_loop=loop)) as watched:
        failed = watched.until_cause("not-found")
        assert "no such file" in (failed.detail or "")
        assert not watched.status.ended
        partial = tmp_path / "partial"
        partial.write_bytes(video.read_bytes())
        partial.rename(late)
        watched.frame()


@pytest.mark.parametrize("content", [b"", b"this is no video\n", b"\x00" * 5000])
def test_a_file_that_is_no_video_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    with reading(str(path), FAST) as watched:
        watched.until_cause("no-video")


def test_a_truncated_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes((FOOTAGE / "car-detection.mp4").read_bytes()[:20_000])
    with reading(str(path), FAST) as watched:
        watched.until_cause("no-video")


def test_a_folder_is_no_video(tmp_path: Path) -> None:
    with reading(str(tmp_path), FAST) as watched:
        assert "folder" in (watched.until_cause("no-video").detail or "")


def test_the_generated_picture_moves() -> None:
    with reading("test:320x240@50", ReaderSettings(interval_seconds=0.1)) as watched:
        first, second = watched.frame(), watched.frame()
        assert first.image.shape == (240, 320, 3)
        assert second.captured_at_seconds > first.captured_at_seconds
        assert np.count_nonzero(first.image != second.image) > 500
        assert watched.status.up


def test_a_device_that_is_not_there_is_said() -> None:
    with reading("/dev/video-none", FAST) as watched:
        assert "plugged in" in (watched.until_cause("not-found").detail or "")


@pytest.mark.skip(reason="needs a USB camera: not verified on any machine so far")
def test_a_usb_camera_gives_frames() -> None:
    with reading("usb:0", ReaderSettings(interval_seconds=1)) as watched:
        watched.frame()


def test_a_reader_is_made_from_the_programs_settings(video: Path) -> None:
    settings = Settings(
        camera_id="lobby",
        rtsp_camera_url=str(video),
        interval_seconds=0,
        file_playback=Playback.FAST,
        camera_username="admin",
        camera_password=SecretStr("s3cr3t"),
    )
    reader = Reader.from_settings(settings)
    reader.start()
    assert reader.take(WAIT_SECONDS) is not None
    assert reader.stop(WAIT_SECONDS)


def test_a_reader_that_never_started_stops() -> None:
    assert Reader.from_settings(Settings(camera_id="a", rtsp_camera_url="test:")).stop(0)
