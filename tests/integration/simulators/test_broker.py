"""Every control of the mock broker and of the proxy does what it says."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import KafkaError, KafkaException, Producer

from tests.integration.topic import TopicReader, wait_until
from tests.simulators.broker import REQUEST_METADATA, MockBroker
from tests.simulators.fatal import fatal_error
from tests.simulators.tcpproxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[3]
NOT_ENOUGH_REPLICAS = 19
MSG_SIZE_TOO_LARGE = 10
INVALID_PRODUCER_EPOCH = 47


@pytest.fixture
def broker() -> Iterator[MockBroker]:
    with MockBroker() as started:
        yield started


class Sender:
    """A producer that says what became of each message."""

    def __init__(self, bootstrap_servers: str, **config: Any) -> None:
        self.producer = Producer(
            {
                "bootstrap.servers": bootstrap_servers,
                "reconnect.backoff.max.ms": 300,
                "topic.metadata.refresh.interval.ms": 1000,
                "linger.ms": 0,
                "log_level": 0,
                **{name.replace("_", "."): value for name, value in config.items()},
            }
        )
        self.reports: list[KafkaError | None] = []

    def send(self, timeout_seconds: float = 20, partition: int = 0) -> bool:
        """Send one message and say whether there was a report in time."""
        self.producer.produce(
            "t", b"x", partition=partition, on_delivery=lambda error, _: self.reports.append(error)
        )
        return self.finish(timeout_seconds)

    def finish(self, timeout_seconds: float = 20) -> bool:
        return self.producer.flush(timeout_seconds) == 0


def connects(address: str) -> bool:
    host, port = address.split(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


def test_messages_come_back_and_topics_have_the_partitions_asked_for(broker: MockBroker) -> None:
    broker.create_topic("t", partitions=3)
    sender = Sender(broker.bootstrap_servers)
    assert len(sender.producer.list_topics(timeout=10).topics["t"].partitions) == 3
    assert sender.send()
    assert sender.reports == [None]


def test_a_frozen_broker_answers_nothing_and_loses_nothing(broker: MockBroker) -> None:
    sender = Sender(broker.bootstrap_servers)
    assert sender.send()
    broker.freeze()
    assert connects(broker.bootstrap_servers)
    assert not sender.send(timeout_seconds=0.5)
    with pytest.raises(RuntimeError, match="frozen broker takes no commands"):
        broker.set_rtt(1)
    broker.thaw()
    assert sender.finish()
    broker.set_rtt(1)


def test_a_slow_broker_answers_late(broker: MockBroker) -> None:
    sender = Sender(broker.bootstrap_servers)
    assert sender.send()
    broker.set_rtt(700)
    began = time.monotonic()
    assert sender.send()
    assert time.monotonic() - began >= 0.6


def test_down_refuses_and_up_serves_again(broker: MockBroker) -> None:
    sender = Sender(broker.bootstrap_servers)
    assert sender.send()
    broker.broker_down()
    assert not connects(broker.bootstrap_servers)
    assert not sender.send(timeout_seconds=0.5)
    broker.broker_up()
    assert sender.finish()


def test_one_of_three_brokers_down_stops_its_partition_only() -> None:
    with MockBroker(brokers=3) as broker:
        assert broker.bootstrap_servers.count(",") == 2
        broker.create_topic("t", partitions=2)
        broker.set_partition_leader("t", 0, 1)
        broker.set_partition_leader("t", 1, 2)
        sender = Sender(broker.bootstrap_servers)
        broker.broker_down(2)
        assert sender.send(partition=0)
        assert not sender.send(timeout_seconds=0.5, partition=1)
        broker.set_partition_leader("t", 1, 3)
        assert sender.finish()


def test_errors_are_answered_as_pushed(broker: MockBroker) -> None:
    sender = Sender(broker.bootstrap_servers)
    broker.push_request_errors([NOT_ENOUGH_REPLICAS])
    assert sender.send()
    broker.push_request_errors([MSG_SIZE_TOO_LARGE])
    assert sender.send()
    broker.push_request_errors([MSG_SIZE_TOO_LARGE] * 5)
    broker.clear_request_errors()
    assert sender.send()
    codes = [None if error is None else error.code() for error in sender.reports]
    assert codes == [None, MSG_SIZE_TOO_LARGE, None]
    broker.push_request_errors([7], api_key=REQUEST_METADATA)


def test_a_refused_command_is_an_error_that_names_it(broker: MockBroker) -> None:
    with pytest.raises(RuntimeError, match=r"refused .*set_rtt.*not available"):
        broker.set_rtt(5, broker=7)


def test_kill_and_start_on_the_same_address(broker: MockBroker) -> None:
    with TcpProxy(broker.bootstrap_servers) as proxy:
        broker.advertise(proxy.host, proxy.port)
        sender = Sender(proxy.address)
        assert sender.send()
        broker.kill()
        with pytest.raises(RuntimeError, match="not running"):
            broker.set_rtt(1)
        assert not sender.send(timeout_seconds=0.5)
        broker.start()
        broker.advertise(proxy.host, proxy.port)
        proxy.retarget(broker.bootstrap_servers)
        reader = TopicReader(proxy.address, "t")
        assert sender.finish()
        reader.stop()


def test_proxy_refuses_falls_silent_delays_and_recovers(broker: MockBroker) -> None:
    with TcpProxy(broker.bootstrap_servers) as proxy:
        broker.advertise(proxy.host, proxy.port)
        sender = Sender(proxy.address)
        assert sender.send()
        assert proxy.connections

        proxy.refuse()
        assert not connects(proxy.address)
        assert not sender.send(timeout_seconds=0.5)
        proxy.accept()
        assert sender.finish()

        proxy.blackhole()
        assert connects(proxy.address)
        assert not sender.send(timeout_seconds=0.5)
        proxy.accept()
        assert sender.finish()

        proxy.delay(0.3)
        began = time.monotonic()
        assert sender.send()
        assert time.monotonic() - began >= 0.6
    assert not connects(proxy.address)


def test_a_thin_link_takes_its_time_and_loses_nothing() -> None:
    sent = bytes(range(256)) * 400
    with (
        socket.create_server(("127.0.0.1", 0)) as target,
        TcpProxy(f"127.0.0.1:{target.getsockname()[1]}") as proxy,
        socket.create_connection((proxy.host, proxy.port)) as client,
    ):
        proxy.throttle(len(sent) // 2)
        began = time.monotonic()
        client.sendall(sent)
        server, _ = target.accept()
        assert _exactly(server, len(sent)) == sent
        assert time.monotonic() - began >= 1.5
        server.sendall(sent)
        assert _exactly(client, len(sent)) == sent, "answers come whole, too"
        proxy.throttle(None)
        client.sendall(sent * 20)
        assert _exactly(server, 20 * len(sent)) == sent * 20
        server.close()


def _exactly(source: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += source.recv(size - len(data))
    return data


def test_a_fatal_error_ends_the_producer_for_good(broker: MockBroker) -> None:
    sender = Sender(broker.bootstrap_servers, enable_idempotence=True)
    assert sender.send()
    fatal_error(sender.producer, INVALID_PRODUCER_EPOCH, "fenced")
    with pytest.raises(KafkaException) as caught:
        sender.producer.poll(5)
    assert caught.value.args[0].fatal()
    with pytest.raises(KafkaException, match="_FATAL"):
        sender.producer.produce("t", b"x")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("frozen", [False, True])
def test_the_broker_dies_with_the_one_who_started_it(frozen: bool) -> None:
    code = (
        "from tests.simulators.broker import MockBroker\n"
        "import time\n"
        "broker = MockBroker(); broker.start()\n"
        f"broker.freeze() if {frozen} else None\n"
        "print(broker.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert alive(pid)
        parent.kill()
        parent.wait()
        wait_until(lambda: not alive(pid), 10, lambda: "the broker outlived its parent")


def test_by_hand_it_prints_its_address_obeys_and_ends_with_its_input() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.simulators.broker", "--topic", "t:2"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["bootstrap_servers"]
        topics = Sender(address).producer.list_topics(timeout=10).topics
        assert len(topics["t"].partitions) == 2
        process.stdin.write('{"do": "set_rtt", "broker": 1, "milliseconds": 1}\nnonsense\n')
        process.stdin.flush()
        assert json.loads(process.stdout.readline()) == {"error": None}
        assert "JSONDecodeError" in json.loads(process.stdout.readline())["error"]
        process.stdin.close()
        assert process.wait(10) == 0


def test_in_the_background_it_stays_until_it_is_told_to_end() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.simulators.broker", "--stay"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["bootstrap_servers"]
        time.sleep(0.3)
        assert connects(address)
        os.kill(process.pid, signal.SIGTERM)
        process.wait(10)
