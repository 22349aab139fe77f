"""Is anything missing? Pure: what the program said and what the topic holds in, a verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

LINES = (
    ("first error", "🟡 Kafka buffer error detected. Starting timer. Error: "),
    ("errors go on", "🟡 Kafka buffer error ongoing for "),
    (
        "threshold",
        "🔴 CRITICAL: Kafka buffer errors persisted beyond threshold - forcing container restart",
    ),
    ("recovery", "✅ Kafka buffer errors resolved after "),
)
"""The lines that the demo must bring about."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came out.

    Attributes:
        rows: Label and value, to be shown.
        problems: What is wrong; empty when nothing is.
    """

    rows: list[tuple[str, str]]
    problems: list[str]


def judge(
    *,
    frames: dict[str, Any],
    watched: dict[str, Any],
    exit_codes: list[int],
    lines: list[str],
) -> Verdict:
    """Compare the program's own accounts with what was read back from the topic.

    Args:
        frames: The program's counts, cumulative over its restart.
        watched: The JSON of `camerastream watch`.
        exit_codes: How the program ended each time.
        lines: Its output.
    """
    streams = [stream for camera in watched["cameras"] for stream in camera["streams"]]
    duplicates = sum(stream.get("duplicates", 0) for stream in streams)
    damaged = sum(stream.get("damaged", 0) for stream in streams)
    arrived, missing = watched["frames"], frames["selected"] - watched["frames"]
    problems = [
        f"the line {text!r} never came" for _, text in LINES if text not in "\n".join(lines)
    ]
    if not arrived:
        problems.append("no frame arrived")
    if missing or watched["missing"]:
        problems.append(f"{max(missing, watched['missing'])} frames are missing")
    if damaged:
        problems.append(f"{damaged} frames are damaged")
    if exit_codes != [1, 0]:
        problems.append(f"exit codes {exit_codes} instead of [1, 0]")
    rows = [
        ("frames checked for motion", str(frames["captured"])),
        ("frames captured for sending", str(frames["selected"])),
        ("acknowledged by the broker", str(frames["delivered"])),
        ("read back from the topic", str(arrived)),
        ("missing", str(max(missing, watched["missing"]))),
        ("duplicated (told apart by ce_sequence)", str(duplicates)),
        ("exit codes of the program", " then ".join(map(str, exit_codes))),
    ]
    return Verdict(rows, problems)
