"""Where every selected frame is: in flight, spooled, delivered or dropped.

Each transition moves frames from one place to another under a lock, so that
*selected = delivered + in flight + spooled + dropped* holds in every snapshot.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Counts:
    """Frames by place, cumulative over restarts.

    Attributes:
        captured: Frames that were checked.
        selected: Frames captured for sending.
        delivered: Acknowledged by the broker.
        dropped: Given up, by reason.
        in_flight: Handed to the producer, or on the way to it, and not acknowledged.
        spooled: On disk and not in the producer.
        buffer_errors: Buffer errors seen.
        trips: Times the monitor tripped, by reason.
    """

    captured: int = 0
    selected: int = 0
    delivered: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    spooled: int = 0
    buffer_errors: int = 0
    trips: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        """Whether every selected frame is in exactly one place."""
        places = self.delivered + self.in_flight + self.spooled + sum(self.dropped.values())
        return self.selected == places


class Accounting:
    """The one place that counts frames. Thread-safe."""

    def __init__(self, counts: Counts) -> None:
        self._lock = threading.Lock()
        self._captured = counts.captured
        self._selected = counts.selected
        self._delivered = counts.delivered
        self._dropped = Counter(counts.dropped)
        self._in_flight = counts.in_flight
        self._spooled = counts.spooled
        self._buffer_errors = counts.buffer_errors
        self._trips = Counter(counts.trips)

    def captured(self) -> None:
        """A frame was checked."""
        with self._lock:
            self._captured += 1

    def selected(self) -> None:
        """A frame is to be sent; it is in flight from now on."""
        with self._lock:
            self._selected += 1
            self._in_flight += 1

    def delivered(self) -> None:
        """A frame in flight was acknowledged."""
        with self._lock:
            self._in_flight -= 1
            self._delivered += 1

    def spooled(self, frames: int) -> None:
        """Frames in flight went to disk."""
        with self._lock:
            self._in_flight -= frames
            self._spooled += frames

    def replayed(self) -> None:
        """A spooled frame was handed to the producer."""
        with self._lock:
            self._spooled -= 1
            self._in_flight += 1

    def dropped_in_flight(self, reason: str, frames: int = 1) -> None:
        """Frames in flight were given up."""
        with self._lock:
            self._in_flight -= frames
            self._dropped[reason] += frames

    def dropped_spooled(self, reason: str, frames: int = 1) -> None:
        """Spooled frames were given up."""
        with self._lock:
            self._spooled -= frames
            self._dropped[reason] += frames

    def buffer_error(self) -> None:
        """A buffer error was seen."""
        with self._lock:
            self._buffer_errors += 1

    def tripped(self, reason: str) -> None:
        """The monitor tripped."""
        with self._lock:
            self._trips[reason] += 1

    def snapshot(self) -> Counts:
        """Return all counts of one moment."""
        with self._lock:
            return Counts(
                captured=self._captured,
                selected=self._selected,
                delivered=self._delivered,
                dropped=dict(self._dropped),
                in_flight=self._in_flight,
                spooled=self._spooled,
                buffer_errors=self._buffer_errors,
                trips=dict(self._trips),
            )
