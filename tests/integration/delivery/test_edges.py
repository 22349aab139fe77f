"""Single faults on a real producer: fatal errors, frames and batches too large, full queues."""

from __future__ import annotations

import gc
import time
from pathlib import Path

import pytest

from camerastream.delivery.monitor import MonitorState, NoticeKind
from camerastream.delivery.topic_limits import read_topic_limit
from camerastream.settings.live import LiveChange
from camerastream.settings.model import SpoolMode
from tests.integration.delivery.harness import TOPIC, Stream, jpeg
from tests.integration.topic import TopicReader, assert_complete_and_in_order, wait_until
from tests.simulators.broker import MockBroker
from tests.simulators.fatal import fatal_error

MSG_SIZE_TOO_LARGE = 10
INVALID_PRODUCER_EPOCH = 47


@pytest.fixture
def broker():
    with MockBroker() as started:
        started.create_topic(TOPIC)
        yield started


@pytest.fixture
def reader(broker: MockBroker):
    started = TopicReader(broker.bootstrap_servers, TOPIC)
    yield started
    started.stop()


def test_a_fatal_error_trips_at_once_and_a_restart_loses_nothing(
    broker: MockBroker, reader: TopicReader, tmp_path: Path
) -> None:
    stream = Stream(broker.bootstrap_servers, tmp_path)
    stream.feed()
    wait_until(lambda: stream.delivery.accounting.snapshot().delivered > 5)
    broker.freeze()  # so that frames are in the queue when it happens
    time.sleep(0.5)
    assert stream.delivery.publisher is not None
    fatal_error(stream.delivery.publisher.producer, INVALID_PRODUCER_EPOCH, "fenced")
    wait_until(stream.delivery.tripped.is_set)
    trip = stream.delivery.trip
    assert trip is not None
    assert trip.kind is NoticeKind.FATAL
    assert stream.delivery.snapshot.cause == "fatal"
    stream.end()
    broker.thaw()
    again = Stream(broker.bootstrap_servers, tmp_path)
    wait_until(again.drained)
    sequences = reader.wait_for(again.stream_id, again.selected)
    assert_complete_and_in_order(sequences, again.selected)
    again.end()


def test_an_oversized_frame_is_dropped_and_neither_stops_nor_trips_anything(
    broker: MockBroker, reader: TopicReader, tmp_path: Path
) -> None:
    stream = Stream(broker.bootstrap_servers, tmp_path)
    for size_bytes in (1000, 2_000_000, 1000):
        stream.delivery.submit(jpeg(size_bytes))
    wait_until(lambda: stream.delivery.accounting.snapshot().delivered == 2)
    counts = stream.delivery.accounting.snapshot()
    assert counts.dropped == {"too-large": 1}
    assert counts.balanced
    assert stream.delivery.snapshot.monitor.state is MonitorState.HEALTHY
    assert counts.buffer_errors == 0
    reader.wait_for(stream.stream_id, 2)
    assert sorted(reader.sequences()[stream.stream_id]) == [0, 2]
    stream.end()


def test_a_batch_refused_as_too_large_is_sent_again_frame_by_frame(
    broker: MockBroker, reader: TopicReader, tmp_path: Path
) -> None:
    stream = Stream(broker.bootstrap_servers, tmp_path, producer={"linger.ms": "300"})
    broker.push_request_errors([MSG_SIZE_TOO_LARGE])
    for _ in range(12):
        stream.delivery.submit(jpeg())
    wait_until(lambda: stream.delivery.accounting.snapshot().delivered == 12)
    assert stream.delivery.publisher is not None
    assert stream.delivery.publisher.config.batch_bytes == 1
    assert stream.delivery.accounting.snapshot().dropped == {}
    assert_complete_and_in_order(reader.wait_for(stream.stream_id, 12), 12)
    stream.end()


def test_a_refusal_to_name_the_limit_is_unknown_and_no_error(broker: MockBroker) -> None:
    # The mock cluster does not know the request at all.
    limit = read_topic_limit(
        {"bootstrap.servers": broker.bootstrap_servers}, TOPIC, timeout_seconds=2
    )
    assert limit.max_message_bytes is None
    assert limit.reason


def test_whoever_asked_for_the_limit_leaves_no_client_behind(broker: MockBroker) -> None:
    def librdkafka_threads() -> int:
        names = (task / "comm" for task in Path("/proc/self/task").iterdir())
        return sum(name.read_text().startswith("rdk:") for name in names)

    gc.collect()
    before = librdkafka_threads()
    gc.disable()
    try:
        read_topic_limit(
            {"bootstrap.servers": broker.bootstrap_servers}, TOPIC, timeout_seconds=0.5
        )
        assert librdkafka_threads() <= before
    finally:
        gc.enable()


def test_replay_of_a_large_backlog_by_itself_causes_no_buffer_error(
    broker: MockBroker, reader: TopicReader, tmp_path: Path
) -> None:
    producer = {"queue.buffering.max.messages": "20"}
    broker.freeze()
    stream = Stream(broker.bootstrap_servers, tmp_path, producer=producer)
    for _ in range(500):
        stream.delivery.submit(jpeg(500))
    wait_until(lambda: stream.delivery.accounting.snapshot().spooled == 480)
    stream.end()
    broker.thaw()
    again = Stream(broker.bootstrap_servers, tmp_path, producer=producer)
    errors = again.delivery.accounting.snapshot().buffer_errors
    wait_until(again.drained)
    # At most the one that says that the program was started with a backlog.
    assert again.delivery.accounting.snapshot().buffer_errors - errors <= 1
    assert_complete_and_in_order(reader.wait_for(again.stream_id, 500), 500)
    again.end()


@pytest.mark.parametrize("mode", [SpoolMode.ON_FAILURE, SpoolMode.WRITE_AHEAD])
def test_a_simulated_buffer_error_takes_the_whole_way_and_ends_when_switched_off(
    broker: MockBroker, reader: TopicReader, tmp_path: Path, mode: SpoolMode
) -> None:
    stream = Stream(broker.bootstrap_servers, tmp_path, spool_mode=SpoolMode(mode))
    stream.feed()
    wait_until(lambda: stream.delivery.accounting.snapshot().delivered > 5)
    stream.delivery.apply(LiveChange(60, False, 1, simulate_buffer_error=True))
    wait_until(lambda: stream.delivery.snapshot.monitor.state is MonitorState.ERRORING)
    first = stream.delivery.snapshot.monitor
    assert first.last_error is not None
    assert "producer queue is full" in first.last_error or "buffer backlog" in first.last_error
    wait_until(lambda: stream.delivery.snapshot.monitor.consecutive_errors > 20)
    stream.delivery.apply(LiveChange(60, False, 2, simulate_buffer_error=False))
    wait_until(lambda: stream.delivery.snapshot.monitor.state is MonitorState.HEALTHY)
    stream.stop_feeding()
    wait_until(stream.drained)
    assert_complete_and_in_order(
        reader.wait_for(stream.stream_id, stream.selected), stream.selected
    )
    stream.end()


def test_a_stop_with_128_mib_queued_stores_every_frame(broker: MockBroker, tmp_path: Path) -> None:
    stream = Stream(broker.bootstrap_servers, tmp_path)
    broker.freeze()
    frames = 0
    while stream.delivery.snapshot.queue.utilization < 0.98:
        for _ in range(50):
            stream.delivery.submit(jpeg(100_000))
        frames += 50
        wait_until(lambda: not stream.delivery._mailbox._size_bytes)
        time.sleep(0.3)
    stream.end()
    counts = stream.delivery.accounting.snapshot()
    assert counts.spooled == counts.selected == frames
    again = Stream(broker.bootstrap_servers, tmp_path)
    assert again.state_dir.beginning.state.counts.spooled == frames
    again.end()


def test_in_write_ahead_mode_a_delivered_frame_leaves_the_disk(
    broker: MockBroker, tmp_path: Path
) -> None:
    stream = Stream(broker.bootstrap_servers, tmp_path, spool_mode=SpoolMode.WRITE_AHEAD)
    for _ in range(30):
        stream.delivery.submit(jpeg())
    wait_until(lambda: stream.delivery.accounting.snapshot().delivered == 30)
    wait_until(lambda: stream.delivery.snapshot.spool_bytes == 0)
    stream.end()
