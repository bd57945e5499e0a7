"""The page for everybody: on a phone, by keyboard, by screen reader; and with tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from ..conftest import ROOT
from .conftest import PATIENCE_MS, Visit, Visitor

AXE = ROOT / "chatui" / "node_modules" / "axe-core" / "axe.min.js"

Opens = Callable[[Visitor], Any]


def picker(visitor: Visitor) -> None:
    visitor.open()
    expect(visitor.page.get_by_role("article", name="HelloWorld")).to_be_visible(timeout=PATIENCE_MS)


def conversation(visitor: Visitor) -> None:
    visitor.start("CustomerSupport")
    visitor.say("The router from my order ORD-1001 keeps dropping the wifi")
    visitor.reads("opened ticket")


def component(visitor: Visitor) -> None:
    visitor.start("BikeWorkshop")
    visitor.say("My brakes squeal")
    expect(visitor.page.get_by_role("button", name="Book")).to_be_visible(timeout=PATIENCE_MS)


def form(visitor: Visitor) -> None:
    visitor.start("ContactDesk")
    visitor.say("Please call me about my roof, I am Ada Winter")
    expect(visitor.page.locator(".schema-form")).to_be_visible(timeout=PATIENCE_MS)


def artifact(visitor: Visitor) -> None:
    visitor.start("CodeStudio")
    visitor.say("A countdown to the new year")
    panel = visitor.page.get_by_role("complementary", name="Artifact")
    panel.get_by_role("button", name="Code").click(timeout=PATIENCE_MS)
    panel.get_by_role("tab", name="index.html").click()
    expect(panel.get_by_label("Code of index.html")).to_be_visible(timeout=PATIENCE_MS)


def modal(visitor: Visitor) -> None:
    visitor.start("ConfigChange")
    visitor.say("Set request_timeout_seconds to 45")
    expect(visitor.page.get_by_role("dialog")).to_be_visible(timeout=PATIENCE_MS)


def trace(visitor: Visitor) -> None:
    conversation(visitor)
    visitor.page.get_by_role("link", name="Trace").click()
    expect(visitor.page.get_by_role("rowheader", name="lookup_order").first).to_be_visible(timeout=PATIENCE_MS)


VIEWS: list[Opens] = [picker, conversation, component, form, artifact, modal, trace]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.__name__)
def test_axe_finds_nothing_serious(visit: Visit, view: Opens, scheme: Any) -> None:
    ann = visit()
    ann.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    view(ann)
    # Handed in by the driver: the page's own policy would not let a foreign script in.
    ann.page.evaluate(AXE.read_text(encoding="utf-8"))
    found = ann.page.evaluate("() => axe.run(document, { resultTypes: ['violations'], iframes: false })")
    serious = [
        f"{each['id']}: {each['help']}: {[node['html'][:160] for node in each['nodes']][:3]}"
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert serious == []


@pytest.mark.parametrize("view", [picker, conversation, component, form, artifact], ids=lambda view: view.__name__)
def test_nothing_is_wider_than_a_phone(visit: Visit, view: Opens) -> None:
    ann = visit(width=360, height=740)
    view(ann)
    wide = ann.page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0


def test_on_a_phone_the_chats_are_in_a_drawer_that_the_keyboard_closes(visit: Visit) -> None:
    ann = visit(width=360, height=740)
    ann.start("HelloWorld")
    ann.reads("Hello and welcome!")
    chats = ann.page.get_by_role("button", name="Chats")
    chats.click()
    expect(ann.page.get_by_role("link", name="New chat")).to_be_visible()
    ann.page.get_by_role("button", name="Close").focus()
    ann.page.keyboard.press("Escape")
    expect(ann.page.get_by_role("link", name="New chat")).not_to_be_visible()
    expect(chats).to_be_focused()


def test_a_chat_is_begun_and_held_with_the_keyboard_alone(visit: Visit) -> None:
    ann = visit()
    ann.open()
    start = ann.page.get_by_role("article", name="HelloWorld").get_by_role("button", name="Start")
    expect(start).to_be_visible(timeout=PATIENCE_MS)
    for _ in range(80):
        ann.page.keyboard.press("Tab")
        if start.evaluate("element => element === document.activeElement"):
            break
    ann.page.keyboard.press("Enter")
    ann.reads("Hello and welcome!")
    message = ann.page.get_by_label("Message", exact=True)
    for _ in range(40):
        if message.evaluate("element => element === document.activeElement"):
            break
        ann.page.keyboard.press("Tab")
    ann.page.keyboard.type("How do I say hello in Hindi?")
    ann.page.keyboard.press("Enter")
    ann.reads("In Hindi you say")


def test_a_screen_reader_is_told_each_message_once_and_whole(visit: Visit) -> None:
    ann = visit()
    ann.start("HelloWorld")
    ann.reads("Hello and welcome!")
    ann.say("How do I say hello in German?")
    ann.reads("In German you say")
    told = ann.page.locator("[aria-live='polite']")
    expect(told).to_contain_text("GreeterAgent says: In German you say", timeout=PATIENCE_MS)
    expect(ann.conversation).to_have_attribute("aria-live", "off")
