"""The small plane decides as the full-resolution method does."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import agreement, reference_method
from benchmarks.footage import sample_frames
from camerastream.motion import MotionDetector
from tests.unit.motion import scenes

THRESHOLD = reference_method.MOTION_THRESHOLD_PIXELS


@pytest.mark.parametrize(
    ("name", "size", "frames", "steps"),
    [
        ("car", (768, 432), 377, [1, 12, 62]),
        ("person", (768, 432), 500, [1, 10, 50]),
        ("car", (1280, 720), 160, [1, 62]),
        ("person", (1280, 720), 250, [1, 50]),
        ("person", (1920, 1080), 140, [1, 50]),
    ],
)
def test_sample_clips_are_decided_alike(name, size, frames, steps):
    images = sample_frames(name, None if size == (768, 432) else size, frames)
    for done in agreement.compare(images, steps):
        assert len(done.ours_pixels) == frames - done.step
        assert done.agreement_percent(THRESHOLD) >= 99, done.step
        assert done.area_error_percent(THRESHOLD) <= 5, done.step


def test_a_jpeg_is_decided_as_its_pixels_are():
    pixels, jpegs = (MotionDetector(THRESHOLD, 100, 21) for _ in range(2))
    areas = []
    for index, image in enumerate(sample_frames("person", None, 600)):
        if index % 5 == 0:
            made = scenes.frame(image), scenes.jpeg_frame(image)
            areas.append((pixels.check(made[0]).area_pixels, jpegs.check(made[1]).area_pixels))
    decisions = np.array(areas) > THRESHOLD
    assert decisions[:, 0].any()
    assert not decisions[:, 0].all()
    assert (decisions[:, 0] == decisions[:, 1]).mean() >= 0.97


@pytest.mark.parametrize("sigma", [8, 15])
@pytest.mark.parametrize("size", [(641, 363), (1280, 720)])
def test_noise_on_a_still_scene_is_no_motion(sigma, size):
    image = next(sample_frames("person", size))
    assert agreement.false_alarms(image, sigma, frames=15) == 0


def test_noise_does_not_even_make_an_area():
    detector = MotionDetector(500, 100, 21)
    random = np.random.default_rng(5)
    image = scenes.background(1280, 720).astype(np.float32)
    for _ in range(10):
        noisy = np.clip(image + random.normal(0, 15, image.shape), 0, 255).astype(np.uint8)
        assert detector.check(scenes.frame(noisy)).area_pixels == 0
