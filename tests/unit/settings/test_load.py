"""One definition, three sources, every problem at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from camerastream.assembly import check_settings, plan_producer
from camerastream.cli.run import run_command
from camerastream.settings.load import (
    SettingsError,
    environment_name,
    flag_name,
    is_secret_field,
    load_settings,
    secrets_of,
)
from camerastream.settings.model import FIELDS, SpoolMode

if TYPE_CHECKING:
    from pathlib import Path

CUSTOMER_ENV = """\
CAMERA_ID=entrance
RTSP_CAMERA_URL=rtsp://10.0.0.5/stream1
INTERVAL_SECONDS=5
MOTION_THRESHOLD=500
MIN_CONTOUR_AREA=100
BLUR_SIZE=21
COMPRESS_IMAGE_QUALITY=80
DEBUG_LEVEL=INFO
KAFKA_BOOTSTRAP_SERVERS=kafka-1:9092,kafka-2:9092
KAFKA_SECURITY_PROTOCOL=SASL_PLAINTEXT
KAFKA_SASL_MECHANISM=SCRAM-SHA-512
KAFKA_SASL_USERNAME=camera
KAFKA_SASL_PASSWORD=p@ss w#rd
CAMERA_STREAM_TOPIC=frames
KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=45
KAFKA_CONFIG_BUFFER_MEMORY=268435456
KAFKA_CONFIG_BATCH_SIZE=3145728
"""
REQUIRED = {"camera_id": "c", "rtsp_camera_url": "test:"}


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {environment_name(name) for name in FIELDS}
    for name in list(os.environ):
        if name.upper() in known or name.upper().startswith("KAFKA_CONFIG_"):
            monkeypatch.delenv(name)


def problems_of(flags: dict[str, object], env_file: Path | None = None) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags, env_file=env_file, checks=check_settings)
    return caught.value.problems


def test_the_customers_env_file_works_as_it_is(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(CUSTOMER_ENV)
    loaded = load_settings({}, env_file=tmp_path / ".env", checks=check_settings)
    settings = loaded.settings
    assert loaded.warnings == []
    assert settings.camera_id == "entrance"
    assert settings.kafka_buffer_error_threshold_seconds == 45
    assert secrets_of(settings) == ["p@ss w#rd"]
    config = plan_producer(settings).config
    assert config.max_queue_bytes == 256 * 1024 * 1024
    assert config.batch_bytes == 3145728
    assert config.values["sasl.password"] == "p@ss w#rd"
    assert "p@ss" not in repr(config)
    assert "p@ss" not in repr(settings)


def test_flag_outranks_environment_outranks_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("CAMERA_ID=file\nINTERVAL_SECONDS=1\nMOTION_THRESHOLD=1\n")
    monkeypatch.setenv("CAMERA_ID", "environment")
    monkeypatch.setenv("INTERVAL_SECONDS", "2")
    settings = load_settings(
        {"camera_id": "flag", "rtsp_camera_url": "test:"}, env_file=env_file
    ).settings
    assert (settings.camera_id, settings.interval_seconds, settings.motion_threshold) == (
        "flag",
        2,
        1,
    )


def test_every_problem_is_listed_at_once_with_what_to_write(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(
        "INTERVAL_SECONDS=often\nBLUR_SIZE=20\nCOMPRESS_IMAGE_QUALITY=101\n"
        "KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS=0\nRTSP_CAMERA_URL=rstp://camera/1\n"
        "KAFKA_BOOTSTRAP_SERVERS=kafka\nCAMERA_CA_LOCATION=/nowhere.pem\n"
        "KAFKA_SECURITY_PROTOCOL=SASL_SSL\nKAFKA_CONFIG_MAX_BLOCK_MS=5\n"
    )
    problems = problems_of({}, env_file)
    text = "\n".join(problems)
    for name in (
        "CAMERA_ID is missing",
        "INTERVAL_SECONDS='often'",
        "BLUR_SIZE='20'",
        "COMPRESS_IMAGE_QUALITY='101'",
        "KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS='0'",
        "KAFKA_BOOTSTRAP_SERVERS='kafka'",
        "CAMERA_CA_LOCATION",
        "KAFKA_SASL_MECHANISM is missing",
        "KAFKA_CONFIG_MAX_BLOCK_MS",
        "RTSP_CAMERA_URL",
    ):
        assert name in text
    assert all("write " in problem or "leave it out" in problem for problem in problems)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"buffer.memory": "lots"}, "KAFKA_CONFIG_BUFFER_MEMORY='lots'"),
        ({"no.such.thing": "1"}, "KAFKA_CONFIG_NO_SUCH_THING='1' is refused"),
        ({"acks": "0"}, "KAFKA_CONFIG_ACKS=0 makes every acknowledgement worthless"),
        ({"linger.ms": "400000"}, "do not fit together"),
        ({"buffer.memory": "524288"}, "smaller than the largest message"),
        ({"queue.buffering.max.kbytes": "9999", "buffer.memory": "9999999"}, "set the same"),
        ({"ssl.truststore.location": "x.jks"}, "write KAFKA_SSL_CA_LOCATION"),
        ({"transactional.id": "x"}, "not sent in transactions"),
        ({"ssl.key.password": "hunter22", "enable.idempotence": "maybe"}, "ENABLE_IDEMPOTENCE"),
    ],
)
def test_producer_settings_are_checked_at_start(config: dict[str, str], said: str) -> None:
    problems = problems_of({**REQUIRED, "kafka_config": config})
    assert any(said in problem for problem in problems), problems
    assert "hunter22" not in str(problems)


def test_java_names_are_translated_and_said() -> None:
    loaded = load_settings(
        {
            **REQUIRED,
            "kafka_config": {
                "buffer.memory": "268435456",
                "max.request.size": "2000000",
                "delivery.timeout.ms": "120000",
                "max.in.flight.requests.per.connection": "3",
            },
        },
        env_file=None,
        checks=check_settings,
    )
    plan = plan_producer(loaded.settings)
    assert plan.config.values["queue.buffering.max.kbytes"] == "262144"
    assert plan.config.values["message.max.bytes"] == "2000000"
    assert plan.config.values["message.timeout.ms"] == "120000"
    assert plan.config.values["max.in.flight"] == "3"
    assert any("buffer.memory=268435456 is applied as" in note for note in plan.notes)


def test_a_short_message_timeout_is_accepted_with_a_warning() -> None:
    loaded = load_settings(
        {**REQUIRED, "kafka_config": {"message.timeout.ms": "20000"}}, env_file=None
    )
    (warning,) = plan_producer(loaded.settings).warnings
    assert "will be duplicated" in warning


def test_a_misspelt_name_in_the_env_file_is_pointed_out(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("CAMERA_IDD=x\nKAFKA_BUFFER_MEMORY=1\nbuffer.memory=5\nOTHER=1\n")
    warnings = load_settings(REQUIRED, env_file=env_file).warnings
    assert any("write CAMERA_ID" in warning for warning in warnings)
    assert sum("KAFKA_CONFIG_BUFFER_MEMORY" in warning for warning in warnings) == 2
    assert len(warnings) == 3


def test_help_documents_every_setting_with_default_and_unit() -> None:
    text = " ".join(CliRunner().invoke(run_command, ["--help"]).output.split())
    for name in FIELDS:
        if is_secret_field(name):
            assert flag_name(name) + " " not in text, "a secret must not be a flag"
            assert environment_name(name) in text
        else:
            assert flag_name(name) in text
    assert "(in pixels of the full frame)" in text
    assert "[KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS; default: 60]" in text


def test_values_from_flags_are_typed() -> None:
    settings = load_settings({**REQUIRED, "spool_mode": "write-ahead"}, env_file=None).settings
    assert settings.spool_mode is SpoolMode.WRITE_AHEAD
