"""One Kafka producer: frames in without blocking, reports out through a thread of its own.

librdkafka frees the slots of its queue when reports are *served*, not when frames are
acknowledged: a producer that is never polled fills up on a healthy broker. So the
polling never waits for anything else.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException, Producer

from camerastream.delivery.errors import Failure, Verdict, judge_exception, judge_kafka_error
from camerastream.delivery.handover import HandoverGate, size_in_batch
from camerastream.delivery.producer_events import (
    Acknowledged,
    ClientError,
    Failed,
    FatalError,
    PublisherEvent,
    Throttled,
)
from camerastream.delivery.records import FrameTag, OutgoingFrame, tag_of
from camerastream.delivery.replay import QueueUse

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Message, ThrottleEvent

    from camerastream.delivery.producer_config import ProducerConfig

_POLL_SECONDS = 0.2
SIMULATED_ERROR = "producer queue is full"


class Publisher:
    """Sends frames to one topic.

    Args:
        config: The producer's configuration.
        topic: Where frames go.
        on_event: Called on the polling thread with each event; must not block.
        clock: Monotonic seconds.

    Raises:
        KafkaException: librdkafka refuses the configuration.
    """

    def __init__(
        self,
        config: ProducerConfig,
        topic: str,
        on_event: Callable[[PublisherEvent], None],
        *,
        clock: Callable[[], float],
    ) -> None:
        self.config = config
        self.simulate_buffer_error = False
        self._topic = topic
        self._on_event = on_event
        self._clock = clock
        self._gate = HandoverGate(
            batch_bytes=config.batch_bytes, patience_seconds=config.socket_timeout_seconds
        )
        self._gated = config.idempotent
        # Held while frames go to the producer, so that both threads keep their order.
        self._order = threading.RLock()
        self._waiting: deque[OutgoingFrame] = deque()
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
        size_bytes = len(frame.value)
        with self._order:
            self._release()
            self._count(1, size_bytes)
            if self._must_wait() and self.queue.utilization <= 1:
                self._waiting.append(frame)
                return
            try:
                # Full: what waits goes first, and the producer itself refuses the frame.
                self._hand_over_waiting(None)
                self._produce(frame)
            except BaseException:
                self._count(-1, -size_bytes)
                raise

    def purge(self) -> None:
        """Make librdkafka give back every frame, also those on their way to a broker.

        They come as `Failed` events. A frame in flight may be stored all the same.
        """
        with self._order:
            waiting, self._waiting = self._waiting, deque()
            self._producer.purge(in_queue=True, in_flight=True)
        for frame in waiting:
            self._give_back(frame, Failure(Verdict.PURGED, "called back before it was sent"))

    def close(self) -> None:
        """Stop polling and let the producer go; what is still in it is lost."""
        self._closing.set()
        self._thread.join(timeout=5 * _POLL_SECONDS)

    def _must_wait(self) -> bool:
        """Whether a frame would only make the producer's thread spin."""
        return bool(self._waiting) or (
            self._gated and self._gate.room_bytes(now=self._clock()) == 0
        )

    def _release(self) -> None:
        """Hand over what need not wait any longer."""
        if not self._waiting:
            return  # without the lock, for which the polling thread would wait at every frame
        with self._order:
            while self._waiting:
                room_bytes = self._gate.room_bytes(now=self._clock())
                if room_bytes == 0:
                    return
                self._hand_over_waiting(room_bytes)

    def _hand_over_waiting(self, room_bytes: int | None) -> None:
        """Hand over waiting frames: one batch of them, or all where there is no limit."""
        left_bytes, first = room_bytes, True
        while self._waiting:
            frame = self._waiting[0]
            if left_bytes is not None:
                left_bytes -= size_in_batch(len(frame.value))
                if left_bytes < 0 and not first:
                    return
            first = False
            self._waiting.popleft()
            try:
                self._produce(frame)
            except Exception as error:  # noqa: BLE001 - whatever it raised, the frame is not sent
                self._give_back(frame, judge_exception(error))

    def _produce(self, frame: OutgoingFrame) -> None:
        tag, now, alone = tag_of(frame), self._clock(), self._gate.few_under_way

        def reported(error: KafkaError | None, message: Message) -> None:
            self._gate.reported(handed_over_at=now, alone=alone, now=self._clock())
            self._reported(tag, error, message)

        self._gate.handed_over(now=now)
        try:
            self._producer.produce(
                self._topic,
                value=frame.value,
                key=frame.key,
                headers=list(frame.headers),
                timestamp=int(frame.captured_at_seconds * 1000),
                on_delivery=reported,
            )
        except BaseException:
            self._gate.refused()
            raise

    def _poll(self) -> None:
        while not self._closing.is_set():
            self._release()
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
        self._count(-1, -tag.size_bytes)
        if error is None:
            self._on_event(Acknowledged(tag))
        else:
            value = message.value()
            self._on_event(
                Failed(tag, judge_kafka_error(error), value if isinstance(value, bytes) else b"")
            )

    def _give_back(self, frame: OutgoingFrame, failure: Failure) -> None:
        self._count(-1, -len(frame.value))
        self._on_event(Failed(tag_of(frame), failure, frame.value))

    def _count(self, frames: int, size_bytes: int) -> None:
        with self._lock:
            self._frames += frames
            self._size_bytes += size_bytes

    def _client_error(self, error: KafkaError) -> None:
        if error.fatal():
            self._fatal(str(error.str()), int(error.code()))
        else:
            self._on_event(ClientError(int(error.code()), str(error.str())))

    def _throttled(self, event: ThrottleEvent) -> None:
        if event.throttle_time > 0:
            self._on_event(Throttled(event.throttle_time))
