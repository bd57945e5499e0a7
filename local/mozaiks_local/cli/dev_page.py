"""The page's part in ``mozaiks dev``: built while the stack starts, and again when a workflow's component changes."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mozaiks_local.cli.console import warn
from mozaiks_local.cli.steps import Steps
from mozaiks_local.page import PAGE_FOLDER, PageBuild, PageError, build_page, has_page
from mozaiks_local.stack import Site

if TYPE_CHECKING:
    from mozaiks.settings import Settings

__all__ = ["DevPage", "page_config"]

_APP: Final = "demo"
_USER: Final = "me"


def page_config(settings: Settings) -> dict[str, Any]:
    """What the page has to know: whether tokens are checked, and whose chats it shows where they are not."""
    return {"auth": settings.checks_tokens, "app_id": _APP, "user_id": _USER}


class DevPage:
    """Builds the page beside the start of everything else.

    A page that cannot be built is a warning: the backend is what was asked for.
    """

    def __init__(self, settings: Settings, folder: Path, workflows: Path, data: Path) -> None:
        self._config = page_config(settings)
        self._folder, self._workflows, self._into = folder, workflows, data / PAGE_FOLDER
        self._doing = "looking at the page"
        self._build: asyncio.Task[PageBuild] | None = None

    def begin(self) -> None:
        """Build in the background, if there is a page to build."""
        if has_page(self._folder):
            work = build_page(self._folder, self._workflows, self._into, self._say)
            self._build = asyncio.create_task(work)

    async def ready(self, steps: Steps) -> Site | None:
        """Wait for the build, and give the page; ``None`` where there is none, with the reason said."""
        if self._build is None:
            return None
        try:
            with steps.step("page", self._doing) as step:
                while not self._build.done():
                    await asyncio.wait({self._build}, timeout=0.5)
                    step.say(self._doing)
                built = self._build.result()
                step.result = "the chat page" if built.reused else "the chat page, built just now"
        except PageError as error:
            warn(f"there is no chat page: {error}. Everything else works")
            return None
        for warning in built.warnings:
            warn(warning)
        return Site(built.folder, self._config)

    async def stop(self) -> None:
        """End a build that is under way."""
        if self._build is not None and not self._build.done():
            self._build.cancel()
            with contextlib.suppress(asyncio.CancelledError, PageError):
                await self._build

    def _say(self, doing: str) -> None:
        self._doing = doing
