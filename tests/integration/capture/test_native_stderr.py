"""What native libraries write to standard error becomes lines; nothing is lost or blocked."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from camerastream.logs.native_stderr import NativeStderr


def test_lines_are_handed_over_and_kept() -> None:
    said: list[str] = []
    with NativeStderr(said.append) as native:
        os.write(2, b"before\n")
        native.lines_since(0)
        time.sleep(0.01)
        since = time.monotonic()
        os.write(2, b"one\ntwo \xff\n\nthree")
        os.write(2, b" and a half\n")
        assert native.lines_since(since) == ["one", "two �", "three and a half"]
        assert native.lines_since(time.monotonic() + 1) == []
    assert said == ["before", "one", "two �", "three and a half"]


def test_a_line_without_an_end_is_seen_too() -> None:
    with NativeStderr(lambda _line: None) as native:
        os.write(2, b"half a line")
        assert native.lines_since(0) == ["half a line"]


def test_starting_and_stopping_twice_does_no_harm(capfd: pytest.CaptureFixture[str]) -> None:
    said: list[str] = []
    native = NativeStderr(said.append)
    native.stop()
    assert native.original_fd == 2
    for _ in range(2):
        native.start()
        native.start()
        assert native.original_fd != 2
        os.write(native.original_fd, b"aside\n")
        os.write(2, b"inside\n")
        native.stop()
        native.stop()
        os.write(2, b"outside\n")
    assert said == ["inside", "inside"]
    assert capfd.readouterr().err == "aside\noutside\n" * 2


def test_a_callback_that_fails_or_hangs_blocks_nobody() -> None:
    held = threading.Event()
    calls = 0

    def on_line(_line: str) -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise ValueError("cannot log")
        held.wait(60)

    native = NativeStderr(on_line)
    native.start()
    try:
        line = b"x" * 999 + b"\n"
        lost = 0
        for _ in range(5000):  # more than any pipe holds
            try:
                os.write(2, line)
            except BlockingIOError:
                lost += 1
        assert lost
    finally:
        held.set()
        native.stop()
    assert calls > 1


def test_a_flood_is_bounded() -> None:
    with NativeStderr(lambda _line: None) as native:
        for number in range(3000):
            os.write(2, b"line %d\n" % number)
            if number % 500 == 0:
                native.lines_since(0)
        os.write(2, b"y" * 50_000 + b"\n")
        lines = native.lines_since(0)
    assert len(lines) <= 500
    assert max(map(len, lines)) < 70_000


CRASH = """
import os, signal
from camerastream.logs.native_stderr import NativeStderr
NativeStderr(lambda line: None).start()
os.kill(os.getpid(), signal.{name})
"""


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT"])
def test_a_crash_report_reaches_the_original_standard_error(name: str) -> None:
    crashed = subprocess.run(
        [sys.executable, "-c", CRASH.format(name=name)], capture_output=True, text=True, check=False
    )
    assert crashed.returncode < 0
    assert "Fatal Python error" in crashed.stderr
    assert 'File "<string>", line 5' in crashed.stderr


OPEN = """
import os
from camerastream.logs.native_stderr import NativeStderr, prepare_native_environment
prepare_native_environment()
import cv2
with NativeStderr(lambda line: None) as native:
    cv2.VideoCapture("rtsp://127.0.0.1:9/x", cv2.CAP_FFMPEG)
    cv2.VideoCapture("/no/such/file.mp4")
    lines = native.lines_since(0)
print(repr(lines))
"""


def test_ffmpegs_reason_is_seen_and_nothing_goes_to_standard_output() -> None:
    done = subprocess.run(
        [sys.executable, "-c", OPEN], capture_output=True, text=True, check=True, timeout=60
    )
    assert "Connection refused" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""
