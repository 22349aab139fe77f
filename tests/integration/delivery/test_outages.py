"""Outages of a broker on real sockets: when the monitor trips, and that nothing is missing.

The times are scaled down from a 60 s threshold to 5 s. Every scenario ends the same
way: the outage is over, the program is started again if it tripped, and every frame is
on the topic, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from camerastream.delivery.monitor import MonitorState
from camerastream.settings.live import LiveChange
from tests.integration.delivery.harness import THRESHOLD_SECONDS, TOPIC, Stream
from tests.integration.topic import TopicReader, assert_complete_and_in_order, wait_until
from tests.simulators.broker import MockBroker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SMALL_QUEUE = {"queue.buffering.max.messages": "40"}
LARGE_QUEUE = {"queue.buffering.max.messages": "5000"}
SHORT_TIMEOUT = {"message.timeout.ms": "2000"}
LONG_TIMEOUT = {"message.timeout.ms": "300000"}


class Scenario:
    """A broker, a reader of its topic and a stream."""

    def __init__(self, tmp_path: Path, producer: dict[str, str], brokers: int = 1) -> None:
        self.broker = MockBroker(brokers)
        self.broker.start()
        self.broker.create_topic(TOPIC, partitions=brokers)
        self.reader = TopicReader(self.broker.bootstrap_servers, TOPIC, brokers)
        self.tmp_path, self.producer = tmp_path, producer
        self.stream = Stream(self.broker.bootstrap_servers, tmp_path, producer=producer)

    def close(self) -> None:
        self.stream.close()
        self.reader.stop()
        self.broker.stop()

    def feed_until_flowing(self) -> None:
        self.stream.feed()
        # A small queue fills when a busy machine holds the producer up for half a second.
        wait_until(
            lambda: (
                self.stream.delivery.accounting.snapshot().delivered >= 20
                and self.state is MonitorState.HEALTHY
            ),
            what=lambda: f"{self.state}, {self.stream.delivery.accounting.snapshot()}",
        )

    @property
    def state(self) -> MonitorState:
        return self.stream.delivery.snapshot.monitor.state

    def expect_trip(self) -> None:
        wait_until(self.stream.delivery.tripped.is_set, 60, lambda: f"no trip, {self.state}")
        trip = self.stream.delivery.trip
        assert trip is not None
        assert trip.duration_seconds == pytest.approx(THRESHOLD_SECONDS, abs=2)

    def restart_and_expect_all(self, in_order: bool = True) -> None:
        """End as the program does when it trips, start again, and look at the topic."""
        first = self.stream
        first.end()
        self.stream = Stream(self.broker.bootstrap_servers, self.tmp_path, producer=self.producer)
        assert self.stream.stream_id == first.stream_id
        self.stream.feed()
        self.expect_all(in_order)

    def expect_all(self, in_order: bool = True) -> None:
        wait_until(lambda: self.state is MonitorState.HEALTHY, 60, lambda: f"still {self.state}")
        self.stream.stop_feeding()
        wait_until(self.stream.drained, 60, lambda: str(self.stream.delivery.accounting.snapshot()))
        selected = self.stream.selected
        sequences = self.reader.wait_for(self.stream.stream_id, selected)
        if in_order:
            assert_complete_and_in_order(sequences, selected)
        else:
            assert set(sequences) == set(range(selected))
        counts = self.stream.delivery.accounting.snapshot()
        assert counts.delivered == counts.selected
        assert counts.dropped == {}
        self.stream.end(flush_seconds=1)


@pytest.fixture
def scenario(tmp_path: Path):
    made: list[Scenario] = []

    def make(*producer: dict[str, str], brokers: int = 1) -> Scenario:
        merged = {name: value for part in producer for name, value in part.items()}
        made.append(Scenario(tmp_path, merged, brokers))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize(
    "producer",
    [
        pytest.param([SMALL_QUEUE, SHORT_TIMEOUT], id="short message timeout"),
        pytest.param([SMALL_QUEUE, LONG_TIMEOUT], id="long message timeout"),
        pytest.param([LARGE_QUEUE, SHORT_TIMEOUT], id="queue that never fills"),
    ],
)
def test_frozen_broker(scenario: Callable[..., Scenario], producer: list[dict[str, str]]) -> None:
    run = scenario(*producer)
    run.feed_until_flowing()
    run.broker.freeze()
    run.expect_trip()
    assert run.stream.delivery.snapshot.cause == "silent"
    run.stream.stop_feeding()
    run.broker.thaw()
    run.restart_and_expect_all()


@pytest.mark.parametrize(
    "producer",
    [
        pytest.param([SMALL_QUEUE, SHORT_TIMEOUT], id="short message timeout"),
        pytest.param([SMALL_QUEUE, LONG_TIMEOUT], id="long message timeout"),
    ],
)
def test_killed_broker(scenario: Callable[..., Scenario], producer: list[dict[str, str]]) -> None:
    run = scenario(*producer)
    run.feed_until_flowing()
    run.broker.broker_down()
    run.expect_trip()
    assert run.stream.delivery.snapshot.cause == "unreachable"
    run.broker.broker_up()
    run.restart_and_expect_all()


def test_slow_broker_that_acknowledges_all_the_time(scenario: Callable[..., Scenario]) -> None:
    run = scenario({"queue.buffering.max.messages": "12"}, LONG_TIMEOUT)
    run.feed_until_flowing()
    run.broker.set_rtt(1500)
    run.expect_trip()
    run.broker.set_rtt(0)
    run.restart_and_expect_all()


@pytest.mark.parametrize(
    "timeout",
    [pytest.param(SHORT_TIMEOUT, id="short"), pytest.param(LONG_TIMEOUT, id="long")],
)
def test_one_of_three_leaders_down(
    scenario: Callable[..., Scenario], timeout: dict[str, str]
) -> None:
    run = scenario(SMALL_QUEUE, timeout, {"partitioner": "random"}, brokers=3)
    for partition in range(3):
        run.broker.set_partition_leader(TOPIC, partition, partition + 1)
    run.feed_until_flowing()
    run.broker.broker_down(2)
    run.expect_trip()
    run.broker.broker_up(2)
    # Spread over three partitions there is no one order on the topic.
    run.restart_and_expect_all(in_order=False)


@pytest.mark.parametrize(
    "timeout",
    [pytest.param(SHORT_TIMEOUT, id="short"), pytest.param(LONG_TIMEOUT, id="long")],
)
def test_a_short_outage_does_not_trip(
    scenario: Callable[..., Scenario], timeout: dict[str, str]
) -> None:
    run = scenario(SMALL_QUEUE, timeout)
    run.feed_until_flowing()
    run.broker.freeze()
    wait_until(lambda: run.state is MonitorState.ERRORING)
    run.broker.thaw()
    run.expect_all()
    assert not run.stream.delivery.tripped.is_set()


def test_a_long_outage_on_hold_goes_through_the_spool(scenario: Callable[..., Scenario]) -> None:
    run = scenario(SMALL_QUEUE, LONG_TIMEOUT)
    run.stream.delivery.apply(LiveChange(2.0, hold=True, generation=9, simulate_buffer_error=False))
    run.feed_until_flowing()
    run.broker.freeze()
    wait_until(lambda: run.stream.delivery.snapshot.monitor.error_duration_seconds > 5)
    assert run.state is MonitorState.ERRORING
    assert run.stream.delivery.accounting.snapshot().spooled > 50
    run.broker.thaw()
    run.expect_all()
    assert not run.stream.delivery.tripped.is_set()


def test_started_into_a_lasting_outage_with_a_backlog_it_trips_again(
    scenario: Callable[..., Scenario], tmp_path: Path
) -> None:
    run = scenario(SMALL_QUEUE, LONG_TIMEOUT)
    run.feed_until_flowing()
    run.broker.freeze()
    run.expect_trip()
    run.stream.end()
    run.stream = Stream(run.broker.bootstrap_servers, tmp_path, producer=run.producer)
    error = run.stream.delivery.snapshot.monitor.last_error
    wait_until(lambda: run.state is not MonitorState.HEALTHY)
    error = run.stream.delivery.snapshot.monitor.last_error
    assert error is not None
    assert "none acknowledged" in error
    # Not one new frame is needed for it.
    run.expect_trip()
    run.broker.thaw()
    run.restart_and_expect_all()
