"""Reads a topic from all its partitions, without a consumer group and without commits."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from camerastream.watch.start import Start

_METADATA_SECONDS = 1.0
"""How long one question about the topic may take; the view stands still meanwhile."""
_LOOK_AGAIN_SECONDS = 5.0
_MOST_MESSAGES = 200
_CONNECTING = "connecting"

# Not of this reader's making: it joins no group, but the client asks after its group's
# coordinator all the same, which may be forbidden.
_IGNORED = frozenset(
    {KafkaError.GROUP_AUTHORIZATION_FAILED, KafkaError._PARTITION_EOF}  # noqa: SLF001
)


@dataclass(frozen=True, slots=True)
class Received:
    """A message of the topic.

    Attributes:
        partition: Where it stands.
        offset: Its place there.
        headers: Its headers, None when it has none.
        value: Its value, None when it has none.
    """

    partition: int
    offset: int
    headers: list[tuple[str, bytes | None]] | None
    value: bytes | None


class TopicReader:
    """Reads a topic, also one that does not exist yet, from brokers that may be away.

    Not thread-safe.

    Args:
        connection: librdkafka's settings of the connection.
        topic: The topic.
        start: Where to begin. A partition that appears later is read from its beginning.
        clock: Seconds that never go back.
        make_consumer: Makes the client.

    Raises:
        ValueError: The client refuses the settings.

    Attributes:
        problem: Why nothing can be read at present, None while all is well.
    """

    def __init__(
        self,
        connection: Mapping[str, str],
        topic: str,
        start: Start,
        *,
        clock: Callable[[], float] = time.monotonic,
        make_consumer: Callable[[dict[str, Any]], Any] = Consumer,
    ) -> None:
        self._topic = topic
        self._start = start
        self._clock = clock
        self._assigned: set[int] = set()
        self._at_end: set[int] = set()
        self._seen_topic = False
        self._missing = False
        self._first_answer = True
        self._look_at = 0.0
        self.problem: str | None = _CONNECTING
        try:
            self._consumer = make_consumer(
                {
                    "client.id": "camerastream-watch",
                    "socket.timeout.ms": "10000",
                    "reconnect.backoff.max.ms": "2000",
                    # What the client may hold ready: its default of 64 MiB helps nobody here.
                    "queued.max.messages.kbytes": "16384",
                    "fetch.wait.max.ms": "250",
                    **connection,
                    # The client wants a group's name even where no group is joined.
                    "group.id": f"camerastream-watch-{uuid.uuid4()}",
                    "enable.auto.commit": "false",
                    "enable.auto.offset.store": "false",
                    "auto.offset.reset": "earliest",
                    "enable.partition.eof": "true",
                    # Its own lines on standard error would break the view.
                    "log_level": "0",
                    "error_cb": self._client_error,
                }
            )
        except KafkaException as error:
            raise ValueError(str(error.args[0].str())) from None

    @property
    def at_end(self) -> bool:
        """Whether all that the topic holds has been read; a topic not yet made holds nothing."""
        if self._missing:
            return True
        return bool(self._assigned) and self._assigned <= self._at_end and self.problem is None

    @property
    def partitions(self) -> int:
        """How many partitions are being read."""
        return len(self._assigned)

    def read(self, timeout_seconds: float) -> list[Received]:
        """Return the next messages, none when there are none in time."""
        if self._clock() >= self._look_at:
            self._look()
            # At first at once again, so that nothing is waited for without need.
            patience = _LOOK_AGAIN_SECONDS if self._assigned else timeout_seconds
            self._look_at = self._clock() + patience
        received = []
        for message in self._consumer.consume(_MOST_MESSAGES, timeout_seconds):
            error = message.error()
            partition = message.partition()
            if error is None:
                self.problem = None
                self._at_end.discard(partition)
                received.append(
                    Received(partition, message.offset(), message.headers(), message.value())
                )
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001
                self.problem = None
                self._at_end.add(partition)
            else:
                self._client_error(error)
        return received

    def close(self) -> None:
        """End."""
        self._consumer.close()

    def _look(self) -> None:
        """Look for partitions that are not read yet."""
        try:
            found = self._consumer.list_topics(self._topic, timeout=_METADATA_SECONDS)
            metadata = found.topics[self._topic]
            if metadata.error is not None:
                self._no_topic(metadata.error)
                return
            self._seen_topic, self._missing = True, False
            fresh = sorted(set(metadata.partitions) - self._assigned)
            if fresh:
                self._consumer.incremental_assign(self._begin(fresh))
                self._assigned.update(fresh)
            self._first_answer = False
        except KafkaException as error:
            # A broker that is away is told of by the error callback, more exactly.
            if not self._exact:
                self.problem = f"no answer from the brokers ({error.args[0].str()})"
            return
        self.problem = None

    def _no_topic(self, error: KafkaError) -> None:
        if error.code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            gone = "no longer exists" if self._seen_topic else "does not exist yet"
            self.problem = f"topic {self._topic} {gone}"
            self._missing = True
            # What it will hold came after this moment, so even "end" means all of it.
            self._first_answer = False
        else:
            self.problem = f"topic {self._topic}: {error.str()}"

    def _begin(self, numbers: list[int]) -> list[TopicPartition]:
        """Return where to begin in partitions.

        Raises:
            KafkaException: The brokers do not say.
        """
        if self._first_answer and self._start.at_end:
            return [TopicPartition(self._topic, each, self._end_of(each)) for each in numbers]
        if self._first_answer and self._start.since_seconds is not None:
            milliseconds = int(self._start.since_seconds * 1000)
            asked = [TopicPartition(self._topic, each, milliseconds) for each in numbers]
            answered = self._consumer.offsets_for_times(asked, timeout=_METADATA_SECONDS)
            return [
                TopicPartition(
                    self._topic,
                    each.partition,
                    # A negative offset says that nothing is that new.
                    each.offset if each.offset >= 0 else self._end_of(each.partition),
                )
                for each in answered
            ]
        return [TopicPartition(self._topic, each, OFFSET_BEGINNING) for each in numbers]

    def _end_of(self, number: int) -> int:
        # Asked for now: the client's own OFFSET_END is looked up later, and what arrives in
        # between would be passed over.
        partition = TopicPartition(self._topic, number)
        _, high = self._consumer.get_watermark_offsets(partition, timeout=_METADATA_SECONDS)
        return int(high)

    @property
    def _exact(self) -> bool:
        return self.problem not in (None, _CONNECTING)

    def _client_error(self, error: KafkaError) -> None:
        if error.code() in _IGNORED:
            return
        if error.code() == KafkaError._ALL_BROKERS_DOWN and self._exact:  # noqa: SLF001
            # It follows on every failed connection and says less than what came before it.
            return
        self.problem = str(error.str())
        self._missing = False
