"""Stores pictures: whole or not at all."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from kubectl_cam.problems import Exit, Problem

if TYPE_CHECKING:
    from pathlib import Path

STANDARD_OUTPUT = "-"


def store(path: Path, data: bytes) -> None:
    """Write a file, replacing an earlier one whole; `-` is the standard output.

    Raises:
        Problem: It cannot be written.
    """
    if str(path) == STANDARD_OUTPUT:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(data)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Problem(Exit.NOT_STORED, f"{path} cannot be written: {error.strerror}") from None
