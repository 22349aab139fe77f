"""`testbed kafka up` and `down`: a Kafka that stays until it is ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tests.testbed.kafka.cluster import USER, KafkaCluster
from tests.testbed.kubernetes.cluster import Cluster
from tests.testbed.kubernetes.commands import NAME as CLUSTER_LEASE
from tests.testbed.lease import Lease, sweep
from tests.testbed.progress import step
from tests.testbed.refusal import Refusal

if TYPE_CHECKING:
    from pathlib import Path

LEASE = "kafka"
TOPIC = "camera-stream"


@click.group()
def kafka() -> None:
    """Apache Kafka on this machine."""


@kafka.command()
@click.option(
    "--nodes",
    type=click.Choice(["1", "3"]),
    default="1",
    show_default=True,
    help="How many brokers; of three each keeps every topic.",
)
@click.option(
    "--secure", is_flag=True, help="Also listen with TLS and passwords, and check rights."
)
@click.option(
    "--in-cluster",
    is_flag=True,
    help="Run it on the node of `testbed cluster up`, where pods reach it too.",
)
def up(nodes: str, secure: bool, in_cluster: bool) -> None:
    """Start Kafka and print its addresses as NAME=value lines.

    It has the topic camera-stream, and stays until `testbed kafka down`.
    """
    sweep()
    place = _on_the_node() if in_cluster else {}
    lease = Lease.take(LEASE)
    try:
        cluster = KafkaCluster(lease, nodes=int(nodes), secure=secure, **place)
        with step("starting Kafka", 3):
            cluster.start()
            cluster.create_topic(TOPIC)
        lines = addresses(cluster, lease.folder, secure=secure)
        lease.stand()
    except BaseException:
        lease.release()
        raise
    for name, value in lines.items():
        click.echo(f"{name}={value}")


@kafka.command()
def down() -> None:
    """End the Kafka that `up` started, with all that it holds."""
    lease = Lease.standing(LEASE)
    if lease is None:
        raise Refusal("There is no kafka to end; start one with: testbed kafka up")
    lease.release()


def _on_the_node() -> dict[str, Any]:
    """Return the options of a Kafka on the node of the standing cluster.

    Raises:
        Refusal: There is no cluster.
    """
    standing = Lease.standing(CLUSTER_LEASE)
    if standing is None:
        raise Refusal("There is no cluster; start one with: testbed cluster up")
    found = Cluster.attach(standing)
    return {"host": found.layout.address, "command_prefix": found.on_node([])}


def addresses(cluster: KafkaCluster, folder: Path, *, secure: bool) -> dict[str, str]:
    """Return what clients need to know, under the names that the stream program knows.

    The password is written to a file that only its owner can read.
    """
    lines = {"KAFKA_BOOTSTRAP_SERVERS": cluster.bootstrap_servers}
    if secure:
        password_file = folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(cluster.password)
        lines |= {
            "KAFKA_SASL_SSL_BOOTSTRAP_SERVERS": cluster.sasl_ssl_bootstrap_servers,
            "KAFKA_SSL_CA_LOCATION": str(cluster.certificate_authority),
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": USER,
            "KAFKA_SASL_PASSWORD_FILE": str(password_file),
        }
    return lines
