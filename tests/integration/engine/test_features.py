"""Patterns, expressions, variables, structured outputs, hooks: what manifests can say, done by the engine."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ag2.config import OpenAIConfig

from mozaiks.chats.states import ChatStatus
from mozaiks.errors import MozaiksError
from mozaiks_local.demo_model import Fault

Bench = Any
OneAgent = Callable[..., str]


def speakers(bench: Bench, chat_id: str) -> list[str]:
    return [event.data["agent"] for event in bench.log(chat_id) if event.type == "chat.select_speaker"]


# --- who speaks next ------------------------------------------------------------------------------------------------


def test_a_true_expression_decides_before_after_work(bench: Bench) -> None:
    bench.workflow(
        {"A": [{"say": "a"}], "B": [{"say": "b"}], "C": [{"say": "c"}]},
        context="variables:\n  urgent: {type: bool, default: true}\n",
        handoffs=(
            "handoffs:\n"
            "  - {from_agent: A, to_agent: C}\n"
            "  - {from_agent: A, to_agent: B, condition: '${urgent} == true'}\n"
        ),
    )
    chat_id = bench.start()
    bench.run(chat_id)
    assert speakers(bench, chat_id) == ["A", "B"]


def test_a_before_reply_rule_gives_the_word_to_another(bench: Bench) -> None:
    bench.workflow(
        {"A": [{"say": "a"}], "B": [{"say": "b"}]},
        context="variables:\n  vip: {type: bool, default: true}\n",
        handoffs="handoffs:\n  - {from_agent: A, to_agent: B, condition: vip, condition_scope: before_reply}\n",
    )
    chat_id = bench.start()
    bench.run(chat_id)
    assert speakers(bench, chat_id) == ["B"]


@pytest.mark.parametrize(("target", "status"), [("terminate", "completed"), ("user", "waiting")])
def test_a_before_reply_rule_that_lets_nobody_answer_ends_the_run(bench: Bench, target: str, status: str) -> None:
    bench.workflow(
        agents={"A": [{"say": "Never said."}]},
        context="variables:\n  closed: {type: bool, default: true}\n",
        handoffs=f"handoffs:\n  - {{from_agent: A, to_agent: {target}, condition: closed, "
        "condition_scope: before_reply}\n",
    )
    chat_id = bench.start("is anybody there?")
    assert bench.run(chat_id)["outcome"] == status
    assert bench.said(chat_id) == [(None, "is anybody there?")]


def test_a_tool_s_result_names_the_next_speaker_before_every_rule(bench: Bench) -> None:
    bench.workflow(
        {"A": [{"call": {"tool": "route", "arguments": {}}}], "B": [{"say": "b"}], "C": [{"say": "c"}]},
        tools="tools:\n  - {name: route, file: tools/code.py, function: route, agent: A, description: Routes.}\n",
        code=(
            "from mozaiks.authoring import handoff\n\n"
            "def route():\n    return handoff('C', reason='it is hers', result={'ticket': 7})\n"
        ),
        handoffs="handoffs:\n  - {from_agent: A, to_agent: B}\n",
    )
    chat_id = bench.start()
    bench.run(chat_id)
    assert speakers(bench, chat_id) == ["A", "C"]
    (result,) = (event.data for event in bench.log(chat_id) if event.type == "chat.tool_response")
    assert result["content"] == {"ticket": 7}


def test_a_tool_cannot_hand_over_to_nobody(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "route", "arguments": {}}},
        {"say": "on my own then"},
        tools="tools:\n  - {name: route, file: tools/code.py, function: route, description: Routes.}\n",
        code="from mozaiks.authoring import handoff\n\ndef route():\n    return handoff('Nobody')\n",
    )
    bench.run(chat_id)
    assert bench.said(chat_id)[-1] == ("Host", "on my own then")


def test_auto_asks_a_model_that_can_only_name_an_agent(bench: Bench) -> None:
    bench.workflow(
        {
            "Ada": [{"say": "Numbers."}],
            "Bob": [{"say": "Words."}],
            "SpeakerSelector": [{"output": "next_speaker", "json": {"agent": "Bob"}}],
        },
        agents_of=["Ada", "Bob"],
        pattern="Auto",
        max_turns=2,
    )
    chat_id = bench.start()
    bench.run(chat_id)
    assert speakers(bench, chat_id) == ["Ada", "Bob"]
    asked = next(request for request in bench.demo.requests if request.agent == "SpeakerSelector")
    schema = asked.body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["agent"]["enum"] == ["Bob"]
    usage = sum(event.data["total_tokens"] for event in bench.log(chat_id) if event.type == "chat.usage_delta")
    assert usage == bench.chat(chat_id).usage["total_tokens"]


def test_random_draws_the_same_for_the_same_chat_and_turn() -> None:
    from mozaiks.engine.routing import after_turn
    from mozaiks.manifests.spec import AgentSpec, WorkflowSpec

    agents = tuple(AgentSpec(name=name) for name in "ABCDE")
    spec = WorkflowSpec(name="W", version="v", initial_agent="A", agents=agents, pattern="Random")

    def draw(seed: int) -> list[str | None]:
        return [
            after_turn(spec, "A", transfer_to=None, context={}, turns=turn, seed=seed).next_speaker for turn in range(9)
        ]

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)
    assert set(draw(1)) <= set("ABCDE")


def test_agents_among_themselves_turn_to_the_user_after_their_replies(bench: Bench) -> None:
    bench.workflow(
        {"A": [{"say": "ping"}], "B": [{"say": "pong"}]},
        handoffs="handoffs:\n  - {from_agent: A, to_agent: B}\n  - {from_agent: B, to_agent: A}\n",
        termination_conditions={"max_consecutive_auto_replies": 3},
    )
    chat_id = bench.start()
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert speakers(bench, chat_id) == ["A", "B", "A"]
    assert bench.errors(chat_id) == [("warning", "MAX_AUTO_REPLIES")]


def test_words_of_an_agent_end_the_run(bench: Bench) -> None:
    bench.workflow(
        {"Writer": [{"say": "Draft."}], "Critic": [{"step": 0, "say": "Again."}, {"say": "APPROVED"}]},
        pattern="RoundRobin",
        human_in_the_loop=False,
        startup_mode="AgentDriven",
        initial_message="write",
        termination_conditions={"text": {"contains": "APPROVED"}},
    )
    chat_id = bench.start()
    bench.parts.service.begin(bench.ann, chat_id)
    assert bench.run(chat_id)["outcome"] == "completed"
    assert speakers(bench, chat_id) == ["Writer", "Critic", "Writer", "Critic"]
    assert bench.log(chat_id)[-1].data["result"] == "text"


# --- variables ------------------------------------------------------------------------------------------------------


def test_a_tool_s_variable_is_coerced_told_to_clients_and_shown_in_the_prompt(bench: Bench) -> None:
    bench.workflow(
        {
            "A": [{"after": "user", "call": {"tool": "count", "arguments": {}}}, {"after": "tool", "say": "counted"}],
            "B": [{"say": "seen"}],
        },
        tools="tools:\n  - {name: count, file: tools/code.py, function: count, agent: A, description: Counts.}\n",
        code="def count(context_variables):\n    context_variables['visits'] = '3'\n    return 'ok'\n",
        context=("variables:\n  visits: {type: int, default: 0, client_visible: true}\nagents:\n  B: [visits]\n"),
        handoffs="handoffs:\n  - {from_agent: A, to_agent: B, condition: '${visits} >= 3'}\n",
    )
    chat_id = bench.start()
    bench.run(chat_id)
    assert speakers(bench, chat_id) == ["A", "B"]
    updates = [event.data for event in bench.log(chat_id) if event.type == "context_update"]
    assert updates == [{"variable": "visits", "value": 3}]
    assert '"visits": 3' in bench.told("B")[0]["content"]
    assert bench.chat(chat_id).state["context"]["chat_id"] == chat_id


def test_a_hidden_trigger_text_sets_its_variable_and_is_never_shown(bench: Bench) -> None:
    bench.workflow(
        {
            "Interviewer": [{"step": 0, "say": "Your name?"}, {"say": "NEXT"}],
            "Summary": [{"say": "Thank you."}],
        },
        context=(
            "variables:\n"
            "  done:\n"
            "    type: bool\n"
            "    default: false\n"
            "    triggers: [{type: agent_text, agent: Interviewer, match: {equals: NEXT}, ui_hidden: true}]\n"
        ),
        handoffs="handoffs:\n  - {from_agent: Interviewer, to_agent: Summary, condition: done}\n",
    )
    chat_id = bench.start()
    bench.run(chat_id)
    bench.say(chat_id, "Ann")
    bench.run(chat_id)
    assert bench.said(chat_id)[-2:] == [("Interviewer", "NEXT"), ("Summary", "Thank you.")]
    shown = json.dumps(bench.parts.service.history(bench.ann, chat_id, 0, 100))
    assert "NEXT" not in shown
    assert "Thank you." in shown


# --- structured outputs ---------------------------------------------------------------------------------------------

PLAN = "models:\n  Plan: {fields: {title: {type: str}, steps: {type: int}}}\nregistry: {Host: Plan}\n"


def test_a_structured_output_is_asked_for_checked_and_announced(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"json": {"title": "Move", "steps": 2}}, outputs=PLAN)
    assert bench.run(chat_id)["outcome"] == "waiting"
    (ready,) = (event.data for event in bench.log(chat_id) if event.type == "chat.structured_output_ready")
    assert (ready["model_name"], ready["structured_data"]) == ("Plan", {"title": "Move", "steps": 2})
    text = next(
        event.data for event in bench.log(chat_id) if event.data.get("agent") == "Host" and "content" in event.data
    )
    assert text["structured_output"] == {"title": "Move", "steps": 2}


def test_an_output_that_does_not_fit_is_asked_for_once_more(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"step": 0, "say": "Sure, a plan!"}, {"json": {"title": "Move", "steps": 2}}, outputs=PLAN)
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert [agent for agent, _ in bench.said(chat_id)] == [None, "Host"]
    assert "does not fit Plan" in bench.told("Host")[-1]["content"]


def test_an_output_that_does_not_fit_twice_fails_the_chat(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Sure, a plan!"}, outputs=PLAN)
    assert bench.run(chat_id)["outcome"] == "failed"
    assert bench.errors(chat_id) == [("error", "SCHEMA_VALIDATION_FAILED")]


AUTO = {
    "outputs": PLAN,
    "agent_fields": {"Host": {"auto_tool_mode": True}},
    "tools": (
        "tools:\n  - {name: save, file: tools/code.py, function: save, agent: Host, description: Saves.,"
        " auto_execute: true}\n"
    ),
    "code": (
        "saved = []\n\n"
        "def save(title: str, steps: int, turn_idempotency_key: str, context_variables):\n"
        "    saved.append(turn_idempotency_key)\n"
        "    context_variables['times'] = saved.count(turn_idempotency_key)\n"
        "    return {'saved': title, 'key': turn_idempotency_key}\n"
    ),
}


def test_auto_tool_mode_passes_the_output_to_the_tool_without_asking_the_model_again(
    bench: Bench, one_agent: OneAgent
) -> None:
    chat_id = one_agent({"json": {"title": "Move", "steps": 2}}, **AUTO)
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert len(bench.demo.requests) == 1
    (ready,) = (event.data for event in bench.log(chat_id) if event.type == "chat.structured_output_ready")
    (result,) = (event.data for event in bench.log(chat_id) if event.type == "chat.tool_response")
    assert ready["auto_tool_mode"] is True
    assert result["content"] == {"saved": "Move", "key": ready["turn_idempotency_key"]}


@pytest.mark.parametrize("write", [2, 3])
def test_an_auto_tool_runs_once_though_the_worker_dies_between_output_and_end(
    bench: Bench, one_agent: OneAgent, write: int
) -> None:
    chat_id = one_agent({"json": {"title": "Move", "steps": 2}}, **AUTO)
    bench.die_at_write(write)
    with pytest.raises(MozaiksError):
        bench.slice(chat_id)
    bench.revive(chat_id)
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.chat(chat_id).state["context"]["times"] == 1
    types = bench.types(chat_id)
    assert types.count("structured_output_ready") == types.count("tool_response") == 1


# --- hooks ----------------------------------------------------------------------------------------------------------

HOOKS = "hooks:\n  on_workflow_start: notes.start\n  on_agent_handoff: notes.handoff\n"


def test_hooks_see_the_run_and_set_variables(bench: Bench) -> None:
    bench.workflow(
        {"A": [{"say": "a"}], "B": [{"say": "b"}]},
        handoffs="handoffs:\n  - {from_agent: A, to_agent: B}\n",
        hooks=HOOKS,
        hook_code=(
            "async def start(context):\n    context['began'] = True\n\n"
            "def handoff(context, from_agent, to_agent):\n    context['passed'] = f'{from_agent}>{to_agent}'\n"
        ),
        hook_file="notes",
    )
    chat_id = bench.start()
    bench.run(chat_id)
    context = bench.chat(chat_id).state["context"]
    assert (context["began"], context["passed"]) == (True, "A>B")


def test_a_failing_hook_is_reported_and_the_run_goes_on(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"say": "Hi"},
        hooks="hooks:\n  on_workflow_start: notes.start\n",
        hook_code="def start(context):\n    raise RuntimeError('no')\n",
        hook_file="notes",
    )
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.errors(chat_id) == [("warning", "HOOK_FAILED")]


def test_a_hook_can_abort_the_run(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"say": "never"},
        hooks="hooks:\n  on_workflow_start: notes.start\n",
        hook_code=(
            "from mozaiks.authoring import AbortRun\n\n"
            "def start(context):\n    raise AbortRun('There is no credit left.')\n"
        ),
        hook_file="notes",
    )
    assert bench.run(chat_id)["outcome"] == "failed"
    (error,) = (event.data for event in bench.log(chat_id) if event.type == "chat.error")
    assert (error["code"], error["message"]) == ("RUN_ABORTED", "There is no credit left.")
    assert bench.chat(chat_id).status is ChatStatus.FAILED


def test_message_hooks_change_what_users_read_and_agents_are_told(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"say": "You said: {user}"},
        hooks=(
            "hooks:\n"
            "  - {hook_type: process_last_received_message, filename: notes.py, function: heard}\n"
            "  - {hook_type: process_message_before_send, filename: notes.py, function: sent}\n"
            "  - {hook_type: update_agent_state, filename: notes.py, function: state}\n"
        ),
        hook_code=(
            "def heard(text):\n    return text.upper()\n\n"
            "def sent(text):\n    return text + ' (checked)'\n\n"
            "def state(system_message):\n    return system_message + ' Be brief.'\n"
        ),
        hook_file="notes",
    )
    bench.run(chat_id)
    assert bench.said(chat_id)[-1] == ("Host", "You said: HELLO (checked)")
    assert bench.told("Host")[0]["content"] == "You are Host. Be brief."


def test_lifecycle_tools_run_around_the_chat_and_the_agent(bench: Bench) -> None:
    bench.workflow(
        {"Host": [{"say": "Hi"}]},
        human_in_the_loop=False,
        startup_mode="AgentDriven",
        tools=(
            "lifecycle_tools:\n"
            "  - {trigger: before_chat, file: tools/code.py, function: first}\n"
            "  - {trigger: before_agent, agent: Host, file: tools/code.py, function: before}\n"
            "  - {trigger: after_agent, agent: Host, file: tools/code.py, function: after}\n"
            "  - {trigger: after_chat, file: tools/code.py, function: last}\n"
        ),
        code="\n".join(
            f"def {name}(context_variables):\n"
            f"    context_variables['steps'] = [*context_variables.get('steps', []), '{name}']\n"
            for name in ("first", "before", "after", "last")
        ),
    )
    chat_id = bench.start()
    bench.parts.service.begin(bench.ann, chat_id)
    assert bench.run(chat_id)["outcome"] == "completed"
    assert bench.chat(chat_id).state["context"]["steps"] == ["first", "before", "after", "last"]


# --- models ---------------------------------------------------------------------------------------------------------


def test_a_model_that_fails_gives_way_to_the_agent_s_next_one(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"say": "From the second."},
        agent_fields={"Host": {"llm_config": {"model": "first", "fallback": [{"model": "second"}]}}},
    )
    bench.demo.faults.add(Fault("server_error"))
    assert bench.slice(chat_id)["outcome"] == "continue"
    assert bench.errors(chat_id) == [("warning", "MODEL_UNAVAILABLE")]
    assert bench.slice(chat_id)["outcome"] == "waiting"
    assert [request.body["model"] for request in bench.demo.requests] == ["first", "second"]
    bench.say(chat_id, "again")
    bench.run(chat_id)
    assert bench.demo.requests[-1].body["model"] == "first"


def test_what_goes_to_the_model_is_what_the_sdk_itself_would_send(
    bench: Bench, one_agent: OneAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def conversation() -> list[Any]:
        bench.demo.requests.clear()
        chat_id = one_agent(
            {"after": "user", "call": {"tool": "look", "arguments": {"key": "ü"}}},
            {"after": "tool", "say": "Seen: {tool.key}"},
            tools="tools:\n  - {name: look, file: tools/code.py, function: look, agent: Host, description: Looks.}\n",
            code="def look(key: str):\n    return {'key': key}\n",
        )
        bench.run(chat_id)
        bench.say(chat_id, "again")
        bench.run(chat_id)
        return [request.body for request in bench.demo.requests]

    lean = conversation()
    monkeypatch.setattr("mozaiks.engine.model_client.LeanOpenAIConfig", OpenAIConfig)
    assert conversation() == lean
    assert len(lean) == 4
