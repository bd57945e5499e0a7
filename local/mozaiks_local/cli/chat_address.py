"""Which chat to talk in: a new one, one that exists, or the one a socket URL names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from mozaiks_local.cli.console import Failure
from mozaiks_local.client import ApiError, call_api, start_chat

__all__ = ["ChatAddress", "Wanted", "find_chat"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says."""

    url: str
    workflow: str | None
    app_id: str
    user_id: str
    chat_id: str | None
    token: str | None


@dataclass(frozen=True, slots=True)
class ChatAddress:
    """Where the chat's socket is."""

    websocket_url: str
    workflow: str | None
    started: bool


async def find_chat(wanted: Wanted) -> ChatAddress:
    """The chat to talk in; starts one unless an existing one is named.

    Raises
    ------
    Failure
        With a sentence on what to do.
    """
    parts = urlsplit(wanted.url)
    if parts.scheme in ("ws", "wss"):
        return ChatAddress(wanted.url, wanted.workflow, started=False)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Failure(f"--url is {wanted.url!r}; expected http://host:port, or a chat's ws:// or wss:// address")
    try:
        workflow = wanted.workflow or await _only_workflow(wanted)
        if wanted.chat_id is not None:
            steps = (quote(part, safe="") for part in (workflow, wanted.app_id, wanted.chat_id, wanted.user_id))
            socket = f"{parts.scheme.replace('http', 'ws')}://{parts.netloc}/ws/{'/'.join(steps)}"
            return ChatAddress(socket, workflow, started=False)
        started = await start_chat(wanted.url, wanted.app_id, workflow, wanted.user_id, token=wanted.token)
    except ApiError as error:
        raise Failure(await _explained(error, wanted)) from error
    return ChatAddress(started.websocket_url, started.workflow_name, started=True)


async def _only_workflow(wanted: Wanted) -> str:
    names = await _workflows(wanted)
    if len(names) == 1:
        return names[0]
    if not names:
        raise Failure(f"{wanted.url} has no workflow to chat with: add a folder to workflows/")
    raise Failure(f"which workflow? Name one of: {', '.join(names)}")


async def _workflows(wanted: Wanted) -> list[str]:
    answer = await call_api(wanted.url, "GET", "/api/workflows", token=wanted.token)
    listed: Any = answer.get("workflows", answer) if isinstance(answer, dict) else answer
    entries = [{"name": name, **facts} for name, facts in listed.items()] if isinstance(listed, dict) else listed
    return sorted(
        str(entry.get("name") or entry.get("workflow_name")) if isinstance(entry, dict) else str(entry)
        for entry in entries
        if not (isinstance(entry, dict) and entry.get("valid") is False)
    )


async def _explained(error: ApiError, wanted: Wanted) -> str:
    if error.code == "UNREACHABLE":
        return f"{error}. Start the backend with `make dev` (or `mozaiks dev`), or say where it is with --url."
    if error.code == "WORKFLOW_NOT_FOUND":
        try:
            names = await _workflows(wanted)
        except ApiError:
            return f"{error} ({error.code})"
        return f"there is no workflow {wanted.workflow!r}; there are: {', '.join(names) or 'none'}"
    if error.status in (401, 403):
        return f"{error} ({error.code}). Give a token with --token or MOZAIKS_TOKEN."
    return f"{error} ({error.code})"
