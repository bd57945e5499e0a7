"""The chat page in a real browser, on the whole local stack."""

from __future__ import annotations

import asyncio
import fcntl
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from mozaiks_local.page import build_page
from mozaiks_local.stack import Site

from ..conftest import ROOT, House

CHROMIUM: Final = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_CHROMIUM: Final = "there is no Chromium: the chat page is not tested"
PATIENCE_MS: Final = 40_000
_FLAGS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
CONFIG: Final = {"auth": False, "app_id": "acme", "user_id": "ann"}


class Visitor:
    """Somebody at the page, and what they do there.

    ``complaints`` is what the browser found wrong: errors of scripts, and what the page's policy refused.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", lambda said: self._heard(said.type, said.text))

    def _heard(self, kind: str, text: str) -> None:
        # What a route answered is the page's to deal with, and looked at where it matters.
        if kind == "error" and not text.startswith("Failed to load resource") and "WebSocket connection to" not in text:
            self.complaints.append(text)

    def open(self, path: str = "/") -> None:
        self.page.goto(self.url + path)

    def start(self, workflow: str) -> str:
        """Choose a workflow; gives the id of its chat."""
        self.open()
        self.page.get_by_role("article", name=workflow, exact=True).get_by_role("button", name="Start").click()
        self.page.wait_for_url(re.compile(r"/chats/"))
        return self.chat_id

    @property
    def chat_id(self) -> str:
        found = re.search(r"/chats/[^/]+/([^/?]+)", self.page.url)
        assert found is not None, self.page.url
        return found[1]

    @property
    def conversation(self) -> Locator:
        return self.page.get_by_role("log", name="Conversation")

    def say(self, text: str) -> None:
        self.page.get_by_label("Message", exact=True).fill(text)
        self.page.keyboard.press("Enter")

    def reads(self, text: str | re.Pattern[str]) -> None:
        """Wait until an agent's words are there."""
        said = self.conversation.locator(".message[data-role='assistant']").filter(has_text=text)
        expect(said.last).to_be_visible(timeout=PATIENCE_MS)

    def sees(self, text: str | re.Pattern[str]) -> None:
        expect(self.page.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)

    def awaits(self, state: str) -> None:
        """Wait until the head of the chat says this of it."""
        expect(self.page.locator(".chat-state")).to_contain_text(state, timeout=PATIENCE_MS)


Visit = Callable[..., Visitor]


@pytest.fixture(scope="session")
def page_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built page; built once for all workers of a run."""
    if CHROMIUM is None:
        pytest.skip(NO_CHROMIUM)
    shared = tmp_path_factory.getbasetemp().parent / "page"
    shared.mkdir(exist_ok=True)
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return asyncio.run(build_page(ROOT, ROOT / "workflows", shared / "built", print)).folder


@pytest.fixture
def served(house: House, page_folder: Path) -> Iterator[House]:
    """The stack with the page on its port."""
    house.stack.gateway.site = Site(page_folder, CONFIG)
    yield house
    house.stack.gateway.site = None


@pytest.fixture(scope="module")
def browser(page_folder: Path) -> Iterator[Browser]:
    # Not longer than a module: while it is there, this thread has a running event loop, and others need their own.
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Browser, served: House) -> Iterator[Visit]:
    """Opens the page for somebody, in a browser profile of their own unless one is handed in."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def come(
        context: BrowserContext | None = None, *, width: int = 1280, height: int = 820, url: str | None = None
    ) -> Visitor:
        if context is None:
            context = browser.new_context(viewport={"width": width, "height": height}, reduced_motion="reduce")
            context.set_default_timeout(PATIENCE_MS)
            contexts.append(context)
        visitor = Visitor(context.new_page(), url or served.stack.http_url)
        visitors.append(visitor)
        return visitor

    yield come
    complaints = [each for visitor in visitors for each in visitor.complaints]
    for context in contexts:
        context.close()
    assert complaints == []
