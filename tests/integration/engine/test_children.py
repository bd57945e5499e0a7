"""A slice whose agent asks for children: what it stores, and what it leaves alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mozaiks.chats.states import ChatStatus

from .conftest import ANN, Bench

OUTPUTS = """
models:
  Part: {fields: {name: {type: str}}}
  Selection: {fields: {is_multi_workflow: {type: bool}, workflows: {type: "list[Part]"}}}
  Plan: {fields: {PatternSelection: {type: Selection}}}
registry: {Planner: Plan}
"""
ASKED = {"PatternSelection": {"is_multi_workflow": True, "workflows": [{"name": "Helper"}]}}
AGENTS: dict[str, Any] = {"Planner": [{"json": ASKED}], "Merger": [{"say": "Merged."}]}


@pytest.fixture
def asking(bench: Bench) -> str:
    """A chat whose Planner asks for one child."""
    bench.workflow_name = "Helper"
    bench.workflow({"Worker": [{"say": "Helped."}]}, startup_mode="BackendOnly", human_in_the_loop=False)
    bench.workflow_name = "Play"
    bench.workflow(AGENTS, outputs=OUTPUTS)
    nest(bench)
    return bench.start()


def nest(bench: Bench, **fields: Any) -> None:
    (bench.root / "Play" / "_pack").mkdir(exist_ok=True)
    entry = {"trigger_agent": "Planner", "resume_agent": "Merger", **fields}
    (bench.root / "Play" / "_pack" / "workflow_graph.json").write_text(json.dumps({"nested_chats": [entry]}))


def test_the_plan_is_stored_with_the_turn_and_the_lease_is_given_back(bench: Bench, asking: str) -> None:
    assert bench.slice(asking)["outcome"] == "children"
    chat = bench.chat(asking)
    assert (chat.status, chat.waiting_for, chat.lease) == (ChatStatus.WAITING, "children", None)
    assert chat.batch is not None
    assert [child.workflow_name for child in chat.batch.children] == ["Helper"]
    assert bench.types(asking)[-2:] == ["structured_output_ready", "workflow_batch_started"]


def test_a_repeated_slice_asks_for_no_other_children(bench: Bench, asking: str) -> None:
    bench.slice(asking)
    before = bench.log(asking)
    assert bench.slice(asking)["outcome"] == "children"
    assert bench.log(asking) == before


def test_a_worker_that_dies_before_it_stores_the_plan_costs_nothing(bench: Bench, asking: str) -> None:
    bench.die_at_write(2)
    with pytest.raises(Exception, match="no more"):
        bench.slice(asking)
    bench.revive(asking)
    assert bench.slice(asking)["outcome"] == "children"
    assert bench.types(asking).count("workflow_batch_started") == 1


def test_an_execution_of_another_run_does_not_wait_for_the_children(bench: Bench, asking: str) -> None:
    bench.slice(asking)
    outcome = bench.loop.run(bench.slices.run("acme", asking, 7, lambda: 60.0))
    assert outcome["outcome"] == "waiting"


def test_a_chat_cancelled_while_its_turn_ends_begins_no_child(bench: Bench, asking: str) -> None:
    original = bench.slices.store.transact

    async def cancelled_before(*arguments: Any) -> Any:
        bench.parts.service.cancel(ANN, asking)
        return await original(*arguments)

    bench.slices.store.transact = cancelled_before  # type: ignore[method-assign]
    bench.slice(asking)
    assert bench.chat(asking).status is ChatStatus.CANCELLED
    assert "workflow_batch_started" not in bench.types(asking)


def test_a_user_who_interrupts_while_the_turn_ends_is_heard_before_any_child_begins(bench: Bench, asking: str) -> None:
    bench.demo.scripts.set(
        "Play",
        {
            "agents": {
                **AGENTS,
                "Planner": [
                    {
                        "user_matches": "wait",
                        "json": {"PatternSelection": {"is_multi_workflow": False, "workflows": []}},
                    },
                    {"json": ASKED},
                ],
            }
        },
    )
    original, said = bench.slices.store.transact, []

    async def interrupted_before_the_end(*arguments: Any) -> Any:
        decided = arguments[2](bench.chat(asking))
        if not said and any(event.type == "chat.workflow_batch_started" for event in decided.events):
            said.append(bench.say(asking, "wait", on_busy="interrupt"))
        return await original(*arguments)

    bench.slices.store.transact = interrupted_before_the_end  # type: ignore[method-assign]
    assert bench.run(asking)["outcome"] == "waiting"
    assert said
    assert "workflow_batch_started" not in bench.types(asking)
    assert bench.chat(asking).waiting_for == "input"


def test_a_selection_that_says_no_and_an_agent_that_may_not_ask_begin_nothing(bench: Bench, asking: str) -> None:
    nest(bench, trigger_agent="Merger", resume_agent="Planner")
    chat_id = bench.start()
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.chat(chat_id).waiting_for == "input"


def test_a_resume_agent_the_workflow_does_not_have_is_told_of(bench: Bench, asking: str) -> None:
    named = {"PatternSelection": {**ASKED["PatternSelection"], "resume_agent": "Nobody"}}
    bench.workflow(
        {**AGENTS, "Planner": [{"json": named}]},
        outputs=OUTPUTS.replace("fields: {is_multi", "fields: {resume_agent: {type: str}, is_multi"),
    )
    chat_id = bench.start()
    assert bench.slice(chat_id)["outcome"] == "children"
    assert bench.errors(chat_id) == [("warning", "VALIDATION")]
    batch = bench.chat(chat_id).batch
    assert batch is not None
    assert batch.resume_agent == "Merger"


def test_an_output_goes_to_its_tool_before_its_children_are_begun(bench: Bench) -> None:
    bench.workflow_name = "Helper"
    bench.workflow({"Worker": [{"say": "Helped."}]}, startup_mode="BackendOnly", human_in_the_loop=False)
    bench.workflow_name = "Play"
    bench.workflow(
        AGENTS,
        outputs=OUTPUTS,
        agent_fields={"Planner": {"auto_tool_mode": True}},
        tools=(
            "tools:\n  - {name: keep, file: tools/code.py, function: keep, agent: Planner, description: Keeps.,"
            " auto_execute: true}\n"
        ),
        code=(
            "def keep(PatternSelection: dict, context_variables):\n"
            "    context_variables['kept'] = True\n    return {}\n"
        ),
    )
    nest(bench)
    chat_id = bench.start()
    assert bench.run(chat_id)["outcome"] == "children"
    assert bench.chat(chat_id).state["context"]["kept"] is True
    assert bench.types(chat_id)[-2:] == ["tool_response", "workflow_batch_started"]
