"""The order of delivery, against a producer that behaves as badly as one can."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from confluent_kafka import KafkaError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from camerastream.delivery.accounting import Accounting, Counts
from camerastream.delivery.courier import Courier
from camerastream.delivery.errors import Failure, Verdict
from camerastream.delivery.keeper import SpoolKeeper
from camerastream.delivery.producer_events import Acknowledged, Failed
from camerastream.delivery.records import OutgoingFrame, tag_of
from camerastream.delivery.replay import REPLAY_QUEUE_SHARE, QueueUse, ReplayWindow
from camerastream.delivery.spool import Spool
from camerastream.settings.model import SpoolMode

QUEUE_FRAMES = 8


class Broker:
    """A producer and a broker in one: a bounded queue, a log, and reports on demand."""

    def __init__(self) -> None:
        self.queued: list[OutgoingFrame] = []
        self.log: list[int] = []
        self.reports: list[Acknowledged | Failed] = []
        self.refusing = False

    @property
    def queue(self) -> QueueUse:
        return QueueUse(len(self.queued), len(self.queued), QUEUE_FRAMES, 10**9)

    def send_message(self, frame: OutgoingFrame) -> None:
        if self.refusing or len(self.queued) >= QUEUE_FRAMES:
            raise BufferError("Local: Queue full")
        self.queued.append(frame)

    def acknowledge(self, frames: int) -> None:
        for frame in self.queued[:frames]:
            self.log.append(frame.position)
            self.reports.append(Acknowledged(tag_of(frame)))
        del self.queued[:frames]

    def fail(self, *, stored: bool) -> None:
        if self.queued:
            frame = self.queued.pop(0)
            if stored:
                self.log.append(frame.position)
            failure = Failure(Verdict.OTHER_ERROR, "Local: Message timed out")
            self.reports.append(Failed(tag_of(frame), failure, frame.value))

    def purge(self) -> None:
        # A frozen broker gives frames back in no particular order (seen with librdkafka).
        for frame in reversed(self.queued):
            failure = Failure(Verdict.PURGED, "Local: Purged", KafkaError._PURGE_QUEUE)
            self.reports.append(Failed(tag_of(frame), failure, frame.value))
        self.queued.clear()


class Listener:
    def __init__(self) -> None:
        self.failures: list[Failure] = []
        self.drops: list[str] = []
        self.behind = 0

    def failed(self, failure: Failure) -> None:
        self.failures.append(failure)

    def backlog_grew(self, frames: int) -> None:
        self.behind += 1

    def acknowledged(self) -> None:
        pass

    def dropped(self, tag: object, reason: str) -> None:
        self.drops.append(reason)


def frame(position: int, size_bytes: int = 3) -> OutgoingFrame:
    return OutgoingFrame(
        position, "s", position, float(position), b"c", (), bytes([position % 256]) * size_bytes
    )


class Delivery:
    """A courier with everything around it, and a way to kill and restart it."""

    def __init__(self, path: Path, mode: SpoolMode) -> None:
        self.path, self.mode = path, mode
        self.broker = Broker()
        self.accounting = Accounting(Counts())
        self.next_position = 0
        self.listener = Listener()
        self._open()

    def _open(self) -> None:
        self.keeper = SpoolKeeper(
            Spool(self.path),
            mode=self.mode,
            max_bytes=10**9,
            accounting=self.accounting,
            on_trouble=lambda *_: None,
        )
        self.courier = Courier(
            self.broker,
            self.keeper,
            self.accounting,
            ReplayWindow(),
            self.listener,
            fits_alone=lambda size_bytes: size_bytes < 100,
            clock=lambda: 0.0,
        )

    def submit(self, frames: int = 1) -> None:
        new = []
        for _ in range(frames):
            new.append(frame(self.next_position))
            self.accounting.selected()
            self.next_position += 1
        self.courier.submit(new, "{}")
        self.courier.store_returned()

    def step(self) -> None:
        reports, self.broker.reports = self.broker.reports, []
        for report in reports:
            self.courier.report(report)
        self.courier.store_returned()
        self.courier.replay()
        self.keeper.save("{}")

    def stop(self) -> None:
        self.courier.sending = False
        self.courier.call_back()
        self.step()
        self.courier.give_up_unreported()
        self.courier.store_returned()
        self.keeper.save("{}")
        self.keeper.close()

    def settle(self) -> None:
        self.broker.refusing = False
        for _ in range(10_000):
            self.broker.acknowledge(QUEUE_FRAMES)
            self.step()
            counts = self.accounting.snapshot()
            if not (counts.in_flight or counts.spooled):
                return
        raise AssertionError(f"never empty: {self.accounting.snapshot()}")


@pytest.fixture
def delivery(tmp_path: Path) -> Delivery:
    return Delivery(tmp_path / "spool", SpoolMode.ON_FAILURE)


def first_occurrences(log: list[int]) -> list[int]:
    return list(dict.fromkeys(log))


def test_what_the_queue_refuses_goes_behind_and_comes_in_order(delivery: Delivery) -> None:
    delivery.submit(20)
    assert delivery.listener.failures[0].verdict is Verdict.BUFFER_ERROR
    assert delivery.accounting.snapshot().spooled == 12
    delivery.settle()
    assert delivery.broker.log == list(range(20))


def test_replay_never_fills_the_queue_and_never_causes_an_error(delivery: Delivery) -> None:
    delivery.submit(200)
    errors = len(delivery.listener.failures)
    while delivery.accounting.snapshot().delivered < 200:
        before = len(delivery.broker.queued)
        delivery.broker.acknowledge(1)
        delivery.step()
        replayed = len(delivery.broker.queued) - before + 1
        assert not replayed or len(delivery.broker.queued) <= QUEUE_FRAMES * max(
            REPLAY_QUEUE_SHARE, before / QUEUE_FRAMES
        )
    assert len(delivery.listener.failures) == errors
    assert delivery.broker.log == list(range(200))


def test_a_silent_broker_is_probed_with_one_frame(delivery: Delivery) -> None:
    delivery.submit(20)
    delivery.broker.fail(stored=False)
    for _ in range(5):
        delivery.step()
    assert len(delivery.broker.queued) == 1
    assert delivery.broker.queued[0].position == 0


def test_a_frame_that_times_out_calls_back_what_is_behind_it(delivery: Delivery) -> None:
    delivery.submit(4)
    delivery.broker.fail(stored=False)
    delivery.step()
    assert delivery.broker.queued == []
    delivery.settle()
    assert delivery.broker.log == [0, 1, 2, 3]


def test_a_frame_too_large_is_dropped_but_a_batch_too_large_is_sent_again(
    delivery: Delivery,
) -> None:
    delivery.submit(2)
    small, large = delivery.broker.queued[0], frame(0, 500)
    failure = Failure(Verdict.TOO_LARGE, "Broker: Message size too large", 10)
    delivery.broker.queued.clear()
    delivery.courier.report(Failed(tag_of(large), failure, large.value))
    assert delivery.listener.drops == ["too-large"]
    assert not delivery.courier.batch_refused
    second = frame(1)
    delivery.courier.report(Failed(tag_of(second), failure, second.value))
    assert delivery.courier.batch_refused
    delivery.step()
    assert delivery.accounting.snapshot().dropped == {"too-large": 1}
    assert small.position == 0


def test_a_frame_dropped_after_it_was_read_ahead_is_not_replayed(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path / "spool", SpoolMode.ON_FAILURE)
    delivery.submit(20)
    delivery.broker.acknowledge(QUEUE_FRAMES)
    delivery.step()  # reads ahead and hands over one frame as a probe
    delivery.keeper._max_bytes = 6  # of the eleven waiting frames two may stay
    delivery.keeper._bound()
    delivery.settle()
    counts = delivery.accounting.snapshot()
    assert counts.balanced
    assert counts.dropped["spool-full"] + counts.delivered == 20
    assert delivery.broker.log == sorted(set(delivery.broker.log))


def test_with_the_spool_off_refused_frames_are_dropped_and_counted(tmp_path: Path) -> None:
    delivery = Delivery(tmp_path / "spool", SpoolMode.OFF)
    delivery.submit(20)
    counts = delivery.accounting.snapshot()
    assert counts.dropped == {"spool-off": 12}
    assert counts.balanced


@pytest.mark.parametrize("mode", [SpoolMode.ON_FAILURE, SpoolMode.WRITE_AHEAD])
def test_a_stop_with_a_full_queue_loses_nothing(tmp_path: Path, mode: SpoolMode) -> None:
    delivery = Delivery(tmp_path / "spool", mode)
    delivery.submit(30)
    delivery.stop()
    assert delivery.accounting.snapshot().spooled == 30
    delivery._open()
    delivery.submit(3)
    delivery.settle()
    assert delivery.broker.log == list(range(33))


class CourierMachine(RuleBasedStateMachine):
    """Whatever happens in whatever order: nothing is missing, and the order holds."""

    @initialize(mode=st.sampled_from([SpoolMode.ON_FAILURE, SpoolMode.WRITE_AHEAD]))
    def start(self, mode: SpoolMode) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.delivery = Delivery(Path(self.folder.name) / "spool", mode)

    @rule(frames=st.integers(1, 12))
    def submit(self, frames: int) -> None:
        self.delivery.submit(frames)

    @rule(frames=st.integers(1, QUEUE_FRAMES))
    def acknowledge(self, frames: int) -> None:
        self.delivery.broker.acknowledge(frames)

    @rule(stored=st.booleans())
    def fail(self, stored: bool) -> None:
        self.delivery.broker.fail(stored=stored)
        # At once: were the frame behind it acknowledged before the report is read, it would
        # have overtaken, and no client could help that.
        self.delivery.step()

    @rule(refusing=st.booleans())
    def refuse(self, refusing: bool) -> None:
        self.delivery.broker.refusing = refusing

    @rule()
    def step(self) -> None:
        self.delivery.step()

    @rule()
    def call_back(self) -> None:
        self.delivery.courier.call_back()

    @rule()
    def restart(self) -> None:
        self.delivery.stop()
        self.delivery._open()

    @invariant()
    def every_frame_is_in_one_place(self) -> None:
        if hasattr(self, "delivery"):
            counts = self.delivery.accounting.snapshot()
            assert counts.balanced, counts
            assert min(counts.in_flight, counts.spooled) >= 0

    def teardown(self) -> None:
        if not hasattr(self, "delivery"):
            return
        self.delivery.settle()
        log = first_occurrences(self.delivery.broker.log)
        assert sorted(log) == list(range(self.delivery.next_position))
        assert log == sorted(log), "overtaken"
        self.delivery.keeper.close()
        self.folder.cleanup()


TestCourierMachine = CourierMachine.TestCase
TestCourierMachine.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
