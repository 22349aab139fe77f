"""Gives new restarts their reasons, and describes them. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from camerastream_operator.classify import BY_STREAM, RestartReason, classify
from camerastream_operator.kills import NO_EVIDENCE
from camerastream_operator.restarts import MAX_MESSAGE, MAX_RECENT, Restart, restart_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from camerastream_operator.kills import KillEvidence
    from camerastream_operator.pods import Container, Pod, Terminated


@dataclass(frozen=True, slots=True)
class Reasons:
    """Reasons of new restarts of a container.

    Attributes:
        newest: That of the last one; None when there was none.
        said: A sentence about the last one.
        between: How many there were before it, by reason.
    """

    newest: RestartReason | None
    said: str = ""
    between: Mapping[RestartReason, int] = field(default_factory=dict)

    def total(self) -> int:
        """Return how many restarts there were."""
        return sum(self.by_reason().values())

    def by_reason(self) -> dict[RestartReason, int]:
        """Return how many restarts there were of each reason."""
        counts = dict(self.between)
        if self.newest is not None:
            counts[self.newest] = counts.get(self.newest, 0) + 1
        return counts


def end_without_id(terminated: Terminated | None) -> bool:
    """Say whether an end is the kubelet's guess about a container that it no longer finds.

    It counts the restart at once then, not when the next instance starts
    (kubelet_pods.go, convertToAPIContainerStatuses).
    """
    return terminated is not None and not terminated.container_id


def restarted_end(state: Container) -> Terminated | None:
    """Return the end that the last restart followed; None when nothing is known of it.

    A container that waits for its next start shows its own end as the last one.
    """
    if end_without_id(state.terminated):
        return state.terminated
    return None if _waits_after(state) is not None else state.last_terminated


def ends_told(state: Container) -> Mapping[str, int]:
    """Return the stream's count of its ends, up to the one that the last restart followed.

    Empty when no message tells it.
    """
    restarted = restarted_end(state)
    if restarted is not None and restarted.message is not None:
        return restarted.message.ends
    # An end that no restart has followed yet has a message too, which counts one too many.
    pending = _waits_after(state) or (state.terminated if restarted is None else None)
    if pending is None or pending.message is None:
        return {}
    own = pending.message.reason
    return {word: count - (1 if word == own else 0) for word, count in pending.message.ends.items()}


def _waits_after(state: Container) -> Terminated | None:
    """Return the end of this very instance, which waits to be started again."""
    last = state.last_terminated
    if last is None or state.running or state.terminated is not None:
        return None
    return last if last.container_id and last.container_id == state.container_id else None


def reasons_of(
    new: int,
    state: Container,
    before: Mapping[str, int] | None,
    evidence: KillEvidence = NO_EVIDENCE,
) -> Reasons:
    """Return the reasons of new restarts: the last from how it ended, others as it counted.

    Args:
        new: How many there are.
        state: The container.
        before: The stream's own count of its ends up to the restarts; None when unknown.
        evidence: What is known of who ended the last one.
    """
    if new == 0:
        return Reasons(None)
    last = restarted_end(state)
    own = last.message.reason if last is not None and last.message is not None else ""
    left = new if last is None else new - 1
    between: dict[RestartReason, int] = {}
    # Without a count from before, a count from now tells nothing.
    told_ends, known = (ends_told(state), before) if before is not None else ({}, {})
    for word, count in told_ends.items():
        reason = BY_STREAM.get(word, RestartReason.UNKNOWN)
        told = min(left, max(0, count - known.get(word, 0) - (1 if word == own else 0)))
        if told and reason is not RestartReason.UNKNOWN:
            between[reason] = between.get(reason, 0) + told
            left -= told
    newest = classify(last, evidence)
    if last is None:
        if between and left == 0:
            told_last = next(reversed(between))
            between[told_last] -= 1
            newest = replace(newest, reason=told_last)
        else:
            left -= 1
    if left:
        between[RestartReason.UNKNOWN] = left
    return Reasons(
        newest.reason, newest.said, {reason: count for reason, count in between.items() if count}
    )


def describe(
    reasons: Reasons, pod: Pod, state: Container, now: datetime, *, before: str
) -> list[Restart]:
    """Describe restarts, oldest first; all but the last one are known by their reason only.

    Args:
        reasons: Their reasons.
        pod: The pod.
        state: The container.
        now: The time, for those of which none is known.
        before: The instance that was seen before the restarts, which tells them from others.
    """
    if reasons.newest is None:
        return []
    last = restarted_end(state)
    message = last.message if last is not None else None
    at = (last.finished_at if last is not None else None) or now
    about = (pod.uid, before, state.container_id, str(state.restart_count))
    # Their order is not known. The last ones are listed, and there is room for so many only.
    order = [reason for reason, count in reasons.between.items() for _ in range(min(count, 9))]
    listed = order[-(MAX_RECENT - 1) :]
    restarts = [
        Restart(
            id=restart_id(*about, str(back)),
            # At some time before; a second apart keeps them in their order.
            time=at - timedelta(seconds=back),
            reason=reason,
            message="it was not seen as it happened",
            pod_name=pod.name,
            pod_uid=pod.uid,
        )
        for back, reason in zip(range(len(listed), 0, -1), listed, strict=True)
    ]
    instance = last.container_id if last is not None else ""
    newest = Restart(
        id=restart_id(instance) if instance else restart_id(*about),
        time=at,
        reason=reasons.newest,
        exit_code=last.exit_code if last is not None else None,
        cause=message.cause if message is not None else "",
        message=reasons.said[:MAX_MESSAGE],
        pod_name=pod.name,
        pod_uid=pod.uid,
    )
    return [*restarts, newest]
