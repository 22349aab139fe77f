"""A camera, a broker, and programs between them: what process benchmarks are played on."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.footage import ROOT, camera_clip
from benchmarks.process_memory import Memory, memory_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.program.harness import Program
    from tests.simulators.broker import MockBroker
    from tests.simulators.camera import CameraSimulator

TOPIC = "camera-stream"
IMAGE_ENVIRONMENT = {
    # As in the Dockerfile.
    "MALLOC_MMAP_THRESHOLD_": "65536",
    "MALLOC_TRIM_THRESHOLD_": "131072",
    "PYTHONOPTIMIZE": "2",
    "PYTHONUNBUFFERED": "1",
}
_CLIP_SECONDS = {(3840, 2160): 6}


class Stage:
    """Cameras and programs; they end when the stage does.

    Args:
        folder: Of the programs' state and logs.
        bootstrap_servers: Where they send to.
        stack: Ends what is started here.
    """

    def __init__(self, folder: Path, bootstrap_servers: str, stack: ExitStack) -> None:
        self.folder = folder
        self.bootstrap_servers = bootstrap_servers
        self._stack = stack
        self._programs = 0

    def camera(
        self, size: tuple[int, int] = (1920, 1080), *, jpegs: bool = False
    ) -> CameraSimulator:
        """Start a camera that films at 30 frames a second."""
        from tests.simulators import camera_clip as simulated  # noqa: PLC0415 - loads PyAV
        from tests.simulators.camera import CameraSimulator  # noqa: PLC0415

        path = camera_clip("car", _CLIP_SECONDS.get(size, 20), size)
        return self._stack.enter_context(CameraSimulator(simulated.load(path, jpegs=jpegs)))

    def program(self, url: str, **settings: object) -> Program:
        """Start `camerastream run` as the image does."""
        from tests.integration.program.harness import Program  # noqa: PLC0415 - loads PyAV

        self._programs += 1
        folder = self.folder / f"program-{self._programs}"
        folder.mkdir()
        program = Program(
            folder,
            RTSP_CAMERA_URL=url,
            **{
                "KAFKA_BOOTSTRAP_SERVERS": self.bootstrap_servers,
                "KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS": "3600",
                **IMAGE_ENVIRONMENT,
                **settings,
            },
        )
        self._stack.callback(program.close)
        return program

    def reference(
        self,
        url: str,
        interval_seconds: float,
        *,
        sleeps: bool = False,
        as_in_image: bool = True,
    ) -> subprocess.Popen[str]:
        """Start the customary program; it checks, and sends, without waiting for motion.

        Args:
            url: The camera.
            interval_seconds: From one checked frame to the next.
            sleeps: Sleep between them instead of reading all frames.
            as_in_image: With the image's settings of memory, which take CPU from a program
                that makes new arrays for every frame.
        """
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "benchmarks.reference_program", url),
                *(str(interval_seconds), self.bootstrap_servers, "0"),
                *(["sleep"] if sleeps else []),
            ],
            cwd=ROOT,
            env={**os.environ, **(IMAGE_ENVIRONMENT if as_in_image else {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

        def end() -> None:
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()

        self._stack.callback(end)
        return process


class MockStage(Stage):
    """A stage with an embedded broker, which can fall silent.

    Args:
        folder: Of the programs' state and logs.
        broker: Where they send to.
        stack: Ends what is started here.
    """

    def __init__(self, folder: Path, broker: MockBroker, stack: ExitStack) -> None:
        super().__init__(folder, broker.bootstrap_servers, stack)
        self.broker = broker


@contextmanager
def stage() -> Iterator[MockStage]:
    """Set the stage with a broker that has the topic."""
    from tests.simulators.broker import MockBroker  # noqa: PLC0415 - loads the simulators

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        broker = stack.enter_context(MockBroker())
        broker.create_topic(TOPIC)
        yield MockStage(folder, broker, stack)


def wait_for_word(process: subprocess.Popen[str], word: str) -> None:
    """Wait until the customary program says a word.

    Raises:
        RuntimeError: It ended instead.
    """
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == word:
            return
    raise RuntimeError(f"the customary program ended before it said {word}")


def watch_memory(pid: int, seconds: float, every_seconds: float = 0.25) -> list[Memory]:
    """Return a process's memory at even times."""
    found = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found.append(memory_of(pid))
        time.sleep(every_seconds)
    return found
