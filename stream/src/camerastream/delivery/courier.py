"""The order of delivery: which frame goes to the producer, which to the spool, and when.

A camera has one order. A frame goes straight to the producer only while nothing waits
before it; else it goes behind the spool, which is replayed from the front. When the
producer gives up on a frame, everything behind it is called back too and the spool
becomes the one queue again.

The courier has no thread of its own: `delivery.service` drives it.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from camerastream.delivery import losses
from camerastream.delivery.errors import Failure, Verdict, judge_exception
from camerastream.delivery.producer_events import Acknowledged, Failed
from camerastream.delivery.records import FrameTag, OutgoingFrame, tag_of
from camerastream.settings.model import SpoolMode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from camerastream.delivery.accounting import Accounting
    from camerastream.delivery.keeper import SpoolKeeper
    from camerastream.delivery.replay import QueueUse, ReplayWindow

_READ_AHEAD_BYTES = 4 * 1024 * 1024


class Sender(Protocol):
    """What the courier needs of a publisher."""

    @property
    def queue(self) -> QueueUse:
        """How full the producer's queue is."""

    def send_message(self, frame: OutgoingFrame) -> None:
        """Hand over a frame or raise."""

    def purge(self) -> None:
        """Call every frame back."""


class Listener(Protocol):
    """Whom the courier tells what happens to frames."""

    def failed(self, failure: Failure) -> None:
        """A frame was refused or came back."""

    def backlog_grew(self, frames: int) -> None:
        """A frame went behind the spool."""

    def acknowledged(self) -> None:
        """The broker has a frame."""

    def dropped(self, tag: FrameTag, reason: str) -> None:
        """A frame was given up."""


class Courier:
    """Routes frames between producer and spool, in order.

    Args:
        sender: Where frames go; None until there is a producer.
        keeper: The spool.
        accounting: Counts every move.
        window: Paces replay.
        listener: Is told of errors, acknowledgements and drops.
        fits_alone: Says whether a frame of that many bytes could be stored by the topic
            at all; decides what a "too large" report means.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        sender: Sender,
        keeper: SpoolKeeper,
        accounting: Accounting,
        window: ReplayWindow,
        listener: Listener,
        *,
        fits_alone: Callable[[int], bool],
        clock: Callable[[], float],
    ) -> None:
        self.sender = sender
        self.sending = True
        self.batch_refused = False
        self._keeper = keeper
        self._accounting = accounting
        self._window = window
        self._listener = listener
        self._fits_alone = fits_alone
        self._clock = clock
        self._in_flight: dict[int, FrameTag] = {}
        self._handed_over_at: dict[int, float] = {}
        self._replaying: set[int] = set()
        self._returned: list[OutgoingFrame] = []
        self._ahead: deque[OutgoingFrame] = deque()
        self._calling_back = False

    @property
    def in_flight_frames(self) -> int:
        """Frames handed to the producer and not reported."""
        return len(self._in_flight)

    @property
    def backlog_frames(self) -> int:
        """Frames that have to be replayed, those under way among them."""
        return self._keeper.waiting_frames + len(self._returned) + len(self._replaying)

    def oldest_in_flight_seconds(self) -> float | None:
        """Capture time of the oldest frame in flight, Unix seconds."""
        first = next(iter(self._in_flight.values()), None)
        return None if first is None else first.captured_at_seconds

    def longest_in_flight_seconds(self) -> float:
        """How long the producer has had the frame that it has had for longest; 0 for none."""
        first = next(iter(self._handed_over_at.values()), None)
        return 0.0 if first is None else self._clock() - first

    def submit(self, frames: Sequence[OutgoingFrame], state_json: str) -> None:
        """Take new frames, already counted as selected, in order.

        Args:
            frames: The frames.
            state_json: The state that counts them; stored with them in write-ahead mode.
        """
        if self._keeper.mode is SpoolMode.WRITE_AHEAD:
            self._keeper.store_ahead(frames, state_json)
        for frame in frames:
            if self._may_send_directly():
                self._send(frame)
            else:
                self._put_behind(frame)

    def report(self, event: Acknowledged | Failed) -> None:
        """Take a delivery report."""
        tag = event.tag
        if self._in_flight.pop(tag.position, None) is None:
            return
        del self._handed_over_at[tag.position]
        replayed = tag.position in self._replaying
        self._replaying.discard(tag.position)
        if isinstance(event, Acknowledged):
            self._accounting.delivered()
            self._keeper.forget(tag.position)
            if replayed:
                self._window.acknowledged()
            self._listener.acknowledged()
        else:
            self._take_back(event)
        if self._calling_back and not self._in_flight:
            self._calling_back = False

    def store_returned(self) -> None:
        """Write to disk what came back or was refused since the last call."""
        if self._returned:
            returned, self._returned = self._returned, []
            returned.sort(key=lambda frame: frame.position)
            self._keeper.store(returned)
            self._ahead.clear()

    def replay(self) -> None:
        """Hand over spooled frames, as many as the window and the queue admit."""
        if not self.sending or self._calling_back or self._returned:
            return
        while self._keeper.waiting_frames:
            if not self._ahead:
                self._ahead.extend(self._keeper.front(max_bytes=_READ_AHEAD_BYTES))
                if not self._ahead:
                    return
            frame = self._ahead[0]
            if not self._keeper.waits(frame.position):
                # Dropped, or lost with a damaged file, since it was read.
                self._ahead.popleft()
                continue
            if not self._window.admits(
                replaying_frames=len(self._replaying),
                queue=self.sender.queue,
                frame_bytes=len(frame.value),
            ):
                return
            self._ahead.popleft()
            if not self._replay_one(frame):
                return

    def call_back(self) -> None:
        """Get every frame back from the producer; they return as failed reports."""
        if self._in_flight:
            self._calling_back = True
            self.sender.purge()

    def give_up_unreported(self) -> None:
        """Account for frames whose report never came; none should be left at an end."""
        for tag in list(self._in_flight.values()):
            del self._in_flight[tag.position], self._handed_over_at[tag.position]
            self._replaying.discard(tag.position)
            if self._keeper.holds(tag.position):
                self._keeper.waits_again(tag.position)
            else:
                self._drop(tag, losses.UNREPORTED)

    def _may_send_directly(self) -> bool:
        nothing_before = not (self._keeper.waiting_frames or self._returned)
        return self.sending and nothing_before and not self._calling_back

    def _send(self, frame: OutgoingFrame) -> None:
        failure = self._hand_over(frame)
        if failure is None:
            return
        if failure.verdict is Verdict.TOO_LARGE:
            self._keeper.forget(frame.position)
            self._drop(tag_of(frame), losses.TOO_LARGE)
        else:
            self._returned.append(frame)
        self._listener.failed(failure)

    def _replay_one(self, frame: OutgoingFrame) -> bool:
        self._keeper.under_way(frame.position)
        self._replaying.add(frame.position)
        failure = self._hand_over(frame)
        if failure is None:
            return True
        self._replaying.discard(frame.position)
        if failure.verdict is Verdict.TOO_LARGE:
            self._keeper.forget(frame.position)
            self._drop(tag_of(frame), losses.TOO_LARGE)
            self._listener.failed(failure)
            return True
        self._keeper.waits_again(frame.position)
        self._ahead.clear()
        self._window.failed()
        self._listener.failed(failure)
        return False

    def _hand_over(self, frame: OutgoingFrame) -> Failure | None:
        # Before produce(): the report may come at once, on the polling thread.
        self._in_flight[frame.position] = tag_of(frame)
        self._handed_over_at[frame.position] = self._clock()
        try:
            self.sender.send_message(frame)
        except Exception as error:  # noqa: BLE001 - whatever it raised, the frame is not sent
            del self._in_flight[frame.position], self._handed_over_at[frame.position]
            return judge_exception(error)
        return None

    def _put_behind(self, frame: OutgoingFrame) -> None:
        self._returned.append(frame)
        if self.sending:
            self._listener.backlog_grew(self.backlog_frames)

    def _take_back(self, event: Failed) -> None:
        verdict = event.failure.verdict
        frame = event.tag.with_value(event.value)
        if verdict is Verdict.TOO_LARGE and not self._fits_alone(event.tag.size_bytes):
            self._keeper.forget(event.tag.position)
            self._drop(event.tag, losses.TOO_LARGE)
            self._listener.failed(event.failure)
            return
        if verdict is Verdict.TOO_LARGE:
            # The batch was too large, not the frame: send it again in a smaller one.
            self.batch_refused = True
        if self._keeper.holds(event.tag.position):
            self._keeper.waits_again(event.tag.position)
            self._ahead.clear()
        else:
            self._returned.append(frame)
        self._window.failed()
        if verdict is not Verdict.PURGED:
            self._listener.failed(event.failure)
        if not self._calling_back and self._keeper.mode is not SpoolMode.OFF:
            # Keep the one order: nothing may overtake the frame that came back.
            self.call_back()

    def _drop(self, tag: FrameTag, reason: str) -> None:
        self._accounting.dropped_in_flight(reason)
        self._listener.dropped(tag, reason)
