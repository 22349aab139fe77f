"""Frames from a camera, a device, a file or a generated picture.

Importing this does not load OpenCV; the reader's thread does, when it first opens a
source. `camerastream.logs.native_stderr.prepare_native_environment` comes before that.
"""

from camerastream.capture.causes import Cause, Failure
from camerastream.capture.reader import Reader, ReaderSettings
from camerastream.capture.source import Source, SourceKind, parse_source
from camerastream.capture.status import CaptureEvent, SourceStatus

__all__ = [
    "CaptureEvent",
    "Cause",
    "Failure",
    "Reader",
    "ReaderSettings",
    "Source",
    "SourceKind",
    "SourceStatus",
    "parse_source",
]
