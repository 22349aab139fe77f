"""The message on the topic: the one place that knows its headers, both ways.

CloudEvents 1.0 in Kafka's binary mode: the value is the JPEG, the attributes are
headers with the prefix `ce_`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

    from camerastream.frames import EncodedFrame

EVENT_TYPE = "dev.camerastream.frame"
CONTENT_TYPE = "image/jpeg"

_MOST_DIGITS = 18
"""Of a whole number in a header: 18 digits always fit 64 bits."""


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """What the headers of a frame say.

    Attributes:
        camera: The camera's id.
        stream: Id of the stream.
        sequence: Gap-free number within the stream, from 0.
        captured_at_seconds: Time of capture, Unix seconds.
        width: Width in pixels, None when absent.
        height: Height in pixels, None when absent.
        motion_area_pixels: Moved area, None when absent.
        jpeg_quality: 1-100, None where the camera's own JPEG passed through.
        original_bytes: Size before compression, None when absent.
        previous_stream: Id of the stream before this one, whose tail is not proven.
        previous_count: How many frames that one had numbered.
    """

    camera: str
    stream: str
    sequence: int
    captured_at_seconds: float
    width: int | None = None
    height: int | None = None
    motion_area_pixels: int | None = None
    jpeg_quality: int | None = None
    original_bytes: int | None = None
    previous_stream: str | None = None
    previous_count: int | None = None


def to_headers(
    *,
    camera: str,
    stream: str,
    sequence: int,
    frame: EncodedFrame,
    source: str | None,
    previous_stream: str | None,
    previous_count: int | None,
) -> list[tuple[str, bytes]]:
    """Return a frame's message headers; what is None has no header.

    Args:
        camera: The camera's id.
        stream: Id of the stream.
        sequence: The frame's number.
        frame: The frame.
        source: The event's source, a URI reference; None for `/cameras/<camera>`.
        previous_stream: Id of the stream before this one, if its tail is not proven.
        previous_count: How many frames that one had numbered.
    """
    time = datetime.fromtimestamp(frame.captured_at_seconds, UTC)
    values: list[tuple[str, object]] = [
        ("ce_specversion", "1.0"),
        ("ce_id", f"{stream}/{sequence}"),
        ("ce_source", source or f"/cameras/{quote(camera, safe='')}"),
        ("ce_type", EVENT_TYPE),
        ("ce_time", time.isoformat(timespec="microseconds").replace("+00:00", "Z")),
        ("content-type", CONTENT_TYPE),
        ("ce_camera", camera),
        ("ce_stream", stream),
        ("ce_sequence", sequence),
        ("ce_framewidth", frame.width),
        ("ce_frameheight", frame.height),
        ("ce_motionarea", frame.motion_area_pixels),
        ("ce_jpegquality", frame.jpeg_quality),
        ("ce_originalbytes", frame.original_bytes),
        ("ce_previousstream", previous_stream),
        ("ce_previouscount", previous_count),
    ]
    return [(name, str(value).encode()) for name, value in values if value is not None]


def from_headers(headers: Iterable[tuple[str, bytes | str | None]] | None) -> FrameHeader:
    """Read a frame's message headers; of a header given twice the last counts.

    Args:
        headers: As a Kafka client gives them; None where a message has none.

    Raises:
        ValueError: The message is no frame of this program; the text says why.
    """
    values: dict[str, str] = {}
    for name, value in headers or ():
        # Headers that are not read here are the business of whoever added them.
        if value is None or not name.startswith("ce_"):
            continue
        try:
            values[name] = value.decode() if isinstance(value, bytes) else value
        except UnicodeDecodeError:
            raise ValueError(f"its header {name} is not UTF-8") from None
    if values.get("ce_type") != EVENT_TYPE:
        found = values.get("ce_type")
        raise ValueError(
            f"it is no frame: it has no header ce_type={EVENT_TYPE}"
            if found is None
            else f"it is no frame: its ce_type is {_shown(found)}, not {EVENT_TYPE}"
        )
    required = ("ce_camera", "ce_stream", "ce_sequence", "ce_time")
    missing = [name for name in required if not values.get(name)]
    if missing:
        raise ValueError(f"it lacks the header {' and '.join(missing)}")
    captured_at_seconds = _time(values["ce_time"])
    sequence = _whole(values, "ce_sequence")
    assert sequence is not None
    return FrameHeader(
        camera=values["ce_camera"],
        stream=values["ce_stream"],
        sequence=sequence,
        captured_at_seconds=captured_at_seconds,
        width=_whole(values, "ce_framewidth"),
        height=_whole(values, "ce_frameheight"),
        motion_area_pixels=_whole(values, "ce_motionarea"),
        jpeg_quality=_whole(values, "ce_jpegquality"),
        original_bytes=_whole(values, "ce_originalbytes"),
        previous_stream=values.get("ce_previousstream"),
        previous_count=_whole(values, "ce_previouscount"),
    )


def _whole(values: dict[str, str], name: str) -> int | None:
    text = values.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ValueError(f"its {name} is {_shown(text)}, not a whole number")
    return int(text)


def _time(text: str) -> float:
    try:
        time = datetime.fromisoformat(text)
        seconds = time.timestamp()
    except (ValueError, OverflowError):
        time, seconds = None, 0.0
    if time is None or time.tzinfo is None:
        raise ValueError(f"its ce_time is {_shown(text)}, not a time of RFC 3339")
    return seconds


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")
