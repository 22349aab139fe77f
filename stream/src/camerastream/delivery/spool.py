"""The spool: unsent frames and the stream's state in one SQLite file.

SQLite because it is crash-safe, bounded in memory, readable with `sqlite3`, and fast
enough by far (docs/decisions/0005-spool-in-sqlite.md). Frames and state change in one
transaction, so that the counts in the state always fit the frames beside them.
"""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from camerastream.delivery.records import OutgoingFrame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

FILE_NAME = "spool.sqlite"
TRANSACTION_BYTES = 8 * 1024 * 1024
"""Bulk writes are cut into transactions of about this size, which bounds the WAL file."""

_SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE frames (
  position INTEGER PRIMARY KEY,
  stream TEXT NOT NULL,
  sequence INTEGER NOT NULL,
  captured_at_seconds REAL NOT NULL,
  key BLOB NOT NULL,
  headers TEXT NOT NULL,
  crc32 INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  value BLOB NOT NULL
) STRICT;
CREATE TABLE state (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL) STRICT;
"""
_COLUMNS = "position, stream, sequence, captured_at_seconds, key, headers, crc32, value"
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class SpoolError(Exception):
    """The spool cannot be used as asked; nothing of the last call was stored."""


class SpoolFullError(SpoolError):
    """The disk is full."""


class SpoolDamagedError(SpoolError):
    """The file is not a spool, or is one no more."""


class Spool:
    """Frames by position, and the state beside them. Belongs to one thread at a time.

    Args:
        path: The SQLite file; made when it does not exist.

    Raises:
        SpoolDamagedError: The file is damaged, or of another program or version.
        SpoolError: The file cannot be opened or made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            with _translated():
                self._prepare()
                row = self._connection.execute(
                    "SELECT count(*), coalesce(sum(size_bytes), 0) FROM frames"
                ).fetchone()
        except BaseException:
            self._connection.close()
            raise
        self._frames: int = row[0]
        self._size_bytes: int = row[1]

    @property
    def frames(self) -> int:
        """Frames in the file."""
        return self._frames

    @property
    def size_bytes(self) -> int:
        """Bytes of the frames' JPEGs in the file."""
        return self._size_bytes

    def write(
        self,
        *,
        add: Sequence[OutgoingFrame] = (),
        remove: Iterable[int] = (),
        state: str | None = None,
    ) -> None:
        """Change frames and state in one transaction, on disk when this returns.

        A change of the state alone is left to the operating system to write: it
        survives the end of the process, not a power cut.

        Args:
            add: Frames to store; a position already there is left as it is.
            remove: Positions to delete; unknown ones do no harm.
            state: JSON to keep, None to leave the state as it is.

        Raises:
            SpoolFullError: The disk is full.
            SpoolDamagedError: The file is damaged.
            SpoolError: Anything else that SQLite says.
        """
        gone = list(remove)
        durable = bool(add)
        with _translated():
            self._connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            frames, size_bytes = self._frames, self._size_bytes
            with self._transaction():
                for position in gone:
                    deleted = self._delete(position)
                    frames -= deleted is not None
                    size_bytes -= deleted or 0
                for frame in add:
                    inserted = self._insert(frame)
                    frames += inserted
                    size_bytes += inserted * len(frame.value)
                if state is not None:
                    self._connection.execute(
                        "INSERT INTO state VALUES (1, ?)"
                        " ON CONFLICT (id) DO UPDATE SET json = excluded.json",
                        (state,),
                    )
            self._frames, self._size_bytes = frames, size_bytes
            if gone and frames == 0:
                # Give the disk its room back; cheap, since every page is free.
                # executescript, because execute() stops after the first freed page.
                self._connection.executescript("PRAGMA incremental_vacuum")
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def read(self, *, after_position: int, max_bytes: int) -> list[OutgoingFrame]:
        """Return frames in order from behind a position, at least one if there is any.

        Raises:
            SpoolDamagedError: A frame cannot be read as it was written.
            SpoolError: Anything else that SQLite says.
        """
        frames: list[OutgoingFrame] = []
        size_bytes = 0
        with _translated():
            cursor = self._connection.execute(
                f"SELECT {_COLUMNS} FROM frames WHERE position > ? ORDER BY position",  # noqa: S608
                (after_position,),
            )
            for row in cursor:
                frames.append(frame_of_row(row))
                size_bytes += len(frames[-1].value)
                if size_bytes >= max_bytes:
                    break
            cursor.close()
        return frames

    def oldest(self) -> tuple[int, float, int] | None:
        """Return position, capture time (Unix seconds) and bytes of the first frame."""
        with _translated():
            row = self._connection.execute(
                "SELECT position, captured_at_seconds, size_bytes FROM frames"
                " ORDER BY position LIMIT 1"
            ).fetchone()
        return None if row is None else (row[0], row[1], row[2])

    def sizes(self, *, after_position: int) -> Iterator[tuple[int, int]]:
        """Yield position and bytes of each frame behind a position, in order."""
        with _translated():
            yield from self._connection.execute(
                "SELECT position, size_bytes FROM frames WHERE position > ? ORDER BY position",
                (after_position,),
            )

    def state(self) -> str | None:
        """Return the JSON kept beside the frames, None when there is none yet."""
        with _translated():
            row = self._connection.execute("SELECT json FROM state").fetchone()
        return None if row is None else str(row[0])

    def close(self) -> None:
        """Close the file; its write-ahead log is folded in."""
        self._connection.close()

    def _prepare(self) -> None:
        execute = self._connection.execute
        version = execute("PRAGMA user_version").fetchone()[0]
        tables = execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if version not in (0, _SCHEMA_VERSION) or (version == 0 and tables):
            raise SpoolDamagedError(f"{self.path} is not a spool of this version")
        if version == 0:
            # Both only take effect before the first table is made.
            execute("PRAGMA page_size=16384")
            execute("PRAGMA auto_vacuum=INCREMENTAL")
        execute("PRAGMA journal_mode=WAL")
        execute("PRAGMA journal_size_limit=16777216")
        execute("PRAGMA wal_autocheckpoint=1000")
        execute("PRAGMA cache_size=-2048")
        execute("PRAGMA busy_timeout=5000")
        if version == 0:
            with self._transaction():
                for statement in _SCHEMA.strip().split(";")[:-1]:
                    execute(statement)
                execute(f"PRAGMA user_version={_SCHEMA_VERSION}")
        verdict = execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise SpoolDamagedError(f"{self.path} is damaged: {verdict}")

    def _insert(self, frame: OutgoingFrame) -> int:
        headers = json.dumps([[name, value.decode()] for name, value in frame.headers])
        return self._connection.execute(
            "INSERT INTO frames VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                frame.position,
                frame.stream,
                frame.sequence,
                frame.captured_at_seconds,
                frame.key,
                headers,
                zlib.crc32(frame.value),
                len(frame.value),
                frame.value,
            ),
        ).rowcount

    def _delete(self, position: int) -> int | None:
        row = self._connection.execute(
            "DELETE FROM frames WHERE position = ? RETURNING size_bytes", (position,)
        ).fetchone()
        return None if row is None else int(row[0])

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


def frame_of_row(row: tuple[int, str, int, float, bytes, str, int, bytes]) -> OutgoingFrame:
    """Make a frame of a row of the table, checking what was read.

    Raises:
        SpoolDamagedError: The bytes are not those that were written.
    """
    position, stream, sequence, captured_at_seconds, key, headers, crc32, value = row
    if zlib.crc32(value) != crc32:
        raise SpoolDamagedError(f"frame {sequence} of stream {stream} is damaged on disk")
    try:
        pairs = tuple((str(name), str(text).encode()) for name, text in json.loads(headers))
    except (ValueError, TypeError) as error:
        raise SpoolDamagedError(f"frame {sequence} of stream {stream} has no headers") from error
    return OutgoingFrame(position, stream, sequence, captured_at_seconds, key, pairs, value)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            raise SpoolFullError("the disk that holds the spool is full") from error
        if code in _DAMAGED:
            raise SpoolDamagedError(f"the spool is damaged: {error}") from error
        raise SpoolError(f"the spool cannot be used: {error}") from error
