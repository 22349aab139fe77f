"""Opening the state directory: one program at a time, and a damaged spool is never fatal."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING

from camerastream.delivery.spool import (
    FILE_NAME,
    TRANSACTION_BYTES,
    Spool,
    SpoolDamagedError,
    SpoolError,
    SpoolFullError,
    frame_of_row,
)
from camerastream.delivery.state import StreamState, state_from_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import IO

    from camerastream.delivery.records import OutgoingFrame

LOCK_NAME = "lock"
DAMAGED_SUFFIX = ".damaged"
_SQLITE_SUFFIXES = ("", "-wal", "-shm")


class StateDirError(Exception):
    """The state directory cannot be used; the text says what to do."""


@dataclass(frozen=True, slots=True)
class OpenedSpool:
    """A spool ready for use.

    Attributes:
        spool: The open spool.
        state: The state found in it, None on a first start or when unreadable.
        moved_aside: Where a damaged file was moved to, None when it was sound.
        salvaged_frames: Frames read back from the damaged file.
    """

    spool: Spool
    state: StreamState | None
    moved_aside: Path | None = None
    salvaged_frames: int = 0


def lock_state_dir(directory: Path) -> IO[str]:
    """Make the directory if need be and lock it for this program.

    The lock is the kernel's (`flock`): it ends with the process, however that ends.

    Returns:
        The open lock file, to be kept for the life of the program.

    Raises:
        StateDirError: Another program uses it, or it cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        handle = (directory / LOCK_NAME).open("a+", encoding="utf-8")
    except OSError as error:
        raise StateDirError(
            f"STATE_DIR={directory} cannot be used ({error.strerror}); "
            "write the path of a folder that this user may write to"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.seek(0)
        owner = handle.read().strip() or "unknown"
        handle.close()
        raise StateDirError(
            f"STATE_DIR={directory} is in use by another camerastream (process {owner}); "
            "stop that one, or give each camera a STATE_DIR of its own"
        ) from error
    handle.truncate(0)
    handle.write(f"{os.getpid()}\n")
    handle.flush()
    return handle


def open_spool(directory: Path) -> OpenedSpool:
    """Open the spool of a locked state directory; a damaged one is moved aside.

    What can be read of a damaged file is stored in a new one. Only the latest damaged
    file is kept, so that a dying disk does not also fill up.

    Raises:
        StateDirError: The spool cannot be opened or made.
    """
    path = directory / FILE_NAME
    try:
        try:
            spool = Spool(path)
            return OpenedSpool(spool, _read_state(spool))
        except SpoolDamagedError:
            return salvage(path)
    except (SpoolError, OSError) as error:
        raise StateDirError(
            f"STATE_DIR={directory} cannot hold the spool ({error}); "
            "write the path of a folder with free space that this user may write to"
        ) from error


def salvage(path: Path) -> OpenedSpool:
    """Move a damaged spool aside and save what can be read of it into a new one.

    The old spool must be closed.
    """
    aside = path.with_name(path.name + DAMAGED_SUFFIX)
    for suffix in _SQLITE_SUFFIXES:
        source = path.with_name(path.name + suffix)
        target = aside.with_name(aside.name + suffix)
        target.unlink(missing_ok=True)
        if source.exists():
            source.rename(target)
    state: StreamState | None = None
    salvaged = 0
    spool = Spool(path)
    try:
        connection = sqlite3.connect(aside)
    except sqlite3.Error:
        return OpenedSpool(spool, None, aside, 0)
    try:
        state = _salvage_state(connection)
        batch: list[OutgoingFrame] = []
        batch_bytes = 0
        for frame in _readable_frames(connection):
            batch.append(frame)
            batch_bytes += len(frame.value)
            if batch_bytes >= TRANSACTION_BYTES:
                spool.write(add=batch)
                batch, batch_bytes = [], 0
        spool.write(add=batch)
    except SpoolFullError:
        # What was stored so far is kept; the rest is counted as lost.
        pass
    finally:
        connection.close()
        salvaged = spool.frames
    return OpenedSpool(spool, state, aside, salvaged)


def _read_state(spool: Spool) -> StreamState | None:
    text = spool.state()
    if text is None:
        return None
    try:
        return state_from_json(text)
    except ValueError:
        spool.close()
        raise SpoolDamagedError("the state in the spool is unreadable") from None


def _salvage_state(connection: sqlite3.Connection) -> StreamState | None:
    try:
        row = connection.execute("SELECT json FROM state").fetchone()
        return None if row is None else state_from_json(row[0])
    except (sqlite3.Error, ValueError, TypeError):
        return None


def _readable_frames(connection: sqlite3.Connection) -> Iterator[OutgoingFrame]:
    """Yield every frame that can be read, from the front and then from the back.

    A damaged page ends a scan; the rows behind it are reached from the other end.
    """
    seen: set[int] = set()
    for order in ("ASC", "DESC"):
        try:
            cursor = connection.execute(
                f"SELECT position FROM frames ORDER BY position {order}"  # noqa: S608
            )
            while (row := cursor.fetchone()) is not None:
                if row[0] in seen:
                    break
                seen.add(row[0])
                frame = _readable_frame(connection, row[0])
                if frame is not None:
                    yield frame
        except sqlite3.Error:
            continue


def _readable_frame(connection: sqlite3.Connection, position: int) -> OutgoingFrame | None:
    try:
        row = connection.execute(
            "SELECT position, stream, sequence, captured_at_seconds, key, headers, crc32, value"
            " FROM frames WHERE position = ?",
            (position,),
        ).fetchone()
        return None if row is None else frame_of_row(row)
    except (sqlite3.Error, SpoolDamagedError, TypeError, ValueError):
        return None
