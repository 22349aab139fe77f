"""What the simulated camera films: H.264 access units and the same pictures as JPEG.

Every generated picture carries its number as a bar code, so that a test can say which
frame it holds and, with the camera's record of sending times, how old it is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

import av
import cv2
import numpy as np
from av.bitstream import BitStreamFilterContext

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_START_CODE = re.compile(rb"\x00\x00\x01")
_BITS = 16
_BLOCK_PIXELS = 16
_SPS, _PPS = 7, 8
BARCODE_WIDTH_PIXELS = (_BITS + 2) * _BLOCK_PIXELS
"""A picture must be at least this wide to carry its number."""


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One coded picture.

    Attributes:
        index: Number of the picture, as its bar code says.
        show_seconds: Presentation time within the clip.
        key: Whether it can be decoded by itself.
        nals: Its NAL units without start codes.
    """

    index: int
    show_seconds: float
    key: bool
    nals: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """Coded pictures, to be sent over and over.

    Attributes:
        units: H.264 in the order of sending.
        jpegs: The same pictures in the order of showing; empty when not asked for.
        width: Width in pixels.
        height: Height in pixels.
        frames_per_second: Pictures per second.
    """

    units: tuple[AccessUnit, ...]
    jpegs: tuple[bytes, ...]
    width: int
    height: int
    frames_per_second: float

    @property
    def duration_seconds(self) -> float:
        """Length of one round."""
        return len(self.units) / self.frames_per_second

    @property
    def parameter_sets(self) -> tuple[bytes, bytes]:
        """The sequence and the picture parameter set."""
        nals = [nal for unit in self.units for nal in unit.nals]
        return (
            next(nal for nal in nals if nal[0] & 31 == _SPS),
            next(nal for nal in nals if nal[0] & 31 == _PPS),
        )


def draw(index: int, width: int, height: int) -> NDArray[np.uint8]:
    """Return picture number `index`: bar code above, a moving box below."""
    image = np.full((height, width, 3), 90, np.uint8)
    bits = [1, 0, *((index >> bit) & 1 for bit in range(_BITS))]
    for place, bit in enumerate(bits):
        left = place * _BLOCK_PIXELS
        image[:_BLOCK_PIXELS, left : left + _BLOCK_PIXELS] = 255 if bit else 0
    side = height // 4
    left = (index * 6) % max(1, width - side)
    image[height // 2 : height // 2 + side, left : left + side] = (40, 200, 240)
    return image


def read_number(image: NDArray[np.uint8]) -> int:
    """Return the number in a picture's bar code.

    Raises:
        ValueError: There is none.
    """
    middle = _BLOCK_PIXELS // 2
    blocks = [
        int(
            image[
                4:12, place * _BLOCK_PIXELS + middle - 3 : place * _BLOCK_PIXELS + middle + 3
            ].mean()
            > 128
        )
        for place in range(_BITS + 2)
    ]
    if blocks[:2] != [1, 0]:
        raise ValueError("the picture carries no number")
    return sum(bit << place for place, bit in enumerate(blocks[2:]))


def generate(
    *,
    width: int = 320,
    height: int = 240,
    frames_per_second: int = 25,
    gop_seconds: float = 2.0,
    seconds: float = 8.0,
    b_frames: int = 0,
    jpegs: bool = False,
) -> Clip:
    """Film numbered pictures.

    Args:
        width: Width in pixels, at least `BARCODE_WIDTH_PIXELS`.
        height: Height in pixels.
        frames_per_second: Pictures per second.
        gop_seconds: Distance of key frames.
        seconds: Length of a round.
        b_frames: How many B frames between others.
        jpegs: Keep each picture as JPEG too.
    """
    count = round(seconds * frames_per_second)
    pictures = (draw(index, width, height) for index in range(count))
    return encode(
        pictures, frames_per_second=frames_per_second, gop_seconds=gop_seconds,
        b_frames=b_frames, jpegs=jpegs,
    )  # fmt: skip


def encode(
    pictures: Iterable[NDArray[np.uint8]],
    *,
    frames_per_second: float,
    gop_seconds: float,
    b_frames: int = 0,
    jpegs: bool = False,
) -> Clip:
    """Compress pictures (height, width, 3; BGR) with libx264."""
    codec = None
    packets: list[av.Packet] = []
    kept: list[bytes] = []
    width = height = 0
    gop = max(1, round(gop_seconds * frames_per_second))
    for index, picture in enumerate(pictures):
        if codec is None:
            height, width = picture.shape[:2]
            codec = _encoder(width, height, frames_per_second, gop, b_frames)
        frame = av.VideoFrame.from_ndarray(picture, format="bgr24")
        frame.pts = index
        frame.time_base = codec.time_base
        packets += codec.encode(frame)
        if jpegs:
            kept.append(to_jpeg(picture))
    if codec is None:
        raise ValueError("a clip needs at least one picture")
    packets += codec.encode(None)
    units = tuple(_units(packets, frames_per_second))
    return Clip(units, tuple(kept), width, height, frames_per_second)


def load(path: Path, *, gop_seconds: float | None = None, jpegs: bool = False) -> Clip:
    """Take a clip from a video file.

    Args:
        path: The file; its H.264 is used as it is unless `gop_seconds` is given.
        gop_seconds: Compress again with this distance of key frames.
        jpegs: Keep each picture as JPEG too.
    """
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        rate = float(stream.average_rate or 25)
        width, height = stream.codec_context.width, stream.codec_context.height
        if gop_seconds is not None:
            pictures = (frame.to_ndarray(format="bgr24") for frame in container.decode(stream))
            return encode(pictures, frames_per_second=rate, gop_seconds=gop_seconds, jpegs=jpegs)
        annex_b = BitStreamFilterContext("h264_mp4toannexb", stream)
        packets = [out for packet in container.demux(stream) for out in annex_b.filter(packet)]
    kept: list[bytes] = []
    if jpegs:
        with av.open(str(path)) as container:
            kept = [to_jpeg(f.to_ndarray(format="bgr24")) for f in container.decode(video=0)]
    first, last = packets[0], packets[-1]
    rate = (len(packets) - 1) / float((last.dts - first.dts) * first.time_base)
    return Clip(tuple(_units(packets, rate)), tuple(kept), width, height, rate)


def to_jpeg(picture: NDArray[np.uint8]) -> bytes:
    """Return a picture as a camera would send it in an MJPEG stream."""
    return bytes(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])[1])


def _encoder(width: int, height: int, rate: float, gop: int, b_frames: int) -> av.VideoCodecContext:
    codec = av.CodecContext.create("libx264", "w")
    codec.width, codec.height, codec.pix_fmt = width, height, "yuv420p"
    codec.time_base = 1 / Fraction(rate).limit_denominator(1001)
    codec.framerate = Fraction(rate).limit_denominator(1001)
    codec.options = {
        "preset": "veryfast" if b_frames else "ultrafast",
        "x264-params": f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes={b_frames}"
        f":threads=1:b-adapt=0:rc-lookahead={b_frames}:open-gop=0",
    }
    return codec


def _units(packets: list[av.Packet], rate: float) -> Iterator[AccessUnit]:
    first_shown = min(packet.pts for packet in packets)
    for packet in packets:
        nals = [part.rstrip(b"\x00") for part in _START_CODE.split(bytes(packet))]
        show = float((packet.pts - first_shown) * packet.time_base)
        yield AccessUnit(
            index=round(show * rate),
            show_seconds=show,
            key=packet.is_keyframe,
            nals=tuple(nal for nal in nals if nal),
        )
