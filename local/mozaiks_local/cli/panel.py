"""What ``mozaiks dev`` says when everything is up."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

__all__ = ["chat_command", "open_url", "ready_panel"]

_DEFAULT_URL = "http://127.0.0.1:8000"


def open_url(base_url: str, *, page: bool) -> str:
    """The one address to open in a browser: the chat page, or without one the API's own."""
    return f"{base_url}/" if page else f"{base_url}/docs"


def chat_command(workflows: list[str], base_url: str) -> str:
    """A command that can be pasted into another terminal."""
    workflow = "HelloWorld" if "HelloWorld" in workflows or not workflows else workflows[0]
    elsewhere = "" if base_url == _DEFAULT_URL else f" --url {base_url}"
    return f".venv/bin/mozaiks chat {workflow}{elsewhere}"


def ready_panel(parts: Mapping[str, str], url: str, command: str) -> RenderableType:
    """The state of each part, one address and one command."""
    table = Table.grid(padding=(0, 2))
    for name, state in parts.items():
        table.add_row(Text("●", "green"), Text(name), Text(state, "dim"))
    go = Table.grid(padding=(0, 2))
    go.add_row(Text("open"), Text(url, "bold cyan"))
    go.add_row(Text("try"), Text(command, "bold"))
    return Panel(
        Group(table, Text(), go),
        title="mozaiks is ready",
        title_align="left",
        subtitle="Ctrl-C stops everything",
        subtitle_align="left",
        border_style="green",
        expand=False,
        padding=(1, 2),
    )
