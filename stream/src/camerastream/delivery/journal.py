"""Keeps the stream's state on disk: numbers, counts, and how the program ended."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from camerastream.delivery.state import StreamState, state_to_json, with_end

if TYPE_CHECKING:
    from camerastream.delivery.accounting import Accounting
    from camerastream.delivery.keeper import SpoolKeeper
    from camerastream.delivery.numbering import Numbering


class Journal:
    """Writes the state when it has changed.

    Belongs to the delivery thread, but for `count_end` and `ends`.

    Args:
        state: The state as it was begun with.
        numbering: Knows the next numbers.
        accounting: Knows the counts.
        keeper: Writes.
    """

    def __init__(
        self,
        state: StreamState,
        numbering: Numbering,
        accounting: Accounting,
        keeper: SpoolKeeper,
    ) -> None:
        self._begun = self._state = state
        self._numbering = numbering
        self._accounting = accounting
        self._keeper = keeper
        self._lock = threading.Lock()
        self._end_reason: str | None = None
        self._saved_json = ""

    @property
    def state(self) -> StreamState:
        """The state as it was last written down."""
        return self._state

    @property
    def ends(self) -> dict[str, int]:
        """How often the program ended, by reason, this end included once it is known."""
        with self._lock:
            reason = self._end_reason
        return self._begun.ends if reason is None else with_end(self._begun, reason).ends

    def count_end(self, reason: str) -> None:
        """Count the end of the program by its reason; the first reason given stays."""
        with self._lock:
            self._end_reason = self._end_reason or reason

    def ended_orderly(self) -> None:
        """Note that nothing is under way any more."""
        self._state = replace(self._state, running_mode=None)

    def save(self) -> None:
        """Write the state if it has changed."""
        text = self.json()
        if text != self._saved_json and self._keeper.save(text):
            self._saved_json = text

    def json(self) -> str:
        """Return the state of this moment."""
        sequence, position = self._numbering.next
        self._state = replace(
            self._state,
            next_sequence=sequence,
            next_position=position,
            counts=self._accounting.snapshot(),
            ends=self.ends,
        )
        return state_to_json(self._state)
