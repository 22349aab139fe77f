"""`make demo`: runs the story and ends with 0 only if nothing is missing."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from examples.demo.screen import Screen
from examples.demo.supervisor import Supervisor
from examples.demo.verdict import LINES, Verdict, judge
from examples.demo.watching import Watch
from tests.simulators.broker import MockBroker

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "demo"
CLIP = ROOT / "examples" / "footage" / "car-detection.mp4"
SHEET = FOLDER / "contact-sheet.jpg"
TOPIC = "camera-stream"
THRESHOLD_SECONDS = 6
_PATIENCE_SECONDS = 45


def settings(bootstrap_servers: str) -> dict[str, str]:
    """Return the environment that the program runs in, as a container's."""
    return {
        "PATH": os.environ["PATH"],
        "CAMERA_ID": "driveway",
        "RTSP_CAMERA_URL": str(CLIP),
        "FILE_LOOP": "true",
        "INTERVAL_SECONDS": "0.1",
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap_servers,
        "CAMERA_STREAM_TOPIC": TOPIC,
        "STATE_DIR": str(FOLDER / "state"),
        "TERMINATION_LOG": str(FOLDER / "termination.json"),
        "HTTP_HOST": "127.0.0.1",
        "HTTP_PORT": "0",
        # Scaled down, so that the story fits into a minute:
        "KAFKA_BUFFER_ERROR_THRESHOLD_SECONDS": str(THRESHOLD_SECONDS),
        "KAFKA_BUFFER_SETTLE_SECONDS": "2",
        "KAFKA_CONFIG_BUFFER_MEMORY": "1572864",
    }


def tell(broker: MockBroker, supervisor: Supervisor, screen: Screen) -> None:
    """Go through the story, waiting for each thing to happen rather than for time to pass."""
    screen.step("A camera streams into Kafka")
    until(lambda: delivered(supervisor) >= 30, "30 frames delivered")
    screen.step("The broker freezes: connections stand, nothing is answered")
    broker.freeze()
    until(lambda: supervisor.said(LINES[0][1]), "the queue is full")
    screen.step(f"The queue is full; after {THRESHOLD_SECONDS} s of errors the monitor trips")
    until(lambda: supervisor.exit_codes == [1], "the program ends with 1")
    screen.step("Exit code 1: what was unsent is on disk; the supervisor starts the program again")
    until(lambda: supervisor.said("buffer backlog of"), "the program finds its backlog")
    time.sleep(2)
    screen.step("The broker thaws: the backlog is replayed first, in order, new frames behind it")
    broker.thaw()
    until(lambda: supervisor.said(LINES[3][1]), "recovery")
    goal = delivered(supervisor) + 20
    until(lambda: delivered(supervisor) >= goal, "new frames delivered")
    screen.step("SIGTERM: the program ends in order")
    supervisor.stop()


def delivered(supervisor: Supervisor) -> int:
    """Return how many frames the broker has acknowledged."""
    status = supervisor.status()
    return 0 if status is None else int(status["frames"]["delivered"])


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something to happen.

    Raises:
        TimeoutError: It did not.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {_PATIENCE_SECONDS} s in vain for: {what}")
        time.sleep(0.1)


def show(verdict: Verdict, console: Console) -> None:
    """Print the summary."""
    table = Table(title="\nRead back from the topic", show_header=False, title_justify="left")
    for label, value in verdict.rows:
        table.add_row(label, value)
    console.print(table)
    for problem in verdict.problems:
        console.print(f"[bold red]✗ {problem}[/]")
    if not verdict.problems:
        console.print("[bold green]✓ nothing is missing[/]")
    if SHEET.exists():
        console.print(f"what arrived, as pictures: {SHEET.relative_to(ROOT)}", soft_wrap=True)


def main() -> int:
    """Run the demo; return the exit code."""
    console = Console(highlight=False)
    recorder = Console(highlight=False, record=True, file=io.StringIO(), width=118)
    started = time.monotonic()
    shutil.rmtree(FOLDER, ignore_errors=True)
    (FOLDER / "state").mkdir(parents=True)
    console.print(
        "An embedded broker (librdkafka's mock cluster), a clip as the camera, the real program.\n"
        f"Shortened for the demo: threshold {THRESHOLD_SECONDS} s instead of 60 s, "
        "queue 1.5 MiB instead of 128 MiB, settle time 2 s instead of 5 s."
    )
    with MockBroker() as broker:
        broker.create_topic(TOPIC)
        watch = Watch(broker.bootstrap_servers, TOPIC, SHEET, FOLDER)
        lines: list[Callable[[str], None]] = []
        supervisor = Supervisor(
            settings(broker.bootstrap_servers), FOLDER, lambda line: [on(line) for on in lines]
        )
        try:
            with Screen(supervisor.status, console, recorder) as screen:
                lines.append(screen.line)
                supervisor.start()
                tell(broker, supervisor, screen)
            time.sleep(1)  # the watcher reads the last frames
            watched = watch.finish()
        except TimeoutError as error:
            console.print(f"[bold red]✗ {error}[/]")
            return 1
        finally:
            supervisor.stop()
            watch.close()
    frames = json.loads((FOLDER / "termination.json").read_text(encoding="utf-8"))["frames"]
    verdict = judge(
        frames=frames,
        watched=watched,
        exit_codes=supervisor.exit_codes,
        lines=supervisor.lines,
    )
    for each in (console, recorder):
        show(verdict, each)
    console.print(f"[dim]{time.monotonic() - started:.0f} s[/]")
    recorder.save_svg(str(FOLDER / "demo.svg"), title="make demo")
    return 1 if verdict.problems else 0


if __name__ == "__main__":
    sys.exit(main())
