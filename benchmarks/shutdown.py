"""SIGTERM with a full queue: everything to disk, nothing missing, and `/livez` answers.

Kafka freezes, the producer's queue of 128 MiB fills and spills into the spool, then SIGTERM
comes. `/livez` is asked 20 times a second until the end. What is then on disk is read back
and held against the program's own count.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from benchmarks.operator_process import process_cpu_seconds
from benchmarks.result import Result, Row
from benchmarks.stage import stage
from camerastream.delivery.spool import FILE_NAME, Spool

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.program.harness import Program

BAR_SECONDS = 2.0
QUEUE_MEBIBYTES = 128
_ASK_EVERY_SECONDS = 0.05
_PATIENCE_SECONDS = 600


def fill_queue(program: Program) -> None:
    """Wait until the producer refuses frames."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not program.frames()["spooled"]:
        if time.monotonic() > end:
            raise RuntimeError(f"the queue did not fill: {program.status()['queue']}")
        time.sleep(0.5)


def written_rate(folder: Path, size_bytes: int) -> float:
    """Return how many seconds a bare write and fsync of so many bytes take here."""
    path = folder / "bare"
    block = os.urandom(1024 * 1024)
    began = time.monotonic()
    with path.open("wb") as file:
        for _ in range(size_bytes // len(block)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())
    seconds = time.monotonic() - began
    path.unlink()
    return seconds


def missing_frames(program: Program) -> tuple[int, int]:
    """Return how many frames are neither delivered nor on disk, and how many are on disk."""
    spool = Spool(program.folder / "state" / FILE_NAME)
    kept = [frame.sequence for frame in spool.read(after_position=-1, max_bytes=10**10)]
    spool.close()
    ended = program.line("buffer stored, ended")
    wanted = ended["selected"] - ended["delivered"] - sum(ended["dropped"].values())
    in_order = kept == sorted(set(kept))
    return wanted - len(kept) if in_order else wanted, len(kept)


def run() -> Result:
    """Fill the queue, send SIGTERM, and ask `/livez` until the end."""
    waits: list[float] = []
    with stage() as on:
        program = on.program("test:1920x1080@30", INTERVAL_SECONDS=0)
        program.wait_for_delivered(5)
        url = f"http://127.0.0.1:{program.port}/livez"
        on.broker.freeze()
        fill_queue(program)
        bare = written_rate(on.folder, QUEUE_MEBIBYTES * 1024 * 1024)
        cpu = process_cpu_seconds(program.process.pid)
        began = time.monotonic()
        program.process.send_signal(signal.SIGTERM)
        while program.process.poll() is None:
            asked = time.monotonic()
            with contextlib.suppress(urllib.error.URLError, OSError):
                urllib.request.urlopen(url, timeout=5).close()
                waits.append(time.monotonic() - asked)
                with contextlib.suppress(OSError, ValueError, IndexError):
                    cpu_end = process_cpu_seconds(program.process.pid)
            time.sleep(_ASK_EVERY_SECONDS)
        seconds = time.monotonic() - began
        code = program.process.returncode
        missing, kept = missing_frames(program)
        on.broker.thaw()
    end = Row("SIGTERM to exit", seconds, "s", bare)
    end.bar, end.bar_met = f"below {BAR_SECONDS:g} s", seconds < BAR_SECONDS
    return Result(
        "shutdown",
        f"writing {QUEUE_MEBIBYTES} MiB to the same disk with one fsync, by the clock",
        f"the producer's queue of {QUEUE_MEBIBYTES} MiB full, Kafka frozen; seconds by the clock",
        [
            end,
            Row("... CPU of it, as long as it could be asked", cpu_end - cpu, "s"),
            Row("frames on disk", kept, "frames"),
            Row("frames missing", missing, "frames", None, "none", missing == 0),
            Row("exit code", code, "", None, "0", code == 0),
            Row("/livez answered meanwhile", len(waits), "times"),
            Row("... longest wait", 1000 * max(waits, default=float("nan")), "ms"),
        ],
    )
