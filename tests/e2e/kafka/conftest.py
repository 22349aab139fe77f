"""Brokers: one shared by tests that harm nothing, one with passwords, and private ones.

With KAFKA_BOOTSTRAP_SERVERS in the environment the shared one is that cluster, and tests that
would break a broker, or need to set one up, are skipped.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.kafka.scene import SMALL_QUEUE, Scene
from tests.testbed.kafka import Administration, KafkaCluster
from tests.testbed.lease import Lease, sweep
from tests.testbed.refusal import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_FOREIGN = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")


@dataclass(frozen=True)
class SharedKafka:
    """A Kafka that tests only add topics to.

    Attributes:
        bootstrap_servers: Where clients begin.
        administration: Makes topics.
    """

    bootstrap_servers: str
    administration: Administration


@pytest.fixture(scope="session")
def lease() -> Iterator[Lease]:
    """Everything that this session starts."""
    sweep()
    with Lease.take("kafka-tests", unique=True) as taken:
        yield taken


@pytest.fixture(scope="session")
def shared_kafka(lease: Lease) -> Iterator[SharedKafka]:
    """A broker without passwords; not to be broken."""
    if _FOREIGN:
        yield SharedKafka(_FOREIGN, Administration(_FOREIGN))
        return
    with _cluster(lease) as kafka:
        yield SharedKafka(kafka.bootstrap_servers, kafka.administration)


@pytest.fixture(scope="session")
def secure_kafka(lease: Lease) -> Iterator[KafkaCluster]:
    """A broker with TLS, passwords and rights; not to be broken."""
    _only_with_own_brokers("needs a broker whose users and rights it can set")
    with _cluster(lease, secure=True) as kafka:
        yield kafka


@pytest.fixture
def own_kafka(lease: Lease) -> Iterator[Callable[..., KafkaCluster]]:
    """Makes a private Kafka, as `KafkaCluster` is made; not started yet."""
    _only_with_own_brokers("breaks a broker")
    made: list[KafkaCluster] = []

    def make(**options: Any) -> KafkaCluster:
        made.append(_cluster(lease, **options))
        return made[-1]

    yield make
    for kafka in made:
        kafka.stop()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """Makes a scene on a Kafka; keywords that are no settings go to `Scene`."""
    made: list[Scene] = []

    def make(
        kafka: KafkaCluster | SharedKafka,
        *,
        bootstrap_servers: str | None = None,
        topic: dict[str, Any] | None = {},  # noqa: B006 - never changed
        **settings: object,
    ) -> Scene:
        reader_servers = (
            kafka.internal_bootstrap_servers
            if isinstance(kafka, KafkaCluster)
            else kafka.bootstrap_servers
        )
        made.append(
            Scene(
                tmp_path,
                bootstrap_servers=bootstrap_servers or kafka.bootstrap_servers,
                administration=kafka.administration,
                reader_servers=reader_servers,
                settings={**SMALL_QUEUE, **settings},
                topic=topic,
                temporary=isinstance(kafka, SharedKafka),
            )
        )
        return made[-1]

    yield make
    for each in made:
        each.close()


def _cluster(lease: Lease, **options: Any) -> KafkaCluster:
    try:
        return KafkaCluster(lease, **options)
    except Refusal as refusal:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(refusal))


def _only_with_own_brokers(reason: str) -> None:
    if _FOREIGN:
        pytest.skip(
            f"this test {reason}, and KAFKA_BOOTSTRAP_SERVERS names a Kafka that is not the "
            "testbed's: unset it to run this test too"
        )
