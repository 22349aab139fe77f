"""What is shown, on a terminal and elsewhere."""

from __future__ import annotations

import io

from rich.console import Console

from camerastream.message import FrameHeader
from camerastream.watch.tally import Tally
from camerastream.watch.view import Glimpse, LineView, TableView, age_text, printable


def tally(cameras: int = 2, missing: bool = False) -> Tally:
    made = Tally()
    for number in range(cameras):
        for sequence in (0, 1, 3) if missing else (0, 1, 2):
            made.place(0, made.frames)
            header = FrameHeader(f"camera-{number}", "stream-1", sequence, 100.0 + sequence)
            made.frame(header, partition=0, size_bytes=1000)
    return made


def glimpse(counts: Tally, problem: str | None = None) -> Glimpse:
    return Glimpse("camera-stream", "kafka:9092", 1, problem, False, counts, 200.0)


def test_the_table_shows_each_camera() -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=140, height=30)
    with TableView(console) as view:
        view.show(glimpse(Tally(), "topic camera-stream does not exist yet"), 0.0)
        view.show(glimpse(tally(missing=True)), 1.0)
    shown = out.getvalue()
    for part in ("does not exist yet", "camera-0", "camera-1", "0-3", "1 missing", "2 min"):
        assert part in shown


def test_a_low_terminal_shows_the_troubled_first() -> None:
    counts = tally(50)
    header = FrameHeader("troubled", "s", 7, 100.0)
    counts.frame(header, partition=0, size_bytes=1)
    out = io.StringIO()
    with TableView(Console(file=out, force_terminal=True, width=140, height=14)) as view:
        view.show(glimpse(counts), 0.0)
    assert "troubled" in out.getvalue()
    assert "45 more cameras" in out.getvalue()


def test_lines_come_every_five_seconds_and_when_something_goes_wrong() -> None:
    out = io.StringIO()
    with LineView(Console(file=out, width=80)) as view:
        view.show(glimpse(Tally()), 0.0)
        view.show(glimpse(tally(1)), 1.0)
        view.show(glimpse(tally(1), "connection refused"), 2.0)
        view.show(glimpse(tally(2), "connection refused"), 3.0)
        view.show(glimpse(tally(2, missing=True)), 7.5)
    lines = out.getvalue().splitlines()
    assert lines == [
        "camera-stream at kafka:9092: reading, 1 partition; 0 frames of 0 cameras",
        "camera-stream at kafka:9092: waiting: connection refused; 3 frames of 1 camera",
        (
            "camera-stream at kafka:9092: reading, 1 partition; 6 frames of 2 cameras; "
            "camera-0: 1 missing; camera-1: 1 missing"
        ),
    ]


def test_nothing_from_the_topic_steers_the_terminal() -> None:
    assert (
        printable("lobby\x1b[2J\n") == "lobby\N{REPLACEMENT CHARACTER}[2J\N{REPLACEMENT CHARACTER}"
    )
    counts = Tally()
    counts.frame(FrameHeader("a\x1b[2J[bold]", "s", 0, 1.0), partition=0, size_bytes=1)
    for console in (Console(file=io.StringIO(), force_terminal=True, width=200, height=40),):
        with TableView(console) as view:
            view.show(glimpse(counts), 0.0)
        assert "\x1b[2J" not in console.file.getvalue()  # type: ignore[attr-defined]
        assert "[bold]" in console.file.getvalue()  # type: ignore[attr-defined]


def test_ages() -> None:
    assert [age_text(each) for each in (0.04, 59, 600, 7200, 864000)] == [
        "0.0 s",
        "59.0 s",
        "10 min",
        "2.0 h",
        "10 d",
    ]


def test_a_narrow_terminal_shows_the_main_figures_whole() -> None:
    out = io.StringIO()
    with TableView(Console(file=out, force_terminal=True, width=80, height=30)) as view:
        view.show(glimpse(tally(missing=True)), 0.0)
    shown = out.getvalue()
    assert "late" not in shown
    for part in ("camera-1", "stream-1", "0-3", "2 min", "1 missing"):
        assert part in shown
