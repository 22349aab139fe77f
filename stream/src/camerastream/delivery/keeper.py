"""The spool as delivery uses it: modes, bounds, full disks, damage, and what waits in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from camerastream.delivery.losses import DISK_FULL, SPOOL_DAMAGED, SPOOL_FULL, SPOOL_OFF
from camerastream.delivery.recovery import salvage
from camerastream.delivery.spool import (
    TRANSACTION_BYTES,
    SpoolDamagedError,
    SpoolError,
    SpoolFullError,
)
from camerastream.settings.model import SpoolMode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from camerastream.delivery.accounting import Accounting
    from camerastream.delivery.records import OutgoingFrame
    from camerastream.delivery.spool import Spool


class SpoolKeeper:
    """Keeps frames on disk, and knows which of them wait to be sent.

    A row stays until its frame is acknowledged; a frame that is under way has a row and
    does not wait.

    Args:
        spool: The open spool; replaced here when it turns out to be damaged.
        mode: When frames are written.
        max_bytes: Bound of the spool; beyond it the oldest waiting frames are dropped.
        accounting: Counts every move.
        on_trouble: Called with one sentence and, where frames were lost, their number.
    """

    def __init__(
        self,
        spool: Spool,
        *,
        mode: SpoolMode,
        max_bytes: int,
        accounting: Accounting,
        on_trouble: Callable[[str, int], None],
    ) -> None:
        self.mode = mode
        self._spool = spool
        self._max_bytes = max_bytes
        self._accounting = accounting
        self._on_trouble = on_trouble
        self._waiting: set[int] = {position for position, _ in spool.sizes(after_position=-1)}
        self._under_way: set[int] = set()
        self._forgotten: list[int] = []

    @property
    def waiting_frames(self) -> int:
        """Frames on disk that wait to be sent."""
        return len(self._waiting)

    @property
    def size_bytes(self) -> int:
        """Bytes of the frames on disk."""
        return self._spool.size_bytes

    def holds(self, position: int) -> bool:
        """Say whether a frame that is under way has a row."""
        return position in self._under_way

    def waits(self, position: int) -> bool:
        """Say whether a frame is on disk and waits to be sent."""
        return position in self._waiting

    def oldest_waiting_seconds(self) -> float | None:
        """Capture time of the first frame on disk, Unix seconds."""
        if not self._waiting:
            return None
        try:
            oldest = self._spool.oldest()
        except SpoolError:
            return None
        return None if oldest is None else oldest[1]

    def store_ahead(self, frames: Sequence[OutgoingFrame], state_json: str) -> None:
        """Write frames before they are sent; one that cannot be stored is sent unprotected.

        What is to be forgotten goes in the same transaction, since the state counts it.
        """
        for batch in _batches(frames):
            try:
                self._spool.write(add=batch, remove=self._forgotten, state=state_json)
            except SpoolError:
                # One by one, with what a damaged file or a full disk calls for.
                stored = self._write_what_fits(batch)
            else:
                self._forgotten.clear()
                stored = batch
            self._under_way.update(frame.position for frame in stored)

    def store(self, frames: Sequence[OutgoingFrame]) -> None:
        """Write frames that wait to be sent; those on disk already only wait again."""
        if self.mode is SpoolMode.OFF:
            self._accounting.dropped_in_flight(SPOOL_OFF, len(frames))
            self._on_trouble("frames are dropped, since SPOOL_MODE=off keeps none", len(frames))
            return
        new = []
        for frame in frames:
            if frame.position in self._under_way:
                self.waits_again(frame.position)
            else:
                new.append(frame)
        for batch in _batches(new):
            stored = self._write_what_fits(batch)
            self._waiting.update(frame.position for frame in stored)
            self._accounting.spooled(len(stored))
            lost = len(batch) - len(stored)
            if lost:
                self._accounting.dropped_in_flight(DISK_FULL, lost)
                self._on_trouble("frames are dropped, since the spool cannot store them", lost)
        self._bound()

    def front(self, *, max_bytes: int) -> list[OutgoingFrame]:
        """Return the first waiting frames, in order."""
        if not self._waiting:
            return []
        first = min(self._waiting)
        try:
            frames = self._spool.read(after_position=first - 1, max_bytes=max_bytes)
        except SpoolDamagedError as error:
            self._recover(str(error))
            return []
        except SpoolError as error:
            self._on_trouble(str(error), 0)
            return []
        return [f for f in frames if f.position in self._waiting]

    def under_way(self, position: int) -> None:
        """A waiting frame is handed to the producer."""
        self._waiting.discard(position)
        self._under_way.add(position)
        self._accounting.replayed()

    def waits_again(self, position: int) -> None:
        """A frame that was under way came back."""
        self._under_way.discard(position)
        self._waiting.add(position)
        self._accounting.spooled(1)

    def forget(self, position: int) -> None:
        """A frame needs its row no more; it is deleted with the next `save`."""
        if position in self._under_way:
            self._under_way.discard(position)
            self._forgotten.append(position)

    def save(self, state_json: str) -> bool:
        """Delete forgotten rows and keep the state, in one transaction."""
        try:
            self._spool.write(remove=self._forgotten, state=state_json)
        except SpoolDamagedError as error:
            self._recover(str(error))
            return False
        except SpoolError as error:
            self._on_trouble(f"{error}; counts and acknowledgements are not saved", 0)
            return False
        self._forgotten.clear()
        return True

    def close(self) -> None:
        """Close the file."""
        self._spool.close()

    def _write_what_fits(self, batch: Sequence[OutgoingFrame]) -> Sequence[OutgoingFrame]:
        """Write a batch, or as many of its frames as the disk takes; return those."""
        for _ in range(2):
            try:
                self._spool.write(add=batch)
            except SpoolDamagedError as error:
                self._recover(str(error))
            except SpoolFullError as error:
                if len(batch) == 1:
                    self._on_trouble(str(error), 0)
                    return ()
                middle = len(batch) // 2
                first = self._write_what_fits(batch[:middle])
                if len(first) < middle:
                    return first
                return [*first, *self._write_what_fits(batch[middle:])]
            except SpoolError as error:
                self._on_trouble(str(error), 0)
                return ()
            else:
                return batch
        return ()

    def _bound(self) -> None:
        if self._spool.size_bytes <= self._max_bytes:
            return
        excess = self._spool.size_bytes - self._max_bytes
        chosen: list[int] = []
        for position, size_bytes in self._spool.sizes(after_position=-1):
            if excess <= 0:
                break
            if position in self._waiting:
                chosen.append(position)
                excess -= size_bytes
        try:
            self._spool.write(remove=chosen)
        except SpoolError as error:
            self._on_trouble(str(error), 0)
            return
        self._waiting.difference_update(chosen)
        self._accounting.dropped_spooled(SPOOL_FULL, len(chosen))
        self._on_trouble(
            "the spool has reached SPOOL_MAX_MB; its oldest frames are dropped", len(chosen)
        )

    def _recover(self, why: str) -> None:
        self._spool.close()
        opened = salvage(self._spool.path)
        self._spool = opened.spool
        rows = {position for position, _ in self._spool.sizes(after_position=-1)}
        lost = len(self._waiting - rows)
        self._waiting &= rows
        self._under_way &= rows
        self._accounting.dropped_spooled(SPOOL_DAMAGED, lost)
        self._on_trouble(
            f"{why}; the file was moved to {opened.moved_aside} and what can be read was saved",
            lost,
        )


def _batches(frames: Sequence[OutgoingFrame]) -> Iterator[list[OutgoingFrame]]:
    batch: list[OutgoingFrame] = []
    size_bytes = 0
    for frame in frames:
        batch.append(frame)
        size_bytes += len(frame.value)
        if size_bytes >= TRANSACTION_BYTES:
            yield batch
            batch, size_bytes = [], 0
    if batch:
        yield batch
