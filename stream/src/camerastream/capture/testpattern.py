"""A generated moving picture, for trying everything without a camera."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from camerastream.capture.inputs import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from camerastream.capture.source import TestPicture

_BACKGROUND = 60
_BOX_BGR = (40, 180, 240)
_TEXT_BGR = (255, 255, 255)
_BOX_SHARE = 4
_CROSSING_SECONDS = 7.0


class TestPattern:
    """A box that moves over a shaded ground below a frame counter, at a steady pace.

    The same number always gives the same picture.

    Args:
        picture: Size and rate.
        clock: Monotonic seconds.
        wait: Waits for seconds; returns True when it was ended early, to stop.
    """

    __test__ = False  # not a test case, whatever pytest makes of the name

    def __init__(
        self,
        picture: TestPicture,
        *,
        clock: Callable[[], float],
        wait: Callable[[float], bool],
    ) -> None:
        self._picture = picture
        self._clock = clock
        self._wait = wait
        self._number = -1
        self._start_seconds = clock()

    def grab(self) -> bool:
        """Wait for the next picture's time."""
        self._number += 1
        now = self._clock()
        at = self._start_seconds + self._number * self.period_seconds
        if now - at > 1:  # held up, for instance by a suspended machine: do not rush after it
            self._start_seconds += now - at
            return True
        return not (at > now and self._wait(at - now))

    def picture(self) -> Picture:
        """Return the grabbed picture."""
        image = draw(self._number, self._picture)
        return Picture(image, None, self._picture.width, self._picture.height)

    def release(self) -> None:
        """Do nothing: nothing is held."""

    @property
    def is_key(self) -> bool:
        """True: every picture stands by itself."""
        return True

    @property
    def media_seconds(self) -> float:
        """Time of the grabbed picture since the first."""
        return self._number * self.period_seconds

    @property
    def period_seconds(self) -> float:
        """Time between two pictures."""
        return 1 / self._picture.frames_per_second

    @property
    def media_times(self) -> bool:
        """False: nothing is buffered, so nothing can be late."""
        return False

    @property
    def key_frame_late(self) -> bool:
        """False: nothing is held back."""
        return False


def draw(number: int, picture: TestPicture) -> NDArray[np.uint8]:
    """Return picture `number`: shape (height, width, 3), uint8, BGR."""
    width, height = picture.width, picture.height
    image = np.empty((height, width, 3), np.uint8)
    image[:] = (_BACKGROUND + np.arange(height) * 80 // height).astype(np.uint8)[:, None, None]
    side = min(width, height) // _BOX_SHARE
    step = max(1.0, (width - side) / (_CROSSING_SECONDS * picture.frames_per_second))
    left = _bounce(number * step, width - side)
    top = _bounce(number * step * 0.37, height - side)
    image[top : top + side, left : left + side] = _BOX_BGR
    scale = height / 480
    cv2.putText(
        image,
        f"{number:06d}",
        (round(12 * scale), round(44 * scale)),
        cv2.FONT_HERSHEY_SIMPLEX,
        1.4 * scale,
        _TEXT_BGR,
        max(1, round(3 * scale)),
    )
    return cast("NDArray[np.uint8]", image)


def _bounce(way: float, room: int) -> int:
    """Return where something is that moves to and fro between 0 and `room`."""
    if room <= 0:
        return 0
    place = round(way) % (2 * room)
    return min(place, 2 * room - place)
