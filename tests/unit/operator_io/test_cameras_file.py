"""The list of cameras, read from a file that changes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from camerastream_operator.kube.resources import Key
from camerastream_operator.runtime.cameras_file import CamerasFile, parse_cameras
from camerastream_operator.runtime.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

LOBBY = {"name": "lobby", "namespace": "shop", "spec": {"source": {"url": "test:"}}}


def text(*cameras: dict[str, Any]) -> str:
    return json.dumps({"name": "cams.site", "cameras": cameras})


def test_what_cannot_be_used_is_said_every_time_and_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "cameras.json"
    file = CamerasFile(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        file.look()
    assert file.current is None

    path.write_text(text(LOBBY))
    assert file.look()
    assert not file.look()
    before = file.current
    assert before is not None
    assert [camera.key for camera in before.cameras] == [Key("shop", "lobby")]

    path.write_text("{")
    for _ in range(2):
        with pytest.raises(SettingsError, match="neither YAML nor JSON"):
            file.look()
    assert file.current is before

    path.write_text(text(LOBBY))
    assert not file.look()
    path.write_text(text())
    assert file.look()
    assert file.current is not None
    assert file.current.cameras == ()


@pytest.mark.parametrize(
    ("cameras", "said"),
    [
        ([{**LOBBY, "name": "Lobby"}], "cameras.0.name in c.json"),
        ([{**LOBBY, "namespace": ""}], "cameras.0.namespace in c.json"),
        ([{**LOBBY, "specs": {}}], "cameras.0.specs in c.json is unknown"),
        ([{"name": "lobby", "namespace": "shop"}], "cameras.0.spec is missing in c.json"),
        ([LOBBY, LOBBY], "shop/lobby is in c.json more than once; keep one of each"),
    ],
)
def test_bad_lists_are_a_sentence(cameras: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse_cameras(text(*cameras), "c.json")


def test_the_same_name_in_two_namespaces_is_two_cameras() -> None:
    assert len(parse_cameras(text(LOBBY, {**LOBBY, "namespace": "yard"}), "c.json").cameras) == 2
