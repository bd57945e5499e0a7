"""Manifests in the shapes that older descriptions of the language show, typed into a folder and played to the end."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from mozaiks_local.client import ChatClient, Event

from .conftest import House, texts, turn

Files = Mapping[str, Any]


def put(house: House, name: str, files: Files, script: Mapping[str, Any]) -> None:
    """Type a workflow into the folder: path → text, or data to write as JSON. ``script``: what its agents say."""
    for path, content in files.items():
        file = house.workflows / name / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content, indent=2), encoding="utf-8")
    house.demo.scripts.set(name, {"agents": dict(script)})


def calls(events: list[Event]) -> list[dict[str, Any]]:
    return [each.data for each in events if each.type == "chat.tool_call"]


def results(events: list[Event]) -> list[Any]:
    return [each.data["content"] for each in events if each.type == "chat.tool_response"]


# --- one map of agents, tools and orchestration ---------------------------------------------------------------------


@pytest.mark.parametrize("file", ["orchestrator.json", "workflow.json", "agents.json", "tools.json"])
def test_one_file_with_agents_tools_and_orchestration(house: House, play: Any, file: str) -> None:
    name = "IntakeOf" + file.removesuffix(".json").capitalize()
    whole = {
        "agents": {"InterviewAgent": {"system_message": "You take customers in.", "auto_tool_mode": False}},
        "tools": {"action_plan": {"type": "UI_Tool", "description": "Show the plan to the customer"}},
        "orchestration": {"pattern": "Default", "max_turns": 50, "visual_agents": ["InterviewAgent"]},
    }
    script = [
        {"after": "user", "call": {"tool": "action_plan", "arguments": {"steps": ["measure", "build"]}}},
        {"after": "tool", "say": "Agreed on {tool.kept} steps."},
    ]
    put(house, name, {file: whole}, {"InterviewAgent": script})

    async def scenario() -> None:
        started = await house.start(name, initial_message="I need a shelf")
        async with ChatClient(started.websocket_url) as chat:
            (asked,) = calls(shown := await turn(chat))
            assert (asked["component_type"], asked["payload"]) == ("action_plan", {"steps": ["measure", "build"]})
            assert shown[-1].data["status"] == "waiting"
            await chat.answer(asked_id(shown), {"kept": 2})
            end = await turn(chat)
        assert texts(end) == [("InterviewAgent", "Agreed on 2 steps.")]
        assert end[-1].data["status"] == "completed"

    play(scenario())


def asked_id(events: list[Event]) -> str:
    (asked,) = [each for each in events if each.type == "chat.tool_call" and each.data["awaiting_response"]]
    assert asked.event_id is not None
    return asked.event_id


# --- a first workflow, file by file ---------------------------------------------------------------------------------


def test_the_first_workflow_of_a_quick_start(house: House, play: Any) -> None:
    files = {
        "agents.json": {
            "agents": {
                "HelperAgent": {
                    "system_message": "You help.",
                    "max_consecutive_auto_reply": 20,
                    "auto_tool_mode": False,
                    "structured_outputs_required": False,
                }
            }
        },
        "tools.json": {
            "tools": {
                "my_ui_tool": {
                    "type": "UI_Tool",
                    "description": "Shows a chart",
                    "auto_execute": True,
                    "category": "visualization",
                },
                "my_backend_tool": {"type": "Agent_Tool", "description": "Works behind", "auto_execute": False},
            }
        },
        "orchestrator.json": {
            "startup_mode": "Default",
            "max_turns": 50,
            "visual_agents": ["HelperAgent"],
            "termination_conditions": {"max_consecutive_auto_replies": 3},
        },
        "tools/my_tool.py": (
            "async def execute(chat_id: str, user_id: str, app_id: str, **kwargs):\n"
            '    return {"status": "success", "data": {"of": f"{app_id}/{user_id}", "given": kwargs}}\n'
        ),
    }
    script = [
        {"after": "user", "user_matches": "chart", "call": {"tool": "my_ui_tool", "arguments": {"kind": "bars"}}},
        {"after": "user", "call": {"tool": "my_backend_tool"}},
        {"tool": "my_backend_tool", "say": "It is a {tool.status} for {tool.data.of}."},
        {"tool": "my_ui_tool", "say": "You chose {tool.choice}."},
    ]
    put(house, "QuickStart", files, {"HelperAgent": script})

    async def scenario() -> None:
        started = await house.start("QuickStart")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.resume_boundary", within=20)
            first = await turn(chat, "Do the work")
            assert texts(first)[-1] == ("HelperAgent", "It is a success for acme/ann.")
            assert first[-1].data["status"] == "waiting"
            second = await turn(chat, "Now the chart")
            assert calls(second)[0]["payload"] == {"kind": "bars"}
            await chat.answer(asked_id(second), {"choice": "blue"})
            assert texts(await turn(chat))[-1] == ("HelperAgent", "You chose blue.")

    play(scenario())


# --- three YAML files -----------------------------------------------------------------------------------------------


def test_support_with_escalation_in_three_files(house: House, play: Any) -> None:
    files = {
        "orchestrator.yaml": (
            "workflow_name: SupportOfThree\ndescription: Support that escalates\n"
            "orchestration_strategy: handoff_based\nmax_turns: 20\n"
        ),
        "agents.yaml": (
            "agents:\n  - name: SupportAgent\n    role: frontline_support\n"
            "    capabilities: [answer_questions, check_status]\n    llm_config:\n      model: gpt-4o-mini\n"
            "  - name: EscalationAgent\n    role: escalation\n"
        ),
        "handoffs.yaml": (
            "handoffs:\n  - from_agent: SupportAgent\n    to_agent: EscalationAgent\n"
            "    condition: user_requests_human\n"
        ),
    }
    leave = {"tool": "transfer_to_EscalationAgent", "arguments": {"reason": "A person is wanted."}}
    script = {
        "SupportAgent": [{"after": "user", "offers": leave["tool"], "call": leave}],
        "EscalationAgent": [{"say": "A colleague will call you."}],
    }
    put(house, "SupportOfThree", files, script)

    async def scenario() -> list[Event]:
        started = await house.start("SupportOfThree", initial_message="Let me talk to a person")
        async with ChatClient(started.websocket_url) as chat:
            return await turn(chat)

    run = play(scenario())
    speakers = [each.data["agent"] for each in run if each.type == "chat.select_speaker"]
    assert speakers == ["SupportAgent", "EscalationAgent"]
    assert run[-1].data["status"] == "completed"
    asked = [each for each in house.demo.requests if each.workflow == "SupportOfThree"]
    assert asked[0].body["model"] == "gpt-4o-mini"
    (offered,) = asked[0].body["tools"]
    assert "user_requests_human" in offered["function"]["description"]


# --- a tool by its module, a hook by its dotted name, the platform's API --------------------------------------------


def test_a_tool_by_module_a_hook_by_name_and_the_shared_client(house: House, play: Any) -> None:
    files = {
        "orchestrator.yaml": "human_in_the_loop: true\nstartup_mode: UserDriven\n",
        "agents.yaml": "agents:\n  - name: Worker\n    system_message: You work.\n",
        "tools.yaml": (
            "tools:\n  - name: your_tool\n    module: tools.your_module\n    description: Repeats a word\n"
            "  - name: my_tool\n    module: tools.platform\n    description: Asks the platform\n"
        ),
        "tools/your_module.py": 'def your_tool(param: str) -> str:\n    """Repeats."""\n    return param * 2\n',
        "tools/platform.py": (
            "from workflows._shared.backend_client import BackendClient\n\n\n"
            "async def my_tool(app_id: str, user_id: str):\n"
            '    """Asks the platform."""\n'
            "    client = BackendClient(app_id, user_id)\n"
            '    return await client.call_platform_api("endpoint", {"a": 1})\n'
        ),
        "hooks.yaml": "hooks:\n  on_workflow_start: hooks.startup.on_workflow_start\n",
        "context_variables.yaml": "variables: {began: {type: str, client_visible: true}}\n",
        "hooks/startup.py": 'async def on_workflow_start(context):\n    context["began"] = context["user_id"]\n',
    }
    script = [
        {"after": "user", "user_matches": "platform", "call": {"tool": "my_tool"}},
        {"after": "user", "call": {"tool": "your_tool", "arguments": {"param": "ha"}}},
        {"tool": "your_tool", "say": "It says {tool}."},
        {"tool": "my_tool", "say": "The platform is not there."},
    ]
    put(house, "ByModule", files, {"Worker": script})

    async def scenario() -> None:
        started = await house.start("ByModule")
        async with ChatClient(started.websocket_url) as chat:
            await chat.read_until("chat.resume_boundary", within=20)
            first = await turn(chat, "Go")
            assert results(first) == ["haha"]
            assert [each.data["value"] for each in first if each.type == "context_update"] == ["ann"]
            assert first[-1].data["status"] == "waiting"
            second = await turn(chat, "Ask the platform")
            # Nobody configured one here: the tool fails in words that say so, and the chat goes on.
            assert "PLATFORM_API_URL" in results(second)[0]
            assert second[-1].data["status"] == "waiting"

    play(scenario())


# --- a workflow.json with prompt files ------------------------------------------------------------------------------


def test_a_generator_that_a_model_directs(house: House, play: Any) -> None:
    files = {
        "workflow.json": {
            "name": "OldGenerator",
            "description": "Makes content",
            "orchestration_pattern": "Auto",
            "max_turns": 4,
            "visual_agents": ["Generator", "Reviewer"],
            "entry_agent": "Orchestrator",
        },
        "agents.json": {
            "agents": [
                {
                    "name": "Orchestrator",
                    "type": "orchestrator",
                    "llm_config": {"model": "gpt-4o", "temperature": 0.7},
                    "system_message_file": "prompts/orchestrator.md",
                },
                {
                    "name": "Generator",
                    "type": "assistant",
                    "tools": ["web_search", "generate_content"],
                    "system_message_file": "prompts/generator.md",
                },
            ]
        },
        "tools.json": {"tools": {"web_search": {}, "generate_content": {}}},
        "context_variables.json": {"variables": {"topic": {"type": "str"}}},
        "tools/web_search.py": "def execute(query: str) -> str:\n    return f'all about {query}'\n",
        "tools/generate_content.py": "def generate_content(topic: str) -> str:\n    return f'A page about {topic}.'\n",
        "prompts/orchestrator.md": "You lead.",
        "prompts/generator.md": "You write.",
    }
    search = {"tool": "web_search", "arguments": {"query": "lakes"}}
    write = {"tool": "generate_content", "arguments": {"topic": "lakes"}}
    script = {
        "SpeakerSelector": [{"json": {"agent": "Generator"}, "min_step": 0}],
        "Orchestrator": [{"say": "Let us begin."}],
        "Generator": [
            {"after": "user", "step": 0, "call": [search, write]},
            {"after": "tool", "say": "{result.generate_content}"},
            {"after": "user", "say": "There is no more."},
        ],
    }
    put(house, "OldGenerator", files, script)

    async def scenario() -> tuple[str, list[Event]]:
        started = await house.start("OldGenerator", initial_message="Write about lakes")
        async with ChatClient(started.websocket_url) as chat:
            return started.chat_id, await chat.read_until("chat.run_complete", within=30)

    chat_id, run = play(scenario())
    assert [each.data["agent"] for each in run if each.type == "chat.select_speaker"][:2] == [None, "Generator"]
    assert results(run)[:2] == ["all about lakes", "A page about lakes."]
    assert ("Generator", "A page about lakes.") in texts(run)
    assert "Let us begin." not in str(run), "the Orchestrator is not one of the visual agents"
    first = next(each for each in house.demo.requests if each.chat == chat_id and each.agent == "Orchestrator")
    assert (first.body["model"], first.body["temperature"]) == ("gpt-4o", 0.7)
    assert first.body["messages"][0]["content"] == "You lead."


# --- children -------------------------------------------------------------------------------------------------------


def test_an_agent_that_splits_its_work_and_goes_on_itself(house: House, play: Any) -> None:
    for child in ("OldDocs", "OldApp"):
        put(
            house,
            child,
            {
                "orchestrator.json": {"startup_mode": "BackendOnly"},
                "agents.json": {"agents": {f"{child}Agent": {"system_message": "You write."}}},
            },
            {f"{child}Agent": [{"say": f"{child} heard: {{user}}"}]},
        )
    plan = {
        "is_multi_workflow": True,
        "resume_agent": "PatternAgent",
        "workflows": [
            {"name": "OldDocs", "initial_agent": "OldDocsAgent", "initial_message": "Write the pages."},
            {"name": "OldApp", "initial_message": "Write the code."},
        ],
    }
    files = {
        "orchestrator.json": {"max_turns": 10},
        "agents.json": {"agents": {"PatternAgent": {"system_message": "You split work."}}},
        "structured_outputs.json": {
            "models": {"Plan": {"fields": {"PatternSelection": {"type": "dict"}}}},
            "registry": {"PatternAgent": "Plan"},
        },
        "_pack/workflow_graph.json": {
            "pack_name": "OldNested",
            "version": 1,
            "nested_chats": [{"trigger_agent": "PatternAgent", "resume_agent": "PatternAgent"}],
        },
    }
    script = [
        {"step": 0, "json": {"PatternSelection": plan}},
        {"min_step": 1, "json": {"PatternSelection": {"is_multi_workflow": False}}},
    ]
    put(house, "OldSplitter", files, {"PatternAgent": script})

    async def scenario() -> tuple[str, list[Event]]:
        started = await house.start("OldSplitter", initial_message="Build me an app")
        async with ChatClient(started.websocket_url) as chat:
            events = await turn(chat)
            while events[-1].data["status"] != "completed":
                events += await turn(chat)
            return started.chat_id, events

    _, events = play(scenario())
    (batch,) = [each.data for each in events if each.type == "chat.workflow_batch_started"]
    started = {each["workflow_name"]: each["chat_id"] for each in batch["children"]}
    assert {name: house.said(chat)[-1][1] for name, chat in started.items()} == {
        "OldDocs": "OldDocs heard: Write the pages.",
        "OldApp": "OldApp heard: Write the code.",
    }
