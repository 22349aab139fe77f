"""Builds the program from its settings and runs it to its end."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import structlog

from camerastream import __version__, assembly
from camerastream.capture.reader import Reader
from camerastream.capture.source import source_of
from camerastream.delivery.exceptions import KafkaBufferException
from camerastream.delivery.recovery import StateDirError
from camerastream.encoding import JpegEncoder
from camerastream.ending import EXIT_BAD_SETTINGS, EXIT_BUFFER, EXIT_UNEXPECTED
from camerastream.health.server import HealthServer
from camerastream.logs.native_stderr import NativeStderr
from camerastream.logs.redaction import Redactor
from camerastream.logs.setup import configure_logging
from camerastream.motion import MotionDetector
from camerastream.pipeline import Pipeline
from camerastream.program import Program
from camerastream.settings.load import secrets_of

if TYPE_CHECKING:
    from camerastream.settings.load import Loaded


def supervise(loaded: Loaded) -> int:
    """Build the program and run it; return the exit code."""
    settings = loaded.settings
    redactor = Redactor([*secrets_of(settings), *source_of(settings).secrets])
    configure_logging(
        level=settings.debug_level.value,
        log_format=settings.log_format,
        redactor=redactor,
        camera=settings.camera_id,
        out=sys.stdout,
    )
    log = structlog.get_logger()
    plan = assembly.plan_producer(settings)
    for sentence in [*loaded.warnings, *plan.warnings]:
        log.warning(sentence)
    for sentence in plan.notes:
        log.info(sentence)
    try:
        state_dir = assembly.open_state_dir(settings)
    except StateDirError as error:
        log.critical(str(error))
        return EXIT_BAD_SETTINGS
    native = NativeStderr(lambda line: log.debug("native", line=line))
    native.start()
    try:
        delivery = assembly.make_delivery(settings, plan.config, state_dir)
        reader = Reader.from_settings(settings, native)
        pipeline = Pipeline(
            reader,
            MotionDetector(
                settings.motion_threshold, settings.min_contour_area, settings.blur_size
            ),
            JpegEncoder(settings.compress_image_quality),
            delivery,
            clock=time.monotonic,
            keep_last_frame=settings.frame_endpoint,
            in_step=assembly.plays_file_fast(settings),
        )
        program = Program(settings, reader, pipeline, delivery)
        try:
            server = HealthServer(
                settings.http_host,
                settings.http_port,
                view=program.view,
                last_frame=program.last_frame if settings.frame_endpoint else None,
            )
        except OSError as error:
            where = f"HTTP_HOST={settings.http_host} HTTP_PORT={settings.http_port}"
            advice = "write a free port, or 0 to take any"
            log.critical(f"{where} cannot be listened on ({error.strerror}); {advice}")  # noqa: G004
            return EXIT_BAD_SETTINGS
        _announce(state_dir, settings, server.port)
        return program.run(server)
    except KafkaBufferException as error:
        log.critical(f"{type(error).__name__}: {error}", exit_code=EXIT_BUFFER)  # noqa: G004
        return EXIT_BUFFER
    except Exception:
        log.exception("unexpected error")
        return EXIT_UNEXPECTED
    finally:
        native.stop()


def _announce(state_dir: Any, settings: Any, port: int) -> None:
    log = structlog.get_logger()
    opened, beginning = state_dir.opened, state_dir.beginning
    if opened.moved_aside is not None:
        log.error(
            "the spool of the buffer was damaged and a new one begins",
            moved_to=str(opened.moved_aside),
            saved_frames=opened.salvaged_frames,
            lost_frames=beginning.lost_frames,
        )
    elif beginning.unclean:
        log.warning(
            "the program before this one was killed",
            lost_frames=beginning.lost_frames,
            spooled_frames=beginning.state.counts.spooled,
            advice="SPOOL_MODE=write-ahead keeps frames even then"
            if beginning.lost_frames
            else None,
        )
    log.info(
        "started",
        version=__version__,
        stream=beginning.state.stream,
        next_sequence=beginning.state.next_sequence,
        spooled_frames=beginning.state.counts.spooled,
        http_port=port,
        topic=settings.camera_stream_topic,
        threshold_seconds=settings.kafka_buffer_error_threshold_seconds,
        spool_mode=settings.spool_mode.value,
    )
