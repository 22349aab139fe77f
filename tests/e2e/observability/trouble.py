"""Provokes on real pods what the alerts and the dashboard are there for."""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

from confluent_kafka.admin import AdminClient, NewTopic

from tests.e2e.cameras.camera import Camera
from tests.e2e.observability.alerts import Period, states
from tests.e2e.observability.installed import OPERATOR
from tests.integration.topic import wait_until

if TYPE_CHECKING:
    from tests.e2e.kubectl import Kubectl
    from tests.e2e.observability.installed import InstalledChart
    from tests.e2e.observability.prometheus import Prometheus
    from tests.e2e.pods.kafka import PodKafka

_LONG_SECONDS = 300
_SMALL_MESSAGE_BYTES = 1000
_CALM = {"source": {"url": "test:320x240@2"}, "bufferMonitor": {"settleSeconds": 1}}

HEALTHY = ("gate", "lobby", "yard")
TROUBLED = ("away", "broken", "heavy", "jammed")
EXPECTED = {
    "CameraStreamBufferErrors": {"jammed", "yard"},
    "CameraStreamCameraDown": {"away"},
    "CameraStreamCannotRun": {""},
    "CameraStreamDefaultsUnusable": {""},
    "CameraStreamFramesLost": {"heavy"},
    "CameraStreamFramesNotAcknowledged": {"yard"},
    "CameraStreamHeld": {"jammed", "yard"},
    "CameraStreamKafkaOutage": {""},
    "CameraStreamNotReady": {"away", "broken", "jammed", "yard"},
    "CameraStreamNotScraped": {"broken"},
    "CameraStreamOperatorDown": {""},
    "CameraStreamRestarts": {""},
    "CameraStreamRestartsDoNotHelp": {"jammed"},
}
"""Alerts that fire, with the cameras among those that they name; empty for the operator's."""


class Cameras:
    """The cameras of the scene.

    Args:
        kubectl: In their namespace.
        kafka: Where their frames go.
    """

    def __init__(self, kubectl: Kubectl, kafka: PodKafka) -> None:
        self._kubectl = kubectl
        self._kafka = kafka

    def __getitem__(self, name: str) -> Camera:
        return Camera(self._kubectl, name, self._kafka)

    def start_healthy(self) -> None:
        """Start three that are well: at the chart's defaults, every frame, and no motion."""
        lobby = self["lobby"].manifest(source={"url": "test:640x360@10"})
        # What a user leaves out: a frame in 5 s, a threshold of 60 s, the producer's own queue.
        for left_out in ("capture", "bufferMonitor"):
            del lobby["spec"][left_out]
        del lobby["spec"]["kafka"]["producerConfig"]
        still = {"thresholdPixels": 320 * 240}
        self._kubectl.apply(
            lobby,
            self["yard"].manifest(**_CALM),
            self["gate"].manifest(**_CALM, motion=still),
        )
        for name in HEALTHY:
            self[name].wait_for_condition("Ready", "True", "Streaming")
        self["lobby"].wait_for_delivered(3)

    def start_troubled(self) -> None:
        """Start some that are not: each is wrong in a way of its own."""
        topic = f"small-{uuid.uuid4().hex[:8]}"
        admin = AdminClient({"bootstrap.servers": self._kafka.bootstrap_servers, "log_level": 0})
        small = NewTopic(topic, 1, 1, config={"max.message.bytes": str(_SMALL_MESSAGE_BYTES)})
        admin.create_topics([small])[topic].result(30)
        budget = {"budget": {"restarts": 3, "windowSeconds": 3600}}
        self._kubectl.apply(
            self["away"].manifest(source={"url": "rtsp://127.0.0.1:1/none"}),
            self._with_kafka("broken", producerConfig={"no.such.property": "1"}),
            self._with_kafka("heavy", topic=topic),
            self["jammed"].manifest(
                source=_CALM["source"],
                bufferMonitor={
                    "thresholdSeconds": 5,
                    "settleSeconds": 1,
                    "simulateBufferError": "Enabled",
                },
                restartPolicy=budget,
            ),
        )

    def _with_kafka(self, name: str, **kafka: Any) -> dict[str, Any]:
        manifest = self[name].manifest(**_CALM)
        manifest["spec"]["kafka"].update(kafka)
        return manifest


class Trouble:
    """Runs the story of everything that goes wrong.

    Args:
        chart: The chart, installed.
        cameras: The healthy ones run.
        kafka: Where their frames go.
        prometheus: Watches all of it.
    """

    def __init__(
        self, chart: InstalledChart, cameras: Cameras, kafka: PodKafka, prometheus: Prometheus
    ) -> None:
        self._chart = chart
        self._cameras = cameras
        self._kafka = kafka
        self._prometheus = prometheus
        self._start = time.time()

    def run(self) -> Period:
        """Let everything go wrong and most of it be put right; return when that was."""
        kept = self._spoil_defaults()
        self._cameras.start_troubled()
        self._wait_for_alerts("CameraDown", "NotScraped", "FramesLost", "Restarts", "CannotRun")
        self._wait_for_alerts("RestartsDoNotHelp")
        # Its budget is used up: it is held, with errors that go on.
        self._cameras["jammed"].wait_for_condition("BufferHealthy", "False", "Held")
        self._kafka.freeze()
        self._wait_for_alerts("KafkaOutage", "BufferErrors", "Held", "NotReady")
        self._wait_for_alerts("FramesNotAcknowledged")
        self._kafka.thaw()
        self._wait_for_alerts("DefaultsUnusable")
        self._chart.kubectl.apply(kept)
        self._replace_operator()
        self._cameras["yard"].wait_for_condition("Ready", "True", "Streaming")
        # The fleet's hold is over, and its own is left.
        held = 'kube_camerastream_status_hold{camera="jammed", hold="BudgetExhausted"} == 1'
        wait_until(
            lambda: bool(self._prometheus.query(held)),
            _LONG_SECONDS,
            lambda: str(self._cameras["jammed"].status()),
        )
        return Period(self._start, time.time())

    def _spoil_defaults(self) -> dict[str, Any]:
        """Write nonsense into the operator's ConfigMap; return what stood there."""
        before = self._chart.config_map("operator")
        for name in ("resourceVersion", "uid", "creationTimestamp", "managedFields"):
            before["metadata"].pop(name, None)
        nonsense = json.dumps({"data": {"defaults.yaml": "stream: ["}})
        self._chart.kubectl("patch", "configmap", OPERATOR, "--type=merge", f"--patch={nonsense}")
        return before

    def _replace_operator(self) -> None:
        kubectl = self._chart.kubectl
        kubectl("scale", f"deployment/{OPERATOR}", "--replicas=0")
        self._wait_for_alerts("OperatorDown")
        kubectl("scale", f"deployment/{OPERATOR}", "--replicas=1")
        kubectl("rollout", "status", f"deployment/{OPERATOR}", "--timeout=110s")

    def _wait_for_alerts(self, *names: str) -> None:
        """Wait until each of them has fired, for the cameras that it should."""

        def missing() -> list[str]:
            period = Period(self._start, time.time())
            fired = states(self._prometheus, "firing", period)
            wanted = {f"CameraStream{name}" for name in names}
            return sorted(
                f"{name} {sorted(EXPECTED[name] - fired.get(name, set()))}"
                for name in wanted
                if not EXPECTED[name] <= fired.get(name, set())
            )

        wait_until(lambda: not missing(), _LONG_SECONDS, lambda: f"{missing()} did not fire")
