"""Outages of a single real broker: when the monitor trips, and that nothing is missing.

Every scenario in which it trips ends the same way: the outage is over, the program is started
again, and every frame is on the topic, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.kafka.scene import (
    DETECTED,
    FRAMES_PER_SECOND,
    NEVER,
    RESOLVED,
    SMALL_QUEUE,
    expect_no_trip,
    expect_trip,
    wait_for_line,
)
from tests.integration.topic import wait_until
from tests.simulators.tcpproxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.kafka.scene import Scene
    from tests.testbed.kafka import KafkaCluster

    Own = Callable[..., KafkaCluster]
    Stage = Callable[..., Scene]

LARGE_QUEUE = {"KAFKA_CONFIG_QUEUE_BUFFERING_MAX_MESSAGES": 5000}
SHORT_TIMEOUT = {"KAFKA_CONFIG_MESSAGE_TIMEOUT_MS": 2000}
LONG_TIMEOUT = {"KAFKA_CONFIG_MESSAGE_TIMEOUT_MS": 300000}
PATIENT = {"KAFKA_CONFIG_SOCKET_TIMEOUT_MS": 20000}
"""More than the round trips that tests make slow on purpose."""
SHARE_OF_RATE = 0.6

message_timeouts = pytest.mark.parametrize(
    "timeout",
    [
        pytest.param(SHORT_TIMEOUT, id="short message timeout"),
        pytest.param(LONG_TIMEOUT, id="long message timeout"),
    ],
)


@pytest.fixture
def proxied(own_kafka: Own) -> Iterator[tuple[KafkaCluster, TcpProxy]]:
    """A broker whose clients come through a proxy, and the proxy."""
    kafka = own_kafka()
    with TcpProxy(kafka.nodes[0].address) as proxy:
        kafka.advertise({1: proxy.address})
        with kafka:
            yield kafka, proxy


def thin_bytes_per_second(stage: Scene) -> int:
    """Less than the camera sends."""
    return round(SHARE_OF_RATE * FRAMES_PER_SECOND * stage.mean_frame_bytes())


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({**SMALL_QUEUE, **SHORT_TIMEOUT}, id="short message timeout"),
        pytest.param({**SMALL_QUEUE, **LONG_TIMEOUT}, id="long message timeout"),
        pytest.param({**LARGE_QUEUE, **SHORT_TIMEOUT}, id="queue that never fills"),
    ],
)
def test_a_frozen_broker_trips(scene: Stage, own_kafka: Own, settings: dict[str, object]) -> None:
    with own_kafka() as kafka:
        stage = scene(kafka, **settings)
        first = stage.run_until_flowing()
        kafka.nodes[0].freeze()
        expect_trip(first, cause="silent")
        kafka.nodes[0].thaw()
        stage.restart_and_expect_all()


@message_timeouts
def test_a_killed_broker_trips(scene: Stage, own_kafka: Own, timeout: dict[str, object]) -> None:
    with own_kafka() as kafka:
        stage = scene(kafka, **timeout)
        first = stage.run_until_flowing()
        kafka.nodes[0].kill()
        expect_trip(first, cause="unreachable")
        kafka.start()
        stage.restart_and_expect_all()


@message_timeouts
def test_a_refused_connection_trips(
    scene: Stage, proxied: tuple[KafkaCluster, TcpProxy], timeout: dict[str, object]
) -> None:
    kafka, proxy = proxied
    stage = scene(kafka, **timeout)
    first = stage.run_until_flowing()
    proxy.refuse()
    expect_trip(first, cause="unreachable")
    proxy.accept()
    stage.restart_and_expect_all()


def test_a_black_hole_trips(scene: Stage, proxied: tuple[KafkaCluster, TcpProxy]) -> None:
    kafka, proxy = proxied
    stage = scene(kafka, **LONG_TIMEOUT)
    first = stage.run_until_flowing()
    proxy.blackhole()
    expect_trip(first, cause="silent")
    proxy.accept()
    stage.restart_and_expect_all()


def test_a_slow_link_that_acknowledges_all_the_time_trips(
    scene: Stage, proxied: tuple[KafkaCluster, TcpProxy]
) -> None:
    kafka, proxy = proxied
    stage = scene(kafka, **LONG_TIMEOUT, **PATIENT)
    first = stage.run_until_flowing()
    proxy.delay(1.5)
    expect_trip(first)
    proxy.delay(0)
    stage.restart_and_expect_all()


def test_a_thin_link_trips(scene: Stage, proxied: tuple[KafkaCluster, TcpProxy]) -> None:
    kafka, proxy = proxied
    stage = scene(kafka, **LONG_TIMEOUT, **PATIENT)
    first = stage.run_until_flowing(2 * FRAMES_PER_SECOND)
    proxy.throttle(thin_bytes_per_second(stage))
    expect_trip(first)
    proxy.throttle(None)
    stage.restart_and_expect_all()


def test_a_quota_trips_and_is_named_as_the_cause(scene: Stage, own_kafka: Own) -> None:
    # The average over a second and the one before: by default it is over eleven.
    with own_kafka(properties={"quota.window.num": "2"}) as kafka:
        stage = scene(kafka, **LONG_TIMEOUT, **PATIENT)
        first = stage.run_until_flowing(2 * FRAMES_PER_SECOND)
        kafka.limit_producers(thin_bytes_per_second(stage))
        expect_trip(first, cause="quota")
        kafka.limit_producers(None)
        stage.restart_and_expect_all()


@message_timeouts
def test_a_short_freeze_never_trips(
    scene: Stage, own_kafka: Own, timeout: dict[str, object]
) -> None:
    with own_kafka() as kafka:
        stage = scene(kafka, **timeout, KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=40)
        program = stage.run_until_flowing()
        kafka.nodes[0].freeze()
        wait_for_line(program, DETECTED)
        kafka.nodes[0].thaw()
        wait_for_line(program, RESOLVED)
        expect_no_trip(program)
        stage.expect_all(program)


@message_timeouts
def test_a_short_kill_with_a_restart_never_trips(
    scene: Stage, own_kafka: Own, timeout: dict[str, object]
) -> None:
    with own_kafka() as kafka:
        stage = scene(kafka, **timeout, KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=60)
        program = stage.run_until_flowing()
        kafka.nodes[0].kill()
        wait_for_line(program, DETECTED)
        kafka.start()
        wait_for_line(program, RESOLVED)
        expect_no_trip(program)
        stage.expect_all(program)


def test_killed_again_and_again_it_loses_nothing(scene: Stage, own_kafka: Own) -> None:
    with own_kafka() as kafka:
        stage = scene(kafka, **NEVER)
        program = stage.run_until_flowing()
        for _ in range(3):
            delivered = program.frames()["delivered"]
            kafka.nodes[0].kill()
            kafka.start()
            program.wait_for_delivered(delivered + FRAMES_PER_SECOND)
        stage.expect_all(program)


def test_a_full_disk_loses_nothing(scene: Stage, own_kafka: Own) -> None:
    with own_kafka(small_disk_mebibytes=64) as kafka:
        stage = scene(kafka, **NEVER)
        program = stage.run_until_flowing()
        kafka.disks[0].fill()
        # Kafka's way with a full disk: the broker ends.
        kafka.nodes[0].wait_for_end()
        wait_for_line(program, DETECTED)
        wait_until(lambda: program.status()["spool"]["frames"] > 20, 60, program.text)
        kafka.disks[0].relieve()
        kafka.start()
        wait_for_line(program, RESOLVED)
        expect_no_trip(program)
        stage.expect_all(program)
