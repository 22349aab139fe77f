"""A contact sheet: every camera, those without a picture too, with the reason."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_cam.pictures.decoding import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw

_CELL_WIDTH, _CELL_HEIGHT = 320, 180
_CAPTION_HEIGHT = 26
_MARGIN = 6
_FONT_PIXELS = 14
_QUALITY = 85
_BACKGROUND, _EMPTY, _INK, _DIM = (24, 24, 24), (44, 44, 44), (235, 235, 235), (190, 150, 90)


@dataclass(frozen=True, slots=True)
class Tile:
    """A camera on the sheet.

    Attributes:
        caption: What stands below it.
        jpeg: Its picture, None when there is none.
        reason: Why there is none.
    """

    caption: str
    jpeg: bytes | None
    reason: str = ""


def contact_sheet(tiles: Sequence[Tile], kind: str) -> bytes:
    """Lay tiles out in a grid.

    Args:
        tiles: At least one.
        kind: JPEG or PNG.
    """
    from PIL import Image, ImageDraw  # noqa: PLC0415 - an extra

    columns = math.ceil(math.sqrt(len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    step_x, step_y = _CELL_WIDTH + _MARGIN, _CELL_HEIGHT + _CAPTION_HEIGHT + _MARGIN
    size = (columns * step_x + _MARGIN, rows * step_y + _MARGIN)
    sheet = Image.new("RGB", size, _BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        _place(sheet, draw, tile, _MARGIN + column * step_x, _MARGIN + row * step_y)
    out = io.BytesIO()
    sheet.save(out, kind, **({"quality": _QUALITY, "optimize": True} if kind == "JPEG" else {}))
    return out.getvalue()


def _place(sheet: Image, draw: ImageDraw, tile: Tile, left: int, top: int) -> None:
    picture = None if tile.jpeg is None else decode(tile.jpeg, _CELL_WIDTH, _CELL_HEIGHT)
    if picture is None:
        cell = (left, top, left + _CELL_WIDTH - 1, top + _CELL_HEIGHT - 1)
        draw.rectangle(cell, fill=_EMPTY)
        reason = tile.reason or "the picture cannot be decoded"
        _write(draw, _wrapped(draw, reason), left + 10, top + 10, _DIM)
    else:
        across, down = _CELL_WIDTH - picture.width, _CELL_HEIGHT - picture.height
        sheet.paste(picture, (left + across // 2, top + down // 2))
    _write(draw, _cut(draw, tile.caption), left + 2, top + _CELL_HEIGHT + 4, _INK)


def _write(draw: ImageDraw, text: str, left: int, top: int, colour: tuple[int, int, int]) -> None:
    draw.multiline_text((left, top), text, fill=colour, font_size=_FONT_PIXELS)


def _wrapped(draw: ImageDraw, text: str, most_lines: int = 8) -> str:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if draw.textlength(longer, font_size=_FONT_PIXELS) <= _CELL_WIDTH - 20:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines[:most_lines])


def _cut(draw: ImageDraw, text: str) -> str:
    while text and draw.textlength(text, font_size=_FONT_PIXELS) > _CELL_WIDTH - 4:
        text = text[:-1]
    return text
