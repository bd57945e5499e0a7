"""The options of ``mozaiks cost``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["cost"]


def cost(
    turns_per_day: Annotated[float, typer.Option("--turns", min=0, help="Messages of users a day.")] = 1000,
    agents: Annotated[float, typer.Option(min=0, help="Agents that speak for each message.")] = 1,
    prompt_tokens: Annotated[float, typer.Option(min=0, help="Tokens an agent's turn reads.")] = 1500,
    completion_tokens: Annotated[float, typer.Option(min=0, help="Tokens an agent's turn writes.")] = 200,
    tokens_per_second: Annotated[float, typer.Option(min=1, help="How fast the model writes.")] = 60,
    connections: Annotated[float, typer.Option(min=0, help="Open sockets, averaged over day and night.")] = 50,
    model: Annotated[str | None, typer.Option(help="Model whose tokens are to be in the bill.")] = None,
    atlas: Annotated[str, typer.Option(help="Tier of the Atlas cluster: flex, M10, M20, M30, M40, M50.")] = "M10",
    architecture: Annotated[str, typer.Option(help="arm64 or x86_64.")] = "arm64",
    price_file: Annotated[
        Path | None, typer.Option("--prices", exists=True, dir_okay=False, help="Unit prices of your own (JSON).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """What a month on AWS and Atlas costs, line by line, from dated unit prices and measured quantities."""
    from mozaiks_local.cli.console import Failure, end_with
    from mozaiks_local.cli.cost import show_cost
    from mozaiks_local.cost import Deployment, Workload

    workload = Workload(
        turns_per_day=turns_per_day,
        agents=agents,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        tokens_per_second=tokens_per_second,
        connections=connections,
    )
    deployment = Deployment(architecture=architecture, atlas=atlas, model=model)
    try:
        show_cost(workload, deployment, price_file=price_file, as_json=as_json)
    except Failure as failure:
        end_with(failure)
