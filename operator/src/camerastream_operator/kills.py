"""Who ended a container by a signal: the kubelet, or somebody else? Pure.

Exit code 137 looks the same for a frozen process that the kubelet kills after its grace period
and for `kill -9` on the node. Two things tell them apart:

* The kubelet's Event `Killing`. It is written before the signal, so one within the life of the
  instance is proof. Events may be dropped, but not those between others that got through: when
  the kubelet has told of the next start, it would have told of a kill before it.
* The pod's condition Ready. A process that takes no SIGTERM answers no probe either, and the
  pod is unready for the grace period at least before SIGKILL. Ready to the end it was killed
  from outside.

All these times come from one clock, the node's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from camerastream_operator.kubelet_events import Killing, KubeletEvents
    from camerastream_operator.pods import Container, Pod, Terminated

EVENTS_KEPT = timedelta(minutes=10)
"""How long an Event is surely there; an hour by default, but clusters shorten it."""

_AFTERWARDS = timedelta(minutes=1)
_ENOUGH_AFTERWARDS = 2
"""The kubelet lets 25 Events about a pod through at once, and one more every 5 minutes
(client-go, events_cache.go), in their order. Two that came through shortly after an end mean
that there was room for one shortly before it."""


@dataclass(frozen=True, slots=True)
class KillEvidence:
    """What is known of who ended an instance of the stream's container.

    Attributes:
        kubelet_said: The kubelet's sentence when it has ended it; empty where it tells nothing.
        kubelet_denies: Its Events do not tell of it, and that one cannot be missing.
        unready_seconds: For how long the pod had not been ready, 0 when it was ready to the
            end; None when unknown.
    """

    kubelet_said: str = ""
    kubelet_denies: bool = False
    unready_seconds: float | None = None


NO_EVIDENCE = KillEvidence()


def events_are_kept(end: Terminated, now: datetime) -> bool:
    """Say whether Events about an end would still be there."""
    return end.finished_at is not None and now - end.finished_at < EVENTS_KEPT


def kill_evidence(
    end: Terminated, pod: Pod, state: Container, events: KubeletEvents | None
) -> KillEvidence:
    """Gather what is known of who ended an instance.

    Args:
        end: How it ended.
        pod: A look at the pod after its restart.
        state: The container in that look.
        events: What the kubelet's Events say of the pod; None when they were not read.
    """
    if end.finished_at is None:
        return NO_EVIDENCE
    unready = _unready_seconds(end.finished_at, pod, state)
    if events is None or end.started_at is None:
        return KillEvidence(unready_seconds=unready)
    for killing in events.killings:
        if _within(killing, end.started_at, end.finished_at):
            return KillEvidence(kubelet_said=killing.note, unready_seconds=unready)
    denies = _enough_got_through(events, end.finished_at) and not any(
        _may_be_within(killing, end.started_at, end.finished_at) for killing in events.killings
    )
    return KillEvidence(kubelet_denies=denies, unready_seconds=unready)


def _enough_got_through(events: KubeletEvents, finished: datetime) -> bool:
    afterwards = [at for at in events.starts if finished <= at <= finished + _AFTERWARDS]
    return len(afterwards) >= _ENOUGH_AFTERWARDS


def _within(killing: Killing, started: datetime, finished: datetime) -> bool:
    """Say whether the kubelet killed this instance.

    Not within its first second, where the one before may have been killed: no probe gives up
    so soon.
    """
    return any(started < at <= finished for at in (killing.first_at, killing.last_at))


def _may_be_within(killing: Killing, started: datetime, finished: datetime) -> bool:
    """Say whether one of those between the first and the last may have been of this instance."""
    return killing.first_at <= started and killing.last_at > finished


def _unready_seconds(finished: datetime, pod: Pod, state: Container) -> float | None:
    """Return for how long the pod had not been ready when an instance ended.

    The kubelet writes that the pod is not ready when it finds the container gone, before it
    starts the next one. What is written after that start is about the next one.
    """
    changed = pod.ready_changed_at
    if pod.ready or changed is None or state.started_at is None or changed > state.started_at:
        return None
    return max(0.0, (finished - changed).total_seconds())
