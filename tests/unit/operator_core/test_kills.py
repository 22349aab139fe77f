"""Who ended a container by a signal: what proves it, and what does not."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from camerastream_operator.classify import Classified, RestartReason, classify
from camerastream_operator.kills import EVENTS_KEPT, kill_evidence
from camerastream_operator.kubelet_events import KubeletEvents, read_kubelet_events
from camerastream_operator.ledger import count_restarts
from camerastream_operator.pods import read_pod
from camerastream_operator.restarts import RestartRecord
from camerastream_operator.times import write_time

from .resources import NOW, pod, terminated
from .test_resource import json_values

STARTED, ENDED = NOW - timedelta(minutes=5), NOW
RESTARTED = ENDED + timedelta(seconds=1)
LIVENESS = "Container camerastream failed liveness probe, will be restarted"
STOPPED = json.dumps({"reason": "Stopped", "message": "Stopped"})
SIGKILL = terminated(exit_code=137, at=ENDED, started=STARTED)
SIGTERM = terminated(exit_code=0, message=STOPPED, at=ENDED, started=STARTED)


def event(reason: str, note: str, at: datetime, **more: Any) -> dict[str, Any]:
    return {
        "reason": reason,
        "note": note,
        "reportingController": "kubelet",
        "regarding": {"kind": "Pod", "fieldPath": "spec.containers{camerastream}"},
        "deprecatedFirstTimestamp": write_time(at),
        "deprecatedLastTimestamp": write_time(at),
        **more,
    }


def killing(note: str = LIVENESS, at: datetime = ENDED - timedelta(seconds=10)) -> dict[str, Any]:
    return event("Killing", note, at)


STARTS = [event(reason, reason, RESTARTED) for reason in ("Pulled", "Created", "Started")]


def judge(
    end: dict[str, Any],
    items: list[dict[str, Any]] | None,
    *,
    ready: bool = False,
    changed: datetime | None = None,
    restarted: datetime = RESTARTED,
) -> Classified:
    state = {"running": {"startedAt": write_time(restarted)}}
    look = read_pod(pod(state=state, last=end, ready=ready, ready_changed=changed))
    assert look.stream is not None
    last = look.stream.last_terminated
    assert last is not None
    events = None if items is None else read_kubelet_events(items)
    return classify(last, kill_evidence(last, look, look.stream, events))


@pytest.mark.parametrize("end", [SIGKILL, SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_the_kubelets_own_word_is_proof(end: dict[str, Any]) -> None:
    found = judge(end, [killing(), *STARTS], changed=ENDED)
    assert found == Classified(RestartReason.PROBE, LIVENESS)
    startup = "Container camerastream failed startup probe, will be restarted"
    assert judge(end, [killing(startup)]).reason is RestartReason.PROBE
    changed = "Container camerastream definition changed, will be restarted"
    assert judge(end, [killing(changed)]) == Classified(RestartReason.OTHER, changed)


@pytest.mark.parametrize("end", [SIGKILL, SIGTERM], ids=["SIGKILL", "SIGTERM"])
def test_who_would_have_told_and_did_not_denies(end: dict[str, Any]) -> None:
    found = judge(end, STARTS, changed=ENDED - timedelta(minutes=3))
    assert found.reason is RestartReason.KILLED
    assert "from outside" in found.said


def test_events_that_may_have_been_dropped_deny_nothing() -> None:
    for items in (None, [], STARTS[:1]):
        assert judge(SIGKILL, items).reason is RestartReason.UNKNOWN
    before = [event("Unhealthy", f"{number}", ENDED) for number in range(5)]
    assert judge(SIGKILL, before).reason is RestartReason.UNKNOWN
    sidecar = [item | {"regarding": {"fieldPath": "spec.containers{x}"}} for item in STARTS]
    assert judge(SIGKILL, sidecar).reason is RestartReason.UNKNOWN
    controllers = [item | {"reportingController": "somebody"} for item in STARTS]
    assert judge(SIGKILL, controllers).reason is RestartReason.UNKNOWN


def test_the_kill_of_another_instance_is_not_taken_for_this_one() -> None:
    before, after = killing(at=STARTED), killing(at=ENDED + timedelta(minutes=2))
    assert judge(SIGKILL, [before, *STARTS]).reason is RestartReason.KILLED
    assert judge(SIGKILL, [after, *STARTS]).reason is RestartReason.KILLED
    # The same sentence is one Event: one in between may have been about this instance.
    merged = after | {"deprecatedFirstTimestamp": write_time(STARTED)}
    assert judge(SIGKILL, [merged, *STARTS]).reason is RestartReason.UNKNOWN
    again = after | {"deprecatedFirstTimestamp": write_time(ENDED - timedelta(seconds=10))}
    assert judge(SIGKILL, [again, *STARTS]).reason is RestartReason.PROBE


def test_a_pod_that_was_ready_to_its_end_was_not_given_up_by_a_probe() -> None:
    found = judge(SIGKILL, None, changed=ENDED)
    assert found.reason is RestartReason.KILLED
    assert "ready until then" in found.said
    # It may have answered one probe, been too slow for the other, and then obeyed.
    assert judge(SIGTERM, None, changed=ENDED).reason is RestartReason.UNKNOWN


def test_what_readiness_does_not_prove() -> None:
    unready = judge(SIGKILL, None, changed=ENDED - timedelta(seconds=14))
    assert unready.reason is RestartReason.UNKNOWN
    assert "not been ready for 14 s" in unready.said
    ready_again = judge(SIGKILL, None, ready=True, changed=ENDED + timedelta(seconds=9))
    assert ready_again.reason is RestartReason.UNKNOWN
    # About the next instance.
    later = judge(SIGKILL, None, changed=RESTARTED + timedelta(seconds=9))
    assert later.reason is RestartReason.UNKNOWN
    assert judge(SIGKILL, None).reason is RestartReason.UNKNOWN


@pytest.mark.parametrize(
    "end",
    [
        terminated(reason="OOMKilled", exit_code=137),
        terminated(exit_code=137, message=json.dumps({"reason": "KafkaBufferError"})),
        terminated(exit_code=139),
        terminated(exit_code=137, at=NOW - EVENTS_KEPT),
    ],
    ids=["out of memory", "after a trip", "fault", "long ago"],
)
def test_events_are_asked_for_only_where_they_would_tell(end: dict[str, Any]) -> None:
    first = count_restarts(RestartRecord(), [read_pod(pod(version=10))], now=NOW).record
    look = read_pod(pod(version=11, restarts=1, container_id="containerd://b", last=end))
    counted = count_restarts(first, [look], now=NOW)
    assert counted.record.total == 1
    assert counted.doubtful == ()


def test_events_are_asked_for_once_and_decide() -> None:
    first = count_restarts(RestartRecord(), [read_pod(pod(version=10))], now=NOW).record
    look = read_pod(pod(version=11, restarts=1, container_id="containerd://b", last=SIGKILL))
    assert count_restarts(first, [look], now=NOW).doubtful == ("p1",)
    events = {"p1": read_kubelet_events([killing()])}
    counted = count_restarts(first, [look], now=NOW, events=events)
    assert counted.doubtful == ()
    (restart,) = counted.announce
    assert (restart.reason, restart.message) == (RestartReason.PROBE, LIVENESS)
    # What is counted stays, whatever is learnt afterwards.
    assert count_restarts(counted.record, [look], now=NOW, events={}).record == counted.record


@given(value=json_values)
def test_any_event_is_read(value: Any) -> None:
    read_kubelet_events([{"regarding": value, "series": value}])
    item = killing() | {"deprecatedFirstTimestamp": value, "series": value, "note": value}
    assert isinstance(read_kubelet_events([item]), KubeletEvents)
    assert read_kubelet_events([killing() | {"deprecatedLastTimestamp": value, "series": value}])
