"""DataPipeline: runs by itself, hands structured data over, and shows the report alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mozaiks.access.principal import Tenant
from mozaiks_local.client import ChatClient, Event, Started

from ..conftest import House, texts
from .conftest import of_type, on_the_wire, speakers, tools, updates


async def night(house: House) -> tuple[Started, list[Event]]:
    """A finished run, and what a client is told that comes in any time during it or after."""
    started = await house.start("DataPipeline")
    async with ChatClient(started.websocket_url) as chat:
        return started, await chat.read_until("chat.run_complete", within=30)


def test_the_report_is_written_without_anybody_asking(house: House, play: Any) -> None:
    _, seen = play(night(house))
    ((agent, report),) = texts(seen)
    assert agent == "Reporter"
    assert "6 orders are good, 221 pieces for 282.5 euros, most of them roll" in report
    assert "2 had to be put aside. The first of them is line 5: we do not bake that (wedding cake)." in report
    assert (seen[-1].data["status"], seen[-1].data["turns"]) == ("completed", 5)


def test_it_runs_before_any_client_comes(house: House, play: Any) -> None:
    async def scenario() -> str:
        return (await house.start("DataPipeline")).chat_id

    chat_id = play(scenario())
    house.eventually(lambda: any(each.type == "chat.run_complete" for each in house.log(chat_id)))
    assert house.said(chat_id)[-1][0] == "Reporter"


def test_batches_are_handed_over_as_structured_data(house: House, play: Any) -> None:
    started, _ = play(night(house))
    ready = [each.data for each in house.log(started.chat_id) if each.type == "chat.structured_output_ready"]
    assert [each["model_name"] for each in ready] == ["Extraction"] * 3 + ["Validation"]
    assert [len(each["structured_data"]["records"]) for each in ready[:3]] == [3, 3, 2]
    assert [each["structured_data"]["last"] for each in ready[:3]] == [False, False, True]
    assert ready[0]["structured_data"]["records"][0] == {
        "customer": "School kitchen",
        "item": "rye bread",
        "pieces": 12,
        "price": 54.0,
    }
    validation = ready[3]["structured_data"]
    assert (validation["accepted"], validation["verdict"]) == (6, "usable")
    assert [rejection["found"] for rejection in validation["rejected"]] == ["wedding cake", 0]


def test_only_the_reporter_is_seen(house: House, play: Any) -> None:
    _, seen = play(night(house))
    wire = on_the_wire(seen)
    assert speakers(seen) == [None, None, None, None, "Reporter"]
    assert tools(seen) == ["file_report"]
    assert of_type(seen, "chat.structured_output_ready") == []
    assert not any(word in wire for word in ("Extractor", "Validator", "read_lines", "School kitchen"))


def test_tools_and_hooks_around_the_run_keep_its_log(house: House, play: Any) -> None:
    started, seen = play(night(house))
    assert updates(seen, "stage") == ["open", "with Reporter", "closed"]
    assert updates(seen, "batches") == [1, 2, 3]
    chat = house.parts.chats.get(Tenant("acme"), started.chat_id)
    context = chat.state["context"]
    assert context["journal"] == [
        "DataPipeline begins with 8 lines",
        "Extractor → Validator",
        "Validator → Reporter",
        "done, 2 rejected",
    ]
    assert (context["bakery"], context["all_read"], context["verdict"]) == ("Old Mill Bakery", True, "usable")


def test_it_takes_no_messages(house: House, play: Any) -> None:
    async def scenario() -> dict[str, Any]:
        started = await house.start("DataPipeline")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat_meta", within=20)
            await chat.send_frame({"type": "user.input.submit", "text": "hello", "client_message_id": "m1"})
            return (await chat.read_until("error", within=20))[-1].data

    assert play(scenario())["code"] in ("NO_USER_INPUT", "CHAT_ENDED")


@pytest.fixture
def extractor_says(house: House) -> Iterator[Callable[..., None]]:
    """Give the Extractor other lines than its script's."""
    yield lambda *rules: house.demo.scripts.set("DataPipeline", {"agents": {"Extractor": list(rules)}})
    house.demo.scripts.remove("DataPipeline")


def test_a_reply_that_does_not_fit_is_asked_for_once_more(
    house: House, play: Any, extractor_says: Callable[..., None]
) -> None:
    extraction = {"batch": 1, "records": [], "last": True}
    extractor_says({"step": 0, "say": "Here are the orders!"}, {"step": 1, "json": extraction}, {"json": extraction})
    started, _ = play(night(house))
    ready = [each.data for each in house.log(started.chat_id) if each.type == "chat.structured_output_ready"]
    assert ready[0]["structured_data"] == extraction
    assert "Here are the orders!" not in str(house.said(started.chat_id))


def test_a_reply_that_never_fits_fails_the_run(house: House, play: Any, extractor_says: Callable[..., None]) -> None:
    extractor_says({"say": "Here are the orders!"})
    _, seen = play(night(house))
    assert [error["code"] for error in of_type(seen, "chat.error")] == ["SCHEMA_VALIDATION_FAILED"]
    assert seen[-1].data["status"] == "failed"


def test_a_hook_ends_a_run_that_has_nothing_to_do(house: House, play: Any) -> None:
    folder = house.workflows / "QuietNight"
    shutil.copytree(house.workflows / "DataPipeline", folder, ignore=shutil.ignore_patterns("__pycache__"))
    orchestrator = json.loads((folder / "orchestrator.json").read_text())
    (folder / "orchestrator.json").write_text(json.dumps({**orchestrator, "workflow_name": "QuietNight"}))
    (folder / "data" / "orders.csv").write_text("customer,item,pieces,price\n")

    async def scenario() -> list[Event]:
        started = await house.start("QuietNight")
        async with ChatClient(started.websocket_url) as chat:
            return await chat.read_until("chat.run_complete", within=30)

    seen = play(scenario())
    assert [(e["code"], e["message"]) for e in of_type(seen, "chat.error")] == [
        ("RUN_ABORTED", "There are no orders tonight.")
    ]
    assert (seen[-1].data["status"], seen[-1].data["turns"]) == ("failed", 0)
