"""The file that lists cameras: a mounted ConfigMap, made from Helm values."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from pydantic import Field

from camerastream_operator.camera_list import CameraList, ListedCamera
from camerastream_operator.kube.resources import Key
from camerastream_operator.runtime.mounted_file import Part, parse_file, read_file
from camerastream_operator.runtime.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

_LABEL_VALUE = r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$"


class _Camera(Part):
    name: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,50}[a-z0-9])?$")
    namespace: str = Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")
    labels: dict[str, str] = Field({})
    # The API server says what is wrong in it.
    spec: dict[str, Any]


class _File(Part):
    name: str = Field(pattern=_LABEL_VALUE)
    cameras: tuple[_Camera, ...]


def parse_cameras(text: str, name: str) -> CameraList:
    """Read what the file says.

    Args:
        text: Its contents.
        name: What it is called in sentences.

    Raises:
        SettingsError: It cannot be used.
    """
    read = parse_file(_File, text, name)
    cameras = tuple(
        ListedCamera(Key(item.namespace, item.name), item.labels, item.spec)
        for item in read.cameras
    )
    counts = Counter(camera.key for camera in cameras)
    if twice := [str(key) for key, count in counts.items() if count > 1]:
        raise SettingsError([f"{', '.join(twice)} is in {name} more than once; keep one of each"])
    return CameraList(read.name, cameras)


class CamerasFile:
    """Looks whether the file has changed.

    Args:
        path: The file; in a pod a symbolic link that is replaced as a whole.

    Attributes:
        current: What it says; while it cannot be used, what it said before. None before it
            could be used at all.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._text: str | None = None
        self.current: CameraList | None = None

    def look(self) -> bool:
        """Say whether what it says has changed.

        Raises:
            SettingsError: It cannot be used; every time, as long as that is so.
        """
        text = read_file(self._path, "OPERATOR_CAMERAS_FILE")
        if text == self._text:
            return False
        read = parse_cameras(text, str(self._path))
        self._text = text
        before, self.current = self.current, read
        return before != read
