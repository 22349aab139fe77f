"""What people write themselves: loops that watch a camera, one frame per interval.

    python -m benchmarks.reference_loop read-all rtsp://... 5

`read-all` is the usual loop: it reads every frame and handles one per interval. `decode-all`
does no more than decode every frame, and handle one per interval.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def watch(which: str, url: str, interval_seconds: float) -> None:
    """Watch until killed; prints a line for each frame that was handled.

    Args:
        which: `read-all` or `decode-all`.
        url: The camera.
        interval_seconds: From one handled frame to the next.

    Raises:
        SystemExit: The camera has gone.
    """
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp"
    import cv2  # noqa: PLC0415 - reads the environment when it is loaded

    from benchmarks.reference_method import ReferenceMethod  # noqa: PLC0415

    method = ReferenceMethod()
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    due = time.monotonic()
    while True:
        if which == "read-all":
            got, pixels = capture.read()
        else:
            got, pixels = capture.grab(), None
        if not got:
            raise SystemExit("the camera has gone")
        if time.monotonic() < due:
            continue
        due += interval_seconds
        if pixels is None:
            _, pixels = capture.retrieve()
        image = cast("NDArray[np.uint8]", pixels)
        method.area_pixels(image)
        print(len(method.jpeg(image)), flush=True)


def main() -> None:
    """Watch."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("which", choices=["read-all", "decode-all"])
    parser.add_argument("url")
    parser.add_argument("interval_seconds", type=float)
    given = parser.parse_args()
    watch(given.which, given.url, given.interval_seconds)


if __name__ == "__main__":
    main()
