"""What the demo shows: a live panel on a terminal, plain lines elsewhere."""

from __future__ import annotations

import re
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from rich.live import Live
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

_BAR = 30
_PLAIN_SECONDS = 2.0
_LINE = re.compile(r"^\S+ ([A-Z]+) +(.*?)  (\S.*)$")
_STYLES = {"WARNING": "yellow", "CRITICAL": "bold red", "ERROR": "red"}
_COLOURS = {"healthy": "green", "erroring": "yellow", "tripped": "red"}


def summary_line(status: dict[str, Any] | None) -> str:
    """Return a program's state in one line."""
    if status is None:
        return "the program is not running"
    frames, monitor, queue = status["frames"], status["monitor"], status["queue"]
    return (
        f"checked {frames['captured']}  with motion {frames['selected']}  "
        f"delivered {frames['delivered']}  in flight {frames['inFlight']}  "
        f"spooled {frames['spooled']}  queue {queue['utilizationRatio']:.0%}  "
        f"monitor {monitor['state']}"
        + (f" {monitor['errorDurationSeconds']:.0f}s" if monitor["state"] != "healthy" else "")
    )


class Screen:
    """Shows log lines as they come and the program's state below them.

    Args:
        status: Returns the program's state, None while it is not running.
        console: Where to.
        recorder: Gets the same lines without the panel, for a picture of the run.
    """

    def __init__(
        self,
        status: Callable[[], dict[str, Any] | None],
        console: Console,
        recorder: Console,
    ) -> None:
        self._status = status
        self._console = console
        self._recorder = recorder
        self._stopping = threading.Event()
        self._step = ""
        self._live = (
            Live(console=console, refresh_per_second=4, transient=True)
            if console.is_terminal
            else None
        )
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()
        if self._live is not None:
            self._live.stop()

    def step(self, text: str) -> None:
        """Announce what the demo does now."""
        self._step = text
        for console in (self._console, self._recorder):
            console.print(f"\n[bold cyan]==> {escape(text)}[/]")

    def line(self, line: str) -> None:
        """Show a line of the program's output; what matters stands out.

        On a terminal without its fields, which would wrap; elsewhere whole.
        """
        match = _LINE.match(line)
        if match is None:
            self._console.print(f"  {escape(line)}", soft_wrap=True)
            return
        level, message, fields = match.groups()
        style = _STYLES.get(level, "green")
        text = f"  [{style}]{level:<8} {escape(message)}[/]"
        shown = "" if self._live is not None else f"  [dim]{escape(fields)}[/]"
        self._console.print(text + shown, soft_wrap=self._live is None)
        self._recorder.print(text)

    def _run(self) -> None:
        said_at = 0.0
        while not self._stopping.wait(0.25):
            status = self._status()
            if self._live is not None:
                self._live.update(self._panel(status))
            elif time.monotonic() - said_at >= _PLAIN_SECONDS:
                said_at = time.monotonic()
                self._console.print(f"  {'':8} {summary_line(status)}", soft_wrap=True)

    def _panel(self, status: dict[str, Any] | None) -> Panel:
        if status is None:
            return Panel("the program is not running", title=escape(self._step))
        frames, monitor, queue = status["frames"], status["monitor"], status["queue"]
        filled = round(queue["utilizationRatio"] * _BAR)
        colour = _COLOURS.get(monitor["state"], "white")
        rows = Table.grid(padding=(0, 2))
        rows.add_row(
            "frames",
            f"{frames['captured']} checked, {frames['selected']} with motion, "
            f"[bold]{frames['delivered']} delivered[/]",
        )
        rows.add_row("queue", f"[{colour}]{'█' * filled}{'·' * (_BAR - filled)}[/]")
        rows.add_row("spool", f"{frames['spooled']} frames on disk")
        rows.add_row(
            "monitor",
            f"[{colour}]{monitor['state']}[/] {monitor['errorDurationSeconds']:.1f}s "
            f"of {monitor['thresholdSeconds']:g}s, {monitor['consecutiveErrors']} errors, "
            f"cause {monitor['cause'] or '-'}",
        )
        return Panel(rows, title=escape(self._step))
