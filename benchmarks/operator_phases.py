"""What is done to a thousand cameras and their operator, phase by phase."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.request
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchmarks.operator_cameras import Cameras, has_counted, has_threshold, is_complete
from benchmarks.operator_process import OperatorProcess
from tests.testbed.audit import writes

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from benchmarks.operator_api import Api
    from benchmarks.operator_cluster import ControlPlane
    from benchmarks.operator_process import Subject
    from tests.testbed.audit import AuditLog, Request
    from tests.testbed.lease import Lease

IDLE_SECONDS = 60
THRESHOLD_SECONDS = 60
OTHER_THRESHOLD_SECONDS = 90
_QUIET_SECONDS = 5
_RECONCILED = "camerastream_operator_reconcile_seconds_count"


@dataclass(slots=True)
class Phase:
    """What one phase took.

    Attributes:
        seconds: Until what was wanted was true of every camera.
        writes: How often the operator wrote, until it was quiet again.
        requests: All that it asked for meanwhile, Leases left out.
        by_kind: The same by verb and resource.
        cpu_seconds: CPU time of the operator.
        last_write_seconds: After how many seconds the last write of each kind was answered.
    """

    seconds: float
    writes: int
    requests: int
    by_kind: dict[str, int] = field(default_factory=dict)
    cpu_seconds: float = 0.0
    last_write_seconds: dict[str, float] = field(default_factory=dict)


class Scale:
    """The phases of one operator, on one cluster.

    Args:
        subject: Which operator.
        lease: Pays for everything.
        api: The administrator's connection.
        plane: The control plane.
        count: How many cameras.
        node_url: Of the stand-in for pods.
    """

    def __init__(
        self,
        subject: Subject,
        lease: Lease,
        api: Api,
        plane: ControlPlane,
        count: int,
        node_url: str,
    ) -> None:
        self._subject = subject
        self._lease = lease
        self._audit = plane.audit
        self._count = count
        self._kubeconfig = plane.kubeconfig_of(subject)
        self._defaults = plane.folder / f"{subject.account}.json"
        self.cameras = Cameras(api, subject.namespace, count)
        self._node_url = node_url
        self._write_defaults(THRESHOLD_SECONDS)

    def start(self) -> None:
        """Start the operator."""
        self.operator = self._start_operator()

    async def created(self) -> Phase:
        """All of them from nothing, with an operator that waits for them."""
        await asyncio.to_thread(self.operator.wait_ready)
        return await self._phase(self.cameras.create, is_complete)

    async def idle(self) -> Phase:
        """A minute in which nothing happens."""
        log, cpu = self._audit(), self.operator.cpu_seconds()
        await asyncio.sleep(IDLE_SECONDS)
        return self._measured(log, cpu, IDLE_SECONDS)

    async def restarted(self) -> Phase:
        """The operator ends and another one starts: until that has looked at every camera."""
        await asyncio.to_thread(self.operator.stop)
        log = self._audit()
        self.operator = self._start_operator()
        await asyncio.to_thread(self.operator.wait_ready)
        while await asyncio.to_thread(self.operator.metric, _RECONCILED) < self._count:
            await asyncio.sleep(0.05)
        seconds = time.monotonic() - self.operator.started_at
        await self._quiet()
        return self._measured(log, 0.0, seconds)

    async def threshold_changed(self) -> Phase:
        """Another threshold in the operator's defaults: until every stream has confirmed it."""

        async def change() -> None:
            self._write_defaults(OTHER_THRESHOLD_SECONDS)

        return await self._phase(change, has_threshold(OTHER_THRESHOLD_SECONDS))

    async def storm(self) -> Phase:
        """Every container restarts at once: until every restart is counted."""

        async def restart() -> None:
            await asyncio.to_thread(
                self._ask_node, "POST", f"/restart/{self._subject.namespace}/Crash"
            )

        return await self._phase(restart, has_counted(1))

    async def _phase(
        self,
        begin: Callable[[], Coroutine[Any, Any, None]],
        true: Callable[[Mapping[str, Any]], bool],
    ) -> Phase:
        log, cpu, began = self._audit(), self.operator.cpu_seconds(), time.monotonic()
        began_at = time.time()
        await begin()
        seconds = await self.cameras.until(true) - began
        await self.cameras.until(is_complete)
        await self._quiet()
        return self._measured(log, cpu, seconds, began_at)

    def _measured(
        self, log: AuditLog, cpu_before: float, seconds: float, began_at: float = 0.0
    ) -> Phase:
        entries = log.requests()
        found = writes(entries, self._subject.user)
        return Phase(
            seconds,
            found.total(),
            sum(
                entry.request.user == self._subject.user and not entry.is_lease for entry in entries
            ),
            {_kind(request): number for request, number in found.items()},
            self.operator.cpu_seconds() - cpu_before,
            {
                _kind(entry.request): entry.answered_at - began_at
                for entry in sorted(entries, key=lambda entry: entry.answered_at)
                if entry.request in found
            },
        )

    async def _quiet(self) -> None:
        """Wait until the operator has written nothing for a while."""
        while True:
            log = self._audit()
            await asyncio.sleep(_QUIET_SECONDS)
            if not writes(log.requests(), self._subject.user):
                return

    def _start_operator(self) -> OperatorProcess:
        url = self._node_url + "/status/{namespace}/{pod}"
        return OperatorProcess(self._subject, self._lease, self._kubeconfig, self._defaults, url)

    def _ask_node(self, method: str, path: str) -> dict[str, int]:
        request = urllib.request.Request(self._node_url + path, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            found: dict[str, int] = json.load(answer)
        return found

    def _write_defaults(self, threshold_seconds: int) -> None:
        """Replace the file as a whole, as a mounted ConfigMap is."""
        stream = {
            "image": "camerastream:benchmark",
            "thresholdSeconds": threshold_seconds,
            "bootstrapServers": ["kafka.example:9092"],
        }
        draft = self._defaults.with_suffix(".new")
        draft.write_text(json.dumps({"stream": stream}))
        draft.replace(self._defaults)


def _kind(request: Request) -> str:
    return f"{request.verb} {request.resource}"
