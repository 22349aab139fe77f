"""Headers: both directions agree, and what is no frame is said to be none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camerastream.frames import EncodedFrame
from camerastream.message import EVENT_TYPE, from_headers, to_headers

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
NUMBERS = st.integers(0, 2**53)


def frame(**changes: object) -> EncodedFrame:
    values: dict = {
        "data": b"\xff\xd8",
        "width": 1920,
        "height": 1080,
        "captured_at_seconds": 1767225600.25,
        "motion_area_pixels": 4321,
        "jpeg_quality": 80,
        "original_bytes": 6220800,
        **changes,
    }
    return EncodedFrame(**values)


def headers(**changes: object) -> list[tuple[str, bytes]]:
    values: dict = {
        "camera": "lobby",
        "stream": "s1",
        "sequence": 7,
        "frame": frame(),
        "source": None,
        "previous_stream": None,
        "previous_count": None,
        **changes,
    }
    return to_headers(**values)


def replaced(name: str, value: bytes | None) -> list[tuple[str, bytes | None]]:
    return [(key, value if key == name else old) for key, old in headers()]


def test_the_headers_are_cloud_events_in_binary_mode() -> None:
    assert dict(headers()) == {
        "ce_specversion": b"1.0",
        "ce_id": b"s1/7",
        "ce_source": b"/cameras/lobby",
        "ce_type": b"dev.camerastream.frame",
        "ce_time": b"2026-01-01T00:00:00.250000Z",
        "content-type": b"image/jpeg",
        "ce_camera": b"lobby",
        "ce_stream": b"s1",
        "ce_sequence": b"7",
        "ce_framewidth": b"1920",
        "ce_frameheight": b"1080",
        "ce_motionarea": b"4321",
        "ce_jpegquality": b"80",
        "ce_originalbytes": b"6220800",
    }


def test_a_source_is_a_uri_reference() -> None:
    assert dict(headers(camera="Hof 1/ü"))["ce_source"] == b"/cameras/Hof%201%2F%C3%BC"
    assert dict(headers(source="urn:x"))["ce_source"] == b"urn:x"


def test_a_passed_through_frame_has_no_quality() -> None:
    found = headers(frame=frame(jpeg_quality=None))
    assert "ce_jpegquality" not in dict(found)
    assert from_headers(found).jpeg_quality is None


@given(
    camera=NAMES,
    stream=NAMES,
    sequence=NUMBERS,
    microseconds=st.integers(0, 4_102_444_800_000_000),
    width=NUMBERS,
    quality=st.none() | st.integers(1, 100),
    previous=st.none() | st.tuples(NAMES, NUMBERS),
)
def test_what_is_written_is_read_back(
    camera: str,
    stream: str,
    sequence: int,
    microseconds: int,
    width: int,
    quality: int | None,
    previous: tuple[str, int] | None,
) -> None:
    found = from_headers(
        headers(
            camera=camera,
            stream=stream,
            sequence=sequence,
            frame=frame(captured_at_seconds=microseconds / 1e6, width=width, jpeg_quality=quality),
            previous_stream=previous[0] if previous else None,
            previous_count=previous[1] if previous else None,
        )
    )
    assert (found.camera, found.stream, found.sequence) == (camera, stream, sequence)
    assert found.captured_at_seconds == pytest.approx(microseconds / 1e6, abs=2e-6)
    assert (found.width, found.jpeg_quality) == (width, quality)
    assert (found.previous_stream, found.previous_count) == (previous or (None, None))


@pytest.mark.parametrize(
    ("given_headers", "sentence"),
    [
        (None, f"it has no header ce_type={EVENT_TYPE}"),
        ([], f"it has no header ce_type={EVENT_TYPE}"),
        (replaced("ce_type", b"com.example.order"), "its ce_type is 'com.example.order', not"),
        (replaced("ce_camera", None), "it lacks the header ce_camera"),
        (replaced("ce_stream", b""), "it lacks the header ce_stream"),
        (replaced("ce_sequence", b"-1"), "its ce_sequence is '-1', not a whole number"),
        (replaced("ce_sequence", "\N{ARABIC-INDIC DIGIT ONE}".encode()), "not a whole number"),
        (replaced("ce_sequence", b"9" * 5000), "not a whole number"),
        (replaced("ce_framewidth", b"wide"), "its ce_framewidth is 'wide', not a whole number"),
        (replaced("ce_time", b"yesterday"), "its ce_time is 'yesterday', not a time of RFC 3339"),
        (replaced("ce_time", b"2026-01-01T00:00:00"), "not a time of RFC 3339"),
        (replaced("ce_camera", b"\xff"), "its header ce_camera is not UTF-8"),
    ],
)
def test_what_is_no_frame_says_why(given_headers: list | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        from_headers(given_headers)


def test_headers_of_others_do_not_matter() -> None:
    assert from_headers([*headers(), ("trace", b"\xff\xfe"), ("ce_x", None)]).sequence == 7


@given(st.lists(st.tuples(st.text(max_size=20) | st.just("ce_type"), st.binary(max_size=30))))
def test_anything_else_is_a_value_error_and_nothing_worse(given_headers: list) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_headers([*given_headers, ("ce_type", b"other")])
