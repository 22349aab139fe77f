"""What a mock broker cannot show: growing topics, times, forbidden topics."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition

from camerastream.watch.start import Start
from camerastream.watch.topic import TopicReader


class FakeConsumer:
    """Answers as a consumer of a cluster would."""

    def __init__(self) -> None:
        self.config: dict[str, Any] = {}
        self.partitions = 1
        self.error: KafkaError | None = None
        self.away = False
        self.messages: list[Any] = []
        self.assigned: list[tuple[int, int]] = []
        self.times: dict[int, int] = {}
        self.closed = False

    def list_topics(self, topic: str, timeout: float) -> Any:
        self._answer()
        numbers = {} if self.error else dict.fromkeys(range(self.partitions))
        metadata = SimpleNamespace(error=self.error, partitions=numbers)
        return SimpleNamespace(topics={topic: metadata})

    def incremental_assign(self, partitions: list[TopicPartition]) -> None:
        self.assigned += [(each.partition, each.offset) for each in partitions]

    def offsets_for_times(self, asked: list[TopicPartition], timeout: float) -> Any:
        self._answer()
        return [
            TopicPartition(each.topic, each.partition, self.times.get(each.offset, -1))
            for each in asked
        ]

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> Any:
        self._answer()
        return 10, 100 + partition.partition

    def consume(self, most: int, timeout: float) -> list[Any]:
        found, self.messages = self.messages, []
        return found

    def close(self) -> None:
        self.closed = True

    def _answer(self) -> None:
        if self.away:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))


def message(partition: int, offset: int = 0, error: int | None = None) -> Any:
    return SimpleNamespace(
        error=lambda: None if error is None else KafkaError(error),
        partition=lambda: partition,
        offset=lambda: offset,
        headers=lambda: [("a", b"b")],
        value=lambda: b"v",
    )


class Setup:
    def __init__(self, start: Start | None = None) -> None:
        self.consumer = FakeConsumer()
        self.now = 0.0
        self.reader = TopicReader(
            {"bootstrap.servers": "x:1", "group.id": "mine"},
            "t",
            start or Start(),
            clock=lambda: self.now,
            make_consumer=self._make,
        )

    def _make(self, config: dict[str, Any]) -> FakeConsumer:
        self.consumer.config = config
        return self.consumer

    def read(self, after_seconds: float = 6.0) -> list[Any]:
        self.now += after_seconds
        return self.reader.read(0.1)


def test_it_joins_no_group_and_commits_nothing() -> None:
    config = Setup().consumer.config
    assert config["group.id"].startswith("camerastream-watch-")
    assert config["enable.auto.commit"] == "false"
    assert config["bootstrap.servers"] == "x:1"


def test_new_partitions_are_read_from_their_beginning() -> None:
    setup = Setup(Start(at_end=True))
    setup.read()
    assert setup.consumer.assigned == [(0, 100)]
    setup.consumer.partitions = 3
    setup.read(1.0)
    assert setup.reader.partitions == 1
    setup.read()
    assert setup.consumer.assigned[1:] == [(1, OFFSET_BEGINNING), (2, OFFSET_BEGINNING)]


def test_since_a_time() -> None:
    setup = Setup(Start(since_seconds=50.0))
    setup.consumer.times[50_000] = 7
    setup.read()
    assert setup.consumer.assigned == [(0, 7)]


def test_since_a_time_after_which_nothing_came() -> None:
    setup = Setup(Start(since_seconds=50.0))
    setup.read()
    assert setup.consumer.assigned == [(0, 100)]


def test_a_topic_made_later_is_new_from_its_first_message() -> None:
    setup = Setup(Start(at_end=True))
    setup.consumer.error = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
    setup.read()
    assert setup.reader.problem == "topic t does not exist yet"
    assert setup.reader.at_end
    setup.consumer.error = None
    setup.read()
    assert setup.consumer.assigned == [(0, OFFSET_BEGINNING)]
    assert setup.reader.problem is None
    assert not setup.reader.at_end
    setup.consumer.error = KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART)
    setup.read()
    assert setup.reader.problem == "topic t no longer exists"


def test_a_forbidden_topic_is_said_to_be() -> None:
    setup = Setup()
    setup.consumer.error = KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)
    setup.read()
    assert setup.reader.problem == "topic t: Broker: Topic authorization failed"
    assert not setup.reader.at_end


def test_brokers_away_and_back() -> None:
    setup = Setup(Start(at_end=True))
    setup.consumer.away = True
    setup.read()
    assert "no answer from the brokers" in str(setup.reader.problem)
    setup.consumer.config["error_cb"](KafkaError(KafkaError._TRANSPORT, "connection refused"))
    setup.consumer.config["error_cb"](KafkaError(KafkaError._ALL_BROKERS_DOWN, "1/1 down"))
    setup.read()
    assert setup.reader.problem == "connection refused"
    setup.consumer.away = False
    setup.read()
    assert setup.reader.problem is None
    # "end" is where the topic ended when it could first be asked.
    assert setup.consumer.assigned == [(0, 100)]


def test_the_end_is_reached_when_every_partition_says_so() -> None:
    setup = Setup()
    setup.consumer.partitions = 2
    setup.consumer.messages = [message(0, 5), message(0, error=KafkaError._PARTITION_EOF)]
    (received,) = setup.read()
    assert (received.partition, received.offset, received.value) == (0, 5, b"v")
    assert not setup.reader.at_end
    setup.consumer.messages = [message(1, error=KafkaError._PARTITION_EOF)]
    setup.read(0.1)
    assert setup.reader.at_end
    setup.consumer.messages = [message(0, 6)]
    setup.read(0.1)
    assert not setup.reader.at_end


def test_a_forbidden_group_does_not_matter() -> None:
    setup = Setup()
    setup.consumer.messages = [message(0, error=KafkaError.GROUP_AUTHORIZATION_FAILED)]
    assert setup.read() == []
    assert setup.reader.problem is None


def test_settings_that_the_client_refuses() -> None:
    with pytest.raises(ValueError, match=r'No such configuration property: "nonsense"'):
        TopicReader({"bootstrap.servers": "x:1", "nonsense": "1"}, "t", Start())
