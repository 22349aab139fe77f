"""The process: logs, health, leadership, signals, and the exit code."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from typing import TYPE_CHECKING

import structlog

from camerastream_operator import __version__
from camerastream_operator.engine.clock import Clock
from camerastream_operator.kube.calls import ApiCaller
from camerastream_operator.kube.connection import NoClusterError, connect
from camerastream_operator.runtime.exit_codes import (
    EXIT_AGAIN,
    EXIT_BAD_SETTINGS,
    EXIT_UNEXPECTED,
)
from camerastream_operator.runtime.handlers import WatchFailedError
from camerastream_operator.runtime.health import HealthServer
from camerastream_operator.runtime.leader import LeaderLostError, Leadership
from camerastream_operator.runtime.logs import configure_logging
from camerastream_operator.runtime.metrics import Metrics
from camerastream_operator.runtime.operator import Operator

if TYPE_CHECKING:
    from camerastream_operator.runtime.defaults_file import DefaultsFile
    from camerastream_operator.runtime.progress import Progress
    from camerastream_operator.runtime.settings import Settings


def run_process(settings: Settings, defaults: DefaultsFile) -> int:
    """Run the operator until it is told to stop and return the exit code."""
    configure_logging(level=settings.log_level, log_format=settings.log_format, out=sys.stdout)
    log = structlog.get_logger()
    try:
        # Not `asyncio.run`, which waits for every task: some of kopf's may never end, and the
        # process is about to.
        return asyncio.Runner().run(_run(settings, defaults))
    except NoClusterError as error:
        log.critical(str(error))
        return EXIT_BAD_SETTINGS
    except Exception:
        log.critical("unexpected error", exc_info=True)
        return EXIT_UNEXPECTED


async def _run(settings: Settings, defaults: DefaultsFile) -> int:
    log = structlog.get_logger()
    instance = settings.pod_name or socket.gethostname()
    metrics = Metrics()
    api = await connect()
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Until kopf takes them: it then ends, and so does all.
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    calls = ApiCaller(api)
    operator = Operator(settings, defaults, calls, metrics, clock=Clock(), instance=instance)
    leadership = (
        Leadership(
            calls,
            settings.lease_name,
            settings.lease_in,
            candidate=instance,
            lease_seconds=settings.lease_seconds,
        )
        if settings.leader_election
        else None
    )

    def progress() -> Progress:
        return operator.progress(
            leading=bool(metrics.leader._value.get()),  # noqa: SLF001
            candidate_seconds=leadership.unseen_seconds if leadership else 0.0,
        )

    health = HealthServer(progress, metrics.registry)
    try:
        port = await health.start(settings.http_host, settings.http_port)
    except OSError as error:
        where = f"OPERATOR_HTTP_HOST={settings.http_host} OPERATOR_HTTP_PORT={settings.http_port}"
        log.critical(f"{where} cannot be listened on ({error.strerror}); write a free port")  # noqa: G004
        return EXIT_BAD_SETTINGS
    log.info(
        "started",
        version=__version__,
        http_port=port,
        namespaces=list(settings.watch_namespaces) or "all",
        leader_election=settings.leader_election,
    )
    try:
        return await _until_told(operator, leadership, told)
    finally:
        await health.stop()
        await api.close()  # type: ignore[no-untyped-call]


async def _until_told(
    operator: Operator, leadership: Leadership | None, told: asyncio.Event
) -> int:
    log = structlog.get_logger()
    work = asyncio.create_task(
        leadership.run(operator.run) if leadership else operator.run(), name="operator"
    )
    asked = asyncio.create_task(told.wait(), name="signal")
    await asyncio.wait({work, asked}, return_when=asyncio.FIRST_COMPLETED)
    if not work.done():
        log.info("ends as asked")
    code = _outcome(work)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    if leadership is not None and code != EXIT_AGAIN:
        await leadership.give_back()
    return code


def _outcome(work: asyncio.Task[None]) -> int:
    log = structlog.get_logger()
    error = work.exception() if work.done() and not work.cancelled() else None
    if isinstance(error, LeaderLostError):
        log.error("the Lease was lost: another replica may be at work by now")
        return EXIT_AGAIN
    if isinstance(error, WatchFailedError):
        log.error(
            "the cluster cannot be watched any more; the operator ends, to be started again",
            error=str(error),
        )
        log.debug("where the watch has failed", exc_info=error)
        return EXIT_AGAIN
    if error is not None:
        log.critical("unexpected error", exc_info=error)
        return EXIT_UNEXPECTED
    return 0
