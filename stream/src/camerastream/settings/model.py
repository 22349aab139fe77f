"""The one definition of every setting.

A field's name in upper case is its environment name; in lower case with dashes it is
its flag. The environment, the `.env` file, `camerastream run --help` and
docs/settings.md are all made from this class.
"""

# ruff: noqa: RUF009 - `_setting` declares a field
from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from camerastream.settings.field import SecretStr, declared
from camerastream.settings.field import setting as _setting


class SpoolMode(StrEnum):
    """When frames are written to disk."""

    OFF = "off"
    ON_FAILURE = "on-failure"
    WRITE_AHEAD = "write-ahead"


class OnThreshold(StrEnum):
    """What crossing the threshold does."""

    EXIT = "exit"
    PROBE = "probe"


class Transport(StrEnum):
    """How RTP packets travel."""

    TCP = "tcp"
    UDP = "udp"


class Playback(StrEnum):
    """How fast a file is played."""

    REALTIME = "realtime"
    FAST = "fast"


class KeyFrames(StrEnum):
    """Whether only key frames may be decoded."""

    AUTO = "auto"
    NEVER = "never"


class LogFormat(StrEnum):
    """The shape of a log line."""

    TEXT = "text"
    JSON = "json"


class DebugLevel(StrEnum):
    """The lowest level that is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


def _odd(value: int) -> None:
    if value % 2 == 0:
        raise ValueError("even")


def _existing_file(value: Path) -> None:
    if not value.is_file():
        raise FileNotFoundError


OddInt = Annotated[int, _odd]
ExistingFile = Annotated[Path, _existing_file]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that `camerastream run` can be told.

    Values are taken as they are: `settings.load` converts and checks.
    """

    # --- camera
    camera_id: str = _setting(
        ...,
        "identifies the camera; the key of its Kafka messages",
        write="a name of 1 to 253 letters, digits, '.', '_' or '-', for example lobby",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$",
    )
    rtsp_camera_url: str = _setting(
        ...,
        "the camera: rtsp://, rtsps://, http:// or https:// (MJPEG), a video file, "
        "/dev/video0, or test: for a generated picture; {username} and {password} in its path or "
        "query stand for the settings below",
        write="an address such as rtsp://10.0.0.5/stream1, a file's path, /dev/video0, or test:",
        min_length=1,
    )
    camera_username: str | None = _setting(
        None, "user name, kept out of the address", write="the camera's user name"
    )
    camera_password: SecretStr | None = _setting(
        None,
        "password, kept out of the address; any character may stand in it",
        write="the camera's password",
    )
    camera_ca_location: ExistingFile | None = _setting(
        None,
        "CA certificates (PEM) that an rtsps or https camera is checked against; "
        "without it its certificate is not checked",
        write="the path of an existing PEM file",
    )
    capture_transport: Transport = _setting(
        Transport.TCP, "how the camera's packets travel: tcp or udp", write="tcp or udp"
    )
    capture_timeout_seconds: float = _setting(
        10.0,
        "a camera silent for longer is released and opened again",
        write="a number of seconds from 1 to 300, for example 10",
        unit="seconds",
        ge=1,
        le=300,
    )
    capture_key_frames: KeyFrames = _setting(
        KeyFrames.AUTO,
        "auto decodes key frames only where they come often enough for the interval; "
        "never decodes everything",
        write="auto or never",
    )
    mjpeg_passthrough: bool = _setting(
        True,
        "send an MJPEG camera's own JPEG bytes unchanged instead of compressing them again",
        write="true or false",
    )
    file_playback: Playback = _setting(
        Playback.REALTIME,
        "a file plays at its own pace (realtime) or as fast as it can be handled (fast)",
        write="realtime or fast",
    )
    file_loop: bool = _setting(False, "play a file for ever instead of once", write="true or false")

    # --- motion and picture
    interval_seconds: float = _setting(
        5.0,
        "time between checked frames; 0 checks every frame",
        write="a number of seconds from 0 to 86400, for example 5",
        unit="seconds",
        ge=0,
        le=86400,
    )
    motion_threshold: int = _setting(
        500,
        "total moved area above which a frame counts as motion and is sent; "
        "0 sends every checked frame",
        write="a whole number of pixels from 0, for example 500",
        unit="pixels of the full frame",
        ge=0,
    )
    min_contour_area: int = _setting(
        100,
        "smaller moving regions are noise",
        write="a whole number of pixels from 0, for example 100",
        unit="pixels of the full frame",
        ge=0,
    )
    blur_size: OddInt = _setting(
        21,
        "size of the blur against noise, odd",
        write="an odd whole number of pixels from 1 to 255, for example 21",
        unit="pixels of the full frame",
        ge=1,
        le=255,
    )
    compress_image_quality: int = _setting(
        80,
        "JPEG quality",
        write="a whole number from 1 to 100, for example 80",
        ge=1,
        le=100,
    )

    # --- Kafka
    kafka_bootstrap_servers: str = _setting(
        "localhost:9092",
        "the brokers to ask first",
        write="host:port, several separated by commas, for example kafka:9092",
        pattern=r"^\s*(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}"
        r"(?:\s*,\s*(?:[A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5})*\s*$",
    )
    kafka_security_protocol: str = _setting(
        "PLAINTEXT",
        "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
        write="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
        pattern=r"(?i)^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$",
    )
    kafka_sasl_mechanism: str | None = _setting(
        None,
        "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI",
        write="PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER or GSSAPI",
        pattern=r"^(PLAIN|SCRAM-SHA-256|SCRAM-SHA-512|OAUTHBEARER|GSSAPI)$",
    )
    kafka_sasl_username: str | None = _setting(
        None, "user name for SASL", write="the Kafka user's name"
    )
    kafka_sasl_password: SecretStr | None = _setting(
        None, "password for SASL", write="the Kafka user's password"
    )
    kafka_ssl_ca_location: ExistingFile | None = _setting(
        None,
        "CA certificates (PEM) that the brokers are checked against",
        write="the path of an existing PEM file",
    )
    camera_stream_topic: str = _setting(
        "camera-stream",
        "the topic that frames go to",
        write="1 to 249 letters, digits, '.', '_' or '-'",
        pattern=r"^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$",
    )
    kafka_buffer_error_threshold_seconds: float = _setting(
        60.0,
        "continuous buffer errors for this long force a restart",
        write="a number of seconds above 0, for example 60",
        unit="seconds",
        gt=0,
        le=86400,
    )
    kafka_buffer_settle_seconds: float = _setting(
        5.0,
        "time without an error before buffer errors count as resolved",
        write="a number of seconds above 0, for example 5",
        unit="seconds",
        gt=0,
        le=3600,
    )

    # --- surviving a restart
    state_dir: Path = _setting(
        Path("state"),
        "holds the spool, the counters and the stream id (in the image /var/lib/camerastream)",
        write="the path of a folder that this user may write to",
    )
    spool_mode: SpoolMode = _setting(
        SpoolMode.ON_FAILURE,
        "off: nothing is kept on disk; on-failure: what Kafka did not take; "
        "write-ahead: every frame before it is sent, so that even SIGKILL loses none",
        write="off, on-failure or write-ahead",
    )
    spool_max_mb: int = _setting(
        1024,
        "size of the spool; beyond it the oldest frames are dropped and counted",
        write="a whole number of MiB from 1, for example 1024",
        unit="MiB",
        ge=1,
    )
    on_threshold: OnThreshold = _setting(
        OnThreshold.EXIT,
        "exit: end with code 1 when the threshold is crossed; probe: let /livez fail and "
        "wait for the kubelet",
        write="exit or probe",
    )
    live_settings_file: Path | None = _setting(
        None,
        "JSON {generation, thresholdSeconds, hold, holdUntil, simulateBufferError}, followed while "
        "running",
        write="the path of a JSON file, which need not exist yet",
    )
    termination_log: Path | None = _setting(
        None,
        "where the reason of the end is written (default: /dev/termination-log where it exists)",
        write="the path of a file that this user may write to",
    )
    simulate_buffer_error: bool = _setting(
        False,
        "inject 'producer queue is full' from the first frame on, to see the whole chain happen",
        write="true or false",
    )

    # --- seeing what happens
    http_host: str = _setting(
        "0.0.0.0",  # noqa: S104 - probes come from the kubelet, outside the pod
        "address of /livez, /readyz, /metrics and /status",
        write="an address of this machine, for example 0.0.0.0",
    )
    http_port: int = _setting(
        8080,
        "port of the same; 0 takes a free one and logs it",
        write="a port number from 0 to 65535",
        ge=0,
        le=65535,
    )
    frame_endpoint: bool = _setting(
        False, "serve the last sent frame at /frame.jpg", write="true or false"
    )
    debug_level: DebugLevel = _setting(
        DebugLevel.INFO,
        "lowest level that is logged: DEBUG, INFO, WARNING or ERROR",
        write="DEBUG, INFO, WARNING or ERROR",
    )
    log_format: LogFormat = _setting(
        LogFormat.TEXT, "text lines for people or JSON lines", write="text or json"
    )

    # --- any other producer setting
    kafka_config: dict[str, str] = _setting(
        {},
        "any producer setting of librdkafka, or its Java name: KAFKA_CONFIG_LINGER_MS=50, "
        "KAFKA_CONFIG_BUFFER_MEMORY=268435456",
        write="KAFKA_CONFIG_<NAME>=<value>",
    )


FIELDS = declared(Settings)
"""The settings' declarations, by name and in order."""
