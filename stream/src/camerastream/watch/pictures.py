"""Keeps pictures of what arrives: a contact sheet, and the frames themselves."""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import cv2
import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from camerastream.message import FrameHeader

_CELL_WIDTH_PIXELS = 320
_CELL_HEIGHT_PIXELS = 180
_CAPTION_HEIGHT_PIXELS = 36
_MARGIN_PIXELS = 6
_LONGEST_NAME = 120

# Decoding a JPEG at a fraction of its size costs a fraction of the time and memory.
_REDUCED = (
    (8, cv2.IMREAD_REDUCED_COLOR_8),
    (4, cv2.IMREAD_REDUCED_COLOR_4),
    (2, cv2.IMREAD_REDUCED_COLOR_2),
)


class DamagedPictureError(ValueError):
    """A value that is no picture."""


@dataclass(frozen=True, slots=True)
class _Cell:
    picture: NDArray[np.uint8]
    captions: tuple[str, str]


class ContactSheet:
    """Collects small pictures, evenly spread over all that arrives, and lays them out.

    Memory is bounded: twice `most` small pictures at most. When there are more, every
    second one is dropped and from then on only every second frame is taken.

    Args:
        most: How many pictures the sheet shows at most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._every = 1
        self._offered = 0
        self._cells: list[_Cell] = []

    @property
    def shown(self) -> int:
        """How many pictures the sheet will show."""
        return min(self._most, len(self._cells))

    def offer(self, header: FrameHeader, jpeg: bytes) -> None:
        """Take a frame, or pass it over.

        Raises:
            DamagedPictureError: It was to be taken and cannot be decoded.
        """
        wanted = self._offered % self._every == 0
        self._offered += 1
        if not wanted:
            return
        self._cells.append(_Cell(_small(jpeg, header.width), _captions(header)))
        if len(self._cells) > 2 * self._most:
            del self._cells[1::2]
            self._every *= 2

    def write(self, path: Path) -> int:
        """Write the sheet, replacing an earlier one whole.

        Returns:
            How many pictures it shows; with none nothing is written.

        Raises:
            OSError: It cannot be written.
        """
        cells = _evenly(self._cells, self._most)
        if not cells:
            return 0
        done, data = cv2.imencode(path.suffix.lower(), _lay_out(cells))
        if not done:
            raise OSError(f"{path} cannot be made")
        _write_whole(path, data.tobytes())
        return len(cells)


class FrameFiles:
    """Stores frames as DIR/camera/stream/sequence.jpg, never one over another.

    Names come from the topic, where anybody may write: what could lead out of the
    directory is percent-encoded.

    Args:
        directory: DIR; made when the first frame is stored.

    Attributes:
        stored: Files that hold the frames now, those found as they should be included.
        conflicts: Frames whose file held something else; they are stored beside it.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.stored = 0
        self.conflicts = 0

    def store(self, header: FrameHeader, jpeg: bytes) -> None:
        """Store a frame.

        Raises:
            OSError: It cannot be stored.
        """
        folder = self._directory / safe_name(header.camera) / safe_name(header.stream)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{header.sequence}.jpg"
        if path.exists() and path.read_bytes() != jpeg:
            self.conflicts += 1
            path = folder / f"{header.sequence}.{hashlib.sha256(jpeg).hexdigest()[:16]}.jpg"
        if not path.exists():
            _write_whole(path, jpeg)
        self.stored += 1


def safe_name(text: str) -> str:
    """Return a name that is a single part of a path, different for different texts.

    Example:
        >>> safe_name("../lobby")
        '%2E.%2Flobby'
    """
    name = quote(text, safe=" ").replace("~", "%7E")
    if name.startswith("."):
        name = "%2E" + name[1:]
    if len(name) > _LONGEST_NAME:
        digest = hashlib.sha256(text.encode()).hexdigest()
        name = f"{name[:_LONGEST_NAME]}-{digest[:16]}"
    return name or "%"


def _write_whole(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _small(jpeg: bytes, width: int | None) -> NDArray[np.uint8]:
    flag: int = cv2.IMREAD_COLOR
    for factor, reduced in _REDUCED:
        if (width or 4 * _CELL_WIDTH_PIXELS) >= factor * _CELL_WIDTH_PIXELS:
            flag = reduced
            break
    try:
        picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), flag)
    except cv2.error:
        picture = None
    if picture is None:
        raise DamagedPictureError
    scale = min(_CELL_WIDTH_PIXELS / picture.shape[1], _CELL_HEIGHT_PIXELS / picture.shape[0])
    size = (max(1, round(picture.shape[1] * scale)), max(1, round(picture.shape[0] * scale)))
    small: Any = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return small  # type: ignore[no-any-return]


def _captions(header: FrameHeader) -> tuple[str, str]:
    try:
        taken = datetime.fromtimestamp(header.captured_at_seconds, UTC)
        when = taken.strftime("%Y-%m-%d %H:%M:%S.") + f"{taken.microsecond // 1000:03d}Z"
    except (ValueError, OverflowError, OSError):
        when = "?"
    return f"{header.camera[:24]} #{header.sequence}", when


def _evenly(cells: list[_Cell], most: int) -> list[_Cell]:
    if len(cells) <= most:
        return cells
    if most == 1:
        return [cells[len(cells) // 2]]
    return [cells[round(at * (len(cells) - 1) / (most - 1))] for at in range(most)]


def _lay_out(cells: list[_Cell]) -> NDArray[np.uint8]:
    columns = math.ceil(math.sqrt(len(cells)))
    rows = math.ceil(len(cells) / columns)
    step_x = _CELL_WIDTH_PIXELS + _MARGIN_PIXELS
    step_y = _CELL_HEIGHT_PIXELS + _CAPTION_HEIGHT_PIXELS + _MARGIN_PIXELS
    sheet = np.full((rows * step_y + _MARGIN_PIXELS, columns * step_x + _MARGIN_PIXELS, 3), 24)
    sheet = sheet.astype(np.uint8)
    for number, cell in enumerate(cells):
        left = _MARGIN_PIXELS + number % columns * step_x
        top = _MARGIN_PIXELS + number // columns * step_y
        height, width = cell.picture.shape[:2]
        x = left + (_CELL_WIDTH_PIXELS - width) // 2
        y = top + (_CELL_HEIGHT_PIXELS - height) // 2
        sheet[y : y + height, x : x + width] = cell.picture
        for line, text in enumerate(cell.captions):
            cv2.putText(
                sheet,
                # The only letters that OpenCV's own fonts have.
                text.encode("ascii", "replace").decode(),
                (left, top + _CELL_HEIGHT_PIXELS + 15 + 16 * line),
                cv2.FONT_HERSHEY_SIMPLEX,
                0.45,
                (235, 235, 235),
                1,
                cv2.LINE_AA,
            )
    return sheet
