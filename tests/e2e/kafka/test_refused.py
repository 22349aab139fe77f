"""What Kafka refuses is said in one clear sentence, with its cause and without secrets."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka.admin import AclOperation  # type: ignore[attr-defined]

from tests.e2e.kafka.scene import NEVER, RESOLVED, wait_for_line
from tests.integration.topic import wait_until
from tests.testbed.kafka import USER
from tests.testbed.pki import CertificateAuthority

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.kafka.scene import Scene
    from tests.integration.program.harness import Program
    from tests.testbed.kafka import KafkaCluster

FATAL = "🔴 CRITICAL: Kafka buffer is lost to a fatal producer error. Error: "


def secured(kafka: KafkaCluster, **changes: object) -> dict[str, Any]:
    """The settings that are right for a secured broker, with changes."""
    return {
        "bootstrap_servers": kafka.sasl_ssl_bootstrap_servers,
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SSL_CA_LOCATION": kafka.certificate_authority,
        "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "KAFKA_SASL_USERNAME": USER,
        "KAFKA_SASL_PASSWORD": kafka.password,
        **NEVER,
        **changes,
    }


def expect_said(program: Program, sentence: str, cause: str) -> None:
    """The sentence is in the log, once, with its cause; lines and status agree with it."""
    assert wait_for_line(program, sentence)["cause"] == cause
    wait_until(lambda: program.status()["monitor"]["cause"] == cause, 60, program.text)
    wait_until(
        lambda: any("🟡" in line["message"] and line["cause"] == cause for line in program.lines()),
        60,
        program.text,
    )
    said = [message for message in program.messages() if message.startswith(sentence)]
    assert len(said) == 1
    assert program.get("/livez")[0] == 200, "below the threshold nothing is restarted"


def expect_no_secret(program: Program, *secret: str) -> None:
    """None of these shows anywhere."""
    shown = program.text() + program.get("/status")[1] + program.get("/metrics")[1]
    assert program.terminate() == 0
    shown += program.text() + str(program.termination())
    for value in secret:
        assert value not in shown


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
def test_a_wrong_password(
    scene: Callable[..., Scene], secure_kafka: KafkaCluster, mechanism: str
) -> None:
    wrong = secrets.token_urlsafe(16)
    stage = scene(
        secure_kafka,
        **secured(secure_kafka, KAFKA_SASL_PASSWORD=wrong, KAFKA_SASL_MECHANISM=mechanism),
    )
    # With every line there is: a secret must be in none of them.
    program = stage.run(DEBUG_LEVEL="DEBUG")
    expect_said(program, "Kafka does not accept the user name or password", "auth")
    expect_no_secret(program, wrong)


def test_a_wrong_certificate_authority(
    scene: Callable[..., Scene], secure_kafka: KafkaCluster, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(CertificateAuthority("another").certificate)
    stage = scene(secure_kafka, **secured(secure_kafka, KAFKA_SSL_CA_LOCATION=other))
    program = stage.run(DEBUG_LEVEL="DEBUG")
    expect_said(program, "Kafka's certificate is not trusted", "tls")
    expect_no_secret(program, secure_kafka.password)


def test_a_missing_topic_until_it_is_there(
    scene: Callable[..., Scene], secure_kafka: KafkaCluster
) -> None:
    stage = scene(
        secure_kafka,
        **secured(secure_kafka),
        topic=None,
        # How long librdkafka takes a missing topic for one that is just being made; 30 s else.
        KAFKA_CONFIG_TOPIC_METADATA_PROPAGATION_MAX_MS=1500,
    )
    program = stage.run()
    expect_said(program, "the Kafka topic does not exist", "topic")
    stage.create_topic()
    wait_for_line(program, RESOLVED)
    stage.expect_all(program)


def test_no_right_to_write_until_it_is_given(
    scene: Callable[..., Scene], secure_kafka: KafkaCluster
) -> None:
    user, password = f"visitor-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    secure_kafka.administration.add_user(user, password)
    # Somebody who may write nowhere at all gets a fatal error instead: see the next test.
    secure_kafka.administration.allow(user, AclOperation.WRITE, "some-other-topic")
    stage = scene(
        secure_kafka,
        **secured(secure_kafka, KAFKA_SASL_USERNAME=user, KAFKA_SASL_PASSWORD=password),
    )
    program = stage.run(DEBUG_LEVEL="DEBUG")
    expect_said(program, "the Kafka user may not write to the topic", "acl")
    secure_kafka.administration.allow(user, AclOperation.WRITE, stage.topic)
    wait_for_line(program, RESOLVED)
    stage.expect_all(program)
    assert password not in program.text()


def test_no_right_to_write_anywhere_is_fatal_and_loses_nothing(
    scene: Callable[..., Scene], secure_kafka: KafkaCluster
) -> None:
    user, password = f"stranger-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    secure_kafka.administration.add_user(user, password)
    stage = scene(
        secure_kafka,
        **secured(secure_kafka, KAFKA_SASL_USERNAME=user, KAFKA_SASL_PASSWORD=password),
    )
    first = stage.run()
    assert first.wait_for_end() == 1, first.text()
    assert first.line(FATAL)["cause"] == "acl", first.text()
    assert first.termination()["reason"] == "KafkaFatalError"
    secure_kafka.administration.allow(user, AclOperation.WRITE, stage.topic)
    second = stage.run()
    wait_for_line(second, RESOLVED)
    stage.expect_all(second)
    assert password not in first.text() + second.text()
