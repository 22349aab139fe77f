"""Why frames are given up: the labels of `camerastream_frames_dropped_total`."""

from __future__ import annotations

DISK_FULL = "disk-full"
MAILBOX_FULL = "mailbox-full"
SPOOL_DAMAGED = "spool-damaged"
SPOOL_FULL = "spool-full"
SPOOL_OFF = "spool-off"
TOO_LARGE = "too-large"
UNCLEAN_END = "unclean-end"
UNREPORTED = "unreported"

REASONS = (
    DISK_FULL,
    MAILBOX_FULL,
    SPOOL_DAMAGED,
    SPOOL_FULL,
    SPOOL_OFF,
    TOO_LARGE,
    UNCLEAN_END,
    UNREPORTED,
)
"""All of them; each is served from the start, since `increase()` does not see the first loss of a
counter that begins with it."""
