"""A `.env` file becomes the resource that gives the stream the same settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from camerastream.assembly import check_settings
from camerastream.settings.load import environment_name, load_settings
from camerastream.settings.model import FIELDS
from camerastream_operator.api.from_environment import migrate
from camerastream_operator.api.mapping import FIXED, environment_values
from camerastream_operator.api.resource import read_spec
from camerastream_operator.cli import main

from .resources import FULL

ROOT = Path(__file__).parents[3]
SMALLEST = {"CAMERA_ID": "lobby", "RTSP_CAMERA_URL": "rtsp://10.0.0.5/s"}


def spec_of(environment: dict[str, str]) -> dict[str, Any]:
    made = migrate(environment)
    assert made.problems == []
    spec: dict[str, Any] = made.objects[-1]["spec"]
    return spec


def test_a_spec_comes_back_from_its_own_environment() -> None:
    read, problems = read_spec(FULL)
    assert read is not None, problems
    environment = dict(environment_values(read, camera_id="lobby"))
    logins = {"KAFKA_SASL_USERNAME": "u", "KAFKA_SASL_PASSWORD": "p"}
    again, problems = read_spec(spec_of({**environment, **logins}))
    assert again is not None, problems
    assert dict(environment_values(again, camera_id="lobby")) == environment


def test_the_customers_own_file_gives_the_stream_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "entrance.env"
    file.write_text(
        "CAMERA_ID=entrance\\n"
        "RTSP_CAMERA_URL=rtsp://10.0.0.5/stream1\\n"
        "INTERVAL_SECONDS=2.5\\nMOTION_THRESHOLD=800\\nMIN_CONTOUR_AREA=50\\nBLUR_SIZE=15\\n"
        "COMPRESS_IMAGE_QUALITY=70\\nDEBUG_LEVEL=DEBUG\\n"
        "KAFKA_BOOTSTRAP_SERVERS=kafka-0:9092, kafka-1:9092\\nCAMERA_STREAM_TOPIC=doors\\n"
        "KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=90\\nSPOOL_MODE=write-ahead\\nSPOOL_MAX_MB=512\\n"
        "KAFKA_CONFIG_BUFFER_MEMORY=268435456\\nKAFKA_CONFIG_BATCH_SIZE=3145728\\n".replace(
            "\\n", "\n"
        )
    )
    wanted = load_settings({}, env_file=file, checks=check_settings).settings
    said = CliRunner().invoke(main, ["manifest", "--env-file", str(file)])
    assert said.exit_code == 0, said.output
    (resource,) = yaml.safe_load_all(said.output)
    assert resource["spec"]["bufferMonitor"] == {"thresholdSeconds": 90}
    read, problems = read_spec(resource["spec"])
    assert read is not None, problems
    for name, value in environment_values(read, camera_id="entrance"):
        monkeypatch.setenv(name, value)
    got = load_settings({}, env_file=None, checks=check_settings).settings
    different = {
        name
        for name in FIELDS
        if getattr(got, name) != getattr(wanted, name) and environment_name(name) not in FIXED
    }
    # The threshold reaches the pod while it runs; brokers are written without blanks.
    assert different == {"kafka_buffer_error_threshold_seconds", "kafka_bootstrap_servers"}


def test_the_example_that_is_shipped_can_be_used() -> None:
    said = CliRunner().invoke(main, ["manifest", "--env-file", str(ROOT / ".env.example")])
    assert said.exit_code == 0, said.output
    assert "spec.source.filesClaimName" in said.output
    assert "# FILE_LOOP is left out: the operator sets it.\n" in said.output
    resource = yaml.safe_load(said.output)
    assert resource["metadata"]["name"] == "lobby"
    assert resource["spec"]["source"]["url"].startswith("file:///footage/")


@pytest.mark.parametrize(
    ("url", "shown", "secret"),
    [
        (
            "rtsp://admin:s%40cret@cam/1",
            "rtsp://cam/1",
            {"username": "admin", "password": "s@cret"},
        ),
        ("rtsp://admin@cam/1", "rtsp://cam/1", {"username": "admin", "password": ""}),
        ("https://cam/a@b", "https://cam/a@b", None),
    ],
)
def test_a_login_in_the_address_becomes_a_secret(
    url: str, shown: str, secret: dict[str, str] | None
) -> None:
    made = migrate({**SMALLEST, "RTSP_CAMERA_URL": url})
    spec = made.objects[-1]["spec"]
    assert spec["source"]["url"] == shown
    secrets = [item["stringData"] for item in made.objects if item["kind"] == "Secret"]
    assert secrets == ([secret] if secret else [])
    assert ("credentialsSecretRef" in spec["source"]) is bool(secret)


def test_logins_and_certificates_become_secrets() -> None:
    made = migrate(
        {
            **SMALLEST,
            "CAMERA_USERNAME": "u",
            "CAMERA_PASSWORD": "p",
            "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "KAFKA_SASL_USERNAME": "ku",
            "KAFKA_SASL_PASSWORD": "kp",
            "KAFKA_SSL_CA_LOCATION": "/etc/ca.pem",
        }
    )
    assert made.problems == []
    camera, kafka, resource = made.objects
    assert camera["stringData"] == {"username": "u", "password": "p"}
    assert kafka["stringData"] == {"username": "ku", "password": "kp"}
    found = resource["spec"]["kafka"]
    assert found["sasl"] == {"mechanism": "SCRAM-SHA-512", "secretRef": {"name": "lobby-kafka"}}
    assert found["tls"] == {"caSecretRef": {"name": "lobby-kafka-ca"}}
    assert made.notes == [
        "kubectl create secret generic lobby-kafka-ca --from-file=ca.crt=/etc/ca.pem"
    ]


def test_a_name_that_kubernetes_does_not_take_stays_the_cameras_id() -> None:
    made = migrate({**SMALLEST, "CAMERA_ID": "Lobby_1.East"})
    assert made.objects[-1]["metadata"]["name"] == "lobby-1-east"
    assert made.objects[-1]["spec"]["cameraId"] == "Lobby_1.East"
    assert "cameraId" not in spec_of(SMALLEST)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"RTSP_CAMERA_URL": "rtsp://c/1"}, "CAMERA_ID is missing; write a name"),
        ({"RTSP_CAMERA_URL": "/dev/video0"}, "which no pod reaches"),
        ({"INTERVAL_SECONDS": "often"}, "INTERVAL_SECONDS is not usable"),
        ({"SPOOL_MODE": "sometimes"}, "SPOOL_MODE is not usable"),
        ({"KAFKA_SASL_MECHANISM": "GSSAPI", "KAFKA_SASL_USERNAME": "u"}, "mechanism"),
        ({"KAFKA_CONFIG_TRANSACTIONAL_ID": "x"}, "leave it out, frames are not sent in"),
        ({"KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS": "0.5"}, "thresholdSeconds"),
    ],
)
def test_what_cannot_be_used_is_said(environment: dict[str, str], sentence: str) -> None:
    given = {**SMALLEST, **environment}
    if "missing" in sentence:
        del given["CAMERA_ID"]
    made = migrate(given)
    assert made.objects == []
    assert any(sentence in problem for problem in made.problems), made.problems


def test_no_value_stands_in_a_problem(tmp_path: Path) -> None:
    file = tmp_path / "a.env"
    file.write_text("CAMERA_ID=a\nRTSP_CAMERA_URL=ftp://u:hunter2@c/1\nINTERVAL_SECONDS=hunter2\n")
    said = CliRunner().invoke(main, ["manifest", "--env-file", str(file)])
    assert said.exit_code == 2
    assert "hunter2" not in said.output
    assert "a.env cannot be used:" in said.output
