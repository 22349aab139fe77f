"""Judges a tally: what is missing for each camera, in a sentence and in figures. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camerastream.watch.tally import CameraTally, StreamTally, Tally

_SHOWN_GAPS = 8
_SHOWN_ID = 12


class Kind(StrEnum):
    """The verdict on a camera, the worst that applies."""

    COMPLETE = "complete"
    DAMAGED = "damaged"
    MISSING = "missing"
    UNCLEAN_END = "unclean-end"


@dataclass(frozen=True, slots=True)
class StreamVerdict:
    """The verdict on a stream.

    Attributes:
        stream: Its id.
        tally: What arrived of it, None where it is only named by the stream after it.
        missing: Numbers that did not arrive below the highest that did.
        unclean_end: Another stream of the camera began after it: it ended without being able
            to say how far it had got, or its state was lost.
        lost_at_end: How many frames it had numbered beyond the highest that arrived, as
            the stream after it says; None when it does not say, or with a clean end.
    """

    stream: str
    tally: StreamTally | None
    missing: int
    unclean_end: bool
    lost_at_end: int | None


@dataclass(frozen=True, slots=True)
class CameraVerdict:
    """The verdict on a camera.

    Attributes:
        camera: Its id.
        kind: The verdict.
        sentence: The same for people.
        missing: Frames known to be missing, those lost at an unclean end among them.
        lost_at_end: Those lost at unclean ends, None where no count is known.
        streams: Its streams, in order.
    """

    camera: str
    kind: Kind
    sentence: str
    missing: int
    lost_at_end: int | None
    streams: list[StreamVerdict]


def judge(tally: Tally) -> list[CameraVerdict]:
    """Return the verdict on every camera, by name."""
    return [_judge_camera(tally.cameras[name]) for name in sorted(tally.cameras)]


def _judge_camera(camera: CameraTally) -> CameraVerdict:
    streams = list(_streams(camera))
    unclean = [stream for stream in streams if stream.unclean_end]
    known = [stream.lost_at_end for stream in unclean if stream.lost_at_end is not None]
    lost_at_end = sum(known) if known else None
    missing = sum(stream.missing for stream in streams) + sum(known)
    damaged = sum(stream.tally.damaged for stream in streams if stream.tally)
    if unclean:
        kind = Kind.UNCLEAN_END
    elif missing:
        kind = Kind.MISSING
    else:
        kind = Kind.DAMAGED if damaged else Kind.COMPLETE
    return CameraVerdict(
        camera=camera.camera,
        kind=kind,
        sentence=_sentence(camera, streams, kind, damaged),
        missing=missing,
        lost_at_end=lost_at_end,
        streams=streams,
    )


def _streams(camera: CameraTally) -> list[StreamVerdict]:
    successors = {
        stream.previous_stream: stream
        for stream in camera.streams.values()
        if stream.previous_stream is not None and stream.previous_stream != stream.stream
    }
    verdicts = []
    for tally in camera.streams.values():
        before = tally.previous_stream
        # Of a stream that was never seen nothing can be said unless reading began before it.
        if before and before not in camera.streams and tally.base == 0:
            verdicts.append(StreamVerdict(before, None, 0, True, tally.previous_count))
        successor = successors.get(tally.stream)
        numbered = successor.previous_count if successor else None
        highest = tally.sequences.highest
        assert highest is not None
        verdicts.append(
            StreamVerdict(
                stream=tally.stream,
                tally=tally,
                missing=tally.missing,
                unclean_end=successor is not None or tally is not camera.current,
                lost_at_end=None if numbered is None else max(0, numbered - highest - 1),
            )
        )
    return verdicts


def _sentence(camera: CameraTally, streams: list[StreamVerdict], kind: Kind, damaged: int) -> str:
    frames = sum(tally.frames for tally in camera.streams.values())
    several = len(streams) > 1
    parts = [_end(stream) for stream in streams if stream.unclean_end]
    gaps = [_gaps(stream, several) for stream in streams if stream.missing]
    if gaps:
        parts += gaps
    elif kind in (Kind.COMPLETE, Kind.DAMAGED):
        parts.append(f"nothing is missing {_span(camera.current)}")
    if damaged:
        parts.append(f"{count(damaged, 'frame')} {_are(damaged)} no JPEG")
    if any(tally.interleaved for tally in camera.streams.values()):
        parts.append("its streams overlap, so two programs may be using this camera id")
    duplicates = sum(tally.duplicates for tally in camera.streams.values())
    reordered = sum(tally.out_of_order for tally in camera.streams.values())
    return (
        f"{camera.camera}: {'; '.join(parts)} ({count(frames, 'frame')} received, "
        f"{count(duplicates, 'duplicate')}, {reordered} out of order)"
    )


def _end(verdict: StreamVerdict) -> str:
    name = f"unclean end of stream {short(verdict.stream)}"
    lost = verdict.lost_at_end
    if verdict.tally is None:
        said = "how many it had numbered is not known" if lost is None else f"{lost} lost"
        return f"{name}, of which no frame is on the topic ({said})"
    if lost is None:
        return f"{name}, how many frames were lost at its end is not known"
    if lost == 0:
        return f"{name}, no frame is known to be lost at its end, which proves nothing"
    return f"{name}, at least {count(lost, 'frame')} lost at its end"


def _gaps(verdict: StreamVerdict, several: bool) -> str:
    assert verdict.tally is not None
    gaps = verdict.tally.sequences.gaps(verdict.tally.base, _SHOWN_GAPS + 1)
    shown = ", ".join(
        str(first) if first == last else f"{first}-{last}" for first, last in gaps[:_SHOWN_GAPS]
    )
    more = ", ..." if len(gaps) > _SHOWN_GAPS else ""
    where = f" of stream {short(verdict.stream)}" if several else ""
    number = verdict.missing
    return f"{count(number, 'frame')}{where} {_are(number)} missing: {shown}{more}"


def _span(tally: StreamTally) -> str:
    low, high = tally.sequences.lowest, tally.sequences.highest
    where = "" if tally.base == 0 else ", where reading began,"
    return f"from {low if tally.base is None else 0}{where} to {high}"


def short(stream: str) -> str:
    """Return the beginning of a stream's id, enough to tell it from others."""
    return stream if len(stream) <= _SHOWN_ID else stream[:_SHOWN_ID]


def count(number: int, noun: str) -> str:
    """Return a number of things for people."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
