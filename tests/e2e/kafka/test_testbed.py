"""The testbed's Kafka does what it says, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Producer

from tests.integration.topic import wait_until
from tests.testbed.lease import MARK, Lease
from tests.testbed.process import marked
from tests.testbed.traces import Link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.testbed.kafka import KafkaCluster

ROOT = Path(__file__).parents[3]
needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="mounts and namespaces need root: run the tests with sudo"
)


def connects(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


def stores(servers: str, topic: str, **config: object) -> bool:
    """Whether a message is acknowledged soon."""
    producer = Producer(
        {"bootstrap.servers": servers, "message.timeout.ms": 20000, "log_level": 0, **config}
    )
    errors: list[object] = []
    producer.produce(topic, b"x", on_delivery=lambda error, _: errors.append(error))
    producer.flush(30)
    return errors == [None]


def expect_controls(kafka: KafkaCluster) -> None:
    """Freeze, thaw, kill, start and stop, and see each of them from outside."""
    (node,) = kafka.nodes
    address = node.address
    kafka.create_topic("t")
    assert stores(kafka.bootstrap_servers, "t")
    for _ in range(5):
        node.freeze()
        node.thaw()
    node.freeze()
    assert connects(address), "a frozen broker still takes connections"
    assert kafka.administration.brokers() == set(), "and answers nothing"
    node.thaw()
    assert kafka.administration.brokers() == {1}

    node.freeze()
    node.kill()
    assert not node.running()
    assert not connects(address)
    with pytest.raises(RuntimeError, match="broker 1 is not running; its last words"):
        node.freeze()
    node.start()
    kafka.wait_until_ready()
    assert node.address == address
    assert kafka.administration.partitions("t") == 1, "what was stored is still there"
    assert stores(kafka.bootstrap_servers, "t")
    with pytest.raises(RuntimeError, match="broker 1 is running; stop it first"):
        node.start()

    node.freeze()
    node.stop()
    assert not node.running()
    assert "shut down" in node.log.read_text(), "in order, although it was frozen"
    node.start()
    kafka.wait_until_ready()
    node.freeze()


def test_a_broker_obeys_and_ends_also_when_frozen(
    own_kafka: Callable[..., KafkaCluster], tmp_path: Path
) -> None:
    with own_kafka(log_folder=tmp_path) as kafka:
        expect_controls(kafka)
    assert list(tmp_path.glob("kafka-*.log"))
    assert not kafka.nodes[0].running()


@pytest.fixture
def namespaces(lease: Lease) -> Iterator[tuple[list[str], str]]:
    """Namespaces like those of a node, reached from here: the way in, and the address."""
    name = f"kafka{uuid.uuid4().hex[:6]}"
    lease.will_leave(Link(name))
    holder = lease.popen(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "sleep", "300"],
        log=lease.folder / "namespaces.log",
    )

    def inside() -> list[str]:
        children = Path(f"/proc/{holder.pid}/task/{holder.pid}/children").read_text().split()
        return children if Path(f"/proc/{holder.pid}/ns/net").exists() else []

    wait_until(lambda: bool(inside()))
    (pid,) = inside()
    # Of the last bits of a private range, so that parallel sessions get in nobody's way.
    network = f"10.98.{os.getpid() % 250}"
    enter = ["nsenter", "--net", "--mount", "--pid", "--target", pid]
    for command in (
        ["ip", "link", "add", name, "type", "veth", "peer", "name", "inside", "netns", pid],
        ["ip", "address", "add", f"{network}.1/30", "dev", name],
        ["ip", "link", "set", name, "up"],
        [*enter, "ip", "address", "add", f"{network}.2/30", "dev", "inside"],
        [*enter, "ip", "link", "set", "inside", "up"],
        [*enter, "ip", "link", "set", "lo", "up"],
    ):
        subprocess.run(command, check=True)
    yield enter, f"{network}.2"
    os.kill(int(pid), signal.SIGKILL)
    holder.wait()
    subprocess.run(["ip", "link", "delete", name], check=False, capture_output=True)


@needs_root
def test_it_obeys_in_the_namespaces_of_a_node_too(
    own_kafka: Callable[..., KafkaCluster], namespaces: tuple[list[str], str]
) -> None:
    enter, address = namespaces
    with own_kafka(host=address, command_prefix=enter) as kafka:
        assert kafka.bootstrap_servers.startswith(address)
        expect_controls(kafka)
    assert not kafka.nodes[0].running()


@needs_root
def test_nothing_is_left_after_the_driver_was_killed(tmp_path: Path) -> None:
    """With a frozen broker and a mounted disk, the worst that it can leave."""
    script = (
        "from tests.testbed.kafka import KafkaCluster\n"
        "from tests.testbed.lease import Lease\n"
        "lease = Lease.take('killed', unique=True)\n"
        "kafka = KafkaCluster(lease, small_disk_mebibytes=64)\n"
        "kafka.start()\n"
        "kafka.nodes[0].freeze()\n"
        "print(lease.folder, flush=True)\n"
        "input()\n"
    )
    environment = {**os.environ, "CAMERASTREAM_TESTBED_RUN": str(tmp_path / "run")}
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as driver:
        assert driver.stdout is not None
        folder = driver.stdout.readline().strip()
        assert folder
        driver.kill()
    assert marked(MARK, folder), "the broker outlives its driver; else this proves nothing"
    assert folder in Path("/proc/mounts").read_text()
    subprocess.run(
        [sys.executable, "-c", "from tests.testbed.lease import sweep; sweep()"],
        cwd=ROOT,
        env=environment,
        check=True,
    )
    assert not marked(MARK, folder)
    assert folder not in Path("/proc/mounts").read_text()
    assert not (tmp_path / "run").exists()


def command(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.testbed", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_by_hand_it_stands_until_it_is_ended(tmp_path: Path) -> None:
    environment = {**os.environ, "CAMERASTREAM_TESTBED_RUN": str(tmp_path / "run")}
    up = command(environment, "kafka", "up", "--secure")
    try:
        assert up.returncode == 0, up.stderr
        said = dict(line.split("=", maxsplit=1) for line in up.stdout.splitlines())
        password_file = Path(said["KAFKA_SASL_PASSWORD_FILE"])
        assert password_file.stat().st_mode & 0o777 == 0o600
        password = password_file.read_text()
        assert password not in up.stdout + up.stderr
        assert stores(said["KAFKA_BOOTSTRAP_SERVERS"], "camera-stream")
        assert stores(
            said["KAFKA_SASL_SSL_BOOTSTRAP_SERVERS"],
            "camera-stream",
            **{
                "security.protocol": "SASL_SSL",
                "ssl.ca.location": said["KAFKA_SSL_CA_LOCATION"],
                "sasl.mechanism": said["KAFKA_SASL_MECHANISM"],
                "sasl.username": said["KAFKA_SASL_USERNAME"],
                "sasl.password": password,
            },
        )
        again = command(environment, "kafka", "up")
        assert again.returncode == 2
        assert "There is a kafka already; end it with: testbed kafka down" in again.stderr
        assert stores(said["KAFKA_BOOTSTRAP_SERVERS"], "camera-stream"), "it is left alone"
    finally:
        down = command(environment, "kafka", "down")
    assert down.returncode == 0, down.stderr
    assert not connects(said["KAFKA_BOOTSTRAP_SERVERS"])
    assert not password_file.exists()
    down = command(environment, "kafka", "down")
    assert down.returncode == 2
    assert "There is no kafka to end; start one with: testbed kafka up" in down.stderr
