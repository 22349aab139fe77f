"""Why a camera cannot be opened is always said, and no password with it."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from camerastream.capture import ReaderSettings
from tests.integration.capture.conftest import reading
from tests.simulators.camera import CameraSimulator
from tests.simulators.camera_auth import Credentials

if TYPE_CHECKING:
    from pathlib import Path

    from tests.simulators.camera_clip import Clip

SHORT = ReaderSettings(interval_seconds=0, timeout_seconds=1)


@pytest.mark.parametrize("protocol", ["rtsp", "http"])
@pytest.mark.parametrize("scheme", ["digest", "basic"])
@pytest.mark.parametrize("password", [None, "wr0ng#p@ss"])
def test_a_wrong_password_is_said_and_not_repeated(
    clip: Clip, protocol: str, scheme: str, password: str | None
) -> None:
    credentials = Credentials("admin", "right", scheme)
    with CameraSimulator(clip, credentials=credentials) as camera:
        url = camera.rtsp_url if protocol == "rtsp" else camera.http_url
        user = "admin" if password else None
        with reading(url, SHORT, username=user, password=password) as watched:
            failed = watched.until_cause("unauthorized")
            assert "CAMERA_PASSWORD" in (failed.detail or "")
            assert failed.retry_seconds is not None
            assert failed.retry_seconds >= 60
            assert watched.status.reconnects == {"unauthorized": 1}


@pytest.mark.parametrize("protocol", ["rtsp", "http"])
def test_an_unknown_path_is_said(clip: Clip, protocol: str) -> None:
    with CameraSimulator(clip) as camera:
        url = camera.rtsp_url if protocol == "rtsp" else camera.http_url
        with reading(f"{url}x", SHORT) as watched:
            assert "404" in (watched.until_cause("not-found").detail or "")


@pytest.mark.parametrize("protocol", ["rtsp", "http"])
def test_a_stream_without_video_is_said(clip: Clip, protocol: str) -> None:
    with CameraSimulator(clip, video=False) as camera:
        url = camera.rtsp_url if protocol == "rtsp" else camera.http_url
        with reading(url, SHORT) as watched:
            watched.until_cause("no-video")


@pytest.mark.parametrize("protocol", ["rtsp", "http"])
def test_a_camera_that_never_answers_is_said(clip: Clip, protocol: str) -> None:
    with CameraSimulator(clip) as camera:
        camera.silent()
        url = camera.rtsp_url if protocol == "rtsp" else camera.http_url
        with reading(url, SHORT) as watched:
            watched.until_cause("timeout")
            camera.serve()
            watched.frame()


@pytest.mark.parametrize("protocol", ["rtsp", "http"])
def test_a_closed_port_is_said(clip: Clip, protocol: str) -> None:
    with CameraSimulator(clip) as camera:
        camera.refuse()
        url = camera.rtsp_url if protocol == "rtsp" else camera.http_url
        with reading(url, SHORT) as watched:
            failed = watched.until_cause("refused")
            assert failed.retry_seconds is not None
            assert 1 <= failed.retry_seconds <= 1.5


@pytest.mark.parametrize("protocol", ["rtsp", "http"])
def test_an_unknown_host_is_said(protocol: str) -> None:
    with reading(f"{protocol}://no-such-camera.invalid/x", SHORT) as watched:
        # A resolver that does not answer in time is all that may come in between.
        watched.until_cause("unresolved")


def test_a_port_that_hangs_up_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            for _ in range(3):
                connection, _ = listener.accept()
                connection.recv(100)
                connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        port = listener.getsockname()[1]
        with reading(f"rtsp://127.0.0.1:{port}/x", SHORT) as watched:
            assert "closed the connection" in (watched.until_cause("ended").detail or "")


@pytest.mark.parametrize("protocol", ["rtsp", "http"])
def test_a_certificate_of_an_unknown_authority_is_refused(
    clip: Clip, certificate: tuple[Path, Path], stranger: Path, protocol: str
) -> None:
    both, _ = certificate
    settings = ReaderSettings(interval_seconds=0, timeout_seconds=2, ca_file=stranger)
    with CameraSimulator(clip, certificate=both) as camera:
        url = camera.rtsp_url if protocol == "rtsp" else camera.http_url
        with reading(url, settings) as watched:
            failed = watched.until_cause("unknown")
            assert "CAMERA_CA_LOCATION" in (failed.detail or "")
            assert camera.requests == []
            assert not watched.status.up


def test_the_log_warns_once_and_says_when_it_is_over(clip: Clip) -> None:
    with capture_logs() as logs, CameraSimulator(clip) as camera:
        camera.refuse()
        with reading(camera.rtsp_url, SHORT) as watched:
            watched.until(lambda: watched.status.reconnects.get("refused", 0) >= 2)
            camera.serve()
            watched.frame()
    told = [line for line in logs if line["event"] == "camera gives no picture"]
    assert [line["log_level"] for line in told[:2]] == ["warning", "debug"]
    assert told[0]["cause"] == "refused"
    assert "port" in told[0]["detail"]
    back = [line for line in logs if line["event"] == "camera is back"]
    assert back[0]["log_level"] == "info"
    assert back[0]["down_seconds"] > 0


def test_no_password_in_anything_that_is_said(clip: Clip) -> None:
    secret = "s3cr3t#p@ss"
    credentials = Credentials("admin", "another")
    with capture_logs() as logs, CameraSimulator(clip, credentials=credentials) as camera:
        url = camera.rtsp_url.replace("://", f"://admin:{secret}@")
        with reading(url, SHORT) as watched:
            watched.until_cause("unauthorized")
            said = f"{logs} {watched.events} {watched.status} {watched.lines}"
    for form in (secret, "s3cr3t", "s3cr3t%23p%40ss"):
        assert form not in said
