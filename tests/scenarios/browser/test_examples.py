"""Every example workflow, played on the page by clicking and typing what its description says to try."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from ..conftest import ROOT, House
from .conftest import PATIENCE_MS, Visit, Visitor

Step = Callable[[Visitor], None]

_ENDED = ("completed", "failed", "cancelled", "timed_out")


@pytest.fixture(autouse=True)
def _quick_typing(served: House) -> Iterator[None]:
    before = served.demo.token_delay_ms
    served.demo.token_delay_ms = 0
    yield
    served.demo.token_delay_ms = before


def says(text: str) -> Step:
    return lambda visitor: visitor.say(text)


def presses(button: str) -> Step:
    return lambda visitor: visitor.page.get_by_role("button", name=button, exact=True).click()


def picks_a_time(visitor: Visitor) -> None:
    visitor.page.get_by_role("group", name="Time").get_by_role("radio").first.check()
    visitor.page.get_by_role("button", name="Book").click()


def ticks_and_keeps(visitor: Visitor) -> None:
    panel = visitor.page.get_by_role("complementary", name="Artifact")
    panel.get_by_role("checkbox").first.click()
    expect(panel.get_by_role("checkbox").first).to_be_checked(timeout=PATIENCE_MS)
    panel.get_by_role("button", name="Keep this plan").click()


def fills(fields: dict[str, str]) -> Step:
    def fill(visitor: Visitor) -> None:
        form = visitor.page.locator(".schema-form")
        for label, value in fields.items():
            form.get_by_label(label).fill(value)
        form.get_by_role("button", name="Send").click()

    return fill


CONTACT = {"Your name": "Ada Winter", "Your e-mail address": "ada@example.com", "Your message": "The roof leaks."}
CRM = {"Account": "harbour-cafe", "Key": "crm_demo_4711"}

PLAYS: dict[str, list[Step]] = {
    "ActionPlan": [says("Move to another flat"), ticks_and_keeps, says("How far am I?")],
    "BikeWorkshop": [says("My brakes squeal"), picks_a_time, says("Bye!")],
    "Brainstorm": [says("How could our office use less paper?"), says("Now the same for lunch breaks")],
    "CodeStudio": [says("A countdown to the new year"), says("Make it dark")],
    "ConfigChange": [
        says("Set request_timeout_seconds to 45"),
        presses("Approve"),
        says("Set log_level to debug"),
        presses("Refuse"),
    ],
    "ConnectCRM": [says("What is Ada Winter's number?"), fills(CRM)],
    "ContactDesk": [says("Please call me about my roof, I am Ada Winter"), fills(CONTACT)],
    "CustomerSupport": [says("The router from my order ORD-1001 keeps dropping the wifi"), says("Thanks, bye!")],
    "DataPipeline": [],
    "HelloWorld": [says("How do I say hello in Japanese?"), says("Bye!")],
    "IntakeInterview": [
        says("An oak bookshelf for our hallway"),
        says("Before the end of June"),
        says("About 1200 euros"),
    ],
    "LandingPage": [
        says("A bicycle bell that sounds like a cello, for people who ride to work"),
        says("Make it for children"),
    ],
    "Panel": [says("Should our town ban cars from the old market?"), says("Thank you all, bye")],
    "ReviewLoop": [],
    "Triage": [says("A street lamp in Mill Lane is out"), says("What about C-104?"), says("Thanks, bye")],
}
ELSEWHERE = {
    # Steps of a journey, and a chat with its children: played in test_families.
    "AgentGenerator",
    "AgentPersona",
    "AgentToolkit",
    "AppGenerator",
    "BrandKit",
    "DesignDocs",
    "ValueEngine",
}


def test_every_example_is_played() -> None:
    there = {path.parent.name for path in (ROOT / "workflows").glob("*/orchestrator.*") if path.parent.name[0] != "_"}
    assert set(PLAYS) | ELSEWHERE == there


@pytest.mark.parametrize("workflow", list(PLAYS))
def test_an_example_is_played(visit: Visit, served: House, workflow: str) -> None:
    ann = visit()
    chat_id = ann.start(workflow)
    runs = _settled(served, chat_id, 0 if PLAYS[workflow] == [] or _begins_itself(workflow) else None)
    for step in PLAYS[workflow]:
        step(ann)
        runs = _settled(served, chat_id, runs)
        _shows_the_last_words(ann, served, chat_id)
    _shows_the_last_words(ann, served, chat_id)
    assert [event.data for event in served.log(chat_id) if event.type == "chat.error"] == []


def _begins_itself(workflow: str) -> bool:
    text = next(Path(ROOT / "workflows" / workflow).glob("orchestrator.*")).read_text()
    return re.search(r"startup_mode\W+(AgentDriven|BackendOnly)", text) is not None


def _settled(house: House, chat_id: str, before: int | None) -> int:
    """Wait for the end of the next run; gives how many have ended. ``None``: none is to come yet."""
    if before is None:
        return 0
    ended = lambda: sum(event.type == "chat.run_complete" for event in house.log(chat_id))  # noqa: E731
    house.eventually(lambda: ended() > before, within=40)
    return ended()


def _shows_the_last_words(visitor: Visitor, house: House, chat_id: str) -> None:
    said = [
        event.data["content"]
        for event in house.log(chat_id)
        if event.type == "chat.text"
        and event.data["role"] == "assistant"
        and event.data["is_visual"]
        and not event.concealed
        and "structured_output" not in event.data
    ]
    words = re.split(r"[*_`#\n]", said[-1])[0][:40].strip()
    visitor.reads(re.compile(re.escape(words)))
