"""A real Kafka of one node or three, for as long as a lease lasts."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Self

from tests.testbed import requirement
from tests.testbed.kafka.administration import Administration
from tests.testbed.kafka.disk import SmallDisk
from tests.testbed.kafka.node import KafkaNode, kafka_uuid
from tests.testbed.kafka.ports import ReservedPorts
from tests.testbed.kafka.preparation import installation
from tests.testbed.kafka.properties import (
    INTERNAL,
    LISTENERS,
    SASL_PLAINTEXT,
    SASL_SSL,
    NodePlan,
    Security,
    node_properties,
)
from tests.testbed.kafka.quota import limit_producers
from tests.testbed.pki import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.testbed.lease import Lease

USER = "camera"
_READY_SECONDS = 120.0
_LOOK_SECONDS = 0.05


class KafkaCluster:
    """Apache Kafka under KRaft; runs inside the `with` statement, or from `start` to `stop`.

    Ports are chosen at once and stay the same over restarts, so that a proxy can be put in
    between before the first start (`advertise`).

    Example:
        with Lease.take("kafka") as lease, KafkaCluster(lease, nodes=3) as kafka:
            kafka.create_topic("camera-stream")
            kafka.nodes[0].freeze()

    Args:
        lease: Owns processes, mounts and files.
        nodes: 1, or 3 with every topic three times unless told.
        secure: Adds TLS, SCRAM and PLAIN, and ACLs: the user `camera` may do everything, any
            other one nothing. Who comes by the plaintext listener may do everything too.
        properties: Win over the testbed's own, on every node.
        host: Where nodes listen and what they tell clients.
        log_folder: Where nodes log to; in the lease unless told, and gone with it.
        command_prefix: Put before `java`: runs the nodes in other namespaces, as with
            `nsenter --net --mount --pid --target PID`. `host` is an address of theirs then.
        small_disk_mebibytes: Each node keeps its partitions on a disk of that size, which a
            test can fill; needs root.

    Raises:
        Refusal: Something it needs is missing and cannot be had.

    Attributes:
        nodes: The nodes, from id 1 on.
        certificate_authority: Certificate that clients check `secure` brokers against.
        password: Of the user `camera`, with `secure`.
        disks: The small disks, by node.
    """

    def __init__(
        self,
        lease: Lease,
        *,
        nodes: int = 1,
        secure: bool = False,
        properties: Mapping[str, str] | None = None,
        host: str = "127.0.0.1",
        log_folder: Path | None = None,
        command_prefix: Sequence[str] = (),
        small_disk_mebibytes: int | None = None,
    ) -> None:
        if small_disk_mebibytes is not None:
            requirement.root()
        kafka = installation()
        self._folder = lease.folder / f"kafka-{secrets.token_hex(4)}"
        self._folder.mkdir()
        self._properties = dict(properties or {})
        self._cluster_id = kafka_uuid()
        self._formatted = False
        self.password = secrets.token_urlsafe(16)
        self.certificate_authority = self._folder / "ca.pem"
        self._security = self._secure(host) if secure else None
        self._ports = ReservedPorts(host, nodes * len(LISTENERS), command_prefix)
        self.disks: list[SmallDisk] = []
        self.nodes: list[KafkaNode] = []
        for plan in _plans(host, self._ports.numbers, nodes):
            folder = self._folder / f"node-{plan.node_id}"
            folder.mkdir()
            if small_disk_mebibytes is not None:
                self.disks.append(SmallDisk(lease, folder / "disk", small_disk_mebibytes))
            self.nodes.append(
                KafkaNode(
                    lease,
                    kafka,
                    plan,
                    folder=folder,
                    data_folder=self.disks[-1].folder if self.disks else folder / "data",
                    log=(log_folder or folder) / f"kafka-{plan.node_id}.log",
                    command_prefix=command_prefix,
                )
            )
        self.administration = Administration(self.internal_bootstrap_servers)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def bootstrap_servers(self) -> str:
        """Where clients without a password begin, as they are told: perhaps proxies."""
        return ",".join(node.plan.advertised or node.address for node in self.nodes)

    @property
    def internal_bootstrap_servers(self) -> str:
        """Where the testbed itself asks and reads: past proxies and passwords."""
        return self._addresses(INTERNAL)

    @property
    def sasl_ssl_bootstrap_servers(self) -> str:
        """Where clients with TLS and a password begin, by SCRAM-SHA-512 or PLAIN."""
        return self._addresses(SASL_SSL)

    @property
    def sasl_plaintext_bootstrap_servers(self) -> str:
        """The same without TLS."""
        return self._addresses(SASL_PLAINTEXT)

    def advertise(self, addresses: Mapping[int, str]) -> None:
        """Tell clients other addresses of nodes, those of proxies before them.

        Brokers among each other, and the testbed, do not use them.

        Args:
            addresses: `host:port` by node id.

        Raises:
            RuntimeError: Nodes have been told already.
        """
        if self._formatted:
            raise RuntimeError("addresses are advertised before the first start")
        for node in self.nodes:
            if node.plan.node_id in addresses:
                node.advertise(addresses[node.plan.node_id])

    def start(self) -> None:
        """Start every node that does not run and wait until all of them serve."""
        if not self._formatted:
            self._format()
        for node in self.nodes:
            if not node.running():
                node.start()
        self.wait_until_ready()
        if self._security is not None:
            self.administration.add_user(USER, self.password)
            self.administration.allow_all(USER)

    def stop(self) -> None:
        """End every node at once, frozen ones too; the lease removes the files."""
        for node in self.nodes:
            node.kill()
        self._ports.close()

    def wait_until_ready(self) -> None:
        """Wait until every node is known to be up and serves.

        Raises:
            RuntimeError: One has ended instead.
            TimeoutError: It takes too long.
        """
        wanted = {node.plan.node_id for node in self.nodes}
        deadline = time.monotonic() + _READY_SECONDS
        # A broker that was killed is counted as up until its session has run out: so each is
        # asked, too.
        while not (
            all(node.listens() for node in self.nodes) and self.administration.brokers() == wanted
        ):
            for node in self.nodes:
                node.expect_running()
            if time.monotonic() > deadline:
                words = "\n".join(node.last_words() for node in self.nodes)
                raise TimeoutError(f"Kafka is not complete after {_READY_SECONDS:g} s:\n{words}")
            time.sleep(_LOOK_SECONDS)

    def create_topic(
        self,
        name: str,
        *,
        partitions: int = 1,
        assignment: Sequence[Sequence[int]] | None = None,
        config: Mapping[str, str] | None = None,
    ) -> None:
        """Create a topic; see `Administration.create_topic`."""
        self.administration.create_topic(
            name, partitions=partitions, assignment=assignment, config=config
        )

    def limit_producers(self, bytes_per_second: int | None) -> None:
        """Set the quota of every client that has none of its own; None lifts it."""
        limit_producers(self.nodes[0].plan.address(INTERNAL), bytes_per_second)

    def _addresses(self, listener: str) -> str:
        return ",".join(node.plan.address(listener) for node in self.nodes)

    def _secure(self, host: str) -> Security:
        authority = CertificateAuthority("Kafka testbed")
        self.certificate_authority.write_bytes(authority.certificate)
        server = authority.issue("kafka", addresses=[host], names=["localhost"])
        keystore = self._folder / "server.pem"
        keystore.touch(mode=0o600)
        # Kafka wants key and chain in one file.
        keystore.write_bytes(server.key + server.certificate + authority.certificate)
        return Security(keystore, plain_users={USER: self.password})

    def _format(self) -> None:
        plans = [node.plan for node in self.nodes]
        for node in self.nodes:
            node.configure(
                node_properties(
                    node.plan,
                    plans,
                    data_folder=node.data_folder,
                    security=self._security,
                    overrides=self._properties,
                )
            )
            node.format(self._cluster_id)
        self._formatted = True


def _plans(host: str, ports: Sequence[int], nodes: int) -> list[NodePlan]:
    each = len(LISTENERS)
    return [
        NodePlan(
            number + 1,
            host,
            dict(zip(LISTENERS, ports[number * each : (number + 1) * each], strict=True)),
        )
        for number in range(nodes)
    ]
