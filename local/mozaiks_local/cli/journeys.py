"""``mozaiks journeys``: where journeys stand, asked of a running backend."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from rich.table import Table
from rich.text import Text

from mozaiks_local.cli.console import Failure, out, printable
from mozaiks_local.client import ApiError, call_api

__all__ = ["Asked", "list_journeys", "show_journey"]

_STYLES: Final = {"completed": "green", "blocked": "red", "failed": "red", "timed_out": "red", "cancelled": "yellow"}


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose journeys, and of which backend."""

    url: str
    app_id: str
    user_id: str
    token: str | None

    def get(self, path: str) -> Any:
        """The answer of a route below ``/api/journeys/{app}``; ``Failure`` with a sentence if there is none."""
        query = urlencode({"user_id": self.user_id})
        address = f"/api/journeys/{quote(self.app_id, safe='')}{path}?{query}"
        try:
            return asyncio.run(call_api(self.url, "GET", address, token=self.token))
        except ApiError as error:
            if error.code == "UNREACHABLE":
                raise Failure(f"{error}. Start the backend with `make dev`, or say where it is with --url.") from error
            raise Failure(f"{error} ({error.code})") from error


def show_journey(asked: Asked, journey_run_id: str, *, as_json: bool) -> None:
    """Print each step of a run with its members, their chats, states and durations."""
    run = asked.get(f"/{quote(journey_run_id, safe='')}")
    if as_json:
        print(json.dumps(run, indent=2))
        return
    state = Text(run["status"], _STYLES.get(run["status"], "bold"))
    heading = Text.assemble(
        (printable(run["journey_id"]), "bold"), " is ", state, f", {run['completed']} of {run['total']} completed"
    )
    if run["duration_ms"] is not None:
        heading.append(f", in {_seconds(run['duration_ms'])}")
    out().print(heading)
    table = _table("step", "workflow", "state", "chat", "took")
    for group in run["groups"]:
        for place, member in enumerate(group["members"]):
            table.add_row(
                str(group["group"] + 1) if place == 0 else "",
                Text(printable(member["workflow_name"]), "cyan"),
                _state(member),
                member["chat_id"] or "-",
                "-" if member["duration_ms"] is None else _seconds(member["duration_ms"]),
            )
    out().print(table)
    if run["status"] == "blocked":
        path = f"/api/journeys/{run['app_id']}/{run['journey_run_id']}/retry"
        out().print(Text(f"It goes on when the members that did not complete are tried again: POST {path}", "dim"))


def list_journeys(asked: Asked, *, as_json: bool) -> None:
    """Print the newest runs of a user."""
    runs = asked.get("")["journeys"]
    if as_json:
        print(json.dumps(runs, indent=2))
    elif not runs:
        out().print(Text(f"{printable(asked.user_id)} has no journeys in {printable(asked.app_id)}"))
    else:
        table = _table("journey", "state", "completed", "run", "started")
        for run in runs:
            table.add_row(
                Text(printable(run["journey_id"]), "cyan"),
                Text(run["status"], _STYLES.get(run["status"], "")),
                f"{run['completed']} of {run['total']}",
                run["journey_run_id"],
                run["created_at"],
            )
        out().print(table)


def _state(member: dict[str, Any]) -> Text:
    """The state of the chat where there is one, else of the member; and why, if it could not be opened."""
    state = member["status"] if member["status"] != "open" else member["chat_status"] or "open"
    if member["status"] == "open" and member["waiting_for"] is not None:
        state = f"{state} for {member['waiting_for']}"
    if member["error"] is not None:
        state = f"{state}: {member['error']}"
    return Text(printable(state), _STYLES.get(member["status"], ""))


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.1f} s"


def _table(*headings: str) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
