"""`camerastream watch` on a mock broker, fed by a real producer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from confluent_kafka import Producer

from camerastream.cli.watch import watch_command
from camerastream.frames import EncodedFrame
from camerastream.message import to_headers
from tests.simulators.broker import MockBroker
from tests.simulators.tcpproxy import TcpProxy

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from click.testing import Result

TOPIC = "camera-stream"
IDLE = ["--until-idle", "0.3", "--for", "30"]


def jpeg(grey: int = 128) -> bytes:
    return cv2.imencode(".jpg", np.full((120, 160, 3), grey, np.uint8))[1].tobytes()


class Cameras:
    """Sends frames as the program would."""

    def __init__(self, bootstrap_servers: str) -> None:
        self.producer = Producer(
            {"bootstrap.servers": bootstrap_servers, "linger.ms": 0, "log_level": 0}
        )

    def send(
        self,
        sequences: Iterable[int],
        *,
        camera: str = "lobby",
        stream: str = "s1",
        previous: tuple[str, int] | None = None,
        value: bytes | None = None,
    ) -> Cameras:
        for sequence in sequences:
            data = jpeg(sequence % 256) if value is None else value
            frame = EncodedFrame(data, 160, 120, 1767225600.0 + sequence, 99, 80, 57600)
            headers = to_headers(
                camera=camera,
                stream=stream,
                sequence=sequence,
                frame=frame,
                source=None,
                previous_stream=previous[0] if previous else None,
                previous_count=previous[1] if previous else None,
            )
            self.raw(data, camera.encode(), headers)
        return self

    def raw(self, value: bytes | None, key: bytes, headers: list) -> Cameras:
        self.producer.produce(TOPIC, value, key, headers=headers)
        assert self.producer.flush(20) == 0
        return self


@pytest.fixture
def broker() -> Iterator[MockBroker]:
    with MockBroker() as started:
        started.create_topic(TOPIC, partitions=2)
        yield started


@pytest.fixture
def cameras(broker: MockBroker) -> Cameras:
    return Cameras(broker.bootstrap_servers)


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith(("KAFKA_", "CAMERA_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def watch(servers: str, *arguments: str) -> Result:
    return CliRunner().invoke(watch_command, ["--bootstrap-servers", servers, *arguments])


def watch_json(servers: str, *arguments: str, code: int = 0) -> dict[str, Any]:
    result = watch(servers, "--json", *arguments)
    assert result.exit_code == code, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["exitCode"] == code
    return found


def test_nothing_missing(broker: MockBroker, cameras: Cameras) -> None:
    cameras.send(range(20)).send(range(10), camera="door")
    result = watch(broker.bootstrap_servers, *IDLE)
    assert result.exit_code == 0, result.output
    assert "lobby: nothing is missing from 0 to 19 (20 frames received" in result.stdout
    assert "door: nothing is missing from 0 to 9" in result.stdout


def test_missing_duplicate_reordered_and_foreign(broker: MockBroker, cameras: Cameras) -> None:
    cameras.send([0, 1, 1, 4, 3, 6, 0])
    cameras.raw(b"hello", b"someone", []).raw(None, b"someone", [("ce_type", b"order")])
    found = watch_json(broker.bootstrap_servers, *IDLE, code=1)
    assert (found["frames"], found["missing"], found["foreign"]) == (5, 2, 2)
    assert found["endedBy"] == "idle"
    (camera,) = found["cameras"]
    (stream,) = camera["streams"]
    assert camera["verdict"] == "missing"
    assert stream["missingRanges"] == [[2, 2], [5, 5]]
    assert (stream["duplicates"], stream["outOfOrder"]) == (2, 1)
    assert (stream["firstSequence"], stream["lastSequence"]) == (0, 6)
    assert stream["lastCaptureTime"] == "2026-01-01T00:00:06.000Z"
    assert stream["fromItsBeginning"]


def test_an_unclean_end_is_never_nothing_missing(broker: MockBroker, cameras: Cameras) -> None:
    cameras.send(range(5)).send(range(3), stream="s2", previous=("s1", 9))
    result = watch(broker.bootstrap_servers, *IDLE)
    assert result.exit_code == 1
    assert "unclean end of stream s1, at least 4 frames lost at its end" in result.stdout
    assert "nothing is missing" not in result.stdout


def test_values_that_are_no_pictures_are_damaged(
    broker: MockBroker, cameras: Cameras, tmp_path: Path
) -> None:
    cameras.send([0, 1]).send([2], value=b"no picture").send([3], value=b"\xff\xd8 nor this")
    found = watch_json(broker.bootstrap_servers, *IDLE, code=1)
    assert found["cameras"][0]["verdict"] == "damaged"
    assert found["cameras"][0]["streams"][0]["damaged"] == 1
    sheet = ["--contact-sheet", str(tmp_path / "sheet.png")]
    found = watch_json(broker.bootstrap_servers, *IDLE, *sheet, code=1)
    assert found["cameras"][0]["streams"][0]["damaged"] == 2
    assert found["pictures"]["shown"] == 2


def test_contact_sheet_and_stored_frames(
    broker: MockBroker, cameras: Cameras, tmp_path: Path
) -> None:
    cameras.send(range(30)).send([0], camera="../../evil", stream="..")
    arguments = [
        *IDLE,
        *("--contact-sheet", str(tmp_path / "sheet.jpg"), "--pictures", "4"),
        *("--save-frames", str(tmp_path / "frames")),
    ]
    for _ in range(2):
        found = watch_json(broker.bootstrap_servers, *arguments)
        assert found["pictures"] == {
            "contactSheet": str(tmp_path / "sheet.jpg"),
            "shown": 4,
            "stored": 31,
            "conflicts": 0,
            "error": None,
        }
    assert cv2.imread(str(tmp_path / "sheet.jpg")).shape[1] == 2 * 326 + 6
    assert len(list((tmp_path / "frames").rglob("*.jpg"))) == 31
    assert (tmp_path / "frames/lobby/s1/7.jpg").read_bytes() == jpeg(7)
    assert {path.name for path in tmp_path.iterdir()} == {"frames", "sheet.jpg"}


def test_one_camera_only(broker: MockBroker, cameras: Cameras) -> None:
    cameras.send(range(3)).send([0, 2], camera="door")
    found = watch_json(broker.bootstrap_servers, *IDLE, "--camera", "lobby")
    assert [each["camera"] for each in found["cameras"]] == ["lobby"]
    watch_json(broker.bootstrap_servers, *IDLE, "--camera", "roof", code=4)


def test_after_so_many_frames(broker: MockBroker, cameras: Cameras) -> None:
    cameras.send([0, 0, 1, 2, 3, 4])
    found = watch_json(broker.bootstrap_servers, "--frames", "3")
    assert (found["frames"], found["endedBy"]) == (3, "frames")


def test_nothing_received(broker: MockBroker) -> None:
    result = watch(broker.bootstrap_servers, "--for", "0.5")
    assert result.exit_code == 4
    assert "nothing was received" in result.stdout


def test_a_topic_that_does_not_exist_counts_as_empty(broker: MockBroker) -> None:
    result = watch(broker.bootstrap_servers, "--topic", "other", "--until-idle", "0.3")
    assert result.exit_code == 4
    assert "topic other does not exist yet" in result.stdout


def test_from_the_end_on(broker: MockBroker, cameras: Cameras) -> None:
    cameras.send(range(5))
    done = threading.Event()

    def every_other() -> None:
        sequence = 7
        while not done.wait(0.3):
            cameras.send([sequence])
            sequence += 2

    thread = threading.Thread(target=every_other)
    thread.start()
    try:
        arguments = ["--from", "end", "--frames", "2", "--for", "40"]
        found = watch_json(broker.bootstrap_servers, *arguments, code=1)
    finally:
        done.set()
        thread.join()
    (stream,) = found["cameras"][0]["streams"]
    first = stream["firstSequence"]
    assert first >= 7
    assert (stream["lastSequence"], stream["missingRanges"]) == (first + 2, [[first + 1] * 2])
    assert not stream["fromItsBeginning"]


def test_a_topic_whose_beginning_is_gone_has_its_base_at_the_first_frame(
    broker: MockBroker, cameras: Cameras
) -> None:
    # The mock broker keeps 5 MiB of a partition.
    cameras.send(range(40), value=b"\xff\xd8" + bytes(200_000))
    found = watch_json(broker.bootstrap_servers, *IDLE)
    (stream,) = found["cameras"][0]["streams"]
    assert stream["firstSequence"] > 0
    assert not stream["fromItsBeginning"]
    assert "where reading began" in found["cameras"][0]["sentence"]


def test_brokers_that_come_later_and_a_topic_that_comes_later_still() -> None:
    with MockBroker() as broker, TcpProxy(broker.bootstrap_servers) as proxy:
        broker.advertise(proxy.host, proxy.port)
        proxy.refuse()

        def later() -> None:
            time.sleep(1.5)
            proxy.accept()
            time.sleep(1.5)
            Cameras(broker.bootstrap_servers).send(range(3))

        thread = threading.Thread(target=later)
        thread.start()
        result = watch(proxy.address, "--frames", "3", "--for", "40")
        thread.join()
    assert result.exit_code == 0, result.output
    assert "refused" in result.stdout
    assert "nothing is missing from 0 to 2" in result.stdout


def test_an_outage_while_watching_is_shown_and_survived(
    broker: MockBroker, cameras: Cameras
) -> None:
    cameras.send(range(3))

    def outage() -> None:
        time.sleep(1.0)
        broker.broker_down()
        time.sleep(1.5)
        broker.broker_up()
        cameras.send(range(3, 6))

    thread = threading.Thread(target=outage)
    thread.start()
    result = watch(broker.bootstrap_servers, "--frames", "6", "--for", "40")
    thread.join()
    assert result.exit_code == 0, result.output
    assert "waiting: " in result.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_verdict(broker: MockBroker, cameras: Cameras, number: int) -> None:
    cameras.send(range(3))
    code = "from camerastream.cli.watch import watch_command; watch_command()"
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "CAMERA_STREAM_TOPIC": TOPIC,
        # What only `run` needs is not judged.
        "INTERVAL_SECONDS": "soon",
        "KAFKA_CONFIG_LINGER_MS": "50",
    }
    with subprocess.Popen(
        [sys.executable, "-c", code, "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "3 frames of 1 camera" in line:
                break
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 0, err
    assert json.loads(out)["endedBy"] == "asked"
    assert "lobby: nothing is missing from 0 to 2" in err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--from", "lunch"], "write beginning, end, an age"),
        (["--contact-sheet", "sheet.gif"], "write a name that ends in .jpg or .png"),
        (["--contact-sheet", "nowhere/sheet.jpg"], "there is no folder"),
        (["--frames", "0"], "Invalid value"),
        (["--kafka-security-protocol", "SASL_SSL"], "KAFKA_SASL_MECHANISM is missing"),
        (
            ["--kafka-security-protocol", "SASL_SSL", "--kafka-sasl-mechanism", "PLAIN"],
            "sasl.username and sasl.password must be set",
        ),
        (["--kafka-config", "sasl.password=x"], "is a secret"),
        (["--kafka-config", "nonsense=x"], "No such configuration property"),
        (["--topic", "a/b"], "CAMERA_STREAM_TOPIC='a/b' is not usable"),
    ],
)
def test_bad_usage(arguments: list[str], sentence: str) -> None:
    result = watch("localhost:1", *arguments)
    assert result.exit_code == 2
    assert sentence in " ".join(result.output.split())


def test_a_picture_that_cannot_be_stored_has_its_own_exit_code(
    broker: MockBroker, cameras: Cameras, tmp_path: Path
) -> None:
    cameras.send(range(2))
    (tmp_path / "frames").mkdir()
    (tmp_path / "frames" / "lobby").write_text("in the way")
    found = watch_json(
        broker.bootstrap_servers, *IDLE, "--save-frames", str(tmp_path / "frames"), code=3
    )
    assert found["frames"] == 2
    assert "lobby" in found["pictures"]["error"]
