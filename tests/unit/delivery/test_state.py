"""What a start makes of the state it finds."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerastream.delivery.accounting import Counts
from camerastream.delivery.state import (
    StreamState,
    begin,
    state_from_json,
    state_to_json,
    with_end,
)
from camerastream.settings.model import SpoolMode

counts = st.builds(
    Counts,
    captured=st.integers(0, 10**6),
    selected=st.integers(0, 10**6),
    delivered=st.integers(0, 10**6),
    dropped=st.dictionaries(st.sampled_from(["disk-full", "too-large"]), st.integers(1, 99)),
    in_flight=st.integers(0, 99),
    spooled=st.integers(0, 99),
)
states = st.builds(
    StreamState,
    stream=st.text(min_size=1),
    next_sequence=st.integers(0, 10**9),
    next_position=st.integers(0, 10**9),
    counts=counts,
    ends=st.dictionaries(st.text(), st.integers(1, 9)),
    running_mode=st.none() | st.sampled_from(SpoolMode),
)


def start(previous, *, spooled=0, damaged=False, highest=-1):
    return begin(
        previous,
        spooled_frames=spooled,
        highest_position=highest,
        mode=SpoolMode.ON_FAILURE,
        damaged=damaged,
        new_stream="new",
    )


def running(mode: SpoolMode | None, **places: int) -> StreamState:
    return StreamState("old", 100, 100, Counts(**places), running_mode=mode)


def test_an_orderly_end_goes_on_where_it_was() -> None:
    beginning = start(running(None, selected=100, delivered=90, spooled=10), spooled=10)
    assert (beginning.state.stream, beginning.state.next_sequence) == ("old", 100)
    assert (beginning.lost_frames, beginning.unclean) == (0, False)


def test_an_unclean_end_books_what_is_lost_and_begins_a_new_stream() -> None:
    previous = running(SpoolMode.ON_FAILURE, selected=100, delivered=80, spooled=5, in_flight=15)
    beginning = start(previous, spooled=5)
    state = beginning.state
    assert (state.stream, state.next_sequence) == ("new", 0)
    assert (state.previous_stream, state.previous_count) == ("old", 100)
    assert state.counts.dropped == {"unclean-end": 15}
    assert state.ends == {"UncleanEnd": 1}


def test_an_unclean_end_with_write_ahead_keeps_stream_and_frames() -> None:
    previous = running(SpoolMode.WRITE_AHEAD, selected=100, delivered=80, in_flight=20)
    beginning = start(previous, spooled=20)
    assert (beginning.state.stream, beginning.state.next_sequence) == ("old", 100)
    assert beginning.lost_frames == 0


def test_a_damaged_spool_begins_a_new_stream_and_books_the_loss() -> None:
    beginning = start(running(None, selected=50, spooled=50), spooled=30, damaged=True)
    assert beginning.state.stream == "new"
    assert beginning.state.counts.dropped == {"spool-damaged": 20}


def test_positions_never_go_back() -> None:
    assert start(None, spooled=3, highest=41).state.next_position == 42
    assert start(running(None), spooled=1, highest=500).state.next_position == 501


def test_ends_are_counted_by_reason() -> None:
    state = with_end(with_end(StreamState("s"), "Crash"), "Crash")
    assert state.ends == {"Crash": 2}


@given(states, st.integers(0, 10**6), st.booleans())
def test_every_start_is_balanced(previous: StreamState, spooled: int, damaged: bool) -> None:
    state = start(previous, spooled=spooled, damaged=damaged).state
    assert state.counts.balanced
    assert state.counts.spooled == spooled
    if state.stream == previous.stream:
        assert state.next_sequence >= previous.next_sequence


@given(states)
def test_the_state_survives_its_json(state: StreamState) -> None:
    assert state_from_json(state_to_json(state)) == state


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not JSON",
        "[]",
        "{}",
        '{"stream": 5}',
        '{"stream": "s", "next_sequence": "many"}',
        '{"stream": "s", "counts": []}',
        '{"stream": "s", "counts": {"selected": null}}',
        '{"stream": "s", "running_mode": "sometimes"}',
        '{"stream": "s", "ends": [1]}',
    ],
)
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        state_from_json(text)


def test_fields_of_another_version_are_left_out() -> None:
    state = running(None, selected=3, delivered=3)
    values = json.loads(state_to_json(state))
    values["invented_later"] = 1
    values["counts"]["invented_later"] = 2
    assert state_from_json(json.dumps(values)) == state
