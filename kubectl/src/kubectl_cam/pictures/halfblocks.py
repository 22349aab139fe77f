"""A picture in a terminal: two pixels a character, in 24-bit colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.color import Color
from rich.style import Style
from rich.text import Text

if TYPE_CHECKING:
    from PIL.Image import Image

_UPPER_HALF = "\N{UPPER HALF BLOCK}"


def half_blocks(picture: Image) -> Text:
    """Return a picture as text: a character is a pixel wide and two high."""
    pixels = picture.convert("RGB").tobytes()
    width, height = picture.size
    text = Text(no_wrap=True, end="")
    for row in range(0, height - height % 2, 2):
        for column in range(width):
            upper, lower = row * width + column, (row + 1) * width + column
            text.append(
                _UPPER_HALF, Style(color=_colour(pixels, upper), bgcolor=_colour(pixels, lower))
            )
        text.append("\n")
    return text


def _colour(pixels: bytes, at: int) -> Color:
    red, green, blue = pixels[3 * at : 3 * at + 3]
    return Color.from_rgb(red, green, blue)
