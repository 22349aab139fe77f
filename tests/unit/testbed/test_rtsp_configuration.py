"""What the RTSP server is told: who may watch, and who may show."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.testbed.refusal import Refusal
from tests.testbed.rtsp.configuration import feed_command, server_configuration
from tests.testbed.rtsp.ports import Ports

PORTS = Ports(rtsp=8554, rtsps=8322, api=9997, rtp=8000, srtp=8004)


def configured(
    host: str = "127.0.0.1", user: str | None = "cam", password: str | None = "p@ss#1&x"
) -> dict[str, Any]:
    text = server_configuration(
        host=host,
        ports=PORTS,
        key_file=Path("/keys/key.pem"),
        certificate_file=Path("/keys/certificate.pem"),
        user=user,
        password=password,
    )
    configuration: dict[str, Any] = json.loads(text)
    return configuration


def who_may(configuration: dict[str, Any], action: str) -> list[dict[str, Any]]:
    return [
        user
        for user in configuration["authInternalUsers"]
        if {"action": action} in user["permissions"]
    ]


def test_only_who_knows_the_password_may_watch() -> None:
    assert [(user["user"], user["pass"]) for user in who_may(configured(), "read")] == [
        ("cam", "p@ss#1&x")
    ]


def test_everybody_may_watch_where_no_user_is_named() -> None:
    watchers = who_may(configured(user=None, password=None), "read")
    assert watchers == [{"user": "any", "permissions": [{"action": "read"}]}]


@pytest.mark.parametrize(
    ("host", "addresses"),
    [
        ("127.0.0.1", ["127.0.0.1"]),
        ("10.99.0.1", ["10.99.0.1", "127.0.0.1"]),
        ("0.0.0.0", ["127.0.0.1"]),
    ],
)
def test_only_this_machine_may_show_pictures_and_ask_the_server(
    host: str, addresses: list[str]
) -> None:
    configuration = configured(host)
    assert [user["ips"] for user in who_may(configuration, "publish")] == [addresses]
    assert [user["ips"] for user in who_may(configuration, "api")] == [addresses]
    assert configuration["apiAddress"] == "127.0.0.1:9997", "whatever address the cameras have"


def test_control_packets_go_one_port_above_the_pictures() -> None:
    configuration = configured("10.99.0.1")
    assert configuration["rtpAddress"] == "10.99.0.1:8000"
    assert configuration["rtcpAddress"] == "10.99.0.1:8001"
    assert configuration["srtcpAddress"] == "10.99.0.1:8005"


@pytest.mark.parametrize(("user", "password"), [("cam", "gehe/im"), ("a b", "x"), ("cam", "")])
def test_a_password_that_the_server_cannot_keep_is_refused_without_saying_it(
    user: str, password: str
) -> None:
    with pytest.raises(Refusal, match="write one of letters, digits and") as refused:
        configured(user=user, password=password)
    assert "gehe" not in str(refused.value)


def test_one_feed_serves_every_camera() -> None:
    command = feed_command(Path("/bin/ffmpeg"), Path("clip.mp4"), ["rtsp://h/a", "rtsp://h/b"])
    assert command[0] == "/bin/ffmpeg"
    assert command.count("-i") == 1
    for address in ("rtsp://h/a", "rtsp://h/b"):
        end = command.index(address)
        assert (
            command[end - 9 : end]
            == [
                *("-map", "0:v", "-c", "copy", "-f", "rtsp", "-rtsp_transport", "tcp", "-pkt_size"),
                "1400",
            ][-9:]
        )
