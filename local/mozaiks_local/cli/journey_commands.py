"""The options of ``mozaiks journeys``. What the commands do is imported when they are called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mozaiks_local.cli.journeys import Asked

__all__ = ["journeys"]

journeys = typer.Typer(help="Journeys.", no_args_is_help=True)

App = Annotated[str, typer.Option("--app", help="App (tenant).")]
User = Annotated[str, typer.Option(help="User.")]
Url = Annotated[str | None, typer.Option(help="The backend's address. Default: this machine's PORT.")]
Token = Annotated[
    str | None, typer.Option(envvar="MOZAIKS_TOKEN", show_envvar=True, help="Token, where they are checked.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@journeys.command("show")
def show(
    journey_run_id: Annotated[str, typer.Argument(help="The run's id.")],
    app_id: App = "demo",
    user: User = "me",
    url: Url = None,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Show each step of a journey: its members, their chats, states and durations."""
    from mozaiks_local.cli.console import Failure, end_with
    from mozaiks_local.cli.journeys import show_journey

    try:
        show_journey(_asked(url, app_id, user, token), journey_run_id, as_json=as_json)
    except Failure as failure:
        end_with(failure)


@journeys.command("list")
def list_(
    app_id: App = "demo", user: User = "me", url: Url = None, token: Token = None, as_json: AsJson = False
) -> None:
    """List the newest journeys of a user."""
    from mozaiks_local.cli.console import Failure, end_with
    from mozaiks_local.cli.journeys import list_journeys

    try:
        list_journeys(_asked(url, app_id, user, token), as_json=as_json)
    except Failure as failure:
        end_with(failure)


def _asked(url: str | None, app_id: str, user: str, token: str | None) -> Asked:
    from mozaiks_local.cli.environment import read_settings
    from mozaiks_local.cli.journeys import Asked

    return Asked(url or f"http://127.0.0.1:{read_settings(Path.cwd()).port}", app_id, user, token)
