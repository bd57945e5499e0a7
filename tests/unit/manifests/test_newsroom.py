"""One workflow that uses every field, in both syntaxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from mozaiks.manifests import WorkflowSpec, inspect_workflow
from mozaiks.manifests.spec import (
    FunctionRef,
    HandoffSpec,
    NestedChatSpec,
    Pattern,
    Source,
    StartupMode,
    Termination,
    TextMatch,
    Trigger,
    UiSpec,
)

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture(params=["yaml", "json"])
def newsroom(request: pytest.FixtureRequest) -> WorkflowSpec:
    loaded = inspect_workflow(FIXTURES / request.param / "Newsroom")
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.spec is not None
    return loaded.spec


def test_both_syntaxes_have_the_same_content_and_version() -> None:
    in_yaml = inspect_workflow(FIXTURES / "yaml/Newsroom").spec
    in_json = inspect_workflow(FIXTURES / "json/Newsroom").spec
    assert in_yaml is not None
    assert in_yaml == in_json
    assert len(in_yaml.version) == 64


def test_the_orchestrator(newsroom: WorkflowSpec) -> None:
    assert newsroom.pattern is Pattern.ROUND_ROBIN
    assert newsroom.startup_mode is StartupMode.AGENT_DRIVEN
    assert (newsroom.max_turns, newsroom.human_in_the_loop) == (12, True)
    assert newsroom.initial_message == "Begin with today's topic."
    assert newsroom.termination == Termination(
        max_consecutive_auto_replies=6, max_seconds=90.5, text=TextMatch(regex="(?i)^approved")
    )
    assert newsroom.ui_config == {"theme": "paper", "layout": {"columns": 2}}
    assert newsroom.visual_agents == ("Reporter", "Editor")


def test_a_prompt_is_its_message_and_then_its_sections(newsroom: WorkflowSpec) -> None:
    assert newsroom.agent("Reporter").system_message == (
        "You write the news.\n\nStyle\nShort sentences.\n\nEnd with a question."
    )


def test_an_agents_model_is_laid_over_the_workflows(newsroom: WorkflowSpec) -> None:
    reporter, editor = newsroom.agent("Reporter").llm, newsroom.agent("Editor").llm
    assert (reporter.model, reporter.temperature, reporter.fallback[0].model) == ("small-model", 0.2, "other-model")
    assert (editor.model, editor.temperature, editor.max_tokens) == ("small-model", 0, 800)
    assert [choice.model for choice in editor.fallback] == ["editor-spare"]


def test_tools_have_functions_owners_and_looks(newsroom: WorkflowSpec) -> None:
    look_up, show_draft, publish = newsroom.tools
    assert look_up.function == FunctionRef(path="tools/archive.py", function="look_up")
    assert (look_up.agents, look_up.timeout) == (("Reporter",), 5)
    assert show_draft.ui == UiSpec(component="Draft", mode="artifact", awaits_response=False)
    assert show_draft.agents == ("Reporter", "Editor")
    assert publish.function == FunctionRef(path="tools/publish.py", function="execute")
    assert (publish.auto_execute, publish.requires_approval) == (True, True)
    assert [(tool.trigger, tool.function.function, tool.agent) for tool in newsroom.lifecycle_tools] == [
        ("before_agent", "open_archive", "Archivist"),
        ("after_chat", "close_archive", None),
    ]


def test_handoffs_are_classified(newsroom: WorkflowSpec) -> None:
    assert [(rule.source, rule.target, rule.kind) for rule in newsroom.handoffs] == [
        ("Reporter", "Editor", "expression"),
        ("Reporter", "Archivist", "llm"),
        ("Archivist", "Reporter", "after_work"),
        ("Editor", "terminate", "expression"),
        ("Editor", "user", "after_work"),
        ("Editor", "Reporter", "expression"),
        ("user", "Editor", "llm"),
    ]
    assert newsroom.handoffs[0] == HandoffSpec(
        source="Reporter",
        target="Editor",
        kind="expression",
        condition="draft_ready",
        description="The draft is done.",
    )
    assert newsroom.handoffs[5].scope == "before_reply"


def test_context_variables_have_sources_and_triggers(newsroom: WorkflowSpec) -> None:
    by_name = {variable.name: variable for variable in newsroom.context_variables}
    assert by_name["draft_ready"].triggers == (
        Trigger(kind="agent_text", agent="Reporter", match=TextMatch(equals="NEXT"), ui_hidden=True),
    )
    assert by_name["verdict"].triggers == (Trigger(kind="ui_response", tool="show_draft", response_key="verdict"),)
    assert (by_name["draft_ready"].client_visible, by_name["verdict"].client_writable) == (True, True)
    assert by_name["desk"].source == Source(kind="config", env_var="NEWS_DESK")
    assert by_name["reader"].source == Source(
        kind="data_reference",
        collection="readers",
        query_template={"reader_id": "${user_id}"},
        fields=("name", "town"),
    )
    assert by_name["house_style"].source == Source(kind="file", path="data/style.json", format="json")
    assert by_name["urgent"].source.kind == "computed"
    assert [(shown.agent, shown.variables) for shown in newsroom.context_exposure] == [
        ("Reporter", ("desk", "house_style", "user_id")),
        ("Editor", ("verdict",)),
    ]


def test_structured_outputs_are_json_schemas(newsroom: WorkflowSpec) -> None:
    verdict, sources = newsroom.structured_outputs
    assert (verdict.agent, verdict.model_name) == ("Editor", "Verdict")
    assert verdict.json_schema == {
        "title": "Verdict",
        "type": "object",
        "description": "What the editor decided.",
        "properties": {
            "score": {"type": "integer", "description": "From 0 to 10."},
            "decision": {"enum": ["print", "hold"]},
            "notes": {"type": "array", "items": {"$ref": "#/$defs/Note"}},
            "reviewer": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["score", "decision", "notes"],
        "additionalProperties": False,
        "$defs": {
            "Note": {
                "title": "Note",
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "weight": {"anyOf": [{"type": "integer"}, {"type": "number"}]},
                },
                "required": ["text", "weight"],
                "additionalProperties": False,
            }
        },
    }
    assert (sources.agent, sources.model_name, sources.when) == ("Reporter", "Sources", "${draft_ready}")
    assert sources.json_schema["properties"] == {"links": {"type": "array", "items": {"type": "string"}}}


def test_hooks_and_nested_chats(newsroom: WorkflowSpec) -> None:
    assert [(hook.event, hook.function, hook.agent) for hook in newsroom.hooks] == [
        ("on_workflow_start", FunctionRef(path="hooks/desk.py", function="open_desk"), None),
        ("update_agent_state", FunctionRef(path="hooks/desk.py", function="brief"), "Reporter"),
    ]
    assert newsroom.nested_chats == (
        NestedChatSpec(
            trigger_agent="Editor",
            resume_agent="Reporter",
            max_children=3,
            timeout_seconds=600,
            on_partial_failure="fail_all",
        ),
    )
