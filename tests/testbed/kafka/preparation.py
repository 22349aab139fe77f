"""Runs a broker once, so that every later one starts in two seconds."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from confluent_kafka import Producer

from tests.testbed.cache import cached
from tests.testbed.kafka.administration import Administration
from tests.testbed.kafka.installation import Installation, bare_installation, java_version
from tests.testbed.kafka.node import KafkaNode, kafka_uuid
from tests.testbed.kafka.ports import ReservedPorts
from tests.testbed.kafka.properties import CLIENTS, LISTENERS, NodePlan, node_properties
from tests.testbed.lease import Lease

if TYPE_CHECKING:
    from pathlib import Path

_HOST = "127.0.0.1"
_ARCHIVE = "kafka.jsa"
_CHECKPOINT = "checkpoint"
_IDENTITY = "meta.properties"
_READY_SECONDS = 120.0
_TOPIC = "warm-up"


def installation() -> Installation:
    """Return Kafka, ready to be started; fetched and prepared now where it is not yet.

    Raises:
        Refusal: Something it needs is missing and cannot be had.
    """
    bare = bare_installation()
    version = re.sub(r"[^\w.+-]", "-", java_version())
    # The archive holds the place of each jar and belongs to one version of Java.
    folder = cached(
        "kafka-start",
        f"{bare.jars.name}-java-{version}",
        lambda draft: _prepare(bare, draft),
        what="preparing Kafka's fast start",
        estimate_seconds=15,
    )
    return replace(bare, class_archive=folder / _ARCHIVE, checkpoint=folder / _CHECKPOINT)


def _prepare(bare: Installation, draft: Path) -> None:
    with Lease.take("kafka-preparation", unique=True) as lease:
        ports = ReservedPorts(_HOST, len(LISTENERS))
        plan = NodePlan(1, _HOST, dict(zip(LISTENERS, ports.numbers, strict=True)))
        folder = lease.folder / "node"
        node = KafkaNode(
            lease,
            bare,
            plan,
            folder=folder,
            data_folder=folder / "data",
            log=folder / "kafka.log",
            java_options=[f"-XX:ArchiveClassesAtExit={draft / _ARCHIVE}", "-Xlog:cds=off"],
        )
        node.configure(node_properties(plan, [plan], data_folder=node.data_folder))
        _format(bare, node)
        shutil.copytree(
            node.data_folder, draft / _CHECKPOINT, ignore=shutil.ignore_patterns(_IDENTITY)
        )
        node.start()
        _use(node)
        # In order: the archive is written at the end.
        node.stop()
        ports.close()
        if not (draft / _ARCHIVE).is_file():
            raise RuntimeError(f"Java wrote no class archive:\n{node.last_words()}")


def _format(bare: Installation, node: KafkaNode) -> None:
    command = bare.java(
        *("kafka.tools.StorageTool", "format"),
        *("--cluster-id", kafka_uuid()),
        *("--config", str(node.properties_path)),
    )
    subprocess.run(command, check=True, capture_output=True)


def _use(node: KafkaNode) -> None:
    """Let the broker load what it loads in use."""
    administration = Administration(node.plan.address(CLIENTS))
    deadline = time.monotonic() + _READY_SECONDS
    while not administration.brokers():
        if not node.running() or time.monotonic() > deadline:
            raise RuntimeError(f"Kafka did not start:\n{node.last_words()}")
    administration.create_topic(_TOPIC)
    producer = Producer({"bootstrap.servers": node.address, "log_level": 0})
    producer.produce(_TOPIC, b"x")
    producer.flush(_READY_SECONDS)
