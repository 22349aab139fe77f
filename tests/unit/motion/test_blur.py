"""Blurring a part of a difference finds what blurring whole planes finds."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camerastream.motion.area import blurred_difference
from camerastream.motion.blur import DIFFERENCE_UNITS_PER_LEVEL, Blur, box_variance
from camerastream.motion.plane import Plane

ROWS, COLUMNS = 90, 120
NEAR = 20 * DIFFERENCE_UNITS_PER_LEVEL

spots = st.lists(
    st.tuples(
        st.integers(0, ROWS - 1),
        st.integers(0, COLUMNS - 1),
        st.integers(1, 12),
        st.integers(0, 255),
    ),
    min_size=1,
    max_size=5,
)


def drawn(changes):
    samples = np.random.default_rng(1).integers(100, 110, (ROWS, COLUMNS), np.uint8)
    for row, column, size, level in changes:
        samples[row : row + size, column : column + size] = level
    return samples


def corner(difference):
    """Return the first row and column that hold anything above the level."""
    return np.argwhere(difference > NEAR).min(axis=0, initial=ROWS + COLUMNS)


def offsets(part, whole):
    """Yield where in the whole the part may be from; rounding may move its corner by one."""
    top, left = corner(whole) - corner(part)
    return itertools.product(range(top - 1, top + 2), range(left - 1, left + 2))


def holds_at(top, left, part, whole):
    """Say whether the part is that of the whole, to a unit, and nothing is beside it."""
    rows, columns = part.shape
    if not (0 <= top <= ROWS - rows and 0 <= left <= COLUMNS - columns):
        return False
    window = whole[top : top + rows, left : left + columns].astype(int)
    near = window > NEAR
    all_of_it = near.sum() == (whole > NEAR).sum()
    return (
        all_of_it and (np.abs(window - part)[near] <= 1).all() and (part[~near] <= NEAR + 1).all()
    )


@settings(deadline=None, max_examples=200)
@given(changes=spots, size=st.sampled_from([21, 31, 45, 101]), factor=st.sampled_from([2, 4, 8]))
def test_a_change_anywhere_is_blurred_as_in_the_whole_planes(changes, size, factor):
    before, after = drawn([]), drawn(changes)
    box = box_variance(factor)
    blur = Blur(size, factor, box, 0.0)
    whole = blur.difference(after, before)
    if cv2.norm(after, before, cv2.NORM_INF) <= 20:
        assert whole.max() <= NEAR
        return
    part = blurred_difference(Plane(after, blur), Plane(before, blur))
    if whole.max() <= NEAR + 1:
        assert part.max() <= NEAR + 1
        return
    assert any(holds_at(top, left, part, whole) for top, left in offsets(part, whole))


@settings(deadline=None, max_examples=60)
@given(
    first=st.integers(0, 255), second=st.integers(0, 255), size=st.sampled_from([11, 21, 45, 101])
)
def test_a_difference_everywhere_stays_what_it_is(first, second, size):
    blur = Blur(size, 2, box_variance(2), box_variance(2))
    planes = (np.full((20, 30), level, np.uint8) for level in (first, second))
    expected = abs(first - second) * DIFFERENCE_UNITS_PER_LEVEL
    assert np.abs(blur.difference(*planes).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("size", [21, 31, 45])
def test_what_is_left_adds_up_to_the_whole_blur(size):
    factor, far = 4, 40
    blur = Blur(size, factor, box_variance(factor), 0.0)
    point = np.zeros((2 * far + 1, 2 * far + 1), np.uint8)
    point[far, far] = 255
    spread = blur.difference(point, np.zeros_like(point)).astype(float)
    distances = (np.arange(2 * far + 1) - far) ** 2 * factor**2
    kernel = cv2.getGaussianKernel(size, 0)[:, 0]
    wanted = (kernel * (np.arange(size) - size // 2) ** 2).sum()
    across = (spread.sum(axis=0) * distances).sum() / spread.sum()
    down = (spread.sum(axis=1) * distances).sum() / spread.sum()
    assert across + box_variance(factor) == pytest.approx(wanted, rel=0.02)
    assert down == pytest.approx(wanted, rel=0.02)
