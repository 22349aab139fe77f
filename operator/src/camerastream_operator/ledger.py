"""Counts restarts: each one once, never one too many, whatever was missed. Pure.

What is known of a pod comes as looks at it: from a watch, a list, or its last state when
it is deleted. Looks may be missing, repeated or out of order, and the operator may have
died before or after its last write. Totals and ledger change in the same write, so a look
is either counted for good or will be counted again from the same start.

Three things make that exact. The kubelet's `restartCount` only says how many; the pod's
`resourceVersion` says which look is newer; the `containerID` shows a restart even where
the kubelet lost its count (it may start at 0 again after the node was restarted). What
the reasons of restarts between two looks were is told by the stream's own count of its
ends, in its termination message.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from camerastream_operator.attribution import (
    describe,
    end_without_id,
    ends_told,
    reasons_of,
    restarted_end,
)
from camerastream_operator.classify import RestartReason, depends_on_who
from camerastream_operator.kills import NO_EVIDENCE, events_are_kept, kill_evidence
from camerastream_operator.names import CONTAINER
from camerastream_operator.restarts import (
    MAX_CONTAINERS,
    MAX_PODS,
    MAX_RECENT,
    LedgerContainer,
    LedgerPod,
    PodEnd,
    RestartRecord,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from camerastream_operator.attribution import Reasons
    from camerastream_operator.kills import KillEvidence
    from camerastream_operator.kubelet_events import KubeletEvents
    from camerastream_operator.pods import Container, Pod
    from camerastream_operator.restarts import Restart


@dataclass(frozen=True, slots=True)
class Counted:
    """What counting brought.

    Attributes:
        record: The record to write; the same as before when there was nothing new.
        announce: Restarts that are new, oldest first; the last ones when there are many.
        doubtful: UIDs of pods with a new restart whose reason the kubelet's Events may tell,
            which were not at hand.
    """

    record: RestartRecord
    announce: tuple[Restart, ...] = ()
    doubtful: tuple[str, ...] = ()


def count_restarts(
    record: RestartRecord,
    looks: Iterable[Pod],
    *,
    now: datetime,
    existing: Collection[str] | None = None,
    claim: bool = False,
    events: Mapping[str, KubeletEvents] | None = None,
) -> Counted:
    """Count what is new in looks at a camera's pods.

    Args:
        record: What was counted before.
        looks: Looks at pods of this resource, of this UID only; in any order.
        now: The time.
        existing: UIDs of all pods there are, from a list that is newer than the record and
            after all looks that are waiting; None when there was none. Only such a list
            proves that a pod is gone; without one an account stays open.
        claim: The state directory survives the pod, and with it the stream's own count.
        events: What the kubelet's Events say, by the UID of the pod, as far as they were read.
    """
    announce: list[Restart] = []
    doubtful: list[str] = []
    for pod in sorted(looks, key=lambda look: look.resource_version or 0):
        told = (events or {}).get(pod.uid)
        record, restarts = _look(record, pod, now=now, claim=claim, events=told)
        announce += restarts
        if restarts and told is None and _events_would_tell(pod, now):
            doubtful.append(pod.uid)
    if existing is not None:
        record = _note_vanished(record, existing)
    return Counted(_without_old(record), tuple(announce[-MAX_RECENT:]), tuple(doubtful))


def _events_would_tell(pod: Pod, now: datetime) -> bool:
    last = restarted_end(pod.stream) if pod.stream is not None else None
    return last is not None and depends_on_who(last) and events_are_kept(last, now)


def _look(
    record: RestartRecord, pod: Pod, *, now: datetime, claim: bool, events: KubeletEvents | None
) -> tuple[RestartRecord, list[Restart]]:
    entry = next((item for item in record.ledger if item.uid == pod.uid), None)
    if entry is None:
        if _is_of_the_past(record, pod):
            return record, []
        if record.ledger:
            record = replace(record, pod_replacements=record.pod_replacements + 1)
        entry = _new_entry(record, pod, claim=claim)
        record = replace(record, ledger=(*record.ledger, entry))
    elif _is_older(pod.resource_version, entry.resource_version):
        return record, []

    containers = dict(entry.containers)
    restarts: list[Restart] = []
    for kind, states in (("", pod.containers), ("init:", pod.init_containers)):
        for state in states:
            key = kind + state.name
            if key not in containers and len(containers) >= MAX_CONTAINERS:
                continue
            before = containers.get(key, LedgerContainer(key))
            last = restarted_end(state) if key == CONTAINER else None
            evidence = kill_evidence(last, pod, state, events) if last else NO_EVIDENCE
            containers[key], reasons = _count_container(
                before, state, evidence, pod_ended=pod.ended
            )
            if key != CONTAINER:
                record = replace(record, sidecar=record.sidecar + reasons.total())
                continue
            record = record.counting(reasons.by_reason())
            restarts += describe(reasons, pod, state, now, before=before.container_id)
    end = PodEnd.OBSERVED if pod.ended and entry.end is PodEnd.RUNNING else entry.end
    changed = replace(entry, name=pod.name, end=end, containers=containers)
    if changed == entry and entry.resource_version is not None:
        return record, restarts
    changed = replace(changed, resource_version=pod.resource_version)
    ledger = tuple(changed if item.uid == pod.uid else item for item in record.ledger)
    return _remember(replace(record, ledger=ledger), restarts, now), restarts


def _is_older(version: int | None, than: int | None) -> bool:
    return version is not None and than is not None and version <= than


def _is_of_the_past(record: RestartRecord, pod: Pod) -> bool:
    """Say whether a pod that the ledger does not know was there before one that it knows.

    A StatefulSet makes a pod only when the one before is gone, so every version of an
    earlier pod is lower. Such a pod may have been counted and dropped.
    """
    newest = max((item.resource_version or 0 for item in record.ledger), default=0)
    return _is_older(pod.resource_version, newest) or (
        pod.resource_version is None and bool(record.ledger)
    )


def _new_entry(record: RestartRecord, pod: Pod, *, claim: bool) -> LedgerPod:
    """Begin a pod's account; its count of ends goes on only where it survives the pod."""
    ends: Mapping[str, int] | None = None if claim else {}
    if claim and record.ledger and record.ledger[-1].end is PodEnd.OBSERVED:
        known = record.ledger[-1].containers.get(CONTAINER)
        ends = known.ends if known is not None else None
    return LedgerPod(
        uid=pod.uid, name=pod.name, containers={CONTAINER: LedgerContainer(CONTAINER, ends=ends)}
    )


def _count_container(
    before: LedgerContainer, state: Container, evidence: KillEvidence, *, pod_ended: bool
) -> tuple[LedgerContainer, Reasons]:
    """Return the new account of a container and the reasons of its new restarts."""
    another = bool(state.container_id) and state.container_id != before.container_id
    if state.restart_count > before.restart_count:
        new = state.restart_count - before.restart_count
        after = replace(
            before,
            restart_count=state.restart_count,
            container_id=state.container_id or before.container_id,
            # The kubelet counts the end of an instance that it can no longer find before it
            # starts the next one, whose ID is then no further restart. It shows by an end
            # without an ID (kubelet_pods.go, convertToAPIContainerStatuses).
            end_counted=not another or end_without_id(state.terminated),
        )
    elif another:
        # The count is the same or lower, but it is another instance: the kubelet lost its count.
        new = 1 if before.container_id and not before.end_counted else 0
        after = replace(
            before,
            restart_count=state.restart_count,
            container_id=state.container_id,
            end_counted=False,
        )
    else:
        # A lower count of the same instance is left alone: it has happened already.
        new, after = 0, before
    reasons = reasons_of(new, state, before.ends, evidence)
    ends = ends_told(state)
    if pod_ended and state.terminated is not None and state.terminated.message is not None:
        # It goes with the pod: a claim's next pod counts on from there.
        ends = state.terminated.message.ends
    return (replace(after, ends=dict(ends)) if ends else after), reasons


def _remember(record: RestartRecord, restarts: list[Restart], now: datetime) -> RestartRecord:
    """List new restarts."""
    if not restarts:
        return record
    # Not later than now: with a node's clock ahead the budget's end, which every held pod is
    # told, would move with every look.
    by_buffer = [
        min(item.time, now) for item in restarts if item.reason is RestartReason.BUFFER_ERROR
    ]
    return replace(
        record,
        recent=(*reversed(restarts), *record.recent)[:MAX_RECENT],
        buffer_error_times=(*reversed(by_buffer), *record.buffer_error_times)[:MAX_RECENT],
    )


def _note_vanished(record: RestartRecord, existing: Collection[str]) -> RestartRecord:
    """Note which pods went away without their end having been seen."""
    ledger, unobserved = [], 0
    for item in record.ledger:
        if item.uid in existing or item.end is not PodEnd.RUNNING:
            ledger.append(item)
            continue
        unobserved += 1
        ledger.append(replace(item, end=PodEnd.UNOBSERVED))
    if not unobserved:
        return record
    return replace(
        record,
        ledger=tuple(ledger),
        unobserved_replacements=record.unobserved_replacements + unobserved,
    )


def _without_old(record: RestartRecord) -> RestartRecord:
    """Drop pods that are gone, but never the newest: it tells what is of the past."""
    if not record.ledger:
        return record
    *older, newest = record.ledger
    open_accounts = [item for item in older if item.end is PodEnd.RUNNING]
    kept = open_accounts[-(MAX_PODS - 1) :]
    if len(kept) == len(older):
        return record
    return replace(
        record,
        ledger=(*kept, newest),
        unobserved_replacements=record.unobserved_replacements + len(open_accounts) - len(kept),
    )
