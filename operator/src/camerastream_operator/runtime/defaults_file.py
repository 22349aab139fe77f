"""The file with the defaults of all cameras: a mounted ConfigMap, read again when it changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from camerastream_operator.defaults import StreamDefaults
from camerastream_operator.fleet import FleetPolicy
from camerastream_operator.runtime.mounted_file import Part, parse_file, read_file
from camerastream_operator.runtime.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Defaults:
    """What the file says.

    Attributes:
        stream: What every camera gets whose spec leaves it out.
        fleet: When all cameras are held.
    """

    stream: StreamDefaults
    fleet: FleetPolicy


class _Stream(Part):
    image: str = Field(min_length=1, max_length=512)
    image_pull_policy: str = Field("", pattern="^(|Always|IfNotPresent|Never)$")
    image_pull_secrets: tuple[Annotated[str, Field(min_length=1, max_length=253)], ...] = ()
    threshold_seconds: int = Field(60, ge=5, le=3600)
    bootstrap_servers: tuple[
        Annotated[str, Field(pattern=r"^([A-Za-z0-9_.-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}$")], ...
    ] = ()
    resources: dict[str, dict[str, int | str]] = Field({})


class _Fleet(Part):
    min_cameras: int = Field(3, ge=1)
    start_percent: int = Field(50, ge=1, le=100)
    end_percent: int = Field(25, ge=0, le=100)
    settle_seconds: int = Field(30, ge=0, le=3600)
    hold_seconds: int = Field(600, ge=60, le=86_400)
    recent_seconds: int = Field(120, ge=0, le=3600)


class _File(Part):
    stream: _Stream
    fleet: _Fleet = _Fleet()


def parse_defaults(text: str, name: str) -> Defaults:
    """Read what the file says.

    Args:
        text: Its contents.
        name: What it is called in sentences.

    Raises:
        SettingsError: It cannot be used.
    """
    read = parse_file(_File, text, name)
    fleet = read.fleet
    if fleet.end_percent >= fleet.start_percent:
        raise SettingsError(
            [f"fleet.endPercent in {name} must be below fleet.startPercent, or holds would flap"]
        )
    return Defaults(
        StreamDefaults(**read.stream.model_dump()),
        FleetPolicy(
            min_cameras=fleet.min_cameras,
            start_share=fleet.start_percent / 100,
            end_share=fleet.end_percent / 100,
            settle_seconds=fleet.settle_seconds,
            hold_seconds=fleet.hold_seconds,
            recent_seconds=fleet.recent_seconds,
        ),
    )


class DefaultsFile:
    """Looks whether the file has changed.

    Args:
        path: The file; in a pod a symbolic link that is replaced as a whole.

    Attributes:
        current: What it says; while it cannot be used, what it said before.
        usable: Whether it can be used as it is now.

    Raises:
        SettingsError: It cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text: str | None = self._read()
        self.current = parse_defaults(self._text, str(path))
        self.usable = True

    def look(self) -> bool:
        """Say whether what it says has changed.

        Raises:
            SettingsError: It has changed into something that cannot be used; said once.
        """
        try:
            text = self._read()
        except SettingsError:
            if self._text is None:
                return False
            self._text, self.usable = None, False
            raise
        if text == self._text:
            return False
        self._text, self.usable = text, False
        before, self.current = self.current, parse_defaults(text, str(self._path))
        self.usable = True
        return before != self.current

    def _read(self) -> str:
        return read_file(self._path, "OPERATOR_DEFAULTS_FILE")
