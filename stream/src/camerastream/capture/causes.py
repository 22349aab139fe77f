"""Why a camera gives no picture, in one word for programs and one sentence for people."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from camerastream.capture.source import SourceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from camerastream.capture.source import Source

TIMEOUT_SHARE = 0.95
"""A call that took this share of its timeout ran into it."""


class Cause(StrEnum):
    """Why there is no picture."""

    UNRESOLVED = "unresolved"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not-found"
    NO_VIDEO = "no-video"
    STALLED = "stalled"
    ENDED = "ended"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a camera could not be opened or was lost.

    Attributes:
        cause: In one word.
        detail: In one sentence that says what to check; free of credentials.
    """

    cause: Cause
    detail: str


class CaptureError(Exception):
    """A source could not be opened.

    Args:
        failure: Why.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


# Texts of FFmpeg 8 as bundled with OpenCV 5.0.0, seen on standard error with
# OPENCV_FFMPEG_LOGLEVEL=24. The first rule that matches any line wins.
_RULES: tuple[tuple[re.Pattern[str], Cause, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), cause, advice)
    for pattern, cause, advice in (
        (
            r"failed to resolve hostname",
            Cause.UNRESOLVED,
            "its host name is not known; check the address and this machine's DNS",
        ),
        (
            r"(?:failed:|error) 401\b|unauthorized",
            Cause.UNAUTHORIZED,
            (
                "it does not accept the user name or password (401); check CAMERA_USERNAME and "
                "CAMERA_PASSWORD; tries are minutes apart from now on, since cameras lock accounts"
            ),
        ),
        (
            r"(?:failed:|error) 403\b",
            Cause.UNAUTHORIZED,
            (
                "this user may not see the stream (403); check the user's rights in the camera; "
                "tries are minutes apart from now on, since cameras lock accounts"
            ),
        ),
        (
            r"(?:failed:|error) (?:404|410)\b",
            Cause.NOT_FOUND,
            "it has no stream at this path (404); check what follows the host in the address",
        ),
        (
            r"certificate verify failed|certificate.*(?:not trusted|expired|invalid)",
            Cause.UNKNOWN,
            (
                "its certificate is not signed by the authority in CAMERA_CA_LOCATION or has "
                "expired; check that file and the certificate"
            ),
        ),
        (
            r"(?:failed:|error) 453\b|(?:failed:|error) 503\b",
            Cause.UNKNOWN,
            "it has no capacity for another viewer (453 or 503); check how many are connected",
        ),
        (
            r"connection refused",
            Cause.REFUSED,
            "nothing listens on that port; check the port and that the camera's service is on",
        ),
        (
            r"timed out|no route to host|network is unreachable|immediate exit requested",
            Cause.TIMEOUT,
            "it does not answer; check that it is on and that this machine can reach it",
        ),
        (
            (
                r"could not find codec parameters|moov atom not found|invalid data found"
                r"|does not contain any stream"
            ),
            Cause.NO_VIDEO,
            "no video can be read from it; check that the address leads to a video stream",
        ),
        (
            r"unable to open|no such file",
            Cause.NOT_FOUND,
            "there is no such stream; check the address",
        ),
        (
            r"end of file|connection reset|broken pipe",
            Cause.ENDED,
            (
                "it closed the connection without an answer; check the port, and whether it wants "
                "rtsps:// or https://"
            ),
        ),
    )
)
_TIMEOUT_ADVICE = "it did not answer within {seconds:g} s; check that it is on and can be reached"
_KEY_FRAME_ADVICE = (
    "; if its key frames are further apart than that (I-frame interval, smart codec), set them "
    "closer in the camera, or write more than their distance into CAPTURE_TIMEOUT_SECONDS "
    "(capture.timeoutSeconds of a CameraStream)"
)
"""Without one no picture can be decoded, and every new connection waits for the next."""
_STATUS = re.compile(r"(?:method \w+ failed:|HTTP error) (\d{3})\b[^\n]*", re.IGNORECASE)


def explain_open(
    source: Source,
    lines: Sequence[str] | None,
    *,
    elapsed_seconds: float,
    timeout_seconds: float,
) -> Failure:
    """Say why a source could not be opened.

    OpenCV itself gives no reason; it is in what FFmpeg writes to standard error.

    Args:
        source: What was to be opened.
        lines: What native code wrote meanwhile; None when nobody listened.
        elapsed_seconds: How long it took to fail.
        timeout_seconds: How long it was allowed to take.
    """
    text = "\n".join(lines or ())
    for pattern, cause, advice in _RULES:
        if pattern.search(text):
            return Failure(cause, f"{source.display}: {advice}")
    if elapsed_seconds >= TIMEOUT_SHARE * timeout_seconds:
        advice = _TIMEOUT_ADVICE.format(seconds=timeout_seconds)
        return Failure(Cause.TIMEOUT, f"{source.display}: {advice}")
    if status := _STATUS.search(text):
        said = source.redactor(status[0].strip())
        return Failure(Cause.UNKNOWN, f"{source.display}: it answered with an error ({said})")
    if lines is None:
        return Failure(
            Cause.UNKNOWN, f"{source.display}: it cannot be opened, and no reason was given"
        )
    # Measured: a stream without video, a web page and a text file fail without a word.
    return Failure(
        Cause.NO_VIDEO,
        f"{source.display}: there is no video in it; check that the address leads to a video "
        "stream",
    )


def explain_loss(
    source: Source, *, grab_seconds: float, timeout_seconds: float, key_frames_only: bool
) -> Failure:
    """Say why a camera that gave pictures gives none any more.

    Args:
        source: The camera.
        grab_seconds: How long the last call waited for a picture.
        timeout_seconds: How long it was allowed to wait.
        key_frames_only: Whether only key frames were decoded.
    """
    if grab_seconds >= TIMEOUT_SHARE * timeout_seconds:
        what = "key frame" if key_frames_only else "picture"
        advice = _KEY_FRAME_ADVICE if source.kind is SourceKind.RTSP else ""
        return Failure(
            Cause.STALLED,
            f"{source.display}: connected, but no {what} came for {timeout_seconds:g} s; "
            f"check the camera and the network{advice}",
        )
    return Failure(
        Cause.ENDED,
        f"{source.display}: the camera ended the stream; check whether it restarts or has too "
        "many viewers",
    )


def explain_exception(source: Source, error: Exception) -> Failure:
    """Say that something failed that nobody foresaw."""
    text = source.redactor(f"{type(error).__name__}: {error}")
    return Failure(Cause.UNKNOWN, f"{source.display}: {text}")
