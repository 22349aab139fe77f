"""What a JPEG's header says, without decoding it."""

from __future__ import annotations

from dataclasses import dataclass

_START = b"\xff\xd8"
_STANDALONE = {0x01, *range(0xD0, 0xD9)}
_FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_HUFFMAN_TABLES = 0xC4
_START_OF_SCAN = 0xDA


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What stands before the picture.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        complete: Whether it brings its Huffman tables. Some MJPEG cameras leave them out;
            OpenCV knows the usual ones, many other readers do not.
    """

    width: int
    height: int
    complete: bool


def read_header(data: bytes) -> JpegHeader | None:
    """Return what a JPEG's header says, or None when it is not a JPEG."""
    if not data.startswith(_START):
        return None
    size: tuple[int, int] | None = None
    tables = False
    at = len(_START)
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker in _STANDALONE:
            at += 2
            continue
        if marker == _START_OF_SCAN:
            break
        if marker in _FRAME_HEADERS and at + 9 <= len(data):
            height = int.from_bytes(data[at + 5 : at + 7], "big")
            width = int.from_bytes(data[at + 7 : at + 9], "big")
            size = (width, height)
        tables = tables or marker == _HUFFMAN_TABLES
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    if size is None or 0 in size:
        return None
    return JpegHeader(*size, complete=tables)
