"""Opens a source, or says why that is not possible."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from camerastream.capture.causes import CaptureError, Cause, Failure, explain_open
from camerastream.capture.source import SourceKind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from camerastream.capture.inputs import Input, OpenPlan
    from camerastream.capture.source import Source


def open_input(
    source: Source,
    plan: OpenPlan,
    *,
    lines_since: Callable[[float], Sequence[str]] | None,
    clock: Callable[[], float],
    wait: Callable[[float], bool],
) -> Input:
    """Open a source.

    Args:
        source: What to open.
        plan: How.
        lines_since: Returns what native code wrote to standard error since a moment of
            `time.monotonic`: FFmpeg's reasons are found there.
        clock: Monotonic seconds, for the generated picture.
        wait: Waits for seconds; returns True when it was ended early, to stop.

    Raises:
        CaptureError: It cannot be opened.
    """
    # Imported here: OpenCV takes half a second to load, and its environment must be
    # prepared before.
    if source.picture is not None:
        from camerastream.capture.testpattern import TestPattern  # noqa: PLC0415

        return TestPattern(source.picture, clock=clock, wait=wait)
    if source.kind in (SourceKind.FILE, SourceKind.DEVICE):
        _check_path(source)
    from camerastream.capture.video import open_video  # noqa: PLC0415

    began = time.monotonic()
    try:
        video = open_video(source, plan)
    except ValueError as error:
        raise CaptureError(Failure(Cause.UNKNOWN, f"{source.display}: {error}")) from None
    if video is not None:
        return video
    elapsed = time.monotonic() - began
    raise CaptureError(
        explain_open(
            source,
            lines_since(began) if lines_since else None,
            elapsed_seconds=elapsed,
            timeout_seconds=plan.timeout_seconds,
        )
    )


def _check_path(source: Source) -> None:
    path = Path(source.address)
    device = source.kind is SourceKind.DEVICE
    if not path.exists():
        what = "device; check that the camera is plugged in" if device else "file; check its path"
        raise CaptureError(Failure(Cause.NOT_FOUND, f"{source.display}: there is no such {what}"))
    if path.is_dir():
        raise CaptureError(
            Failure(Cause.NO_VIDEO, f"{source.display}: it is a folder; write the path of a file")
        )
    if not os.access(path, os.R_OK):
        advice = "add the user to the group video" if device else "change the file's rights"
        raise CaptureError(
            Failure(Cause.UNAUTHORIZED, f"{source.display}: this user may not read it; {advice}")
        )
