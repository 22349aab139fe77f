"""A real RTSP server that breaks: the program comes back to it, and no frame is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.program.arrival import expect_all_frames, expect_jpegs
from tests.integration.topic import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.program.harness import Program
    from tests.integration.topic import TopicReader
    from tests.simulators.broker import MockBroker
    from tests.testbed.rtsp import RtspServer

    Run = Callable[..., Program]

pytestmark = pytest.mark.timeout(900)  # the first run on a machine builds and fetches

BACK = "camera is back"


def causes(program: Program) -> dict[str, int]:
    """Return how often the camera was lost or could not be opened, by cause."""
    reconnects: dict[str, int] = program.status()["source"]["reconnects"]
    return reconnects


def wait_for_cause(program: Program, cause: str) -> None:
    wait_until(lambda: cause in causes(program), 60, lambda: f"no {cause} in {program.status()}")


@pytest.fixture
def watching(run: Run, broker: MockBroker, frail_rtsp: RtspServer) -> Program:
    """A program that gets pictures from a server which may be broken."""
    program = run(
        KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap_servers,
        RTSP_CAMERA_URL=frail_rtsp.url(),
        CAPTURE_TIMEOUT_SECONDS=2,
    )
    program.wait_for_delivered(5)
    return program


def expect_it_goes_on(program: Program, reader: TopicReader) -> None:
    """Frames come again from the same stream, without a restart, and none is missing."""
    back = program.line(BACK)
    assert back["down_seconds"] > 0
    program.wait_for_delivered(program.frames()["delivered"] + 5)
    assert program.process.poll() is None
    expect_all_frames(program, reader)
    expect_jpegs(reader)


def test_a_server_that_is_killed_and_comes_back(
    watching: Program, reader: TopicReader, frail_rtsp: RtspServer
) -> None:
    frail_rtsp.kill()
    wait_for_cause(watching, "ended")
    wait_for_cause(watching, "refused")
    assert watching.get("/livez")[0] == 200, "a camera never ends the container"
    assert watching.get("/readyz")[0] == 503
    frail_rtsp.start()
    expect_it_goes_on(watching, reader)


def test_a_feed_that_stops_and_comes_back(
    watching: Program, reader: TopicReader, frail_rtsp: RtspServer
) -> None:
    frail_rtsp.stop_feed()
    wait_for_cause(watching, "ended")
    wait_for_cause(watching, "not-found")
    frail_rtsp.start_feed()
    expect_it_goes_on(watching, reader)


def test_a_server_that_hangs_and_goes_on(
    watching: Program, reader: TopicReader, frail_rtsp: RtspServer
) -> None:
    frail_rtsp.freeze()
    wait_for_cause(watching, "stalled")
    wait_for_cause(watching, "timeout")
    assert watching.get("/livez")[0] == 200
    frail_rtsp.thaw()
    expect_it_goes_on(watching, reader)
