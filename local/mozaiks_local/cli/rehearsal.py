"""A workflow's conversation, played through the real backend on this machine with the demo model in the model's place.

For tests of workflows: everything but the model is what ``mozaiks dev`` runs, in a folder and a database of its own.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import SecretStr

import mozaiks_local
from mozaiks.manifests import WorkflowSpec, load_workflow
from mozaiks.manifests.spec import StartupMode
from mozaiks.settings import Settings
from mozaiks_local.cli.database import init_database
from mozaiks_local.cli.dev_checks import TEMPLATE
from mozaiks_local.client import ChatClient, Event, start_chat
from mozaiks_local.demo_model import run_in_thread
from mozaiks_local.mongod import EmbeddedMongod
from mozaiks_local.stack import LocalStack, StackConfig

__all__ = ["Conversation", "Play", "rehearsal"]

_ROOT: Final = Path(mozaiks_local.__file__).parents[2]
_RUN_SECONDS: Final = 60.0


@dataclass(slots=True)
class Conversation:
    """What a user's client was told.

    Attributes
    ----------
    said
        (agent, text) of every message, in order; the agent is ``None`` for the workflow's greeting.
    tools
        Names of the tools that were called, in order.
    speakers
        Agents in the order in which they had the word.
    errors
        Messages of the errors the chat reported, warnings left out.
    status
        What became of the last run: ``waiting``, ``completed``, ``failed``, ….
    """

    said: list[tuple[str | None, str]] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    speakers: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    status: str = "created"

    @property
    def last(self) -> str:
        """The last text that was said."""
        return self.said[-1][1] if self.said else ""

    def take(self, events: list[Event]) -> None:
        """Add what ``events`` tell."""
        for event in events:
            data = event.data
            match event.type:
                case "chat.text" if data.get("role") != "user":
                    self.said.append((data.get("agent"), str(data.get("content", ""))))
                case "chat.tool_call":
                    self.tools.append(str(data.get("tool_name")))
                case "chat.select_speaker" if data.get("agent"):
                    self.speakers.append(str(data["agent"]))
                case "chat.error" if data.get("severity") != "warning":
                    self.errors.append(f"{data.get('code')}: {data.get('message')}")
                case "chat.run_complete":
                    self.status = str(data.get("status"))


Play = Callable[..., Conversation]
"""Says its arguments as the user, one after the other, in a new chat."""


@contextmanager
def rehearsal(workflow: Path) -> Iterator[Play]:
    """A backend for one workflow folder, for the time of a ``with`` block. Starting it takes some seconds.

    The database is the one at ``TEST_MONGODB_URI`` if set, under a name of its own; else an embedded one.

    Parameters
    ----------
    workflow
        The workflow's folder.

    Raises
    ------
    ManifestErrors
        If the workflow does not load.
    ValueError
        If it is ``BackendOnly``: nobody talks to it over a socket.

    Examples
    --------
    >>> with rehearsal(Path("workflows/HelloWorld")) as play:  # doctest: +SKIP
    ...     chat = play("How do I say hello in Japanese?", "Bye!")
    >>> chat.status  # doctest: +SKIP
    'completed'
    """
    spec = load_workflow(workflow)
    if spec.startup_mode is StartupMode.BACKEND_ONLY:
        raise ValueError(f"the workflow {spec.name!r} is BackendOnly: there is no conversation to play")
    folder = workflow.resolve().parent
    name = f"rehearsal_{secrets.token_hex(6)}"
    with (
        tempfile.TemporaryDirectory(prefix="mozaiks-rehearsal-", ignore_cleanup_errors=True) as kept,
        _database(Path(kept) / "mongo", name) as settings,
        run_in_thread(folder) as model,
    ):
        assert settings.mongodb_uri is not None  # noqa: S101 - given by _database
        config = StackConfig(
            template=_ROOT / TEMPLATE,
            data_dir=Path(kept) / "stack",
            port=0,
            parameters={
                "StageName": "local",
                "MongoDbName": name,
                "AuthEnabled": "false",
            },
            environment={
                "MONGODB_URI": settings.mongodb_uri.get_secret_value(),
                "MOZAIKS_WORKFLOWS_PATH": str(folder),
                "DEMO_MODEL_URL": model.url,
                "LOG_LEVEL": "WARNING",
            },
            schedule=False,
            cache_dir=_ROOT / ".mozaiks" / "cache",
        )
        with LocalStack(config) as stack:
            url = stack.http_url
            yield lambda *lines: asyncio.run(_play(url, spec, lines))


@contextmanager
def _database(data: Path, name: str) -> Iterator[Settings]:
    """Settings that name a database with every index, gone afterwards."""
    given = os.environ.get("TEST_MONGODB_URI")
    if given:
        settings = _settings(given, name)
        init_database(settings)
        try:
            yield settings
        finally:
            from mozaiks.store.client import connect

            client = connect(settings).client
            client.drop_database(name)
            client.close()
        return
    with EmbeddedMongod(data) as mongod:
        settings = _settings(mongod.uri, name)
        init_database(settings)
        yield settings


def _settings(uri: str, name: str) -> Settings:
    return Settings().model_copy(  # pyright: ignore[reportCallIssue]
        update={"mongodb_uri": SecretStr(uri), "mongodb_db_name": name}
    )


async def _play(url: str, spec: WorkflowSpec, lines: tuple[str, ...]) -> Conversation:
    heard = Conversation()
    started = await start_chat(url, "rehearsal", spec.name, "visitor", force_new=True)
    async with ChatClient(started.websocket_url) as chat:
        begins_itself = spec.startup_mode is StartupMode.AGENT_DRIVEN
        opened = "chat.run_complete" if begins_itself else "chat.input_request"
        heard.take(await chat.read_until(opened, within=_RUN_SECONDS))
        for line in lines:
            if heard.status not in ("created", "waiting"):
                raise AssertionError(f"the chat was {heard.status} before {line!r} could be said; so far: {heard}")
            await chat.send(line)
            heard.take(await chat.read_until("chat.run_complete", within=_RUN_SECONDS))
    return heard
