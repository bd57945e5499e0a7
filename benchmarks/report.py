"""The table, the same as JSON, and the machine it was measured on."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmarks.figures import Row

__all__ = ["Machine", "as_json", "show", "write_json"]


@dataclass(frozen=True, slots=True)
class Machine:
    """Where and when it was measured. ``load`` is the run queue's average over the last minute, before the start."""

    at: str
    cores: int
    load: float
    python: str
    system: str

    @classmethod
    def here(cls) -> Self:
        return cls(
            at=datetime.now(UTC).isoformat(timespec="seconds"),
            cores=os.cpu_count() or 1,
            load=round(os.getloadavg()[0], 2),
            python=platform.python_version(),
            system=f"{platform.system()} {platform.machine()}",
        )


def show(console: Console, rows: Sequence[Row], machine: Machine, seconds: float) -> None:
    """Print the table."""
    table = Table(title="Mozaiks benchmarks", title_justify="left", header_style="bold", pad_edge=False)
    table.add_column("what", overflow="fold", ratio=1)
    for heading in ("p50", "p95", "target"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True, style="dim")
    table.add_column("note", overflow="fold", style="dim")
    section = None
    for row in rows:
        if row.section != section:
            if section is not None:
                table.add_section()
            table.add_row(Text(row.section, style="bold cyan"))
            section = row.section
        table.add_row(
            f"  {row.name}",
            _amount(row.value, row.unit),
            "" if row.p95 is None else _amount(row.p95, row.unit),
            "" if row.target is None else f"≤ {_amount(row.target.at_most, row.unit)}",
            Text(row.verdict, style="green" if row.verdict == "ok" else "bold red"),
            str(row.samples),
            row.note,
        )
    console.print(table)
    missed = sum(row.verdict == "over" for row in rows)
    aimed = sum(row.target is not None for row in rows)
    busy = "; the machine was busy, so times may be too long" if machine.load > machine.cores * 0.25 else ""
    console.print(
        f"{machine.cores} cores, {machine.system}, Python {machine.python}, load {machine.load} before the start{busy}."
        f" {aimed - missed} of {aimed} targets met, in {seconds:.0f} s.",
        highlight=False,
    )


def as_json(rows: Sequence[Row], machine: Machine, seconds: float) -> str:
    """Everything of the table, for programs."""
    whole = {"machine": asdict(machine), "seconds": round(seconds, 1), "rows": [row.as_json() for row in rows]}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def write_json(path: Path, rows: Sequence[Row], machine: Machine, seconds: float) -> None:
    path.write_text(as_json(rows, machine, seconds), encoding="utf-8")


def _amount(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 or unit in ("posts", "modules") else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}"
