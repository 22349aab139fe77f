"""A fast camera whose broker answers late or not at all: what the producer costs then.

librdkafka's idempotent producer burns a core while five frames or more are under way and
others wait (docs/decisions/0021). This program's publisher is compared with the bare client
at the same settings, and with settings that avoid it otherwise, on a real Kafka behind a
proxy that passes everything on late. Every frame is read back from the topic afterwards.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

from benchmarks.footage import ROOT
from benchmarks.kafka_sender import FRAME_BYTES, FRAMES_PER_SECOND, SETTINGS, WARM_UP, Cost
from benchmarks.result import Result, Row

if TYPE_CHECKING:
    from tests.testbed.kafka import KafkaCluster

SECONDS = 10
LATE_MILLISECONDS = (0, 50, 100, 300)
FROZEN = "broker frozen"
_READ_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the topic holds of a run.

    Attributes:
        missing: Frames that are not there.
        duplicates: Frames that are there again.
        in_order: Whether first occurrences are in order.
    """

    missing: int
    duplicates: int
    in_order: bool

    def __str__(self) -> str:
        """Return it in words."""
        order = "in order" if self.in_order else "NOT in order"
        return f"{self.missing} missing, {self.duplicates} twice, {order}"


def run() -> Result:
    """Send by every way over every link."""
    from tests.simulators.tcpproxy import TcpProxy  # noqa: PLC0415 - the testbed is needed here only
    from tests.testbed.kafka import KafkaCluster  # noqa: PLC0415
    from tests.testbed.lease import Lease  # noqa: PLC0415

    rows: list[Row] = []
    with Lease.take("slow-link", unique=True) as lease:
        kafka = KafkaCluster(lease)
        with TcpProxy(kafka.nodes[0].address) as proxy:
            kafka.advertise({1: proxy.address})
            with kafka:
                for late in LATE_MILLISECONDS:
                    proxy.delay(late / 2000)
                    rows += _compare(kafka, f"acks {late} ms late")
                proxy.delay(0)
                rows += _compare(kafka, FROZEN)
    return Result(
        "slow_link",
        "the bare client with this program's settings",
        f"{FRAMES_PER_SECOND} fps x {FRAME_BYTES // 1000} kB for {SECONDS} s each, Apache Kafka "
        "on this machine behind a delaying proxy, CPU of the sending process",
        rows,
    )


def _compare(kafka: KafkaCluster, link: str) -> list[Row]:
    costs: dict[str, Cost] = {}
    rows = []
    for way in SETTINGS:
        topic = "-".join([*link.split(), "by", *way.split()])
        kafka.create_topic(topic)
        costs[way] = _send(kafka, topic, way, frozen=link == FROZEN)
        arrival = _arrival(kafka, topic)
        row = Row(
            f"{link}, {way}: share of a core ({arrival})",
            100 * costs[way].cpu_seconds / costs[way].wall_seconds,
            "%",
        )
        if way == "ours":
            row.bar, row.bar_met = "at most 10 %", row.ours <= 10
        rows.append(row)
        if link != FROZEN:
            latencies = costs[way].latencies_seconds
            rows.append(Row("  to the acknowledgement, median", statistics.median(latencies), "s"))
            rows.append(
                Row(
                    "  to the acknowledgement, 99 %",
                    statistics.quantiles(latencies, n=100)[98],
                    "s",
                )
            )
    return rows


def _send(kafka: KafkaCluster, topic: str, way: str, *, frozen: bool) -> Cost:
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "benchmarks.kafka_sender"),
            *(way, kafka.bootstrap_servers, topic, str(SECONDS * FRAMES_PER_SECOND)),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        try:
            _expect(child.stdout.readline(), "feeding")
            if frozen:
                kafka.nodes[0].freeze()
            _expect(child.stdout.readline(), "fed")
        finally:
            if frozen:
                kafka.nodes[0].thaw()
        return Cost(**json.loads(child.stdout.readline()))


def _expect(line: str, word: str) -> None:
    if line.strip() != word:
        raise RuntimeError(f"the sender said {line!r} instead of {word!r}")


def _arrival(kafka: KafkaCluster, topic: str) -> Arrival:
    consumer = Consumer(
        {
            "bootstrap.servers": kafka.internal_bootstrap_servers,
            "group.id": "benchmark",
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
    numbers: list[int] = []
    while True:
        message = consumer.poll(_READ_SECONDS)
        if message is None:
            raise RuntimeError(f"the topic could not be read within {_READ_SECONDS:g} s")
        if message.error():
            break
        numbers.append(int(dict(message.headers() or [])["ce_sequence"] or b""))
    consumer.close()
    frames = [number for number in numbers if number != WARM_UP]
    distinct = list(dict.fromkeys(frames))
    return Arrival(
        missing=SECONDS * FRAMES_PER_SECOND - len(distinct),
        duplicates=len(frames) - len(distinct),
        in_order=distinct == sorted(distinct),
    )


if __name__ == "__main__":
    from rich.console import Console

    run().show(Console())
