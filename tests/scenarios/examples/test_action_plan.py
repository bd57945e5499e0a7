"""ActionPlan: an artifact whose ticks are a variable of the chat, set without a run."""

from __future__ import annotations

from typing import Any

from mozaiks_local.client import ChatClient, Event

from ..conftest import House, texts, turn
from .conftest import act, asked_of, of_type, updates


async def opened(house: House, chat: ChatClient) -> tuple[dict[str, Any], list[Event]]:
    """The request that shows the plan, and the run it came from."""
    await chat.read_until("chat.input_request", within=20)
    run = await turn(chat, "Move to another flat")
    return asked_of(run), run


def test_the_plan_is_an_artifact_and_a_variable_that_clients_see(house: House, play: Any) -> None:
    async def scenario() -> None:
        started = await house.start("ActionPlan")
        async with ChatClient(started.websocket_url) as chat:
            asked, run = await opened(house, chat)
            assert (asked["component_type"], asked["display"]) == ("ActionPlan", "artifact")
            assert asked["payload"]["goal"] == "Move to another flat"
            assert [step["id"] for step in asked["payload"]["steps"]] == ["s1", "s2", "s3", "s4"]
            assert updates(run, "plan") == [asked["payload"]]
        async with ChatClient(started.websocket_url) as late:
            meta = (await late.read_until("chat_meta", within=10))[-1].data
            assert meta["last_artifact"]["payload"] == asked["payload"]
            assert [each["request_id"] for each in meta["pending"]] == [asked["request_id"]]

    play(scenario())


def test_a_tick_changes_the_variable_for_every_tab_and_starts_no_run(house: House, play: Any) -> None:
    async def scenario() -> str:
        started = await house.start("ActionPlan")
        async with ChatClient(started.websocket_url) as one, ChatClient(started.websocket_url) as two:
            await opened(house, one)
            await turn(two)
            seen = await act(one, "ActionPlan", done=["s1", "s3"])
            assert seen[-1].data["applied"] == {"done": ["s1", "s3"]}
            told = await two.read_until("context_update", within=10)
            assert updates(told, "done") == [["s1", "s3"]]
        return started.chat_id

    chat_id = play(scenario())
    assert [event.type for event in house.log(chat_id)].count("chat.run_start") == 1


def test_the_tool_reads_the_ticks_with_the_answer(house: House, play: Any) -> None:
    async def scenario() -> list[Event]:
        started = await house.start("ActionPlan")
        async with ChatClient(started.websocket_url) as chat:
            asked, _ = await opened(house, chat)
            await act(chat, "ActionPlan", done=["s1"])
            await act(chat, "ActionPlan", done=["s1", "s2"])
            await chat.answer(asked["request_id"], {"kept": True, "note": "no van on Sundays"})
            return await turn(chat)

    after = play(scenario())
    (result,) = of_type(after, "chat.tool_response")
    assert (result["content"]["kept"], result["content"]["note"]) == (True, "no van on Sundays")
    assert result["content"]["done"] == ["Give notice for the old place", "Book a van"]
    assert "Pack the books first" in texts(after)[-1][1]
    assert updates(after, "steps_done")[-1] == 2


def test_a_tick_after_the_answer_counts_for_the_next_run(house: House, play: Any) -> None:
    async def scenario() -> None:
        started = await house.start("ActionPlan")
        async with ChatClient(started.websocket_url) as chat:
            asked, _ = await opened(house, chat)
            await chat.answer(asked["request_id"], {"kept": True})
            await turn(chat)
            await act(chat, "ActionPlan", done=["s1"])
            assert "Book a van" in texts(await turn(chat, "How far am I?"))[-1][1]
            await act(chat, "ActionPlan", done=["s1", "s2", "s3", "s4"])
            assert "all of it" in texts(await turn(chat, "How far am I?"))[-1][1]

    play(scenario())


def test_other_variables_cannot_be_set_by_a_component(house: House, play: Any) -> None:
    async def scenario() -> None:
        started = await house.start("ActionPlan")
        async with ChatClient(started.websocket_url) as chat:
            await opened(house, chat)
            refused = (await act(chat, "ActionPlan", plan={"goal": "mine", "steps": []}))[-1]
            assert (refused.type, refused.data["code"]) == ("error", "FORBIDDEN_VARIABLE")

    play(scenario())
