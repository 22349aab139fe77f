"""What a watch found, as one JSON object and as an exit code. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from camerastream.watch.verdict import Kind, judge

if TYPE_CHECKING:
    from camerastream.watch.tally import Tally
    from camerastream.watch.verdict import CameraVerdict, StreamVerdict

EXIT_NOTHING_MISSING = 0
EXIT_SOMETHING_MISSING = 1
EXIT_BAD_USAGE = 2
EXIT_NOT_STORED = 3
EXIT_NOTHING_RECEIVED = 4

_SHOWN_GAPS = 1000


def exit_code(verdicts: list[CameraVerdict]) -> int:
    """Return the exit code that verdicts lead to."""
    if not verdicts:
        return EXIT_NOTHING_RECEIVED
    if all(verdict.kind is Kind.COMPLETE for verdict in verdicts):
        return EXIT_NOTHING_MISSING
    return EXIT_SOMETHING_MISSING


def report(tally: Tally, *, now_seconds: float) -> dict[str, Any]:
    """Return everything that a tally says, ready for JSON.

    Args:
        tally: What arrived.
        now_seconds: The present, Unix seconds, for the age of the last frame.
    """
    verdicts = judge(tally)
    return {
        "frames": tally.frames,
        "missing": sum(verdict.missing for verdict in verdicts),
        "foreign": tally.foreign,
        "foreignReasons": dict(tally.foreign_reasons),
        "skippedOffsets": tally.skipped_offsets,
        "cameras": [_camera(verdict, now_seconds) for verdict in verdicts],
    }


def time_text(seconds: float | None) -> str | None:
    """Return a Unix time as RFC 3339 in UTC with milliseconds."""
    if seconds is None:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _camera(verdict: CameraVerdict, now_seconds: float) -> dict[str, Any]:
    return {
        "camera": verdict.camera,
        "verdict": verdict.kind.value,
        "sentence": verdict.sentence,
        "missing": verdict.missing,
        "lostAtEnd": verdict.lost_at_end,
        "streams": [_stream(stream, now_seconds) for stream in verdict.streams],
    }


def _stream(verdict: StreamVerdict, now_seconds: float) -> dict[str, Any]:
    found: dict[str, Any] = {
        "stream": verdict.stream,
        "uncleanEnd": verdict.unclean_end,
        "lostAtEnd": verdict.lost_at_end,
        "missing": verdict.missing,
    }
    tally = verdict.tally
    if tally is None:
        return {**found, "frames": 0}
    last = tally.last_captured_at_seconds
    rate = tally.rate_per_second
    return {
        **found,
        "missingRanges": [list(gap) for gap in tally.sequences.gaps(tally.base, _SHOWN_GAPS)],
        "fromItsBeginning": tally.base == 0,
        "frames": tally.frames,
        "firstSequence": tally.sequences.lowest,
        "lastSequence": tally.sequences.highest,
        "duplicates": tally.duplicates,
        "outOfOrder": tally.out_of_order,
        "damaged": tally.damaged,
        "interleaved": tally.interleaved,
        "bytes": tally.size_bytes,
        "ratePerSecond": None if rate is None else round(rate, 3),
        "lastCaptureTime": time_text(last),
        "lastFrameAgeSeconds": None if last is None else round(now_seconds - last, 3),
        "previousStream": tally.previous_stream,
        "previousCount": tally.previous_count,
    }
