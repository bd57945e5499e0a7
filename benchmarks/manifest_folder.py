"""Workflow folders made up for measuring: each uses every field of the manifests, in one of the two syntaxes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal

import yaml

__all__ = ["Syntax", "write_workflow", "write_workflows"]

Syntax = Literal["yaml", "json"]

_SCHEMAS: Final = "../../layers/runtime/mozaiks/manifests/schemas"
_TOOL: Final = '''"""Looks something up in archive {no}."""

from __future__ import annotations

from typing import Any, Literal


async def look_up_{no}(
    title: str,
    pages: list[int],
    order: Literal["newest", "oldest"] = "newest",
    *,
    context_variables: dict[str, Any],
    turn_idempotency_key: str,
) -> dict[str, Any]:
    """Look up pages of a title in archive {no}."""
    context_variables["looked_up"] = context_variables.get("looked_up", 0) + 1
    return {{"title": title, "pages": pages, "order": order, "key": turn_idempotency_key}}
'''
_HOOKS: Final = '''"""What happens at the moments of a chat."""

from __future__ import annotations

from typing import Any


def began(context: dict[str, Any]) -> None:
    """Note the beginning."""
    context["stage"] = "begun"


def tidy(text: str) -> str:
    """One exclamation mark is enough."""
    return text.replace("!!", "!")
'''

_ANSWERED: Final[dict[str, Any]] = {
    "awaits_response": True,
    "response_schema": {
        "type": "object",
        "properties": {"page": {"type": "integer", "minimum": 1}, "reader_key": {"type": "string"}},
        "required": ["page"],
    },
    "secrets": {"reader_key": "archive_key"},
}
_ONLY_SHOWN: Final[dict[str, Any]] = {"awaits_response": False}


def write_workflows(root: Path, number: int) -> None:
    """Make ``number`` workflows of three agents and five tools under ``root``, half in YAML, half in JSON."""
    for no in range(number):
        write_workflow(root / f"Made{no:03d}", "json" if no % 2 else "yaml", agents=3, tools=5)


def write_workflow(folder: Path, syntax: Syntax, *, agents: int, tools: int) -> None:
    """Make one workflow, named like ``folder``. Each tool has a Python file of its own; the last two are shown to
    people, and bring no code.

    Parameters
    ----------
    agents, tools
        How many; at least 2 and 4.
    """
    for name in ("tools", "hooks", "prompts", "data", "_pack"):
        (folder / name).mkdir(parents=True)
    speakers = [f"Agent{no:02d}" for no in range(agents)]
    callables = [f"look_up_{no}" for no in range(tools - 2)]
    sections: dict[str, dict[str, Any]] = {
        "orchestrator": _orchestrator(folder.name, speakers),
        "agents": {"agents": _agents(speakers, callables)},
        "handoffs": {"handoffs": _handoffs(speakers)},
        "tools": _tools(speakers, callables),
        "context_variables": _variables(speakers),
        "structured_outputs": _outputs(speakers),
        "hooks": _hooks(speakers),
        "ui_config": {"visual_agents": speakers, "theme": "dark"},
    }
    if syntax == "json":  # the other place of each
        sections["orchestrator"]["visual_agents"] = speakers
        sections["ui_config"] = {"ui_config": {"theme": "dark"}}
    for section, content in sections.items():
        schema = {} if "ui_config" in content else {"$schema": f"{_SCHEMAS}/{section}.schema.json"}
        _write(folder / f"{section}.{syntax}", {**schema, **content})
    pack = {
        "$schema": f"../{_SCHEMAS}/nested_pack.schema.json",
        "pack_name": folder.name,
        "version": 1,
        "nested_chats": [
            {
                "trigger_agent": speakers[1],
                "resume_agent": speakers[0],
                "max_children": 3,
                "timeout_seconds": 600.0,
                "on_partial_failure": "fail_all",
            }
        ],
    }
    _write(folder / "_pack" / "workflow_graph.json", pack)
    for no in range(tools - 2):
        (folder / "tools" / f"look_up_{no}.py").write_text(_TOOL.format(no=no), encoding="utf-8")
    (folder / "hooks" / "moments.py").write_text(_HOOKS, encoding="utf-8")
    (folder / "prompts" / "opening.md").write_text("You find out what a person is looking for.\n", encoding="utf-8")
    (folder / "data" / "rules.json").write_text('{"at_most": 20}\n', encoding="utf-8")


def _write(path: Path, content: dict[str, Any]) -> None:
    if path.suffix == ".json":
        text = json.dumps(content, indent=2)
    else:
        text = yaml.safe_dump(content, sort_keys=False, width=110)
    path.write_text(text, encoding="utf-8")


def _model(name: str) -> dict[str, Any]:
    return {"provider": "openai", "model": name, "temperature": 0.4, "max_tokens": 900, "timeout": 30.0}


def _orchestrator(name: str, speakers: list[str]) -> dict[str, Any]:
    return {
        "workflow_name": name,
        "description": "Finds things in archives and reports on them.",
        "pattern": "Default",
        "initial_agent": speakers[0],
        "max_turns": 40,
        "startup_mode": "UserDriven",
        "initial_message": "Somebody has opened the archive.",
        "initial_message_to_user": "What are you looking for?",
        "human_in_the_loop": True,
        "termination_conditions": {
            "max_consecutive_auto_replies": 12,
            "max_seconds": 600.0,
            "text": {"equals": "DONE"},
        },
        "llm_config": {**_model("gpt-4o"), "fallback": [_model("gpt-4o-mini")]},
    }


def _agents(speakers: list[str], callables: list[str]) -> dict[str, Any]:
    agents: dict[str, Any] = {}
    for no, name in enumerate(speakers):
        prompt: dict[str, Any] = {"system_message": f"You look after archive {no} and answer questions about it."}
        if no == 0:
            prompt = {"system_message_file": "prompts/opening.md"}
        agents[name] = {
            **prompt,
            "prompt_sections": [
                {"id": "style", "heading": "## Style", "content": "Short sentences, no adjectives."},
                {"id": "form", "heading": "## Form", "content": "One paragraph, and the page numbers at its end."},
            ],
            "description": f"Looks after archive {no}.",
            "role": "archivist",
            "capabilities": ["reads old hands", "knows the shelves"],
            "type": "staff",
            "llm_config": {**_model("gpt-4o"), "fallback": [_model("gpt-4o-mini")]},
            "tools": callables[no :: len(speakers)],
            "max_consecutive_auto_reply": 4,
            "auto_tool_mode": no == 1,
            "structured_outputs_required": no == 1,
        }
    return agents


def _handoffs(speakers: list[str]) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    for name, following in zip(speakers, [*speakers[1:], speakers[0]], strict=True):
        rules += [
            {
                "from_agent": name,
                "to_agent": following,
                "condition": "The question is about another archive.",
                "condition_type": "llm",
                "condition_scope": "after_turn",
                "handoff_type": "condition",
                "condition_description": "Only when this archive has nothing.",
            },
            {"from_agent": name, "to_agent": "terminate", "condition": "${looked_up} >= 20 or stage == 'over'"},
        ]
    first, second = speakers[:2]
    blocked = {"condition": "${looked_up} > 5", "condition_type": "expression", "condition_scope": "before_reply"}
    return [
        *rules,
        {"from_agent": second, "to_agent": first, **blocked},
        {"from_agent": first, "to_agent": "user", "condition_type": "none", "handoff_type": "after_work"},
    ]


def _tools(speakers: list[str], callables: list[str]) -> dict[str, Any]:
    called: list[dict[str, Any]] = [
        {
            "name": name,
            "module": f"tools.{name}" if no == 0 else None,
            "file": None if no == 0 else f"tools/{name}.py",
            "function": name,
            "type": "Agent_Tool",
            "description": f"Look up pages in archive {no}.",
            "auto_execute": no == 1,
            "category": "archive",
            "parameters": {
                "type": "object",
                "properties": {"title": {"type": "string", "description": "As on the spine.", "maxLength": 80}},
                "required": ["title"],
            },
            "timeout": 15.0,
            "requires_approval": no == 0,
        }
        for no, name in enumerate(callables)
    ]
    shown = [
        {
            "name": name,
            "agent": [speakers[0]],
            "type": "UI_Tool",
            "description": "Shows what was found.",
            "parameters": {"type": "object", "properties": {"title": {"type": "string"}}},
            "ui": {"component": "Finds", "mode": mode, **answered},
        }
        for name, mode, answered in (("pick_page", "modal", _ANSWERED), ("show_page", "artifact", _ONLY_SHOWN))
    ]
    lifecycle = {
        "trigger": "before_agent",
        "agent": speakers[0],
        "name": "open the archive",
        "description": "Notes that it is open.",
        "file": "hooks/moments.py",
        "function": "began",
    }
    at_start = {"trigger": "before_chat", "module": "hooks.moments", "function": "began"}
    given = [{key: value for key, value in tool.items() if value is not None} for tool in called]
    return {"tools": [*given, *shown], "lifecycle_tools": [lifecycle, at_start]}


def _variables(speakers: list[str]) -> dict[str, Any]:
    first, second = speakers[:2]
    return {
        "variables": {
            "looked_up": {"type": "int", "description": "Pages looked up.", "default": 0, "client_visible": True},
            "stage": {"type": "str", "default": "new", "client_writable": True, "source": {"type": "state"}},
            "found": {
                "type": "bool",
                "default": False,
                "triggers": [
                    {
                        "type": "agent_text",
                        "agent": second,
                        "match": {"regex": "^FOUND"},
                        "ui_hidden": True,
                        "value": True,
                    },
                    {"type": "agent_text", "agent": first, "match": {"contains": "page"}},
                ],
            },
            "page": {
                "type": "any",
                "triggers": [{"type": "ui_response", "tool": "pick_page", "response_key": "page"}],
            },
            "house": {"type": "str", "default": "City", "source": {"type": "config", "env_var": "ARCHIVE_HOUSE"}},
            "reader": {
                "type": "dict",
                "source": {
                    "type": "data_reference",
                    "collection": "readers",
                    "query_template": {"user_id": "${user_id}"},
                    "fields": ["name", "since"],
                },
            },
            "rules": {"type": "dict", "source": {"type": "file", "path": "data/rules.json", "format": "json"}},
            "many": {"type": "bool", "source": {"type": "computed", "expression": "${looked_up} > 3 and not found"}},
        },
        "agents": {name: ["looked_up", "house", "reader"] for name in speakers},
    }


def _outputs(speakers: list[str]) -> dict[str, Any]:
    return {
        "models": {
            "Report": {
                "type": "model",
                "description": "What was found.",
                "fields": {
                    "title": {"type": "str", "description": "As on the spine."},
                    "finds": {"type": "list", "items": "Find"},
                    "verdict": {"type": "enum", "values": ["much", "little", "nothing"]},
                    "amount": {"type": "union", "variants": ["int", "float"], "required": False, "default": 0},
                },
            },
            "Find": {"fields": {"page": {"type": "int"}, "remark": {"type": "optional[str]"}}},
        },
        "registry": {speakers[1]: "Report"},
        "outputs": [
            {
                "name": "Summary",
                "agent": speakers[-1],
                "when": "${looked_up} > 10",
                "schema": {
                    "type": "object",
                    "properties": {"points": {"type": "array", "items": {"type": "string"}}},
                    "required": ["points"],
                },
            }
        ],
    }


def _hooks(speakers: list[str]) -> dict[str, Any]:
    return {
        "hooks": [
            {"hook_type": "on_workflow_start", "filename": "moments.py", "function": "began"},
            {
                "hook_type": "process_message_before_send",
                "hook_agent": speakers[0],
                "filename": "moments.py",
                "function": "tidy",
            },
        ]
    }
