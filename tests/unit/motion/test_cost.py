"""What motion costs, as a ratio to the usual method in one process: never seconds.

Both do their work in turns on the same pictures, and the least of many turns counts: what
else the machine does makes single turns slower, never all of them.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from benchmarks.reference_method import ReferenceMethod
from camerastream.encoding import JpegEncoder
from camerastream.frames import Frame
from camerastream.motion import MotionDetector

if TYPE_CHECKING:
    from collections.abc import Callable

TURNS = 25
WIDTH, HEIGHT = 1920, 1080


def scenes() -> list[np.ndarray]:
    """Two pictures of a scene in which a box has moved."""
    picture = cv2.GaussianBlur(
        np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8), (9, 9), 0
    )
    moved = picture.copy()
    moved[400:480, 600:700] = 255
    return [picture, moved]


def least_seconds(works: list[Callable[[int], object]]) -> list[float]:
    least = [float("inf")] * len(works)
    for turn in range(TURNS):
        for place, work in enumerate(works):
            began = time.thread_time()
            work(turn % 2)
            least[place] = min(least[place], time.thread_time() - began)
    return least


@pytest.mark.parametrize(
    ("moved", "times"),
    [
        # 7 to 8 times when this was written.
        (True, 4),
        # 10 to 14 times.
        (False, 7),
    ],
)
def test_motion_costs_a_fraction_of_the_usual_method(moved: bool, times: int) -> None:
    first, second = scenes()
    pictures = [first, second if moved else first]
    frames = [Frame(picture, None, WIDTH, HEIGHT, 0.0) for picture in pictures]
    detector, method = MotionDetector(500, 100, 21), ReferenceMethod()
    ours, usual = least_seconds(
        [
            lambda turn: detector.check(frames[turn]),
            lambda turn: method.area_pixels(pictures[turn]),
        ]
    )
    assert usual / ours > times


def test_an_mjpeg_frame_costs_a_fraction_of_decoding_and_compressing_it() -> None:
    jpegs = [cv2.imencode(".jpg", picture)[1].tobytes() for picture in scenes()]
    frames = [Frame(None, jpeg, WIDTH, HEIGHT, 0.0) for jpeg in jpegs]
    detector, encoder = MotionDetector(500, 100, 21), JpegEncoder(80)

    def again(turn: int) -> None:
        image = cv2.imdecode(np.frombuffer(jpegs[turn], np.uint8), cv2.IMREAD_COLOR)
        assert image is not None
        cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 80])

    ours, decoded_again = least_seconds(
        [lambda turn: encoder.encode(frames[turn], detector.check(frames[turn])), again]
    )
    # 5 to 6 times on camera footage; noise such as here has more to decode.
    assert decoded_again / ours > 2
