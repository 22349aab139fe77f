"""One of several replicas does the work: the one that holds the Lease."""

from __future__ import annotations

import asyncio
import json
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from kubernetes.aio.client.exceptions import ApiException
from kubernetes.aio.leaderelection.electionconfig import Config
from kubernetes.aio.leaderelection.leaderelection import LeaderElection
from kubernetes.aio.leaderelection.leaderelectionrecord import LeaderElectionRecord
from kubernetes.aio.leaderelection.resourcelock.baselock import BaseLock

from camerastream_operator.jsonview import count_at, mapping_at, text_at
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.kube.resources import LEASES

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from camerastream_operator.kube.calls import ApiCaller


class LeaderLostError(Exception):
    """The Lease could not be renewed in time: another replica may be at work by now."""


class _Lock(BaseLock):
    """A Lease, for the library's election; the library's own cannot be written (37.0.2)."""

    def __init__(self, name: str, namespace: str, identity: str, calls: ApiCaller) -> None:
        super().__init__(name, namespace, identity)
        self._calls = calls
        self._lease: dict[str, Any] = {}
        self.seen_at: float | None = None

    async def get(self, name: str, namespace: str) -> Any:
        try:
            self._lease = await self._calls.call("GET", LEASES.path(namespace, name))
        except ApiError as error:
            if error.not_found:
                self._note_seen()
            # The library reads the status from the body, and retries whatever is not 404.
            failure = ApiException(status=error.status, reason=error.message)
            failure.body = json.dumps({"code": error.status})
            return False, failure
        self._note_seen()
        spec = mapping_at(self._lease, "spec")
        return True, LeaderElectionRecord(
            text_at(spec, "holderIdentity") or None,
            str(spec.get("leaseDurationSeconds")),
            text_at(spec, "acquireTime"),
            text_at(spec, "renewTime"),
        )

    async def create(self, name: str, namespace: str, election_record: Any) -> bool:
        self._lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": namespace},
        }
        return await self._write("POST", LEASES.path(namespace), election_record)

    async def update(self, name: str, namespace: str, updated_record: Any) -> bool:
        return await self._write("PUT", LEASES.path(namespace, name), updated_record)

    async def give_back(self) -> None:
        """Let another one take over at once, where this one holds it."""
        found, record = await self.get(self.name, self.namespace)
        if not found or record.holder_identity != self.identity:
            return
        await self._write("PUT", LEASES.path(self.namespace, self.name), None)

    async def _write(self, method: str, path: str, record: Any) -> bool:
        """Write the Lease as it was read: a version that is another one by now is refused."""
        spec = dict(mapping_at(self._lease, "spec"))
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        holder = None if record is None else record.holder_identity
        if holder is not None and spec.get("holderIdentity") != holder:
            spec["acquireTime"] = now
            spec["leaseTransitions"] = count_at(spec, "leaseTransitions") + 1
        if record is not None:
            spec["leaseDurationSeconds"] = int(record.lease_duration)
        spec |= {"holderIdentity": holder, "renewTime": now}
        try:
            await self._calls.call(method, path, {**self._lease, "spec": spec})
        except ApiError as error:
            structlog.get_logger().debug("the Lease cannot be written", error=str(error))
            return False
        return True

    def _note_seen(self) -> None:
        self.seen_at = asyncio.get_running_loop().time()


class Leadership:
    """Waits for the Lease, works while it is held, gives it back.

    Args:
        calls: Calls the API server.
        name: Name of the Lease.
        namespace: Its namespace.
        candidate: Which replica this is.
        lease_seconds: After so long without a renewal another one takes over.
    """

    def __init__(
        self, calls: ApiCaller, name: str, namespace: str, *, candidate: str, lease_seconds: int
    ) -> None:
        # A pod that was restarted is another candidate: what it was before is over.
        self._identity = f"{candidate}_{uuid.uuid4().hex[:8]}"
        self._lock = _Lock(name, namespace, self._identity, calls)
        self._lease_seconds = lease_seconds
        self._log = structlog.get_logger()

    @property
    def unseen_seconds(self) -> float:
        """Since when the Lease was not seen; 0 before the first look."""
        seen = self._lock.seen_at
        return 0.0 if seen is None else asyncio.get_running_loop().time() - seen

    async def run(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Work as soon as, and only while, the Lease is held.

        Raises:
            LeaderLostError: It was lost.
        """
        outcome: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        leading: list[asyncio.Task[None]] = []

        async def lead() -> None:
            self._log.info("this replica leads", identity=self._identity)
            # A task of its own: its end must be known, and the library ends with the Lease only.
            task = asyncio.ensure_future(work())
            leading.append(task)
            task.add_done_callback(lambda task: _pass_on(task, outcome))

        async def lost() -> None:
            if not outcome.done():
                outcome.set_exception(LeaderLostError())

        election = LeaderElection(
            Config(
                self._lock,
                lease_duration=self._lease_seconds,
                renew_deadline=self._lease_seconds * 2 / 3,
                retry_period=max(1.0, self._lease_seconds / 7.5),
                onstarted_leading=lead,
                onstopped_leading=lost,
            )
        )
        race = asyncio.create_task(election.run(), name="leader election")
        race.add_done_callback(lambda task: _pass_on(task, outcome))
        try:
            await outcome
        finally:
            for task in (race, *leading):
                task.cancel()
            await asyncio.gather(race, *leading, return_exceptions=True)

    async def give_back(self) -> None:
        """Let another replica take over at once, where this one holds the Lease."""
        await self._lock.give_back()


def _pass_on(task: asyncio.Task[None], outcome: asyncio.Future[None]) -> None:
    """Make the end of a task known."""
    if outcome.done() or task.cancelled():
        return
    if (error := task.exception()) is not None:
        outcome.set_exception(error)
    else:
        outcome.set_result(None)
