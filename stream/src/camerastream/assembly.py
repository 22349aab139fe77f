"""Puts a program together from settings, and says everything that is wrong with them."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from camerastream.capture.source import SourceKind, source_of
from camerastream.delivery.accounting import Accounting
from camerastream.delivery.causes import CauseTracker
from camerastream.delivery.journal import Journal
from camerastream.delivery.keeper import SpoolKeeper
from camerastream.delivery.monitor import BufferMonitor, MonitorLimits
from camerastream.delivery.numbering import Numbering
from camerastream.delivery.producer_config import check, configure, translate
from camerastream.delivery.recovery import lock_state_dir, open_spool
from camerastream.delivery.reporter import BufferReporter
from camerastream.delivery.service import Delivery
from camerastream.delivery.state import begin
from camerastream.delivery.trend import DepthTrend
from camerastream.settings.model import Playback

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO

    from camerastream.delivery.producer_config import ProducerConfig
    from camerastream.delivery.recovery import OpenedSpool
    from camerastream.delivery.state import Beginning
    from camerastream.settings.model import Settings

MEBIBYTE = 1024 * 1024
_NEEDS_PASSWORD = frozenset({"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"})


def check_settings(settings: Settings) -> list[str]:
    """Return every problem that lies between settings or in what they lead to."""
    problems = []
    try:
        source_of(settings)
    except ValueError as error:
        problems.append(f"RTSP_CAMERA_URL is not usable: {error}")
    problems += _sasl_problems(settings)
    translation = translate(settings.kafka_config)
    problems += translation.problems
    if not translation.problems:
        try:
            config = configure(connection_values(settings), translation.values)
        except ValueError as error:
            return [*problems, str(error)]
        if not problems:
            problems += check(config, translation.values)
    return problems


def connection_values(settings: Settings) -> dict[str, str]:
    """Return librdkafka's settings of the connection."""
    values = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "security.protocol": settings.kafka_security_protocol.upper(),
        "client.id": f"camerastream-{settings.camera_id}",
    }
    if settings.kafka_sasl_mechanism:
        values["sasl.mechanism"] = settings.kafka_sasl_mechanism
    if settings.kafka_sasl_username:
        values["sasl.username"] = settings.kafka_sasl_username
    if settings.kafka_sasl_password:
        values["sasl.password"] = settings.kafka_sasl_password.get_secret_value()
    if settings.kafka_ssl_ca_location:
        values["ssl.ca.location"] = str(settings.kafka_ssl_ca_location)
    return values


@dataclass(frozen=True, slots=True)
class ProducerPlan:
    """A producer's configuration and what is worth telling about it.

    Attributes:
        config: The configuration.
        notes: Sentences for the log.
        warnings: Sentences for the log, at warning level.
    """

    config: ProducerConfig
    notes: list[str]
    warnings: list[str]


def plan_producer(settings: Settings) -> ProducerPlan:
    """Return the producer's configuration for checked settings."""
    translation = translate(settings.kafka_config)
    config = configure(connection_values(settings), translation.values)
    warnings = []
    threshold = settings.kafka_buffer_error_threshold_seconds
    if 0 < config.message_timeout_seconds < threshold:
        warnings.append(
            f"message.timeout.ms={config.message_timeout_seconds * 1000:.0f} is shorter than the "
            f"buffer error threshold ({threshold:g}s): most frames that time out are stored all "
            "the same and will be duplicated; leave it out"
        )
    return ProducerPlan(config, translation.notes, warnings)


def plays_file_fast(settings: Settings) -> bool:
    """Say whether the camera is a file that is played as fast as its frames are taken."""
    fast = settings.file_playback is Playback.FAST
    return fast and source_of(settings).kind is SourceKind.FILE


@dataclass(frozen=True, slots=True)
class StateDir:
    """A locked state directory with its spool open.

    Attributes:
        lock: The lock, held as long as this is kept.
        opened: The spool.
        beginning: How the stream goes on.
    """

    lock: IO[str] = field(repr=False)
    opened: OpenedSpool
    beginning: Beginning


def open_state_dir(settings: Settings) -> StateDir:
    """Lock and open the state directory.

    Raises:
        StateDirError: It is in use or cannot be used.
    """
    lock = lock_state_dir(settings.state_dir)
    opened = open_spool(settings.state_dir)
    highest = max((position for position, _ in opened.spool.sizes(after_position=-1)), default=-1)
    beginning = begin(
        opened.state,
        spooled_frames=opened.spool.frames,
        highest_position=highest,
        mode=settings.spool_mode,
        damaged=opened.moved_aside is not None,
        new_stream=uuid.uuid4().hex,
    )
    return StateDir(lock, opened, beginning)


def make_delivery(
    settings: Settings,
    config: ProducerConfig,
    state_dir: StateDir,
    *,
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], float] = time.time,
) -> Delivery:
    """Wire delivery together."""
    state = state_dir.beginning.state
    accounting = Accounting(state.counts)
    reporter = BufferReporter(
        BufferMonitor(
            MonitorLimits(
                threshold_seconds=settings.kafka_buffer_error_threshold_seconds,
                settle_seconds=settings.kafka_buffer_settle_seconds,
            ),
            clock=clock,
            wall_clock=wall_clock,
        ),
        CauseTracker(clock=clock),
        DepthTrend(
            window_seconds=settings.kafka_buffer_settle_seconds,
            clock=clock,
            depth=state.counts.spooled,
        ),
        accounting,
        clock=clock,
    )
    keeper = SpoolKeeper(
        state_dir.opened.spool,
        mode=settings.spool_mode,
        max_bytes=settings.spool_max_mb * MEBIBYTE,
        accounting=accounting,
        on_trouble=reporter.trouble,
    )
    numbering = Numbering(settings.camera_id, state)
    return Delivery(
        topic=settings.camera_stream_topic,
        config=config,
        journal=Journal(state, numbering, accounting, keeper),
        numbering=numbering,
        keeper=keeper,
        accounting=accounting,
        reporter=reporter,
        clock=clock,
        simulate_buffer_error=settings.simulate_buffer_error,
    )


def _sasl_problems(settings: Settings) -> list[str]:
    problems = []
    if settings.kafka_security_protocol.upper().startswith("SASL"):
        mechanism = settings.kafka_sasl_mechanism
        if mechanism is None:
            problems.append(
                "KAFKA_SASL_MECHANISM is missing for KAFKA_SECURITY_PROTOCOL="
                f"{settings.kafka_security_protocol}; write for example SCRAM-SHA-512"
            )
        if mechanism is None or mechanism in _NEEDS_PASSWORD:
            problems += [
                f"{name.upper()} is missing for KAFKA_SECURITY_PROTOCOL="
                f"{settings.kafka_security_protocol}; write the Kafka user's {what}"
                for name, what in (
                    ("kafka_sasl_username", "name"),
                    ("kafka_sasl_password", "password"),
                )
                if getattr(settings, name) is None
            ]
    elif settings.kafka_sasl_password is not None or settings.kafka_sasl_username is not None:
        problems.append(
            "KAFKA_SASL_USERNAME or KAFKA_SASL_PASSWORD is set but KAFKA_SECURITY_PROTOCOL="
            f"{settings.kafka_security_protocol} does not log in; write SASL_SSL or SASL_PLAINTEXT"
        )
    return problems
