"""What can be told of the testbed's Kafka without starting it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.testbed.kafka.installation import Installation, supported_java
from tests.testbed.kafka.node import kafka_uuid
from tests.testbed.kafka.properties import (
    CLIENTS,
    CONTROLLER,
    INTERNAL,
    LISTENERS,
    SASL_SSL,
    NodePlan,
    Security,
    node_properties,
    render,
)
from tests.testbed.kafka.quota import error_code, request_bytes
from tests.testbed.refusal import Refusal

DATA = Path("/somewhere/data")


def plan(node_id: int, advertised: str | None = None) -> NodePlan:
    ports = {name: 1000 * node_id + number for number, name in enumerate(LISTENERS)}
    return NodePlan(node_id, "10.0.0.7", ports, advertised)


def listed(value: str) -> dict[str, str]:
    """Return the addresses of `NAME://address,...` by name."""
    return dict(each.split("://") for each in value.split(","))


@pytest.mark.parametrize(("nodes", "replicas", "in_sync"), [(1, "1", "1"), (3, "3", "2")])
def test_every_node_names_the_whole_quorum(nodes: int, replicas: str, in_sync: str) -> None:
    quorum = [plan(number + 1) for number in range(nodes)]
    all_properties = [node_properties(each, quorum, data_folder=DATA) for each in quorum]
    voters = {properties["controller.quorum.voters"] for properties in all_properties}
    assert voters == {",".join(f"{p.node_id}@{p.address(CONTROLLER)}" for p in quorum)}
    assert [properties["node.id"] for properties in all_properties] == [
        str(number + 1) for number in range(nodes)
    ]
    assert all_properties[0]["default.replication.factor"] == replicas
    assert all_properties[0]["min.insync.replicas"] == in_sync


def test_clients_are_told_the_proxy_and_brokers_are_not() -> None:
    node = plan(1, advertised="127.0.0.1:9")
    properties = node_properties(node, [node], data_folder=DATA)
    told, listening = listed(properties["advertised.listeners"]), listed(properties["listeners"])
    assert told[CLIENTS] == "127.0.0.1:9"
    assert listening[CLIENTS] == node.address(CLIENTS)
    assert told[INTERNAL] == listening[INTERNAL] == node.address(INTERNAL)
    assert CONTROLLER not in told, "Kafka refuses to start with it"


def test_each_listener_has_a_protocol() -> None:
    for security in (None, Security(Path("/k.pem"), {})):
        properties = node_properties(plan(1), [plan(1)], data_folder=DATA, security=security)
        protocols = dict(
            each.split(":") for each in properties["listener.security.protocol.map"].split(",")
        )
        assert set(protocols) == set(listed(properties["listeners"]))
        assert (protocols.get(SASL_SSL) == "SASL_SSL") is (security is not None)


def test_security_adds_users_and_refuses_strangers() -> None:
    security = Security(Path("/k.pem"), {"camera": "pw"})
    properties = node_properties(plan(1), [plan(1)], data_folder=DATA, security=security)
    assert properties["allow.everyone.if.no.acl.found"] == "false"
    plain = properties["listener.name.sasl_ssl.plain.sasl.jaas.config"]
    assert 'user_camera="pw"' in plain
    assert "pw" not in str(node_properties(plan(1), [plan(1)], data_folder=DATA))


def test_overrides_win() -> None:
    overrides = {"auto.create.topics.enable": "true", "quota.window.num": "2"}
    properties = node_properties(plan(1), [plan(1)], data_folder=DATA, overrides=overrides)
    assert properties.items() >= overrides.items()


def test_rendered_one_line_each() -> None:
    assert render({"a": "1", "b": r"C:\x"}) == "a=1\nb=C:\\\\x\n"
    with pytest.raises(ValueError, match="value of b has a line break"):
        render({"b": "1\ncontroller=yes"})


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime', "17.0.15"),
        ('openjdk version "21" 2023-09-19', "21"),
    ],
)
def test_a_java_that_kafka_runs_on(said: str, version: str) -> None:
    assert supported_java(said) == version


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ('java version "1.8.0_412"', r"Java 1\.8\.0_412"),
        ('openjdk version "11.0.2"', r"Java 11\.0\.2"),
        ("nonsense", "an unknown Java"),
    ],
)
def test_an_old_java_is_refused_in_one_sentence(said: str, named: str) -> None:
    with pytest.raises(Refusal, match=rf"needs Java 17 or newer and `java` is {named}; install"):
        supported_java(said)


def test_the_archive_is_used_once_it_is_there() -> None:
    jars = Path("/jars")
    bare = Installation(jars).java("kafka.Kafka", "conf")
    fast = Installation(jars, Path("/a.jsa")).java("kafka.Kafka", "conf", options=["-Xmx1m"])
    assert bare[0] == fast[0] == "java"
    assert bare[-2:] == fast[-2:] == ["kafka.Kafka", "conf"]
    assert not any("SharedArchiveFile" in each for each in bare)
    assert "-XX:SharedArchiveFile=/a.jsa" in fast
    assert "-Xmx1m" in fast
    assert "/jars/*" in fast
    # Else a killed broker leaves a file behind.
    assert "-XX:-UsePerfData" in bare


def test_kafka_takes_the_ids() -> None:
    ids = {kafka_uuid() for _ in range(500)}
    assert len(ids) == 500
    assert all(len(each) == 22 and not each.startswith("-") for each in ids)


@given(st.one_of(st.none(), st.integers(1, 2**40)))
def test_a_quota_request_says_what_was_asked_for(bytes_per_second: int | None) -> None:
    request = request_bytes(bytes_per_second)
    name = b"producer_byte_rate"
    assert struct.unpack_from(">hhi", request) == (49, 0, 1)
    at = request.index(name) + len(name)
    value, removed, validate_only = struct.unpack_from(">d??", request, at)
    assert at + 10 == len(request)
    assert (value, removed) == (bytes_per_second or 0, bytes_per_second is None)
    assert not validate_only
    # The default entity: "client-id" with a null name.
    assert b"\x00\x09client-id\xff\xff" in request


def test_a_refused_quota_is_noticed() -> None:
    answer = struct.pack(">iiihh", 1, 0, 1, 42, -1)
    assert error_code(answer) == 42
