"""A real delivery on a real producer, fed at a camera's pace."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from camerastream.assembly import make_delivery, open_state_dir, plan_producer
from camerastream.frames import EncodedFrame
from camerastream.settings.model import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from camerastream.delivery.service import Delivery

TOPIC = "camera-stream"
THRESHOLD_SECONDS = 5.0
SETTLE_SECONDS = 1.5


def jpeg(size_bytes: int = 2000) -> EncodedFrame:
    return EncodedFrame(
        data=b"\xff\xd8" + bytes(size_bytes - 4) + b"\xff\xd9",
        width=640,
        height=480,
        captured_at_seconds=time.time(),
        motion_area_pixels=1234,
        jpeg_quality=80,
        original_bytes=640 * 480 * 3,
    )


class Stream:
    """One run of the delivery on a state directory, as one life of a container."""

    def __init__(
        self,
        bootstrap_servers: str,
        state_dir: Path,
        *,
        producer: dict[str, str] | None = None,
        **settings: Any,
    ) -> None:
        self.settings = Settings(
            **{
                "camera_id": "lobby",
                "rtsp_camera_url": "test:",
                "kafka_bootstrap_servers": bootstrap_servers,
                "camera_stream_topic": TOPIC,
                "state_dir": state_dir,
                "kafka_buffer_error_threshold_seconds": THRESHOLD_SECONDS,
                "kafka_buffer_settle_seconds": SETTLE_SECONDS,
                # Scaled like the times: a broker that hangs is left sooner.
                "kafka_config": {"socket.timeout.ms": "3000", **(producer or {})},
                **settings,
            }
        )
        self.state_dir = open_state_dir(self.settings)
        self.delivery: Delivery = make_delivery(
            self.settings, plan_producer(self.settings).config, self.state_dir
        )
        self.delivery.start()
        assert self.delivery.ready.wait(20)
        self._feeding = threading.Event()
        self._feeder: threading.Thread | None = None

    @property
    def stream_id(self) -> str:
        return self.state_dir.beginning.state.stream

    @property
    def selected(self) -> int:
        return self.delivery.accounting.snapshot().selected

    def feed(self, frames_per_second: float = 20, size_bytes: int = 2000) -> None:
        """Feed frames at a pace until `stop_feeding`."""

        def run() -> None:
            due = time.monotonic()
            while not self._feeding.wait(max(0.0, due - time.monotonic())):
                self.delivery.submit(jpeg(size_bytes))
                due += 1 / frames_per_second

        self._feeding.clear()
        self._feeder = threading.Thread(target=run, daemon=True)
        self._feeder.start()

    def stop_feeding(self) -> None:
        self._feeding.set()
        if self._feeder is not None:
            self._feeder.join()

    def end(self, *, flush_seconds: float = 0.0) -> None:
        """End in order, as SIGTERM does."""
        self.stop_feeding()
        assert self.delivery.stop(flush_seconds=flush_seconds, timeout_seconds=20)
        counts = self.delivery.accounting.snapshot()
        assert counts.balanced, counts
        assert counts.in_flight == 0, counts
        self.state_dir.lock.close()

    def close(self) -> None:
        """End whatever has happened: a producer that is left would go on complaining."""
        self.stop_feeding()
        self.delivery.stop(flush_seconds=0, timeout_seconds=20)
        self.state_dir.lock.close()

    def drained(self) -> bool:
        counts = self.delivery.accounting.snapshot()
        return counts.in_flight == 0 and counts.spooled == 0
