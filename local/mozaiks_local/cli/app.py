"""The commands and their options. What a command does is imported when it is called, so that ``--help`` is quick."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from mozaiks_local.cli.cost_command import cost
from mozaiks_local.cli.dev_token import token
from mozaiks_local.cli.journey_commands import journeys
from mozaiks_local.cli.workflow_commands import convert, new, validate

__all__ = ["app", "main"]

app = typer.Typer(
    name="mozaiks",
    help="Chat backends from a folder of manifests: run them here, talk to them, look into them.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="rich",
)
database = typer.Typer(help="The database.", no_args_is_help=True)
workflows = typer.Typer(help="The workflows.", no_args_is_help=True)
app.add_typer(database, name="db")
app.add_typer(workflows, name="workflows")
app.add_typer(journeys, name="journeys")
admin = typer.Typer(help="What an operator does.", no_args_is_help=True)
app.add_typer(admin, name="admin")


def main() -> None:
    """Run the command."""
    app(prog_name="mozaiks")


@app.command()
def dev(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every log line, not warnings only.")] = False,
    reload: Annotated[bool, typer.Option(help="Restart what a changed file concerns.")] = True,
) -> None:
    """Run everything on this machine: database, model, handlers, gateway. Ctrl-C stops it."""
    from mozaiks_local.cli.dev import run_dev

    raise typer.Exit(run_dev(Path.cwd(), verbose=verbose, reload=reload))


@app.command()
def chat(
    workflow: Annotated[
        str | None, typer.Argument(help="Workflow to talk to. May be left out if there is one.")
    ] = None,
    app_id: Annotated[str, typer.Option("--app", help="App (tenant).")] = "demo",
    user: Annotated[str, typer.Option(help="User.")] = "me",
    chat_id: Annotated[str | None, typer.Option("--chat", help="Go on with this chat instead of a new one.")] = None,
    url: Annotated[
        str | None,
        typer.Option(help="The backend's address, or a chat's socket address. Default: this machine's PORT."),
    ] = None,
    last_seq: Annotated[int, typer.Option(min=0, help="Show only what follows this event.")] = 0,
    token: Annotated[
        str | None, typer.Option(envvar="MOZAIKS_TOKEN", show_envvar=True, help="Token, where they are checked.")
    ] = None,
) -> None:
    """Talk to a workflow over its socket.

    Where standard input is no terminal, each of its lines is one message, sent when the chat asks for it.
    """
    import asyncio

    from mozaiks_local.cli.chat_address import Wanted
    from mozaiks_local.cli.chat_session import talk
    from mozaiks_local.cli.console import Failure, end_with
    from mozaiks_local.cli.environment import read_settings
    from mozaiks_local.cli.lines import terminal_kept

    try:
        address = url or f"http://127.0.0.1:{read_settings(Path.cwd()).port}"
        wanted = Wanted(address, workflow, app_id, user, chat_id, token)
        with terminal_kept():
            code = asyncio.run(talk(wanted, last_seq=last_seq, interactive=sys.stdin.isatty()))
    except Failure as failure:
        end_with(failure)
    raise typer.Exit(code)


@app.command()
def config(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show every setting: its environment variable, what it is now and what it means."""
    from mozaiks_local.cli.config import show_config
    from mozaiks_local.cli.console import Failure, end_with

    try:
        show_config(Path.cwd(), as_json=as_json)
    except Failure as failure:
        end_with(failure)


@app.command()
def page(
    into: Annotated[Path, typer.Option(help="Folder for its files; emptied if it holds a page.")] = Path("dist/page"),
    api_url: Annotated[
        str | None, typer.Option(help="Where the page finds the API. Default: where it is served from.")
    ] = None,
) -> None:
    """Build the chat page as files, for a bucket or any other server."""
    from mozaiks_local.cli.console import Failure, end_with
    from mozaiks_local.cli.page import write_page

    try:
        write_page(Path.cwd(), into, api_url)
    except Failure as failure:
        end_with(failure)


@database.command("init")
def database_init() -> None:
    """Create the indexes that are missing. Safe to repeat."""
    from mozaiks_local.cli.console import Failure, end_with
    from mozaiks_local.cli.database import init_from_command

    try:
        init_from_command(Path.cwd())
    except Failure as failure:
        end_with(failure)


@workflows.command("list")
def workflows_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the workflows, and what is wrong with those that are invalid. Exit code 1 if any is."""
    from mozaiks_local.cli.console import Failure, end_with
    from mozaiks_local.cli.workflows import list_workflows

    try:
        all_valid = list_workflows(Path.cwd(), as_json=as_json)
    except Failure as failure:
        end_with(failure)
    raise typer.Exit(0 if all_valid else 1)


@admin.command("stop")
def admin_stop(
    app_id: Annotated[str, typer.Option("--app", help="App (tenant) whose chats and journeys are to stop.")],
    user: Annotated[str | None, typer.Option(help="Only those of this user.")] = None,
) -> None:
    """Cancel every chat and journey of an app, or of one of its users, that has not ended. Safe to repeat."""
    from mozaiks_local.cli.admin import stop_chats
    from mozaiks_local.cli.console import Failure, end_with

    try:
        stop_chats(Path.cwd(), app_id, user)
    except Failure as failure:
        end_with(failure)


app.command()(cost)
app.command()(token)
app.command()(validate)
app.command()(new)
workflows.command("convert")(convert)
