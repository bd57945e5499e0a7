"""The page's part in ``mozaiks dev``: built while the stack starts, and again when a workflow's component changes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from mozaiks_local.cli.console import out, warn
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


def _is_source(_change: object, path: str) -> bool:
    """Whether the page is made of it: workflows change for many reasons, and few concern the page."""
    parts = Path(path).parts
    return "node_modules" not in parts and ("chatui" in parts or "ui" in parts) and not path.endswith("~")


class DevPage:
    """Builds the page beside the start of everything else.

    A page that cannot be built is a warning: the backend is what was asked for.
    """

    def __init__(self, settings: Settings, folder: Path, workflows: Path, data: Path) -> None:
        self._config = page_config(settings)
        self._folder, self._workflows, self._into = folder, workflows, data / PAGE_FOLDER
        self._doing = "looking at the page"
        self._build: asyncio.Task[PageBuild] | None = None
        self._following: asyncio.Task[None] | None = None

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

    def follow(self, show: Callable[[Site], None]) -> None:
        """Build anew whenever the page or a component of a workflow changes, and ``show`` what came of it."""
        if has_page(self._folder):
            self._following = asyncio.create_task(self._follow(show))

    async def stop(self) -> None:
        """End what is under way."""
        for task in (self._build, self._following):
            if task is not None and not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError, PageError):
                    await task

    async def _follow(self, show: Callable[[Site], None]) -> None:
        from watchfiles import awatch

        watched = (self._folder / "chatui" / "app", self._folder / "chatui" / "client" / "src", self._workflows)
        async for changes in awatch(*watched, watch_filter=_is_source, debounce=300):
            named = ", ".join(sorted({Path(path).name for _, path in changes})[:3])
            try:
                built = await build_page(self._folder, self._workflows, self._into, self._say)
            except PageError as error:
                warn(f"the page stays as it was: {error}")
                continue
            for warning in built.warnings:
                warn(warning)
            if not built.reused:
                out().print(Text(f"↻ {named} changed: the page was built anew, reload it", style="dim"))
            show(Site(built.folder, self._config))

    def _say(self, doing: str) -> None:
        self._doing = doing
