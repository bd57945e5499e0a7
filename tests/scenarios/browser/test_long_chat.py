"""A chat of two thousand messages: only those in view are drawn, and it can be scrolled to its beginning."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from mozaiks.access.principal import Tenant
from mozaiks.chats.changes import Change
from mozaiks.chats.events import NewEvent
from mozaiks.chats.states import Chat

from ..conftest import House
from .conftest import PATIENCE_MS, Visit

MESSAGES = 2_000
_STEP = 250


def test_only_messages_in_view_are_drawn(visit: Visit, served: House) -> None:
    served.workflow("LongTalk", {"Host": [{"say": "Go on."}]}, startup_mode="UserDriven", initial_message=None)
    ann = visit()
    chat_id = ann.start("LongTalk")
    for first in range(0, MESSAGES, _STEP):
        events = tuple(_message(number) for number in range(first, first + _STEP))

        def add(chat: Chat, events: tuple[NewEvent, ...] = events) -> Change:
            return Change(events=events)

        served.parts.chats.transact(Tenant("acme"), chat_id, add)
    ann.page.reload()
    ann.reads(f"Message number {MESSAGES - 1}.")
    rows = ann.conversation.locator(".row")
    assert rows.count() < 100
    ann.conversation.locator("[data-virtuoso-scroller]").evaluate("element => element.scrollTo(0, 0)")
    expect(ann.conversation.get_by_text("Message number 0.", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert rows.count() < 100
    ann.page.get_by_role("button", name="To the newest").click()
    ann.reads(f"Message number {MESSAGES - 1}.")


def _message(number: int) -> NewEvent:
    data: dict[str, Any] = {
        "agent": "Host",
        "content": f"Message number {number}.",
        "message_id": f"m-{number}",
        "role": "assistant",
        "is_visual": True,
        "is_structured_capable": False,
        "is_tool_agent": False,
    }
    return NewEvent("chat.text", data, agent="Host")
