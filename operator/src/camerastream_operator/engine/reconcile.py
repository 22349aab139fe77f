"""Makes one camera as it is wanted, from whatever state it is in.

Level-triggered: what happened does not matter, only what is. It may be called at any time,
any number of times, by a program that was just started; it writes nothing when nothing has
to be written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import structlog

from camerastream_operator.desired import settings_of
from camerastream_operator.effective import annotation_value
from camerastream_operator.engine.assessment import Evidence, assess
from camerastream_operator.engine.children import CameraGoneError
from camerastream_operator.engine.fault import fault_sentence, fault_status
from camerastream_operator.engine.outcome import Outcome, applied_generation, is_running
from camerastream_operator.engine.schedule import Backoff
from camerastream_operator.engine.status_writer import read_again
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.pods import read_pod
from camerastream_operator.status import build_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from camerastream_operator.api.resource import CameraStream
    from camerastream_operator.defaults import StreamDefaults
    from camerastream_operator.engine.assessment import Assessment
    from camerastream_operator.engine.children import Children
    from camerastream_operator.engine.clock import Clock
    from camerastream_operator.engine.fleet_keeper import FleetKeeper
    from camerastream_operator.engine.kill_witness import KillWitness
    from camerastream_operator.engine.status_writer import StatusWriter
    from camerastream_operator.engine.stream_reader import StreamReader
    from camerastream_operator.kube.cache import Cache
    from camerastream_operator.kube.resources import Key
    from camerastream_operator.kube.sync import Proof
    from camerastream_operator.pods import Pod
    from camerastream_operator.stream_status import StreamStatus

_FOLLOW_UP_SECONDS = 1.0
_APPLIED_SECONDS = 1.0
_LONGEST_APPLIED_SECONDS = 60.0
_FAILURES_WORTH_A_CONDITION = 3


class Reconciler:
    """Looks after cameras.

    Args:
        cache: What is known.
        proof: Returns the proof that pods of a camera are gone, None where there is none.
        children: Writes StatefulSets and pods.
        writer: Writes statuses.
        reader: Asks streams.
        witness: Tells who killed a container.
        fleet: Holds all cameras when Kafka is down.
        defaults: Returns the operator's defaults in force.
        spread_left: Returns for how many seconds a change for all cameras is still going out.
        clock: Tells the time.
    """

    def __init__(
        self,
        *,
        cache: Cache,
        proof: Callable[[Key], Proof | None],
        children: Children,
        writer: StatusWriter,
        reader: StreamReader,
        witness: KillWitness,
        fleet: FleetKeeper,
        defaults: Callable[[], StreamDefaults],
        spread_left: Callable[[], float],
        clock: Clock,
    ) -> None:
        self._cache = cache
        self._proof = proof
        self._children = children
        self._writer = writer
        self._reader = reader
        self._witness = witness
        self._fleet = fleet
        self._defaults = defaults
        self._spread_left = spread_left
        self._clock = clock
        self._applied: Backoff[Key] = Backoff(
            _APPLIED_SECONDS, _LONGEST_APPLIED_SECONDS, clock.random
        )
        self._log = structlog.get_logger()

    async def reconcile(self, key: Key) -> float | None:
        """Make a camera as it is wanted.

        Returns:
            After how many seconds to look again without an event, None for never.

        Raises:
            ApiError: A call failed in a way that may pass.
        """
        camera = read_again(self._cache, key)
        if camera is None:
            self._forget(key)
            return None
        now = self._clock.now()
        evidence = self._evidence(key, camera)
        found = await self._assess(evidence, now)
        if found.counted.doubtful:
            # Before it is counted: a reason that was counted never changes.
            events = await self._witness.events(key.namespace, found.counted.doubtful)
            evidence = replace(evidence, events=events)
            found = await self._assess(evidence, now)
        pod = await self._settle_pod(key, evidence.pod, found)
        if (later := self._follow_up(evidence, pod, found)) is not None:
            return later
        try:
            stateful_set, apply_error = await self._ensure(camera, found, evidence)
        except CameraGoneError:
            return 0.0
        stream = await self._ask(key, camera, pod, found)
        rolling = False
        if stateful_set is not None and found.desired is not None and not apply_error:
            rolling = await self._roll(key, pod, stateful_set, now)
        outcome = Outcome(camera, found, now, pod, stream, apply_error, rolling)
        self._report(key, outcome)
        status = build_status(
            camera.status,
            outcome.observation(),
            found.counted.record,
            generation=camera.generation,
        )
        again = await self._writer.write(key, camera, status, found.counted.announce)
        if again is None:
            self._cache.forget_departed(key, evidence.departed)
        return self._look_again(key, outcome, again)

    async def tell_failure(self, key: Key, error: Exception, failures: int) -> None:
        """Tell of a failure: in the log, and where it lasts, as a condition."""
        expected = isinstance(error, ApiError)
        if expected:
            self._log.warning("a call of the API server failed", error=str(error))
        else:
            self._log.error("unexpected error", exc_info=error)
        camera = read_again(self._cache, key)
        if camera is None or (expected and failures < _FAILURES_WORTH_A_CONDITION):
            return
        status = fault_status(camera, fault_sentence(error), self._clock.now())
        await self._writer.write(key, camera, status)

    def _evidence(self, key: Key, camera: CameraStream) -> Evidence:
        body, proof = self._cache.pod(key), self._proof(key)
        pod = read_pod(body) if body is not None else None
        if pod is not None and pod.camera_uid != camera.uid:
            pod = None
        existing = None
        if proof is not None:
            existing = proof.existing | ({pod.uid} if pod else set())
        return Evidence(
            camera=camera,
            stateful_set=self._cache.stateful_set(key),
            pod=pod,
            departed=self._cache.departed(key),
            existing=existing,
        )

    async def _assess(self, evidence: Evidence, now: datetime) -> Assessment:
        """Decide; and before a hold is told without its end, ask whether the stream takes it."""
        namespace, pod = evidence.camera.namespace, evidence.pod
        found = self._decide(evidence, now)
        if (
            pod is None
            or found.effective is None
            or not found.effective.wanted.keeps_end_back
            or self._reader.takes_hold_end(namespace, pod) is not None
            or await self._reader.read(namespace, pod) is None
        ):
            return found
        return self._decide(evidence, now)

    def _decide(self, evidence: Evidence, now: datetime) -> Assessment:
        return assess(
            evidence,
            self._defaults(),
            fleet_hold_until=self._fleet.hold_until,
            takes_hold_end=self._reader.takes_hold_end(evidence.camera.namespace, evidence.pod),
            now=now,
        )

    async def _ensure(
        self, camera: CameraStream, found: Assessment, evidence: Evidence
    ) -> tuple[Mapping[str, Any] | None, str]:
        if found.desired is None:
            return evidence.stateful_set, ""
        try:
            made = await self._children.ensure_stateful_set(
                camera, found.desired, evidence.stateful_set
            )
        except ApiError as error:
            if not error.refused:
                raise
            return evidence.stateful_set, error.message
        return made, ""

    async def _settle_pod(self, key: Key, pod: Pod | None, found: Assessment) -> Pod | None:
        if pod is None or found.effective is None:
            return pod
        try:
            return await self._children.ensure_settings(
                key.namespace, pod, annotation_value(found.effective)
            )
        except ApiError as error:
            # It has gone or changed meanwhile, which an event is about to tell.
            if error.not_found or error.conflict:
                return pod
            raise

    def _follow_up(self, evidence: Evidence, pod: Pod | None, found: Assessment) -> float | None:
        """Return when StatefulSet and status follow what the pod was told; None for now.

        First come the pods, of all cameras; and the status can say by then that the stream
        has taken it. Killed before, the next operator finds the generation in the pod; where
        that is gone too, nothing has told of it. What is counted does not wait.
        """
        if pod is None or found.counted.record != found.before:
            return None
        left = self._spread_left()
        if pod is not evidence.pod:
            return max(_FOLLOW_UP_SECONDS, left)
        # The pod's own event may come before the spread is over.
        told = found.effective is not None and pod.settings == annotation_value(found.effective)
        waits = told and pod.settings != settings_of(evidence.stateful_set or {})
        return left if waits and left > 0 else None

    async def _roll(
        self, key: Key, pod: Pod | None, stateful_set: Mapping[str, Any], now: datetime
    ) -> bool:
        try:
            return await self._children.roll(key, pod, stateful_set, now)
        except ApiError as error:
            if error.not_found or error.conflict:
                return True
            raise

    async def _ask(
        self, key: Key, camera: CameraStream, pod: Pod | None, found: Assessment
    ) -> StreamStatus | None:
        """Ask the stream where its answer matters: to the fleet guard, too, when it is in a hurry.

        Else when it is not ready, or its settings have just changed.
        """
        if pod is None or found.effective is None or pod.delete_by is not None:
            return None
        applied = applied_generation(camera) == found.effective.generation
        if pod.ready and applied and not self._fleet.asks(key):
            return None
        return await self._reader.read(camera.namespace, pod)

    def _report(self, key: Key, outcome: Outcome) -> None:
        delivery = outcome.delivery()
        if delivery is None:
            self._fleet.forget(key)
        else:
            self._fleet.report(key, delivery)

    def _look_again(self, key: Key, outcome: Outcome, again: float | None) -> float | None:
        delays = list(outcome.delays(0.75 + self._clock.random() / 2))
        if again is not None:
            delays.append(again)
        if not outcome.behind:
            self._applied.succeeded(key)
        elif outcome.pod is not None and is_running(outcome.pod):
            delays.append(self._applied.failed(key))
        return max(0.0, min(delays)) if delays else None

    def _forget(self, key: Key) -> None:
        body = self._cache.pod(key)
        if body is not None:
            self._reader.forget(read_pod(body).uid)
        self._children.forget(key)
        self._writer.forget(key)
        self._applied.succeeded(key)
        self._fleet.forget(key)
