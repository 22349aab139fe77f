"""Test videos made from the sample clips, kept under build/ once made.

1080p at 30 frames a second, H.264 or HEVC, no B frames, a key frame every 2 s, 4 Mb/s: what a
surveillance camera commonly sends. The sample clips are enlarged and given light noise,
without which the codec would have too easy a life.
The detail of a native 1080p camera is not in them.
"""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, cast

import av
import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = {
    "car": ROOT / "examples/footage/car-detection.mp4",
    "person": ROOT / "examples/footage/one-by-one-person-detection.mp4",
}
SAMPLE_FRAMES_PER_SECOND = {"car": 12.5, "person": 10.0}
BUILD = ROOT / "build" / "benchmarks"

_FRAMES_PER_SECOND = 30
_ENCODERS = {"h264": "libx264", "hevc": "libx265"}
_NOISE_SIGMA = 2.0


def sample_frames(
    name: str, size: tuple[int, int] | None = None, limit: int | None = None
) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of a sample clip as BGR, shape (height, width, 3), uint8.

    Args:
        name: "car" or "person".
        size: (width, height) to enlarge to by bicubic interpolation; None: 768x432.
        limit: Stop after this many frames.
    """
    with av.open(SAMPLES[name]) as container:
        for index, decoded in enumerate(container.decode(video=0)):
            if limit is not None and index >= limit:
                return
            image = cast("NDArray[np.uint8]", decoded.to_ndarray(format="bgr24"))
            if size:
                enlarged = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
                image = cast("NDArray[np.uint8]", enlarged)
            yield image


def camera_clip(
    name: str,
    seconds: int,
    size: tuple[int, int] = (1920, 1080),
    *,
    codec: str = "h264",
    key_frame_seconds: int = 2,
) -> Path:
    """Make the test video of a sample, or return the one made earlier.

    The sample plays at its own pace (frames are repeated, with eight fields of noise in
    turn), over and over until the video is long enough.

    Args:
        name: "car" or "person".
        seconds: Length of the video.
        size: (width, height) in pixels.
        codec: "h264" or "hevc".
        key_frame_seconds: From one key frame to the next.
    """
    kind = f"{codec}-key{key_frame_seconds}s"
    path = BUILD / "footage" / f"{name}-{size[1]}p30-{kind}-{seconds}s.mp4"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}.tmp.mp4")
    noise = np.random.default_rng(7).normal(0, _NOISE_SIGMA, (8, size[1], size[0], 1))
    noise = noise.astype(np.int8)
    repeats = Fraction(_FRAMES_PER_SECOND) / Fraction(SAMPLE_FRAMES_PER_SECOND[name])
    with av.open(unfinished, "w") as container:
        stream = container.add_stream(_ENCODERS[codec], rate=_FRAMES_PER_SECOND)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.bit_rate = 4_000_000
        stream.codec_context.gop_size = key_frame_seconds * _FRAMES_PER_SECOND
        stream.options = _encoder_options(codec, key_frame_seconds * _FRAMES_PER_SECOND)
        source, image, shown = sample_frames(name, size), None, -1
        for index in range(seconds * _FRAMES_PER_SECOND):
            while image is None or shown < int(index / repeats):
                image = next(source, None)
                shown += 1
                if image is None:
                    source = sample_frames(name, size)
                    image = next(source)
            noisy = np.clip(image.astype(np.int16) + noise[index % len(noise)], 0, 255)
            frame = av.VideoFrame.from_ndarray(noisy.astype(np.uint8), format="bgr24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    unfinished.rename(path)
    return path


def _encoder_options(codec: str, key_frame_frames: int) -> dict[str, str]:
    if codec == "hevc":
        # x265 takes only its own way of saying these.
        return {
            "preset": "veryfast",
            "x265-params": f"bframes=0:scenecut=0:keyint={key_frame_frames}:log-level=error",
        }
    return {"preset": "veryfast", "bf": "0", "sc_threshold": "0"}
