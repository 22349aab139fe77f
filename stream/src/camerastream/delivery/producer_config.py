"""From settings to a producer's configuration: defaults, Java names, checks.

Pure but for `check`, which lets librdkafka itself judge names and values.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException, Producer

from camerastream.settings.producer_names import (
    is_secret_producer_setting,
    producer_environment_name,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_MAX_MESSAGE_BYTES = 1048588
"""Kafka's own default of `max.message.bytes`; used while the topic's is unknown."""

DEFAULTS: Mapping[str, str] = {
    "enable.idempotence": "true",
    "acks": "all",
    "compression.type": "none",
    "linger.ms": "5",
    "batch.size": "1000000",
    "queue.buffering.max.kbytes": "131072",
    "queue.buffering.max.messages": "100000",
    # A hung broker is left after 10 s instead of 61 s: with the defaults one hung broker
    # of three looks like an outage as long as the health threshold (measured).
    "socket.timeout.ms": "10000",
    "topic.metadata.refresh.interval.ms": "5000",
    # Never short: most of what "timed out" within 10-30 s had been stored (measured).
    "message.timeout.ms": "300000",
}

_ALIASES = {
    "queue.buffering.max.ms": "linger.ms",
    "delivery.timeout.ms": "message.timeout.ms",
    "request.required.acks": "acks",
    "compression.codec": "compression.type",
    "max.in.flight.requests.per.connection": "max.in.flight",
    "message.send.max.retries": "retries",
    "metadata.broker.list": "bootstrap.servers",
}
_TRANSLATED = {
    "max.request.size": "message.max.bytes",
    "send.buffer.bytes": "socket.send.buffer.bytes",
    "receive.buffer.bytes": "socket.receive.buffer.bytes",
}
_REFUSED = {
    "max.block.ms": "leave it out: sending never blocks here, a full queue goes to the spool",
    "partitioner.class": "write KAFKA_CONFIG_PARTITIONER=murmur2_random for Java's choice",
    "key.serializer": "leave it out: keys and values are bytes",
    "value.serializer": "leave it out: keys and values are bytes",
    "ssl.truststore.location": "write KAFKA_SSL_CA_LOCATION=<PEM file>",
    "ssl.truststore.password": "leave it out: a PEM file in KAFKA_SSL_CA_LOCATION has no password",
    "sasl.jaas.config": "write KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD",
    "bootstrap.servers": "write KAFKA_BOOTSTRAP_SERVERS",
    "security.protocol": "write KAFKA_SECURITY_PROTOCOL",
    "sasl.mechanism": "write KAFKA_SASL_MECHANISM",
    "sasl.mechanisms": "write KAFKA_SASL_MECHANISM",
    "sasl.username": "write KAFKA_SASL_USERNAME",
    "sasl.password": "write KAFKA_SASL_PASSWORD",
    "ssl.ca.location": "write KAFKA_SSL_CA_LOCATION",
    "transactional.id": "leave it out: frames are not sent in transactions",
    "delivery.report.only.error": "leave it out: acknowledgements prove that frames arrived",
}


@dataclass(frozen=True, slots=True)
class ProducerConfig:
    """A checked configuration.

    Attributes:
        values: librdkafka's names and values; holds secrets, so it is kept out of repr.
        max_queue_bytes: Limit of the producer's queue in bytes of values.
        max_queue_frames: The same in frames, 0 for none.
        batch_bytes: Largest batch.
        max_message_bytes: Largest message.
        message_bytes_given: Whether that was set on purpose.
        message_timeout_seconds: When an unsent frame is reported failed; 0 is never.
        socket_timeout_seconds: When a silent broker's connection is given up.
        idempotent: Whether the broker drops what it is sent twice.
    """

    values: Mapping[str, str] = field(repr=False)
    max_queue_bytes: int
    max_queue_frames: int
    batch_bytes: int
    max_message_bytes: int
    message_bytes_given: bool
    message_timeout_seconds: float
    socket_timeout_seconds: float
    idempotent: bool


@dataclass(slots=True)
class Translation:
    """What became of the given settings.

    Attributes:
        values: librdkafka's names and values.
        notes: Sentences for the log: what was translated.
        problems: Sentences that end the program: what to write instead.
    """

    values: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def translate(given: Mapping[str, str]) -> Translation:
    """Turn given names, Java's among them, into librdkafka's.

    Args:
        given: Names in lower case with dots, and their values.
    """
    result = Translation()
    origin: dict[str, str] = {}
    for name, value in given.items():
        if name in _REFUSED:
            result.problems.append(
                f"{producer_environment_name(name)} cannot be used here; {_REFUSED[name]}"
            )
            continue
        target, target_value = name, value
        if name == "buffer.memory":
            target = "queue.buffering.max.kbytes"
            if not value.strip().isdigit() or int(value) < 1024:
                result.problems.append(
                    f"{producer_environment_name(name)}={value!r} is not usable; write a whole "
                    "number of bytes from 1024, for example 134217728 for 128 MiB"
                )
                continue
            target_value = str(int(value) // 1024)
        else:
            target = _TRANSLATED.get(name, _ALIASES.get(name, name))
        if target in origin:
            result.problems.append(
                f"{producer_environment_name(name)} and "
                f"{producer_environment_name(origin[target])} set the same thing ({target}); "
                "write one of them"
            )
            continue
        origin[target] = name
        result.values[target] = target_value
        if target != name and name not in _ALIASES:
            result.notes.append(f"{name}={value} is applied as {target}={target_value}")
        if name == "request.timeout.ms":
            result.notes.append(
                "request.timeout.ms is the broker's own wait for its replicas here; "
                "the client's patience with a silent broker is socket.timeout.ms"
            )
    return result


def configure(connection: Mapping[str, str], given: Mapping[str, str]) -> ProducerConfig:
    """Put defaults, connection and translated settings together.

    Args:
        connection: bootstrap.servers and security settings.
        given: What `translate` made of the user's settings.

    Raises:
        ValueError: A number that is needed here is none.
    """
    values = {**DEFAULTS, **connection, **given}
    idempotent = values["enable.idempotence"].strip().lower() in ("true", "t", "1")
    if idempotent:
        values.setdefault("max.in.flight", "5")
    message_bytes_given = "message.max.bytes" in given
    values.setdefault("message.max.bytes", str(DEFAULT_MAX_MESSAGE_BYTES))
    return ProducerConfig(
        values=values,
        max_queue_bytes=_integer(values, "queue.buffering.max.kbytes") * 1024,
        max_queue_frames=_integer(values, "queue.buffering.max.messages"),
        batch_bytes=_integer(values, "batch.size"),
        max_message_bytes=_integer(values, "message.max.bytes"),
        message_bytes_given=message_bytes_given,
        message_timeout_seconds=_integer(values, "message.timeout.ms") / 1000,
        socket_timeout_seconds=_integer(values, "socket.timeout.ms") / 1000,
        idempotent=idempotent,
    )


def check(config: ProducerConfig, given: Mapping[str, str]) -> list[str]:
    """Return every problem with a configuration, each with what to write instead.

    librdkafka judges the names and values one by one and then together; no broker is
    contacted.
    """
    problems = []
    for name, value in given.items():
        complaint = _complaint({name: value})
        if complaint is not None:
            shown = "" if is_secret_producer_setting(name) else f"={value!r}"
            detail = "" if is_secret_producer_setting(name) else f" ({complaint})"
            problems.append(
                f"{producer_environment_name(name)}{shown} is refused by the Kafka client{detail}; "
                "write a name and value of librdkafka's CONFIGURATION.md"
            )
    if problems:
        return problems
    if config.values["acks"] == "0":
        problems.append(
            "KAFKA_CONFIG_ACKS=0 makes every acknowledgement worthless; write all, or leave it out"
        )
    if config.max_queue_bytes < config.max_message_bytes:
        problems.append(
            f"the producer's queue ({config.max_queue_bytes} bytes) is smaller than the largest "
            f"message ({config.max_message_bytes} bytes), which would never fit; write "
            f"KAFKA_CONFIG_BUFFER_MEMORY={max(134217728, 2 * config.max_message_bytes)} or a "
            "smaller KAFKA_CONFIG_MESSAGE_MAX_BYTES"
        )
    if not problems:
        alone = {k: v for k, v in config.values.items() if k != "bootstrap.servers"}
        complaint = _complaint(alone)
        if complaint is not None:
            problems.append(f"the Kafka settings do not fit together: {complaint}")
    return problems


def with_topic_limit(config: ProducerConfig, limit_bytes: int) -> tuple[ProducerConfig, str | None]:
    """Fit batches and messages into the topic's `max.message.bytes`.

    A batch above the limit fails whole, every frame in it, and is not split by the
    client (measured), so it is capped here.

    Returns:
        The configuration to use, and a sentence when something given was capped.
    """
    values = dict(config.values)
    warning = None
    batch_bytes, message_bytes = config.batch_bytes, config.max_message_bytes
    if not config.message_bytes_given or message_bytes > limit_bytes:
        message_bytes = min(limit_bytes, config.max_queue_bytes)
    if batch_bytes > limit_bytes:
        warning = (
            f"batch.size={batch_bytes} is capped at {limit_bytes}, the topic's max.message.bytes; "
            "raise that to use larger batches"
        )
        batch_bytes = limit_bytes
    values["batch.size"], values["message.max.bytes"] = str(batch_bytes), str(message_bytes)
    capped = replace(
        config, values=values, batch_bytes=batch_bytes, max_message_bytes=message_bytes
    )
    return capped, warning


def one_frame_per_batch(config: ProducerConfig) -> ProducerConfig:
    """Send every frame alone: the way out when batches are refused as too large."""
    return replace(config, values={**config.values, "batch.size": "1"}, batch_bytes=1)


def _integer(values: Mapping[str, str], name: str) -> int:
    try:
        return int(values[name])
    except ValueError:
        raise ValueError(
            f"{producer_environment_name(name)}={values[name]!r} is not usable; "
            "write a whole number"
        ) from None


def _complaint(values: Mapping[str, str]) -> str | None:
    try:
        Producer(dict(values), logger=logging.getLogger("librdkafka"))
    except KafkaException as error:
        return str(error.args[0].str())
    except (TypeError, ValueError) as error:
        return str(error)
    return None
