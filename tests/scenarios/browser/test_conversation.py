"""A conversation on the page: streamed, answered, kept through a reload, the same in every tab."""

from __future__ import annotations

from playwright.sync_api import expect

from ..conftest import House
from .conftest import PATIENCE_MS, Visit


def test_a_workflow_is_chosen_streams_is_answered_and_is_there_after_a_reload(visit: Visit) -> None:
    ann = visit()
    ann.start("HelloWorld")
    ann.reads("Hello and welcome!")
    ann.say("How do I say hello in Japanese?")
    ann.reads("In Japanese you say")
    ann.page.reload()
    ann.reads("Hello and welcome!")
    ann.reads("In Japanese you say")
    expect(ann.conversation.get_by_text("How do I say hello in Japanese?")).to_be_visible()
    ann.say("Bye!")
    ann.awaits("completed")
    expect(ann.page.get_by_text("This chat has ended.")).to_be_visible(timeout=PATIENCE_MS)


def test_two_tabs_show_the_same_conversation(visit: Visit) -> None:
    first = visit()
    chat_id = first.start("HelloWorld")
    first.reads("Hello and welcome!")
    second = visit(first.page.context)
    second.open(f"/chats/HelloWorld/{chat_id}")
    second.reads("Hello and welcome!")
    second.say("How do I say hello in Swahili?")
    for tab in (first, second):
        expect(tab.conversation.get_by_text("How do I say hello in Swahili?")).to_have_count(1, timeout=PATIENCE_MS)
        tab.reads("Habari")


def test_the_list_of_chats_leads_back_to_one(visit: Visit, served: House) -> None:
    ann = visit()
    chat_id = ann.start("HelloWorld")
    ann.reads("Hello and welcome!")
    ann.say("How do I say hello in French?")
    ann.reads("Bonjour")
    ann.open()
    ann.page.get_by_role("navigation", name="Chats").get_by_text("How do I say hello in French?").click()
    ann.reads("Bonjour")
    assert ann.chat_id == chat_id
