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
_STAGES = ("motion", "encode")
_USUAL = "usual-"
_TOTAL = re.compile(r"I\s+refs:\s+([\d,]+)")


def run() -> Result:
    """Count each stage."""
    from tests.testbed import requirement  # noqa: PLC0415 - the testbed is needed here only

    requirement.tools({"valgrind": "valgrind"})
    decode = per_frame("decode")

    def stage(name: str) -> float:
        return per_frame(name) - decode

    rows = [Row("decode", decode / 1e6, "million/frame", decode / 1e6)]
    found = {name: stage(name) for name in _STAGES}
    for name, count in found.items():
        usual = stage(_USUAL + name)
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

    from benchmarks import every_frame  # noqa: PLC0415

    cv2.setNumThreads(1)
    path = camera_clip("car", _CLIP_SECONDS)
    usual = stage.startswith(_USUAL)
    side = every_frame.reference(path) if usual else every_frame.ours(path)
    for _ in range(frames):
        image = cast("NDArray[np.uint8]", side.capture.read()[1])
        match stage.removeprefix(_USUAL):
            case "motion":
                side.motion(image)
            case "encode":
                side.encode(image)


def main() -> None:
    """Handle frames; run by the benchmark under valgrind."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument(
        "stage", choices=["decode", *_STAGES, *(_USUAL + stage for stage in _STAGES)]
    )
    parser.add_argument("frames", type=int)
    given = parser.parse_args()
    handle(given.stage, given.frames)


if __name__ == "__main__":
    main()
