"""What native libraries write to standard error, as lines for the log.

FFmpeg, OpenCV and librdkafka write there on their own: without this their lines would
break a log of JSON lines, and the only reason that is ever given for a camera that cannot
be opened would be lost.
"""

from __future__ import annotations

import contextlib
import faulthandler
import fcntl
import itertools
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_STDERR = 2
_KEPT_LINES = 500
_LONGEST_LINE_BYTES = 4096
_PIPE_BYTES = 1024 * 1024
_SYNC_SECONDS = 1.0
_MARK = b"\x00camerastream-mark-%d-%d\x00"
_ENVIRONMENT = {
    # FFmpeg's warnings and errors: the reason of a failed opening is among them.
    "OPENCV_FFMPEG_LOGLEVEL": "24",
    # With OpenCV's own callback FFmpeg's lines go to standard output, among the log; with
    # FFmpeg's they go to standard error (measured with OpenCV 5.0.0).
    "OPENCV_FFMPEG_SKIP_LOG_CALLBACK": "1",
    "OPENCV_LOG_LEVEL": "ERROR",
    # One thread each: by default they start one per core of the node.
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
}


def prepare_native_environment() -> None:
    """Set what OpenCV and OpenBLAS read from the environment while they are loaded.

    Call it before `import cv2` and `import numpy`. What is set already stays.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


class NativeStderr:
    """Takes over file descriptor 2 and hands its lines to a callback.

    Writers never wait: when lines come faster than they are read, the surplus is lost.
    The process's own crash report (`faulthandler`) goes to the original standard error,
    as it could not be read from a pipe any more.

    Args:
        on_line: Called with each line, on a thread of its own.
        clock: Monotonic seconds; stamps the lines.
    """

    def __init__(
        self, on_line: Callable[[str], None], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._on_line = on_line
        self._clock = clock
        self._lock = threading.Lock()
        self._tail: deque[tuple[float, str]] = deque(maxlen=_KEPT_LINES)
        self._marks: dict[bytes, threading.Event] = {}
        self._numbers = itertools.count()
        self._original: int | None = None
        self._thread: threading.Thread | None = None
        self._crash_reports = False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def original_fd(self) -> int:
        """The original standard error: a descriptor for what must not go to the log."""
        return _STDERR if self._original is None else self._original

    def start(self) -> None:
        """Take over file descriptor 2; does nothing when that was done."""
        with self._lock:
            if self._original is not None:
                return
            self._original = os.dup(_STDERR)
            reading, writing = os.pipe()
            # A larger pipe is only a comfort; the system may refuse it.
            with contextlib.suppress(OSError):
                fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
            os.set_blocking(writing, False)
            os.dup2(writing, _STDERR)
            os.close(writing)
            if not faulthandler.is_enabled():
                faulthandler.enable(self._original)
                self._crash_reports = True
            self._thread = threading.Thread(
                target=self._read, args=(reading,), name="native-stderr", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Give file descriptor 2 back and hand over what was still under way."""
        with self._lock:
            if self._original is None:
                return
            if self._crash_reports:
                faulthandler.disable()
                self._crash_reports = False
            # This closes the only writing end, so the thread reads to the end and goes.
            os.dup2(self._original, _STDERR)
            os.close(self._original)
            self._original = None
            thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join(_SYNC_SECONDS)

    def lines_since(self, seconds: float) -> list[str]:
        """Return the lines written since then, oldest first, up to this very moment.

        Args:
            seconds: A moment on the clock that stamps the lines.
        """
        self._catch_up()
        with self._lock:
            return [line for stamp, line in self._tail if stamp >= seconds]

    def _catch_up(self) -> None:
        """Wait until everything written before this call has been read."""
        passed = threading.Event()
        with self._lock:
            if self._original is None:
                return
            mark = _MARK % (os.getpid(), next(self._numbers))
            self._marks[mark] = passed
            try:
                os.write(_STDERR, mark + b"\n")
            except OSError:  # the pipe is full: what is read later cannot be waited for
                del self._marks[mark]
                return
        passed.wait(_SYNC_SECONDS)
        with self._lock:
            self._marks.pop(mark, None)

    def _read(self, reading: int) -> None:
        rest = b""
        with contextlib.closing(os.fdopen(reading, "rb", buffering=0)) as pipe:
            while chunk := pipe.read(65536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._line(line)
                if len(rest) > _LONGEST_LINE_BYTES:
                    self._line(rest)
                    rest = b""
        if rest:
            self._line(rest)

    def _line(self, line: bytes) -> None:
        if b"\x00" in line:
            line = self._take_marks(line)
        text = line[:_LONGEST_LINE_BYTES].decode(errors="replace").strip()
        if not text:
            return
        with self._lock:
            self._tail.append((self._clock(), text))
        # Nothing may end this thread: without it every line would be lost.
        with contextlib.suppress(Exception):
            self._on_line(text)

    def _take_marks(self, line: bytes) -> bytes:
        with self._lock:
            for mark, passed in list(self._marks.items()):
                if mark in line:
                    line = line.replace(mark, b"")
                    passed.set()
        return line
