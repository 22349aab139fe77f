"""A topic of a real Kafka, read along, and the lives of one program that sends to it."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from tests.integration.program.arrival import expect_all_frames, expect_jpegs
from tests.integration.program.harness import Program
from tests.integration.topic import TopicReader, wait_until

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.testbed.kafka import Administration

DETECTED = "🟡 Kafka buffer error detected. Starting timer. Error: "
RESOLVED = "✅ Kafka buffer errors resolved after "
CRITICAL = "🔴 CRITICAL: Kafka buffer errors persisted beyond threshold - forcing container restart"

FRAMES_PER_SECOND = 20
"""Of the harness's camera."""

THRESHOLD_SECONDS = 4
"""Of the harness, unless told."""

SMALL_QUEUE = {"KAFKA_CONFIG_QUEUE_BUFFERING_MAX_MESSAGES": 30}
"""Full after a second and a half of silence."""

NEVER = {"KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS": 300}
"""A threshold that no test waits for."""


class Scene:
    """One topic and one state directory.

    Args:
        folder: State and logs of the program.
        bootstrap_servers: What the program is told.
        administration: Makes the topic.
        reader_servers: Where the topic is read along; past whatever a test puts before the
            brokers.
        settings: Of every life of the program.
        temporary: Delete the topic at the end: the Kafka goes on.
        topic: Settings and placement of the topic, as `Administration.create_topic` takes
            them; None to leave it missing.
    """

    def __init__(
        self,
        folder: Path,
        *,
        bootstrap_servers: str,
        administration: Administration,
        reader_servers: str,
        settings: Mapping[str, object],
        topic: Mapping[str, Any] | None,
        temporary: bool = False,
    ) -> None:
        self.topic = f"camera-stream-{uuid.uuid4().hex[:8]}"
        self.administration = administration
        self._folder = folder
        self._settings = {"KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers, **settings}
        self._reader_servers = reader_servers
        self._temporary = temporary
        self._reader: TopicReader | None = None
        self._programs: list[Program] = []
        if topic is not None:
            self.create_topic(**topic)

    @property
    def reader(self) -> TopicReader:
        """Who reads the topic along."""
        assert self._reader is not None, "there is no topic to read"
        return self._reader

    def create_topic(self, **placement: Any) -> None:
        """Make the topic and read it from now on."""
        self.administration.create_topic(self.topic, **placement)
        self._reader = TopicReader(self._reader_servers, self.topic)

    def close(self) -> None:
        """End everything that this began."""
        for program in self._programs:
            program.close()
        if self._reader is not None:
            self._reader.stop()
            if self._temporary:
                self.administration.delete_topic(self.topic)

    def run(self, **settings: object) -> Program:
        """Start the program; again on the same state directory."""
        program = Program(
            self._folder,
            **{"CAMERA_STREAM_TOPIC": self.topic, **self._settings, **settings},
        )
        self._programs.append(program)
        return program

    def run_until_flowing(self, frames: int = 20, **settings: object) -> Program:
        """Start the program and wait until frames are acknowledged."""
        program = self.run(**settings)
        program.wait_for_delivered(frames)
        wait_until(lambda: program.status()["spool"]["frames"] == 0, 60, program.text)
        return program

    def restart_and_expect_all(self) -> None:
        """Start the program again, as its container would be, and look at the topic."""
        # A threshold of its own: on a busy machine the harness's could pass before the first
        # acknowledgement.
        program = self.run(**NEVER)
        wait_for_line(program, DETECTED + "buffer backlog of")
        wait_for_line(program, RESOLVED)
        self.expect_all(program)

    def mean_frame_bytes(self) -> float:
        """Return the mean size of the frames on the topic so far."""
        sizes = [len(value) for _, value in list(self.reader.frames)]
        return sum(sizes) / len(sizes)

    def expect_all(self, program: Program, timeout_seconds: float = 60) -> None:
        """End the program and find every frame that was ever selected: on the topic, in order.

        On a busy machine the last few may have gone to the spool instead: they are looked for
        there.
        """
        wait_until(lambda: _settled(program), timeout_seconds, program.text)
        expect_all_frames(program, self.reader, timeout_seconds)

    def expect_pictures(self) -> None:
        """Every frame on the topic is a JPEG of the size that its headers name."""
        expect_jpegs(self.reader)


def wait_for_line(program: Program, start: str) -> dict[str, Any]:
    """Return the first log line that starts so; waits longer than the harness would."""
    wait_until(
        lambda: any(message.startswith(start) for message in program.messages()),
        100,
        lambda: f"no line {start!r} in:\n{program.text()}",
    )
    return program.line(start)


def expect_trip(
    program: Program, cause: str | None = None, threshold_seconds: float = THRESHOLD_SECONDS
) -> None:
    """Wait until the program has ended because of the threshold, and said so."""
    assert program.wait_for_end(90) == 1, program.text()
    assert CRITICAL in program.messages(), program.text()
    termination = program.termination()
    assert termination["reason"] == "KafkaBufferError"
    # By the clock: not before the threshold, and not on some later occasion.
    assert 0 <= termination["durationSeconds"] - threshold_seconds < 15
    if cause is not None:
        assert termination["cause"] == cause, program.text()


def expect_no_trip(program: Program) -> None:
    """The program has not crossed its threshold so far."""
    assert program.process.poll() is None, program.text()
    assert CRITICAL not in program.messages()


def _settled(program: Program) -> bool:
    status = program.status()
    return bool(status["spool"]["frames"] == 0 and status["monitor"]["state"] == "healthy")
