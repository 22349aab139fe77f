"""A 1080p H.264 file, every frame: instructions by stage.

Unlike time they are the same on every machine of a kind and whatever else it does. A process
that handles some frames is run under valgrind, and one that handles more of the same; the
difference is what a frame takes. Decoding goes on in all of them.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

from benchmarks.footage import ROOT, camera_clip
from benchmarks.result import Result, Row

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FRAMES = (10, 50)
_CLIP_SECONDS = 20
_REFERENCE = {"motion": "usual-motion", "encode": "usual-encode"}
_TOTAL = re.compile(r"I\s+refs:\s+([\d,]+)")


def run() -> Result:
    """Count each stage."""
    from tests.testbed import requirement  # noqa: PLC0415 - the testbed is needed here only

    requirement.tools({"valgrind": "valgrind"})
    decode = per_frame("decode")

    def stage(name: str) -> float:
        return per_frame(name) - decode

    rows = [Row("decode", decode / 1e6, "million/frame", decode / 1e6)]
    found = {name: stage(name) for name in ("motion", "encode")}
    for name, count in found.items():
        usual = stage(_REFERENCE[name])
        rows.append(Row(name, count / 1e6, "million/frame", usual / 1e6))
    share = 100 * found["motion"] / (decode + found["encode"])
    rows.append(Row("motion, of decode + encode", share, "%", None, "at most 5", share <= 5))
    return Result(
        "instructions",
        "the full-resolution method with optimised JPEG (benchmarks/reference_method.py)",
        f"1080p H.264, frames {FRAMES[0]} to {FRAMES[1]}, counted by valgrind",
        rows,
    )


def per_frame(stage: str) -> float:
    """Return the instructions that decoding and one stage take for a frame."""
    fewer, more = (_count(stage, frames) for frames in FRAMES)
    return (more - fewer) / (FRAMES[1] - FRAMES[0])


def _count(stage: str, frames: int) -> int:
    camera_clip("car", _CLIP_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                *("valgrind", "--tool=cachegrind", "--cache-sim=no"),
                f"--cachegrind-out-file={Path(folder) / 'counts'}",
                *(sys.executable, "-m", "benchmarks.instructions", stage, str(frames)),
            ],
            cwd=ROOT,
            env={
                **os.environ,
                "OPENBLAS_NUM_THREADS": "1",
                "OPENCV_FOR_THREADS_NUM": "1",
                # Or the order of sets differs from run to run, and what is loaded with it.
                "PYTHONHASHSEED": "0",
            },
            capture_output=True,
            text=True,
            check=True,
        )
    found = _TOTAL.search(done.stderr)
    if found is None:
        raise RuntimeError(f"valgrind said: {done.stderr[-500:]}")
    return int(found[1].replace(",", ""))


def handle(stage: str, frames: int) -> None:
    """Decode so many frames and do one stage's work on each: what is counted."""
    import cv2  # noqa: PLC0415 - the counting process has no use for it

    from benchmarks import reference_method  # noqa: PLC0415
    from camerastream.encoding import JpegEncoder  # noqa: PLC0415
    from camerastream.frames import Frame, Motion  # noqa: PLC0415
    from camerastream.motion import MotionDetector  # noqa: PLC0415

    cv2.setNumThreads(1)
    path = camera_clip("car", _CLIP_SECONDS)
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    detector = MotionDetector(
        reference_method.MOTION_THRESHOLD_PIXELS,
        reference_method.MIN_CONTOUR_AREA_PIXELS,
        reference_method.BLUR_SIZE_PIXELS,
    )
    encoder, usual = JpegEncoder(reference_method.QUALITY), reference_method.ReferenceMethod()
    still = Motion(area_pixels=0, area_percent=0.0, detected=False)
    for _ in range(frames):
        image = cast("NDArray[np.uint8]", capture.read()[1])
        frame = Frame(image, None, image.shape[1], image.shape[0], 0.0)
        match stage:
            case "motion":
                detector.check(frame)
            case "encode":
                encoder.encode(frame, still)
            case "usual-motion":
                usual.area_pixels(image)
            case "usual-encode":
                usual.jpeg(image)


def main() -> None:
    """Handle frames; run by the benchmark under valgrind."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("stage", choices=["decode", *_REFERENCE, *_REFERENCE.values()])
    parser.add_argument("frames", type=int)
    given = parser.parse_args()
    handle(given.stage, given.frames)


if __name__ == "__main__":
    main()
