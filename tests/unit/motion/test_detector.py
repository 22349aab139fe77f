"""What the detector remembers, decides and refuses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerastream.frames import Frame
from camerastream.motion import MotionDetector
from tests.unit.motion import scenes

EMPTY = scenes.background(640, 360)
BOXED = scenes.with_box(EMPTY, 100, 100, 80, 80)


def detector(threshold=500, least=100, blur=21):
    return MotionDetector(threshold, least, blur)


def test_the_first_frame_has_nothing_to_be_compared_with():
    motion = detector().check(scenes.frame(BOXED))
    assert (motion.area_pixels, motion.area_percent, motion.detected) == (0, 0.0, False)


def test_each_frame_is_compared_with_the_one_before_it():
    checked = detector()
    found = [checked.check(scenes.frame(image)).detected for image in (EMPTY, BOXED, BOXED, EMPTY)]
    assert found == [False, True, False, True]


def test_threshold_zero_finds_motion_in_every_frame_also_the_first():
    checked = detector(threshold=0)
    assert [checked.check(scenes.frame(EMPTY)).detected for _ in range(3)] == [True] * 3
    assert checked.check(scenes.frame(EMPTY)).area_pixels == 0


def test_the_area_must_be_above_the_threshold_not_at_it():
    checked = detector()
    checked.check(scenes.frame(EMPTY))
    area = checked.check(scenes.frame(BOXED)).area_pixels
    for threshold, expected in ((area - 1, True), (area, False)):
        checked = detector(threshold)
        checked.check(scenes.frame(EMPTY))
        motion = checked.check(scenes.frame(BOXED))
        assert motion.detected is (motion.area_pixels > threshold)
        if motion.area_pixels == area:
            assert motion.detected is expected


def test_a_change_of_size_starts_anew():
    checked = detector()
    checked.check(scenes.frame(EMPTY))
    larger = scenes.background(800, 600)
    assert checked.check(scenes.frame(larger)).area_pixels == 0
    assert checked.check(scenes.frame(EMPTY)).area_pixels == 0
    assert checked.check(scenes.frame(BOXED)).detected


def test_a_frame_is_not_changed_and_not_kept():
    checked = detector()
    first = EMPTY.copy()
    checked.check(scenes.frame(first))
    first[:] = 255
    image = BOXED.copy()
    area = checked.check(scenes.frame(image)).area_pixels
    assert np.array_equal(image, BOXED)
    again = detector()
    again.check(scenes.frame(EMPTY))
    assert again.check(scenes.frame(BOXED)).area_pixels == area


@pytest.mark.parametrize(("width", "height"), [(1283, 717), (1283, 2600), (641, 363), (320, 200)])
def test_pixels_and_the_cameras_own_jpegs_may_alternate(width, height):
    checked = detector(blur=45)
    empty = scenes.background(width, height)
    boxed = scenes.with_box(empty, 90, 70, 80, 90)
    frames = [
        make(image)
        for image in (empty, empty, boxed, boxed, empty)
        for make in (scenes.frame, scenes.jpeg_frame)
    ]
    found = [checked.check(frame).detected for frame in frames]
    assert [place for place, moved in enumerate(found) if moved] == [4, 8]


@pytest.mark.parametrize(
    "image",
    [
        EMPTY[:, :, 0],
        EMPTY[:-1],
        EMPTY.astype(np.uint16),
        np.zeros((360, 640, 4), np.uint8),
        np.zeros((0, 0, 3), np.uint8),
    ],
    ids=["gray", "too few rows", "uint16", "four channels", "empty"],
)
def test_malformed_pixels_are_refused_and_leave_no_trace(image):
    checked = detector()
    checked.check(scenes.frame(EMPTY))
    with pytest.raises(ValueError, match="needs pixels of shape"):
        checked.check(Frame(image, None, 640, 360, 0.0))
    assert checked.check(scenes.frame(BOXED)).detected


@pytest.mark.parametrize("jpeg", [b"", b"not a picture", b"\xff\xd8\xff\xe0" + bytes(50), None])
def test_an_undecodable_jpeg_is_refused_and_leaves_no_trace(jpeg):
    checked = detector()
    checked.check(scenes.frame(EMPTY))
    with pytest.raises(ValueError, match="cannot be decoded"):
        checked.check(Frame(None, jpeg, 640, 360, 0.0))
    assert checked.check(scenes.frame(BOXED)).detected


def test_a_jpeg_of_another_size_than_its_frame_says_is_refused():
    jpeg = scenes.jpeg_frame(EMPTY).jpeg
    with pytest.raises(ValueError, match="not of 1280x720 pixels"):
        detector().check(Frame(None, jpeg, 1280, 720, 0.0))


def test_a_frame_without_pixels_is_refused():
    with pytest.raises(ValueError, match="has no pixels"):
        detector().check(Frame(EMPTY, None, 0, 360, 0.0))


@pytest.mark.parametrize(
    ("threshold", "least", "blur"), [(-1, 0, 21), (0, -1, 21), (0, 0, 4), (0, 0, 0)]
)
def test_settings_that_mean_nothing_are_refused(threshold, least, blur):
    with pytest.raises(ValueError, match="must"):
        MotionDetector(threshold, least, blur)


def pictures():
    """Frames of one size with a few boxes of any brightness."""
    box = st.tuples(
        st.integers(0, 150), st.integers(0, 110), st.integers(1, 80), st.integers(1, 80),
        st.integers(0, 255),
    )  # fmt: skip
    return st.lists(box, max_size=4).map(_draw)


def _draw(boxes):
    image = scenes.background(161, 123)
    for left, top, width, height, level in boxes:
        image[top : top + height, left : left + width] = level
    return image


@settings(deadline=None, max_examples=60)
@given(first=pictures(), second=pictures(), least=st.integers(0, 2000))
def test_the_area_is_never_negative_and_never_above_the_frame(first, second, least):
    checked = detector(least=least)
    checked.check(scenes.frame(first))
    motion = checked.check(scenes.frame(second))
    assert 0 <= motion.area_pixels <= 161 * 123
    assert 0 <= motion.area_percent <= 100


@settings(deadline=None, max_examples=40)
@given(image=pictures(), blur=st.sampled_from([1, 5, 9, 21, 45]), as_jpeg=st.booleans())
def test_identical_frames_have_no_motion(image, blur, as_jpeg):
    checked = detector(least=0, blur=blur)
    make = scenes.jpeg_frame if as_jpeg else scenes.frame
    checked.check(make(image))
    assert checked.check(make(image)).area_pixels == 0


@settings(deadline=None, max_examples=60)
@given(
    first=pictures(),
    second=pictures(),
    thresholds=st.lists(st.integers(0, 20_000), min_size=2, max_size=6),
)
def test_motion_at_a_threshold_is_motion_at_every_lower_one(first, second, thresholds):
    decisions = []
    for threshold in sorted(thresholds):
        checked = detector(threshold)
        checked.check(scenes.frame(first))
        decisions.append(checked.check(scenes.frame(second)).detected)
    assert decisions == sorted(decisions, reverse=True)
