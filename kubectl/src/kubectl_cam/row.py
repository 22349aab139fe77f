"""One camera's line of the table: how bad it is, why, and its cells. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from kubectl_cam.camera import State
from kubectl_cam.live import HEALTHY
from kubectl_cam.times import age_text, seconds_between, time_text
from kubectl_cam.words import camera_words, count_text, hold_words, kafka_words, names_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from kubectl_cam.camera import Camera
    from kubectl_cam.live import Answer, Live

NOTHING = "-"
RECENT_SECONDS = 600.0
"""A restart this young is worth a look."""
_WAITING_SECONDS = 10.0
"""A frame that waits longer than this for Kafka is worth a look."""

COLUMNS = (
    "NAMESPACE",
    "NAME",
    "READY",
    "REASON",
    "STATE",
    "RESTARTS",
    "LAST",
    "THRESHOLD",
    "QUEUE",
    "SPOOL",
    "UNACKED",
    "FRAME",
    "TROUBLE",
)


class Rank(IntEnum):
    """How much a camera needs somebody; the smaller, the higher in the table."""

    TROUBLE = 0
    WATCH = 1
    WELL = 2
    OFF = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A camera's line.

    Attributes:
        camera: The resource.
        answer: What its pod said.
        rank: How much it needs somebody.
        sentence: What is wrong; empty when nothing is.
        cells: Texts by column.
    """

    camera: Camera
    answer: Answer
    rank: Rank
    sentence: str
    cells: dict[str, str]


def make_row(camera: Camera, answer: Answer, now: datetime) -> Row:
    """Return a camera's line."""
    rank, sentence = judge(camera, answer.live, now)
    return Row(camera, answer, rank, sentence, _cells(camera, answer.live, sentence, now))


def ordered(rows: Iterable[Row]) -> list[Row]:
    """Return the rows with trouble on top."""
    return sorted(rows, key=lambda row: (row.rank, row.camera.namespace, row.camera.name))


def judge(camera: Camera, live: Live | None, now: datetime) -> tuple[Rank, str]:
    """Say how much a camera needs somebody, and why."""
    if camera.state is State.SUSPENDED:
        return Rank.OFF, ""
    wrong = list(_wrong(live))
    watch = list(_worth_a_look(camera, live, now))
    if not wrong and camera.ready != "True":
        wrong = [camera.message or camera.reason or _unseen(camera)]
    rank = Rank.TROUBLE if wrong else Rank.WATCH if watch else Rank.WELL
    if camera.hold == "ReportOnly":
        watch.append(hold_words(camera.hold, ""))
    if camera.behind:
        watch.append("the operator has not seen the last change yet")
    return rank, "; ".join([*wrong, *watch])


def _unseen(camera: Camera) -> str:
    if camera.seen:
        return "the operator has not said whether it is ready"
    return "no operator has looked at it; does the operator run?"


def _wrong(live: Live | None) -> Iterator[str]:
    """Say what the pod itself reports: fresher than the status, and shorter."""
    if live is None:
        return
    if live.camera_up is False:
        yield camera_words(live.camera_cause)
    if live.monitor_state not in ("", HEALTHY):
        sentence = kafka_words(live.kafka_cause)
        if live.error_seconds is not None and live.threshold_seconds is not None:
            sentence += (
                f" for {age_text(live.error_seconds)} (threshold {live.threshold_seconds:g}s)"
            )
        yield sentence


def _worth_a_look(camera: Camera, live: Live | None, now: datetime) -> Iterator[str]:
    if camera.hold and camera.hold != "ReportOnly":
        yield hold_words(camera.hold, time_text(camera.hold_until) if camera.hold_until else "")
    elif camera.budget_remaining == 0:
        yield "its restart budget is used up"
    if camera.simulating:
        yield "a buffer error is being simulated"
    ago = seconds_between(camera.last_at, now)
    if ago is not None and ago < RECENT_SECONDS:
        yield f"restarted {age_text(ago)} ago"
    if live is None or live.monitor_state not in ("", HEALTHY):
        return
    if live.kafka_cause:
        yield kafka_words(live.kafka_cause)
    if live.spooled_frames:
        yield f"{count_text(live.spooled_frames, 'frame')} on disk for Kafka"
    elif live.oldest_unacked_seconds is not None and live.oldest_unacked_seconds > _WAITING_SECONDS:
        yield f"a frame has waited {age_text(live.oldest_unacked_seconds)} for Kafka"


def missing_figures(rows: Iterable[Row], *, with_namespace: bool) -> list[str]:
    """Say why figures are missing, a line for each reason."""
    names: dict[str, list[str]] = {}
    for row in rows:
        if row.answer.live is None and row.answer.reason:
            camera = row.camera
            name = f"{camera.namespace}/{camera.name}" if with_namespace else camera.name
            names.setdefault(row.answer.reason, []).append(name)
    return [f"no live figures of {names_text(those)}: {why}" for why, those in names.items()]


def summary(rows: list[Row]) -> str:
    """Return how many cameras there are, and how they are."""
    counts = [
        (sum(row.rank is Rank.TROUBLE for row in rows), "in trouble"),
        (sum(row.rank is Rank.WATCH for row in rows), "to watch"),
        (sum(row.rank is Rank.WELL for row in rows), "well"),
        (sum(row.rank is Rank.OFF for row in rows), "suspended"),
    ]
    parts = [f"{count} {word}" for count, word in counts if count]
    return ": ".join([count_text(len(rows), "camera"), *([", ".join(parts)] if parts else [])])


def _cells(camera: Camera, live: Live | None, sentence: str, now: datetime) -> dict[str, str]:
    return {
        "NAMESPACE": camera.namespace or NOTHING,
        "NAME": camera.name or NOTHING,
        "READY": camera.ready or NOTHING,
        "REASON": camera.reason or NOTHING,
        "STATE": camera.state.value,
        "RESTARTS": NOTHING if camera.restarts is None else str(camera.restarts),
        "LAST": _last(camera, now),
        "THRESHOLD": _threshold(camera),
        **_live_cells(live, now),
        "TROUBLE": sentence or NOTHING,
    }


def _last(camera: Camera, now: datetime) -> str:
    ago = seconds_between(camera.last_at, now)
    parts = [camera.last_reason, "" if ago is None else f"{age_text(ago)} ago"]
    return " ".join(part for part in parts if part) or NOTHING


def _threshold(camera: Camera) -> str:
    if camera.threshold_seconds is None:
        return NOTHING
    return f"{camera.threshold_seconds:g}s {camera.threshold_source.lower()}".strip()


def _live_cells(live: Live | None, now: datetime) -> dict[str, str]:
    if live is None:
        return dict.fromkeys(("QUEUE", "SPOOL", "UNACKED", "FRAME"), NOTHING)
    frame = seconds_between(live.last_frame_at, now)
    unacked = live.oldest_unacked_seconds
    return {
        "QUEUE": NOTHING if live.queue_ratio is None else f"{live.queue_ratio:.0%}",
        "SPOOL": NOTHING if live.spooled_frames is None else str(live.spooled_frames),
        "UNACKED": NOTHING if unacked is None else age_text(unacked),
        "FRAME": NOTHING if frame is None else age_text(frame),
    }
