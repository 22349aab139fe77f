"""Runs the benchmarks: `python -m benchmarks [name ...]`."""

from __future__ import annotations

import argparse
import importlib

from rich.console import Console

BENCHMARKS = {
    "every_frame": "a 1080p file, every frame: cost by stage, agreement, picture quality",
    "every_frame_pod": "1080p30 over RTSP, every frame: CPU of the whole pod (two minutes)",
    "instructions": "the same, instructions by stage (five minutes)",
    "interval": "1080p30 over RTSP, one frame per 5 s: CPU of the whole pod (seven minutes)",
    "frame_age": "how old a picture is when a consumer has it",
    "cameras_per_core": "how many such streams fit on one core (twelve minutes)",
    "agreement": "decisions against the full-resolution method, by clip, size and interval",
    "producer": "frames into a real Kafka, flat out: against a bare loop and Kafka's own tool",
    "slow_link": "a 30 fps camera whose broker answers late or not at all: CPU and latency",
    "mjpeg": "a 1080p MJPEG camera, every frame: bytes identical, cost against decoding",
    "memory": "a stream pod by stage, by picture size, with Kafka silent (eight minutes)",
    "start": "from nothing to the first frame that Kafka has: CPU time",
    "shutdown": "SIGTERM with a full queue: nothing missing, /livez answers",
    "reconnects": "a camera that goes away 1,000 times: memory stays flat (15 minutes)",
    "operator_scale": "1,000 CameraStreams: time, API writes, CPU and memory (four minutes)",
    "operator_comparison": "the same cameras by kopf's default handlers (five minutes)",
}


def main() -> None:
    """Run the named benchmarks, or all."""
    listing = "\n".join(f"  {name:19} {about}" for name, about in BENCHMARKS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"Benchmarks, each against a named reference:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="name", help="default: all")
    names = parser.parse_args().names or list(BENCHMARKS)
    if unknown := [name for name in names if name not in BENCHMARKS]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
    console = Console()
    for name in names:
        console.print(f"[bold]{name}[/bold]: {BENCHMARKS[name]} ...")
        result = importlib.import_module(f"benchmarks.{name}").run()
        result.show(console)
        console.print(f"written to {result.write()}\n")


if __name__ == "__main__":
    main()
