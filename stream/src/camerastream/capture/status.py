"""How the camera is, for `/status`, metrics and the log."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import structlog

from camerastream.capture.causes import Cause, Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_REPEAT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """How the camera is at one moment.

    Attributes:
        up: Whether frames arrive.
        cause: Why they do not, in one word; None when they do or nothing was tried yet.
        detail: The same as a sentence, free of credentials.
        width: Width in pixels of the last picture.
        height: Height in pixels of the last picture.
        last_frame_seconds: Unix time of the last arrival, whether it was checked or not.
        reconnects: How often the source had to be opened again, by cause.
        ended: Whether a file has been read to its end and its last frame taken.
    """

    up: bool
    cause: str | None
    detail: str | None
    width: int | None
    height: int | None
    last_frame_seconds: float | None
    reconnects: Mapping[str, int]
    ended: bool


@dataclass(frozen=True, slots=True)
class CaptureEvent:
    """A notice about the camera.

    Attributes:
        kind: `connected`, `failed`, `decoding` (key frames only or all) or `ended`.
        cause: Of a failure.
        detail: A sentence, free of credentials.
        retry_seconds: After a failure, when the next try comes.
    """

    kind: str
    cause: str | None = None
    detail: str | None = None
    retry_seconds: float | None = None


class StatusBoard:
    """Keeps the status; written by the reader's thread, read by any.

    Args:
        display: The source for people.
        silence_seconds: Without a frame for so long it is not up, whatever was last said.
        clock: Monotonic seconds.
        on_event: Told of every notice, on the reader's thread.
    """

    def __init__(
        self,
        display: str,
        *,
        silence_seconds: float,
        clock: Callable[[], float],
        on_event: Callable[[CaptureEvent], None],
    ) -> None:
        self._display = display
        self._silence_seconds = silence_seconds
        self._clock = clock
        self._on_event = on_event
        self._log = structlog.get_logger()
        self._lock = threading.Lock()
        self._up = False
        self._failure: Failure | None = None
        self._size: tuple[int, int] | None = None
        self._last_frame_seconds: float | None = None
        self._last_seen: float | None = None
        self._reconnects: dict[str, int] = {}
        self._down_since: float | None = None
        self._warned_cause: Cause | None = None
        self._warned_at = 0.0
        self._obstacle: str | None = None

    def arrived(self, wall_seconds: float) -> None:
        """Take note of a frame, checked or not; `wall_seconds` is Unix time."""
        with self._lock:
            was_up, self._up = self._up, True
            self._last_frame_seconds = wall_seconds
            self._last_seen = self._clock()
            self._failure = None
            down_since, self._down_since = self._down_since, None
            self._warned_cause = None
        if was_up:
            return
        if down_since is None:
            self._log.info("camera connected", source=self._display)
        else:
            self._log.info(
                "camera is back",
                source=self._display,
                down_seconds=round(self._clock() - down_since, 1),
            )
        self._on_event(CaptureEvent("connected"))

    def measured(self, width: int, height: int) -> None:
        """Take note of a picture's size in pixels."""
        with self._lock:
            changed, self._size = self._size != (width, height), (width, height)
        if changed:
            self._log.info("picture size", frame_width=width, frame_height=height)

    def failed(self, failure: Failure, retry_seconds: float) -> None:
        """Take note that the source is gone and when it is tried again."""
        now = self._clock()
        with self._lock:
            self._up = False
            self._failure = failure
            self._last_seen = None
            if self._down_since is None:
                self._down_since = now
            cause = failure.cause.value
            self._reconnects[cause] = self._reconnects.get(cause, 0) + 1
            tell = self._warned_cause is not failure.cause
            tell = tell or now - self._warned_at >= _REPEAT_SECONDS
            if tell:
                self._warned_cause, self._warned_at = failure.cause, now
        log = self._log.warning if tell else self._log.debug
        log(
            "camera gives no picture",
            cause=failure.cause.value,
            detail=failure.detail,
            retry_seconds=round(retry_seconds, 1),
        )
        self._on_event(CaptureEvent("failed", failure.cause.value, failure.detail, retry_seconds))

    def decoding(self, detail: str) -> None:
        """Take note that the stream is opened anew to decode more or less of it."""
        self._log.info("decoding changes", detail=detail)
        with self._lock:
            self._last_seen = None
        self._on_event(CaptureEvent("decoding", detail=detail))

    def decodes_all(self, obstacle: str) -> None:
        """Take note of what keeps key frames alone from being decoded; said once."""
        if obstacle != self._obstacle:
            self._obstacle = obstacle
            self._log.info("every frame is decoded", detail=obstacle)

    def finished(self) -> None:
        """Take note that a file was read to its end."""
        with self._lock:
            self._up = False
            self._failure = Failure(Cause.ENDED, f"{self._display}: the file was read to its end")
        self._log.info("the file was read to its end", source=self._display)
        self._on_event(CaptureEvent("ended"))

    def snapshot(self, *, ended: bool) -> SourceStatus:
        """Return the status; `ended` as the frame slot knows it."""
        with self._lock:
            up, failure = self._up, self._failure
            silent = 0.0 if self._last_seen is None else self._clock() - self._last_seen
            if up and silent > self._silence_seconds:
                up = False
                failure = Failure(Cause.STALLED, f"{self._display}: silent for {silent:.0f} s")
            return SourceStatus(
                up=up,
                cause=failure.cause.value if failure else None,
                detail=failure.detail if failure else None,
                width=self._size[0] if self._size else None,
                height=self._size[1] if self._size else None,
                last_frame_seconds=self._last_frame_seconds,
                reconnects=MappingProxyType(dict(self._reconnects)),
                ended=ended,
            )
