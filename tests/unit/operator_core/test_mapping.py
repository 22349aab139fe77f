"""The table from spec to settings, checked against the stream itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from camerastream.assembly import check_settings
from camerastream.settings.load import environment_name, load_settings
from camerastream.settings.model import FIELDS, Settings
from camerastream_operator.api.mapping import (
    ELSEWHERE,
    FIXED,
    SECRET_FILES,
    SECRET_VALUES,
    VALUES,
    environment_values,
    field_at,
)
from camerastream_operator.api.resource import read_spec
from camerastream_operator.api.spec import (
    FilePlayback,
    KeyFrames,
    MjpegHandling,
    SpoolMode,
    Switch,
    Transport,
)
from camerastream_operator.defaults import StreamDefaults
from camerastream_operator.desired import completed_spec, missing_defaults

from .resources import DEFAULTS, FULL, MINIMAL

if TYPE_CHECKING:
    from enum import StrEnum

    from camerastream_operator.api.spec import CameraStreamSpec

STREAM = {environment_name(name) for name in FIELDS}
ROWS = [row.environment for row in (*VALUES, *SECRET_VALUES, *SECRET_FILES)]


def spec(given: Any) -> CameraStreamSpec:
    read, problems = read_spec(given)
    assert read is not None, problems
    return completed_spec(read, DEFAULTS)


def test_every_name_is_a_setting_of_the_stream() -> None:
    for name in (*ROWS, *FIXED, *ELSEWHERE):
        assert name in STREAM or name.startswith("KAFKA_CONFIG_"), name


def test_every_setting_of_the_stream_has_its_place_and_only_one() -> None:
    places = [*ROWS, *FIXED, *ELSEWHERE]
    assert sorted(set(places)) == sorted(places)
    assert set(places) >= STREAM


@pytest.mark.parametrize("given", [MINIMAL, FULL], ids=["minimal", "full"])
def test_every_path_leads_to_a_field(given: Any) -> None:
    for row in (*VALUES, *SECRET_VALUES, *SECRET_FILES):
        field_at(spec(given), row.path)  # raises AttributeError for a wrong one


WORDS = [
    ("spool.mode", SpoolMode),
    ("source.transport", Transport),
    ("capture.keyFrames", KeyFrames),
    ("capture.mjpegHandling", MjpegHandling),
    ("capture.filePlayback", FilePlayback),
    ("diagnostics.frameEndpoint", Switch),
]


@pytest.mark.parametrize(
    ("path", "word"), [(path, word) for path, words in WORDS for word in words]
)
def test_the_stream_takes_every_word(
    path: str, word: StrEnum, monkeypatch: pytest.MonkeyPatch
) -> None:
    part, name = path.split(".")
    given = {**MINIMAL, "source": {"url": "rtsp://10.0.0.5/s"}}
    given[part] = {**given.get(part, {}), name: word.value}
    settings = stream_settings(given, monkeypatch)
    if path == "spool.mode":
        assert settings.spool_mode.value.replace("-", "") in word.value.lower() or (
            word is SpoolMode.DISABLED and settings.spool_mode.value == "off"
        )


def stream_settings(given: Any, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in environment_values(spec(given), camera_id="lobby"):
        monkeypatch.setenv(name, value)
    return load_settings({}, env_file=None, checks=check_settings).settings


def test_the_stream_takes_a_minimal_spec_and_has_its_own_defaults(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = stream_settings(MINIMAL, monkeypatch)
    fixed = {name.lower() for name in FIXED}
    for name, field in FIELDS.items():
        if name not in fixed | {"camera_id", "rtsp_camera_url", "kafka_bootstrap_servers"}:
            assert getattr(settings, name) == field.default, name


def test_the_stream_takes_a_full_spec(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SASL_USERNAME", "u")
    monkeypatch.setenv("KAFKA_SASL_PASSWORD", "p")
    settings = stream_settings(FULL, monkeypatch)
    assert settings.interval_seconds == 0.25
    assert settings.capture_transport.value == "udp"
    assert settings.capture_key_frames.value == "never"
    assert settings.mjpeg_passthrough is False
    assert settings.file_playback.value == "fast"
    assert settings.motion_threshold == 0
    assert settings.kafka_bootstrap_servers == "kafka-0:9093,kafka-1:9093"
    assert settings.kafka_security_protocol == "SASL_SSL"
    assert settings.spool_mode.value == "write-ahead"
    assert settings.spool_max_mb == 4096
    assert settings.kafka_buffer_settle_seconds == 8
    assert settings.frame_endpoint is True
    assert settings.kafka_config == {"buffer.memory": "268435456", "batch.size": "3145728"}
    assert settings.on_threshold.value == "probe"


def test_brokers_come_from_the_operator_where_the_spec_names_none() -> None:
    read, _ = read_spec(MINIMAL)
    assert read is not None
    none = StreamDefaults(image="x")
    assert "write for example" in missing_defaults(completed_spec(read, none))[0]
    assert missing_defaults(completed_spec(read, DEFAULTS)) == ()
    assert spec(FULL).kafka.bootstrap_servers == ("kafka-0:9093", "kafka-1:9093")
