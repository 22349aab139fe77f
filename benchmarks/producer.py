"""How fast frames get into a real Kafka: this program's publisher, a bare loop, Kafka's own tool.

All send 100 kB messages at the same settings as fast as the broker takes them, in turn and
several times over; each gets a fresh topic.
"""

from __future__ import annotations

import json
import re
import resource
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.footage import ROOT
from benchmarks.kafka_sender import FRAME_BYTES
from benchmarks.result import Result, Row

if TYPE_CHECKING:
    from tests.testbed.kafka import KafkaCluster

FRAMES = 2000
ROUNDS = 21
WAYS = ("ours", "bare", "java")
_POM = Path(__file__).parent / "kafka_tools" / "pom.xml"
_TOOL_CLASS = "org.apache.kafka.tools.ProducerPerformance"
_TIMEOUT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Speed:
    """One run.

    Attributes:
        megabytes_per_second: Values acknowledged.
        cpu_seconds: Of the whole sending process, its start included for Java.
    """

    megabytes_per_second: float
    cpu_seconds: float


def run() -> Result:
    """Send by each way in turn."""
    from tests.testbed.kafka import KafkaCluster  # noqa: PLC0415 - the testbed is needed here only
    from tests.testbed.lease import Lease  # noqa: PLC0415

    jars = _tool_jars()
    runs: dict[str, list[Speed]] = {way: [] for way in WAYS}
    with Lease.take("producer", unique=True) as lease, KafkaCluster(lease) as kafka:
        for turn in range(ROUNDS):
            for way in WAYS[turn % len(WAYS) :] + WAYS[: turn % len(WAYS)]:
                topic = f"{way}-{turn}"
                kafka.create_topic(topic)
                send = _java if way == "java" else _python
                runs[way].append(send(kafka, topic, way, jars))
                kafka.administration.delete_topic(topic)
    speed = {
        way: statistics.median(one.megabytes_per_second for one in found)
        for way, found in runs.items()
    }
    cpu = {
        way: statistics.median(one.cpu_seconds for one in found) * 1000 / FRAMES
        for way, found in runs.items()
    }
    # Round by round: the machine is not equally fast in all of them.
    shares = [
        100 * mine.megabytes_per_second / max(bare.megabytes_per_second, java.megabytes_per_second)
        for mine, bare, java in zip(runs["ours"], runs["bare"], runs["java"], strict=True)
    ]
    share = statistics.median(shares)
    rows = [
        Row("speed, of the better one's", share, "%", None, "at least 90", share >= 90),
        Row("speed, against the bare loop", speed["ours"], "MB/s", speed["bare"]),
        Row("speed, against kafka-producer-perf-test", speed["ours"], "MB/s", speed["java"]),
        Row("CPU per 1,000 frames, against the bare loop", cpu["ours"], "s", cpu["bare"]),
        Row("CPU per 1,000 frames, against Kafka's tool", cpu["ours"], "s", cpu["java"]),
    ]
    return Result(
        "producer",
        "a bare confluent-kafka loop, and Kafka's own kafka-producer-perf-test",
        f"{FRAMES} x {FRAME_BYTES // 1000} kB, acks=all, idempotent, linger 5 ms, batch 1 MB, "
        f"128 MiB queue, one broker on this machine, median of {ROUNDS} rounds in turn",
        rows,
    )


def _python(kafka: KafkaCluster, topic: str, way: str, _: Path) -> Speed:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks.kafka_sender"),
            *(way, kafka.bootstrap_servers, topic, str(FRAMES), "--flat-out"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=True,
    )
    cost = json.loads(done.stdout.splitlines()[-1])
    if len(cost["latencies_seconds"]) != FRAMES:
        raise RuntimeError(f"{way}: {len(cost['latencies_seconds'])} of {FRAMES} acknowledged")
    return Speed(FRAMES * FRAME_BYTES / 1e6 / cost["wall_seconds"], cost["cpu_seconds"])


def _java(kafka: KafkaCluster, topic: str, _: str, jars: Path) -> Speed:
    properties = {
        "bootstrap.servers": kafka.bootstrap_servers,
        "acks": "all",
        "enable.idempotence": "true",
        "linger.ms": "5",
        "batch.size": "1000000",
        "buffer.memory": str(128 * 1024 * 1024),
        "max.request.size": "1048588",
    }
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [
            *("java", "-Xmx512m", "-cp", f"{jars}/*", _TOOL_CLASS),
            *("--topic", topic, "--num-records", str(FRAMES), "--record-size", str(FRAME_BYTES)),
            *("--throughput", "-1", "--producer-props"),
            *(f"{name}={value}" for name, value in properties.items()),
        ],
        capture_output=True,
        text=True,
        timeout=_TIMEOUT_SECONDS,
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # The last line sums up: "3000 records sent, 1189.5 records/sec (113.44 MB/sec), ..."
    found = re.findall(r"records sent, ([\d.]+) records/sec", done.stdout)
    if not found:
        raise RuntimeError(f"kafka-producer-perf-test said: {done.stdout[-500:]}")
    return Speed(
        float(found[-1]) * FRAME_BYTES / 1e6,
        after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
    )


def _tool_jars() -> Path:
    from tests.testbed.cache import cached, fingerprint  # noqa: PLC0415
    from tests.testbed.kafka.installation import fetch_jars  # noqa: PLC0415

    return cached(
        "kafka-tools",
        fingerprint([_POM]),
        lambda folder: fetch_jars(_POM, folder, proof="kafka-tools-*.jar"),
        what="fetching Kafka's own tools",
        estimate_seconds=30,
    )


if __name__ == "__main__":
    from rich.console import Console

    run().show(Console())
