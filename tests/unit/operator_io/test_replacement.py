"""What an operator that takes over thinks of a pod that it has never seen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from camerastream_operator.engine.replacement import PATIENCE, SETTLED, is_on_its_way
from camerastream_operator.names import TEMPLATE_HASH_ANNOTATION
from camerastream_operator.pods import Container, Pod

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
RUNNING = (Container("camerastream", 0, running=True),)
READY = {"Ready": ("True", "", "")}


def stateful_set(replicas: int = 1) -> dict[str, Any]:
    template = {"metadata": {"annotations": {TEMPLATE_HASH_ANNOTATION: "new"}}}
    return {"spec": {"replicas": replicas, "template": template}}


def pod(**changes: Any) -> Pod:
    values: dict[str, Any] = {"template_hash": "new", "start_time": NOW - timedelta(seconds=5)}
    return Pod("lobby-0", "uid", 1, **(values | changes))


@pytest.mark.parametrize(
    ("found", "on_its_way"),
    [
        (None, True),
        (pod(delete_by=NOW), True),
        (pod(template_hash="old", conditions=READY, delete_by=NOW), True),
        (pod(start_time=None), True),
        (pod(containers=RUNNING), True),
        (pod(containers=RUNNING, conditions=READY), False),
        # Waits for its camera, or Kafka.
        (pod(containers=RUNNING, start_time=NOW - SETTLED), False),
        # Still to be replaced.
        (pod(template_hash="old", containers=RUNNING, conditions=READY), False),
        # Broken for long, by itself.
        (pod(start_time=NOW - PATIENCE), False),
    ],
)
def test_it_is_on_its_way(found: Pod | None, on_its_way: bool) -> None:
    assert is_on_its_way(found, stateful_set(), NOW) is on_its_way


def test_a_suspended_camera_has_no_pod_to_wait_for() -> None:
    assert not is_on_its_way(None, stateful_set(0), NOW)
