"""A table that stays in place on a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rich.live import Live

from kubectl_cam.view.table import terminal_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from kubectl_cam.row import Row


class Screen:
    """Shows the table again and again.

    Args:
        console: The terminal.
        with_namespace: Whether there may be more than one namespace.
    """

    def __init__(self, console: Console, *, with_namespace: bool) -> None:
        self._console = console
        self._with_namespace = with_namespace
        self._live = Live(console=console, auto_refresh=False)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, rows: Sequence[Row], title: str) -> None:
        """Draw the table."""
        size = self._console.size
        table = terminal_table(
            rows,
            with_namespace=self._with_namespace,
            width=size.width,
            height=size.height,
            title=title,
        )
        self._live.update(table, refresh=True)
