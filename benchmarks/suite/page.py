"""The chat page in Chromium: what it loads first, and what it paints while a chat streams and is scrolled.

The page is the built one; the backend is played, so that nothing but the page is measured.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final
from urllib.parse import urlsplit

from benchmarks.figures import Row, Samples, Target, quantile
from benchmarks.world import PROJECT, World
from mozaiks.chats.events import envelope
from mozaiks_local.page import build_page
from mozaiks_local.stack import Site
from mozaiks_local.stack.http_server import HttpRequest

__all__ = ["measure"]

_TITLE: Final = "the chat page"
_ORIGIN: Final = "http://page.test"
_CHAT: Final = "c1"
_TOKENS: Final = 200
_PACE_MS: Final = 20
_MESSAGES: Final = 2_000
_FRAME: Final = Target(20.0)  # 50 frames a second
_FLAGS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")
_WATCH: Final = """() => {
  const times = (window.frameTimes = []);
  const tick = (time) => { times.push(time); window.frameTick = requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
}"""
_SEEN: Final = "() => { cancelAnimationFrame(window.frameTick); return window.frameTimes; }"
_SCROLL: Final = """async () => {
  const list = document.querySelector("[data-virtuoso-scroller]");
  for (let step = 0; step < 120; step++) {
    list.scrollBy(0, -300);
    await new Promise(requestAnimationFrame);
  }
  return document.querySelectorAll(".row").length;
}"""


def measure(world: World) -> list[Row]:
    """Kilobytes of script, and milliseconds between two painted frames."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if chromium is None:
        return [Row(_TITLE, "not measured", 0, "ms", note="there is no Chromium")]
    folder = asyncio.run(build_page(PROJECT, PROJECT / "workflows", world.folder / "page", lambda _: None)).folder
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        page = browser.new_page()
        scripts: list[str] = []
        site = Site(folder, {"auth": False, "app_id": "demo", "user_id": "me"})

        def answer(route: Any) -> None:
            address = urlsplit(route.request.url)
            if address.path.endswith(".js"):
                scripts.append(address.path)
            found = site.answer(HttpRequest("GET", address.path, [], b"", ""))
            if found is None:
                route.fulfill(json=_api(address.path))
            else:
                route.fulfill(status=found.status, body=found.body, headers=dict(found.headers))

        sockets: list[Any] = []
        page.route(f"{_ORIGIN}/**", answer)
        page.route_web_socket(re.compile(r"^ws://"), lambda socket: sockets.append(socket))
        page.goto(f"{_ORIGIN}/chats/Bench/{_CHAT}")
        _until(page, lambda: bool(sockets))
        socket = sockets[0]
        for frame in _greeting(0):
            socket.send(frame)
        page.get_by_text("Say something to begin").wait_for()
        loaded = sum(len(gzip.compress((folder / path.lstrip("/")).read_bytes())) for path in set(scripts))
        streamed = _stream(page, socket)
        for frame in _talk():
            socket.send(frame)
        page.get_by_text(f"Message number {_MESSAGES - 1}", exact=False).wait_for()
        page.evaluate(_WATCH)
        drawn = page.evaluate(_SCROLL)
        scrolled = _intervals(page.evaluate(_SEEN))
        browser.close()
    return [
        Row(_TITLE, "script of the first load", loaded / 1024, "KB", target=Target(250), note="gzip, the chat view"),
        _frames(f"a frame while {_TOKENS} tokens stream", streamed, _FRAME),
        _frames(f"a frame while {_MESSAGES:,} messages scroll", scrolled, None),
        Row(_TITLE, f"rows drawn of {_MESSAGES:,} messages", drawn, "rows"),
    ]


def _frames(name: str, intervals: Samples, target: Target | None) -> Row:
    """The mean, since it is what frames a second come from; 16.7 ms is the most a screen of 60 Hz shows."""
    mean = sum(intervals) / len(intervals)
    return Row(_TITLE, name, mean, "ms", quantile(intervals, 0.95), len(intervals), target, "mean")


def _api(path: str) -> dict[str, Any]:
    if path.endswith("/transport"):
        return {"websocket_url": "ws://page.test/local"}
    empty: dict[str, Any] = {"workflows": [], "invalid": [], "chats": [], "next_before": None}
    return empty


def _until(page: Any, ready: Any) -> None:
    for _ in range(200):
        if ready():
            return
        page.wait_for_timeout(50)
    raise RuntimeError("the page opened no socket within 10 seconds")


def _frame(kind: str, data: dict[str, Any], seq: int | None = None) -> str:
    return json.dumps(envelope(kind, _CHAT, data, at=datetime.now(UTC), seq=seq))


def _greeting(last_seq: int) -> Iterator[str]:
    facts = {"workflow_name": "Bench", "app_id": "demo", "user_id": "me", "cache_seed": 1}
    state = {"status": "waiting", "waiting_for": "input", "last_seq": last_seq, "pending": [], "last_artifact": None}
    yield _frame("chat_meta", {**facts, **state})
    yield _frame("chat.resume_boundary", {"last_seq": last_seq, "replayed_count": 0, "status": "waiting"})


def _stream(page: Any, socket: Any) -> Samples:
    """Tokens, one frame each, as a model writes them."""
    page.evaluate(_WATCH)
    offset = 0
    for number in range(_TOKENS):
        piece = f"word{number} " if number % 25 else "\n\n- **point** "
        data = {"agent": "Host", "message_id": "m", "offset": offset, "content": piece}
        socket.send(_frame("chat.print", data))
        offset += len(piece)
        page.wait_for_timeout(_PACE_MS)
    return _intervals(page.evaluate(_SEEN))


def _talk() -> Iterator[str]:
    for number in range(_MESSAGES):
        data = {
            "agent": "Host",
            "content": f"Message number {number}, with *some* words in it.\n\n- one\n- two",
            "message_id": "m" if number == 0 else f"m{number}",
            "role": "assistant",
            "is_visual": True,
            "is_structured_capable": False,
            "is_tool_agent": False,
        }
        yield _frame("chat.text", data, number + 1)


def _intervals(times: list[float]) -> Samples:
    return Samples(later - earlier for earlier, later in pairwise(times))
