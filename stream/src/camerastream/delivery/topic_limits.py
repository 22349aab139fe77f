"""Asks the broker for the topic's `max.message.bytes`, so that batches never exceed it."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType  # type: ignore[attr-defined]  # its stubs re-export these without saying so

from camerastream.delivery.producer_config import one_frame_per_batch, with_topic_limit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from camerastream.delivery.producer_config import ProducerConfig

_CLIENT_PREFIXES = ("security.", "sasl.", "ssl.", "socket.", "broker.", "client.")
_ASIDE_SECONDS = 10.0
_OVERHEAD_BYTES = 1024
"""Room for a frame's headers and Kafka's framing beside the JPEG."""

_FORBIDDEN = frozenset(
    {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED}
)


@dataclass(frozen=True, slots=True)
class TopicLimit:
    """The answer.

    Attributes:
        max_message_bytes: The topic's `max.message.bytes`, None when it is unknown.
        final: Asking again would not help: it is known, or this user may not know it.
        reason: Why it is unknown.
    """

    max_message_bytes: int | None
    final: bool
    reason: str | None = None


def read_topic_limit(
    values: Mapping[str, str], topic: str, *, timeout_seconds: float
) -> TopicLimit:
    """Read the limit; blocks for up to the timeout.

    A user who may write to a topic need not have the right to describe its settings:
    a refusal means "unknown" and is no error.

    Args:
        values: The producer's configuration; what concerns the connection is used.
        topic: The topic.
        timeout_seconds: How long to wait.
    """
    connection: dict[str, str | int | float | bool] = {
        name: value
        for name, value in values.items()
        if name == "bootstrap.servers" or name.startswith(_CLIENT_PREFIXES)
    }
    try:
        client = AdminClient(connection, logger=logging.getLogger("librdkafka"))
        resource = ConfigResource(ResourceType.TOPIC, topic)
        futures = client.describe_configs([resource], request_timeout=timeout_seconds)
        # Not raised by `result`: the traceback would hold this frame, and with it the client
        # with its threads and connections, until the garbage collector comes by.
        error = futures[resource].exception(timeout=timeout_seconds + 1)
        if isinstance(error, KafkaException):
            return _refusal(error)
        entries = futures[resource].result()
        return TopicLimit(int(entries["max.message.bytes"].value), final=True)
    except KafkaException as error:
        return _refusal(error)
    except (KeyError, TypeError, ValueError):
        return TopicLimit(None, final=True, reason="the broker did not name a limit")
    except TimeoutError:
        return TopicLimit(None, final=False, reason="no answer")


def _refusal(error: KafkaException) -> TopicLimit:
    cause: KafkaError = error.args[0]
    return TopicLimit(None, final=cause.code() in _FORBIDDEN, reason=str(cause.str()))


class TopicLimits:
    """Keeps the producer's configuration within what the topic takes.

    Belongs to the delivery thread.

    Args:
        wanted: The configuration as asked for.
        topic: The topic.
        on_answer: Called from another thread with an answer asked for aside.
        on_warning: Called with a sentence for the log.
    """

    def __init__(
        self,
        wanted: ProducerConfig,
        topic: str,
        *,
        on_answer: Callable[[TopicLimit], None],
        on_warning: Callable[[str], None],
    ) -> None:
        self.config = wanted
        self.changed = False
        self._wanted = wanted
        self._topic = topic
        self._on_answer = on_answer
        self._on_warning = on_warning
        self._limit_bytes: int | None = None
        self._asked_aside = False
        self._final = False
        self._alone = False
        self._alone_in_force = False

    def ask(self, *, timeout_seconds: float) -> None:
        """Ask the broker and wait for its answer."""
        self.learn(
            read_topic_limit(self._wanted.values, self._topic, timeout_seconds=timeout_seconds)
        )

    def ask_aside(self) -> None:
        """Ask once more, on a thread of its own: now that the broker answers, it will know."""
        if self._final or self._asked_aside:
            return
        self._asked_aside = True
        threading.Thread(target=self._answer, name="topic-limit", daemon=True).start()

    def learn(self, limit: TopicLimit) -> None:
        """Take an answer; `changed` tells whether a new producer is needed."""
        self._final = limit.final
        if limit.max_message_bytes is None:
            return
        self._limit_bytes = limit.max_message_bytes
        config, warning = with_topic_limit(self._wanted, limit.max_message_bytes)
        if warning is not None:
            self._on_warning(warning)
        self._use(one_frame_per_batch(config) if self._alone else config)

    def batch_refused(self) -> None:
        """A batch was too large although its frames are not: send them one by one."""
        if not self._alone:
            self._alone = True
            self._on_warning(
                "a batch is larger than the topic's max.message.bytes: frames are kept in the "
                "buffer and sent one by one; lower KAFKA_CONFIG_BATCH_SIZE or raise the limit"
            )
            self._use(one_frame_per_batch(self.config))

    def fits_alone(self, size_bytes: int) -> bool:
        """Say whether a frame that came back as too large may be stored when sent alone."""
        if self._alone_in_force:
            return False
        return self._limit_bytes is None or size_bytes + _OVERHEAD_BYTES < self._limit_bytes

    def applied(self) -> None:
        """A producer with the current configuration is in use; reports are its from now on."""
        self.changed = False
        self._alone_in_force = self._alone

    def _answer(self) -> None:
        self._on_answer(
            read_topic_limit(self._wanted.values, self._topic, timeout_seconds=_ASIDE_SECONDS)
        )

    def _use(self, config: ProducerConfig) -> None:
        self.changed = self.changed or (config.batch_bytes, config.max_message_bytes) != (
            self.config.batch_bytes,
            self.config.max_message_bytes,
        )
        self.config = config
