"""The whole status of a CameraStream. Pure; the same when nothing has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camerastream_operator.conditions import merge_conditions, verdicts
from camerastream_operator.effective import effective_status
from camerastream_operator.jsonview import mapping_at, number_at
from camerastream_operator.restarts import record_status
from camerastream_operator.times import write_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from camerastream_operator.observation import Observation
    from camerastream_operator.pods import Pod
    from camerastream_operator.restarts import RestartRecord


def build_status(
    before: Mapping[str, Any], seen: Observation, record: RestartRecord, *, generation: int
) -> dict[str, Any]:
    """Return the status to write.

    Args:
        before: The status as it was last written.
        seen: What was seen.
        record: What is remembered about restarts.
        generation: The generation of the resource that this is about.
    """
    parts = record_status(record)
    if seen.budget is not None:
        parts["restarts"]["inWindow"] = seen.budget.used
        parts["restarts"]["budgetRemaining"] = seen.budget.remaining
    status = {
        "observedGeneration": generation,
        "effectiveSettings": _effective(before, seen),
        "pod": _pod_status(seen.pod),
        **parts,
        "conditions": merge_conditions(before, verdicts(seen), generation=generation, now=seen.now),
    }
    written = without_nothing(status)
    assert isinstance(written, dict)
    return written


def differs(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Say whether a status has to be written."""
    return bool(without_nothing(dict(before)) != without_nothing(dict(after)))


def without_nothing(value: Any) -> Any:
    """Return a value without nulls, which the API server drops too.

    Example:
        >>> without_nothing({"a": None, "b": [{"c": None, "d": 0}]})
        {'b': [{'d': 0}]}
    """
    if isinstance(value, dict):
        return {name: without_nothing(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nothing(item) for item in value]
    return value


def _effective(before: Mapping[str, Any], seen: Observation) -> Mapping[str, Any]:
    """Return the live settings; while the spec cannot be used, those in force stay."""
    known = mapping_at(before, "effectiveSettings")
    if seen.effective is None:
        return known
    applied = seen.stream.settings_generation if seen.stream is not None else None
    if applied is None:
        applied = number_at(known, "appliedGeneration")
    return effective_status(seen.effective, applied_generation=applied)


def _pod_status(pod: Pod | None) -> dict[str, Any] | None:
    if pod is None or pod.gone:
        return None
    return {
        "name": pod.name,
        "uid": pod.uid,
        "node": pod.node or None,
        "startTime": write_time(pod.start_time) if pod.start_time else None,
    }
