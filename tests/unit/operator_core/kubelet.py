"""A simulated kubelet and StatefulSet controller: the truth, and what can be seen of it.

It writes pod statuses as the real one does: a death shows up to three times (terminated,
waiting, running again), a liveness kill often only as running again; a container that the
runtime has lost is counted before the next one starts; after a reboot of the node the
count may begin at 0. Whether the pod is ready, and the kubelet's own Events with what its
limits drop of them, tell who has killed a container.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from camerastream_operator.kubelet_events import read_kubelet_events
from camerastream_operator.pods import Pod, read_pod
from camerastream_operator.times import write_time

from .resources import NOW, pod, terminated

if TYPE_CHECKING:
    import random

    from camerastream_operator.kubelet_events import KubeletEvents

# How an end looks: the stream's word (None when it had no time to write), the kubelet's
# word, the exit code, and the reason that it is to be counted as when it was seen.
ENDS = {
    "buffer": ("KafkaBufferError", "Error", 1, "BufferError"),
    "fatal": ("KafkaFatalError", "Error", 1, "FatalError"),
    "crash": ("Crash", "Error", 3, "Crash"),
    "stuck": ("Stuck", "Error", 3, "Probe"),
    "oom": (None, "OOMKilled", 137, "OOM"),
    "settings": (None, "Error", 2, "Crash"),
    # Killed from outside.
    "kill": (None, "Error", 137, "Killed"),
    "asked": ("Stopped", "Completed", 0, "Killed"),
    # Killed by the kubelet: it takes no SIGTERM; or it does, and only answered too slowly.
    "frozen": (None, "Error", 137, "Probe"),
    "slow": ("Stopped", "Completed", 0, "Probe"),
}
TOLD = ("buffer", "fatal", "crash", "stuck")
BY_KUBELET = ("stuck", "frozen", "slow", "buffer", "fatal")
"""Ends that the kubelet has brought about by its probe."""

_GRACE_SECONDS = 10
_BURST = 25
_REFILL_SECONDS = 300
_KEPT = timedelta(hours=1)


class Events:
    """The kubelet's Events about one pod: repeated ones are one, and too many are dropped.

    Args:
        limited: The kubelet's limits hold (client-go, events_cache.go).
    """

    def __init__(self, *, limited: bool) -> None:
        self._limited = limited
        self._tokens, self._filled = float(_BURST), NOW
        self._counted: dict[tuple[str, str], tuple[datetime, int]] = {}
        self._sent: dict[tuple[str, str], dict[str, Any]] = {}

    def say(self, reason: str, note: str, at: datetime) -> None:
        """Tell of something, or drop it."""
        key = (reason, note)
        first, count = self._counted.get(key, (at, 0))
        self._counted[key] = (first, count + 1)
        gained = max(0.0, (at - self._filled).total_seconds()) / _REFILL_SECONDS
        self._tokens, self._filled = min(_BURST, self._tokens + gained), max(at, self._filled)
        if self._limited and self._tokens < 1:
            return
        self._tokens -= 1
        self._sent[key] = {
            "reason": reason,
            "note": note,
            "deprecatedSource": {"component": "kubelet"},
            "regarding": {"fieldPath": "spec.containers{camerastream}"},
            "deprecatedFirstTimestamp": write_time(first),
            "deprecatedLastTimestamp": write_time(at),
            "deprecatedCount": count + 1,
        }

    def items(self, now: datetime) -> list[dict[str, Any]]:
        """Return those that have not expired."""
        oldest = write_time(now - _KEPT)
        return [item for item in self._sent.values() if item["deprecatedLastTimestamp"] >= oldest]


@dataclass
class Truth:
    """What really happened in one pod."""

    restarts: Counter[str] = field(default_factory=Counter)
    resets: int = 0
    last_version: int = 0
    gone: bool = False


class Kubelet:
    """One camera's pods, one after the other.

    Args:
        random: Decides.
        claim: The state directory survives the pod.
        calm: Pods are ready until something ends them, and no Event is dropped.
    """

    def __init__(self, random: random.Random, *, claim: bool = False, calm: bool = False) -> None:
        self.random = random
        self.claim = claim
        self._calm = calm
        self._ready, self._ready_changed = False, NOW
        self._events: dict[str, Events] = {}
        self.clock: datetime = NOW
        self.version = 100
        self.truth: dict[str, Truth] = {}
        self.seen: list[Pod] = []
        self.uid = ""
        self._instances = 0
        self._ends: Counter[str] = Counter()
        self._unclean = False
        self._new_pod()

    @property
    def latest(self) -> Pod:
        return self.seen[-1]

    @property
    def total(self) -> int:
        return sum(truth.restarts.total() for truth in self.truth.values())

    def reasons(self) -> Counter[str]:
        return sum((truth.restarts for truth in self.truth.values()), Counter())

    def events(self, uid: str) -> KubeletEvents:
        """Return what can be read of the Events about a pod."""
        return read_kubelet_events(self._events[uid].items(self.clock))

    def end(self, kind: str) -> None:
        """A container ends and is started again."""
        # A probe kills nothing in its first seconds.
        self.clock += timedelta(seconds=self.random.randint(20, 400))
        if self._ready and not self._calm and self.random.random() < 0.3:
            self._get_unready(self.random.randint(10, 200))
        if kind in BY_KUBELET:
            self._fail_probe(takes_sigterm=kind != "frozen")
        word, reason, code, counted = ENDS[kind]
        last = terminated(
            self._instance,
            reason=reason,
            exit_code=code,
            message=self._message(word),
            at=self.clock,
            started=self._started,
        )
        if kind not in BY_KUBELET:
            # The kubelet writes it before it starts the next one.
            self._set_ready(False)
        if self.random.random() < 0.6:
            self._show(state={"terminated": last}, last=self._last)
        if self.random.random() < 0.5:
            self._show(state={"waiting": {"reason": "CrashLoopBackOff"}}, last=last)
        self._restarted(last, counted)

    def _get_unready(self, seconds: int) -> None:
        """Something is wrong for a while, which no probe restarts anything for."""
        self._set_ready(False)
        self._show()
        for _ in range(0, seconds, 5):
            self.clock += timedelta(seconds=5)
            self._say("Unhealthy", "Readiness probe failed")

    def _fail_probe(self, *, takes_sigterm: bool) -> None:
        """The kubelet gives up on the container; it has ended afterwards."""
        for _ in range(2):
            self.clock += timedelta(seconds=5)
            self._say("Unhealthy", "Liveness probe failed")
        if not takes_sigterm or self.random.random() < 0.5:
            # Whoever takes no SIGTERM answers nothing; the other may have answered this one.
            self._set_ready(False)
            self._say("Unhealthy", "Readiness probe failed")
        self._say("Killing", "Container camerastream failed liveness probe, will be restarted")
        self.clock += timedelta(seconds=1 if takes_sigterm else _GRACE_SECONDS)

    def _set_ready(self, ready: bool) -> None:
        if ready != self._ready:
            self._ready, self._ready_changed = ready, self.clock

    def _say(self, reason: str, note: str) -> None:
        self._events[self.uid].say(reason, note, self.clock)

    def lose_container(self) -> None:
        """The runtime knows nothing of the container: it is counted before the next one is."""
        self.clock += timedelta(seconds=5)
        last = {"reason": "ContainerStatusUnknown", "exitCode": 137}
        self._unclean = True
        self._count += 1
        if self.random.random() < 0.5:
            self._show(state={"terminated": last}, last=self._last)
        else:
            self._show(state={"waiting": {"reason": "x"}}, last=last, container_id="")
        self.truth[self.uid].restarts["Other"] += 1
        self._start()
        self._last = last
        self._show()

    def reboot(self) -> None:
        """The node restarts and the kubelet forgets its count."""
        self.clock += timedelta(seconds=60)
        self._unclean = True
        self.truth[self.uid].restarts["Unknown"] += 1
        self.truth[self.uid].resets += 1
        self._count, self._last = 0, None
        self._start()
        self._show()

    def touch(self) -> None:
        """Something else in the pod changes."""
        if self.random.random() < 0.7:
            self.clock += timedelta(seconds=self.random.randint(0, 3))
            self._set_ready(True)
        self._show()

    def replace_pod(self) -> None:
        """The pod is deleted, and another one takes its place."""
        self.clock += timedelta(seconds=20)
        last = terminated(
            self._instance, reason="Completed", exit_code=0, message=self._message("Stopped")
        )
        since = self.clock
        self._show(deleting_since=since)
        if self.random.random() < 0.5:
            self._show(state={"terminated": last}, last=self._last, deleting_since=since)
        self._show(state={"terminated": last}, last=self._last, deleting_since=since, gone=True)
        self.truth[self.uid].gone = True
        self._new_pod()

    def _new_pod(self) -> None:
        self.uid = f"pod-{len(self.truth)}"
        self.truth[self.uid] = Truth()
        self._events[self.uid] = Events(limited=not self._calm)
        self._count, self._last = 0, None
        if not self.claim:
            self._ends, self._unclean = Counter(), False
        self._instance, self._started = "", self.clock
        self._set_ready(False)
        self._show(state={"waiting": {"reason": "ContainerCreating"}}, container_id="")
        self._start()
        self._show()

    def _message(self, word: str | None) -> str | None:
        if word is None:
            self._unclean = True
            return None
        if self._unclean:
            self._ends["UncleanEnd"] += 1
            self._unclean = False
        self._ends[word] += 1
        return json.dumps({"reason": word, "message": word, "cumulative": dict(self._ends)})

    def _restarted(self, last: dict[str, Any], counted: str) -> None:
        self.truth[self.uid].restarts[counted] += 1
        self._count += 1
        self._last = last
        self._start()
        self._show()
        if self._calm or self.random.random() < 0.7:
            self.clock += timedelta(seconds=self.random.randint(0, 3))
            self._set_ready(True)
            self._show()

    def _start(self) -> None:
        self.clock += timedelta(seconds=self.random.randint(0, 2))
        self._instances += 1
        self._instance = f"containerd://{self._instances}"
        self._started = self.clock
        for reason in ("Pulled", "Created", "Started"):
            self._say(reason, reason)
        # Where the one before was killed by the kubelet, only now.
        self._set_ready(False)

    def _show(
        self,
        *,
        state: dict[str, Any] | None = None,
        last: dict[str, Any] | None = None,
        container_id: str | None = None,
        deleting_since: datetime | None = None,
        gone: bool = False,
    ) -> None:
        self.version += self.random.randint(1, 3)
        body = pod(
            uid=self.uid,
            version=self.version,
            restarts=self._count,
            container_id=self._instance if container_id is None else container_id,
            state={"running": {"startedAt": write_time(self._started)}} if state is None else state,
            ready=self._ready,
            ready_changed=self._ready_changed,
            last=self._last if last is None else last,
            deleting_since=deleting_since,
        )
        self.truth[self.uid].last_version = self.version
        self.seen.append(read_pod(body, gone=gone))
