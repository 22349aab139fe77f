"""Shows what arrives: a table that stays in place on a terminal, else a line now and then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from camerastream.watch.verdict import Kind, count, judge, short

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from camerastream.watch.tally import Tally
    from camerastream.watch.verdict import CameraVerdict

_LINE_SECONDS = 5.0
_REDRAW_SECONDS = 0.25
_LINES_BESIDE_ROWS = 8
_NAMED_CAMERAS = 10
_WIDE = 110
_FIGURES = ("sequence", "frames", "MB", "per s", "last", "twice", "late", "damaged")
_MAIN_FIGURES = ("sequence", "frames", "last")
_STYLES = {
    Kind.COMPLETE: "green",
    Kind.DAMAGED: "yellow",
    Kind.MISSING: "red",
    Kind.UNCLEAN_END: "red",
}


@dataclass(frozen=True, slots=True)
class Glimpse:
    """The present state of a watch.

    Attributes:
        topic: The topic.
        servers: The brokers that were asked first.
        partitions: How many partitions are being read.
        problem: Why nothing can be read, None while all is well.
        at_end: Whether all that the topic holds has been read.
        tally: What arrived.
        now_seconds: The present, Unix seconds.
    """

    topic: str
    servers: str
    partitions: int
    problem: str | None
    at_end: bool
    tally: Tally
    now_seconds: float


class View(Protocol):
    """Shows glimpses, as often as makes sense."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(self, *_: object) -> None:
        """End; the last state is shown."""

    def show(self, glimpse: Glimpse, elapsed_seconds: float) -> None:
        """Take the present state; to be called often."""


class TableView:
    """A table that stays in place.

    Args:
        console: The terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False)
        self._next_seconds = 0.0
        self._latest: Glimpse | None = None

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._latest is not None:
            self._draw(self._latest)
        self._live.stop()

    def show(self, glimpse: Glimpse, elapsed_seconds: float) -> None:
        """Redraw the table, four times a second at most."""
        self._latest = glimpse
        if elapsed_seconds >= self._next_seconds:
            self._next_seconds = elapsed_seconds + _REDRAW_SECONDS
            self._draw(glimpse)

    def _draw(self, glimpse: Glimpse) -> None:
        size = self._console.size
        table = _table(glimpse, max(3, size.height - _LINES_BESIDE_ROWS), size.width)
        self._live.update(table, refresh=True)


class LineView:
    """A line every five seconds, and at once when something goes wrong or right again.

    Args:
        console: Where to.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._next_seconds = 0.0
        self._problem: str | None = None
        self._latest: Glimpse | None = None
        self._printed = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._latest is not None:
            self._print(self._latest)

    def show(self, glimpse: Glimpse, elapsed_seconds: float) -> None:
        """Print a line when it is time for one."""
        self._latest = glimpse
        turned = glimpse.problem is not None and self._problem is None
        self._problem = glimpse.problem
        if turned or elapsed_seconds >= self._next_seconds:
            self._next_seconds = elapsed_seconds + _LINE_SECONDS
            self._print(glimpse)

    def _print(self, glimpse: Glimpse) -> None:
        line = _line(glimpse)
        if line != self._printed:
            self._printed = line
            self._console.print(Text(line), soft_wrap=True)


def printable(text: str) -> str:
    """Return a text that came from the topic, without what could steer a terminal."""
    return "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )


def _state(glimpse: Glimpse) -> str:
    if glimpse.problem is not None:
        return f"waiting: {glimpse.problem}"
    where = "at the end" if glimpse.at_end else "reading"
    return f"{where}, {count(glimpse.partitions, 'partition')}"


def _line(glimpse: Glimpse) -> str:
    tally = glimpse.tally
    parts = [f"{glimpse.topic} at {glimpse.servers}: {_state(glimpse)}"]
    verdicts = judge(tally)
    parts.append(f"{count(tally.frames, 'frame')} of {count(len(verdicts), 'camera')}")
    if tally.foreign:
        parts.append(count(tally.foreign, "foreign message"))
    troubled = [verdict for verdict in verdicts if verdict.kind is not Kind.COMPLETE]
    parts += [f"{each.camera}: {_short_verdict(each)}" for each in troubled[:_NAMED_CAMERAS]]
    if len(troubled) > _NAMED_CAMERAS:
        more = count(len(troubled) - _NAMED_CAMERAS, "more camera")
        parts.append(f"{more} with something missing")
    return printable("; ".join(parts))


def _short_verdict(verdict: CameraVerdict) -> str:
    if verdict.kind is Kind.UNCLEAN_END:
        known = verdict.lost_at_end is not None or verdict.missing > 0
        return f"unclean end, {f'{verdict.missing}+' if known else '?'} missing"
    return f"{verdict.missing} missing" if verdict.missing else verdict.kind.value


def _table(glimpse: Glimpse, most_rows: int, width: int) -> RenderableType:
    tally = glimpse.tally
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="bold")
    table.add_column("camera", overflow="ellipsis", no_wrap=True, max_width=24)
    table.add_column("stream", overflow="ellipsis", no_wrap=True)
    for name in _FIGURES if width >= _WIDE else _MAIN_FIGURES:
        # As wide as it needs: figures cut short would be wrong figures.
        table.add_column(name, justify="right", overflow="fold")
    table.add_column("missing", overflow="fold")
    # The troubled ones first, so that they are seen where the terminal is too low for all.
    verdicts = sorted(judge(tally), key=lambda each: each.kind is Kind.COMPLETE)
    for verdict in verdicts[:most_rows]:
        cells = _row(glimpse, verdict)
        table.add_row(*(cells[str(column.header)] for column in table.columns))
    lines: list[RenderableType] = [
        Text(
            printable(f"{glimpse.topic} at {glimpse.servers}: {_state(glimpse)}"),
            style="yellow" if glimpse.problem else "",
        ),
        table,
    ]
    hidden = len(verdicts) - most_rows
    notes = [count(hidden, "more camera")] if hidden > 0 else []
    if tally.foreign:
        notes.append(f"{count(tally.foreign, 'message')} of others")
    if tally.skipped_offsets:
        notes.append(f"{count(tally.skipped_offsets, 'message')} gone before they could be read")
    if notes:
        lines.append(Text("; ".join(notes), style="dim"))
    return Group(*lines)


def _row(glimpse: Glimpse, verdict: CameraVerdict) -> dict[str, Text]:
    camera = glimpse.tally.cameras[verdict.camera]
    streams = list(camera.streams.values())
    current = camera.current
    rate, last = current.rate_per_second, current.last_captured_at_seconds
    lives = f" ({len(streams)}.)" if len(streams) > 1 else ""
    cells = {
        "camera": camera.camera,
        "stream": short(current.stream) + lives,
        "sequence": f"{current.sequences.lowest}-{current.sequences.highest}",
        "frames": str(sum(stream.frames for stream in streams)),
        "MB": f"{sum(stream.size_bytes for stream in streams) / 1e6:.1f}",
        "per s": "" if rate is None else f"{rate:.2g}" if rate < 10 else f"{rate:.0f}",
        "last": "" if last is None else age_text(glimpse.now_seconds - last),
        "twice": str(sum(stream.duplicates for stream in streams)),
        "late": str(sum(stream.out_of_order for stream in streams)),
        "damaged": str(sum(stream.damaged for stream in streams)),
    }
    whole = verdict.kind is Kind.COMPLETE
    return {
        **{name: Text(printable(cell)) for name, cell in cells.items()},
        "missing": Text("0" if whole else _short_verdict(verdict), style=_STYLES[verdict.kind]),
    }


def age_text(seconds: float) -> str:
    """Return an age for people; a clock that differs may make it negative."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172800 else f"{seconds / 86400:.0f} d"
