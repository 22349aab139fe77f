from __future__ import annotations

import pytest

from camerastream.watch.start import Start, parse_start


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("beginning", Start(text="beginning")),
        ("end", Start(at_end=True, text="end")),
        ("90s", Start(since_seconds=910, text="90s ago")),
        ("1.5m", Start(since_seconds=910, text="1.5m ago")),
        ("2h", Start(since_seconds=0, text="2h ago")),
        ("1970-01-01T00:01:00Z", Start(since_seconds=60, text="1970-01-01T00:01:00Z")),
        ("1970-01-01T00:01", Start(since_seconds=60, text="1970-01-01T00:01")),
        ("1970-01-01T01:01+01:00", Start(since_seconds=60, text="1970-01-01T01:01+01:00")),
    ],
)
def test_places_to_begin(text: str, expected: Start) -> None:
    assert parse_start(text, now_seconds=1000) == expected


@pytest.mark.parametrize("text", ["", "start", "10", "m", "-5m", "1960-01-01", "2026-13-01"])
def test_no_place_to_begin(text: str) -> None:
    with pytest.raises(ValueError, match="write beginning, end, an age"):
        parse_start(text, now_seconds=1000)
