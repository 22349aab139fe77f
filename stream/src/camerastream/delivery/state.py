"""The stream's state, and what a start makes of the state it finds. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeVar, get_origin, get_type_hints

from camerastream.delivery.accounting import Counts
from camerastream.delivery.losses import SPOOL_DAMAGED, UNCLEAN_END
from camerastream.settings.model import SpoolMode

_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class StreamState:
    """What outlives the process, beside the frames themselves.

    Attributes:
        stream: Id of the stream; a sequence number never names two of its frames.
        next_sequence: The next frame's number.
        next_position: The next frame's place in the camera's one order.
        counts: Frames by place.
        ends: How often the program ended, by reason.
        running_mode: Spool mode of a program that runs, or ended uncleanly; None after
            an orderly end.
        previous_stream: Id of the stream before this one, whose tail is not proven.
        previous_count: How many frames that one had numbered, as far as is known.
    """

    stream: str
    next_sequence: int = 0
    next_position: int = 0
    counts: Counts = field(default_factory=Counts)
    ends: dict[str, int] = field(default_factory=dict)
    running_mode: SpoolMode | None = None
    previous_stream: str | None = None
    previous_count: int | None = None


@dataclass(frozen=True, slots=True)
class Beginning:
    """A start.

    Attributes:
        state: The state to go on with.
        unclean: The program before this one was killed.
        lost_frames: Frames that were on their way and are gone.
    """

    state: StreamState
    unclean: bool
    lost_frames: int


def state_to_json(state: StreamState) -> str:
    """Return the state as the JSON that the spool keeps."""
    return json.dumps(asdict(state))


def state_from_json(text: str) -> StreamState:
    """Read what `state_to_json` wrote.

    Raises:
        ValueError: It is something else.
    """
    values = _known(StreamState, json.loads(text))
    if values.get("running_mode") is not None:
        values["running_mode"] = SpoolMode(values["running_mode"])
    values["counts"] = _record(Counts, values.get("counts", {}))
    return _record(StreamState, values)


def _record(record: type[_Record], values: Any) -> _Record:
    """Make a record of values that have the types its fields say."""
    values = _known(record, values)
    for name, hint in get_type_hints(record).items():
        # Only the outer type: what is in a dictionary has been counted, never entered.
        kind = dict if get_origin(hint) is dict else hint
        if name in values and not isinstance(values[name], kind):
            raise ValueError(f"a stream's state has no {name}={values[name]!r}")
    try:
        return record(**values)
    except TypeError as error:
        raise ValueError(f"this is no stream's state: {error}") from None


def _known(record: type, values: Any) -> dict[str, Any]:
    """Return the values that a record has fields for; others are of another version."""
    if not isinstance(values, dict):
        raise ValueError("a stream's state is a JSON object")  # noqa: TRY004
    return {each.name: values[each.name] for each in fields(record) if each.name in values}


def with_end(state: StreamState, reason: str) -> StreamState:
    """Count an end by its reason."""
    return replace(state, ends={**state.ends, reason: state.ends.get(reason, 0) + 1})


def begin(
    previous: StreamState | None,
    *,
    spooled_frames: int,
    highest_position: int,
    mode: SpoolMode,
    damaged: bool,
    new_stream: str,
) -> Beginning:
    """Decide how a start goes on from what it found.

    After an unclean end the last numbers given out are not known for sure, unless each
    was on disk before it was used (write-ahead): then a new stream begins. A sequence
    number never names two frames.

    Args:
        previous: The state found, None on the first start or when it is unreadable.
        spooled_frames: Frames found in the spool.
        highest_position: Highest position among them, -1 for none.
        mode: The mode of the program that starts.
        damaged: The spool was damaged; the frames are what could be salvaged.
        new_stream: The id to use where a new stream begins.
    """
    if previous is None:
        counts = Counts(selected=spooled_frames, spooled=spooled_frames)
        state = StreamState(
            stream=new_stream,
            next_position=highest_position + 1,
            counts=counts,
            running_mode=mode,
        )
        return Beginning(state, unclean=False, lost_frames=0)

    counts = previous.counts
    gone = counts.delivered + sum(counts.dropped.values())
    lost = max(0, counts.selected - gone - spooled_frames)
    unclean = previous.running_mode is not None
    reason = SPOOL_DAMAGED if damaged else UNCLEAN_END
    dropped = dict(counts.dropped)
    if lost:
        dropped[reason] = dropped.get(reason, 0) + lost
    counts = replace(
        counts,
        # Acknowledged frames may not have been counted yet when the end came.
        selected=max(counts.selected, gone + spooled_frames),
        dropped=dropped,
        in_flight=0,
        spooled=spooled_frames,
    )
    state = replace(
        previous,
        counts=counts,
        running_mode=mode,
        next_position=max(previous.next_position, highest_position + 1),
    )
    if unclean:
        state = with_end(state, "UncleanEnd")
    if damaged or (unclean and previous.running_mode is not SpoolMode.WRITE_AHEAD):
        state = replace(
            state,
            stream=new_stream,
            next_sequence=0,
            previous_stream=previous.stream,
            previous_count=previous.next_sequence,
        )
    return Beginning(state, unclean=unclean, lost_frames=lost)
