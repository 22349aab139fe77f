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
        ('{"thresholdSeconds": NaN}', "above 0"),
        ('{"thresholdSeconds": 1e999}', "at most 86400"),
        ('{"hold": true, "holdUntil": 1767225600}', "holdUntil is not usable; write a time in UTC"),
        ('{"hold": true, "holdUntil": "soon"}', "for example 2026-03-01T08:30:00Z"),
        ('{"hold": true, "holdUntil": "2026-03-01T08:30:00"}', "write a time in UTC"),
        ('{"hold": true, "holdUntil": "0001-01-01T00:00:00+23:59"}', "write a time in UTC"),
    ],
)
def test_an_unusable_file_is_said_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_live_settings(text, START)


@pytest.mark.parametrize(
    "written", ["2026-03-01T08:30:00Z", "2026-03-01T08:30:00+00:00", "2026-03-01T09:30:00+01:00"]
)
def test_a_hold_may_have_an_end(written: str) -> None:
    change = parse_live_settings(json.dumps({"hold": True, "holdUntil": written}), START)
    assert change.hold_until_seconds == 1772353800.0
    without = parse_live_settings('{"hold": true, "holdUntil": null}', START)
    assert without.hold_until_seconds is None


@pytest.mark.parametrize(
    ("key", "advice"),
    [
        ("treshold", "write thresholdSeconds"),
        ("holdUntill", "write holdUntil"),
        ("zz", "write one of generation, thresholdSeconds, hold, holdUntil, simulateBufferError"),
    ],
)
def test_an_unknown_key_is_told_of_and_the_rest_is_taken(
    tmp_path: Path, key: str, advice: str
) -> None:
    path = tmp_path / "live.json"
    live = LiveSettingsFile(path, START)
    path.write_text(json.dumps({"thresholdSeconds": 5, key: 1}))
    read = live.look()
    assert read.change == LiveChange(5.0, False, None, False)
    assert read.note == f"{key} is not known to this version and is ignored; {advice}"
    assert live.look() == LiveRead()


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
