"""The defaults of all cameras, read from a file that changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from camerastream_operator.runtime.defaults_file import DefaultsFile, parse_defaults
from camerastream_operator.runtime.settings import SettingsError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = "stream: {image: camerastream:1.0, thresholdSeconds: 90}\nfleet: {startPercent: 60}\n"


def test_it_is_read_again_when_it_changes_and_stays_when_it_breaks(tmp_path: Path) -> None:
    path = tmp_path / "defaults.yaml"
    path.write_text(GOOD)
    file = DefaultsFile(path)
    assert file.current.stream.threshold_seconds == 90
    assert file.current.fleet.start_share == 0.6
    assert not file.look()

    path.write_text("stream: {image: 5\n")
    with pytest.raises(SettingsError, match="neither YAML nor JSON"):
        file.look()
    assert not file.look()
    assert file.current.stream.threshold_seconds == 90
    assert not file.usable, "also when it is looked at again"

    path.write_text(GOOD)
    assert not file.look()
    assert file.usable

    path.write_text(GOOD.replace("90", "45"))
    assert file.look()
    assert file.current.stream.threshold_seconds == 45


def test_a_file_that_is_gone_is_said_once_and_read_again_when_it_is_back(tmp_path: Path) -> None:
    path = tmp_path / "defaults.yaml"
    path.write_text(GOOD)
    file = DefaultsFile(path)
    path.unlink()
    with pytest.raises(SettingsError, match="cannot be read"):
        file.look()
    for _ in range(2):
        assert not file.look()
        assert not file.usable
    assert file.current.stream.threshold_seconds == 90
    path.write_text(GOOD)
    assert not file.look()
    assert file.usable


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "stream is missing"),
        ("stream: {}", "stream.image is missing"),
        ("stream: {image: a, tresholdSeconds: 5}", "tresholdSeconds in d.yaml is unknown"),
        ("stream: {image: a, thresholdSeconds: 1}", "greater than or equal to 5"),
        ("stream: {image: a, bootstrapServers: [kafka]}", "bootstrapServers"),
        ("stream: {image: a}\nfleet: {endPercent: 70}", "below fleet.startPercent"),
        ("[1]", "d.yaml"),
    ],
)
def test_bad_values_are_a_sentence(text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        parse_defaults(text, "d.yaml")
