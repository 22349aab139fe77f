"""The publisher on a real producer: who waits before it, in which order, and how it comes back."""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING

import pytest

from camerastream.delivery.errors import Verdict
from camerastream.delivery.handover import IDEMPOTENT_WINDOW_FRAMES
from camerastream.delivery.producer_config import configure
from camerastream.delivery.producer_events import Acknowledged, Failed, PublisherEvent
from camerastream.delivery.publisher import Publisher
from camerastream.delivery.records import OutgoingFrame
from tests.integration.topic import wait_until
from tests.simulators.broker import MockBroker

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAME_BYTES = 100_000
TOPIC = "camera-stream"


@pytest.fixture
def broker() -> Iterator[MockBroker]:
    with MockBroker() as started:
        yield started


class Sending:
    """A publisher and what it has said."""

    def __init__(self, broker: MockBroker, **settings: str) -> None:
        self.events: queue.SimpleQueue[PublisherEvent] = queue.SimpleQueue()
        given = {name.replace("_", "."): value for name, value in settings.items()}
        config = configure({"bootstrap.servers": broker.bootstrap_servers}, given)
        self.publisher = Publisher(config, TOPIC, self.events.put, clock=time.monotonic)
        self._next = 0

    def send(self, frames: int) -> None:
        for _ in range(frames):
            self.publisher.send_message(
                OutgoingFrame(
                    position=self._next,
                    stream="test",
                    sequence=self._next,
                    captured_at_seconds=time.time(),
                    key=b"lobby",
                    headers=(),
                    value=self._next.to_bytes(4, "big") + bytes(FRAME_BYTES - 4),
                )
            )
            self._next += 1

    def said(self, kind: type[Acknowledged | Failed], frames: int) -> list[Acknowledged | Failed]:
        """Wait for so many events of a kind; others must be clues only."""
        found: list[Acknowledged | Failed] = []
        while len(found) < frames:
            event = self.events.get(timeout=30)
            if isinstance(event, Acknowledged | Failed):
                assert isinstance(event, kind), event
                found.append(event)
        return found

    def connected(self) -> Sending:
        self.send(1)
        self.said(Acknowledged, 1)
        return self


def test_frames_wait_outside_a_producer_whose_broker_is_silent(broker: MockBroker) -> None:
    """Inside they would make its thread spin; see handover."""
    sending = Sending(broker).connected()
    broker.freeze()
    sending.send(IDEMPOTENT_WINDOW_FRAMES)
    time.sleep(0.1)  # Until it is silent for longer than a near broker is.
    sending.send(50)
    assert len(sending.publisher.producer) == IDEMPOTENT_WINDOW_FRAMES
    assert sending.publisher.queue.frames == IDEMPOTENT_WINDOW_FRAMES + 50
    broker.thaw()
    acknowledged = sending.said(Acknowledged, IDEMPOTENT_WINDOW_FRAMES + 50)
    sequences = [event.tag.sequence for event in acknowledged]
    assert sequences == sorted(sequences)
    wait_until(lambda: sending.publisher.queue.frames == 0)
    sending.publisher.close()


def test_after_the_socket_timeout_the_producer_has_them_all(broker: MockBroker) -> None:
    sending = Sending(broker, socket_timeout_ms="1000").connected()
    broker.freeze()
    sending.send(IDEMPOTENT_WINDOW_FRAMES)
    time.sleep(0.1)
    sending.send(20)
    wait_until(lambda: len(sending.publisher.producer) == IDEMPOTENT_WINDOW_FRAMES + 20)
    sending.publisher.close()


def test_what_waits_comes_back_when_it_is_called_back(broker: MockBroker) -> None:
    sending = Sending(broker).connected()
    broker.freeze()
    sending.send(IDEMPOTENT_WINDOW_FRAMES)
    time.sleep(0.1)
    sending.send(20)
    sending.publisher.purge()
    failed = sending.said(Failed, IDEMPOTENT_WINDOW_FRAMES + 20)
    by_sequence = {event.tag.sequence: event for event in failed}
    assert sorted(by_sequence) == list(range(1, IDEMPOTENT_WINDOW_FRAMES + 21))
    for sequence, event in by_sequence.items():
        assert isinstance(event, Failed)
        assert event.failure.verdict is Verdict.PURGED
        assert event.value == sequence.to_bytes(4, "big") + bytes(FRAME_BYTES - 4)
    assert sending.publisher.queue.frames == 0
    sending.publisher.close()


def test_a_full_queue_is_the_producers_own_word(broker: MockBroker) -> None:
    frames = 40
    sending = Sending(broker, queue_buffering_max_kbytes=str(frames * FRAME_BYTES // 1024))
    sending.connected()
    broker.freeze()
    sending.send(IDEMPOTENT_WINDOW_FRAMES)
    time.sleep(0.1)
    with pytest.raises(BufferError, match="Queue full"):
        sending.send(2 * frames)
    # All that was taken is in the producer by now, and it refused the one after.
    assert len(sending.publisher.producer) == sending.publisher.queue.frames
    assert sending.publisher.queue.utilization > 0.95
    sending.publisher.close()


def test_without_idempotence_nothing_waits(broker: MockBroker) -> None:
    sending = Sending(broker, enable_idempotence="false").connected()
    broker.freeze()
    sending.send(IDEMPOTENT_WINDOW_FRAMES)
    time.sleep(0.1)
    sending.send(20)
    assert len(sending.publisher.producer) == IDEMPOTENT_WINDOW_FRAMES + 20
    sending.publisher.close()
