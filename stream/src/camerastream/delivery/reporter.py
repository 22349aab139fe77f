"""Feeds the monitor and the cause, and turns what the monitor says into log lines."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import structlog

from camerastream.delivery import losses
from camerastream.delivery.condition import BacklogTrend
from camerastream.delivery.errors import Failure, Verdict
from camerastream.delivery.monitor import NoticeKind
from camerastream.delivery.producer_events import ClientError, FatalError, Throttled
from camerastream.logs import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from camerastream.delivery.accounting import Accounting
    from camerastream.delivery.causes import CauseTracker
    from camerastream.delivery.condition import DeliveryCondition
    from camerastream.delivery.monitor import BufferMonitor, Notice
    from camerastream.delivery.records import FrameTag
    from camerastream.delivery.trend import DepthTrend
    from camerastream.frames import EncodedFrame

_TROUBLE_SPACING_SECONDS = 10.0
_LEVELS = {
    NoticeKind.DETECTED: logging.WARNING,
    NoticeKind.ONGOING: logging.WARNING,
    NoticeKind.RESOLVED: logging.INFO,
    NoticeKind.THRESHOLD_HELD: logging.ERROR,
    NoticeKind.HOLD_LAPSED: logging.WARNING,
    NoticeKind.THRESHOLD_CROSSED: logging.CRITICAL,
    NoticeKind.FATAL: logging.CRITICAL,
}
_WITHOUT_NUMBERS = {
    NoticeKind.THRESHOLD_HELD: messages.THRESHOLD_HELD,
    NoticeKind.HOLD_LAPSED: messages.HOLD_LAPSED,
    NoticeKind.THRESHOLD_CROSSED: messages.THRESHOLD_CROSSED,
}


def text_of(notice: Notice) -> str:
    """Return a notice's log message."""
    match notice.kind:
        case NoticeKind.DETECTED:
            return messages.detected(notice.error)
        case NoticeKind.ONGOING:
            return messages.ongoing(notice.duration_seconds, notice.consecutive_errors)
        case NoticeKind.RESOLVED:
            return messages.resolved(notice.duration_seconds, notice.consecutive_errors)
        case NoticeKind.FATAL:
            return messages.fatal(notice.error)
        case _:
            return _WITHOUT_NUMBERS[notice.kind]


class BufferReporter:
    """The courier's listener: errors and acknowledgements in, log lines and a trip out.

    Args:
        monitor: Decides.
        causes: Collects clues.
        trend: Judges the spool.
        accounting: Counts errors.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        monitor: BufferMonitor,
        causes: CauseTracker,
        trend: DepthTrend,
        accounting: Accounting,
        *,
        clock: Callable[[], float],
    ) -> None:
        self.monitor = monitor
        self.causes = causes
        self.trip: Notice | None = None
        self.acknowledged_once = False
        self._trend = trend
        self._accounting = accounting
        self._clock = clock
        self._last_frame: EncodedFrame | None = None
        self._trouble_said: dict[str, float] = {}
        self._refusal_said: str | None = None
        self._log = structlog.get_logger()

    def frame_seen(self, frame: EncodedFrame) -> None:
        """Remember the newest frame, whose numbers go with each line."""
        self._last_frame = frame

    def observe(self, backlog_frames: int) -> BacklogTrend:
        """Take the spool's depth and return how it develops."""
        return self._trend.record(backlog_frames)

    def failed(self, failure: Failure) -> None:
        """A frame was refused or came back."""
        self.causes.failed(failure)
        self._say_refusal(failure.text)
        if failure.verdict is Verdict.FATAL:
            self.fatal(failure.text, failure.code)
        elif failure.verdict is not Verdict.TOO_LARGE:
            self._error(failure.text)

    def client_said(self, event: ClientError | Throttled | FatalError) -> None:
        """The Kafka client said something that concerns no single frame."""
        match event:
            case ClientError():
                self._log.debug("the Kafka client of the buffer says", error=event.text)
                self.causes.client_error(event.code, event.text)
                self._say_refusal(event.text)
            case Throttled():
                self.causes.throttled()
            case FatalError():
                self.fatal(event.text, event.code)

    def fatal(self, text: str, code: int | None = None) -> None:
        """The producer instance can never send again."""
        self.causes.failed(Failure(Verdict.FATAL, text, code))
        self._say(self.monitor.fatal(text))

    def started_with_backlog(self, frames: int) -> None:
        """The spool held frames at start: an outage may still last."""
        self._error(f"buffer backlog of {frames} frames, none acknowledged")

    def backlog_grew(self, frames: int) -> None:
        """A frame went behind the spool; an error only while that grows."""
        if self._trend.record(frames) is BacklogTrend.GROWING:
            self._error(f"buffer backlog of {frames} frames, growing")

    def acknowledged(self) -> None:
        """The broker has a frame."""
        self.acknowledged_once = True
        self._refusal_said = None
        self.causes.acknowledged()
        self.monitor.acknowledged()

    def dropped(self, tag: FrameTag, reason: str) -> None:
        """A frame was given up."""
        self._log.error(
            "frame dropped from the buffer",
            reason=reason,
            sequence=tag.sequence,
            compressed_bytes=tag.size_bytes,
            advice="raise the topic's max.message.bytes or lower COMPRESS_IMAGE_QUALITY"
            if reason == losses.TOO_LARGE
            else None,
        )

    def trouble(self, sentence: str, lost_frames: int) -> None:
        """The spool is in trouble; the same sentence is repeated at most every 10 s."""
        now = self._clock()
        said = self._trouble_said.get(sentence)
        if said is None or now - said >= _TROUBLE_SPACING_SECONDS:
            self._trouble_said[sentence] = now
            self._log.error(f"spool of the buffer: {sentence}", lost_frames=lost_frames)

    def tick(self, condition: DeliveryCondition) -> None:
        """Let the clock decide."""
        self._say(self.monitor.tick(condition))

    def cause(self) -> str:
        """Name the most likely cause of the errors."""
        return self.causes.cause().value

    def _say_refusal(self, error: str) -> None:
        """Say once what Kafka refuses; else nobody hears of it until the queue is full."""
        refusal = self.causes.refusal()
        if refusal is None or refusal == self._refusal_said:
            return
        self._refusal_said = refusal
        sentence = messages.REFUSALS.get(refusal)
        if sentence is not None:
            self._log.warning(sentence, cause=refusal.value, error=error)

    def _error(self, text: str) -> None:
        self._accounting.buffer_error()
        self._say(self.monitor.error(text))

    def _say(self, notices: Iterable[Notice]) -> None:
        for notice in notices:
            if notice.kind in (NoticeKind.THRESHOLD_CROSSED, NoticeKind.FATAL):
                self.trip = notice
            frame = self._last_frame
            self._log.log(
                _LEVELS[notice.kind],
                text_of(notice),
                error=notice.error,
                cause=self.cause(),
                error_duration_seconds=round(notice.duration_seconds, 1),
                consecutive_errors=notice.consecutive_errors,
                frame_width=frame and frame.width,
                frame_height=frame and frame.height,
                motion_area_pixels=frame and frame.motion_area_pixels,
                jpeg_quality=frame and frame.jpeg_quality,
                original_bytes=frame and frame.original_bytes,
                compressed_bytes=frame and frame.compressed_bytes,
                compression_ratio=frame and frame.compression_ratio,
            )
