"""What a benchmark hands back: numbers for people and for programs."""

from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from rich.table import Table

from benchmarks.footage import BUILD

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console


@dataclass(slots=True)
class Row:
    """One line of the table.

    Attributes:
        what: What was measured.
        reference: Value of the reference, None where there is none.
        ours: Value of this program.
        unit: Unit of both.
        bar: What the value or its ratio should reach, in words; empty where there is no bar.
        bar_met: Whether it does, by this run; None where there is no bar.
    """

    what: str
    ours: float
    unit: str
    reference: float | None = None
    bar: str = ""
    bar_met: bool | None = None

    @property
    def ratio(self) -> float | None:
        """The reference over ours: above 1, ours is the smaller."""
        return self.reference / self.ours if self.reference is not None and self.ours else None


@dataclass(slots=True)
class Result:
    """One benchmark's outcome.

    Attributes:
        name: The benchmark's name.
        reference: What "reference" is here.
        conditions: What was measured and how, one sentence.
        rows: The numbers.
    """

    name: str
    reference: str
    conditions: str
    rows: list[Row] = field(default_factory=list)

    def show(self, console: Console) -> None:
        """Print the numbers as a table."""
        table = Table(title=self.name, caption=f"{self.conditions}\nReference: {self.reference}")
        for heading in ("", "reference", "ours", "unit", "reference / ours", "bar"):
            table.add_column(heading, justify="left" if heading in ("", "unit", "bar") else "right")
        for row in self.rows:
            met = {None: "", True: " (met)", False: " (missed)"}[row.bar_met]
            table.add_row(
                row.what,
                "" if row.reference is None else f"{row.reference:.4g}",
                f"{row.ours:.4g}",
                row.unit,
                "" if row.ratio is None else f"{row.ratio:.2f}",
                f"{row.bar}{met}",
            )
        console.print(table)

    def write(self) -> Path:
        """Write the numbers as JSON under build/benchmarks and return the path."""
        path = BUILD / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {
            **asdict(self),
            "rows": [{**asdict(row), "ratio": row.ratio} for row in self.rows],
            "machine": platform.machine(),
            "cores": os.cpu_count(),
        }
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
        return path
