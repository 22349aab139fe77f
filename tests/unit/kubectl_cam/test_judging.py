"""How much a camera needs somebody, why, and in which order they stand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from camerastream.capture.status import Cause as CameraCause
from camerastream.delivery.causes import Cause as KafkaCause
from camerastream_operator.classify import RestartReason
from camerastream_operator.effective import Hold
from camerastream_operator.restarts import STATUS_NAMES
from kubectl_cam.report import status_report, timeline_report
from kubectl_cam.row import Rank, summary
from kubectl_cam.timeline import REASONS, read_timeline
from kubectl_cam.words import CAMERA, HOLD, KAFKA
from tests.unit.kubectl_cam.cameras import NOW, TROUBLED, everything, figures, resource, row


def test_trouble_stands_on_top_and_suspended_cameras_below() -> None:
    rows = everything()
    assert [each.camera.name for each in rows] == [
        *("fresh", "gate", "lobby"),
        "dock",
        *("entrance", "ramp", "yard"),
        "store",
    ]
    assert summary(rows) == "8 cameras: 3 in trouble, 1 to watch, 3 well, 1 suspended"
    assert summary([]) == "0 cameras"


@pytest.mark.parametrize(
    ("camera", "told", "rank", "words"),
    [
        ({}, figures(), Rank.WELL, ""),
        ({}, "", Rank.WELL, ""),
        # What the pod says is fresher than the status.
        ({}, figures(up=False, camera="unauthorized"), Rank.TROUBLE, "refuses the login"),
        (
            {},
            figures(state="erroring", cause="topic", seconds=7),
            Rank.TROUBLE,
            "the Kafka topic does not exist for 7s (threshold 60s)",
        ),
        ({}, figures(state="tripped", cause="silent"), Rank.TROUBLE, "Kafka acknowledges nothing"),
        ({}, figures(cause="auth"), Rank.WATCH, "Kafka refuses the login"),
        ({}, figures(spooled=3), Rank.WATCH, "3 frames on disk"),
        ({}, figures(unacked=300), Rank.WATCH, "a frame has waited 5m for Kafka"),
        (
            {"ready": ("False", "Unschedulable", "no node takes the pod")},
            "",
            Rank.TROUBLE,
            "no node takes the pod",
        ),
        ({"ready": ("Unknown", "", "")}, "", Rank.TROUBLE, "has not said"),
        ({"effective": {"hold": "ReportOnly"}}, "", Rank.WELL, "reports only"),
        ({"effective": {"hold": "FleetOutage"}}, "", Rank.WATCH, "most cameras"),
        ({"effective": {"hold": "NewSort"}}, "", Rank.WATCH, "held, as NewSort"),
        ({"effective": {"simulateBufferError": "Enabled"}}, "", Rank.WATCH, "simulated"),
        ({"restarts": {"budgetRemaining": 0}}, "", Rank.WATCH, "budget is used up"),
        ({"observedGeneration": 1}, "", Rank.WELL, "not seen the last change"),
        (
            {"spec": {"state": "Suspended"}, "ready": ("False", "Suspended", "as asked")},
            "",
            Rank.OFF,
            "",
        ),
    ],
)
def test_what_is_said_of_a_camera(
    camera: dict[str, Any], told: dict[str, Any] | str, rank: Rank, words: str
) -> None:
    made = row(resource("lobby", **camera), told)
    assert made.rank is rank
    assert words in made.sentence
    assert bool(made.sentence) is bool(words)


def test_a_restart_is_news_for_ten_minutes() -> None:
    for minutes, rank in ((9, Rank.WATCH), (11, Rank.WELL)):
        at = (NOW - timedelta(minutes=minutes)).isoformat()
        restarts = {"total": 1, "lastReason": "OOM", "lastTime": at}
        made = row(resource("lobby", restarts=restarts), figures())
        assert made.rank is rank
        assert made.cells["LAST"] == f"OOM {minutes}m ago"


def test_every_word_of_stream_and_operator_is_known() -> None:
    assert set(KAFKA) == {cause.value for cause in KafkaCause}
    assert set(CAMERA) == {cause.value for cause in CameraCause}
    assert set(HOLD) == {hold.value for hold in Hold} - {"None"}
    assert list(REASONS) == [STATUS_NAMES[reason] for reason in RestartReason]


def test_restarts_stand_in_their_order_with_the_time_between() -> None:
    timeline = read_timeline(TROUBLED, NOW)
    assert [entry.reason for entry in timeline.entries] == ["Crash", "BufferError", "BufferError"]
    hours = [
        None if each.gap_seconds is None else each.gap_seconds / 3600 for each in timeline.entries
    ]
    assert hours == [None, pytest.approx(44.93, abs=0.01), 3]
    assert timeline.entries[-1].duration_seconds == 60.3
    assert timeline.since_last_seconds == 240
    assert timeline.unlisted == 4
    assert timeline.by_reason == {"bufferError": 5, "crash": 1, "probe": 1}


def test_what_a_newer_operator_tells_of_a_restart_is_shown() -> None:
    told = {"time": NOW.isoformat(), "reason": "Probe", "durationSeconds": 12.5}
    status = {"recentRestarts": [{**told, "frames": {"spooled": 7, "note": "x"}}]}
    (entry,) = read_timeline({"status": status}, NOW).entries
    assert entry.duration_seconds == 12.5
    assert entry.frames == {"spooled": 7}


def test_json_holds_the_same() -> None:
    report = status_report(everything(), NOW)
    assert report["cameras"][0]["name"] == "fresh"
    by_name = {camera["name"]: camera for camera in report["cameras"]}
    assert by_name["lobby"]["live"]["queueRatio"] == 0.87
    assert by_name["lobby"]["threshold"] == {"seconds": 90, "source": "Spec"}
    assert by_name["yard"]["live"] is None
    assert by_name["yard"]["liveReason"] == "no answer from the pod within 5 s"
    restarts = timeline_report(read_timeline(TROUBLED, NOW))
    assert restarts["restarts"][-1]["cause"] == "silent"
    assert restarts["holdUntil"] == "2026-03-01T12:20:00Z"
