"""Restart accounting case by case; test_ledger_properties.py tries everything at once."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from camerastream_operator.classify import RestartReason
from camerastream_operator.ledger import Counted, count_restarts
from camerastream_operator.pods import read_pod
from camerastream_operator.restarts import (
    PodEnd,
    RestartRecord,
    read_record,
    record_status,
)

from .resources import NOW, pod, terminated
from .test_resource import json_values

A, B, C = "containerd://a", "containerd://b", "containerd://c"
RUNNING: dict[str, Any] = {"running": {}}


def told(reason: str, at: Any = NOW, container_id: str = A, **ends: int) -> dict[str, Any]:
    text = json.dumps({"reason": reason, "message": f"said {reason}", "cumulative": ends})
    return terminated(container_id, message=text, at=at)


def count(
    record: RestartRecord,
    *looks: dict[str, Any],
    gone: bool = False,
    now: datetime = NOW,
    **more: Any,
) -> Counted:
    return count_restarts(record, [read_pod(look, gone=gone) for look in looks], now=now, **more)


def counts(record: RestartRecord) -> dict[str, int]:
    return {reason.value: number for reason, number in record.counts.items()}


FIRST = count(RestartRecord(), pod(version=10)).record


def test_a_death_that_shows_three_times_counts_once() -> None:
    end = told("KafkaBufferError", KafkaBufferError=1)
    record = count(FIRST, pod(version=11, state={"terminated": end})).record
    record = count(record, pod(version=12, state={"waiting": {"reason": "x"}}, last=end)).record
    assert record.total == 0, "it has not been restarted yet"
    counted = count(record, pod(version=13, restarts=1, container_id=B, last=end))
    assert counts(counted.record) == {"BufferError": 1}
    (restart,) = counted.announce
    assert restart.time == NOW
    assert restart.exit_code == 1
    assert restart.message == "said KafkaBufferError"
    again = count(counted.record, pod(version=14, restarts=1, container_id=B, last=end))
    assert again == Counted(counted.record)


def test_restarts_before_the_operator_first_looked_count() -> None:
    end = told("Crash", container_id=C, Crash=2, KafkaBufferError=1)
    counted = count(RestartRecord(), pod(version=20, restarts=3, container_id=B, last=end))
    assert counts(counted.record) == {"BufferError": 1, "Crash": 2}
    assert [restart.reason.value for restart in counted.announce].count("Crash") == 2
    assert counted.announce[-1].reason is RestartReason.CRASH


def test_without_a_message_only_the_last_reason_is_known() -> None:
    end = terminated(reason="OOMKilled", exit_code=137)
    counted = count(FIRST, pod(version=11, restarts=3, container_id=B, last=end))
    assert counts(counted.record) == {"Unknown": 2, "OOM": 1}


def test_what_the_stream_counts_is_capped_at_the_kubelets_count() -> None:
    end = told("Crash", Crash=1, KafkaBufferError=50)
    counted = count(FIRST, pod(version=11, restarts=2, container_id=B, last=end))
    assert counts(counted.record) == {"BufferError": 1, "Crash": 1}


def test_a_waiting_container_shows_the_end_of_the_next_restart() -> None:
    """It was restarted once, after an end that nobody saw, and has ended again."""
    end = told("Crash", container_id=B, KafkaBufferError=1, Crash=1)
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    record = count(
        FIRST, pod(version=11, restarts=1, container_id=B, state=waiting, last=end)
    ).record
    assert counts(record) == {"BufferError": 1}
    record = count(record, pod(version=12, restarts=2, container_id=C, last=end)).record
    assert counts(record) == {"BufferError": 1, "Crash": 1}


def test_an_older_look_counts_nothing() -> None:
    record = count(FIRST, pod(version=30, restarts=5, container_id=C)).record
    assert count(record, pod(version=20, restarts=2, container_id=B)).record == record
    assert count(record, pod(version=29, restarts=9, container_id=B)).record == record


def test_a_count_that_starts_again_is_recognised_by_the_instance() -> None:
    record = count(FIRST, pod(version=11, restarts=4, container_id=B)).record
    record = count(record, pod(version=12, restarts=0, container_id=C)).record
    assert record.total == 5
    record = count(record, pod(version=13, restarts=1, container_id="containerd://d")).record
    assert record.total == 6


def test_the_kubelets_guess_about_a_lost_container_counts_once() -> None:
    lost = {"reason": "ContainerStatusUnknown", "exitCode": 137}
    waiting = pod(
        version=11, restarts=1, container_id="", state={"waiting": {"reason": "x"}}, last=lost
    )
    record = count(FIRST, waiting).record
    assert counts(record) == {"Other": 1}
    record = count(record, pod(version=12, restarts=1, container_id=B, last=lost)).record
    assert record.total == 1
    # The guess was wrong, and the same container is found again.
    record = count(count(FIRST, waiting).record, pod(version=12, container_id=A)).record
    record = count(record, pod(version=13, restarts=1, container_id=B)).record
    assert record.total == 1


def test_another_pod_begins_at_nothing_and_is_a_replacement() -> None:
    record = count(FIRST, pod(version=11, restarts=2, container_id=B), gone=True).record
    assert [item.end for item in record.ledger] == [PodEnd.OBSERVED]
    record = count(record, pod(uid="p2", version=20, restarts=1, container_id=C)).record
    assert (record.total, record.pod_replacements, record.unobserved_replacements) == (3, 1, 0)
    assert [item.uid for item in record.ledger] == ["p2"]


def test_a_late_look_at_an_earlier_pod() -> None:
    record = count(FIRST, pod(uid="p2", version=20)).record
    # Its account is still open: nobody has said that it is gone.
    record = count(record, pod(version=15, restarts=2, container_id=B), gone=True).record
    assert record.total == 2
    # Its account is closed and dropped now; the same look counts no second time.
    assert count(record, pod(version=15, restarts=2, container_id=B), gone=True).record == record


def test_only_a_list_proves_that_a_pod_is_gone() -> None:
    record = count(FIRST, pod(uid="p2", version=20)).record
    assert record.unobserved_replacements == 0
    record = count(record, existing={"p1", "p2"}).record
    assert len(record.ledger) == 2
    record = count(record, existing={"p2"}).record
    assert (record.unobserved_replacements, len(record.ledger)) == (1, 1)
    assert count(record, existing={"p2"}).record == record


def test_the_last_pods_account_is_kept_when_it_is_gone() -> None:
    """It tells what is of the past, for as long as there is no newer pod."""
    record = count(FIRST, existing=set()).record
    assert [item.end for item in record.ledger] == [PodEnd.UNOBSERVED]
    assert count(record, existing=set()).record == record


def test_open_accounts_are_capped_and_counted() -> None:
    record = FIRST
    for number in range(2, 8):
        record = count(record, pod(uid=f"p{number}", version=10 * number)).record
    assert [item.uid for item in record.ledger] == ["p4", "p5", "p6", "p7"]
    assert record.unobserved_replacements == 3


def test_a_claims_count_goes_on_from_the_last_pod_that_was_seen_to_end() -> None:
    record = count(RestartRecord(), pod(version=10), claim=True).record
    last = told("Stopped", KafkaBufferError=4, Stopped=1)
    record = count(
        record, pod(version=11, state={"terminated": last}), gone=True, claim=True
    ).record
    end = told("Crash", container_id=B, KafkaBufferError=5, Stopped=1, Crash=1)
    second = pod(uid="p2", version=20, restarts=2, container_id=C, last=end)
    assert counts(count(record, second, claim=True).record) == {"BufferError": 1, "Crash": 1}
    # Without that, what the stream counted may be of any pod before.
    assert counts(count(RestartRecord(), second, claim=True).record) == {"Unknown": 1, "Crash": 1}


def test_other_containers_are_counted_apart() -> None:
    body = pod(version=11)
    statuses = body["status"]["containerStatuses"]
    statuses.append({"name": "proxy", "restartCount": 2, "containerID": "x"})
    body["status"]["initContainerStatuses"] = [{"name": "proxy", "restartCount": 1}]
    record = count(FIRST, body).record
    assert (record.total, record.sidecar) == (0, 3)
    assert count(record, {**body, "metadata": {**body["metadata"], "resourceVersion": "12"}}) == (
        Counted(record)
    )


def test_the_last_ten_are_listed_and_all_are_counted() -> None:
    record = FIRST
    for number in range(1, 13):
        end = told("KafkaBufferError", NOW + timedelta(minutes=number), f"c://{number}")
        record = count(
            record,
            pod(version=10 + number, restarts=number, container_id=f"c://{number + 1}", last=end),
            now=NOW + timedelta(minutes=number),
        ).record
    assert record.total == 12
    assert [restart.time.minute for restart in record.recent] == list(range(12, 2, -1))
    assert record.buffer_error_times == tuple(restart.time for restart in record.recent)


def test_a_restart_that_a_fast_clock_dates_ahead_counts_as_now_against_the_budget() -> None:
    end = told("KafkaBufferError", NOW + timedelta(minutes=2))
    record = count(FIRST, pod(version=11, restarts=1, container_id="c://2", last=end)).record
    assert record.recent[0].time == NOW + timedelta(minutes=2)
    assert record.buffer_error_times == (NOW,)


def test_a_huge_count_is_counted_without_listing_it() -> None:
    end = told("Crash", Crash=2**31)
    counted = count(FIRST, pod(version=11, restarts=2**31 - 1, container_id=B, last=end))
    assert counts(counted.record) == {"Crash": 2**31 - 1}
    assert len(counted.announce) == 10


def test_events_have_names_that_a_repeat_gives_again() -> None:
    end = told("Crash", Crash=1)
    looks = [pod(version=11, restarts=3, container_id=B, last=end)]
    first, second = count(FIRST, *looks), count(FIRST, *looks)
    names = [restart.event_name("lobby") for restart in first.announce]
    assert names == [restart.event_name("lobby") for restart in second.announce]
    assert len(set(names)) == 3
    assert all(name.startswith("lobby.") and name.islower() for name in names)


@pytest.mark.parametrize("field", ["restarts", "recentRestarts", "ledger"])
@given(value=json_values)
def test_any_status_is_read(field: str, value: Any) -> None:
    for odd in ({field: value}, {field: [value]}, {field: {"bufferErrorTimes": value}}):
        record = read_record(odd)
        counted = count(record, pod(version=11, restarts=1, container_id=B))
        assert read_record(record_status(counted.record)) == counted.record
