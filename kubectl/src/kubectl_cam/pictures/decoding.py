"""Decodes pictures with Pillow, which only those need who look at pictures here."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING

from kubectl_cam.problems import Exit, Problem

if TYPE_CHECKING:
    from PIL.Image import Image


def need_pillow() -> None:
    """Say so when Pillow is not installed.

    Raises:
        Problem: It is not.
    """
    try:
        import PIL.Image  # noqa: F401, PLC0415 - looked for, not used
    except ImportError:
        raise Problem(
            Exit.NOT_INSTALLED,
            "Pillow is not installed, which --show and --all need; write: pip install pillow",
        ) from None


def decode(jpeg: bytes, width: int, height: int) -> Image | None:
    """Return a picture that fits into so many pixels, None when it cannot be decoded."""
    from PIL import Image  # noqa: PLC0415 - an extra

    try:
        with warnings.catch_warnings():
            # A picture that claims to be enormous is none of a camera.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture: Image.Image = Image.open(io.BytesIO(jpeg), formats=["JPEG"])
            # Decodes at a fraction of the size, which costs a fraction of the time.
            picture.draft("RGB", (2 * width, 2 * height))
            picture = picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombWarning):
        return None
    scale = min(width / picture.width, height / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(size, Image.Resampling.BOX)
