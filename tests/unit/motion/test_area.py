"""The moved area means pixels of the full frame, at every size and factor."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import reference_method
from camerastream.motion import MotionDetector
from camerastream.motion.plane import choose_factor
from tests.unit.motion import scenes

SIZES = [(320, 240), (641, 363), (768, 432), (1280, 720), (1283, 717), (1920, 1080)]


def reference_area(first, second, *, blur=21, least=100):
    planes = (reference_method.blurred_gray(image, blur) for image in (second, first))
    return reference_method.moved_area_pixels(*planes, least)


def measured(first, second, *, threshold=500, blur=21, least=100, make=scenes.frame):
    detector = MotionDetector(threshold, least, blur)
    detector.check(make(first))
    return detector.check(make(second))


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("side", [16, 40, 90])
def test_a_box_that_appears_has_the_area_of_the_full_resolution_method(width, height, side):
    empty = scenes.background(width, height)
    boxed = scenes.with_box(empty, width // 3, height // 3, side, side)
    expected = reference_area(empty, boxed)
    motion = measured(empty, boxed)
    # Areas far above the threshold are estimated: a sharp box is the hardest case.
    assert motion.area_pixels == pytest.approx(expected, rel=0.1)
    if expected < 2000:
        assert motion.area_pixels == pytest.approx(expected, rel=0.06)
    assert motion.area_percent == pytest.approx(100 * motion.area_pixels / (width * height))


@pytest.mark.parametrize("threshold", [0, 500, 50_000])
def test_a_box_that_moves_is_counted_where_it_was_and_where_it_is(threshold):
    empty = scenes.background(1280, 720)
    before = scenes.with_box(empty, 200, 200, 60, 120)
    after = scenes.with_box(empty, 500, 220, 60, 120)
    expected = reference_area(before, after)
    assert measured(before, after, threshold=threshold).area_pixels == pytest.approx(
        expected, rel=0.05
    )


@pytest.mark.parametrize("blur", [1, 3, 5, 9, 11, 21, 31, 45, 101])
@pytest.mark.parametrize(("width", "height"), [(641, 363), (1280, 720), (2560, 1440)])
def test_every_blur_size_means_what_it_means_at_full_resolution(blur, width, height):
    empty = scenes.background(width, height)
    boxed = scenes.with_box(empty, width // 2, height // 2, 70, 50)
    expected = reference_area(empty, boxed, blur=blur)
    assert measured(empty, boxed, blur=blur).area_pixels == pytest.approx(expected, rel=0.1)


def test_the_factor_follows_the_blur_and_the_size():
    blurs = (1, 9, 11, 19, 21, 41, 45)
    assert [choose_factor(3840, 2160, blur) for blur in blurs] == [1, 1, 2, 2, 4, 4, 8]
    sizes = ((1920, 1080), (1080, 1920), (1280, 720), (768, 432), (320, 240), (1, 1))
    assert [choose_factor(*size, 21) for size in sizes] == [4, 4, 4, 2, 1, 1]


@pytest.mark.parametrize("make", [scenes.frame, scenes.jpeg_frame])
def test_regions_below_the_least_contour_area_are_left_out(make):
    empty = scenes.background(1280, 720)
    two = scenes.with_box(scenes.with_box(empty, 100, 100, 40, 40), 900, 500, 16, 16)
    small = reference_area(empty, scenes.with_box(empty, 900, 500, 16, 16), least=0)
    both = measured(empty, two, least=int(small * 0.7), make=make).area_pixels
    only_large = measured(empty, two, least=int(small * 1.3), make=make).area_pixels
    assert both - only_large == pytest.approx(small, rel=0.15)


def test_at_full_resolution_the_answer_is_exactly_the_full_resolution_methods():
    rng = np.random.default_rng(3)
    first = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
    second = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
    expected = reference_area(first, second, blur=5, least=7)
    assert measured(first, second, blur=5, least=7).area_pixels == round(expected)


def test_everything_changing_is_never_more_than_the_frame():
    black = np.zeros((363, 641, 3), np.uint8)
    motion = measured(black, np.full_like(black, 255))
    assert 0.95 * 641 * 363 < motion.area_pixels <= 641 * 363
    assert motion.area_percent <= 100


def test_hundreds_of_small_regions_are_measured_too():
    empty = scenes.background(1280, 720)
    dotted = empty.copy()
    for top in range(20, 700, 50):
        for left in range(20, 1260, 50):
            dotted[top : top + 14, left : left + 14] = 255
    expected = reference_area(empty, dotted)
    assert measured(empty, dotted, threshold=1_000_000).area_pixels == pytest.approx(
        expected, rel=0.3
    )
