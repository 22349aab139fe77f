"""How a part of the cluster says that it did not start."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class ClusterError(RuntimeError):
    """Something that should have come up did not; the text says what, why, and where to look."""

    @classmethod
    def of(cls, what: str, log: Path) -> ClusterError:
        """Return a failure that quotes the last line of a log."""
        try:
            lines = log.read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        last = lines[-1][-300:] if lines else "nothing was logged"
        return cls(f"{what}: {last} (whole log: {log})")
