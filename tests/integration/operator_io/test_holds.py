"""A hold reaches the pods with its end, is renewed in few writes, and no version refuses it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.operator_io.kubelet import run_camera
from tests.integration.operator_io.streams import Streams, in_template, told
from tests.integration.operator_io.waiting import quiet, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.operator_io.api import Api
    from tests.integration.operator_io.operator import OperatorProcess
    from tests.testbed.audit import AuditLog

NAMES = ("one", "two", "three", "old")
NEWER = NAMES[:3]


@pytest.fixture
def streams(streams: Streams) -> Streams:
    """Streams, of which one is of the version before."""
    streams.old.add("old-0")
    return streams


def test_a_hold_of_the_fleet_reaches_the_pods_with_its_end_and_is_renewed_in_few_writes(
    api: Api,
    make_operator: Callable[..., OperatorProcess],
    audit: AuditLog,
    streams: Streams,
) -> None:
    operator = make_operator(stream_status_url=streams.url)
    operator.write_defaults(settle=0, hold=60)
    operator.start()
    kubelets = {name: run_camera(api, name) for name in NAMES}
    quiet(audit.writes)
    templates = {name: in_template(api, name) for name in NAMES}

    streams.state = "erroring"
    for kubelet in kubelets.values():
        kubelet.set_ready(False)

    for name in NEWER:
        until(lambda name=name: _has_end(api, name), what=lambda: told(api, "one-0"))  # type: ignore[misc]
    until(lambda: told(api, "old-0").get("hold") is True)
    # An end would make it refuse its threshold too.
    assert "holdUntil" not in told(api, "old-0")
    quiet(lambda: (audit.writes(), [told(api, f"{name}-0") for name in NAMES]))
    first = told(api, "one-0")
    audit.begin()
    until(lambda: told(api, "one-0")["holdUntil"] > first["holdUntil"], timeout=60)
    for name in NEWER:
        until(lambda name=name: _has_end(api, name))  # type: ignore[misc]
    quiet(audit.writes)
    assert Counter(audit.writes()) == _writes_for(told(api, "one-0"), first)
    assert {name: in_template(api, name) for name in NAMES} == templates

    # Another operator reads from the annotation that the stream takes an end.
    operator.kill()
    before = told(api, "one-0")
    audit.begin()
    operator.start()
    quiet(audit.writes)
    assert Counter(audit.writes()) == _writes_for(told(api, "one-0"), before)

    streams.state = "healthy"
    for kubelet in kubelets.values():
        kubelet.set_ready(True)
    for name in NAMES:
        until(lambda name=name: told(api, f"{name}-0").get("hold") is False)  # type: ignore[misc]
        assert "holdUntil" not in told(api, f"{name}-0")


def test_a_pod_that_is_made_in_a_hold_is_told_of_it_with_its_end(
    api: Api, make_operator: Callable[..., OperatorProcess], streams: Streams
) -> None:
    operator = make_operator(stream_status_url=streams.url)
    operator.start()
    kubelets = {name: run_camera(api, name) for name in NEWER}
    streams.state = "erroring"
    for kubelet in kubelets.values():
        kubelet.set_ready(False)
    for name in NEWER:
        until(lambda name=name: _has_end(api, name))  # type: ignore[misc]

    api.delete("pods", "one-0")

    until(lambda: told(api, "one-0").get("hold") is True)
    assert in_template(api, "one")["hold"] is False
    kubelets["one"].fresh()
    kubelets["one"].run(ready=False)
    until(lambda: _has_end(api, "one"), what=lambda: told(api, "one-0"))


def test_with_a_short_threshold_one_unready_pod_is_enough_to_ask_the_others(
    api: Api, make_operator: Callable[..., OperatorProcess], streams: Streams
) -> None:
    operator = make_operator(stream_status_url=streams.url)
    operator.write_defaults(threshold=10)
    operator.start()
    kubelets = {name: run_camera(api, name) for name in NAMES}
    streams.state = "erroring"

    kubelets["one"].set_ready(False)

    for name in NEWER:
        until(lambda name=name: _has_end(api, name), what=lambda: api.status("two"))  # type: ignore[misc]
    assert "holdUntil" not in told(api, "old-0")
    # Those that are ready by their pods, and not well by their own word, are asked on.
    until(lambda: api.condition("two", "BufferHealthy").get("reason") == "Held")
    quiet(lambda: api.condition("two", "BufferHealthy"))


@pytest.mark.parametrize("threshold", [10, 60])
def test_a_camera_with_errors_of_its_own_is_no_reason_to_ask_for_ever(
    api: Api, make_operator: Callable[..., OperatorProcess], streams: Streams, threshold: int
) -> None:
    operator = make_operator(stream_status_url=streams.url)
    operator.write_defaults(threshold=threshold)
    operator.start()
    kubelets = {name: run_camera(api, name) for name in NAMES}
    quiet(lambda: len(streams.asked))
    streams.asked.clear()

    for ready in (False, True, False):
        streams.states["one-0"] = "healthy" if ready else "erroring"
        kubelets["one"].set_ready(ready)
        until(lambda ready=ready: (api.condition("one").get("status") == "True") is ready)  # type: ignore[misc]

    quiet(lambda: [pod for pod in streams.asked if pod != "one-0"], 5)
    others = Counter(pod for pod in streams.asked if pod != "one-0")
    assert others == Counter({"two-0": 1, "three-0": 1, "old-0": 1} if threshold < 30 else {})


def test_a_spent_budget_holds_until_there_is_room_again(
    api: Api, make_operator: Callable[..., OperatorProcess], streams: Streams
) -> None:
    operator = make_operator(stream_status_url=streams.url)
    operator.start()
    spec = {
        "source": {"url": "rtsp://10.0.0.5/s"},
        "restartPolicy": {"budget": {"restarts": 2, "windowSeconds": 600}},
    }
    kubelet = run_camera(api, "lobby", spec)

    kubelet.restart()
    kubelet.restart()

    until(lambda: _has_end(api, "lobby"), what=lambda: api.status("lobby"))
    assert api.status("lobby")["effectiveSettings"]["hold"] == "BudgetExhausted"
    # Looked at again and again, it stays the same.
    quiet(lambda: told(api, "lobby-0"))


def test_a_camera_that_only_reports_is_held_without_an_end(
    api: Api, make_operator: Callable[..., OperatorProcess], streams: Streams
) -> None:
    operator = make_operator(stream_status_url=streams.url)
    operator.start()
    spec = {"source": {"url": "rtsp://10.0.0.5/s"}, "bufferMonitor": {"action": "Report"}}
    run_camera(api, "lobby", spec)
    assert told(api, "lobby-0")["hold"] is True
    assert "holdUntil" not in told(api, "lobby-0")
    assert in_template(api, "lobby") == told(api, "lobby-0")


def _writes_for(now: dict[str, Any], before: dict[str, Any]) -> Counter[str]:
    """Return what the renewals since then may take: each the pod, where it is told, and status."""
    renewals = now["generation"] - before["generation"]
    return Counter(
        {f"patch pods {name}-0 200": renewals for name in NEWER if renewals}
        | {f"patch camerastreams/status {name} 200": renewals for name in NAMES if renewals}
    )


def _has_end(api: Api, name: str) -> bool:
    """Say whether the pod is told the same end as the status tells of."""
    end = api.status(name).get("effectiveSettings", {}).get("holdUntil")
    return end is not None and told(api, f"{name}-0").get("holdUntil") == end
