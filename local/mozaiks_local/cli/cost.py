"""``mozaiks cost``: what a deployment costs in a month, line by line."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from mozaiks_local.cli.console import Failure, out
from mozaiks_local.cost import Bill, Deployment, Workload, bill, measured, prices
from mozaiks_local.cost.bill import UnknownTier
from mozaiks_local.cost.data import Measured, Prices

__all__ = ["show_cost"]


def show_cost(workload: Workload, deployment: Deployment, *, price_file: Path | None, as_json: bool) -> None:
    """Print the month's bill.

    Raises
    ------
    Failure
        The price file cannot be read, or has no price for what is deployed.
    """
    try:
        unit_prices, taken = prices(price_file), measured()
        found = bill(workload, deployment, taken, unit_prices)
    except (OSError, ValueError) as error:
        where = "" if isinstance(error, UnknownTier) or price_file is None else f"{price_file}: "
        raise Failure(f"{where}{error}") from error
    if as_json:
        out().print_json(json.dumps(_as_data(found, unit_prices, taken, workload, deployment)))
        return
    _print(found, unit_prices, taken, workload)


def _as_data(
    found: Bill, unit_prices: Prices, taken: Measured, workload: Workload, deployment: Deployment
) -> dict[str, object]:
    return {
        "workload": asdict(workload),
        "deployment": asdict(deployment),
        "currency": unit_prices.currency,
        "prices_as_of": unit_prices.as_of,
        "measured_on": taken.as_of,
        "lines": [{**asdict(line), "amount": line.amount} for line in found.lines],
        "total": found.total,
        "idle": found.idle,
        "unknown": list(found.unknown),
    }


def _print(found: Bill, unit_prices: Prices, taken: Measured, workload: Workload) -> None:
    console = out()
    table = Table(
        title=f"A month of {workload.turns_per_day:,.0f} messages a day", title_justify="left", pad_edge=False
    )
    table.add_column("item")
    for heading in ("quantity", "", f"{unit_prices.currency} a month"):
        table.add_column(heading, justify="left" if not heading else "right", no_wrap=True)
    for line in sorted(found.lines, key=lambda line: -(line.amount or 0.0)):
        amount = "no price" if line.amount is None else f"{line.amount:,.2f}"
        table.add_row(line.item, f"{line.quantity:,.1f}", line.unit, amount)
    table.add_section()
    table.add_row("total" if not found.unknown else "total of what has a price", "", "", f"{found.total:,.2f}")
    table.add_row("of it when nobody says anything", "", "", f"{found.idle:,.2f}", style="dim")
    console.print(table)
    if found.unknown:
        console.print(f"Without a price: {', '.join(found.unknown)}.", highlight=False)
    console.print(
        f"Unit prices of {unit_prices.as_of}: {unit_prices.source}. Quantities of one message measured on "
        f"{taken.as_of}. Taxes, support and discounts are not in it.",
        highlight=False,
        style="dim",
    )
