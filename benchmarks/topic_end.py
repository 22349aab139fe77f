"""The end of the topic, as a consumer sees it: asking a program how far it is costs it CPU."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from confluent_kafka import Consumer, TopicPartition

from benchmarks.stage import TOPIC

if TYPE_CHECKING:
    from confluent_kafka import Message


class TopicEnd:
    """Reads what comes after a mark.

    Args:
        bootstrap_servers: Where the broker is.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap_servers,
                "group.id": uuid.uuid4().hex,
                "enable.auto.commit": False,
                "fetch.wait.max.ms": 10,
                "log_level": 0,
            }
        )

    def mark(self) -> None:
        """What comes from now on counts."""
        partition = TopicPartition(TOPIC, 0)
        _, partition.offset = self._consumer.get_watermark_offsets(partition)
        self._consumer.assign([partition])

    def message(self) -> Message | None:
        """Return the next message, or None when none came for a moment."""
        message = self._consumer.poll(0.1)
        return None if message is None or message.error() else message

    def close(self) -> None:
        """End."""
        self._consumer.close()
