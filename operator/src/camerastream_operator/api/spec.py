"""The spec of a CameraStream, with the same defaults and limits as the CRD.

The API server has checked a spec already, but perhaps against another version of the CRD.
Names of fields and of secrets are camelCase in the resource.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Text = Annotated[str, Field(min_length=1, max_length=253)]
Quantity = int | str


class Transport(StrEnum):
    """How RTP packets travel."""

    TCP = "TCP"
    UDP = "UDP"


class KeyFrames(StrEnum):
    """Whether only key frames may be decoded."""

    AUTO = "Auto"
    NEVER = "Never"


class MjpegHandling(StrEnum):
    """What becomes of an MJPEG camera's own bytes."""

    PASS_THROUGH = "PassThrough"  # noqa: S105 - no password
    RECOMPRESS = "Recompress"


class FilePlayback(StrEnum):
    """How fast a file is played."""

    REAL_TIME = "RealTime"
    FAST = "Fast"


class SecurityProtocol(StrEnum):
    """How the connection to Kafka is protected."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"


class SaslMechanism(StrEnum):
    """How the password is proven to Kafka."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


class Action(StrEnum):
    """What crossing the threshold does."""

    RESTART = "Restart"
    REPORT = "Report"


class Switch(StrEnum):
    """Off or on; in words that YAML does not take for booleans."""

    DISABLED = "Disabled"
    ENABLED = "Enabled"


class SpoolMode(StrEnum):
    """When frames are written to disk. `Off` would be read as a boolean by YAML 1.1."""

    DISABLED = "Disabled"
    ON_FAILURE = "OnFailure"
    WRITE_AHEAD = "WriteAhead"


class SpoolVolume(StrEnum):
    """What the spool lies on."""

    EMPTY_DIR = "EmptyDir"
    CLAIM = "PersistentVolumeClaim"


class OnExhausted(StrEnum):
    """What happens when the restart budget is used up."""

    HOLD = "Hold"
    IGNORE = "Ignore"


class RunState(StrEnum):
    """Whether a pod is wanted."""

    RUNNING = "Running"
    SUSPENDED = "Suspended"


class LogLevel(StrEnum):
    """The lowest level that is logged."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"


class Part(BaseModel):
    """A part of the spec: immutable; fields of a newer version are ignored."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True
    )


class LoginSecretRef(Part):
    """A Secret that holds a user name and a password."""

    name: Text
    username_key: Text = "username"
    password_key: Text = "password"  # noqa: S105 - the name of a key


class CaSecretRef(Part):
    """A Secret that holds CA certificates."""

    name: Text
    key: Text = "ca.crt"


class CertSecretRef(Part):
    """A Secret that holds a certificate and its private key."""

    name: Text
    certificate_key: Text = "tls.crt"
    private_key_key: Text = "tls.key"


class SourceSpec(Part):
    """The camera."""

    url: str = Field(min_length=1, max_length=2048)
    credentials_secret_ref: LoginSecretRef | None = None
    ca_secret_ref: CaSecretRef | None = None
    transport: Transport = Transport.TCP
    files_claim_name: Text | None = None


class CaptureSpec(Part):
    """How frames are taken."""

    interval_milliseconds: int = Field(5000, ge=0, le=86_400_000)
    timeout_seconds: int = Field(10, ge=1, le=300)
    key_frames: KeyFrames = KeyFrames.AUTO
    mjpeg_handling: MjpegHandling = MjpegHandling.PASS_THROUGH
    file_playback: FilePlayback = FilePlayback.REAL_TIME


class MotionSpec(Part):
    """When a frame is sent."""

    threshold_pixels: int = Field(500, ge=0)
    min_contour_area_pixels: int = Field(100, ge=0)
    blur_size_pixels: int = Field(21, ge=1, le=255)


class EncodingSpec(Part):
    """How frames are compressed."""

    jpeg_quality: int = Field(80, ge=1, le=100)


class SaslSpec(Part):
    """Login to Kafka."""

    mechanism: SaslMechanism
    secret_ref: LoginSecretRef


class TlsSpec(Part):
    """Certificates for Kafka."""

    ca_secret_ref: CaSecretRef | None = None
    cert_secret_ref: CertSecretRef | None = None


class KafkaSpec(Part):
    """Where frames go."""

    bootstrap_servers: tuple[Annotated[str, Field(max_length=261)], ...] | None = Field(
        None, min_length=1, max_length=16
    )
    topic: str = Field("camera-stream", max_length=249)
    security_protocol: SecurityProtocol = SecurityProtocol.PLAINTEXT
    sasl: SaslSpec | None = None
    tls: TlsSpec | None = None
    producer_config: dict[str, Annotated[str, Field(max_length=1024)]] = Field({}, max_length=32)


class BufferMonitorSpec(Part):
    """When buffer errors force a restart."""

    threshold_seconds: int | None = Field(None, ge=5, le=3600)
    settle_seconds: int = Field(5, ge=1, le=3600)
    action: Action = Action.RESTART
    simulate_buffer_error: Switch = Switch.DISABLED


class SpoolSpec(Part):
    """Where frames wait."""

    mode: SpoolMode = SpoolMode.ON_FAILURE
    max_megabytes: int = Field(1024, ge=1, le=1_048_576)
    volume: SpoolVolume = SpoolVolume.EMPTY_DIR
    claim_megabytes: int = Field(2048, ge=1, le=2_097_152)
    storage_class_name: str | None = Field(None, max_length=253)


class BudgetSpec(Part):
    """How many restarts within a window."""

    restarts: int = Field(5, ge=1, le=10)
    window_seconds: int = Field(1800, ge=60, le=86_400)


class RestartPolicySpec(Part):
    """Ends restarts that do not help."""

    budget: BudgetSpec = BudgetSpec()
    on_exhausted: OnExhausted = OnExhausted.HOLD


class DiagnosticsSpec(Part):
    """Seeing more."""

    log_level: LogLevel = LogLevel.INFO
    frame_endpoint: Switch = Switch.DISABLED


class TemplateSpec(Part):
    """What the pod gets beside what the stream needs; as the pod spells it."""

    labels: dict[str, str] = Field({}, max_length=16)
    annotations: dict[str, str] = Field({}, max_length=16)
    image: str | None = Field(None, min_length=1, max_length=512)
    image_pull_policy: str | None = None
    image_pull_secrets: tuple[dict[str, str], ...] | None = Field(None, max_length=8)
    resources: dict[str, dict[str, Quantity]] | None = None
    node_selector: dict[str, str] = Field({}, max_length=16)
    tolerations: tuple[dict[str, Any], ...] = Field((), max_length=16)
    affinity: dict[str, Any] = {}
    priority_class_name: str | None = Field(None, max_length=253)
    env: tuple[dict[str, Any], ...] = Field((), max_length=32)


class CameraStreamSpec(Part):
    """What is wanted of one camera."""

    camera_id: str | None = Field(
        None, max_length=253, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$"
    )
    source: SourceSpec
    capture: CaptureSpec = CaptureSpec()
    motion: MotionSpec = MotionSpec()
    encoding: EncodingSpec = EncodingSpec()
    kafka: KafkaSpec = KafkaSpec()
    buffer_monitor: BufferMonitorSpec = BufferMonitorSpec()
    spool: SpoolSpec = SpoolSpec()
    restart_policy: RestartPolicySpec = RestartPolicySpec()
    state: RunState = RunState.RUNNING
    diagnostics: DiagnosticsSpec = DiagnosticsSpec()
    template: TemplateSpec = TemplateSpec()
