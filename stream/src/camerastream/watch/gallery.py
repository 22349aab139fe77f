"""What a watch stores of the pictures: the contact sheet, the frames, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from camerastream.watch.verdict import count

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from camerastream.message import FrameHeader
    from camerastream.watch.pictures import ContactSheet, FrameFiles
    from camerastream.watch.session import Keeps

SHEET_SUFFIXES = (".jpg", ".jpeg", ".png")


class Gallery:
    """The contact sheet and the stored frames, as far as they are asked for.

    Args:
        sheet_path: Where the contact sheet goes, None for none.
        most: How many pictures it shows at most.
        directory: Where the frames go, None for nowhere.

    Attributes:
        keeps: What is to be done with each new frame.
        error: Why something could not be stored, None while everything could.
    """

    def __init__(self, sheet_path: Path | None, most: int, directory: Path | None) -> None:
        self.keeps: list[Keeps] = []
        self.error: str | None = None
        self._shown = 0
        self._sheet_path = sheet_path
        self._sheet: ContactSheet | None = None
        self._files: FrameFiles | None = None
        if sheet_path is None and directory is None:
            return
        # OpenCV takes long to load: only where pictures are asked for.
        from camerastream.watch.pictures import ContactSheet, FrameFiles  # noqa: PLC0415

        if directory is not None:
            self._files = FrameFiles(directory)
            self.keeps.append(self._store)
        if sheet_path is not None:
            self._sheet = ContactSheet(most)
            self.keeps.append(self._sheet.offer)

    def finish(self) -> None:
        """Write the sheet."""
        if self._sheet is None or self._sheet_path is None:
            return
        try:
            self._shown = self._sheet.write(self._sheet_path)
        except OSError as error:
            self.error = str(error)

    def report(self) -> dict[str, Any]:
        """Return what was stored, ready for JSON."""
        return {
            "contactSheet": str(self._sheet_path) if self._shown else None,
            "shown": self._shown,
            "stored": self._files.stored if self._files else 0,
            "conflicts": self._files.conflicts if self._files else 0,
            "error": self.error,
        }

    def sentences(self) -> Iterator[str]:
        """Say what was stored."""
        if self._shown:
            yield f"contact sheet, {count(self._shown, 'picture')}: {self._sheet_path}"
        if self._files is not None:
            yield f"{count(self._files.stored, 'frame')} stored"
            if self._files.conflicts:
                yield (
                    f"{self._files.conflicts} of them differ from a file of their name that was "
                    "there before, and are stored beside it"
                )
        if self.error:
            yield f"not stored: {self.error}"

    def _store(self, header: FrameHeader, jpeg: bytes) -> None:
        assert self._files is not None
        try:
            self._files.store(header, jpeg)
        except OSError as error:
            # Counting goes on: what is missing on the topic is still to be said.
            self.error = self.error or str(error)
