"""The live settings file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from camerastream.settings.live import LiveChange, LiveRead, LiveSettingsFile, parse_live_settings

if TYPE_CHECKING:
    from pathlib import Path

START = LiveChange(60.0, hold=False, generation=None, simulate_buffer_error=False)


def test_what_the_file_leaves_out_is_as_at_start() -> None:
    change = parse_live_settings('{"generation": 4, "hold": true}', START)
    assert change == LiveChange(60.0, hold=True, generation=4, simulate_buffer_error=False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ('{"thresholdSeconds": 0}', "above 0"),
        ('{"thresholdSeconds": true}', "above 0"),
        ('{"hold": "yes"}', "true or false"),
        ('{"generation": "x"}', "whole number"),
        ('{"treshold": 3}', "treshold is unknown; write"),
    ],
)
def test_an_unusable_file_is_said_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_live_settings(text, START)


def test_changes_are_seen_once_and_a_file_that_goes_restores_the_start(tmp_path: Path) -> None:
    path = tmp_path / "live.json"
    live = LiveSettingsFile(path, START)
    assert live.look() == LiveRead()
    path.write_text(json.dumps({"thresholdSeconds": 5}))
    assert live.look().change == LiveChange(5.0, False, None, False)
    assert live.look() == LiveRead()
    path.write_text("nonsense")
    assert "not JSON" in (live.look().problem or "")
    assert live.look() == LiveRead()
    path.unlink()
    assert live.look().change == START
    assert live.look() == LiveRead()


def test_it_follows_a_replaced_symbolic_link_as_pods_have(tmp_path: Path) -> None:
    for name, threshold in (("one", 1), ("two", 2)):
        (tmp_path / name).write_text(json.dumps({"thresholdSeconds": threshold}))
    link = tmp_path / "live.json"
    link.symlink_to("one")
    live = LiveSettingsFile(link, START)
    assert live.look().change is not None
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").rename(link)
    change = live.look().change
    assert change is not None
    assert change.threshold_seconds == 2
