"""A simulated kubelet and StatefulSet controller: the truth, and what can be seen of it.

It writes pod statuses as the real one does: a death shows up to three times (terminated,
waiting, running again), a liveness kill often only as running again; a container that the
runtime has lost is counted before the next one starts; after a reboot of the node the
count may begin at 0.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from camerastream_operator.pods import Pod, read_pod

from .resources import NOW, pod, terminated

if TYPE_CHECKING:
    import random

# How an end looks: the stream's word (None when it had no time to write), the kubelet's
# word, the exit code, and the reason that it is to be counted as when it was seen.
ENDS = {
    "buffer": ("KafkaBufferError", "Error", 1, "BufferError"),
    "fatal": ("KafkaFatalError", "Error", 1, "FatalError"),
    "crash": ("Crash", "Error", 3, "Crash"),
    "stuck": ("Stuck", "Error", 3, "Probe"),
    "oom": (None, "OOMKilled", 137, "OOM"),
    "kill": (None, "Error", 137, "Probe"),
    "settings": (None, "Error", 2, "Crash"),
}
TOLD = ("buffer", "fatal", "crash", "stuck")


@dataclass
class Truth:
    """What really happened in one pod."""

    restarts: Counter[str] = field(default_factory=Counter)
    resets: int = 0
    last_version: int = 0
    gone: bool = False


class Kubelet:
    """One camera's pods, one after the other."""

    def __init__(self, random: random.Random, *, claim: bool = False) -> None:
        self.random = random
        self.claim = claim
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

    def end(self, kind: str) -> None:
        """A container ends and is started again."""
        self.clock += timedelta(seconds=self.random.randint(1, 400))
        word, reason, code, counted = ENDS[kind]
        last = terminated(
            self._instance,
            reason=reason,
            exit_code=code,
            message=self._message(word),
            at=self.clock,
        )
        if self.random.random() < 0.6:
            self._show(state={"terminated": last}, last=self._last)
        if self.random.random() < 0.5:
            self._show(state={"waiting": {"reason": "CrashLoopBackOff"}}, last=last)
        self._restarted(last, counted)

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
        self._count, self._last = 0, None
        if not self.claim:
            self._ends, self._unclean = Counter(), False
        self._instance = ""
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

    def _start(self) -> None:
        self._instances += 1
        self._instance = f"containerd://{self._instances}"

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
            state=state,
            last=self._last if last is None else last,
            deleting_since=deleting_since,
        )
        self.truth[self.uid].last_version = self.version
        self.seen.append(read_pod(body, gone=gone))
