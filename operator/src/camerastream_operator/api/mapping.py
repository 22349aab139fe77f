"""The one table from fields of the spec to settings of the stream.

A test compares it with the stream's own settings: every name exists there, and every
setting there is in one of the tables here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from camerastream_operator.api.spec import (
    CameraStreamSpec,
    FilePlayback,
    KeyFrames,
    MjpegHandling,
    SpoolMode,
    Switch,
    Transport,
)
from camerastream_operator.names import HTTP_PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from enum import StrEnum

STATE_DIR = "/var/lib/camerastream"
CONFIG_DIR = "/etc/camerastream"
SETTINGS_FILE = f"{CONFIG_DIR}/live/settings.json"

_WORDS: dict[type[StrEnum], dict[str, str]] = {
    Transport: {Transport.TCP: "tcp", Transport.UDP: "udp"},
    KeyFrames: {KeyFrames.AUTO: "auto", KeyFrames.NEVER: "never"},
    MjpegHandling: {MjpegHandling.PASS_THROUGH: "true", MjpegHandling.RECOMPRESS: "false"},
    FilePlayback: {FilePlayback.REAL_TIME: "realtime", FilePlayback.FAST: "fast"},
    SpoolMode: {
        SpoolMode.DISABLED: "off",
        SpoolMode.ON_FAILURE: "on-failure",
        SpoolMode.WRITE_AHEAD: "write-ahead",
    },
    Switch: {Switch.DISABLED: "false", Switch.ENABLED: "true"},
}
"""By the kind of word: equal words of two kinds are one key of a dict."""


def _plain(value: Any) -> str:
    return str(value)


def _word(value: Any) -> str:
    return _WORDS[type(value)][value]


def _seconds(milliseconds: int) -> str:
    """Return milliseconds as seconds.

    Example:
        >>> _seconds(5000), _seconds(1500), _seconds(86399999)
        ('5', '1.5', '86399.999')
    """
    text = f"{Decimal(milliseconds) / 1000:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _joined(values: tuple[str, ...]) -> str:
    return ",".join(values)


@dataclass(frozen=True, slots=True)
class Value:
    """A field that becomes an environment variable.

    Attributes:
        path: The field, as Python spells it, below spec.
        environment: The stream's setting.
        write: Turns the field's value into the setting's.
    """

    path: str
    environment: str
    write: Callable[[Any], str] = _plain


@dataclass(frozen=True, slots=True)
class SecretValue:
    """A key of a Secret that becomes an environment variable.

    Attributes:
        path: The reference to the Secret.
        key: The reference's field that holds the key.
        environment: The stream's setting.
    """

    path: str
    key: str
    environment: str


@dataclass(frozen=True, slots=True)
class SecretFile:
    """A key of a Secret that becomes a file, whose path becomes an environment variable.

    Attributes:
        path: The reference to the Secret.
        key: The reference's field that holds the key.
        environment: The stream's setting.
        volume: Name of the volume; files of one Secret share one.
        file: Name of the file.
    """

    path: str
    key: str
    environment: str
    volume: str
    file: str

    @property
    def folder(self) -> str:
        """Where the volume is mounted."""
        return f"{CONFIG_DIR}/{self.volume}"


VALUES = (
    Value("camera_id", "CAMERA_ID"),
    Value("source.url", "RTSP_CAMERA_URL"),
    Value("source.transport", "CAPTURE_TRANSPORT", _word),
    Value("capture.timeout_seconds", "CAPTURE_TIMEOUT_SECONDS"),
    Value("capture.key_frames", "CAPTURE_KEY_FRAMES", _word),
    Value("capture.mjpeg_handling", "MJPEG_PASSTHROUGH", _word),
    Value("capture.file_playback", "FILE_PLAYBACK", _word),
    Value("capture.interval_milliseconds", "INTERVAL_SECONDS", _seconds),
    Value("motion.threshold_pixels", "MOTION_THRESHOLD"),
    Value("motion.min_contour_area_pixels", "MIN_CONTOUR_AREA"),
    Value("motion.blur_size_pixels", "BLUR_SIZE"),
    Value("encoding.jpeg_quality", "COMPRESS_IMAGE_QUALITY"),
    Value("kafka.bootstrap_servers", "KAFKA_BOOTSTRAP_SERVERS", _joined),
    Value("kafka.security_protocol", "KAFKA_SECURITY_PROTOCOL"),
    Value("kafka.sasl.mechanism", "KAFKA_SASL_MECHANISM"),
    Value("kafka.topic", "CAMERA_STREAM_TOPIC"),
    Value("buffer_monitor.settle_seconds", "KAFKA_BUFFER_SETTLE_SECONDS"),
    Value("spool.mode", "SPOOL_MODE", _word),
    Value("spool.max_megabytes", "SPOOL_MAX_MB"),
    Value("diagnostics.log_level", "DEBUG_LEVEL"),
    Value("diagnostics.frame_endpoint", "FRAME_ENDPOINT", _word),
)

SECRET_VALUES = (
    SecretValue("source.credentials_secret_ref", "username_key", "CAMERA_USERNAME"),
    SecretValue("source.credentials_secret_ref", "password_key", "CAMERA_PASSWORD"),
    SecretValue("kafka.sasl.secret_ref", "username_key", "KAFKA_SASL_USERNAME"),
    SecretValue("kafka.sasl.secret_ref", "password_key", "KAFKA_SASL_PASSWORD"),
)

SECRET_FILES = (
    SecretFile("source.ca_secret_ref", "key", "CAMERA_CA_LOCATION", "camera-ca", "ca.crt"),
    SecretFile("kafka.tls.ca_secret_ref", "key", "KAFKA_SSL_CA_LOCATION", "kafka-ca", "ca.crt"),
    SecretFile(
        "kafka.tls.cert_secret_ref",
        "certificate_key",
        "KAFKA_CONFIG_SSL_CERTIFICATE_LOCATION",
        "kafka-cert",
        "tls.crt",
    ),
    SecretFile(
        "kafka.tls.cert_secret_ref",
        "private_key_key",
        "KAFKA_CONFIG_SSL_KEY_LOCATION",
        "kafka-cert",
        "tls.key",
    ),
)

FIXED = {
    "STATE_DIR": STATE_DIR,
    "LIVE_SETTINGS_FILE": SETTINGS_FILE,
    "ON_THRESHOLD": "probe",
    "LOG_FORMAT": "json",
    "HTTP_HOST": "0.0.0.0",  # noqa: S104 - probes come from the kubelet, outside the pod
    "HTTP_PORT": str(HTTP_PORT),
    # The kubelet starts a container again that ends at a file's end: it may as well go on.
    "FILE_LOOP": "true",
}
"""What is the same for every camera, because the operator or the kubelet relies on it."""

ELSEWHERE = {
    "KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS": "live: bufferMonitor.thresholdSeconds reaches the pod "
    "through LIVE_SETTINGS_FILE, so that a change needs no new pod",
    "SIMULATE_BUFFER_ERROR": "live: bufferMonitor.simulateBufferError, through LIVE_SETTINGS_FILE",
    "KAFKA_CONFIG": "kafka.producerConfig becomes one KAFKA_CONFIG_<NAME> for each entry",
    "TERMINATION_LOG": "the default is the file that the kubelet makes, /dev/termination-log",
}
"""Settings without a row of their own, and why."""


def field_at(spec: CameraStreamSpec, path: str) -> Any:
    """Return the value of a field by its path; None where it or a part above it is missing."""
    value: Any = spec
    for name in path.split("."):
        if value is None:
            return None
        value = getattr(value, name)
    return value


def read_value(row: Value, text: str) -> Any:
    """Return what a setting's value is in the spec: the other way round from `write`.

    Numbers are left as they are written; the spec takes them.

    Raises:
        ValueError: The setting has no such value.
        decimal.InvalidOperation: It is no number where it has to be one.

    Example:
        >>> rows = {row.environment: row for row in VALUES}
        >>> read_value(rows["INTERVAL_SECONDS"], "0.5"), read_value(rows["SPOOL_MODE"], "off")
        (500, <SpoolMode.DISABLED: 'Disabled'>)
    """
    if row.write is _seconds:
        return int(Decimal(text) * 1000)
    if row.write is _joined:
        return [part.strip() for part in text.split(",") if part.strip()]
    if row.write is not _word:
        return text
    model: Any = CameraStreamSpec
    *parents, last = row.path.split(".")
    for name in parents:
        model = model.model_fields[name].annotation
    words = _WORDS[model.model_fields[last].annotation]
    for value, word in words.items():
        if word == text.lower():
            return value
    raise ValueError(row.environment)


def environment_values(spec: CameraStreamSpec, *, camera_id: str) -> Iterator[tuple[str, str]]:
    """Yield names and values of the environment that hold no secret.

    Args:
        spec: The spec; bootstrapServers completed with the operator's default.
        camera_id: What the camera is called in Kafka messages.
    """
    for row in VALUES:
        value = camera_id if row.path == "camera_id" else field_at(spec, row.path)
        if value is not None:
            yield row.environment, row.write(value)
    yield from FIXED.items()
    for name, value in sorted(spec.kafka.producer_config.items()):
        yield producer_environment_name(name), value


def producer_environment_name(name: str) -> str:
    """Return the environment name that sets a producer setting.

    Example:
        >>> producer_environment_name("linger.ms")
        'KAFKA_CONFIG_LINGER_MS'
    """
    return "KAFKA_CONFIG_" + name.upper().replace(".", "_")
