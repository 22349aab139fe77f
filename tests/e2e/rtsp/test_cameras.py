"""The program at a real RTSP server: what must work, and what is said when it cannot."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.rtsp.camera import WRONG_PASSWORD
from tests.integration.program.arrival import expect_all_frames, expect_jpegs
from tests.integration.topic import wait_until
from tests.testbed.rtsp import Reading

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.program.harness import Program
    from tests.integration.topic import TopicReader
    from tests.simulators.broker import MockBroker
    from tests.testbed.rtsp import RtspServer

    Run = Callable[..., Program]

pytestmark = pytest.mark.timeout(900)  # the first run on a machine builds and fetches

CONNECTED = "camera connected"
NO_PICTURE = "camera gives no picture"
DECODING = "decoding changes"
EVERY_FRAME = "every frame is decoded"


def complaints(program: Program) -> list[dict[str, Any]]:
    """Return what the program said of a camera that gives no picture, debug lines left out."""
    return [
        line
        for line in program.lines()
        if line["message"] == NO_PICTURE and line["level"] != "DEBUG"
    ]


def test_key_frames_alone_are_decoded_where_they_come_often_enough(
    run: Run, broker: MockBroker, rtsp: RtspServer
) -> None:
    """Whoever connects between two key frames gets the rest of the group first."""
    program = run(
        KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap_servers,
        RTSP_CAMERA_URL=rtsp.url(),
        INTERVAL_SECONDS=5,
        CAPTURE_TIMEOUT_SECONDS=15,
    )
    assert "key frames only" in program.line(DECODING)["detail"]
    captured = program.frames()["selected"]
    wait_until(lambda: program.frames()["selected"] >= captured + 3, 60)
    said = [line["message"] for line in program.lines()]
    assert said.count(DECODING) == 1
    assert EVERY_FRAME not in said


def test_the_camera_s_settings_that_cost_cpu_are_named(
    run: Run, broker: MockBroker, frail_rtsp: RtspServer
) -> None:
    """The clip has B frames."""
    program = run(
        KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap_servers,
        RTSP_CAMERA_URL=frail_rtsp.url(),
        INTERVAL_SECONDS=2,
    )
    assert "B frames" in program.line(EVERY_FRAME)["detail"]
    program.wait_for_delivered(3)
    assert DECODING not in [line["message"] for line in program.lines()]


def test_frames_of_the_camera_arrive_complete_in_order_and_as_jpegs(
    run: Run, broker: MockBroker, reader: TopicReader, rtsp_camera: dict[str, str]
) -> None:
    """RTSP_CAMERA_URL (CAMERA_USERNAME, CAMERA_PASSWORD, ...) tries another camera."""
    program = run(KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap_servers, **rtsp_camera)
    program.line(CONNECTED)
    program.wait_for_delivered(15)
    assert complaints(program) == []
    expect_all_frames(program, reader)
    expect_jpegs(reader)


@pytest.mark.parametrize(
    ("transport", "encrypted"),
    [("tcp", False), ("udp", False), ("tcp", True)],
    ids=["tcp", "udp", "rtsps"],
)
def test_a_camera_with_a_password_is_read_the_way_that_was_asked_for(
    run: Run,
    broker: MockBroker,
    reader: TopicReader,
    rtsp: RtspServer,
    transport: str,
    encrypted: bool,
) -> None:
    program = run(
        KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap_servers,
        RTSP_CAMERA_URL=rtsp.tls_url() if encrypted else rtsp.url(),
        CAPTURE_TRANSPORT=transport,
        **({"CAMERA_CA_LOCATION": rtsp.ca_file} if encrypted else {}),
    )
    program.wait_for_delivered(10)
    assert rtsp.readings() == [Reading("lobby", transport.upper(), encrypted)]
    assert complaints(program) == []
    expect_all_frames(program, reader)
    expect_jpegs(reader)


def test_a_certificate_of_another_authority_is_refused(
    run: Run, broker: MockBroker, rtsp: RtspServer
) -> None:
    program = run(
        KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap_servers,
        RTSP_CAMERA_URL=rtsp.tls_url(),
        CAMERA_CA_LOCATION=rtsp.other_ca_file,
    )
    said = program.line(NO_PICTURE)
    assert "its certificate is not signed by the authority in CAMERA_CA_LOCATION" in said["detail"]
    # Whoever stands between would otherwise be told the password, or see the pictures.
    assert rtsp.readings() == []
    assert program.frames()["selected"] == 0
    assert program.get("/livez")[0] == 200


def test_a_wrong_password_is_said_once_and_not_tried_again_within_seconds(
    run: Run, broker: MockBroker, rtsp: RtspServer
) -> None:
    before = rtsp.connections_so_far()
    program = run(
        KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap_servers,
        RTSP_CAMERA_URL=rtsp.url(),
        CAMERA_PASSWORD=WRONG_PASSWORD,
    )
    said = program.line(NO_PICTURE)
    assert said["cause"] == "unauthorized"
    assert "check CAMERA_USERNAME and CAMERA_PASSWORD" in said["detail"]
    assert said["retry_seconds"] >= 60
    # Nothing can be waited for that proves that nothing happens: another cause would have
    # been tried again twice by then.
    time.sleep(5)
    assert rtsp.connections_so_far() == before + 1
    assert len(complaints(program)) == 1
    status = program.status()["source"]
    assert (status["cause"], status["reconnects"]) == ("unauthorized", {"unauthorized": 1})
    assert program.get("/livez")[0] == 200


def test_a_path_that_the_camera_does_not_have_is_said(
    run: Run, broker: MockBroker, rtsp: RtspServer
) -> None:
    program = run(
        KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap_servers, RTSP_CAMERA_URL=rtsp.url("cellar")
    )
    said = program.line(NO_PICTURE)
    assert said["cause"] == "not-found"
    assert "check what follows the host in the address" in said["detail"]
    wait_until(lambda: program.status()["source"]["reconnects"].get("not-found", 0) >= 2)
    assert len(complaints(program)) == 1, "said once, however often it is tried"
