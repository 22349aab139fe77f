"""The running program: starts everything, watches over it, ends it in order."""

from __future__ import annotations

import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from camerastream.delivery.exceptions import KafkaBufferException
from camerastream.delivery.monitor import MonitorState
from camerastream.ending import EndReason, Signs, decide_ending
from camerastream.health.status import frames_of, rfc3339
from camerastream.health.termination import DEFAULT_PATH, Termination, write_termination
from camerastream.health.verdicts import STUCK, liveness
from camerastream.health.view import ProgramView
from camerastream.settings.live import LiveChange, LiveSettingsFile

if TYPE_CHECKING:
    from camerastream.capture.reader import Reader
    from camerastream.delivery.service import Delivery
    from camerastream.ending import Ending
    from camerastream.health.server import HealthServer
    from camerastream.pipeline import Pipeline
    from camerastream.settings.model import Settings

_LOOK_SECONDS = 0.2
_FLUSH_SECONDS = 1.0
_FLUSH_WHILE_ERRORING_SECONDS = 0.3
_THREAD_SECONDS = 2.0
_STORE_SECONDS = 20.0
_READER_SECONDS = 0.2


class Program:
    """Supervises reader, pipeline and delivery from the main thread.

    The main thread does no work of its own: a signal is handled at once, whatever the
    other threads are stuck in.

    Args:
        settings: The settings.
        reader: The camera.
        pipeline: Frames' way.
        delivery: Producer, spool and monitor.
    """

    def __init__(
        self, settings: Settings, reader: Reader, pipeline: Pipeline, delivery: Delivery
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._pipeline = pipeline
        self._delivery = delivery
        self._asked = threading.Event()
        self._failing_since: float | None = None
        self._announced: EndReason | None = None
        self._log = structlog.get_logger()
        self._live = self._live_settings_file()

    def view(self) -> ProgramView:
        """Return the program as it is now."""
        now = time.monotonic()
        return ProgramView(
            camera=self._settings.camera_id,
            counts=self._delivery.accounting.snapshot(),
            delivery=self._delivery.snapshot,
            source=self._reader.status(),
            now_seconds=time.time(),
            pipeline_age_seconds=now - self._pipeline.heartbeat_seconds,
            delivery_age_seconds=now - self._delivery.heartbeat_seconds,
        )

    def last_frame(self) -> bytes | None:
        """Return the last sent JPEG, when it is kept."""
        return self._pipeline.last_jpeg

    def run(self, server: HealthServer) -> int:
        """Run until there is a reason to end, then end in order.

        Returns:
            The exit code.

        Raises:
            KafkaBufferException: The threshold was crossed or the producer is dead;
                everything unsent is in the spool by then.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._asked.set())
        server.start()
        self._look_at_live_settings()
        self._reader.start()
        self._delivery.start()
        self._pipeline.start()
        ending = self._watch()
        self._end(ending)
        server.stop()
        if ending.reason in (EndReason.BUFFER, EndReason.FATAL):
            raise self._exception()
        return ending.exit_code

    def _watch(self) -> Ending:
        while True:
            self._asked.wait(_LOOK_SECONDS)
            self._look_at_live_settings()
            ending = decide_ending(self._signs(), self._settings.on_threshold)
            if ending is None:
                self._failing_since = None
                continue
            if self._announced is not ending.reason:
                self._announced = ending.reason
                self._delivery.journal.count_end(ending.reason.value)
                self._write_termination(ending)
            if ending.now:
                return ending

    def _signs(self) -> Signs:
        view = self.view()
        verdict = liveness(view)
        if not verdict.ok and self._failing_since is None:
            self._failing_since = time.monotonic()
        return Signs(
            tripped=self._delivery.tripped.is_set(),
            fatal=view.delivery.monitor.fatal,
            crashed=self._pipeline.crashed.is_set() or self._delivery.crashed.is_set(),
            stuck=verdict.reason == STUCK,
            asked=self._asked.is_set(),
            completed=self._pipeline.finished.is_set() and self._delivery.outstanding_frames == 0,
            failing_seconds=0.0
            if self._failing_since is None
            else time.monotonic() - self._failing_since,
        )

    def _end(self, ending: Ending) -> None:
        self._log.info("ending", reason=ending.reason.value, exit_code=ending.exit_code)
        self._pipeline.stop(timeout_seconds=_THREAD_SECONDS)
        healthy = self._delivery.snapshot.monitor.state is MonitorState.HEALTHY
        stored = self._delivery.stop(
            # In an outage nothing is acknowledged: the time is better spent on storing.
            flush_seconds=_FLUSH_SECONDS if healthy else _FLUSH_WHILE_ERRORING_SECONDS,
            timeout_seconds=_STORE_SECONDS,
        )
        self._reader.stop(_READER_SECONDS)
        counts = self._delivery.accounting.snapshot()
        log = self._log.info if stored and not counts.in_flight else self._log.error
        log(
            "buffer stored, ended" if stored else "ended before the buffer was stored",
            delivered=counts.delivered,
            spooled=counts.spooled,
            in_flight=counts.in_flight,
            dropped=dict(counts.dropped),
            selected=counts.selected,
        )
        self._write_termination(ending)

    def _write_termination(self, ending: Ending) -> None:
        path = self._settings.termination_log
        if path is None:
            path = Path(DEFAULT_PATH)
            if not path.exists():
                return
        view = self.view()
        monitor = view.delivery.monitor
        verdict = liveness(view)
        problem = write_termination(
            path,
            Termination(
                reason=ending.reason.value,
                message=verdict.message if not verdict.ok else ending.reason.value,
                exit_code=ending.exit_code,
                duration_seconds=monitor.error_duration_seconds,
                consecutive_errors=monitor.consecutive_errors,
                last_error=monitor.last_error,
                cause=view.delivery.cause,
                settings_generation=monitor.limits.generation,
                stream=view.delivery.stream,
                cumulative=self._delivery.journal.ends,
                frames=frames_of(view),
            ),
        )
        if problem is not None:
            self._log.warning(problem)

    def _exception(self) -> KafkaBufferException:
        monitor = self._delivery.snapshot.monitor
        return KafkaBufferException(
            duration_seconds=monitor.error_duration_seconds,
            consecutive_errors=monitor.consecutive_errors,
            threshold_seconds=monitor.limits.threshold_seconds,
            last_error=monitor.last_error,
            fatal=monitor.fatal,
        )

    def _live_settings_file(self) -> LiveSettingsFile | None:
        if self._settings.live_settings_file is None:
            return None
        defaults = LiveChange(
            threshold_seconds=self._settings.kafka_buffer_error_threshold_seconds,
            hold=False,
            generation=None,
            simulate_buffer_error=self._settings.simulate_buffer_error,
        )
        return LiveSettingsFile(self._settings.live_settings_file, defaults)

    def _look_at_live_settings(self) -> None:
        if self._live is None:
            return
        read = self._live.look()
        if read.problem is not None:
            self._log.warning(
                f"LIVE_SETTINGS_FILE is not usable and the settings stay as they are: "
                f"{read.problem}"
            )
        if read.note is not None:
            self._log.warning(f"LIVE_SETTINGS_FILE: {read.note}")
        if read.change is not None:
            self._delivery.apply(read.change)
            self._log.info(
                "live settings applied",
                generation=read.change.generation,
                threshold_seconds=read.change.threshold_seconds,
                hold=read.change.hold,
                hold_until=rfc3339(read.change.hold_until_seconds),
                simulate_buffer_error=read.change.simulate_buffer_error,
            )
