"""`/metrics`: the program's view for Prometheus, made anew at every scrape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from camerastream.capture.causes import Cause
from camerastream.delivery import losses
from camerastream.delivery.monitor import MonitorState
from camerastream.ending import EndReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Metric

    from camerastream.health.view import ProgramView

_PREFIX = "camerastream_"
_TRIPS = (EndReason.BUFFER.value, EndReason.FATAL.value)
_CAUSES = tuple(cause.value for cause in Cause)


class ProgramCollector(Collector):
    """Makes all metrics from one view, so that the counts of a scrape fit each other.

    Args:
        view: Returns the program as it is.
    """

    def __init__(self, view: Callable[[], ProgramView]) -> None:
        self._view = view

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: registration must not need a running program."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """Yield every metric."""
        view = self._view()
        yield from _counters(view)
        yield from _gauges(view)


def _counters(view: ProgramView) -> Iterator[Metric]:
    counts = view.counts
    for name, about, value in (
        ("frames_captured_total", "Frames checked for motion.", counts.captured),
        ("frames_selected_total", "Frames captured for sending.", counts.selected),
        ("frames_delivered_total", "Frames acknowledged by Kafka.", counts.delivered),
        ("buffer_errors_total", "Kafka buffer errors.", counts.buffer_errors),
    ):
        yield CounterMetricFamily(_PREFIX + name, about, value=value)
    trips = "Times the buffer monitor forced a restart."
    reconnects = "Times the camera had to be opened again."
    for name, about, label, known, values in (
        ("frames_dropped_total", "Frames given up.", "reason", losses.REASONS, counts.dropped),
        ("trips_total", trips, "reason", _TRIPS, counts.trips),
        ("camera_reconnects_total", reconnects, "cause", _CAUSES, view.source.reconnects),
    ):
        family = CounterMetricFamily(_PREFIX + name, about, labels=[label])
        # What has not happened yet is 0: `increase()` sees no first time of a counter that
        # begins with it.
        for key, value in sorted({**dict.fromkeys(known, 0), **values}.items()):
            family.add_metric([key], value)
        yield family


def _gauges(view: ProgramView) -> Iterator[Metric]:
    delivery = view.delivery
    monitor = delivery.monitor
    for name, about, value in (
        (
            "frames_in_flight",
            "Frames handed to the producer, unacknowledged.",
            view.counts.in_flight,
        ),
        ("frames_spooled", "Frames that wait on disk.", view.counts.spooled),
        ("spool_bytes", "Bytes of the frames on disk.", delivery.spool_bytes),
        ("queue_utilization_ratio", "Use of the producer's queue.", delivery.queue.utilization),
        (
            "oldest_unacked_seconds",
            "Age of the oldest frame without an acknowledgement.",
            view.oldest_unacked_seconds,
        ),
        (
            "buffer_error_seconds",
            "Time since the first of continuous buffer errors.",
            monitor.error_duration_seconds,
        ),
        (
            "buffer_error_threshold_seconds",
            "Continuous buffer errors for this long force a restart.",
            monitor.limits.threshold_seconds,
        ),
        ("camera_up", "Whether frames arrive from the camera.", view.source.up),
        (
            "last_frame_timestamp_seconds",
            "Unix time of the last frame.",
            view.source.last_frame_seconds or 0,
        ),
        ("hold", "Whether crossing the threshold only reports.", monitor.limits.hold),
    ):
        yield GaugeMetricFamily(_PREFIX + name, about, value=float(value))
    states = GaugeMetricFamily(
        _PREFIX + "monitor_state", "1 for the monitor's state, else 0.", labels=["state"]
    )
    for state in MonitorState:
        states.add_metric([state.value], float(monitor.state is state))
    yield states
