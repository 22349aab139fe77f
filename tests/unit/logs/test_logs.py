"""Log lines: exact texts, two shapes, no secrets."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from camerastream.delivery.monitor import Notice, NoticeKind
from camerastream.delivery.reporter import text_of
from camerastream.logs.redaction import Redactor
from camerastream.logs.setup import configure_logging
from camerastream.settings.model import LogFormat


def notice(kind: NoticeKind) -> Notice:
    return Notice(kind, 12.34, 7, "Local: Queue full")


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (
            NoticeKind.DETECTED,
            "🟡 Kafka buffer error detected. Starting timer. Error: Local: Queue full",
        ),
        (NoticeKind.ONGOING, "🟡 Kafka buffer error ongoing for 12.3s. Consecutive errors: 7"),
        (
            NoticeKind.RESOLVED,
            "✅ Kafka buffer errors resolved after 12.3s. Total consecutive errors: 7",
        ),
        (
            NoticeKind.THRESHOLD_CROSSED,
            (
                "🔴 CRITICAL: Kafka buffer errors persisted beyond threshold - "
                "forcing container restart"
            ),
        ),
    ],
)
def test_texts_are_exact(kind: NoticeKind, text: str) -> None:
    assert text_of(notice(kind)) == text


@pytest.mark.parametrize("kind", NoticeKind)
def test_every_line_of_the_buffers_life_can_be_grepped(kind: NoticeKind) -> None:
    assert re.search("(buffer|queue full|memory)", text_of(notice(kind)))


@pytest.fixture
def out():
    stream = io.StringIO()
    yield stream
    structlog.reset_defaults()
    logging.getLogger().handlers.clear()
    logging.captureWarnings(False)


def configure(out: io.StringIO, log_format: LogFormat, *secrets: str) -> None:
    configure_logging(
        level="INFO", log_format=log_format, redactor=Redactor(secrets), camera="lobby", out=out
    )


def test_text_and_json_carry_the_same_words_and_fields(out: io.StringIO) -> None:
    for log_format in LogFormat:
        configure(out, log_format)
        structlog.get_logger().warning("🟡 a buffer", cause=None, size_bytes=5, why="two words")
    text, line = out.getvalue().splitlines()
    assert "WARNING  🟡 a buffer" in text
    assert text.endswith("cause=- size_bytes=5 why='two words' camera=lobby")
    data = json.loads(line)
    assert data["message"] == "🟡 a buffer"
    assert data["cause"] is None
    assert list(data)[:3] == ["timestamp", "level", "message"]
    assert "🟡" in line


def test_secrets_are_masked_in_messages_fields_and_tracebacks(out: io.StringIO) -> None:
    configure(out, LogFormat.JSON, "p@ss#1&x")
    log = structlog.get_logger()
    log.error("got p@ss#1&x", url="rtsp://u:p%40ss%231%26x@cam/1", deep={"a": ["p@ss#1&x"]})
    try:
        raise ValueError("p@ss#1&x inside")
    except ValueError:
        log.exception("failed")
    assert "p@ss" not in out.getvalue()
    assert "p%40ss" not in out.getvalue()
    assert "rtsp://***@cam/1" in out.getvalue()


def test_a_login_in_an_addresses_query_is_masked_whether_it_is_known_or_not(
    out: io.StringIO,
) -> None:
    configure(out, LogFormat.JSON)
    log = structlog.get_logger()
    log.error("http://cam/v?usr=ad&pwd=x1&ch=2 failed", url="rtsp://cam/user=ad_password=x1_ch=2")
    log.error("a?pwd= is no address", urls=["see http://cam/?token=x1", "x1=y"])
    assert "=x1" not in out.getvalue()
    assert "http://cam/v?usr=***&pwd=***&ch=2 failed" in out.getvalue()


def test_lines_of_pythons_logging_come_in_the_same_shape(out: io.StringIO) -> None:
    configure(out, LogFormat.JSON)
    logging.getLogger("somebody").error("said %s", "this")
    data = json.loads(out.getvalue())
    assert (data["message"], data["level"], data["camera"]) == ("said this", "ERROR", "lobby")


@given(st.text(min_size=3), st.text(), st.text())
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    assert secret not in Redactor([secret])(before + secret + after).replace("***", "\0")
