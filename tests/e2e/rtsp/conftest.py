"""Real cameras, a broker, and programs that end with the test."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.e2e.rtsp.camera import (
    PASSWORD,
    USERNAME,
    WRONG_PASSWORD,
    assert_nothing_secret_is_said,
    foreign_camera,
)
from tests.integration.program.harness import Program
from tests.integration.topic import TopicReader
from tests.simulators.broker import MockBroker
from tests.testbed.kafka import KafkaCluster
from tests.testbed.lease import MARK, Lease, sweep
from tests.testbed.refusal import Refusal
from tests.testbed.rtsp import FREQUENT_KEY_FRAMES_CLIP, RtspServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOPIC = "camera-stream"


def _skip(refusal: Refusal) -> NoReturn:
    """Skip the test, except where nobody would notice that it was."""
    if os.environ.get("CI"):
        raise refusal
    pytest.skip(str(refusal))


@contextlib.contextmanager
def _started(server: RtspServer) -> Iterator[RtspServer]:
    """Start a server for a `with` block; where it cannot be had, the test is skipped."""
    try:
        server.start()
    except Refusal as refusal:
        server.kill()
        _skip(refusal)
    try:
        yield server
    finally:
        server.kill()


@pytest.fixture(scope="session")
def lease() -> Iterator[Lease]:
    """What keeps account of every process of these tests."""
    sweep()
    with Lease.take("rtsp-tests", unique=True) as taken:
        yield taken


@pytest.fixture(scope="session")
def rtsp(lease: Lease) -> Iterator[RtspServer]:
    """A server that wants a password, for all tests that do it no harm."""
    if foreign_camera() is not None:
        pytest.skip("this test is about the testbed's own camera; unset RTSP_CAMERA_URL to run it")
    with _started(RtspServer(lease, user=USERNAME, password=PASSWORD, name="shared")) as server:
        yield server


@pytest.fixture
def rtsp_camera(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a camera; RTSP_CAMERA_URL names another one than the testbed's."""
    foreign = foreign_camera()
    if foreign is not None:
        return foreign
    server: RtspServer = request.getfixturevalue("rtsp")
    return {"RTSP_CAMERA_URL": server.url()}


@pytest.fixture
def frail_rtsp(lease: Lease, request: pytest.FixtureRequest) -> Iterator[RtspServer]:
    """A server of the test's own, to be broken."""
    if foreign_camera() is not None:
        pytest.skip("this test breaks the camera, and RTSP_CAMERA_URL names somebody else's")
    server = RtspServer(
        lease,
        # With short time-outs a camera would pass for hanging until its next key frame.
        clip=FREQUENT_KEY_FRAMES_CLIP,
        user=USERNAME,
        password=PASSWORD,
        name=request.node.name,
    )
    with _started(server):
        yield server


@pytest.fixture
def run(lease: Lease, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts the program; at the end nothing of what it wrote holds a password."""
    programs: list[Program] = []
    passwords = [PASSWORD, WRONG_PASSWORD]
    if foreign := (foreign_camera() or {}).get("CAMERA_PASSWORD"):
        passwords.append(foreign)

    def start(**settings: object) -> Program:
        programs.append(
            Program(
                tmp_path,
                **{
                    "INTERVAL_SECONDS": 0.2,
                    "CAPTURE_TIMEOUT_SECONDS": 5,
                    "CAMERA_USERNAME": USERNAME,
                    "CAMERA_PASSWORD": PASSWORD,
                    MARK: lease.folder,
                    **settings,
                },
            )
        )
        return programs[-1]

    yield start
    try:
        for program in programs:
            assert_nothing_secret_is_said(program, *passwords)
    finally:
        for program in programs:
            program.close()


@pytest.fixture(scope="session")
def kafka(lease: Lease) -> Iterator[KafkaCluster]:
    """A real Kafka that listens without and with TLS and SCRAM."""
    try:
        cluster = KafkaCluster(lease, secure=True)
    except Refusal as refusal:
        _skip(refusal)
    with cluster:
        yield cluster


@pytest.fixture
def broker() -> Iterator[MockBroker]:
    """A broker for the tests that are about the camera."""
    with MockBroker() as started:
        started.create_topic(TOPIC)
        yield started


@pytest.fixture
def reader(broker: MockBroker) -> Iterator[TopicReader]:
    """Everything that arrives on the topic."""
    started = TopicReader(broker.bootstrap_servers, TOPIC)
    yield started
    started.stop()
