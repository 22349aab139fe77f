"""The pure decisions: waits, key frames, freshness, schedule, causes, JPEG headers."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerastream.capture.backoff import Backoff
from camerastream.capture.causes import Cause, explain_exception, explain_loss, explain_open
from camerastream.capture.freshness import Freshness
from camerastream.capture.jpeg import read_header
from camerastream.capture.keyframes import KeyFramePolicy
from camerastream.capture.schedule import Schedule
from camerastream.capture.source import TestPicture, parse_source
from camerastream.capture.testpattern import draw

CAMERA = parse_source("rtsp://cam/s", "admin", "s3cr3t!")


# --- waits between tries


@given(st.lists(st.sampled_from(list(Cause)), max_size=200), st.floats(0, 1, exclude_max=True))
def test_waits_stay_within_their_limits(causes: list[Cause], chance: float) -> None:
    backoff = Backoff(lambda: chance)
    for cause in causes:
        wait = backoff.next_seconds(cause)
        if cause is Cause.UNAUTHORIZED:
            assert 60 <= wait <= 900
        else:
            assert 1 <= wait <= 60


@given(st.floats(0, 1, exclude_max=True))
def test_waits_grow_until_a_picture_comes(chance: float) -> None:
    backoff = Backoff(lambda: chance)
    waits = [backoff.next_seconds(Cause.REFUSED) for _ in range(12)]
    assert waits == sorted(waits)
    backoff.lasted(waits[-1] + 1)
    assert backoff.next_seconds(Cause.REFUSED) == waits[0]


def test_a_camera_that_dies_after_each_first_picture_is_not_hammered() -> None:
    backoff = Backoff(lambda: 0.0)
    waits = []
    for _ in range(4):
        waits.append(backoff.next_seconds(Cause.ENDED))
        backoff.lasted(0.5)
    assert waits == [1, 2, 4, 8]


def test_refused_passwords_are_counted_on_their_own() -> None:
    backoff = Backoff(lambda: 0.0)
    assert backoff.next_seconds(Cause.UNAUTHORIZED) == 60
    backoff.next_seconds(Cause.REFUSED)
    backoff.lasted(0.0)
    assert [backoff.next_seconds(Cause.UNAUTHORIZED) for _ in range(5)] == [120, 240, 480, 720, 720]


# --- key frames only


def feed(policy: KeyFramePolicy, gop_seconds: float, seconds: float, start: float = 0.0) -> bool:
    """Show a stream of 20 frames per second; return whether decoding changed."""
    for number in range(int(seconds * 20)):
        at = number / 20
        key = number % round(gop_seconds * 20) == 0
        if policy.key_frames_only and not key:
            continue
        if policy.frame(key=key, media_seconds=at, now_seconds=start + at):
            return True
    return False


@given(st.integers(6, 600), st.integers(6, 1200))
def test_key_frames_only_if_they_come_within_the_interval(
    gop_frames: int, interval_frames: int
) -> None:
    # Half a frame more, so that rounding does not decide.
    gop, interval = gop_frames / 20, (interval_frames + 0.5) / 20
    policy = KeyFramePolicy(interval, allowed=True)
    policy.opened()
    changed = feed(policy, gop, 3 * gop + 1)
    assert changed == policy.key_frames_only == (gop <= 1.02 * interval)
    assert policy.read_timeout_seconds(10) >= 10
    if changed:
        assert policy.read_timeout_seconds(10) > 2 * gop


@pytest.mark.parametrize(("interval", "allowed"), [(0.0, True), (5.0, False)])
def test_never_where_every_frame_counts_or_it_is_forbidden(interval: float, allowed: bool) -> None:
    assert not feed(KeyFramePolicy(interval, allowed=allowed), 1, 30)


def test_not_where_nearly_every_frame_is_a_key_frame() -> None:
    assert not feed(KeyFramePolicy(5, allowed=True), 0.05, 5)


def test_back_to_all_frames_when_key_frames_become_rare() -> None:
    policy = KeyFramePolicy(5, allowed=True)
    assert feed(policy, 2, 10)
    policy.opened()
    assert not feed(policy, 5, 30)
    policy.opened()
    assert feed(policy, 20, 60)
    assert not policy.key_frames_only
    assert not feed(policy, 2, 100, start=60)  # not at once again
    assert feed(policy, 2, 100, start=2000)


def test_a_stall_with_key_frames_only_measures_again() -> None:
    policy = KeyFramePolicy(5, allowed=True)
    assert feed(policy, 2, 10)
    policy.stalled()
    assert not policy.key_frames_only
    assert feed(policy, 2, 10)


def test_a_decoder_that_holds_key_frames_back_ends_it_for_good() -> None:
    policy = KeyFramePolicy(5, allowed=True)
    assert feed(policy, 2, 10)
    assert policy.frame(key=True, late=True, media_seconds=0.0, now_seconds=12.0)
    assert not policy.key_frames_only
    assert not feed(policy, 2, 5000)


def test_late_key_frames_do_not_count() -> None:
    policy = KeyFramePolicy(5, allowed=True)
    for seconds in range(0, 100, 2):
        assert not policy.frame(
            key=True, late=seconds % 4 == 0, media_seconds=seconds, now_seconds=seconds
        )
    assert "B frames" in (policy.obstacle or "")


def test_key_frames_that_come_a_hair_too_rarely_are_enough() -> None:
    policy = KeyFramePolicy(5, allowed=True)
    distance = 150 / 29.97
    for number in range(3):
        at = number * distance
        changed = policy.frame(key=True, late=False, media_seconds=at, now_seconds=at)
    assert changed


def test_what_keeps_key_frames_from_being_enough_is_named_until_it_is_gone() -> None:
    policy = KeyFramePolicy(5, allowed=True)
    assert not feed(policy, 12, 30)
    assert "every 12.0 s" in (policy.obstacle or "")
    policy.opened()
    assert feed(policy, 2, 30)
    assert policy.obstacle is None


@pytest.mark.parametrize(("interval", "allowed"), [(0.0, True), (5.0, False)])
def test_nothing_is_named_where_every_frame_is_wanted(interval: float, allowed: bool) -> None:
    policy = KeyFramePolicy(interval, allowed=allowed)
    assert not feed(policy, 12, 60)
    policy.frame(key=True, late=True, media_seconds=0.0, now_seconds=100.0)
    assert policy.obstacle is None


# --- fresh frames


def test_frames_buffered_while_opening_are_left_out() -> None:
    freshness = Freshness(period_seconds=0.04, media_times=True)
    now, verdicts = 1.1, []
    for number in range(60):
        sent = number * 0.04
        began = now
        now = max(now + 0.002, sent)
        verdicts.append(
            freshness.fresh(began_seconds=began, arrived_seconds=now, media_seconds=sent)
        )
        if verdicts[-1]:
            assert now - sent < 0.05
    assert not any(verdicts[:25])
    assert all(verdicts[35:])


def test_frames_that_piled_up_later_are_left_out() -> None:
    freshness = Freshness(period_seconds=0.04, media_times=True)
    now = 0.0
    for number in range(200):
        sent = number * 0.04
        began = now
        # The network stands still from 2 s to 4 s.
        now = max(now + 0.002, sent if not 2 <= sent < 4 else 4.0)
        fresh = freshness.fresh(began_seconds=began, arrived_seconds=now, media_seconds=sent)
        if fresh:
            assert now - sent < 0.2
    assert fresh


@pytest.mark.parametrize(
    ("spacing_seconds", "delay_seconds", "fresh"),
    [
        (0.04, 0.1, True),
        (0.04, 0.2, False),
        (2.0, 0.4, True),
        (2.0, 0.6, False),
        (10.0, 0.4, True),
        (10.0, 0.6, False),
    ],
)
def test_the_further_apart_frames_are_the_later_one_may_be(
    spacing_seconds: float, delay_seconds: float, fresh: bool
) -> None:
    freshness = Freshness(period_seconds=0.04, media_times=True, spacing_seconds=spacing_seconds)
    arrived = 0.0
    for number in range(1, 5):
        began, arrived = arrived, number * spacing_seconds
        assert freshness.fresh(began_seconds=began, arrived_seconds=arrived, media_seconds=arrived)
    media = 5 * spacing_seconds
    found = freshness.fresh(
        began_seconds=arrived, arrived_seconds=media + delay_seconds, media_seconds=media
    )
    assert found == fresh


@settings(max_examples=30)
@given(st.lists(st.floats(0, 0.3), min_size=400, max_size=400), st.booleans())
def test_no_guess_silences_a_camera(delays: list[float], media_times: bool) -> None:
    freshness = Freshness(period_seconds=0.04, media_times=media_times)
    now, last_fresh = 0.0, 0.0
    for delay in delays:
        began = now
        now += delay
        if freshness.fresh(began_seconds=began, arrived_seconds=now, media_seconds=0.0):
            last_fresh = now
        assert now - last_fresh <= 6


# --- schedule


def test_a_late_tick_does_not_shift_the_next() -> None:
    schedule, used = Schedule(5), []
    for at in (0, 2, 4, 6, 8, 10, 12, 14, 16, 60, 62, 64, 66):
        if schedule.due(at):
            schedule.done(at)
            used.append(at)
    assert used == [0, 6, 10, 16, 60, 66]


@given(
    interval=st.floats(0.5, 20),
    share=st.floats(0.01, 1),
    jitters=st.lists(st.floats(-0.1, 0.1), min_size=200, max_size=200),
)
def test_no_tick_is_missed_because_frames_come_a_little_early(
    interval: float, share: float, jitters: list[float]
) -> None:
    spacing, used = share * interval, 0
    schedule = Schedule(interval)
    for number, jitter in enumerate(jitters):
        at = (number + jitter) * spacing
        if schedule.due(at, spacing_seconds=spacing):
            schedule.done(at)
            used += 1
    assert abs(used - len(jitters) * spacing / interval) <= 2


@given(st.floats(0, 10), st.lists(st.floats(0.001, 3), max_size=300))
def test_never_more_ticks_than_the_interval_allows(interval: float, steps: list[float]) -> None:
    schedule, now, used = Schedule(interval), 0.0, 0
    for step in steps:
        if schedule.due(now):
            schedule.done(now)
            used += 1
        now += step
    assert used <= (now / interval + 1.001 if interval else len(steps))


# --- causes: texts as FFmpeg writes them

LINES = {
    "[rtsp @ 0x1] method DESCRIBE failed: 401 (Unauthorized)": Cause.UNAUTHORIZED,
    "[http @ 0x1] HTTP error 401 Unauthorized": Cause.UNAUTHORIZED,
    "[http @ 0x1] HTTP error 403 Forbidden": Cause.UNAUTHORIZED,
    "[rtsp @ 0x1] method DESCRIBE failed: 404 (Not Found)": Cause.NOT_FOUND,
    "[http @ 0x1] HTTP error 404 Not Found": Cause.NOT_FOUND,
    "[tcp @ 0x1] Connection to tcp://cam:554?timeout=0 failed: Connection refused": Cause.REFUSED,
    "[tcp @ 0x1] Failed to resolve hostname cam: Name or service not known": Cause.UNRESOLVED,
    "[tcp @ 0x1] Connection to tcp://cam failed: Connection timed out": Cause.TIMEOUT,
    "[tcp @ 0x1] Connection to tcp://cam failed: No route to host": Cause.TIMEOUT,
    "[rtsp @ 0x1] Failed reading RTSP data: Immediate exit requested": Cause.TIMEOUT,
    "[rtsp @ 0x1] Failed reading RTSP data: End of file": Cause.ENDED,
    "[mov,mp4 @ 0x1] moov atom not found": Cause.NO_VIDEO,
    "[rtsp @ 0x1] method OPTIONS failed: 503 (Service Unavailable)": Cause.UNKNOWN,
    "[tls @ 0x1] error:1416F086:SSL routines::certificate verify failed": Cause.UNKNOWN,
    "[rtsp @ 0x1] method SETUP failed: 461 (Unsupported transport)": Cause.UNKNOWN,
    "": Cause.NO_VIDEO,
}


@pytest.mark.parametrize(("line", "cause"), LINES.items())
def test_the_cause_is_read_from_native_lines(line: str, cause: Cause) -> None:
    noise = "[h264 @ 0x5] co located POCs unavailable"
    failure = explain_open(CAMERA, [noise, line], elapsed_seconds=0.1, timeout_seconds=10)
    assert failure.cause is cause
    assert failure.detail.startswith("rtsp://cam/s: ")


def test_without_a_line_the_time_tells() -> None:
    slow = explain_open(CAMERA, [], elapsed_seconds=10, timeout_seconds=10)
    assert slow.cause is Cause.TIMEOUT
    unheard = explain_open(CAMERA, None, elapsed_seconds=0, timeout_seconds=10)
    assert unheard.cause is Cause.UNKNOWN


def test_a_hang_and_an_end_are_told_apart() -> None:
    for seconds, cause in ((0.01, Cause.ENDED), (9.6, Cause.STALLED)):
        failure = explain_loss(
            CAMERA, grab_seconds=seconds, timeout_seconds=10, key_frames_only=False
        )
        assert failure.cause is cause


def test_what_looks_like_a_hang_may_be_key_frames_that_are_far_apart() -> None:
    said = {}
    for url in ("rtsp://cam/s", "http://cam/v.mjpg"):
        failure = explain_loss(
            parse_source(url), grab_seconds=9.6, timeout_seconds=10, key_frames_only=False
        )
        said[url] = failure.detail
    assert "CAPTURE_TIMEOUT_SECONDS" in said["rtsp://cam/s"]
    assert "capture.timeoutSeconds" in said["rtsp://cam/s"]
    assert "key frame" not in said["http://cam/v.mjpg"], "MJPEG has nothing else"


@given(st.text(max_size=40))
def test_no_credentials_in_a_sentence(noise: str) -> None:
    line = f"{noise} HTTP error 500 rtsp://admin:s3cr3t!@cam/s s3cr3t%21"
    failures = [
        explain_open(CAMERA, [line], elapsed_seconds=0, timeout_seconds=1),
        explain_exception(CAMERA, ValueError(line)),
    ]
    for failure in failures:
        assert "s3cr3t" not in failure.detail


# --- JPEG headers


@given(st.integers(1, 300), st.integers(1, 300), st.booleans())
def test_a_jpegs_size_is_read_from_its_header(width: int, height: int, progressive: bool) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    jpeg = bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_PROGRESSIVE, int(progressive)])[1])
    header = read_header(jpeg)
    assert header is not None
    assert (header.width, header.height, header.complete) == (width, height, True)


@given(st.binary(max_size=400))
def test_what_is_no_jpeg_is_nothing(data: bytes) -> None:
    read_header(data)
    read_header(b"\xff\xd8" + data)
    assert read_header(b"\x00" + data) is None


# --- the generated picture


def test_the_test_pattern_moves_and_is_always_the_same() -> None:
    picture = TestPicture(320, 240, 10)
    first, second = draw(0, picture), draw(10, picture)
    assert first.shape == (240, 320, 3)
    assert np.array_equal(first, draw(0, picture))
    moved = cv2.absdiff(first, second).max(axis=2) > 25
    assert np.count_nonzero(moved[60:]) > 500


def test_the_test_pattern_fits_the_smallest_and_the_largest_picture() -> None:
    for size in (64, 7680):
        for number in (0, 12345):
            assert draw(number, TestPicture(size, 64, 1)).shape == (64, size, 3)
