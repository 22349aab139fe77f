"""An hour of one camera, ten minutes of it without Kafka: does memory stay flat?

    python -m benchmarks.soak --minutes 60

A 1080p30 RTSP camera, every frame checked and sent. After a sixth of the time the camera goes
away and comes back, once a minute for a sixth of the time; then Kafka freezes for a sixth.
Samples are written as they come, so that a run that is broken off is not lost.
"""

from __future__ import annotations

import argparse
import csv
import json
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.footage import ROOT
from benchmarks.plot import Line, line_chart, write_svg
from benchmarks.process_memory import memory_of
from benchmarks.stage import stage

if TYPE_CHECKING:
    from collections.abc import Sequence

RESULTS = ROOT / "benchmarks" / "results"
QUEUE_MEBIBYTES = 32
_COLUMNS = ("minutes", "rss", "anonymous", "phase", "delivered", "spooled", "in_flight")
_SAMPLE_SECONDS = 5.0
_FLAT_MEBIBYTES = 5.0


@dataclass(frozen=True, slots=True)
class Sample:
    """The process at a moment; memory in MiB."""

    minutes: float
    rss: float
    anonymous: float
    phase: str
    delivered: int
    spooled: int
    in_flight: int


def phase_at(share: float) -> str:
    """Return what happens when this share of the time is over.

    Example:
        >>> [phase_at(share) for share in (0.0, 0.2, 0.4, 0.6, 0.99)]
        ['steady', 'camera comes and goes', 'steady', 'Kafka silent', 'steady']
    """
    if 1 / 6 <= share < 2 / 6:
        return "camera comes and goes"
    if 3 / 6 <= share < 4 / 6:
        return "Kafka silent"
    return "steady"


def watch(minutes: float, out: Path) -> list[Sample]:
    """Run the program for so long; write and return the samples."""
    samples: list[Sample] = []
    out.parent.mkdir(parents=True, exist_ok=True)
    with stage() as on, out.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        camera = on.camera()
        program = on.program(
            camera.rtsp_url,
            INTERVAL_SECONDS=0,
            KAFKA_CONFIG_BUFFER_MEMORY=QUEUE_MEBIBYTES * 1024 * 1024,
        )
        program.wait_for_delivered(1)
        began = time.monotonic()
        frozen, last_death = False, began
        while (now := time.monotonic()) < began + 60 * minutes:
            phase = phase_at((now - began) / (60 * minutes))
            if frozen != (phase == "Kafka silent"):
                frozen = not frozen
                (on.broker.freeze if frozen else on.broker.thaw)()
            if phase == "camera comes and goes" and now - last_death > 60:
                last_death = now
                camera.die()
            frames = program.frames()
            memory = memory_of(program.process.pid)
            sample = Sample(
                round((now - began) / 60, 3),
                round(memory.rss, 2),
                round(memory.anonymous, 2),
                phase,
                frames["delivered"],
                frames["spooled"],
                frames["inFlight"],
            )
            samples.append(sample)
            table.writerow([getattr(sample, column) for column in _COLUMNS])
            file.flush()
            time.sleep(_SAMPLE_SECONDS)
        if frozen:
            on.broker.thaw()
    return samples


def verdict(samples: Sequence[Sample]) -> dict[str, float | bool]:
    """Return what the samples say: medians in MiB, and whether memory stayed flat.

    Flat is: at the end no more than 5 MiB above the first steady time, once what waited
    for Kafka has gone.
    """
    last = samples[-1].minutes
    first_steady = [s.rss for s in samples if last / 12 <= s.minutes < last / 6]
    last_steady = [s.rss for s in samples if s.minutes >= last * 11 / 12]
    silent = [s.rss for s in samples if s.phase == "Kafka silent"]
    first, end = statistics.median(first_steady), statistics.median(last_steady)
    return {
        "minutes": last,
        "rss_first": round(first, 1),
        "rss_end": round(end, 1),
        "rss_highest": max(s.rss for s in samples),
        "rss_highest_kafka_silent": max(silent, default=0.0),
        "above_the_queue_limit": round(max(silent, default=first) - first - QUEUE_MEBIBYTES, 1),
        "delivered": samples[-1].delivered,
        "waiting_at_the_end": samples[-1].spooled + samples[-1].in_flight,
        "flat": end - first <= _FLAT_MEBIBYTES,
    }


def draw(samples: Sequence[Sample], path: Path) -> None:
    """Draw the memory over time."""
    lines = [
        Line("RSS", tuple((s.minutes, s.rss) for s in samples)),
        Line("anonymous", tuple((s.minutes, s.anonymous) for s in samples)),
    ]
    write_svg(path, line_chart("Memory of a stream pod, 1080p30", "minutes", "MiB", lines))


def main() -> None:
    """Run, and write the samples, the verdict and the drawing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--out", type=Path, default=RESULTS / "soak.csv")
    given = parser.parse_args()
    samples = watch(given.minutes, given.out)
    found = verdict(samples)
    given.out.with_suffix(".json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    draw(samples, ROOT / "docs" / "images" / "soak.svg")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
