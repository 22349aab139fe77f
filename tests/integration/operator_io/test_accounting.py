"""Restarts are counted once each, with their reason, whatever becomes of the operator."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from tests.integration.operator_io.kubelet import run_camera
from tests.integration.operator_io.waiting import quiet, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.operator_io.api import Api
    from tests.integration.operator_io.operator import OperatorProcess
    from tests.integration.operator_io.streams import Streams
    from tests.testbed.audit import AuditLog


def test_one_restart_is_one_count_one_entry_and_one_event(
    api: Api, operator: OperatorProcess, audit: AuditLog
) -> None:
    kubelet = run_camera(api, "lobby")
    quiet(audit.writes)
    audit.begin()

    kubelet.restart()
    until(lambda: _total(api, "lobby") == 1)
    until(lambda: len(_events(api)) == 1)
    quiet(audit.writes)

    restarts = api.status("lobby")["restarts"]
    assert (restarts["bufferError"], restarts["lastReason"]) == (1, "BufferError")
    (event,) = _events(api)
    assert event["regarding"]["name"] == "lobby"
    assert event["reason"] == "BufferErrorRestart"
    assert sorted(item.split()[0] for item in audit.writes()) == ["create", "patch"]
    assert operator.metric('camerastream_operator_restarts_total{reason="BufferError"}') == 1


def test_killed_at_any_moment_it_counts_every_restart_once(
    api: Api, make_operator: Callable[..., OperatorProcess]
) -> None:
    operator = make_operator()
    operator.start()
    kubelet = run_camera(api, "lobby")
    expected = 0
    # From before the status is written to after the Event is.
    for delay in (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.2):
        kubelet.restart("Crash")
        expected += 1
        time.sleep(delay)
        operator.kill()
        operator.start()
        until(lambda expected=expected: _total(api, "lobby") == expected)  # type: ignore[misc]
    until(lambda: len(_events(api)) == expected)
    quiet(lambda: (_total(api, "lobby"), len(_events(api))), 3)

    assert api.status("lobby")["restarts"]["crash"] == expected
    assert len(_events(api)) == expected


def test_the_kubelets_events_tell_who_has_killed_a_container(
    api: Api, operator: OperatorProcess, audit: AuditLog
) -> None:
    kubelet = run_camera(api, "lobby")

    kubelet.kill(by_probe=True)
    until(lambda: _total(api, "lobby") == 1, what=lambda: api.status("lobby"))
    assert api.status("lobby")["restarts"]["probe"] == 1
    assert "failed liveness probe" in api.status("lobby")["recentRestarts"][0]["message"]
    kubelet.kill(by_probe=False)
    until(lambda: _total(api, "lobby") == 2)
    restarts = api.status("lobby")["restarts"]
    assert (restarts["probe"], restarts["killed"], restarts["unknown"]) == (1, 1, 0)

    # What needs no Events does not ask for any.
    until(lambda: len(_events(api)) == 2)
    audit.begin()
    kubelet.restart("Crash")
    until(lambda: _total(api, "lobby") == 3)
    asked = {(entry.request.resource, entry.request.verb) for entry in audit.requests()}
    assert ("events", "list") not in asked


def test_restarts_while_no_operator_runs_keep_their_reasons(
    api: Api, operator: OperatorProcess
) -> None:
    kubelet = run_camera(api, "lobby")
    operator.kill()

    for reason in ("KafkaBufferError", "Crash", "KafkaBufferError"):
        kubelet.restart(reason)
    operator.start()

    until(lambda: _total(api, "lobby") == 3)
    restarts = api.status("lobby")["restarts"]
    assert (restarts["bufferError"], restarts["crash"], restarts["unknown"]) == (2, 1, 0)


def test_a_pod_that_was_replaced_unseen_is_said_to_be(api: Api, operator: OperatorProcess) -> None:
    kubelet = run_camera(api, "lobby")
    kubelet.restart("Crash")
    until(lambda: _total(api, "lobby") == 1)
    before = api.get("pods", "lobby-0")
    assert before is not None
    operator.kill()

    api.delete("pods", "lobby-0")
    until(
        lambda: (
            (api.get("pods", "lobby-0") or before)["metadata"]["uid"] != before["metadata"]["uid"]
        )
    )
    operator.start()

    until(lambda: api.status("lobby")["restarts"]["unobservedReplacements"] == 1)
    assert _total(api, "lobby") == 1
    assert api.status("lobby")["restarts"]["podReplacements"] == 1


def test_a_pod_that_is_replaced_before_its_eyes_loses_nothing(
    api: Api, operator: OperatorProcess
) -> None:
    kubelet = run_camera(api, "lobby")
    before = api.get("pods", "lobby-0")
    assert before is not None

    kubelet.restart("Crash")
    api.delete("pods", "lobby-0")

    until(lambda: api.status("lobby").get("restarts", {}).get("podReplacements") == 1)
    restarts = api.status("lobby")["restarts"]
    assert (restarts["total"], restarts["unobservedReplacements"]) == (1, 0)


def test_an_outage_of_kafka_holds_all_cameras_and_ends_by_itself(
    api: Api, make_operator: Callable[..., OperatorProcess], streams: Streams
) -> None:
    operator = make_operator(stream_status_url=streams.url)
    operator.write_defaults(settle=0)
    operator.start()
    names = ("one", "two", "three", "four")
    kubelets = {name: run_camera(api, name) for name in names}

    streams.state = "erroring"
    for name in names[:3]:
        kubelets[name].set_ready(False)

    for name in names:
        until(lambda name=name: _hold(api, name) == "FleetOutage")  # type: ignore[misc]
    until(lambda: '"hold":true' in str((api.get("pods", "four-0") or {})["metadata"]))
    assert api.condition("one", "BufferHealthy")["reason"] == "Held"
    # The hold is known to the next operator too.
    operator.kill()
    operator.start()
    quiet(lambda: [_hold(api, name) for name in names], 3)
    assert {_hold(api, name) for name in names} == {"FleetOutage"}

    streams.state = "healthy"
    for name in names:
        kubelets[name].set_ready(True)
    for name in names:
        until(lambda name=name: _hold(api, name) == "None")  # type: ignore[misc]


def test_restarts_that_do_not_help_end_in_a_hold(api: Api, operator: OperatorProcess) -> None:
    spec = {
        "source": {"url": "rtsp://10.0.0.5/s"},
        "restartPolicy": {"budget": {"restarts": 2, "windowSeconds": 600}},
    }
    kubelet = run_camera(api, "lobby", spec)

    kubelet.restart()
    kubelet.restart()

    until(lambda: _hold(api, "lobby") == "BudgetExhausted")
    until(lambda: '"hold":true' in str((api.get("pods", "lobby-0") or {})["metadata"]))
    assert api.condition("lobby", "RestartBudgetAvailable")["status"] == "False"


def _events(api: Api) -> list[dict[str, Any]]:
    """Return the operator's Events; the StatefulSet controller has some of its own."""
    return [item for item in api.items("events") if item["regarding"]["kind"] == "CameraStream"]


def _total(api: Api, name: str) -> int:
    return int(api.status(name).get("restarts", {}).get("total", 0))


def _hold(api: Api, name: str) -> str:
    return str(api.status(name).get("effectiveSettings", {}).get("hold"))
