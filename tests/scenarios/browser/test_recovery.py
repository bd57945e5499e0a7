"""What the page makes of reloads, lost sockets and restarts: nothing is lost, nothing comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import expect

from mozaiks_local.stack import LocalStack, Site

from ..conftest import House
from .conftest import CONFIG, PATIENCE_MS, Visit

STORY = " ".join(f"Sentence {number} of a story that takes its time." for number in range(1, 31))


@pytest.fixture
def slowly(served: House) -> Iterator[House]:
    """A model that writes so that one can look on."""
    before = served.demo.token_delay_ms
    served.demo.token_delay_ms = 40
    yield served
    served.demo.token_delay_ms = before


def tell_a_story(house: House, name: str) -> None:
    house.workflow(name, {"Teller": [{"say": STORY}]}, startup_mode="UserDriven", initial_message=None)


def cut(house: House) -> None:
    """Close every open socket from the server's side, as API Gateway does at its limits."""
    for connection in list(house.stack.gateway.sockets.connection_ids):
        address = f"{house.stack.http_url}/local/@connections/{connection}"
        headers = {"Authorization": "AWS4-HMAC-SHA256 test"}
        request = Request(address, method="DELETE", headers=headers)  # noqa: S310 - our own stack
        with urlopen(request):  # noqa: S310
            pass


def test_a_reload_in_the_middle_of_a_message_loses_nothing(visit: Visit, slowly: House) -> None:
    tell_a_story(slowly, "ReloadedStory")
    ann = visit()
    ann.start("ReloadedStory")
    ann.say("Tell me a story")
    ann.reads("Sentence 3 of")
    assert ann.conversation.get_by_text("Sentence 30 of").count() == 0
    ann.page.reload()
    ann.reads("Sentence 3 of")
    slowly.demo.token_delay_ms = 0
    ann.reads("Sentence 30 of")
    expect(ann.conversation.get_by_text(STORY, exact=True)).to_have_count(1, timeout=PATIENCE_MS)


def test_a_cut_socket_is_mended_and_the_message_goes_on(visit: Visit, slowly: House) -> None:
    tell_a_story(slowly, "CutStory")
    ann = visit()
    ann.start("CutStory")
    ann.say("Tell me a story")
    ann.reads("Sentence 3 of")
    cut(slowly)
    slowly.demo.token_delay_ms = 0
    expect(ann.conversation.get_by_text(STORY, exact=True)).to_have_count(1, timeout=PATIENCE_MS)


def test_what_is_written_without_a_connection_is_sent_once_when_it_is_back(visit: Visit, served: House) -> None:
    ann = visit()
    chat_id = ann.start("HelloWorld")
    ann.reads("Hello and welcome!")
    ann.page.context.set_offline(True)
    cut(served)
    ann.say("How do I say hello in Italian?")
    ann.sees("Will be sent when the connection is back")
    ann.page.context.set_offline(False)
    ann.reads("In Italian you say")
    asked = [text for agent, text in served.said(chat_id) if agent is None]
    assert asked.count("How do I say hello in Italian?") == 1


def test_what_was_typed_and_not_sent_is_there_after_a_reload(visit: Visit) -> None:
    ann = visit()
    ann.start("HelloWorld")
    ann.reads("Hello and welcome!")
    ann.page.get_by_label("Message", exact=True).fill("Half a thou")
    ann.page.reload()
    expect(ann.page.get_by_label("Message", exact=True)).to_have_value("Half a thou")


def test_a_component_is_answered_after_a_restart_of_the_stack(
    visit: Visit, served: House, page_folder: Path, tmp_path: Path
) -> None:
    config = replace(served.stack.config, data_dir=tmp_path / "data")
    with LocalStack(config) as stack:
        stack.gateway.site = Site(page_folder, CONFIG)
        port = int(stack.http_url.rpartition(":")[2])
        ann = visit(url=stack.http_url)
        ann.start("BikeWorkshop")
        ann.say("My brakes squeal")
        expect(ann.page.get_by_role("button", name="Book")).to_be_visible(timeout=PATIENCE_MS)
    with LocalStack(replace(config, port=port)) as stack:
        stack.gateway.site = Site(page_folder, CONFIG)
        ann.page.get_by_role("radio").filter(has_not=ann.page.locator("[name*=day]")).last.check()
        ann.page.get_by_role("button", name="Book").click()
        ann.sees("Booking ")


def test_stop_stops_the_chat(visit: Visit, slowly: House) -> None:
    tell_a_story(slowly, "StoppedStory")
    ann = visit()
    chat_id = ann.start("StoppedStory")
    ann.say("Tell me a story")
    ann.reads("Sentence 2 of")
    ann.page.get_by_role("button", name="Stop").click()
    ann.awaits("cancelled")
    expect(ann.conversation.get_by_text("Stopped", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert all("Sentence 30" not in text for _, text in slowly.said(chat_id))
