"""One stream of log lines on standard output, text or JSON, with the same words in both."""

from __future__ import annotations

import logging
import sys
import threading
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from camerastream.settings.model import LogFormat

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from types import TracebackType

    from camerastream.logs.redaction import Redactor

_FIRST_KEYS = ("timestamp", "level", "message")
_LEVEL_WIDTH = 8


def configure_logging(
    *, level: str, log_format: LogFormat, redactor: Redactor, camera: str, out: TextIO
) -> None:
    """Send every log line of the process to one stream.

    Python's own `logging` (librdkafka's lines come through it), warnings and uncaught
    exceptions of any thread become lines of the same shape.

    Args:
        level: Lowest level that shows.
        log_format: Text for people or JSON.
        redactor: Masks secrets in every field.
        camera: Bound to every line.
        out: Where lines go.
    """
    render = _render_json() if log_format is LogFormat.JSON else _render_text
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _bind_camera(camera),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
        redactor.processor,
        _plain_level,
        render,
    ]
    structlog.configure(
        processors=shared,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(_Bridge())
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda args: _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


class _Bridge(logging.Handler):
    """Hands records of Python's logging to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        log = structlog.get_logger()
        # librdkafka repeats every connection failure; the monitor says what matters of them.
        level = logging.DEBUG if record.name == "librdkafka" else record.levelno
        log.log(level, record.getMessage(), logger=record.name, exc_info=record.exc_info)


def _uncaught(
    _kind: type[BaseException],
    error: BaseException | None,
    _traceback: TracebackType | None,
) -> None:
    structlog.get_logger().critical("unexpected error", exc_info=error)


def _bind_camera(camera: str) -> Any:
    def bind(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
        event.setdefault("camera", camera)
        return event

    return bind


def _plain_level(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    event["level"] = str(event["level"]).upper()
    if event.get("exc_info", 0) is None:
        del event["exc_info"]
    return {key: event[key] for key in (*_FIRST_KEYS, *(k for k in event if k not in _FIRST_KEYS))}


def _render_json() -> Any:
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _render_text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    timestamp, level, message = (event.pop(key) for key in _FIRST_KEYS)
    trace = event.pop("exception", None)
    fields = " ".join(f"{key}={_shown(value)}" for key, value in event.items())
    line = f"{timestamp} {level:<{_LEVEL_WIDTH}} {message}  {fields}"
    return f"{line}\n{trace}" if trace else line


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return repr(text) if " " in text or not text else text
