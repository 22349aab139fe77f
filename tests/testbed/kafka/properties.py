"""A node's `server.properties`: pure, from the plan of a cluster to names and values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

INTERNAL = "INTERNAL"
CLIENTS = "CLIENTS"
CONTROLLER = "CONTROLLER"
SASL_SSL = "SASL_SSL"
SASL_PLAINTEXT = "SASL_PLAINTEXT"
LISTENERS = (INTERNAL, CLIENTS, CONTROLLER, SASL_SSL, SASL_PLAINTEXT)
"""Each node has a port for each of these. INTERNAL is for brokers and the testbed itself: a
proxy put before CLIENTS does not touch it, and neither does a quota."""

_PROTOCOLS = {
    INTERNAL: "PLAINTEXT",
    CLIENTS: "PLAINTEXT",
    CONTROLLER: "PLAINTEXT",
    SASL_SSL: "SASL_SSL",
    SASL_PLAINTEXT: "SASL_PLAINTEXT",
}
_SECURED = (SASL_SSL, SASL_PLAINTEXT)
_LOGIN_MODULES = "org.apache.kafka.common.security"


@dataclass(frozen=True, slots=True)
class NodePlan:
    """Where one node listens.

    Attributes:
        node_id: From 1 on.
        host: Its address.
        ports: Port by listener.
        advertised: `host:port` that clients are told for CLIENTS instead of the real one.
    """

    node_id: int
    host: str
    ports: Mapping[str, int]
    advertised: str | None = None

    def address(self, listener: str) -> str:
        """Return where it listens, as `host:port`."""
        return f"{self.host}:{self.ports[listener]}"

    def advertised_address(self, listener: str) -> str:
        """Return the address that clients are told."""
        if listener == CLIENTS and self.advertised is not None:
            return self.advertised
        return self.address(listener)


@dataclass(frozen=True, slots=True)
class Security:
    """What the secured listeners need.

    Attributes:
        keystore: PEM file with the server's key and certificate chain.
        plain_users: User name to password, for SASL/PLAIN. Those of SCRAM are made in the
            running cluster instead.
    """

    keystore: Path
    plain_users: Mapping[str, str]


def node_properties(
    node: NodePlan,
    quorum: Sequence[NodePlan],
    *,
    data_folder: Path,
    security: Security | None = None,
    overrides: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Return the properties of a node that is broker and controller in one.

    Args:
        node: The node.
        quorum: All nodes, this one among them.
        data_folder: Where it keeps its partitions.
        security: Adds the secured listeners and ACLs.
        overrides: Win over everything else.
    """
    listeners = [name for name in LISTENERS if security is not None or name not in _SECURED]
    advertised = [name for name in listeners if name != CONTROLLER]
    replicas = str(min(3, len(quorum)))
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.node_id),
        "controller.quorum.voters": ",".join(
            f"{each.node_id}@{each.address(CONTROLLER)}" for each in quorum
        ),
        "controller.listener.names": CONTROLLER,
        "inter.broker.listener.name": INTERNAL,
        "listeners": ",".join(f"{name}://{node.address(name)}" for name in listeners),
        "advertised.listeners": ",".join(
            f"{name}://{node.advertised_address(name)}" for name in advertised
        ),
        "listener.security.protocol.map": ",".join(
            f"{name}:{_PROTOCOLS[name]}" for name in listeners
        ),
        "log.dirs": str(data_folder),
        "auto.create.topics.enable": "false",
        "default.replication.factor": replicas,
        "min.insync.replicas": "2" if len(quorum) >= 3 else "1",
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": "1",
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": "1",
        "transaction.state.log.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        # A killed broker that starts again waits until its old registration has run out.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # Small: several nodes share a machine with what is tested.
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": "4000000",
        **(_security_properties(security) if security is not None else {}),
        **(overrides or {}),
    }


def render(properties: Mapping[str, str]) -> str:
    """Return the text of a properties file.

    Raises:
        ValueError: A value does not fit on one line.
    """
    for name, value in properties.items():
        if "\n" in value or "\r" in value:
            raise ValueError(f"the value of {name} has a line break; write it on one line")
    escaped = {name: value.replace("\\", "\\\\") for name, value in properties.items()}
    return "".join(f"{name}={value}\n" for name, value in escaped.items())


def _security_properties(security: Security) -> dict[str, str]:
    users = " ".join(f'user_{name}="{word}"' for name, word in security.plain_users.items())
    modules = {
        "scram-sha-512": f"{_LOGIN_MODULES}.scram.ScramLoginModule required;",
        "plain": f"{_LOGIN_MODULES}.plain.PlainLoginModule required {users};",
    }
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(security.keystore),
        "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # Who comes by a plaintext listener has no name; so the testbed itself may do everything.
        "super.users": "User:ANONYMOUS",
        "allow.everyone.if.no.acl.found": "false",
        **{
            f"listener.name.{listener.lower()}.{mechanism}.sasl.jaas.config": module
            for listener in _SECURED
            for mechanism, module in modules.items()
        },
    }
