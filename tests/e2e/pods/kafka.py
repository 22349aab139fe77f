"""A broker that pods and the tests reach alike: the testbed's, or somebody's."""

from __future__ import annotations

import contextlib
import os
import uuid
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from tests.integration.topic import TopicReader, assert_complete_and_in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.testbed.kafka import KafkaCluster
    from tests.testbed.lease import Lease
    from tests.testbed.site.site import Site


@dataclass(frozen=True)
class PodKafka:
    """A broker and, for one test, a topic.

    Attributes:
        bootstrap_servers: Where pods and tests reach it.
        cluster: The testbed's, None when it is somebody else's.
        topic: The test's own.
    """

    bootstrap_servers: str
    cluster: KafkaCluster | None
    topic: str = ""

    @classmethod
    @contextlib.contextmanager
    def open(cls, site: Site, lease: Lease, *, secure: bool = False) -> Iterator[Self]:
        """Find or start it.

        Args:
            site: Whose pods are to reach it.
            lease: Pays for one that is started.
            secure: With users and rights, beside the listener that needs none.
        """
        cluster = site.kafka(lease, secure=secure)
        if cluster is not None:
            with cluster:
                yield cls(cluster.bootstrap_servers, cluster)
            return
        if secure:
            pytest.skip("needs a broker whose users and rights it can set")
        given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
        if not given:
            pytest.skip(
                "set KAFKA_BOOTSTRAP_SERVERS to a Kafka that both your cluster's pods and this "
                "machine reach"
            )
        yield cls(given, None)

    @contextlib.contextmanager
    def with_topic(self) -> Iterator[Self]:
        """Give a test a topic; afterwards the broker runs, whatever the test did to it."""
        topic = f"camera-stream-{uuid.uuid4().hex[:8]}"
        admin = AdminClient({"bootstrap.servers": self.bootstrap_servers, "log_level": 0})
        admin.create_topics([NewTopic(topic, 1, 1)])[topic].result(30)
        try:
            yield replace(self, topic=topic)
        finally:
            if self.cluster is not None:
                self.thaw()

    def freeze(self) -> None:
        """Stop the broker in its tracks; skips the test when it is somebody else's."""
        if self.cluster is None:
            pytest.skip("freezes the broker, and KAFKA_BOOTSTRAP_SERVERS names somebody's")
        self.cluster.nodes[0].freeze()

    def thaw(self) -> None:
        """Let it go on."""
        if self.cluster is not None:
            self.cluster.nodes[0].thaw()

    @contextlib.contextmanager
    def reader(self) -> Iterator[TopicReader]:
        """Read the topic along."""
        reader = TopicReader(self.bootstrap_servers, self.topic)
        try:
            yield reader
        finally:
            reader.stop()

    def expect_all(self, stream: str, counts: Mapping[str, Any]) -> None:
        """Find every frame on the topic that a stream has ever selected, in order.

        Args:
            stream: Its id; the topic holds no other one.
            counts: What it said at its end.
        """
        assert counts["dropped"] == {}, counts
        assert counts["delivered"] + counts["spooled"] == counts["selected"], counts
        with self.reader() as reader:
            arrived = reader.wait_for(stream, counts["delivered"], 60)
            assert set(reader.sequences()) == {stream}, "one stream over all restarts"
        assert_complete_and_in_order(arrived, counts["delivered"])
