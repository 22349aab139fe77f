"""The operator's settings: environment variables that begin with `OPERATOR_`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path  # noqa: TC003 - pydantic reads the annotation
from typing import TYPE_CHECKING, Annotated, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

PREFIX = "OPERATOR_"


class SettingsError(Exception):
    """Settings that cannot be used.

    Attributes:
        problems: One sentence each, with what to write instead.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class LogFormat(StrEnum):
    """How log lines look."""

    TEXT = "text"
    JSON = "json"


class Settings(BaseSettings):
    """What the operator is told at its start."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    defaults_file: Path = Field(
        description="YAML or JSON file with the defaults of all cameras; read again when it changes"
    )
    cameras_file: str = Field(
        "", description="YAML or JSON file that lists cameras to be made; none when empty"
    )
    cameras_removal_delay_seconds: float = Field(
        120,
        ge=0,
        le=3600,
        description="For so long after its start no camera is removed that the file does not list, "
        "unless it was seen to change",
    )
    watch_namespaces: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Namespaces to watch, with commas between them; empty for all"
    )
    http_host: str = Field("0.0.0.0", description="Where /livez, /readyz and /metrics are served")  # noqa: S104 - probes come from the kubelet, outside the pod
    http_port: int = Field(8080, ge=0, le=65535, description="Their port; 0 takes a free one")
    log_level: str = Field("INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$")
    log_format: LogFormat = Field(LogFormat.JSON, description="json or text")
    workers: int = Field(32, ge=1, le=512, description="Cameras that are looked after at a time")
    writes_per_second: float = Field(
        150, gt=0, le=10_000, description="Writes to the API server in the long run"
    )
    resync_seconds: float = Field(
        300, ge=5, le=86_400, description="How often everything is listed and compared"
    )
    watch_failure_seconds: float = Field(
        60,
        gt=0,
        le=3600,
        description="For how long a watch that is refused is tried again before the operator ends, "
        "to be started again",
    )
    max_rolling_pods: int = Field(
        5, ge=1, le=1000, description="Running pods that are replaced at a time after a change"
    )
    stream_status_url: str = Field(
        "http://{ip}:8080/status",
        description="Where a stream tells how it is; {ip}, {namespace} and {pod} are filled in",
    )
    leader_election: bool = Field(
        default=True, description="Wait for the Lease before anything is done"
    )
    lease_name: str = Field("camerastream-operator", min_length=1, max_length=253)
    lease_namespace: str = Field("", description="Namespace of the Lease; that of the pod if empty")
    lease_seconds: int = Field(
        15, ge=3, le=600, description="After so long without a renewal another one takes over"
    )
    pod_namespace: str = Field("", description="Namespace of this pod (downward API)")
    pod_name: str = Field("", description="Name of this pod (downward API)")

    @field_validator("watch_namespaces", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part for part in (item.strip() for item in value.split(",")) if part)
        return value

    @field_validator("stream_status_url")
    @classmethod
    def _template(cls, value: str) -> str:
        try:
            value.format(ip="10.0.0.1", namespace="cams", pod="lobby-0")
        except (LookupError, ValueError):
            raise ValueError(
                "it has braces that mean nothing; write for example http://{ip}:8080/status"
            ) from None
        return value

    @model_validator(mode="after")
    def _lease_has_a_namespace(self) -> Self:
        if self.leader_election and not self.lease_in:
            raise ValueError(
                "the namespace of the Lease is not known; write OPERATOR_LEASE_NAMESPACE, or "
                "OPERATOR_LEADER_ELECTION=false where one operator runs"
            )
        return self

    @property
    def lease_in(self) -> str:
        """The namespace of the Lease."""
        return self.lease_namespace or self.pod_namespace

    @property
    def namespaces(self) -> tuple[str | None, ...]:
        """The namespaces to list; None is the whole cluster."""
        return self.watch_namespaces or (None,)


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: With every problem, not just the first.
    """
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(
            [_sentence(item) for item in error.errors(include_input=False)]
        ) from None


def _sentence(item: ErrorDetails) -> str:
    said = item["msg"].removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    if not item["loc"]:
        return said
    name = PREFIX + str(item["loc"][0]).upper()
    if item["type"] == "missing":
        return f"{name} is missing; write the path of the file with the defaults of all cameras"
    described = Settings.model_fields[str(item["loc"][0])].description
    return f"{name} {said[:1].lower()}{said[1:]}" + (f" ({described})" if described else "")
