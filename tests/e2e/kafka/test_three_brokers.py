"""Three real brokers, every frame on all of them: what one or two of them do to the program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.kafka.scene import (
    DETECTED,
    FRAMES_PER_SECOND,
    NEVER,
    RESOLVED,
    expect_no_trip,
    expect_trip,
    wait_for_line,
)
from tests.integration.topic import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.kafka.scene import Scene
    from tests.testbed.kafka import KafkaCluster

    Stage = Callable[..., Scene]

pytestmark = pytest.mark.timeout(300)

LEADER_FIRST = {"assignment": [[1, 2, 3]]}
"""One partition, led by broker 1."""

HUNG_BROKER_SECONDS = 10
"""The program's own default: when it leaves a broker that hangs. The harness has it shorter."""

LONG_TIMEOUT = {"KAFKA_CONFIG_MESSAGE_TIMEOUT_MS": 300000}
PATIENCE = {"KAFKA_CONFIG_SOCKET_TIMEOUT_MS": HUNG_BROKER_SECONDS * 1000}


@pytest.fixture
def three(own_kafka: Callable[..., KafkaCluster]) -> Iterator[KafkaCluster]:
    with own_kafka(nodes=3) as kafka:
        yield kafka


@pytest.fixture
def three_with_long_sessions(own_kafka: Callable[..., KafkaCluster]) -> Iterator[KafkaCluster]:
    """The same with Kafka's own default: a busy machine must not move the leader by itself."""
    with own_kafka(nodes=3, properties={"broker.session.timeout.ms": "9000"}) as kafka:
        yield kafka


def freeze_leader(kafka: KafkaCluster, stage: Scene) -> int:
    """Freeze who leads the topic, and return its id."""
    leader = kafka.administration.leader(stage.topic)
    kafka.nodes[leader - 1].freeze()
    return leader


@pytest.mark.parametrize("orderly", [True, False], ids=["stopped", "killed"])
def test_a_rolling_restart_neither_trips_nor_loses(
    scene: Stage, three: KafkaCluster, orderly: bool
) -> None:
    stage = scene(three, topic=LEADER_FIRST, KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=45, **PATIENCE)
    program = stage.run_until_flowing()
    for node in three.nodes:
        delivered = program.frames()["delivered"]
        if orderly:
            node.stop()
        else:
            node.kill()
        node.start()
        three.wait_until_ready()
        three.administration.wait_until_in_sync(stage.topic)
        program.wait_for_delivered(delivered + FRAMES_PER_SECOND)
    expect_no_trip(program)
    stage.expect_all(program)


def test_one_frozen_broker_is_left_before_a_longer_threshold(
    scene: Stage, three_with_long_sessions: KafkaCluster
) -> None:
    """It takes 10 to 21 s; with librdkafka's default it would be a minute."""
    three = three_with_long_sessions
    stage = scene(three, topic=LEADER_FIRST, KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=60, **PATIENCE)
    program = stage.run_until_flowing()
    leader = freeze_leader(three, stage)
    wait_for_line(program, DETECTED)
    wait_for_line(program, RESOLVED)
    assert three.administration.leader(stage.topic) != leader
    expect_no_trip(program)
    stage.expect_all(program)


def test_one_frozen_broker_trips_a_shorter_threshold_and_loses_nothing(
    scene: Stage, three_with_long_sessions: KafkaCluster
) -> None:
    stage = scene(three_with_long_sessions, topic=LEADER_FIRST, **LONG_TIMEOUT, **PATIENCE)
    first = stage.run_until_flowing()
    freeze_leader(three_with_long_sessions, stage)
    expect_trip(first, cause="silent")
    # A new life is told who leads now, and need not wait for the frozen one.
    stage.restart_and_expect_all()


def test_a_lost_quorum_loses_nothing(scene: Stage, three: KafkaCluster) -> None:
    stage = scene(three, topic=LEADER_FIRST, **NEVER, **PATIENCE)
    program = stage.run_until_flowing()
    for node in three.nodes[1:]:
        node.kill()
    wait_for_line(program, DETECTED)
    wait_until(lambda: program.status()["spool"]["frames"] > 40, 60, program.text)
    three.start()
    wait_for_line(program, RESOLVED)
    expect_no_trip(program)
    stage.expect_all(program)


def test_a_lost_quorum_trips_and_a_restart_loses_nothing(scene: Stage, three: KafkaCluster) -> None:
    stage = scene(three, topic=LEADER_FIRST, **PATIENCE)
    first = stage.run_until_flowing()
    for node in three.nodes[:2]:
        node.kill()
    expect_trip(first)
    three.start()
    stage.restart_and_expect_all()
