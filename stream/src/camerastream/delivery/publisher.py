"""One Kafka producer: frames in without blocking, reports out through a thread of its own.

librdkafka frees the slots of its queue when reports are *served*, not when frames are
acknowledged: a producer that is never polled fills up on a healthy broker. So the
polling never waits for anything else.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, Producer

from camerastream.delivery.errors import Failure, judge_kafka_error
from camerastream.delivery.records import FrameTag, OutgoingFrame, tag_of
from camerastream.delivery.replay import QueueUse

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Message, ThrottleEvent

    from camerastream.delivery.producer_config import ProducerConfig

_POLL_SECONDS = 0.2
SIMULATED_ERROR = "producer queue is full"


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The broker has a frame."""

    tag: FrameTag


@dataclass(frozen=True, slots=True)
class Failed:
    """A frame came back.

    Attributes:
        tag: Which frame.
        failure: Why.
        value: Its bytes.
    """

    tag: FrameTag
    failure: Failure
    value: bytes


@dataclass(frozen=True, slots=True)
class ClientError:
    """What librdkafka's error callback said: a clue to the cause, no more."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """The broker delayed an answer because of a quota."""

    seconds: float


@dataclass(frozen=True, slots=True)
class FatalError:
    """The producer instance can never send again.

    Attributes:
        text: Why.
        code: librdkafka's code of the error behind it, None where it is not told.
    """

    text: str
    code: int | None = None


PublisherEvent = Acknowledged | Failed | ClientError | Throttled | FatalError


class Publisher:
    """Sends frames to one topic.

    Args:
        config: The producer's configuration.
        topic: Where frames go.
        on_event: Called on the polling thread with each event; must not block.

    Raises:
        KafkaException: librdkafka refuses the configuration.
    """

    def __init__(
        self, config: ProducerConfig, topic: str, on_event: Callable[[PublisherEvent], None]
    ) -> None:
        self.config = config
        self.simulate_buffer_error = False
        self._topic = topic
        self._on_event = on_event
        self._lock = threading.Lock()
        self._frames = 0
        self._size_bytes = 0
        self._fatal_reported = False
        self._closing = threading.Event()
        self._producer = Producer(
            {
                **config.values,
                "error_cb": self._client_error,
                "throttle_cb": self._throttled,
            },
            logger=logging.getLogger("librdkafka"),
        )
        self._thread = threading.Thread(target=self._poll, name="kafka-poll", daemon=True)
        self._thread.start()

    @property
    def producer(self) -> Producer:
        """The librdkafka producer, for tests that inject faults into it."""
        return self._producer

    @property
    def queue(self) -> QueueUse:
        """How full the producer's queue is, by own counters (as exact as its statistics)."""
        with self._lock:
            return QueueUse(
                self._frames,
                self._size_bytes,
                self.config.max_queue_frames,
                self.config.max_queue_bytes,
            )

    def send_message(self, frame: OutgoingFrame) -> None:
        """Hand a frame to the producer; returns at once.

        Raises:
            BufferError: The producer's queue is full.
            KafkaException: The producer refuses the frame.
            Exception: The injected buffer error.
        """
        if self.simulate_buffer_error:
            raise Exception(SIMULATED_ERROR)  # noqa: TRY002 - a foreign client's error, as plain as can be
        tag = tag_of(frame)
        with self._lock:
            self._frames += 1
            self._size_bytes += tag.size_bytes
        try:
            self._producer.produce(
                self._topic,
                value=frame.value,
                key=frame.key,
                headers=list(frame.headers),
                timestamp=int(frame.captured_at_seconds * 1000),
                on_delivery=lambda error, message: self._reported(tag, error, message),
            )
        except BaseException:
            self._left(tag)
            raise

    def purge(self) -> None:
        """Make librdkafka give back every frame, also those on their way to a broker.

        They come as `Failed` events. A frame in flight may be stored all the same.
        """
        self._producer.purge(in_queue=True, in_flight=True)

    def close(self) -> None:
        """Stop polling and let the producer go; what is still in it is lost."""
        self._closing.set()
        self._thread.join(timeout=5 * _POLL_SECONDS)

    def _poll(self) -> None:
        while not self._closing.is_set():
            try:
                self._producer.poll(_POLL_SECONDS)
            except KafkaException as error:
                self._fatal(str(error.args[0].str()), int(error.args[0].code()))
            except SystemError as error:
                # A fatal error that is raised while a report is being served.
                self._fatal(str(error.__cause__ or error))

    def _fatal(self, text: str, code: int | None = None) -> None:
        if not self._fatal_reported:
            self._fatal_reported = True
            self._on_event(FatalError(text, code))

    def _reported(self, tag: FrameTag, error: KafkaError | None, message: Message) -> None:
        self._left(tag)
        if error is None:
            self._on_event(Acknowledged(tag))
        else:
            value = message.value()
            self._on_event(
                Failed(tag, judge_kafka_error(error), value if isinstance(value, bytes) else b"")
            )

    def _left(self, tag: FrameTag) -> None:
        with self._lock:
            self._frames -= 1
            self._size_bytes -= tag.size_bytes

    def _client_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._fatal(str(error.str()), int(error.code()))
        else:
            self._on_event(ClientError(int(error.code()), str(error.str())))

    def _throttled(self, event: ThrottleEvent) -> None:
        if event.throttle_time > 0:
            self._on_event(Throttled(event.throttle_time))
