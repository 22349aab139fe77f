"""Reads a topic along while a test runs: what really arrived, in which order."""

from __future__ import annotations

import threading
import time
import uuid
from collections import defaultdict
from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from camerastream.message import FrameHeader, from_headers

if TYPE_CHECKING:
    from collections.abc import Callable


class TopicReader:
    """Collects every frame of a topic on a thread, from the beginning on.

    A mock broker keeps 5 MiB per partition, so reading afterwards would miss frames.
    """

    def __init__(self, bootstrap_servers: str, topic: str, partitions: int = 1) -> None:
        self.frames: list[tuple[FrameHeader, bytes]] = []
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": uuid.uuid4().hex,
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 50,
                "reconnect.backoff.max.ms": 500,
                "socket.timeout.ms": 3000,
                "log_level": 0,
            }
        )
        self._consumer.assign(
            [TopicPartition(topic, number, OFFSET_BEGINNING) for number in range(partitions)]
        )
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            message = self._consumer.poll(0.1)
            if message is not None and message.error() is None:
                self.frames.append((from_headers(message.headers()), message.value() or b""))

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()
        self._consumer.close()

    def sequences(self) -> dict[str, list[int]]:
        """Return the sequence numbers by stream, in order of arrival."""
        found: dict[str, list[int]] = defaultdict(list)
        for header, _ in list(self.frames):
            found[header.stream].append(header.sequence)
        return found

    def wait_for(self, stream: str, frames: int, timeout_seconds: float = 30) -> list[int]:
        """Wait until that many different frames of a stream have arrived."""
        wait_until(
            lambda: len(set(self.sequences().get(stream, []))) >= frames,
            timeout_seconds,
            lambda: f"{len(set(self.sequences().get(stream, [])))} of {frames} frames arrived",
        )
        return self.sequences()[stream]


def wait_until(
    condition: Callable[[], bool],
    timeout_seconds: float = 30,
    what: Callable[[], str] = lambda: "it did not happen",
) -> None:
    """Wait for something to become true; generous, since machines are busy."""
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what()} within {timeout_seconds:g} s")
        time.sleep(0.02)


def assert_complete_and_in_order(sequences: list[int], frames: int) -> None:
    """Every number from 0 on, the first of each in order; repeats are allowed."""
    firsts = list(dict.fromkeys(sequences))
    assert sorted(firsts) == list(range(frames)), "frames are missing"
    assert firsts == sorted(firsts), "a frame was overtaken"
