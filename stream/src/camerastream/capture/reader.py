"""The one thread that owns the camera: opens it, reads it, and opens it again."""

from __future__ import annotations

import random as random_module
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from camerastream.capture.backoff import Backoff
from camerastream.capture.causes import CaptureError, Cause, Failure, explain_exception
from camerastream.capture.inputs import OpenPlan, PassthroughRefusedError
from camerastream.capture.keyframes import KeyFramePolicy
from camerastream.capture.live import LiveLoop
from camerastream.capture.opening import open_input
from camerastream.capture.playback import Playback
from camerastream.capture.schedule import Schedule
from camerastream.capture.slot import FrameSlot
from camerastream.capture.source import SourceKind, source_of
from camerastream.capture.status import SourceStatus, StatusBoard

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from camerastream.capture.inputs import Input
    from camerastream.capture.source import Source
    from camerastream.capture.status import CaptureEvent
    from camerastream.frames import Frame
    from camerastream.logs.native_stderr import NativeStderr
    from camerastream.settings.model import Settings

__all__ = ["Reader", "ReaderSettings", "SourceStatus"]

_DAMAGED = "no picture can be decoded from it; check that the file is a whole video"
_BRIEF_INTERVAL_SECONDS = 1.0
"""Arrays of pictures that follow each other less closely than this are given back, so that a pod
is smaller between them; a new one then costs less than a hundredth of a core."""


@dataclass(frozen=True, slots=True)
class ReaderSettings:
    """How a source is read.

    Attributes:
        interval_seconds: Time between checked frames; 0 checks every frame.
        timeout_seconds: A camera silent for longer is released and opened again. With key
            frames only it is at least twice their distance.
        transport: How RTP packets travel, `tcp` or `udp`.
        key_frames: Whether only key frames may be decoded, where they come often enough.
        mjpeg_passthrough: Whether an MJPEG source's own bytes are given.
        file_fast: Whether a file plays as fast as its frames are taken.
        file_loop: Whether a file plays for ever.
        ca_file: CA certificates (PEM) that TLS cameras are checked against.
    """

    interval_seconds: float = 5.0
    timeout_seconds: float = 10.0
    transport: str = "tcp"
    key_frames: bool = True
    mjpeg_passthrough: bool = True
    file_fast: bool = False
    file_loop: bool = False
    ca_file: Path | None = None


class Reader:
    """Gives the newest frame of a source at an interval, whatever happens to the source.

    Everything that touches the source happens on one thread of its own. Nothing that goes
    wrong there ends the program: it is told by `status`, logged, and tried again.

    Args:
        source: What to read.
        settings: How.
        lines_since: Returns what native code wrote to standard error since a moment of
            `time.monotonic`; without it most failures are `unknown`.
        clock: Monotonic seconds.
        wall_clock: Unix seconds.
        random: Returns a number from 0 to 1, for the waits between tries.
        on_event: Told of every notice, on the reader's thread.
    """

    def __init__(
        self,
        source: Source,
        settings: ReaderSettings,
        *,
        lines_since: Callable[[float], Sequence[str]] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        random: Callable[[], float] = random_module.random,
        on_event: Callable[[CaptureEvent], None] = lambda _event: None,
    ) -> None:
        self._source = source
        self._settings = settings
        self._lines_since = lines_since
        self._clock = clock
        self._wall_clock = wall_clock
        self._log = structlog.get_logger()
        self._stopping = threading.Event()
        self._slot = FrameSlot()
        self._backoff = Backoff(random)
        self._passthrough = settings.mjpeg_passthrough
        network = source.kind in (SourceKind.RTSP, SourceKind.HTTP)
        interval = settings.interval_seconds
        self._policy = KeyFramePolicy(interval, allowed=settings.key_frames and network)
        # Key frames may be an interval apart, and a read may take its time-out twice.
        silence = 3 * max(settings.timeout_seconds, interval) + 5 if source.live else float("inf")
        self._board = StatusBoard(
            source.display, silence_seconds=silence, clock=clock, on_event=on_event
        )
        self._live = LiveLoop(
            source,
            slot=self._slot,
            schedule=Schedule(interval),
            policy=self._policy,
            board=self._board,
            every_frame=interval == 0,
            clock=clock,
            wall_clock=wall_clock,
            stopping=self._stopping,
        )
        self._playback = Playback(
            interval,
            fast=settings.file_fast,
            slot=self._slot,
            board=self._board,
            clock=clock,
            wall_clock=wall_clock,
            stopping=self._stopping,
        )
        self._thread = threading.Thread(target=self._run, name="reader", daemon=True)

    @classmethod
    def from_settings(cls, settings: Settings, native: NativeStderr | None = None) -> Reader:
        """Make a reader from the program's settings.

        Raises:
            ValueError: The address is not usable; the text says what to write instead.
        """
        return cls(
            source_of(settings),
            ReaderSettings(
                interval_seconds=settings.interval_seconds,
                timeout_seconds=settings.capture_timeout_seconds,
                transport=settings.capture_transport.value,
                key_frames=settings.capture_key_frames.value == "auto",
                mjpeg_passthrough=settings.mjpeg_passthrough,
                file_fast=settings.file_playback.value == "fast",
                file_loop=settings.file_loop,
                ca_file=settings.camera_ca_location,
            ),
            lines_since=native.lines_since if native else None,
        )

    def start(self) -> None:
        """Start reading."""
        self._thread.start()

    def take(self, timeout_seconds: float) -> Frame | None:
        """Take the next frame; each is returned once.

        Returns:
            The frame, or None when none came in time, or none will come any more
            (`status().ended`).
        """
        return self._slot.take(timeout_seconds)

    def status(self) -> SourceStatus:
        """Return how the source is."""
        return self._board.snapshot(ended=self._slot.ended)

    def stop(self, timeout_seconds: float) -> bool:
        """Stop reading.

        Returns:
            Whether the thread has ended. A read that is under way cannot be interrupted;
            it ends by its own time-out.
        """
        self._stopping.set()
        self._slot.close()
        if self._thread.ident is not None:
            self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            began = self._clock()
            try:
                failure = self._read()
            except CaptureError as error:
                failure = error.failure
            except PassthroughRefusedError:
                self._passthrough = False
                self._board.decoding("its packets are not complete JPEGs: they are decoded")
                continue
            except Exception as error:  # noqa: BLE001 - whatever it is, the camera is tried again
                failure = explain_exception(self._source, error)
                self._log.debug("the reader failed unexpectedly", exc_info=True)
            if failure is None:
                continue
            status = self._board.snapshot(ended=False)
            self._backoff.lasted(self._clock() - began if status.up else 0.0)
            wait_seconds = self._backoff.next_seconds(failure.cause)
            self._board.failed(failure, wait_seconds)
            self._stopping.wait(wait_seconds)

    def _read(self) -> Failure | None:
        """Open the source and read it until it is lost; return why, None to go on at once."""
        key_frames_only = self._policy.key_frames_only
        plan = self._plan()
        source_input = open_input(
            self._source,
            plan,
            lines_since=self._lines_since,
            clock=self._clock,
            wait=self._stopping.wait,
        )
        try:
            if not self._source.live:
                return self._play(source_input)
            failure = self._live.run(source_input, plan.read_timeout_seconds)
        finally:
            source_input.release()
        if failure is None and self._policy.key_frames_only != key_frames_only:
            self._board.decoding(
                f"key frames only: they come every {self._policy.distance_seconds or 0:.1f} s"
                if self._policy.key_frames_only
                else "all frames: key frames come too rarely or too late for the interval"
            )
        return failure

    def _play(self, source_input: Input) -> Failure | None:
        if self._playback.run(source_input) == 0 and not self._stopping.is_set():
            return Failure(Cause.NO_VIDEO, f"{self._source.display}: {_DAMAGED}")
        if not self._settings.file_loop and not self._stopping.is_set():
            self._board.finished()
            self._slot.finish()
            self._stopping.set()
        return None

    def _plan(self) -> OpenPlan:
        settings = self._settings
        brief = settings.interval_seconds < _BRIEF_INTERVAL_SECONDS
        # Of a file the next picture is read while the one before is still being looked at.
        arrays = 1 if self._source.live else 2
        return OpenPlan(
            timeout_seconds=settings.timeout_seconds,
            read_timeout_seconds=self._policy.read_timeout_seconds(settings.timeout_seconds),
            udp=settings.transport == "udp",
            key_frames_only=self._policy.key_frames_only,
            mjpeg_passthrough=self._passthrough,
            ca_file=settings.ca_file,
            kept_arrays=arrays if brief else 0,
        )
