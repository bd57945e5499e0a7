"""Every accepted way of writing a thing loads into the same thing."""

from __future__ import annotations

from typing import Any

import pytest

from mozaiks.manifests.sections import models
from mozaiks.manifests.spec import (
    AgentSpec,
    FunctionRef,
    HandoffSpec,
    Pattern,
    Source,
    StartupMode,
    TextMatch,
    ToolKind,
    Trigger,
    UiSpec,
)

from .conftest import Workbench


@pytest.mark.parametrize("key", ["pattern", "orchestration_pattern", "orchestration_strategy"])
def test_the_pattern_has_several_keys(bench: Workbench, key: str) -> None:
    assert bench.load({"orchestrator.json": {key: "Auto"}}).pattern is Pattern.AUTO
    assert bench.load({"orchestrator.json": {"orchestration": {key: "Random"}}}).pattern is Pattern.RANDOM


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("default", Pattern.DEFAULT),
        ("DefaultPattern", Pattern.DEFAULT),
        ("AUTO", Pattern.AUTO),
        ("AutoPattern", Pattern.AUTO),
        ("round_robin", Pattern.ROUND_ROBIN),
        ("RoundRobinPattern", Pattern.ROUND_ROBIN),
        ("round-robin", Pattern.ROUND_ROBIN),
        ("random_pattern", Pattern.RANDOM),
        ("handoff_based", Pattern.DEFAULT),
    ],
)
def test_the_pattern_has_several_spellings(bench: Workbench, value: str, pattern: Pattern) -> None:
    assert bench.load({"orchestrator.json": {"pattern": value}}).pattern is pattern


def test_single_agent_is_the_default_pattern_of_one_agent(bench: Workbench) -> None:
    one = {"orchestrator.json": {"pattern": "single_agent"}, "agents.json": {"agents": {"Ada": {}}}}
    assert bench.load(one).pattern is Pattern.DEFAULT
    problem = bench.error({**one, "agents.json": {"agents": {"Ada": {}, "Bob": {}}}}, "Two")
    assert "one agent, found 2" in problem.message


@pytest.mark.parametrize("key", ["initial_agent", "primary_agent", "entry_agent"])
def test_the_first_agent_has_several_keys(bench: Workbench, key: str) -> None:
    assert bench.load({"orchestrator.json": {key: "Bob"}}).initial_agent == "Bob"


def test_without_a_word_the_first_agent_in_the_file_begins(bench: Workbench) -> None:
    assert bench.load({"agents.yaml": "agents:\n  - name: Zoe\n  - name: Ada\n"}).initial_agent == "Zoe"


@pytest.mark.parametrize(
    ("manifest", "mode"),
    [
        ({}, StartupMode.AGENT_DRIVEN),
        ({"startup_mode": "Default"}, StartupMode.USER_DRIVEN),
        ({"startup_mode": "Default", "initial_message": "Go"}, StartupMode.AGENT_DRIVEN),
        ({"startup_mode": "user_driven"}, StartupMode.USER_DRIVEN),
        ({"startup_mode": "BackendOnly"}, StartupMode.BACKEND_ONLY),
    ],
)
def test_the_startup_mode(bench: Workbench, manifest: Any, mode: StartupMode) -> None:
    assert bench.load({"orchestrator.json": manifest}).startup_mode is mode


@pytest.mark.parametrize("value", ["true", "yes", "On", '"YES"', "1", "'1'"])
def test_a_boolean_has_its_usual_spellings(bench: Workbench, value: str) -> None:
    assert bench.load({"orchestrator.yaml": f"human_in_the_loop: {value}"}).human_in_the_loop is True


def test_the_declared_spelling_of_the_name_is_kept(bench: Workbench) -> None:
    assert bench.load({"orchestrator.yaml": "name: DESK"}).name == "DESK"
    assert bench.load({"orchestrator.yaml": "{}"}, "Other").name == "Other"


@pytest.mark.parametrize("name", ["orchestrator.yaml", "orchestrator.yml", "orchestrator.json", "workflow.json"])
def test_the_orchestrator_file_has_several_names(bench: Workbench, name: str) -> None:
    assert bench.load({name: '{"max_turns": 7}'}).max_turns == 7


def test_a_byte_order_mark_is_no_content(bench: Workbench) -> None:
    spec = bench.load(
        {
            "orchestrator.json": b'\xef\xbb\xbf{"max_turns": 7}',
            "agents.yaml": b"\xef\xbb\xbfagents: {Ada: {}}",
        }
    )
    assert (spec.max_turns, spec.initial_agent) == (7, "Ada")


@pytest.mark.parametrize(
    "content",
    [
        {"agents": {"Ada": {"role": "r"}}},
        {"agents": [{"name": "Ada", "role": "r"}]},
        [{"name": "Ada", "role": "r"}],
        {"Ada": {"role": "r"}},
        {"agents": {"Ada": {"name": "Ada", "role": "r"}}},
    ],
)
def test_agents_are_a_map_or_a_list(bench: Workbench, content: Any) -> None:
    assert bench.load({"agents.json": content}).agents == (AgentSpec(name="Ada", role="r"),)


@pytest.mark.parametrize(
    "sections",
    [
        [{"id": "a", "heading": "A", "content": "one"}, {"id": "b", "heading": "B", "content": "two"}],
        {"a": {"heading": "A", "content": "one"}, "b": {"heading": "B", "content": "two"}},
        {"A": "one", "B": "two"},
    ],
)
def test_prompt_sections_are_a_list_or_a_map(bench: Workbench, sections: Any) -> None:
    spec = bench.load({"agents.json": {"agents": {"Ada": {"prompt_sections": sections}}}})
    assert spec.agents[0].system_message == "A\none\n\nB\ntwo"


def test_a_null_is_an_absent_field(bench: Workbench) -> None:
    spec = bench.load(
        {
            "agents.json": {"agents": {"Ada": {"system_message": None, "llm_config": None, "tools": None}}},
            "tools.json": {"tools": None, "lifecycle_tools": None},
            "hooks.json": None,
            "handoffs.json": {"handoffs": None},
        }
    )
    assert spec.agents == (AgentSpec(name="Ada"),)


@pytest.mark.parametrize("fallback", [["b", {"model": "c"}], [{"model": "b"}, {"model": "c"}]])
def test_a_fallback_is_a_model_or_a_name(bench: Workbench, fallback: Any) -> None:
    spec = bench.load({"orchestrator.json": {"llm_config": {"model": "a", "fallback": fallback}}})
    assert [choice.model for choice in spec.agents[0].llm.fallback] == ["b", "c"]


@pytest.mark.parametrize(
    ("workflow", "agent", "expected"),
    [
        ({"provider": "openai", "model": "a"}, {"provider": "OpenAI"}, ("openai", "a")),
        ({"model": "a"}, {"provider": "openai"}, ("openai", "a")),
        ({"provider": "bedrock", "model": "a"}, {"provider": "openai"}, ("openai", None)),
        ({"provider": "bedrock", "model": "a"}, {"provider": "openai", "model": "b"}, ("openai", "b")),
        ({"provider": "bedrock", "model": "a"}, {"temperature": 1}, ("bedrock", "a")),
    ],
)
def test_another_provider_takes_no_model_from_the_workflow(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, workflow: Any, agent: Any, expected: Any
) -> None:
    monkeypatch.setattr(models, "installed", lambda package: True)
    files = {"orchestrator.json": {"llm_config": workflow}, "agents.json": {"agents": {"Ada": {"llm_config": agent}}}}
    llm = bench.load(files).agents[0].llm
    assert (llm.provider, llm.model) == expected


def test_a_fallback_without_a_provider_has_that_of_its_model(bench: Workbench) -> None:
    config = {"provider": "openai", "model": "a", "fallback": ["b"]}
    assert bench.load({"orchestrator.json": {"llm_config": config}}).agents[0].llm.fallback[0].provider == "openai"


ECHO = {"tools/echo.py": "def echo(text: str) -> str:\n    return text\n\ndef execute() -> str:\n    return ''\n"}


@pytest.mark.parametrize(
    "tools",
    [
        {"tools": {"echo": {"type": "Agent_Tool", "auto_execute": True}}},
        {"tools": [{"name": "echo", "tool_type": "agent_tool", "auto_invoke": True}]},
        [{"name": "echo", "auto_invoke": "yes"}],
        {"echo": {"auto_execute": True}},
        {"tools": [{"name": "echo", "auto_invoke": True, "module": "tools.echo"}]},
        {"tools": [{"name": "echo", "auto_invoke": True, "module": "echo"}]},
        {"tools": [{"name": "echo", "auto_invoke": True, "file": "echo.py", "function": "echo"}]},
        {"tools": [{"name": "echo", "auto_invoke": True, "file": "tools/echo.py"}]},
        {"tools": [{"name": "echo", "auto_invoke": True, "function": "echo"}]},
        {"tools": [{"name": "echo", "auto_invoke": True, "function": "tools.echo.echo"}]},
    ],
)
def test_a_tool_is_declared_in_several_ways(bench: Workbench, tools: Any) -> None:
    (tool,) = bench.load({"tools.json": tools, **ECHO}).tools
    assert tool.function == FunctionRef(path="tools/echo.py", function="echo")
    assert (tool.kind, tool.auto_execute, tool.agents) == (ToolKind.AGENT_TOOL, True, ("Ada", "Bob"))


def test_without_a_function_of_its_name_execute_is_the_tool(bench: Workbench) -> None:
    files = {"tools.json": {"tools": {"run": {"module": "tools.work"}}}, "tools/work.py": "async def execute(): ..."}
    assert bench.load(files).tools[0].function == FunctionRef(path="tools/work.py", function="execute")


def test_a_bare_tool_may_be_a_function_in_any_tools_file(bench: Workbench) -> None:
    files = {"tools.json": {"tools": {"add": {}, "sub": {}}}, "tools/maths.py": "def add(): ...\ndef sub(): ..."}
    assert [tool.function for tool in bench.load(files).tools] == [
        FunctionRef(path="tools/maths.py", function="add"),
        FunctionRef(path="tools/maths.py", function="sub"),
    ]


def test_an_agent_may_name_a_tool_that_only_has_a_file(bench: Workbench) -> None:
    spec = bench.load({"agents.json": {"agents": {"Ada": {"tools": ["echo"]}, "Bob": {}}}, **ECHO})
    assert [(tool.name, tool.agents) for tool in spec.tools] == [("echo", ("Ada",))]


@pytest.mark.parametrize(
    ("owner", "named_by", "agents"),
    [
        (None, None, ("Ada", "Bob")),
        ("Bob", None, ("Bob",)),
        (["Bob", "Ada"], None, ("Ada", "Bob")),
        (None, "Ada", ("Ada",)),
        ("Bob", "Ada", ("Ada", "Bob")),
    ],
)
def test_who_owns_a_tool(bench: Workbench, owner: Any, named_by: str | None, agents: tuple[str, ...]) -> None:
    definitions = {name: {"tools": ["echo"]} if name == named_by else {} for name in ("Ada", "Bob")}
    files = {"agents.json": {"agents": definitions}, "tools.json": {"tools": [{"name": "echo", "agent": owner}]}}
    assert bench.load({**files, **ECHO}).tools[0].agents == agents


def test_a_tool_with_a_component_is_a_ui_tool(bench: Workbench) -> None:
    (tool,) = bench.load({"tools.json": {"tools": [{"name": "pick", "ui": "Picker"}]}}).tools
    assert (tool.kind, tool.ui) == (ToolKind.UI_TOOL, UiSpec(component="Picker"))


def test_short_parameters_become_an_object_schema(bench: Workbench) -> None:
    short = {"text": {"type": "str", "required": True}, "size": "int"}
    (tool,) = bench.load({"tools.json": {"tools": [{"name": "pick", "ui": "Picker", "parameters": short}]}}).tools
    assert tool.parameters == {
        "type": "object",
        "properties": {"text": {"type": "string"}, "size": {"type": "integer"}},
        "required": ["text"],
    }


@pytest.mark.parametrize("section", ["handoffs", "handoff_rules"])
@pytest.mark.parametrize(("source", "target"), [("from_agent", "to_agent"), ("source_agent", "target_agent")])
def test_handoffs_have_several_keys(bench: Workbench, section: str, source: str, target: str) -> None:
    spec = bench.load({"handoffs.json": {section: [{source: "Ada", target: "Bob"}]}})
    assert spec.handoffs == (HandoffSpec(source="Ada", target="Bob", kind="after_work"),)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ({}, "after_work"),
        ({"condition": None, "condition_type": None, "handoff_type": "after_work"}, "after_work"),
        ({"condition_type": "none"}, "after_work"),
        ({"condition": "done"}, "expression"),
        ({"condition": "user_id"}, "expression"),
        ({"condition": "${done} and ${count} > 2"}, "expression"),
        ({"condition": "done or count > 2", "condition_type": "expression"}, "expression"),
        ({"condition": "user wants more"}, "llm"),
        ({"condition": "user_wants_more"}, "llm"),
        ({"condition": "done", "condition_type": "llm"}, "llm"),
        ({"condition": "user wants more", "handoff_type": "condition"}, "llm"),
    ],
)
def test_a_condition_says_what_kind_of_rule_it_is(bench: Workbench, rule: Any, kind: str) -> None:
    spec = bench.load(
        {
            "context_variables.json": {"variables": {"done": {"type": "bool"}, "count": {"type": "int"}}},
            "handoffs.json": {"handoffs": [{"from_agent": "Ada", "to_agent": "Bob", **rule}]},
        }
    )
    assert [rule.kind for rule in spec.handoffs] == [kind]


def test_user_and_terminate_are_targets_in_any_case(bench: Workbench) -> None:
    spec = bench.load(
        {"handoffs.yaml": "handoffs:\n- {from_agent: Ada, to_agent: USER}\n- {from_agent: User, to_agent: Terminate}"}
    )
    assert [(rule.source, rule.target) for rule in spec.handoffs] == [("Ada", "user"), ("user", "terminate")]


@pytest.mark.parametrize(
    "content",
    [
        {"variables": {"v": {"type": "str"}}, "agents": {"Ada": ["v"]}},
        {"definitions": {"v": {"type": "string"}}, "agents": {"Ada": {"variables": ["v"]}}},
        {"context_variables": {"variables": [{"name": "v", "type": "text"}], "agents": {"Ada": ["v"]}}},
    ],
)
def test_context_variables_have_several_shapes(bench: Workbench, content: Any) -> None:
    spec = bench.load({"context_variables.json": content})
    assert [(v.name, v.type) for v in spec.context_variables] == [("v", "str")]
    assert [(shown.agent, shown.variables) for shown in spec.context_exposure] == [("Ada", ("v",))]


@pytest.mark.parametrize(
    ("variable", "source"),
    [
        ({}, Source()),
        ({"source": "state"}, Source()),
        ({"source": "environment", "env_var": "X"}, Source(kind="config", env_var="X")),
        ({"source": {"type": "environment", "env_var": "X"}}, Source(kind="config", env_var="X")),
        ({"source": {"kind": "config", "env_var": "X"}}, Source(kind="config", env_var="X")),
        ({"source": {"type": "database", "collection": "c"}}, Source(kind="data_reference", collection="c")),
        ({"source": {"type": "file", "path": "a.yaml"}}, Source(kind="file", path="a.yaml", format="yaml")),
        ({"source": {"type": "file", "path": "a.yaml", "format": "text"}}, Source(kind="file", path="a.yaml")),
        ({"source": {"type": "computed", "expression": "1 > 0"}}, Source(kind="computed", expression="1 > 0")),
    ],
)
def test_sources_have_several_shapes(bench: Workbench, variable: Any, source: Source) -> None:
    spec = bench.load({"context_variables.json": {"variables": {"v": variable}}, "a.yaml": "x: 1"})
    assert spec.context_variables[0].source == source


@pytest.mark.parametrize(
    "variable",
    [
        {"triggers": [{"type": "agent_text", "agent": "Ada", "match": {"contains": "OK"}, "ui_hidden": True}]},
        {"triggers": [{"type": "agent_text", "agent": "Ada", "contains": "OK", "ui_hidden": "yes"}]},
        {"triggers": {"agent_text": {"agent": "Ada", "match": {"contains": "OK"}, "ui_hidden": True}}},
        {"triggers": {"agent_text": [{"agent": "Ada", "contains": "OK", "ui_hidden": True}]}},
        {"triggers": {"type": "agent_text", "agent": "Ada", "contains": "OK", "ui_hidden": True}},
        {
            "source": {
                "type": "state",
                "triggers": [{"type": "agent_text", "agent": "Ada", "contains": "OK", "ui_hidden": True}],
            }
        },
    ],
)
def test_triggers_have_several_shapes(bench: Workbench, variable: Any) -> None:
    spec = bench.load({"context_variables.json": {"variables": {"v": variable}}})
    assert spec.context_variables[0].triggers == (
        Trigger(kind="agent_text", agent="Ada", match=TextMatch(contains="OK"), ui_hidden=True),
    )


def test_a_default_is_converted_to_its_type(bench: Workbench) -> None:
    variables = {"a": {"type": "int", "default": "3"}, "b": {"type": "bool", "default": "yes"}, "c": {"default": None}}
    spec = bench.load({"context_variables.json": {"variables": variables}})
    assert [variable.default for variable in spec.context_variables] == [3, True, None]


HOOK = {"hooks/start.py": "def go(context): ..."}


@pytest.mark.parametrize(
    "content",
    [
        {"hooks": {"on_workflow_start": "hooks.start.go"}},
        {"on_workflow_start": "start.go"},
        {"hooks": {"on_workflow_start": ["start.go"]}},
        {"hooks": [{"hook_type": "on_workflow_start", "filename": "start.py", "function": "go"}]},
        [{"hook_type": "on_workflow_start", "filename": "hooks/start.py", "function": "go"}],
        [{"hook_type": "on_workflow_start", "filename": "start", "function": "go"}],
    ],
)
def test_hooks_have_several_shapes(bench: Workbench, content: Any) -> None:
    spec = bench.load({"hooks.json": content, **HOOK})
    assert [(h.event, h.function) for h in spec.hooks] == [
        ("on_workflow_start", FunctionRef(path="hooks/start.py", function="go"))
    ]


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        ("str", {"type": "string"}),
        ({"type": "float"}, {"type": "number"}),
        ({"type": "list"}, {"type": "array"}),
        ({"type": "list", "items": "int"}, {"type": "array", "items": {"type": "integer"}}),
        ("list[int]", {"type": "array", "items": {"type": "integer"}}),
        ("dict[str, bool]", {"type": "object", "additionalProperties": {"type": "boolean"}}),
        ({"type": "literal", "values": ["a", 1]}, {"enum": ["a", 1]}),
        ("optional[str]", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ("str?", {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"type": "optional", "items": {"type": "list", "items": "str"}},
         {"anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}]}),
        ("int | str", {"anyOf": [{"type": "integer"}, {"type": "string"}]}),
        ({"type": "union", "variants": ["int", {"type": "enum", "values": ["all"]}]},
         {"anyOf": [{"type": "integer"}, {"enum": ["all"]}]}),
        ("any", {}),
    ],
)  # fmt: skip
def test_types_of_fields(bench: Workbench, field: Any, schema: Any) -> None:
    spec = bench.load(
        {"structured_outputs.json": {"models": {"M": {"fields": {"f": field}}}, "registry": {"Ada": "M"}}}
    )
    assert spec.structured_outputs[0].json_schema["properties"] == {"f": schema}


def test_what_may_be_left_out_is_not_required(bench: Workbench) -> None:
    fields = {"a": "str", "b": "str?", "c": {"type": "int", "default": 1}, "d": {"type": "int", "required": False}}
    spec = bench.load({"structured_outputs.json": {"models": {"M": {"fields": fields}}, "registry": {"Ada": "M"}}})
    schema = spec.structured_outputs[0].json_schema
    assert schema["required"] == ["a"]
    assert schema["properties"]["c"] == {"type": "integer", "default": 1}


def test_a_model_may_hold_itself(bench: Workbench) -> None:
    models = {"Tree": {"fields": {"children": "list[Tree]"}}, "Unused": {"fields": {"x": "str"}}}
    spec = bench.load({"structured_outputs.json": {"models": models, "registry": {"Ada": "Tree"}}})
    schema = spec.structured_outputs[0].json_schema
    assert schema["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert list(schema["$defs"]) == ["Tree"]


@pytest.mark.parametrize(
    ("agents", "owners"),
    [
        ({"Ada": {}, "Bob": {}}, ["Ada", "Bob"]),
        ({"Ada": {}, "Bob": {"structured_outputs_required": True}}, ["Bob"]),
    ],
)
def test_an_output_without_an_agent(bench: Workbench, agents: Any, owners: list[str]) -> None:
    outputs = {"outputs": [{"name": "O", "schema": {"properties": {"x": {"type": "string"}}}}]}
    spec = bench.load({"agents.json": {"agents": agents}, "structured_outputs.json": outputs})
    assert [output.agent for output in spec.structured_outputs] == owners
    assert spec.structured_outputs[0].json_schema["type"] == "object"


@pytest.mark.parametrize("file", ["orchestrator.json", "ui_config.json"])
def test_visual_agents_stand_in_either_section(bench: Workbench, file: str) -> None:
    spec = bench.load({file: {"visual_agents": ["Ada"]}})
    assert (spec.visual_agents, spec.ui_config) == (("Ada",), {})


def test_a_schema_line_for_editors_has_no_meaning(bench: Workbench) -> None:
    reference = {"$schema": "../agents.schema.json"}
    spec = bench.load({"agents.json": {**reference, "agents": {"Ada": {}}}, "ui_config.json": {**reference, "x": 1}})
    assert (spec.initial_agent, spec.ui_config) == ("Ada", {"x": 1})


def test_what_else_is_in_the_folder_is_not_read(bench: Workbench) -> None:
    extras = {
        "demo/script.yaml": "[broken",
        "ui/x.json": "{",
        "tests/test_x.py": "(",
        "README.md": "#",
        "data.json": "{",
    }
    loaded = bench.inspect(extras)
    assert loaded.spec is not None
    assert loaded.problems == () or [p.code for p in loaded.problems] == ["unreachable_agent"]
