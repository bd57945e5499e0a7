"""CodeStudio: a structured output becomes files, which code completes and a component shows without waiting."""

from __future__ import annotations

from typing import Any

from mozaiks.settings import Settings
from mozaiks_local.client import ChatClient, Event, Started
from mozaiks_local.demo_model import Fault

from ..conftest import House, texts, turn
from .conftest import of_type, prompts_of, speakers, tools, updates


async def two_wishes(house: House) -> tuple[Started, list[Event], list[Event]]:
    started = await house.start("CodeStudio")
    async with ChatClient(started.websocket_url) as chat:
        await chat.read_until("chat.input_request", within=20)
        first = await turn(chat, "A countdown to the new year")
        second = await turn(chat, "Make it dark")
    return started, first, second


def shown(events: list[Event]) -> dict[str, Any]:
    """The artifact of a run."""
    (call,) = [each for each in of_type(events, "chat.tool_call") if each["tool_name"] == "show_files"]
    return call


def test_a_sentence_becomes_files_with_their_code(house: House, play: Any) -> None:
    _, first, _ = play(two_wishes(house))
    call = shown(first)
    assert (call["component_type"], call["display"], call["awaiting_response"]) == ("GeneratedFiles", "artifact", False)
    files = {each["path"]: (each["language"], each["content"]) for each in call["payload"]["files"]}
    assert {path: language for path, (language, _) in files.items()} == {
        "index.html": "html",
        "script.js": "javascript",
        "theme.css": "css",
    }
    assert call["payload"]["entry"] == "index.html"
    assert 'href="theme.css"' in files["index.html"][1]
    assert "--text: #22303c;" in files["theme.css"][1]


def test_the_output_has_a_map_of_any_values_and_is_told_first(house: House, play: Any) -> None:
    _, first, _ = play(two_wishes(house))
    (ready,) = of_type(first, "chat.structured_output_ready")
    assert (ready["model_name"], ready["auto_tool_mode"]) == ("WebPage", True)
    assert ready["structured_data"]["theme"]["font"] == "Georgia"
    assert tools(first) == ["show_files", "files_made"]
    assert speakers(first) == ["Developer", "Guide"]


def test_what_the_code_of_a_shown_tool_sets_is_kept(house: House, play: Any) -> None:
    _, first, _ = play(two_wishes(house))
    (made,) = updates(first, "made")
    assert (made["version"], [each["path"] for each in made["files"]]) == (
        1,
        ["index.html", "script.js", "theme.css"],
    )
    assert "index.html, script.js, theme.css" in texts(first)[-1][1]


def test_a_wish_makes_another_version_that_a_late_client_finds(house: House, play: Any) -> None:
    async def scenario() -> None:
        started, _, second = await two_wishes(house)
        assert shown(second)["payload"]["version"] == 2
        assert len(prompts_of(house, started.chat_id, "Developer")) == 2, "the model is asked once for each version"
        async with ChatClient(started.websocket_url) as late:
            meta = (await late.read_until("chat_meta", within=10))[-1].data
        assert meta["last_artifact"]["payload"] == shown(second)["payload"]

    play(scenario())


def test_where_the_named_model_is_not_to_be_had_the_last_resort_answers(house: House, play: Any) -> None:
    # A service that knows neither of the models refuses both.
    house.demo.faults.add(Fault("rate_limit", workflow="CodeStudio", agent="Developer", times=2))

    async def scenario() -> tuple[str, list[Event]]:
        started = await house.start("CodeStudio")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.input_request", within=20)
            return started.chat_id, await turn(chat, "A dice to roll")

    chat_id, run = play(scenario())
    assert shown(run)["payload"]["title"] == "A die to roll"
    asked = [each for each in house.demo.requests if each.chat == chat_id and each.agent == "Developer"]
    named = Settings().openai_model
    assert [each.body["model"] for each in asked] == ["gpt-4.1", "gpt-4.1-mini", named]
