"""The testbed's RTSP server itself: it keeps its password, and nothing of it is ever left."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.e2e.rtsp.camera import PASSWORD
from tests.testbed.lease import MARK, leases_folder, sweep
from tests.testbed.process import marked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.testbed.rtsp import RtspServer

pytestmark = pytest.mark.timeout(900)  # the first run on a machine builds and fetches

ROOT = Path(__file__).parents[3]
DRIVER = """
import time
from tests.testbed.lease import Lease
from tests.testbed.rtsp import RtspServer

server = RtspServer(Lease.take("driver"))
server.start()
server.freeze()
print("stands", flush=True)
time.sleep(600)
"""


def describe(url: str) -> str:
    """Ask a camera for its stream as nobody, and return what it answers."""
    address = urlsplit(url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as camera:
        camera.sendall(f"DESCRIBE {url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            received = camera.recv(4096)
            assert received, f"the connection ended: {answer!r}"
            answer += received
    return answer.decode()


@pytest.fixture
def own_leases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Leases apart from those of this machine."""
    monkeypatch.setenv("CAMERASTREAM_TESTBED_RUN", str(tmp_path / "leases"))
    yield leases_folder()
    sweep()


def test_it_asks_for_a_password_by_digest_alone(rtsp: RtspServer) -> None:
    answer = describe(rtsp.url())
    assert answer.startswith("RTSP/1.0 401 ")
    challenges = [line for line in answer.splitlines() if line.lower().startswith("www-auth")]
    assert challenges
    assert all("digest" in challenge.lower() for challenge in challenges)


def test_its_password_stands_in_no_command_line_and_no_log(rtsp: RtspServer) -> None:
    assert len(rtsp.commands) == 2
    assert PASSWORD not in str(rtsp.commands)
    assert rtsp.logs
    for log in rtsp.logs:
        assert PASSWORD not in log.read_text()
    holding = [
        file
        for file in rtsp.folder.iterdir()
        if PASSWORD in file.read_text() or b"PRIVATE KEY" in file.read_bytes()
    ]
    assert len(holding) == 2
    assert all(file.stat().st_mode & 0o077 == 0 for file in holding), "for the owner alone"


def test_nothing_is_left_when_its_driver_is_killed(rtsp: RtspServer, own_leases: Path) -> None:
    driver = subprocess.Popen(
        [sys.executable, "-c", DRIVER], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert driver.stdout is not None
    assert driver.stdout.readline() == "stands\n"
    left = str(own_leases / "driver")
    assert len(marked(MARK, left)) == 2, "server and feed"
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    driver.stdout.close()
    assert sweep() == ["driver"]
    assert marked(MARK, left) == []
    assert not own_leases.exists()


def command_rtsp(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `testbed rtsp` as a user does, without what the environment says of cameras."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("CAMERA_")}
    return subprocess.run(
        [sys.executable, "-m", "tests.testbed", "rtsp", *arguments],
        cwd=ROOT,
        env={**others, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_stays_from_up_to_down(rtsp: RtspServer, own_leases: Path) -> None:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = [str(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    options = ["--port", ports[0], "--tls-port", ports[1], "--camera", "lobby", "--camera", "dock"]
    up = command_rtsp("up", *options, CAMERA_USERNAME="cam", CAMERA_PASSWORD=PASSWORD)
    assert up.returncode == 0, up.stderr
    said = up.stdout.splitlines()
    assert said[:4] == [
        f"RTSP_CAMERA_URL=rtsp://127.0.0.1:{ports[0]}/lobby",
        f"RTSPS_CAMERA_URL=rtsps://127.0.0.1:{ports[1]}/lobby",
        f"RTSP_CAMERA_URL=rtsp://127.0.0.1:{ports[0]}/dock",
        f"RTSPS_CAMERA_URL=rtsps://127.0.0.1:{ports[1]}/dock",
    ]
    assert Path(said[4].removeprefix("CAMERA_CA_LOCATION=")).read_text().startswith("-----BEGIN")
    assert PASSWORD not in up.stdout + up.stderr
    assert sweep() == []
    assert describe(said[2].removeprefix("RTSP_CAMERA_URL=")).startswith("RTSP/1.0 401 ")

    again = command_rtsp("up", *options)
    assert again.returncode == 2
    assert "There is a rtsp already; end it with: testbed rtsp down" in again.stderr
    assert command_rtsp("down").returncode == 0
    assert marked(MARK, str(own_leases / "rtsp")) == []
    nothing = command_rtsp("down")
    assert nothing.returncode == 2
    assert "There is no RTSP server; start one with: testbed rtsp up" in nothing.stderr


def test_a_port_in_use_is_refused(rtsp: RtspServer, own_leases: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = command_rtsp("up", "--port", str(port))
    assert up.returncode == 2
    assert f"Port {port} on 127.0.0.1, for RTSP, is in use" in up.stderr
    assert list(own_leases.glob("rtsp*")) == []


def test_a_clip_that_cannot_be_shown_is_refused_with_the_reason(
    rtsp: RtspServer, own_leases: Path, tmp_path: Path
) -> None:
    clip = tmp_path / "notes.mp4"
    clip.write_text("no video")
    up = command_rtsp("up", "--port", "0", "--tls-port", "0", "--clip", str(clip))
    assert up.returncode == 2
    assert "The feed ended at once: " in up.stderr
    assert "Invalid data found" in up.stderr
    assert list(own_leases.glob("rtsp*")) == []
