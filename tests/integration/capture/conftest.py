"""Clips to film and readers to try, on real sockets."""

from __future__ import annotations

import shutil
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from camerastream.capture import Reader, ReaderSettings, parse_source
from camerastream.logs.native_stderr import NativeStderr, prepare_native_environment
from tests.simulators import camera_clip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from camerastream.capture import CaptureEvent, SourceStatus
    from camerastream.frames import Frame
    from tests.simulators.camera_clip import Clip

# OpenCV reads it when it first opens a video, whichever test does so.
prepare_native_environment()

WAIT_SECONDS = 40.0


class Watched:
    """A running reader with what it said and gave."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.events: list[CaptureEvent] = []
        self.lines: list[str] = []

    @property
    def status(self) -> SourceStatus:
        return self.reader.status()

    def frame(self) -> Frame:
        """Take the next frame, however long it takes."""
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            frame = self.reader.take(1.0)
            if frame is not None:
                return frame
        raise AssertionError(f"no frame came: {self.status}")

    def number(self) -> int:
        """Take the next frame and return the number in it."""
        frame = self.frame()
        assert frame.image is not None
        return camera_clip.read_number(frame.image)

    def rest(self) -> list[Frame]:
        """Take every frame until the source has ended."""
        frames = []
        end = time.monotonic() + WAIT_SECONDS
        while not self.status.ended:
            assert time.monotonic() < end, "the source did not end"
            frame = self.reader.take(0.5)
            if frame is not None:
                frames.append(frame)
        assert self.reader.take(0.01) is None
        return frames

    def until(self, condition: Callable[[], bool], *, taking: bool = False) -> None:
        """Wait until a condition holds, taking frames meanwhile when asked to."""
        end = time.monotonic() + WAIT_SECONDS
        while not condition():
            assert time.monotonic() < end, f"waited in vain: {self.status} {self.events}"
            if taking:
                self.reader.take(0.05)
            else:
                time.sleep(0.02)

    def until_cause(self, cause: str) -> CaptureEvent:
        """Wait until the source failed for a cause; return the notice."""
        self.until(lambda: any(event.cause == cause for event in self.events))
        return next(event for event in self.events if event.cause == cause)


@contextmanager
def reading(
    address: str,
    settings: ReaderSettings | None = None,
    *,
    username: str | None = None,
    password: str | None = None,
) -> Iterator[Watched]:
    """Read a source for the time of a `with` block."""
    # Not a fixture: pytest exchanges descriptor 2 between setting up and calling a test.
    said: list[str] = []
    with NativeStderr(said.append) as native:
        events: list[CaptureEvent] = []
        reader = Reader(
            parse_source(address, username, password),
            settings or ReaderSettings(interval_seconds=0, timeout_seconds=5),
            lines_since=native.lines_since,
            on_event=events.append,
        )
        watched = Watched(reader)
        watched.events, watched.lines = events, said
        reader.start()
        try:
            yield watched
        finally:
            assert reader.stop(WAIT_SECONDS), "the reader's thread did not end"


@pytest.fixture(scope="session")
def clip() -> Clip:
    """8 s at 25 frames per second, a key frame each second, as H.264 and JPEG."""
    return camera_clip.generate(gop_seconds=1, jpegs=True)


@pytest.fixture(scope="session")
def long_gop_clip() -> Clip:
    """20 s with a single key frame."""
    return camera_clip.generate(gop_seconds=20, seconds=20)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1: with its key in one file, and alone."""
    return _make_certificate(tmp_path_factory.mktemp("camera"))


@pytest.fixture(scope="session")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that has nothing to do with the camera's."""
    return _make_certificate(tmp_path_factory.mktemp("stranger"))[1]


def _make_certificate(folder: Path) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    key, public, both = folder / "key.pem", folder / "cert.pem", folder / "both.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
         "-keyout", key, "-out", public, "-subj", f"/CN={folder.name}",
         "-addext", "subjectAltName=IP:127.0.0.1"],
        check=True,
        capture_output=True,
    )  # fmt: skip
    both.write_bytes(key.read_bytes() + public.read_bytes())
    return both, public
