"""Which workflows become children, and which are refused by name."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from mozaiks.chats.states import Chat, Greeting
from mozaiks.children.planning import MAX_CHILDREN, plan
from mozaiks.children.selection import Asked, Selection
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import AgentSpec, NestedChatSpec, WorkflowSpec

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
INSTALLED = {"alpha": "Alpha", "beta": "Beta", "root": "Root"}
SPEC = WorkflowSpec(
    name="Root",
    version="v",
    initial_agent="Planner",
    agents=(AgentSpec(name="Planner"), AgentSpec(name="Merger"), AgentSpec(name="Other")),
)
NESTED = NestedChatSpec(trigger_agent="Planner", resume_agent="Merger")
ROOT = Chat("p", "acme", "ann", "Root", "v", Greeting("BackendOnly", "Planner"), 1, NOW, NOW)


def declared(name: str) -> str:
    if name.casefold() not in INSTALLED:
        raise MozaiksError("WORKFLOW_NOT_FOUND", f"there is no workflow {name!r}")
    return INSTALLED[name.casefold()]


def planned(*names: str, chat: Chat = ROOT, nested: NestedChatSpec = NESTED, **more: Any) -> Any:
    selection = Selection(tuple(Asked(name) for name in names), **more)
    return plan(chat, SPEC, nested, selection, turn_no=4, declared=declared, now=NOW)


def test_names_are_found_in_any_case_and_kept_in_the_workflows_spelling() -> None:
    batch = planned("ALPHA", "beta")
    assert [child.workflow_name for child in batch.children] == ["Alpha", "Beta"]


def test_ids_are_the_same_for_the_same_turn_and_differ_for_any_other() -> None:
    one, again = planned("Alpha", "Alpha"), planned("Alpha", "Alpha")
    assert one == again
    ids = {child.chat_id for child in one.children}
    ids |= {child.chat_id for child in planned("Alpha", chat=replace(ROOT, chat_id="q")).children}
    assert len(ids) == 3


def test_unknown_workflows_are_skipped_and_say_so() -> None:
    batch = planned("Gamma", "Alpha")
    assert [(each.workflow_name, each.code) for each in batch.skipped] == [("Gamma", "WORKFLOW_NOT_FOUND")]
    assert [child.workflow_name for child in batch.children] == ["Alpha"]


def test_a_circle_is_refused_by_name() -> None:
    grandchild = replace(ROOT, workflow_name="Beta", lineage=("Root", "Alpha"))
    (skipped,) = planned("alpha", chat=grandchild).skipped
    assert skipped.code == "CHILD_REFUSED"
    assert "Alpha -> Beta -> Alpha" in skipped.message


def test_the_fourth_level_is_refused() -> None:
    third = replace(ROOT, workflow_name="W3", lineage=("W0", "W1", "W2"))
    assert planned("Alpha", chat=replace(third, lineage=("W0", "W1"))).children
    (skipped,) = planned("Alpha", chat=third).skipped
    assert skipped.code == "CHILD_REFUSED"


def test_no_more_than_the_manifest_allows_and_never_more_than_the_product_does() -> None:
    few = NestedChatSpec(trigger_agent="Planner", max_children=2)
    assert (len(planned(*["Alpha"] * 3, nested=few).children), len(planned(*["Alpha"] * 3, nested=few).skipped)) == (
        2,
        1,
    )
    many = NestedChatSpec(trigger_agent="Planner", max_children=10_000)
    assert len(planned(*["Alpha"] * (MAX_CHILDREN + 5), nested=many).children) == MAX_CHILDREN


def test_the_output_says_who_goes_on_before_the_manifest_does() -> None:
    assert planned("Alpha").resume_agent == "Merger"
    assert planned("Alpha", resume_agent="Other").resume_agent == "Other"
    assert planned("Alpha", resume_agent="Nobody").resume_agent == "Merger"


def test_the_deadline_is_the_batchs() -> None:
    timed = NestedChatSpec(trigger_agent="Planner", timeout_seconds=90)
    assert (planned("Alpha", nested=timed).deadline - NOW).total_seconds() == 90
    assert planned("Alpha").deadline is None
