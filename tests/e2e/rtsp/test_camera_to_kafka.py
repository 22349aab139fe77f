"""The whole way on real components: a camera's frames through a real Kafka to a consumer."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.e2e.rtsp.camera import assert_nothing_secret_is_said
from tests.integration.program.arrival import expect_all_frames, expect_jpegs
from tests.integration.topic import TopicReader, wait_until
from tests.testbed.kafka import USER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.program.harness import Program
    from tests.testbed.kafka import KafkaCluster
    from tests.testbed.rtsp import RtspServer

pytestmark = pytest.mark.timeout(900)  # the first run on a machine builds and fetches


@pytest.fixture
def topic(kafka: KafkaCluster) -> str:
    name = f"camera-stream-{uuid4().hex[:8]}"
    kafka.create_topic(name)
    return name


@pytest.fixture
def reader(kafka: KafkaCluster, topic: str) -> Iterator[TopicReader]:
    started = TopicReader(kafka.internal_bootstrap_servers, topic)
    yield started
    started.stop()


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls and scram"])
def test_every_frame_of_a_camera_arrives_in_order_and_as_a_jpeg(
    run: Callable[..., Program],
    kafka: KafkaCluster,
    topic: str,
    reader: TopicReader,
    rtsp_camera: dict[str, str],
    secure: bool,
) -> None:
    access = {"KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers}
    if secure:
        access = {
            "KAFKA_BOOTSTRAP_SERVERS": kafka.sasl_ssl_bootstrap_servers,
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": USER,
            "KAFKA_SASL_PASSWORD": kafka.password,
            "KAFKA_SSL_CA_LOCATION": str(kafka.certificate_authority),
        }
    program = run(CAMERA_STREAM_TOPIC=topic, INTERVAL_SECONDS=0, **access, **rtsp_camera)
    program.wait_for_delivered(60)
    assert_nothing_secret_is_said(program, kafka.password)
    expect_all_frames(program, reader)
    expect_jpegs(reader)


def test_frames_of_a_broken_camera_and_a_broken_broker_are_all_there(
    run: Callable[..., Program],
    kafka: KafkaCluster,
    topic: str,
    reader: TopicReader,
    frail_rtsp: RtspServer,
) -> None:
    program = run(
        CAMERA_STREAM_TOPIC=topic,
        KAFKA_BOOTSTRAP_SERVERS=kafka.bootstrap_servers,
        KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=600,
        RTSP_CAMERA_URL=frail_rtsp.url(),
        CAPTURE_TIMEOUT_SECONDS=2,
    )
    program.wait_for_delivered(10)
    kafka.nodes[0].freeze()
    try:
        frail_rtsp.kill()
        program.line("camera gives no picture")
        frail_rtsp.start()
        program.line("camera is back")
        caught = program.frames()["selected"]
        wait_until(lambda: program.frames()["selected"] >= caught + 10)
    finally:
        kafka.nodes[0].thaw()
    program.wait_for_delivered(caught + 10)
    expect_all_frames(program, reader)
    expect_jpegs(reader)
