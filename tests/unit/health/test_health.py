"""Verdicts, status, metrics and the termination message from one view."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from camerastream.capture.status import SourceStatus
from camerastream.delivery import losses
from camerastream.delivery.accounting import Counts
from camerastream.delivery.monitor import MonitorLimits, MonitorSnapshot, MonitorState
from camerastream.delivery.replay import QueueUse
from camerastream.delivery.snapshot import DeliverySnapshot
from camerastream.health.metrics import ProgramCollector
from camerastream.health.status import status_of
from camerastream.health.termination import (
    MAX_BYTES,
    Termination,
    termination_json,
    write_termination,
)
from camerastream.health.verdicts import liveness, readiness
from camerastream.health.view import STUCK_AFTER_SECONDS, ProgramView

HEALTHY = MonitorSnapshot(MonitorState.HEALTHY, False, None, 0.0, 0, MonitorLimits(60, 5))
ERRORING = replace(
    HEALTHY,
    state=MonitorState.ERRORING,
    last_error="Local: Queue full",
    error_duration_seconds=12.34,
    consecutive_errors=7,
)
UP = SourceStatus(True, None, None, 1920, 1080, 1000.0, {"stalled": 2}, False)
COUNTS = Counts(
    captured=50,
    selected=40,
    delivered=30,
    dropped={"too-large": 1},
    in_flight=4,
    spooled=5,
    buffer_errors=9,
    trips={"KafkaBufferError": 1},
)


def view(monitor: MonitorSnapshot = HEALTHY, source: SourceStatus = UP, **ages: float) -> Any:
    return ProgramView(
        camera="lobby",
        counts=COUNTS,
        delivery=DeliverySnapshot(
            "stream", 40, monitor, None, QueueUse(4, 500, 0, 1000), 77, 990.0
        ),
        source=source,
        now_seconds=1002.5,
        pipeline_age_seconds=ages.get("pipeline", 0.1),
        delivery_age_seconds=ages.get("delivery", 0.1),
    )


def test_alive_and_ready_when_all_is_well() -> None:
    assert liveness(view()).ok
    assert readiness(view()).ok


@pytest.mark.parametrize(
    ("monitor", "reason"),
    [
        (replace(ERRORING, state=MonitorState.TRIPPED), "KafkaBufferError"),
        (replace(ERRORING, state=MonitorState.TRIPPED, fatal=True), "KafkaFatalError"),
    ],
)
def test_a_trip_fails_the_liveness_probe(monitor: MonitorSnapshot, reason: str) -> None:
    verdict = liveness(view(monitor))
    assert (verdict.ok, verdict.reason) == (False, reason)
    assert "Local: Queue full" in verdict.message


@pytest.mark.parametrize("loop", ["pipeline", "delivery"])
def test_a_stuck_loop_fails_the_liveness_probe(loop: str) -> None:
    assert liveness(view(**{loop: STUCK_AFTER_SECONDS})).ok
    verdict = liveness(view(**{loop: STUCK_AFTER_SECONDS + 1}))
    assert (verdict.ok, verdict.reason) == (False, "Stuck")
    assert loop in verdict.message


def test_neither_an_outage_below_the_threshold_nor_a_camera_away_calls_for_a_restart() -> None:
    away = replace(UP, up=False, cause="refused", detail="no")
    assert liveness(view(ERRORING, away)).ok
    assert readiness(view(ERRORING)).reason == "BufferErrors"
    assert readiness(view(HEALTHY, away)).reason == "CameraDown"


def test_the_status_has_the_keys_that_others_read() -> None:
    status = status_of(view(ERRORING))
    assert set(status) == {"camera", "stream", "monitor", "frames", "queue", "spool", "source"}
    assert set(status["monitor"]) == {
        "state",
        "cause",
        "lastError",
        "errorDurationSeconds",
        "consecutiveErrors",
        "thresholdSeconds",
        "hold",
        "holdUntil",
        "settingsGeneration",
    }
    assert set(status["source"]) >= {"up", "cause", "width", "height", "lastFrameTime"}
    assert status["source"]["lastFrameTime"] == "1970-01-01T00:16:40Z"
    assert status["queue"]["oldestUnackedSeconds"] == 12.5
    json.dumps(status)


def test_the_metrics_have_the_names_that_others_read() -> None:
    registry = CollectorRegistry()
    registry.register(ProgramCollector(lambda: view(ERRORING)))
    text = generate_latest(registry).decode()
    for line in (
        "camerastream_frames_captured_total 50.0",
        "camerastream_frames_selected_total 40.0",
        "camerastream_frames_delivered_total 30.0",
        'camerastream_frames_dropped_total{reason="too-large"} 1.0',
        "camerastream_buffer_errors_total 9.0",
        'camerastream_trips_total{reason="KafkaBufferError"} 1.0',
        'camerastream_camera_reconnects_total{cause="stalled"} 2.0',
        "camerastream_frames_in_flight 4.0",
        "camerastream_frames_spooled 5.0",
        "camerastream_spool_bytes 77.0",
        "camerastream_queue_utilization_ratio 0.5",
        "camerastream_oldest_unacked_seconds 12.5",
        "camerastream_buffer_error_seconds 12.34",
        "camerastream_buffer_error_threshold_seconds 60.0",
        'camerastream_monitor_state{state="erroring"} 1.0',
        'camerastream_monitor_state{state="healthy"} 0.0',
        "camerastream_camera_up 1.0",
        "camerastream_last_frame_timestamp_seconds 1000.0",
        "camerastream_hold 0.0",
    ):
        assert line in text.splitlines(), line


def test_what_has_not_happened_yet_is_served_as_zero() -> None:
    # Prometheus' increase() sees no first time of a counter that begins with it.
    registry = CollectorRegistry()
    registry.register(ProgramCollector(lambda: view(HEALTHY)))
    lines = generate_latest(registry).decode().splitlines()
    for reason in set(losses.REASONS) - {losses.TOO_LARGE}:
        assert f'camerastream_frames_dropped_total{{reason="{reason}"}} 0.0' in lines
    assert 'camerastream_trips_total{reason="KafkaFatalError"} 0.0' in lines
    assert 'camerastream_camera_reconnects_total{cause="refused"} 0.0' in lines


@given(st.text(max_size=9000), st.text(max_size=9000), st.dictionaries(st.text(), st.integers()))
def test_a_termination_message_is_always_json_that_the_kubelet_does_not_cut(
    message: str, error: str, cumulative: dict[str, int]
) -> None:
    text = termination_json(
        Termination(
            reason="KafkaBufferError",
            message=message,
            exit_code=1,
            duration_seconds=61.23,
            consecutive_errors=3,
            last_error=error,
            cause="silent",
            settings_generation=4,
            stream="s",
            cumulative=cumulative,
            frames={"selected": 1},
        )
    )
    assert len(text.encode("utf-8", "surrogatepass")) < MAX_BYTES
    assert json.loads(text)["reason"] == "KafkaBufferError"


def test_an_unwritable_termination_log_is_said_and_no_more(tmp_path: Any) -> None:
    termination = Termination("Crash", "", 3, 0, 0, None, None, None, "s", {}, {})
    problem = write_termination(tmp_path / "none" / "log", termination)
    assert problem is not None
    assert "cannot be written" in problem
