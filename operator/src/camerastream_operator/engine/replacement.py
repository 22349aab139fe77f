"""Does a pod have to be replaced, and has its successor arrived? Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from camerastream_operator.desired import hash_of, restart_asked_at
from camerastream_operator.engine.rollout import PATIENCE_SECONDS
from camerastream_operator.jsonview import count_at

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from typing import Any

    from camerastream_operator.pods import Pod

SETTLED = timedelta(seconds=60)
"""A stream that has run for so long without getting ready waits for its camera, or Kafka."""
PATIENCE = timedelta(seconds=PATIENCE_SECONDS)


def is_outdated(pod: Pod, stateful_set: Mapping[str, Any]) -> bool:
    """Say whether a pod was made from another template than the present one.

    Or before `kubectl rollout restart`, which asks for a new pod from the same one: a changed
    Secret is used from the next start of a pod on.
    """
    wanted, asked = hash_of(stateful_set), restart_asked_at(stateful_set)
    return bool(wanted and pod.template_hash != wanted) or bool(asked and pod.restarted_at != asked)


def may_be_replaced(pod: Pod, stateful_set: Mapping[str, Any]) -> bool:
    """Say whether a new pod would be made from the present template.

    Before its controller has seen the last change, a StatefulSet makes pods as they were. Of the
    first generation there is only one way to make them.
    """
    seen = max(1, count_at(stateful_set, "status", "observedGeneration"))
    return pod.delete_by is None and seen >= count_at(stateful_set, "metadata", "generation")


def runs(pod: Pod) -> bool:
    """Say whether something would be interrupted."""
    return pod.stream is not None and pod.stream.running


def is_on_its_way(pod: Pod | None, stateful_set: Mapping[str, Any], now: datetime) -> bool:
    """Say whether a camera seems to be between two pods, or was so a short while ago.

    That is how an operator that takes over learns what the one before it has begun.
    """
    if not count_at(stateful_set, "spec", "replicas"):
        return False
    if pod is None or pod.delete_by is not None:
        return True
    if is_outdated(pod, stateful_set) or has_settled(pod, stateful_set, now):
        return False
    return pod.start_time is None or now - pod.start_time < PATIENCE


def has_settled(pod: Pod, stateful_set: Mapping[str, Any], now: datetime) -> bool:
    """Say whether a pod that was made anew is no reason to wait with the next one."""
    if is_outdated(pod, stateful_set) or pod.delete_by is not None:
        return False
    if pod.ready:
        return True
    started = pod.start_time
    return runs(pod) and started is not None and now - started >= SETTLED
