"""One stream of log lines on standard output, each with the resource that it is about.

kopf and the client library log by Python's `logging`; their lines take the same way.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TextIO

import structlog

from camerastream_operator.runtime.settings import LogFormat

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_FIRST_KEYS = ("timestamp", "level", "message")
_QUIET = ("kopf.objects", "aiohttp.access", "kubernetes.aio.leaderelection")
"""They say for every event or renewal that all is well."""


def configure_logging(*, level: str, log_format: LogFormat, out: TextIO) -> None:
    """Send every log line of the process to one stream.

    Args:
        level: Lowest level that shows.
        log_format: Text for people or JSON.
        out: Where lines go.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("message"),
            _in_order,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str)
            if log_format is LogFormat.JSON
            else _render_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(_Bridge())
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(capture=True)


class _Bridge(logging.Handler):
    """Hands records of Python's logging to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        fields: dict[str, Any] = {"logger": record.name}
        # kopf says by this which object a line is about.
        about = getattr(record, "k8s_ref", None)
        if isinstance(about, dict):
            fields |= {"kind": about.get("kind"), "object": about.get("name")}
            fields["namespace"] = about.get("namespace")
        structlog.get_logger().log(
            record.levelno, record.getMessage(), exc_info=record.exc_info or None, **fields
        )


def _in_order(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> Any:
    event["level"] = str(event["level"]).upper()
    if event.get("exc_info", 0) is None:
        del event["exc_info"]
    return {key: event[key] for key in (*_FIRST_KEYS, *(k for k in event if k not in _FIRST_KEYS))}


def _render_text(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> str:
    timestamp, level, message = (event.pop(key) for key in _FIRST_KEYS)
    trace = event.pop("exception", None)
    fields = " ".join(f"{key}={value}" for key, value in event.items())
    line = f"{timestamp} {level:<8} {message}  {fields}".rstrip()
    return f"{line}\n{trace}" if trace else line
