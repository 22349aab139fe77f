"""The operator in one piece: everything made, connected and run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import structlog

from camerastream_operator.engine.children import Children
from camerastream_operator.engine.fleet_keeper import FleetKeeper
from camerastream_operator.engine.kill_witness import KillWitness
from camerastream_operator.engine.reconcile import Reconciler
from camerastream_operator.engine.recorder import Recorder
from camerastream_operator.engine.rollout import RollGate
from camerastream_operator.engine.status_writer import StatusWriter
from camerastream_operator.engine.stream_reader import StreamReader
from camerastream_operator.engine.workqueue import WorkQueue
from camerastream_operator.kube.cache import Cache
from camerastream_operator.kube.client import KubeClient
from camerastream_operator.kube.errors import ApiError
from camerastream_operator.kube.limiter import RateLimiter
from camerastream_operator.kube.resources import Kind
from camerastream_operator.kube.sync import CONFIRM_AFTER_SECONDS, Synchronizer
from camerastream_operator.runtime.handlers import watch
from camerastream_operator.runtime.listed_cameras import ListedCameras
from camerastream_operator.runtime.metrics import API_ERROR, UNEXPECTED_ERROR
from camerastream_operator.runtime.progress import Progress
from camerastream_operator.runtime.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from camerastream_operator.engine.clock import Clock
    from camerastream_operator.kube.calls import ApiCaller
    from camerastream_operator.kube.client import Written
    from camerastream_operator.kube.resources import Key
    from camerastream_operator.runtime.defaults_file import DefaultsFile
    from camerastream_operator.runtime.metrics import Metrics
    from camerastream_operator.runtime.settings import Settings

_LOOK_AT_DEFAULTS_SECONDS = 2.0
_FIRST_LIST_RETRY_SECONDS = 2.0
_GATHER_SECONDS = 0.1
_ASKED_PER_SECOND = 100


class Operator:
    """Looks after all cameras while `run` runs.

    Args:
        settings: What it was told.
        defaults: The file with the defaults of all cameras.
        calls: Calls the API server.
        metrics: What is counted.
        clock: Tells the time.
        instance: Which operator this is.
    """

    def __init__(
        self,
        settings: Settings,
        defaults: DefaultsFile,
        calls: ApiCaller,
        metrics: Metrics,
        *,
        clock: Clock,
        instance: str,
    ) -> None:
        self._settings = settings
        self._defaults = defaults
        self._metrics = metrics
        self._clock = clock
        self._log = structlog.get_logger()
        self._heard_at = clock.monotonic()
        limiter = RateLimiter(
            settings.writes_per_second,
            int(settings.writes_per_second),
            clock=clock.monotonic,
            sleep=asyncio.sleep,
        )
        client = KubeClient(calls, limiter, self._count_write)
        self._cache = Cache(clock.monotonic)
        self._sync = Synchronizer(
            client,
            self._cache,
            settings.namespaces,
            clock=clock.monotonic,
            on_change=self._queue_one,
        )
        self._fleet = FleetKeeper(
            lambda: defaults.current.fleet,
            now=clock.now,
            on_change=self._queue_all,
            on_ask=self._queue_asked,
        )
        self._reader = StreamReader(
            settings.stream_status_url, clock=clock.monotonic, random=clock.random
        )
        self._children = Children(
            client, self._cache, RollGate(settings.max_rolling_pods, clock.monotonic)
        )
        self._reconciler = Reconciler(
            cache=self._cache,
            proof=self._sync.proof,
            children=self._children,
            writer=StatusWriter(
                client,
                self._cache,
                Recorder(client, instance),
                clock=clock,
                on_restart=lambda reason, count: metrics.restarts.labels(reason).inc(count),
            ),
            reader=self._reader,
            witness=KillWitness(client),
            fleet=self._fleet,
            defaults=lambda: defaults.current.stream,
            spread_left=lambda: self._queue.spread_left_seconds,
            clock=clock,
        )
        self._queue = WorkQueue(
            self._reconcile,
            on_error=self._failed,
            clock=clock.monotonic,
            random=clock.random,
        )
        self._listed = ListedCameras(
            settings, client, self._cache, metrics, clock=clock, instance=instance
        )
        metrics.watch_cameras(self._cache.conditions)
        metrics.watch_gauge("queue_ready", "Cameras that are due", lambda: self._queue.ready)
        metrics.watch_gauge(
            "queue_oldest_seconds",
            "For how long the oldest camera has been due or worked on",
            lambda: self._queue.oldest_age_seconds,
        )
        metrics.watch_gauge(
            "fleet_hold",
            "1 while all cameras are held, as most have Kafka buffer errors at once",
            lambda: self._fleet.hold_until is not None,
        )
        metrics.watch_gauge(
            "fleet_erroring", "Cameras with Kafka buffer errors", lambda: self._fleet.erroring
        )

    def progress(self, *, leading: bool, candidate_seconds: float) -> Progress:
        """Return how far things have come."""
        return Progress(
            leading=leading,
            synced=self._sync.synced_at is not None,
            oldest_work_seconds=self._queue.oldest_age_seconds,
            heard_seconds=self._clock.monotonic() - self._heard_at,
            resync_seconds=self._settings.resync_seconds,
            candidate_seconds=candidate_seconds,
        )

    async def run(self) -> None:
        """Look after all cameras until cancelled, or until kopf ends by a signal.

        Raises:
            Exception: What is watched cannot be watched any more.
        """
        self._metrics.leader.set(1)
        self._heard_at = self._clock.monotonic()
        # With half of it listed, pods would seem to be missing.
        await self._first_list()
        background = [
            asyncio.create_task(work, name=name)
            for name, work in (
                ("queue", self._queue.run(self._settings.workers)),
                ("fleet guard", self._fleet.run()),
                ("defaults file", self._follow_defaults()),
                ("listed cameras", self._listed.keep()),
                ("cameras file", self._listed.follow()),
                ("resync", self._resync()),
            )
        ]
        try:
            # kopf takes every task that is younger for its own: it comes last.
            await self._first_end(
                background,
                asyncio.create_task(
                    watch(
                        self._settings.watch_namespaces,
                        self._on_event,
                        failure_seconds=self._settings.watch_failure_seconds,
                    ),
                    name="kopf",
                ),
            )
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            await self._reader.close()
            self._metrics.leader.set(0)

    async def _first_end(
        self, background: list[asyncio.Task[None]], watching: asyncio.Task[None]
    ) -> None:
        """Wait until the watch ends, or one of the others, which they never should."""
        try:
            await asyncio.wait({*background, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if not watching.done():
                watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        for task in (*background, watching):
            if task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def _on_event(self, kind: Kind, event: str, body: Mapping[str, Any]) -> None:
        self._heard_at = self._clock.monotonic()
        if kind is Kind.CAMERA:
            self._listed.hear(body)
        change = self._cache.remove if event == "DELETED" else self._cache.upsert
        if key := change(kind, body):
            # One change comes as several events: StatefulSet, its status, the pod.
            self._queue.add(key, _GATHER_SECONDS)

    async def _reconcile(self, key: Key) -> float | None:
        with self._metrics.reconcile_seconds.time():
            return await self._reconciler.reconcile(key)

    async def _failed(self, key: Key, error: Exception, failures: int) -> None:
        kind = API_ERROR if isinstance(error, ApiError) else UNEXPECTED_ERROR
        self._metrics.reconcile_errors.labels(kind).inc()
        await self._reconciler.tell_failure(key, error, failures)

    def _count_write(self, written: Written) -> None:
        self._metrics.api_writes.labels(written.verb, written.plural, str(written.status)).inc()

    def _queue_one(self, key: Key) -> None:
        self._queue.add(key)
        self._listed.look_again()

    def _queue_all(self) -> None:
        self._queue.add_spread(self._cache.cameras(), self._settings.writes_per_second)

    def _queue_asked(self, keys: Sequence[Key]) -> None:
        for number, key in enumerate(keys):
            self._queue.add(key, number / _ASKED_PER_SECOND)

    async def _first_list(self) -> None:
        said = False
        while True:
            try:
                await self._sync.compare()
            except ApiError as error:
                if not said:
                    self._log.warning(
                        "CameraStreams cannot be listed yet; is the CRD installed, and may the "
                        "service account list them?",
                        error=str(error),
                    )
                said = True
                await asyncio.sleep(_FIRST_LIST_RETRY_SECONDS)
                continue
            self._heard_at = self._clock.monotonic()
            self._fleet.restore(self._cache.statuses())
            self._children.restore(self._clock.now())
            self._log.info("everything is listed", cameras=len(self._cache.cameras()))
            return

    async def _resync(self) -> None:
        while True:
            delay = self._settings.resync_seconds * (0.9 + self._clock.random() / 5)
            if self._sync.must_confirm:
                delay = min(delay, CONFIRM_AFTER_SECONDS + 1)
            await asyncio.sleep(delay)
            try:
                await self._sync.compare()
            except ApiError as error:
                self._metrics.resync_errors.inc()
                self._log.warning("what is there could not be listed", error=str(error))
                continue
            self._heard_at = self._clock.monotonic()

    async def _follow_defaults(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_AT_DEFAULTS_SECONDS)
            try:
                changed = self._defaults.look()
            except SettingsError as error:
                changed = False
                self._log.error("the defaults stay as they were", problems=error.problems)
            self._metrics.defaults_usable.set(self._defaults.usable)
            if changed:
                self._log.info("the defaults of all cameras have changed")
                self._queue_all()
