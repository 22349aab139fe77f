"""Frames through a real Kafka: every one of them, in order, and a picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.kafka.scene import FRAMES_PER_SECOND
from tests.testbed.kafka import USER

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.kafka.conftest import SharedKafka
    from tests.e2e.kafka.scene import Scene
    from tests.testbed.kafka import KafkaCluster

FOOTAGE = Path(__file__).parents[3] / "examples" / "footage" / "car-detection.mp4"


def test_frames_arrive_complete_in_order_and_as_pictures(
    scene: Callable[..., Scene], shared_kafka: SharedKafka
) -> None:
    stage = scene(shared_kafka)
    program = stage.run_until_flowing(3 * FRAMES_PER_SECOND)
    stage.expect_all(program)
    stage.expect_pictures()


def test_a_film_is_sent_whole(scene: Callable[..., Scene], shared_kafka: SharedKafka) -> None:
    stage = scene(shared_kafka, RTSP_CAMERA_URL=FOOTAGE, FILE_PLAYBACK="fast", INTERVAL_SECONDS=0.5)
    program = stage.run()
    assert program.wait_for_end() == 0, program.text()
    ended = program.line("buffer stored, ended")
    assert ended["delivered"] == ended["selected"] > 50
    stream = program.line("started")["stream"]
    assert stage.reader.wait_for(stream, ended["selected"]) == list(range(ended["selected"]))
    stage.expect_pictures()


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "PLAIN"])
@pytest.mark.parametrize("protocol", ["SASL_SSL", "SASL_PLAINTEXT"])
def test_frames_arrive_over_tls_and_with_a_password(
    scene: Callable[..., Scene], secure_kafka: KafkaCluster, protocol: str, mechanism: str
) -> None:
    stage = scene(
        secure_kafka,
        bootstrap_servers=secure_kafka.sasl_ssl_bootstrap_servers
        if protocol == "SASL_SSL"
        else secure_kafka.sasl_plaintext_bootstrap_servers,
        KAFKA_SECURITY_PROTOCOL=protocol,
        KAFKA_SSL_CA_LOCATION=secure_kafka.certificate_authority,
        KAFKA_SASL_MECHANISM=mechanism,
        KAFKA_SASL_USERNAME=USER,
        KAFKA_SASL_PASSWORD=secure_kafka.password,
    )
    program = stage.run_until_flowing(FRAMES_PER_SECOND)
    stage.expect_all(program)
    stage.expect_pictures()
    assert secure_kafka.password not in program.text()
