"""The table of all cameras: in place on a terminal, as plain text elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Group
from rich.table import Table
from rich.text import Text

from kubectl_cam.row import COLUMNS, NOTHING, Rank, missing_figures, summary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from kubectl_cam.row import Row

_LEFT_OUT = (
    # What a terminal shows no longer, and below which width: the least telling first.
    (126, "THRESHOLD"),
    (116, "UNACKED"),
    (108, "STATE"),
    (98, "SPOOL"),
    (88, "QUEUE"),
    (80, "LAST"),
)
_RIGHT = ("RESTARTS", "QUEUE", "SPOOL", "UNACKED", "FRAME")
_STYLES = {Rank.TROUBLE: "red", Rank.WATCH: "yellow", Rank.WELL: "green", Rank.OFF: "dim"}
_LINES_BESIDE_ROWS = 7
_FEWEST_ROWS = 3
_MOST_REASONS = 2


def plain_table(rows: Sequence[Row], *, with_namespace: bool) -> str:
    """Return the table as kubectl would print it: nothing cut, two spaces between columns."""
    columns = _columns(with_namespace)
    lines = [columns, *([row.cells[name] for name in columns] for row in rows)]
    widths = [max(cell_len(line[at]) for line in lines) for at in range(len(columns))]
    padded = (
        "  ".join(
            cell + " " * (width - cell_len(cell)) for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )
    return "\n".join([*padded, *missing_figures(rows, with_namespace=with_namespace)])


def terminal_table(
    rows: Sequence[Row],
    *,
    with_namespace: bool,
    width: int,
    height: int | None = None,
    title: str = "",
) -> RenderableType:
    """Return the table for a terminal, with what is wrong below it.

    Args:
        rows: Trouble first, so that it is seen where the terminal is too low for all.
        with_namespace: Whether there may be more than one namespace.
        width: Of the terminal, in characters.
        height: In lines; None shows all rows.
        title: Stands behind the summary.
    """
    notes = [_note(row, with_namespace) for row in rows if row.sentence]
    missing = [Text(line, "dim") for line in missing_figures(rows, with_namespace=with_namespace)]
    shown = list(rows)
    if height is not None:
        missing = missing[:_MOST_REASONS]
        room = max(2 * _FEWEST_ROWS, height - _LINES_BESIDE_ROWS - len(missing))
        shown = shown[: room - min(len(notes), room // 2)]
        notes = notes[: room - len(shown)]
        for line in (*notes, *missing):
            # One that wrapped would push the table out of place.
            line.no_wrap, line.overflow = True, "ellipsis"
    lines: list[RenderableType] = [Text(summary(list(rows)) + title)]
    lines += [_grid(shown, with_namespace, width), *notes]
    if len(shown) < len(rows):
        lines.append(Text(f"{len(rows) - len(shown)} more", "dim"))
    return Group(*lines, *missing)


def _grid(rows: Sequence[Row], with_namespace: bool, width: int) -> Table:
    dropped = {"TROUBLE", *(name for below, name in _LEFT_OUT if width < below)}
    names = [name for name in _columns(with_namespace) if name not in dropped]
    table = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False, header_style="bold")
    for name in names:
        right = name in _RIGHT
        table.add_column(
            name,
            justify="right" if right else "left",
            # Figures cut short would be wrong figures.
            overflow="fold" if right else "ellipsis",
            no_wrap=True,
            min_width=5,
        )
    for row in rows:
        table.add_row(*(_cell(row, name) for name in names))
    return table


def _columns(with_namespace: bool) -> list[str]:
    return [name for name in COLUMNS if with_namespace or name != "NAMESPACE"]


def _cell(row: Row, name: str) -> Text:
    cell = row.cells[name]
    coloured = name in ("NAME", "READY", "REASON") and cell != NOTHING
    return Text(cell, _STYLES[row.rank] if coloured else "")


def _note(row: Row, with_namespace: bool) -> Text:
    camera = row.camera
    name = f"{camera.namespace}/{camera.name}" if with_namespace else camera.name
    return Text.assemble((f"{name}: ", _STYLES[row.rank]), row.sentence)
