"""Gives each frame its number, its place in the order and its headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from camerastream.delivery.records import OutgoingFrame
from camerastream.message import to_headers

if TYPE_CHECKING:
    from camerastream.delivery.state import StreamState
    from camerastream.frames import EncodedFrame


class Numbering:
    """Numbers frames without gaps. Belongs to the delivery thread.

    Args:
        camera: The camera's id; the message key.
        state: The stream to go on with.
    """

    def __init__(self, camera: str, state: StreamState) -> None:
        self._camera = camera
        self._state = state
        self._next_sequence = state.next_sequence
        self._next_position = state.next_position

    @property
    def next(self) -> tuple[int, int]:
        """The next sequence number and the next position."""
        return self._next_sequence, self._next_position

    def skip(self) -> None:
        """Use up a number for a frame that is lost, so that its loss shows on the topic."""
        self._next_sequence += 1
        self._next_position += 1

    def number(self, frame: EncodedFrame) -> OutgoingFrame:
        """Return the frame with the next number."""
        sequence, position = self._next_sequence, self._next_position
        self.skip()
        return OutgoingFrame(
            position=position,
            stream=self._state.stream,
            sequence=sequence,
            captured_at_seconds=frame.captured_at_seconds,
            key=self._camera.encode(),
            headers=tuple(
                to_headers(
                    camera=self._camera,
                    stream=self._state.stream,
                    sequence=sequence,
                    frame=frame,
                    source=None,
                    previous_stream=self._state.previous_stream,
                    previous_count=self._state.previous_count,
                )
            ),
            value=frame.data,
        )
