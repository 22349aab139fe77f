"""The operator's metrics, all with the prefix `camerastream_operator_`."""

from __future__ import annotations

from collections import Counter as Tally
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from camerastream_operator.classify import RestartReason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    _Conditions = tuple[tuple[str, str, str], ...]

_PREFIX = "camerastream_operator_"
API_ERROR, UNEXPECTED_ERROR = "api", "unexpected"
_SECONDS = (0.005, 0.02, 0.1, 0.5, 1, 2, 5, 15)


class Metrics:
    """What is counted.

    Attributes:
        registry: Holds all of it.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reconcile_seconds = Histogram(
            f"{_PREFIX}reconcile_seconds",
            "Time that looking after one camera took",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.reconcile_errors = Counter(
            f"{_PREFIX}reconcile_errors",
            "Times that looking after a camera failed, and was put off",
            ["kind"],
            registry=self.registry,
        )
        self.api_writes = Counter(
            f"{_PREFIX}api_writes",
            "Writes to the API server by verb, resource and HTTP status (0: no answer)",
            ["verb", "resource", "status"],
            registry=self.registry,
        )
        self.restarts = Counter(
            f"{_PREFIX}restarts",
            "Container restarts that were counted since this operator began to look",
            ["reason"],
            registry=self.registry,
        )
        for reason in RestartReason:
            # `increase()` does not see the first restart where a series begins with it.
            self.restarts.labels(reason.value)
        self.resync_errors = Counter(
            f"{_PREFIX}resync_errors",
            "Times that listing and comparing everything failed",
            registry=self.registry,
        )
        self.defaults_usable = Gauge(
            f"{_PREFIX}defaults_file_usable",
            "1 while the file with the defaults can be used as it is now",
            registry=self.registry,
        )
        self.leader = Gauge(
            f"{_PREFIX}leader", "1 while this replica does the work", registry=self.registry
        )
        # What has not happened yet is 0: `increase()` sees no first time of a counter that
        # begins with it.
        for reason in RestartReason:
            self.restarts.labels(reason.value)
        for kind in (API_ERROR, UNEXPECTED_ERROR):
            self.reconcile_errors.labels(kind)
        self.defaults_usable.set(1)
        self.leader.set(0)

    def watch_gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Serve a number that is asked for at every scrape."""
        Gauge(f"{_PREFIX}{name}", text, registry=self.registry).set_function(value)

    def watch_cameras(self, conditions: Callable[[], Iterable[_Conditions]]) -> None:
        """Serve how many cameras have which conditions.

        Args:
            conditions: Returns type, status and reason of every condition of every camera.
        """
        self.registry.register(_CamerasByCondition(conditions))


class _CamerasByCondition(Collector):
    def __init__(self, conditions: Callable[[], Iterable[_Conditions]]) -> None:
        self._conditions = conditions

    def collect(self) -> Iterable[GaugeMetricFamily]:
        tally: Tally[tuple[str, str, str]] = Tally()
        total = 0
        for conditions in self._conditions():
            total += 1
            tally.update(conditions)
        yield GaugeMetricFamily(f"{_PREFIX}cameras", "CameraStreams that are known", total)
        family = GaugeMetricFamily(
            f"{_PREFIX}cameras_by_condition",
            "CameraStreams by type, status and reason of their conditions",
            labels=("condition", "status", "reason"),
        )
        for labels, count in sorted(tally.items()):
            family.add_metric(labels, count)
        yield family
