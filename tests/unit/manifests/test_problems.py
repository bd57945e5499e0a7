"""Everything wrong in a workflow is told: what, where, and what was expected."""
# ruff: noqa: E501  (a table reads better with one case a line)

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mozaiks.manifests import ManifestErrors, load_workflow

from .conftest import Workbench


def test_an_unknown_key_names_file_line_column_and_the_closest_known_key(bench: Workbench) -> None:
    problem = bench.error({"agents.yaml": "agents:\n  Ada:\n    system_mesage: Hello\n"})
    assert (problem.file, problem.line, problem.column) == ("Desk/agents.yaml", 3, 5)
    assert problem.key == "system_mesage"
    assert "did you mean 'system_message'?" in problem.message
    assert str(problem).startswith("Desk/agents.yaml:3:5: error: unknown key 'system_mesage' in agent 'Ada'")


def test_an_unknown_key_in_json_has_its_place_too(bench: Workbench) -> None:
    problem = bench.error({"orchestrator.json": '{\n  "max_turns": 3,\n  "entry_agnt": "Ada"\n}'})
    assert (problem.line, problem.column, problem.key) == (3, 3, "entry_agnt")
    assert "did you mean 'entry_agent'?" in problem.message


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("orchestrator.yaml", "patern: Auto"),
        ("orchestrator.yaml", "termination_conditions: {max_second: 3}"),
        ("orchestrator.yaml", "termination_conditions: {text: {equal: x}}"),
        ("orchestrator.yaml", "llm_config: {modle: x}"),
        ("orchestrator.yaml", "llm_config: {fallback: [{modle: x}]}"),
        ("agents.yaml", "agent: {Ada: {}}"),
        ("agents.yaml", "agents: {Ada: {prompt_sections: [{headng: x, content: y}]}}"),
        ("tools.yaml", "tool: []"),
        ("tools.yaml", "tools: [{name: a, ui: {compnent: x}}]"),
        ("tools.yaml", "lifecycle_tools: [{triger: before_chat, function: a.b}]"),
        ("handoffs.yaml", "handoffs: [{from_agent: Ada, to_agent: Bob, conditon: x}]"),
        ("handoffs.yaml", "handofs: []"),
        ("context_variables.yaml", "variables: {v: {typ: str}}"),
        ("context_variables.yaml", "variables: {v: {source: {type: config, env_vra: X}}}"),
        ("context_variables.yaml", "variables: {v: {triggers: [{type: agent_text, agnt: Ada}]}}"),
        ("context_variables.yaml", "variabels: {}"),
        ("structured_outputs.yaml", "modls: {}"),
        ("structured_outputs.yaml", "models: {M: {fields: {f: {tpye: str}}}}"),
        ("hooks.yaml", "hooks: [{hook_typ: on_error, function: a.b}]"),
        ("_pack/workflow_graph.json", '{"nested_chat": []}'),
        ("_pack/workflow_graph.json", '{"nested_chats": [{"triger_agent": "Ada"}]}'),
    ],
)
def test_unknown_keys_are_told_at_every_level(bench: Workbench, file: str, content: str) -> None:
    unknown = [problem for problem in bench.errors({file: content}) if problem.code == "unknown_key"]
    assert len(unknown) == 1
    assert "did you mean" in unknown[0].message
    assert unknown[0].line == 1
    assert unknown[0].column


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("orchestrator.yaml", "max_turns: many", "'max_turns' of orchestrator must be a whole number, found the text 'many'"),
        ("orchestrator.yaml", "max_turns: 0", "greater than or equal to 1"),
        ("orchestrator.yaml", "max_turns: true", "must be a whole number, found true"),
        ("orchestrator.yaml", "pattern: Sequential", "'pattern' of orchestrator cannot be the text 'Sequential'"),
        ("orchestrator.yaml", "startup_mode: UserDrive", "did you mean 'UserDriven'?"),
        ("orchestrator.yaml", "human_in_the_loop: maybe", "must be true or false"),
        ("orchestrator.yaml", "initial_message: 5", "must be text, found the number 5"),
        ("orchestrator.yaml", "visual_agents: Ada", "must be a list, found the text 'Ada'"),
        ("ui_config.yaml", "visual_agents: {Ada: true}", "must be a list, found a map"),
        ("ui_config.yaml", "[a]", "found a list"),
        ("orchestrator.yaml", "[a]", "found a list"),
        ("orchestrator.yaml", "orchestration: 5", "'orchestration' must be a map"),
        ("orchestrator.yaml", "llm_config: gpt", "must be a map, found the text 'gpt'"),
        ("orchestrator.yaml", "llm_config: {temperature: hot}", "'llm_config.temperature' of orchestrator must be a number"),
        ("orchestrator.yaml", "termination_conditions: {text: {equals: a, contains: b}}", "found equals and contains"),
        ("orchestrator.yaml", "termination_conditions: {text: {regex: '('}}", "not a regular expression"),
        ("agents.yaml", "agents: Ada", "must be a map or a list"),
        ("agents.yaml", "agents: [Ada]", "each agent of the list must be a map"),
        ("agents.yaml", "agents: {Ada: x}", "agent 'Ada' must be a map, found the text 'x'"),
        ("agents.yaml", "agents: [{role: x}, {name: Ada}]", "lacks 'name'"),
        ("agents.yaml", "agents: [{name: Ada}, {name: Ada}]", "stands twice"),
        ("agents.yaml", "agents: {Ada: {name: Eva}}", "is named 'Eva' inside"),
        ("agents.yaml", "agents: {}", "at least one agent"),
        ("agents.yaml", "agents: {User: {}, Ada: {}}", "no agent can be called 'User'"),
        ("agents.yaml", "agents: {'A b': {}}", "must begin with a letter"),
        ("agents.yaml", "agents: {Ada: {system_message: a, system_message_file: b.md}}", "keep one"),
        ("agents.yaml", "agents: {Ada: {prompt_sections: [{heading: x}]}}", "lacks 'prompt_sections.0.content'"),
        ("agents.yaml", "agents: {Ada: {llm_config: {provider: opnai}}}", "did you mean 'openai'?"),
        ("tools.yaml", "tools: 5", "must be a map or a list"),
        ("tools.yaml", "tools: [{name: a b, ui: X}]", "the tool name 'a b'"),
        ("tools.yaml", "tools: {a: {type: Tool}}", "cannot be the text 'Tool'"),
        ("tools.yaml", "tools: [{name: a, ui: {mode: popup}}]", "'ui.mode' of tool 'a' cannot be the text 'popup'"),
        ("tools.yaml", "tools: [{name: a, ui: X, parameters: {type: array, properties: {}}}]", "Schema of an object"),
        ("tools.yaml", "tools: [{name: a, ui: X, timeout: -1}]", "greater than 0"),
        ("handoffs.yaml", "handoffs: {Ada: Bob}", "must be a list"),
        ("handoffs.yaml", "handoffs: [{from_agent: Ada}]", "lacks 'to_agent'"),
        ("handoffs.yaml", "handoffs: [{from_agent: Ada, to_agent: Bob, condition_type: maybe}]", "cannot be the text 'maybe'"),
        ("context_variables.yaml", "variables: {v: {type: strng}}", "cannot be the text 'strng'"),
        ("context_variables.yaml", "variables: {app_id: {}}", "is always there"),
        ("context_variables.yaml", "variables: {in: {}}", "no word of expressions"),
        ("context_variables.yaml", "variables: {a-b: {}}", "must be letters"),
        ("context_variables.yaml", "variables: {v: {type: int, default: x}}", "expected a whole number, found the text 'x'"),
        ("context_variables.yaml", "variables: {v: {source: config}}", "lacks 'env_var'"),
        ("context_variables.yaml", "variables: {v: {source: {type: state, env_var: X}}}", "belongs to a config source"),
        ("context_variables.yaml", "variables: {v: {source: {type: magic}}}", "cannot be the text 'magic'"),
        ("context_variables.yaml", "variables: {v: {source: 5}}", "must be a map, found the number 5"),
        ("context_variables.yaml", "variables: {v: {source: {type: file, path: no.txt}}}", "there is no file 'no.txt'"),
        ("context_variables.yaml", "variables: {v: {triggers: [{type: agent_text, agent: Ada}]}}", "lacks 'match'"),
        ("context_variables.yaml", "variables: {v: {triggers: [{type: ui_response}]}}", "lacks 'tool'"),
        ("context_variables.yaml", "variables: {v: {triggers: [{type: agent_text, agent: Ada, match: a, tool: t}]}}", "does not belong"),
        ("context_variables.yaml", "variables: {v: {type: int, triggers: {agent_text: {agent: Ada, match: a}}}}", "becomes true"),
        ("context_variables.yaml", "agents: [Ada]", "must be a map"),
        ("context_variables.yaml", "agents: {Ada: v}", "must be a list of variables"),
        ("structured_outputs.yaml", "registry: [Ada]", "registry must be a map"),
        ("structured_outputs.yaml", "models: {M: {fields: {f: {type: lst}}}}", "unknown type 'lst'; did you mean 'list'?"),
        ("structured_outputs.yaml", "models: {M: {fields: {f: 'list[int'}}}", "']' is missing"),
        ("structured_outputs.yaml", "models: {M: {fields: {f: 'a b'}}}", "unknown type 'a'"),
        ("structured_outputs.yaml", "models: {M: {fields: {f: {type: enum}}}}", "lacks 'values'"),
        ("structured_outputs.yaml", "models: {M: {fields: {f: {type: union}}}}", "lacks 'variants'"),
        ("structured_outputs.yaml", "models: {M: {fields: {f: {type: str, items: int}}}}", "takes no 'items'"),
        ("structured_outputs.yaml", "models: {M: {}}", "lacks 'fields'"),
        ("structured_outputs.yaml", "outputs: [{name: O, schema: [1]}]", "must be a JSON Schema or a model's name"),
        ("structured_outputs.yaml", "outputs: [{name: O, schema: {type: array}}]", "must describe an object"),
        ("hooks.yaml", "hooks: 5", "must be a map or a list"),
        ("hooks.yaml", "hooks: {on_workflow_stat: a.b}", "did you mean 'on_workflow_start'?"),
        ("hooks.yaml", "hooks: {on_error: nodots}", "must be module.function"),
        ("_pack/workflow_graph.json", '{"nested_chats": [{"trigger_agent": "Ada", "max_children": 0}]}', "greater than or equal"),
    ],
)  # fmt: skip
def test_a_wrong_value_says_what_was_found_and_expected(
    bench: Workbench, file: str, content: str, message: str
) -> None:
    problems = bench.errors({file: content})
    matching = [problem for problem in problems if message in problem.message]
    assert len(matching) == 1, [str(problem) for problem in problems]
    assert matching[0].file == f"Desk/{file}"
    assert matching[0].line == 1


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("orchestrator.yaml", "initial_agent: Adda"),
        ("tools.yaml", "tools: [{name: a, ui: X, agent: Adda}]"),
        ("tools.yaml", "tools: [{name: a, ui: X, agent: [Ada, Adda]}]"),
        ("tools.yaml", "lifecycle_tools: [{trigger: before_agent, agent: Adda, function: work.go}]"),
        ("handoffs.yaml", "handoffs: [{from_agent: Adda, to_agent: Bob}]"),
        ("handoffs.yaml", "handoffs: [{from_agent: Bob, to_agent: Adda}]"),
        ("handoffs.yaml", "handoffs: [{from_agent: terminat, to_agent: Ada}]"),
        ("context_variables.yaml", "agents: {Adda: []}"),
        ("context_variables.yaml", "variables: {v: {triggers: {agent_text: {agent: Adda, match: x}}}}"),
        ("structured_outputs.yaml", "{models: {M: {fields: {f: str}}}, registry: {Adda: M}}"),
        ("structured_outputs.yaml", "outputs: [{name: O, agent: Adda, schema: {}}]"),
        ("hooks.yaml", "hooks: [{hook_type: on_error, hook_agent: Adda, filename: ../tools/work, function: go}]"),
        ("_pack/workflow_graph.json", '{"nested_chats": [{"trigger_agent": "Adda"}]}'),
        ("_pack/workflow_graph.json", '{"nested_chats": [{"trigger_agent": "Ada", "resume_agent": "Adda"}]}'),
    ],
)
def test_an_unknown_agent_is_told_wherever_it_stands(bench: Workbench, file: str, content: str) -> None:
    problems = [p for p in bench.errors({file: content, "tools/work.py": "def go(): ..."}) if p.code == "unknown_agent"]
    assert len(problems) == 1
    assert problems[0].file == f"Desk/{file}"
    assert problems[0].line == 1
    assert "unknown agent" in problems[0].message


def test_a_visible_agent_that_does_not_exist_is_a_warning(bench: Workbench) -> None:
    files = {"agents.yaml": "agents: {Ada: {}}", "orchestrator.yaml": "visual_agents: [Ada, Adda]"}
    problem = bench.warning(files)
    assert (problem.code, problem.column) == ("unknown_agent", 22)


@pytest.mark.parametrize(
    ("pattern", "handoffs", "warned"),
    [
        ("Default", [], ["Bob", "Cy"]),
        ("Default", [("Ada", "Bob")], ["Cy"]),
        ("Default", [("Ada", "Bob"), ("Bob", "Cy")], []),
        ("Default", [("user", "Bob"), ("Bob", "Cy")], []),
        ("Default", [("Bob", "Cy")], ["Bob", "Cy"]),
        ("RoundRobin", [], []),
    ],
)
def test_agents_nothing_leads_to_give_a_warning(
    bench: Workbench, pattern: str, handoffs: list[tuple[str, str]], warned: list[str]
) -> None:
    loaded = bench.inspect(
        {
            "orchestrator.json": {"pattern": pattern},
            "agents.json": {"agents": {"Ada": {}, "Bob": {}, "Cy": {}}},
            "handoffs.json": {"handoffs": [{"from_agent": a, "to_agent": b} for a, b in handoffs]},
        }
    )
    assert [problem.key for problem in loaded.problems if problem.code == "unreachable_agent"] == warned
    assert loaded.spec is not None


@pytest.mark.parametrize(
    ("tools", "files", "code", "message"),
    [
        ("{a: {}, b: {}}", {}, "missing_function", "there is no tools/a.py"),
        ("[{name: a, file: tools/b.py}]", {"tools/bb.py": ""}, "missing_file", "there is no tools/b.py; did you mean"),
        ("[{name: a, module: tools.b}]", {"tools/b.py": "def c(): ..."}, "missing_function", "has no function 'a' or 'execute'"),
        ("[{name: a, file: b.py, function: d}]", {"tools/b.py": "def dd(): ..."}, "missing_function", "did you mean 'dd'?"),
        ("{a: {}}", {"tools/a.py": "x = ("}, "python_syntax", "not valid Python"),
        ("{a: {}}", {"tools/b.py": "def a(): ...", "tools/c.py": "def a(): ..."}, "ambiguous_function", "tools/b.py and"),
        ("{a: {}, b: {}}", {"tools/c.py": "def execute(): ..."}, "missing_function", "no Python function"),
        ("[{name: a, file: ../Other/tools/a.py}]", {}, "outside_folder", "no file inside"),
        ("[{name: a, file: /etc/passwd.py}]", {}, "outside_folder", "no file inside"),
        ("[{name: a, module: os.path}]", {}, "missing_file", "there is no"),
        ("{a: {}}", {"tools/a.py": "def a(*names): ..."}, "signature", "*names has no name the model could fill"),
        ("{a: {}}", {"tools/a.py": "def a(x, /): ..."}, "signature", "'x' is positional-only"),
        ("{a: {}}", {"tools/a.py": "async def a():\n    yield 1"}, "signature", "it yields"),
        ("{a: {parameters: {properties: {txt: {}}}}}", {"tools/a.py": "def a(text): ..."}, "unknown_parameter", "did you mean 'text'?"),
        ("{a: {parameters: {properties: {t: {}}, required: [u]}}}", {"tools/a.py": "def a(t): ..."}, "wrong_value", "the unknown 'u'"),
    ],
)  # fmt: skip
def test_a_tool_without_a_usable_function(
    bench: Workbench, tools: str, files: dict[str, str], code: str, message: str
) -> None:
    problems = [problem for problem in bench.errors({"tools.yaml": f"tools: {tools}", **files}) if problem.code == code]
    assert problems
    assert message in problems[0].message


def test_a_bad_signature_is_told_at_its_line_of_the_python_file(bench: Workbench) -> None:
    problem = bench.error({"tools.yaml": "tools: {a: {}}", "tools/a.py": "import os\n\n\nasync def a(*names): ..."})
    assert (problem.file, problem.line, problem.column) == ("Desk/tools/a.py", 4, 1)


def test_reading_a_tool_never_runs_it(bench: Workbench, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    code = f"open({str(witness)!r}, 'w').close()\ndef a(): ..."
    bench.load({"tools.yaml": "tools: {a: {}}", "tools/a.py": code})
    assert not witness.exists()


def test_an_imported_or_assigned_function_is_accepted(bench: Workbench) -> None:
    code = "try:\n    from elsewhere import a\nexcept ImportError:\n    a = None\nif a:\n    def b(): ...\n"
    spec = bench.load({"tools.yaml": "tools: [{name: a, file: x.py}, {name: b, file: x.py}]", "tools/x.py": code})
    assert [tool.function.function for tool in spec.tools if tool.function] == ["a", "b"]


def test_a_tool_no_manifest_and_no_file_knows(bench: Workbench) -> None:
    problem = bench.error({"agents.yaml": "agents: {Ada: {tools: [serch]}}", "tools.yaml": "tools: {search: {ui: X}}"})
    assert problem.code == "unknown_tool"
    assert "did you mean 'search'?" in problem.message


@pytest.mark.parametrize(
    ("condition", "column", "caret"),
    [("${a} ==", 55, 8), ("${a", 48, 1), ("${a} = 2", 53, 6)],
)
def test_an_expression_error_has_a_caret_and_the_files_column(
    bench: Workbench, condition: str, column: int, caret: int
) -> None:
    problem = bench.error({"handoffs.yaml": f"- {{from_agent: Ada, to_agent: Bob, condition: '{condition}'}}"})
    assert problem.code == "expression"
    assert (problem.line, problem.column) == (1, column)
    shown, under = problem.message.split("\n")[1:]
    assert shown == f"  {condition}"
    assert under == " " * (caret + 1) + "^"


def test_an_expression_in_json_has_its_column_too(bench: Workbench) -> None:
    text = '[\n {"from_agent": "Ada", "to_agent": "Bob",\n  "condition": "${a} and"}]'
    problem = bench.error({"handoffs.json": text})
    assert (problem.line, problem.column) == (3, 17 + len("${a} and"))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("context_variables.yaml", "variables: {v: {source: {type: computed, expression: 'a +'}}}"),
        ("structured_outputs.yaml", "outputs: [{name: O, schema: {}, when: 'a b'}]"),
    ],
)
def test_expressions_are_checked_wherever_they_stand(bench: Workbench, file: str, content: str) -> None:
    assert bench.error({file: content}).code == "expression"


def test_an_undeclared_variable_in_an_expression_is_a_warning(bench: Workbench) -> None:
    files = {
        "context_variables.yaml": "variables: {draft_ready: {}}",
        "handoffs.yaml": "- {from_agent: Ada, to_agent: Bob, condition: '${draft_redy}'}",
    }
    problem = bench.warning(files)
    assert problem.code == "unknown_variable"
    assert "did you mean 'draft_ready'?" in problem.message


def test_a_question_that_looks_like_an_expression_is_a_warning(bench: Workbench) -> None:
    files = {
        "context_variables.yaml": "variables: {count: {}}",
        "handoffs.yaml": "- {from_agent: Ada, to_agent: Bob, condition: count > 2}",
    }
    assert bench.warning(files).code == "condition_is_question"


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("handoff_type: after_work, condition: x", "handoff_type says it has none"),
        ("condition_type: none, condition: x", "condition_type says it has none"),
        ("handoff_type: condition", "lacks 'condition'"),
        ("condition_type: llm", "lacks 'condition'"),
        ("condition_scope: before_reply", "only an expression"),
        ("condition_scope: before_reply, condition: What now", "only an expression"),
    ],
)
def test_a_rule_that_contradicts_itself(bench: Workbench, rule: str, message: str) -> None:
    problem = bench.error({"handoffs.yaml": f"- {{from_agent: Ada, to_agent: Bob, {rule}}}"})
    assert message in problem.message


def test_a_second_rule_that_always_holds_is_a_warning(bench: Workbench) -> None:
    rules = "- {from_agent: Ada, to_agent: Bob}\n- {from_agent: Ada, to_agent: user}"
    assert (problem := bench.warning({"handoffs.yaml": rules})).code == "unreachable_rule"
    assert problem.line == 2


def test_computed_variables_cannot_need_each_other(bench: Workbench) -> None:
    variables = {
        name: {"source": {"type": "computed", "expression": text}}
        for name, text in [("a", "b"), ("b", "a"), ("c", "a")]
    }
    problems = bench.errors({"context_variables.json": {"variables": variables}})
    assert [(problem.code, problem.key) for problem in problems] == [("cycle", "a"), ("cycle", "b")]


def test_a_query_cannot_run_code_in_the_database(bench: Workbench) -> None:
    source = {"type": "database", "collection": "c", "query_template": {"$or": [{"$where": "1"}]}}
    assert bench.error({"context_variables.json": {"variables": {"v": {"source": source}}}}).key == "$where"


@pytest.mark.parametrize(
    ("outputs", "agents", "code"),
    [
        ({"registry": {"Ada": "Nope"}}, {"Ada": {}}, "unknown_model"),
        ({"models": {"M": {"fields": {"f": "Nope"}}}}, {"Ada": {}}, "wrong_type_name"),
        ({}, {"Ada": {"structured_outputs_required": True}}, "missing_output"),
        ({"outputs": [{"name": n, "agent": "Ada", "schema": {}} for n in "OP"]}, {"Ada": {}}, "given_twice"),
    ],
)
def test_outputs_that_cannot_be(bench: Workbench, outputs: Any, agents: Any, code: str) -> None:
    assert bench.error({"agents.json": {"agents": agents}, "structured_outputs.json": outputs}).code == code


def test_auto_tool_mode_without_an_output_is_a_warning(bench: Workbench) -> None:
    assert bench.warning({"agents.yaml": "agents: {Ada: {auto_tool_mode: true}}"}).code == "missing_output"


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"agents.json": {"agents": {"Ada": {}}}, "agents.yaml": "agents: {Ada: {}}"}, "agents.json and agents.yaml"),
        ({"orchestrator.json": {}, "workflow.yaml": "{}"}, "orchestrator.json and workflow.yaml"),
        ({"tools.yaml": "tools: []", "tools.yml": "tools: []"}, "tools.yaml and tools.yml"),
        ({"orchestrator.json": {"tools": []}, "tools.json": {"tools": []}}, "Desk/orchestrator.json (line 1) and Desk/tools.json"),
        ({"handoffs.json": {"handoffs": [], "handoff_rules": []}}, "stands twice in one file"),
        ({"orchestrator.json": {"pattern": "Auto", "orchestration": {"orchestration_pattern": "Auto"}}}, "stands inside"),
        ({"orchestrator.json": {"name": "Desk", "workflow_name": "Desk"}}, "which mean the same"),
        ({"orchestrator.json": {"visual_agents": []}, "ui_config.json": {"visual_agents": []}}, "Desk/orchestrator.json (line 1)"),
        ({"_pack/workflow_graph.json": {}, "_pack/workflow_graph.yaml": "{}"}, "in two files"),
        ({"orchestrator.yaml": "max_turns: 1\nmax_turns: 2"}, "first on line 1"),
    ],
)  # fmt: skip
def test_what_is_given_twice_is_told_with_both_places(bench: Workbench, files: Any, message: str) -> None:
    assert message in bench.error(files).message


@pytest.mark.parametrize(
    ("files", "code", "file"),
    [
        ({"orchestrator.yaml": "a: [1"}, "yaml_syntax", "Desk/orchestrator.yaml"),
        ({"orchestrator.json": "{"}, "json_syntax", "Desk/orchestrator.json"),
        ({"agents.yaml": b"agents: {Ada: {role: \xff}}"}, "not_utf8", "Desk/agents.yaml"),
        ({"tools.yaml": "x" * 1_000_001}, "too_large", "Desk/tools.yaml"),
        ({"agents.yaml": "agents: {Ada: {system_message_file: no.md}}"}, "missing_file", "Desk/agents.yaml"),
        ({"agents.yaml": "agents: {Ada: {system_message_file: ../x.md}}"}, "outside_folder", "Desk/agents.yaml"),
        ({"agents.yaml": "agents: {Ada: {system_message_file: /etc/hostname}}"}, "outside_folder", "Desk/agents.yaml"),
        ({"orchestrator.yaml": "name: Other"}, "wrong_name", "Desk/orchestrator.yaml"),
    ],
)
def test_a_file_that_cannot_be_used(bench: Workbench, files: Any, code: str, file: str) -> None:
    problem = bench.error(files)
    assert (problem.code, problem.file) == (code, file)


@pytest.mark.parametrize("linked", ["prompts/p.md", "agents.yaml", "tools/t.py", "data.json"])
def test_a_link_that_leads_out_of_the_folder_is_refused(bench: Workbench, tmp_path: Path, linked: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("agents: {Ada: {}}", encoding="utf-8")
    folder = bench.write(
        {
            "agents.json" if linked != "agents.yaml" else "x.json": {
                "agents": {"Ada": {"system_message_file": "prompts/p.md"}}
            },
            "tools.yaml": "tools: [{name: t, file: t.py}]",
            "tools/t.py": "def t(): ...",
            "prompts/p.md": "Hello",
            "context_variables.yaml": "variables: {d: {source: {type: file, path: data.json}}}",
            "data.json": "{}",
        },
        minimal=linked != "agents.yaml",
    )
    (folder / "orchestrator.yaml").write_text("{}", encoding="utf-8")
    (folder / linked).unlink(missing_ok=True)
    (folder / linked).symlink_to(outside)
    with pytest.raises(ManifestErrors) as caught:
        load_workflow(folder)
    assert [problem.code for problem in caught.value.problems] == ["outside_folder"]


@pytest.mark.parametrize("missing", ["orchestrator", "agents"])
def test_the_two_required_sections(bench: Workbench, missing: str) -> None:
    files = {"orchestrator.yaml": "{}", "agents.yaml": "agents: {Ada: {}}"}
    del files[f"{missing}.yaml"]
    problem = bench.error(files, minimal=False)
    assert problem.code == "missing_section"
    assert f"add {missing}.yaml" in problem.message


def test_a_file_whose_name_is_nearly_a_section_gives_a_warning(bench: Workbench) -> None:
    problem = bench.warning({"agents.yaml": "agents: {Ada: {}}", "tool.yaml": "tools: []"})
    assert "did you mean tools.yaml?" in problem.message


def test_a_provider_without_its_package_names_the_extra(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    from mozaiks.manifests.sections import models

    models.installed.cache_clear()
    try:
        problem = bench.error({"orchestrator.yaml": "llm_config: {model: m, fallback: [{provider: zai}]}"})
    finally:
        models.installed.cache_clear()
    assert (problem.code, problem.column) == ("missing_package", 46)
    assert "install ag2[zai]" in problem.message


def test_everything_wrong_is_told_at_once(bench: Workbench) -> None:
    folder = bench.write(
        {
            "orchestrator.yaml": "max_turns: x\npatern: Auto\ninitial_agent: Nobody\n",
            "agents.json": {"agents": {"Ada": {"rol": "x", "system_message": 5}}},
            "tools.yaml": "tools: {a: {}}",
            "handoffs.yaml": "- {from_agent: Ada, to_agent: Eve}\n- {from_agent: Ada, to_agent: Ada, condition: '${'}",
            "structured_outputs.json": {"registry": {"Ada": "M"}},
            "hooks.yaml": "[broken",
        }
    )
    with pytest.raises(ManifestErrors) as caught:
        load_workflow(folder)
    problems = caught.value.problems
    assert sorted(problem.code for problem in problems) == [
        "expression",
        "missing_function",
        "unknown_agent",
        "unknown_agent",
        "unknown_key",
        "unknown_key",
        "unknown_model",
        "wrong_type",
        "wrong_type",
        "yaml_syntax",
    ]
    assert caught.value.code == "WORKFLOW_INVALID"
    assert caught.value.workflow == "Desk"
    assert caught.value.details["problems"][0]["file"] == "Desk/agents.json"
    assert all(str(problem) in str(caught.value) for problem in problems)


def test_references_into_a_broken_file_are_not_called_dangling(bench: Workbench) -> None:
    files = {
        "agents.yaml": "agents: [",
        "orchestrator.yaml": "initial_agent: Ada",
        "handoffs.yaml": "- {from_agent: Ada, to_agent: Bob}",
    }
    assert bench.error(files).code == "yaml_syntax"
