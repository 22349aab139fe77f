"""The whole way against any broker and any camera: by default the simulators.

    KAFKA_BOOTSTRAP_SERVERS=host:9092 RTSP_CAMERA_URL=rtsp://... pytest tests/...

runs it against real ones, on a topic of its own.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

from tests.integration.program.harness import Program
from tests.integration.topic import TopicReader, assert_complete_and_in_order
from tests.simulators.broker import MockBroker
from tests.simulators.camera import CameraSimulator
from tests.simulators.camera_clip import load

if TYPE_CHECKING:
    from collections.abc import Iterator

FOOTAGE = Path(__file__).parents[3] / "examples" / "footage" / "car-detection.mp4"


@pytest.fixture
def bootstrap_servers() -> Iterator[str]:
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        yield given
        return
    with MockBroker() as broker:
        yield broker.bootstrap_servers


@pytest.fixture
def camera_url() -> Iterator[str]:
    given = os.environ.get("RTSP_CAMERA_URL")
    if given:
        yield given
        return
    with CameraSimulator(load(FOOTAGE)) as camera:
        yield camera.rtsp_url


def test_frames_of_a_camera_arrive_complete_in_order_and_as_pictures(
    bootstrap_servers: str, camera_url: str, tmp_path: Path
) -> None:
    topic = f"camera-stream-{uuid.uuid4().hex[:8]}"
    client = AdminClient({"bootstrap.servers": bootstrap_servers})
    # Where topics cannot be created like this, the broker makes them on first use.
    with contextlib.suppress(KafkaException):
        client.create_topics([NewTopic(topic, 1, 1)], request_timeout=3)[topic].result(5)
    program = Program(
        tmp_path,
        KAFKA_BOOTSTRAP_SERVERS=bootstrap_servers,
        CAMERA_STREAM_TOPIC=topic,
        RTSP_CAMERA_URL=camera_url,
        INTERVAL_SECONDS=0.2,
    )
    try:
        program.wait_for_delivered(20)
        assert program.terminate() == 0
        ended = program.line("buffer stored, ended")
        assert ended["delivered"] == ended["selected"]
        stream = program.line("started")["stream"]
        partitions = client.list_topics(topic, timeout=10).topics[topic].partitions
        reader = TopicReader(bootstrap_servers, topic, len(partitions))
        sequences = reader.wait_for(stream, ended["selected"])
        reader.stop()
        assert_complete_and_in_order(sequences, ended["selected"])
        for header, value in reader.frames:
            picture = cv2.imdecode(np.frombuffer(value, np.uint8), cv2.IMREAD_COLOR)
            assert picture.shape == (header.height, header.width, 3)
    finally:
        program.close()
