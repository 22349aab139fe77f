"""Topics, users and rights of a Kafka, this testbed's or another one."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from confluent_kafka import KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined]  # its stubs re-export these without saying so
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    NewTopic,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from confluent_kafka.admin import TopicMetadata  # type: ignore[attr-defined]

BROKER_DEFAULT = -1
_ANSWER_SECONDS = 20.0
_SETTLED_SECONDS = 90.0
_SCRAM_ITERATIONS = 4096
_CLUSTER = "kafka-cluster"
EVERYTHING = "*"


class Administration:
    """Asks brokers for things and waits until they are so.

    Args:
        bootstrap_servers: Where it begins to ask.
    """

    def __init__(self, bootstrap_servers: str) -> None:
        self._client = AdminClient(
            {
                "bootstrap.servers": bootstrap_servers,
                "reconnect.backoff.max.ms": 500,
                "socket.timeout.ms": 5000,
                "log_level": 0,
            }
        )

    def brokers(self) -> set[int]:
        """Return the ids of the brokers that are up, none when nobody answers.

        A broker that has died is among them until its session has run out.
        """
        try:
            return set(self._client.list_topics(timeout=2).brokers)
        except KafkaException:
            return set()

    def create_topic(
        self,
        name: str,
        *,
        partitions: int = 1,
        replicas: int = BROKER_DEFAULT,
        assignment: Sequence[Sequence[int]] | None = None,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """Create a topic and wait until it can be written to.

        Args:
            name: Its name.
            partitions: How many.
            replicas: Of each; the broker decides unless told.
            assignment: Instead of both: of each partition the ids of the brokers that hold
                it, its leader first.
            config: Topic settings.
        """
        placement = (
            {"num_partitions": partitions, "replication_factor": replicas}
            if assignment is None
            else {
                "num_partitions": len(assignment),
                "replica_assignment": [list(each) for each in assignment],
            }
        )
        topic = NewTopic(name, config=dict(config or {}), **placement)
        self._client.create_topics([topic])[name].result(_ANSWER_SECONDS)
        # It exists at once, but for a moment nobody leads it.
        self._wait_for_topic(name, _all_led, "leaders")

    def delete_topic(self, name: str) -> None:
        """Delete a topic."""
        self._client.delete_topics([name])[name].result(_ANSWER_SECONDS)

    def wait_until_in_sync(self, name: str) -> None:
        """Wait until no replica of a topic lags behind."""
        self._wait_for_topic(name, _all_in_sync, "replicas in sync")

    def leader(self, name: str, partition: int = 0) -> int:
        """Return the id of the broker that leads a partition, -1 while there is none."""
        found = self._topic(name)
        return -1 if found is None else int(found.partitions[partition].leader)

    def partitions(self, name: str) -> int:
        """Return how many partitions a topic has."""
        found = self._topic(name)
        return 0 if found is None else len(found.partitions)

    def add_user(self, name: str, password: str) -> None:
        """Let a user log in by SCRAM-SHA-512; an old password is replaced."""
        change = UserScramCredentialUpsertion(
            name,
            ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, _SCRAM_ITERATIONS),
            password.encode(),
        )
        self._client.alter_user_scram_credentials([change])[name].result(_ANSWER_SECONDS)

    def allow(
        self,
        user: str,
        operation: AclOperation,
        name: str = EVERYTHING,
        *,
        kind: ResourceType = ResourceType.TOPIC,
    ) -> None:
        """Give a user a right.

        Args:
            user: The user's name.
            operation: What is allowed.
            name: On which topic or group; all of them unless told.
            kind: What the name names; for the cluster itself the name is not needed.
        """
        binding = AclBinding(
            kind,
            _CLUSTER if kind is ResourceType.BROKER else name,
            ResourcePatternType.LITERAL,
            f"User:{user}",
            "*",
            operation,
            AclPermissionType.ALLOW,
        )
        self._client.create_acls([binding])[binding].result(_ANSWER_SECONDS)

    def allow_all(self, user: str) -> None:
        """Let a user write, read and make any topic."""
        self.allow(user, AclOperation.ALL)
        self.allow(user, AclOperation.ALL, kind=ResourceType.GROUP)
        self.allow(user, AclOperation.ALL, kind=ResourceType.BROKER)

    def _topic(self, name: str) -> TopicMetadata | None:
        try:
            found: TopicMetadata | None = self._client.list_topics(name, timeout=5).topics.get(name)
        except KafkaException:
            return None
        return None if found is None or found.error is not None else found

    def _wait_for_topic(
        self, name: str, condition: Callable[[TopicMetadata], bool], what: str
    ) -> None:
        deadline = time.monotonic() + _SETTLED_SECONDS
        while True:
            found = self._topic(name)
            if found is not None and found.partitions and condition(found):
                return
            if time.monotonic() > deadline:
                raise TimeoutError(f"topic {name} has not all {what} after {_SETTLED_SECONDS:g} s")
            time.sleep(0.05)


def _all_led(topic: TopicMetadata) -> bool:
    return all(partition.leader > 0 for partition in topic.partitions.values())


def _all_in_sync(topic: TopicMetadata) -> bool:
    return all(
        set(partition.isrs) == set(partition.replicas) for partition in topic.partitions.values()
    )
