"""Another threshold reaches the pods first, in few writes; no generation has two meanings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.operator_io.kubelet import Kubelet
from tests.integration.operator_io.streams import Streams, in_template, told
from tests.integration.operator_io.waiting import quiet, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.operator_io.api import Api
    from tests.integration.operator_io.operator import OperatorProcess
    from tests.testbed.audit import AuditLog

NAMES = ("one", "two", "three")


def test_another_default_is_told_to_all_pods_first_and_takes_three_writes_each(
    api: Api, make_operator: Callable[..., OperatorProcess], audit: AuditLog, streams: Streams
) -> None:
    # So slow that pods, StatefulSets and statuses would mix if all came at once.
    operator = make_operator(stream_status_url=streams.url, writes_per_second="3")
    operator.start()
    for name in NAMES:
        _run(api, name)
    quiet(audit.writes)
    audit.begin()

    operator.write_defaults(threshold=45)

    for name in NAMES:
        until(lambda name=name: _confirmed(api, name) == (2, 45))  # type: ignore[misc]
    quiet(audit.writes, 5)
    kinds = [" ".join(item.split()[:2]) for item in audit.writes()]
    assert kinds[: len(NAMES)] == ["patch pods"] * len(NAMES)
    assert sorted(kinds[len(NAMES) :]) == sorted(
        ["patch statefulsets", "patch camerastreams/status"] * len(NAMES)
    )
    for name in NAMES:
        assert in_template(api, name) == told(api, f"{name}-0")


@pytest.mark.parametrize(("then", "generation"), [(45, 2), (30, 3)])
def test_killed_when_only_the_pod_was_told_no_generation_names_two_settings(
    api: Api,
    make_operator: Callable[..., OperatorProcess],
    streams: Streams,
    then: int,
    generation: int,
) -> None:
    operator = make_operator(stream_status_url=streams.url)
    operator.start()
    _run(api, "lobby")
    until(lambda: _confirmed(api, "lobby") == (1, 60))
    operator.kill()
    # So slow that it is killed between its first write and the second.
    slow = make_operator("slow", stream_status_url=streams.url, writes_per_second="0.2")
    slow.start()

    slow.write_defaults(threshold=45)
    until(lambda: told(api, "lobby-0")["generation"] == 2)
    slow.kill()
    # Else this would be about something else: the pod alone knows.
    assert in_template(api, "lobby")["generation"] == 1
    assert _confirmed(api, "lobby") == (1, 60)
    operator.write_defaults(threshold=then)
    operator.start()

    until(lambda: _confirmed(api, "lobby") == (generation, then))
    assert told(api, "lobby-0")["thresholdSeconds"] == then
    assert told(api, "lobby-0")["generation"] == generation
    assert in_template(api, "lobby") == told(api, "lobby-0")


def _run(api: Api, name: str) -> None:
    api.create_camera(name)
    until(lambda: api.get("pods", f"{name}-0") is not None)
    Kubelet(api, name).run()
    until(lambda: api.condition(name).get("status") == "True", what=lambda: api.status(name))


def _confirmed(api: Api, name: str) -> tuple[int | None, int | None]:
    """Return generation and threshold that the status says to be in force."""
    found = api.status(name).get("effectiveSettings", {})
    return found.get("appliedGeneration"), found.get("thresholdSeconds")
