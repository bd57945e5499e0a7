"""Chats to be disturbed, as data: a workflow, what its model says, and what the user says.

Each line of the user begins a run. A play is told the same way however often it is disturbed: nothing in it depends on
time, chance or the number of attempts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

__all__ = ["PLAYS", "Play", "write_workflow"]

_EFFECTS: Final = """
import json
import os
import uuid
from pathlib import Path

# Beside the folder of workflows; the code is the same wherever that is, and so is the workflow's version.
EFFECTS = Path(__file__).parents[3] / "effects.jsonl"


def happened(key, tool):
    '''What a tool does to the world outside, once for every time it runs.'''
    nonce = uuid.uuid4().hex
    line = json.dumps({"key": key, "tool": tool, "nonce": nonce}) + "\\n"
    file = os.open(EFFECTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, line.encode())
    finally:
        os.close(file)
    return nonce

"""


@dataclass(frozen=True)
class Play:
    """One chat of the workflow ``name``.

    ``agents`` are the model's scripts, in the form of the demo model; ``sections`` the manifest files as data;
    ``code`` is ``tools/code.py``, where ``happened(key, tool)`` records an effect and returns its number; ``settings``
    are those of the worker. ``replies`` are what people answer to the tools that ask them, an approval with a truth
    value. ``children`` are plays of the workflows that this one spawns.
    """

    name: str
    agents: dict[str, list[dict[str, Any]]]
    lines: tuple[str, ...] = ("hello",)
    code: str = ""
    sections: dict[str, Any] = field(default_factory=dict)
    agent_fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    orchestrator: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    replies: dict[str, Any] = field(default_factory=dict)
    nested: dict[str, Any] = field(default_factory=dict)
    children: tuple[Play, ...] = ()


def _tool(name: str, agent: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "file": "tools/code.py", "function": name, "agent": agent, "description": f"Does {name}.", **more
    }  # fmt: skip


def _call(*tools: str, **when: Any) -> dict[str, Any]:
    return {**when, "call": [{"tool": tool, "arguments": {}} for tool in tools]}


_ACT: Final = """
async def {name}(turn_idempotency_key, context_variables):
    context_variables["{name}"] = True
    return {{"nonce": happened(turn_idempotency_key, "{name}")}}
"""


def _acts(*names: str) -> str:
    return "\n".join(_ACT.format(name=name) for name in names)


DESK: Final = Play(
    name="Desk",
    # Host notes and hands over by the model's choice; Clerk files and answers; the second line goes back to Clerk.
    agents={
        "Host": [
            _call("note", step=0),
            _call("transfer_to_Clerk", tool="note", step=1),
            {"say": "I am done."},
        ],
        "Clerk": [
            _call("file", step=0),
            {"step": 1, "say": "Filed as you asked."},
            _call("file", user_matches="again", after="user"),
            {"say": "Filed once more."},
        ],
    },
    lines=("hello", "again please"),
    code=_acts("note", "file"),
    sections={
        "tools": {"tools": [_tool("note", "Host"), _tool("file", "Clerk")]},
        "handoffs": {
            "handoffs": [
                {"from_agent": "Host", "to_agent": "Clerk", "condition": "When there is something to file."},
            ]
        },
    },
)

FORM: Final = Play(
    name="Form",
    # A structured output goes to its tool without the model; an expression hands over; the chat completes.
    agents={
        "Planner": [{"json": {"title": "Move", "steps": 2}}],
        "Writer": [{"say": "Two steps it is."}],
    },
    code=(
        "async def save(title: str, steps: int, turn_idempotency_key, context_variables):\n"
        "    context_variables['saved'] = True\n"
        "    return {'nonce': happened(turn_idempotency_key, 'save'), 'title': title}\n"
    ),
    sections={
        "tools": {"tools": [_tool("save", "Planner", auto_execute=True)]},
        "structured_outputs": {
            "models": {"Plan": {"fields": {"title": {"type": "str"}, "steps": {"type": "int"}}}},
            "registry": {"Planner": "Plan"},
        },
        "context_variables": {
            "variables": {"saved": {"type": "bool", "default": False, "client_visible": True}},
            "agents": {"Writer": ["saved"]},
        },
        "handoffs": {
            "handoffs": [
                {"from_agent": "Planner", "to_agent": "Writer", "condition": "${saved} == true"},
                {"from_agent": "Writer", "to_agent": "terminate"},
            ]
        },
    },
    agent_fields={"Planner": {"auto_tool_mode": True}},
)

BATCH: Final = Play(
    name="Batch",
    # Three calls at once, one of which fails; then one whose result names the next speaker beside one that does not.
    agents={
        "Host": [_call("left", "right", "broken", step=0), _call("aside", "route", step=1), {"say": "Never said."}],
        "Other": [{"say": "Taken over."}],
    },
    lines=("go",),
    code=(
        "import asyncio\nfrom mozaiks.authoring import handoff\n"
        + _acts("left", "aside")
        + "\ndef right(turn_idempotency_key):\n    return {'nonce': happened(turn_idempotency_key, 'right')}\n"
        + "\nasync def broken(turn_idempotency_key):\n    happened(turn_idempotency_key, 'broken')\n"
        + "    await asyncio.sleep(0.01)\n    raise ValueError('it never works')\n"
        + "\nasync def route(turn_idempotency_key):\n"
        + "    return handoff('Other', result={'nonce': happened(turn_idempotency_key, 'route')})\n"
    ),
    sections={
        "tools": {"tools": [_tool(name, "Host") for name in ("left", "right", "broken", "aside", "route")]},
    },
)

PIECES: Final = Play(
    name="Pieces",
    # Each slice may call the model once: a turn goes through several workers, and another agent ends the run.
    agents={
        "Host": [_call("note", step=0), _call("note", step=1), {"step": 2, "say": "Noted twice."}, {"say": "Yes."}],
        "Second": [{"say": "Agreed."}],
    },
    lines=("go", "and now"),
    code=_acts("note"),
    sections={
        "tools": {"tools": [_tool("note", "Host")]},
        "handoffs": {"handoffs": [{"from_agent": "Host", "to_agent": "Second"}]},
    },
    settings={"slice_max_model_calls": 1},
)

PANEL: Final = Play(
    name="Panel",
    # Auto: a model call of its own picks the next speaker.
    agents={
        "Ada": [{"say": "Numbers."}],
        "Bob": [{"say": "Words."}],
        "SpeakerSelector": [
            {"conversation_matches": "Words", "json": {"agent": "Ada"}},
            {"json": {"agent": "Bob"}},
        ],
    },
    orchestrator={"pattern": "Auto", "max_turns": 3},
)

PEOPLE: Final = Play(
    name="People",
    # A batch that asks a person three things beside a tool that asks nothing; then a call that is not allowed.
    agents={
        "Host": [
            _call("note", "pick", "wire", "choose", step=0),
            {"step": 1, "say": "All settled."},
            _call("wire", "refund", step=2),
            {"say": "Then not."},
        ],
    },
    lines=("go", "once more"),
    code=(
        "from mozaiks.authoring import ask_user\n"
        + _acts("note", "wire", "refund")
        + "\ndef choose(turn_idempotency_key):\n    happened(turn_idempotency_key, 'choose')\n"
        + "    return ask_user('Which?')\n"
    ),
    sections={
        "tools": {
            "tools": [
                _tool("note", "Host"),
                {
                    "name": "pick",
                    "tool_type": "UI_Tool",
                    "agent": "Host",
                    "description": "Lets the user pick.",
                    "ui": {"component": "Picker", "mode": "inline"},
                },
                _tool("wire", "Host", requires_approval=True),
                _tool("choose", "Host"),
                _tool("refund", "Host", requires_approval=True),
            ]
        }
    },
    replies={"pick": {"date": "2026-12-24"}, "wire": True, "choose": "the red one", "refund": False},
)

_ALONE: Final = {"startup_mode": "BackendOnly", "human_in_the_loop": False}

FAMILY: Final = Play(
    name="Family",
    # A structured output asks for two children, one of which acts on the world; then another agent goes on.
    agents={
        "Planner": [
            {
                "json": {
                    "PatternSelection": {
                        "is_multi_workflow": True,
                        "workflows": [{"name": "Elder"}, {"name": "Younger"}],
                    }
                }
            }
        ],
        "Merger": [{"say": "Both are done."}],
    },
    sections={
        "structured_outputs": {
            "models": {
                "Part": {"fields": {"name": {"type": "str"}}},
                "Selection": {
                    "fields": {"is_multi_workflow": {"type": "bool"}, "workflows": {"type": "list[Part]"}},
                },
                "Plan": {"fields": {"PatternSelection": {"type": "Selection"}}},
            },
            "registry": {"Planner": "Plan"},
        },
        "handoffs": {"handoffs": [{"from_agent": "Merger", "to_agent": "terminate"}]},
    },
    nested={"trigger_agent": "Planner", "resume_agent": "Merger"},
    children=(
        Play(
            name="Elder",
            agents={"Worker": [_call("note", step=0), {"say": "Noted."}]},
            code=_acts("note"),
            sections={"tools": {"tools": [_tool("note", "Worker")]}},
            orchestrator=_ALONE,
        ),
        Play(name="Younger", agents={"Worker": [{"say": "Here."}]}, orchestrator=_ALONE),
    ),
)

PLAYS: Final = {play.name: play for play in (DESK, FORM, BATCH, PIECES, PANEL, PEOPLE, FAMILY)}


def write_workflow(play: Play, root: Path) -> None:
    """Write the manifests of ``play`` under ``root``; its tools record what they do in ``effects.jsonl`` beside it."""
    folder = root / play.name
    (folder / "tools").mkdir(parents=True)
    orchestrator = {"human_in_the_loop": True, "startup_mode": "UserDriven", **play.orchestrator}
    agents = {
        name: {"system_message": f"You are {name}.", **play.agent_fields.get(name, {})}
        for name in play.agents
        if name != "SpeakerSelector"
    }
    sections = {"orchestrator": orchestrator, "agents": {"agents": agents}, **play.sections}
    for name, content in sections.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
    (folder / "tools" / "code.py").write_text(f"{_EFFECTS}{play.code}")
    if play.nested:
        (folder / "_pack").mkdir()
        (folder / "_pack" / "workflow_graph.json").write_text(json.dumps({"nested_chats": [play.nested]}))
    for child in play.children:
        write_workflow(child, root)
