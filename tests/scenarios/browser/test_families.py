"""Workflows that belong together, played on the page: a journey to its end, and a chat that spawns chats."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from ..conftest import House
from .conftest import PATIENCE_MS, Visit, Visitor


@pytest.fixture(autouse=True)
def _quick_typing(served: House) -> Iterator[None]:
    before = served.demo.token_delay_ms
    served.demo.token_delay_ms = 0
    yield
    served.demo.token_delay_ms = before


def journey_of(visitor: Visitor) -> str:
    """The address of the journey that the visitor's chat belongs to."""
    link = visitor.page.get_by_role("navigation", name="Journey").get_by_role("link").first
    expect(link).to_be_visible(timeout=PATIENCE_MS)
    return str(link.get_attribute("href"))


def goes_to(visitor: Visitor, journey: str, workflow: str) -> None:
    """From the journey's page to the chat of one of its members, once it is open."""
    visitor.open(journey)
    visitor.page.get_by_role("link", name=workflow, exact=True).click(timeout=PATIENCE_MS)
    visitor.page.wait_for_url(re.compile(f"/chats/{workflow}/"))


def test_a_journey_is_played_to_its_end_with_each_parallel_member_answered_in_its_own_chat(visit: Visit) -> None:
    ann = visit()
    ann.start("ValueEngine")
    ann.say("An app that tells me when my plants are thirsty")
    ann.reads("Whom is it for?")
    ann.say("People who travel a lot")
    ann.reads("Value: People who travel a lot")
    journey = journey_of(ann)

    goes_to(ann, journey, "BrandKit")
    ann.sees("Which colour shall people think of")
    ann.say("A deep green")
    ann.reads("The brand: A deep green")
    ann.awaits("completed")

    ann.open(journey)
    steps = ann.page.locator(".journey-groups > li")
    expect(steps.nth(1)).to_have_attribute("data-state", "now", timeout=PATIENCE_MS)
    expect(steps.nth(2)).to_have_attribute("data-state", "later")

    goes_to(ann, journey, "DesignDocs")
    ann.reads("Shall they stay so?")
    ann.say("Keep them")
    ann.reads("Filed: three documents")

    ann.open(journey)
    expect(ann.page.get_by_role("status").filter(has_text="The journey is completed")).to_be_visible(
        timeout=PATIENCE_MS
    )
    members = ann.page.locator(".journey-member")
    assert [each.get_attribute("data-status") for each in members.all()] == ["completed"] * 4
    assert [each.get_attribute("data-state") for each in steps.all()] == ["done"] * 3

    goes_to(ann, journey, "AppGenerator")
    ann.reads("The app is built, in six files")
    expect(ann.page.get_by_role("navigation", name="Journey")).to_contain_text("AppGenerator")


def notices(visitor: Visitor, event: str) -> Locator:
    return visitor.conversation.locator(f".fold[data-notice='{event}']")


def test_a_chat_that_spawns_chats_tells_when_they_begin_when_each_ends_and_that_it_goes_on(visit: Visit) -> None:
    ann = visit()
    ann.start("AgentGenerator")
    ann.say("An agent that answers guests of a campsite by the sea")
    begun = notices(ann, "chat.workflow_batch_started").locator("summary")
    expect(begun).to_contain_text("2 workflows started", timeout=PATIENCE_MS)
    expect(begun).to_contain_text("AgentPersona")
    expect(begun).to_contain_text("AgentToolkit")
    ann.reads("Meet Marlow")
    ended = notices(ann, "chat.workflow_child_completed").locator("summary")
    expect(ended).to_have_count(2)
    expect(ended.nth(0)).to_contain_text("1 of 2 ended")
    expect(ended.nth(1)).to_contain_text("2 of 2 ended")
    expect(notices(ann, "chat.workflow_resumed").locator("summary")).to_contain_text(
        "2 of 2 completed; this chat goes on"
    )
    ann.awaits("your turn")

    begun.get_by_role("link", name="AgentPersona").click()
    ann.page.wait_for_url(re.compile("/chats/AgentPersona/"))
    ann.awaits("completed")
    ann.sees(re.compile("Marlow"))
    ann.page.go_back()

    ann.say("One that explains train tickets")
    expect(notices(ann, "chat.workflow_resumed")).to_have_count(2, timeout=PATIENCE_MS)
    expect(ann.conversation.locator(".message").filter(has_text="Meet Marlow")).to_have_count(2, timeout=PATIENCE_MS)
