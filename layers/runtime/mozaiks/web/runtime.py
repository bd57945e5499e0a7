"""What the routes reach of the process: handed in by ``create_app``, asked for by the routes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, cast

from fastapi import Depends, Request

from mozaiks.access.connecting import Tokens
from mozaiks.access.principal import Principal
from mozaiks.access.secrets import Secrets
from mozaiks.chats.erasure import Eraser
from mozaiks.chats.exporting import Exporter
from mozaiks.chats.service import ChatService
from mozaiks.chats.states import Chat
from mozaiks.errors import MozaiksError
from mozaiks.journeys.gating import Gates
from mozaiks.journeys.opening import Opening
from mozaiks.journeys.service import JourneyService
from mozaiks.manifests import ManifestErrors, Workflows, WorkflowSpec
from mozaiks.manifests.registry import workflow_folders
from mozaiks.settings import Settings
from mozaiks.themes.service import ThemeService
from mozaiks.usage.ports import Figures, Slices, Spending

__all__ = ["Api", "Runtime"]


@dataclass(frozen=True, slots=True)
class Runtime:
    """The use cases behind the routes.

    ``ping`` asks the database for a sign of life and raises ``DATABASE_UNAVAILABLE`` if there is none. ``tokens`` is
    ``None`` where requests say by themselves who they are from, on a developer's machine.
    """

    config: Settings
    service: ChatService
    opening: Opening
    gates: Gates
    journeys: JourneyService
    secrets: Secrets
    eraser: Eraser
    exporter: Exporter
    workflows: Workflows
    figures: Figures
    spending: Spending
    slices: Slices
    themes: ThemeService
    ping: Callable[[], None]
    tokens: Tokens | None

    @property
    def socket_url(self) -> str:
        """Address of the socket API; ``CONFIGURATION`` if the process does not know it."""
        if self.config.websocket_public_url is None:
            raise MozaiksError(
                "CONFIGURATION", "WEBSOCKET_PUBLIC_URL is not set; expected the address of the socket API"
            )
        return self.config.websocket_public_url

    def chat(self, principal: Principal, workflow_name: str, chat_id: str) -> Chat:
        """The principal's chat of this workflow. Another workflow's is as absent as another user's."""
        chat = self.service.get(principal, chat_id)
        if chat.workflow_name.casefold() != workflow_name.casefold():
            raise MozaiksError("CHAT_NOT_FOUND", f"there is no chat {chat_id!r}")
        return chat

    def declared_name(self, workflow_name: str) -> str:
        """The workflow's own spelling of its name. Chats of a workflow that is broken now can still be found.

        Raises
        ------
        MozaiksError
            ``WORKFLOW_NOT_FOUND``.
        """
        try:
            return self.workflows.get(workflow_name).spec.name
        except ManifestErrors as broken:
            return broken.workflow

    def all_workflows(self) -> Iterator[WorkflowSpec | ManifestErrors]:
        """Every workflow folder: what it holds, or what is wrong with it."""
        root: Path = self.config.mozaiks_workflows_path
        for folder in workflow_folders(root).values():
            try:
                yield self.workflows.get(folder.name).spec
            except ManifestErrors as broken:
                yield broken


async def _of(request: Request) -> Runtime:
    return cast(Runtime, request.app.state.runtime)


Api = Annotated[Runtime, Depends(_of)]
