"""Delivery as the rest of the program sees it: one thread that owns producer and spool.

Frames, reports and clues reach the thread through one mailbox; nobody else touches the
courier, the spool or the monitor. `submit` never blocks and never raises.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import structlog

from camerastream.delivery import losses
from camerastream.delivery.condition import DeliveryCondition
from camerastream.delivery.courier import Courier
from camerastream.delivery.held_memory import HeldMemory, give_back_freed_memory
from camerastream.delivery.mailbox import Mailbox, Overflowed, Submitted, WakeUp
from camerastream.delivery.monitor import MonitorState, NoticeKind
from camerastream.delivery.producer_events import (
    Acknowledged,
    ClientError,
    Failed,
    FatalError,
    Throttled,
)
from camerastream.delivery.publisher import Publisher
from camerastream.delivery.replay import QueueUse, ReplayWindow
from camerastream.delivery.snapshot import DeliverySnapshot
from camerastream.delivery.topic_limits import TopicLimit, TopicLimits
from camerastream.settings.live import LiveChange

if TYPE_CHECKING:
    from collections.abc import Callable

    from camerastream.delivery.accounting import Accounting
    from camerastream.delivery.journal import Journal
    from camerastream.delivery.keeper import SpoolKeeper
    from camerastream.delivery.monitor import Notice
    from camerastream.delivery.numbering import Numbering
    from camerastream.delivery.producer_config import ProducerConfig
    from camerastream.delivery.records import OutgoingFrame
    from camerastream.delivery.reporter import BufferReporter
    from camerastream.frames import EncodedFrame

_TICK_SECONDS = 0.2
_LIMIT_AT_START_SECONDS = 2.0
_CALL_BACK_SECONDS = 5.0
_SILENCE_SECONDS = 1.0


class Delivery:
    """Sends frames, keeps what Kafka does not take, and watches the buffer.

    Args:
        topic: Where frames go.
        config: The producer's configuration, before the topic's limit is known.
        journal: Keeps the stream's state.
        numbering: Gives frames their numbers.
        keeper: The spool.
        accounting: Counts frames.
        reporter: Monitor, cause and log lines.
        clock: Monotonic seconds.
        simulate_buffer_error: Inject a buffer error from the first frame on.
    """

    def __init__(
        self,
        *,
        topic: str,
        config: ProducerConfig,
        journal: Journal,
        numbering: Numbering,
        keeper: SpoolKeeper,
        accounting: Accounting,
        reporter: BufferReporter,
        clock: Callable[[], float],
        simulate_buffer_error: bool = False,
    ) -> None:
        self.ready = threading.Event()
        self.tripped = threading.Event()
        self.crashed = threading.Event()
        self.heartbeat_seconds = clock()
        self.accounting = accounting
        self._topic = topic
        self.journal = journal
        self._numbering = numbering
        self._keeper = keeper
        self._reporter = reporter
        self._clock = clock
        self._simulate = simulate_buffer_error
        self._mailbox = Mailbox()
        self._held = HeldMemory()
        self._log = structlog.get_logger()
        self._limits = TopicLimits(
            config, topic, on_answer=self._mailbox.put, on_warning=self._log.warning
        )
        self._stopping = threading.Event()
        self._flush_seconds = 0.0
        self._publisher: Publisher | None = None
        self._thread = threading.Thread(target=self._run, name="delivery", daemon=True)
        self.snapshot = self._snapshot(QueueUse(0, 0, 0, 1), None)

    @property
    def trip(self) -> Notice | None:
        """What tripped the monitor, None as long as nothing did."""
        return self._reporter.trip

    @property
    def publisher(self) -> Publisher | None:
        """The publisher in use, for tests that inject faults."""
        return self._publisher

    @property
    def outstanding_frames(self) -> int:
        """Frames that were submitted and are neither delivered nor dropped."""
        waiting = self._mailbox.frames
        counts = self.accounting.snapshot()
        return waiting + counts.in_flight + counts.spooled

    def start(self) -> None:
        """Start the thread; `ready` is set when frames can be sent."""
        self._thread.start()

    def submit(self, frame: EncodedFrame) -> None:
        """Take a frame that is to be sent; returns at once, whatever Kafka and disk do."""
        self._mailbox.put_frame(frame)

    def apply(self, change: LiveChange) -> None:
        """Change what may be changed while running."""
        self._mailbox.put(change)

    def stop(self, *, flush_seconds: float, timeout_seconds: float) -> bool:
        """End in order: flush briefly, call everything back, put it into the spool.

        Args:
            flush_seconds: How long acknowledgements are waited for.
            timeout_seconds: How long to wait for the thread.

        Returns:
            Whether all was stored in time.
        """
        self._flush_seconds = flush_seconds
        self._stopping.set()
        self._mailbox.put(WakeUp())
        self._thread.join(timeout_seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        courier = None
        try:
            # A silent broker must not keep the first frames waiting for long.
            self._limits.ask(timeout_seconds=_LIMIT_AT_START_SECONDS)
            courier = self._new_courier()
            self.ready.set()
            while not self._stopping.is_set():
                self._pass(courier)
            self._finish(courier)
        except Exception:  # noqa: BLE001 - whatever it is, the frames must reach the disk
            self._log.exception("delivery failed unexpectedly; its buffer goes to the spool")
            self.crashed.set()
            if courier is not None:
                self._finish(courier)

    def _new_courier(self) -> Courier:
        self._publisher = self._new_publisher()
        courier = Courier(
            self._publisher,
            self._keeper,
            self.accounting,
            ReplayWindow(),
            self._reporter,
            fits_alone=self._limits.fits_alone,
            clock=self._clock,
        )
        if courier.backlog_frames:
            self._reporter.started_with_backlog(courier.backlog_frames)
        return courier

    def _new_publisher(self) -> Publisher:
        publisher = Publisher(
            self._limits.config, self._topic, self._mailbox.put, clock=self._clock
        )
        publisher.simulate_buffer_error = self._simulate
        self._limits.applied()
        return publisher

    def _pass(self, courier: Courier, *, replay: bool = True) -> None:
        submitted = self._receive(courier)
        if submitted:
            # The state goes along: in write-ahead mode a number that was used is on disk
            # together with its frame, before the frame is sent.
            courier.submit(submitted, self.journal.json())
        courier.store_returned()
        self._care_for_limits(courier)
        if replay and not self._limits.changed:
            courier.replay()
        queue, oldest = self._watch(courier)
        if self._held.fell(
            queued_bytes=queue.size_bytes,
            spooled_frames=courier.backlog_frames,
            now=self._clock(),
        ):
            give_back_freed_memory()
        trip = self._reporter.trip
        if trip is not None and courier.sending:
            courier.sending = False
            courier.call_back()
            fatal = trip.kind is NoticeKind.FATAL
            self.accounting.tripped("KafkaFatalError" if fatal else "KafkaBufferError")
        self.journal.save()
        self.snapshot = self._snapshot(queue, oldest)
        if trip is not None:
            # After the snapshot: who sees the event must find the trip in it.
            self.tripped.set()
        self.heartbeat_seconds = self._clock()

    def _receive(self, courier: Courier) -> list[OutgoingFrame]:
        submitted: list[OutgoingFrame] = []
        for event in self._mailbox.take(timeout_seconds=_TICK_SECONDS):
            match event:
                case Submitted():
                    self._reporter.frame_seen(event.frame)
                    self.accounting.selected()
                    submitted.append(self._numbering.number(event.frame))
                case Overflowed():
                    self.accounting.selected()
                    self.accounting.dropped_in_flight(losses.MAILBOX_FULL)
                    self._numbering.skip()
                case Acknowledged() | Failed():
                    courier.report(event)
                case ClientError() | Throttled() | FatalError():
                    self._reporter.client_said(event)
                case TopicLimit():
                    self._limits.learn(event)
                case LiveChange():
                    self._apply(event)
                case WakeUp():
                    pass
        return submitted

    def _watch(self, courier: Courier) -> tuple[QueueUse, float | None]:
        in_flight_at = courier.oldest_in_flight_seconds()
        waiting_at = self._keeper.oldest_waiting_seconds()
        backlog = self._reporter.observe(courier.backlog_frames)
        queue, counts = courier.sender.queue, self.accounting.snapshot()
        self._reporter.tick(
            DeliveryCondition(
                queue_utilization=queue.utilization,
                backlog=backlog,
                outstanding_frames=counts.in_flight + counts.spooled,
                oldest_in_flight_seconds=courier.longest_in_flight_seconds(),
            )
        )
        oldest = min((at for at in (in_flight_at, waiting_at) if at is not None), default=None)
        return queue, oldest

    def _care_for_limits(self, courier: Courier) -> None:
        if courier.batch_refused:
            courier.batch_refused = False
            self._limits.batch_refused()
        if self._limits.changed:
            courier.call_back()
            if not courier.in_flight_frames:
                self._close_publisher()
                self._publisher = courier.sender = self._new_publisher()
        elif self._reporter.acknowledged_once:
            self._limits.ask_aside()

    def _apply(self, change: LiveChange) -> None:
        self._reporter.monitor.apply(
            threshold_seconds=change.threshold_seconds,
            hold=change.hold,
            generation=change.generation,
            hold_until_seconds=change.hold_until_seconds,
        )
        self._simulate = change.simulate_buffer_error
        if self._publisher is not None:
            self._publisher.simulate_buffer_error = change.simulate_buffer_error

    def _finish(self, courier: Courier) -> None:
        deadline = self._clock() + self._flush_seconds
        while courier.sending and self._clock() < deadline and self._worth_waiting(courier):
            self._pass(courier, replay=False)
        courier.sending = False
        courier.call_back()
        deadline = self._clock() + _CALL_BACK_SECONDS
        while self._clock() < deadline and (courier.in_flight_frames or not self._mailbox.empty):
            self._pass(courier, replay=False)
        courier.give_up_unreported()
        courier.store_returned()
        self.journal.ended_orderly()
        self.journal.save()
        self.snapshot = self._snapshot(courier.sender.queue, None)
        self._close_publisher()
        self._keeper.close()

    def _worth_waiting(self, courier: Courier) -> bool:
        """Whether frames are under way and the broker has not fallen silent."""
        under_way = not self._mailbox.empty or self.accounting.snapshot().in_flight > 0
        return under_way and courier.longest_in_flight_seconds() < _SILENCE_SECONDS

    def _close_publisher(self) -> None:
        if self._publisher is not None:
            self._publisher.close()

    def _snapshot(self, queue: QueueUse, oldest: float | None) -> DeliverySnapshot:
        monitor = self._reporter.monitor.snapshot()
        healthy = monitor.state is MonitorState.HEALTHY
        return DeliverySnapshot(
            stream=self.journal.state.stream,
            next_sequence=self.journal.state.next_sequence,
            monitor=monitor,
            cause=None if healthy else self._reporter.cause(),
            queue=queue,
            spool_bytes=self._keeper.size_bytes,
            oldest_unacked_at_seconds=oldest,
        )
