"""A broker, its topic read along, and programs that end with the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.integration.delivery.harness import TOPIC
from tests.integration.program.harness import Program
from tests.integration.topic import TopicReader
from tests.simulators.broker import MockBroker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def broker() -> Iterator[MockBroker]:
    with MockBroker() as started:
        started.create_topic(TOPIC)
        yield started


@pytest.fixture
def reader(broker: MockBroker) -> Iterator[TopicReader]:
    started = TopicReader(broker.bootstrap_servers, TOPIC)
    yield started
    started.stop()


@pytest.fixture
def run(broker: MockBroker, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    programs: list[Program] = []

    def start(**settings: object) -> Program:
        programs.append(
            Program(tmp_path, **{"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap_servers, **settings})
        )
        return programs[-1]

    yield start
    for program in programs:
        program.close()
