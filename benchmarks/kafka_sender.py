"""Sends frames to Kafka at a camera's pace and says what it cost: one child of `slow_link`.

python -m benchmarks.kafka_sender ours 127.0.0.1:9092 topic 300
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import Producer

from camerastream.delivery.producer_config import configure
from camerastream.delivery.producer_events import Acknowledged, Failed, PublisherEvent
from camerastream.delivery.publisher import Publisher
from camerastream.delivery.records import OutgoingFrame

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Sender(Protocol):
        """Takes numbered frames and ends when all are acknowledged."""

        def send(self, number: int) -> None:
            """Take a frame; returns at once."""

        def finish(self, timeout_seconds: float) -> None:
            """Wait for acknowledgements."""


FRAMES_PER_SECOND = 30
FRAME_BYTES = 100_000
WARM_UP = 1_000_000
"""Number of the frame that brings the connection up before anything is measured."""
_FINISH_SECONDS = 60.0
_FULL_SECONDS = 0.005

SETTINGS: dict[str, dict[str, str]] = {
    "ours": {},
    "bare": {},
    "linger 500 ms": {"linger.ms": "500"},
    "batches of one": {"batch.num.messages": "1"},
    "one in flight": {"max.in.flight": "1"},
    "not idempotent": {"enable.idempotence": "false"},
}
"""Ways to send, each with what it changes of this program's defaults."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run cost.

    Attributes:
        cpu_seconds: Of this process while frames were fed.
        wall_seconds: For how long they were; flat out, until the last acknowledgement.
        latencies_seconds: From when a frame was due to its acknowledgement, in order of those.
    """

    cpu_seconds: float
    wall_seconds: float
    latencies_seconds: list[float]


class BareSender:
    """The plain loop on confluent-kafka."""

    def __init__(
        self, values: dict[str, str], topic: str, acknowledged: Callable[[int], None]
    ) -> None:
        self._producer = Producer(values)
        self._topic = topic
        self._acknowledged = acknowledged
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()

    def send(self, number: int) -> None:
        """Take a frame."""
        self._producer.produce(
            self._topic,
            value=bytes(FRAME_BYTES),
            key=b"camera",
            headers=[("ce_sequence", str(number).encode())],
            on_delivery=lambda error, _: None if error else self._acknowledged(number),
        )

    def finish(self, timeout_seconds: float) -> None:
        """Wait for acknowledgements."""
        self._producer.flush(timeout_seconds)
        self._ending.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._ending.is_set():
            self._producer.poll(0.1)


class OurSender:
    """This program's publisher."""

    def __init__(
        self, values: dict[str, str], topic: str, acknowledged: Callable[[int], None]
    ) -> None:
        self._acknowledged = acknowledged
        self._under_way = 0
        self._publisher = Publisher(configure(values, {}), topic, self._event, clock=time.monotonic)

    def send(self, number: int) -> None:
        """Take a frame."""
        self._publisher.send_message(
            OutgoingFrame(
                position=number,
                stream="benchmark",
                sequence=number,
                captured_at_seconds=time.time(),
                key=b"camera",
                headers=(("ce_sequence", str(number).encode()),),
                value=bytes(FRAME_BYTES),
            )
        )
        self._under_way += 1

    def finish(self, timeout_seconds: float) -> None:
        """Wait for acknowledgements."""
        deadline = time.monotonic() + timeout_seconds
        while self._under_way and time.monotonic() < deadline:
            time.sleep(_FULL_SECONDS)
        self._publisher.close()

    def _event(self, event: PublisherEvent) -> None:
        match event:
            case Acknowledged():
                self._acknowledged(event.tag.sequence)
                self._under_way -= 1
            case Failed():
                print(event.failure, file=sys.stderr)


def measure(
    way: str, bootstrap_servers: str, topic: str, frames: int, *, flat_out: bool = False
) -> Cost:
    """Send frames.

    Args:
        way: One of `SETTINGS`.
        bootstrap_servers: Where the broker is.
        topic: Where they go.
        frames: How many.
        flat_out: As fast as the producer takes them, and until all are acknowledged, instead
            of at a camera's pace.
    """
    due: dict[int, float] = {WARM_UP: 0.0}
    latencies: list[float] = []
    warm = threading.Event()

    def acknowledged(number: int) -> None:
        if number == WARM_UP:
            warm.set()
        else:
            latencies.append(time.monotonic() - due[number])

    values = dict(
        configure({"bootstrap.servers": bootstrap_servers, "log_level": "0"}, SETTINGS[way]).values
    )
    make = OurSender if way == "ours" else BareSender
    sender: Sender = make(values, topic, acknowledged)
    sender.send(WARM_UP)
    if not warm.wait(_FINISH_SECONDS):
        raise SystemExit("the broker acknowledged nothing")
    print("feeding", flush=True)
    cpu_seconds, began = time.process_time(), time.monotonic()
    for number in range(frames):
        due[number] = began if flat_out else began + number / FRAMES_PER_SECOND
        time.sleep(max(0.0, due[number] - time.monotonic()))
        _send(sender, number)
    if flat_out:
        sender.finish(_FINISH_SECONDS)
    cpu_seconds = time.process_time() - cpu_seconds
    # Flat out all are due at the beginning; ending the threads that poll takes up to 0.2 s more.
    wall_seconds = max(latencies) if flat_out else time.monotonic() - began
    print("fed", flush=True)
    if not flat_out:
        sender.finish(_FINISH_SECONDS)
    return Cost(cpu_seconds, wall_seconds, latencies)


def _send(sender: Sender, number: int) -> None:
    while True:
        try:
            return sender.send(number)
        except BufferError:
            time.sleep(_FULL_SECONDS)


def main() -> None:
    """Send, and print what it cost as one line of JSON."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("way", choices=list(SETTINGS))
    parser.add_argument("bootstrap_servers")
    parser.add_argument("topic")
    parser.add_argument("frames", type=int)
    parser.add_argument("--flat-out", action="store_true")
    given = parser.parse_args()
    cost = measure(
        given.way, given.bootstrap_servers, given.topic, given.frames, flat_out=given.flat_out
    )
    print(
        json.dumps(
            {
                "cpu_seconds": cost.cpu_seconds,
                "wall_seconds": cost.wall_seconds,
                "latencies_seconds": cost.latencies_seconds,
            }
        )
    )


if __name__ == "__main__":
    main()
