"""The state machines keep to what the local executor carries out as AWS does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FILES = sorted((Path(__file__).parents[2] / "statemachines").glob("*.asl.json"))
ALLOWED = {
    "Task": {
        "Resource", "Parameters", "ResultSelector", "ResultPath", "Retry", "Catch", "TimeoutSeconds",
        "TimeoutSecondsPath", "HeartbeatSeconds",
    },
    "Choice": {"Choices", "Default"},
    "Pass": {"Result", "ResultPath", "Parameters"},
    "Wait": {"Seconds", "SecondsPath"},
    "Map": {
        "ItemsPath", "ItemSelector", "ItemProcessor", "MaxConcurrency", "MaxConcurrencyPath", "ResultSelector",
        "ResultPath", "Retry", "Catch",
    },
    "Parallel": {"Branches", "ResultSelector", "ResultPath", "Retry", "Catch"},
    "Succeed": set[str](),
    "Fail": {"Error", "Cause"},
}  # fmt: skip
"""Every field of each type of state. Those of JSONata and variables (``Assign``, ``Arguments``) are not among them."""
EVERYWHERE = {"Type", "Comment", "Next", "End", "InputPath", "OutputPath"}
RESOURCES = {"arn:aws:states:::lambda:invoke", "arn:aws:states:::lambda:invoke.waitForTaskToken"}
"""No nested executions, neither started nor waited for: a chat or journey is opened by a function."""
COMPARISONS = {"Variable", "StringEquals", "Next"}
MACHINE = {"Comment", "StartAt", "States", "TimeoutSeconds"}
INLINE = {"ProcessorConfig": {"Mode": "INLINE"}}


def states(machine: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, state and the machine it belongs to; those inside of Maps and branches too."""
    for name, state in machine["States"].items():
        yield name, state, machine
        for inner in [*([state["ItemProcessor"]] if "ItemProcessor" in state else []), *state.get("Branches", [])]:
            yield from states(inner)


def complaints(machine: dict[str, Any]) -> list[str]:
    found = [f"the machine has {key!r}" for key in machine.keys() - MACHINE]
    for name, state, owner in states(machine):
        kind = state["Type"]
        if kind not in ALLOWED:
            found.append(f"{name} is a {kind}")
            continue
        found += [f"{name} has {key!r}" for key in state.keys() - ALLOWED[kind] - EVERYWHERE]
        if kind == "Task" and state["Resource"] not in RESOURCES:
            found.append(f"{name} calls {state['Resource']}")
        if kind == "Map" and state["ItemProcessor"].get("ProcessorConfig") != INLINE["ProcessorConfig"]:
            found.append(f"{name} is no inline Map")
        for rule in state.get("Choices", []):
            found += [f"{name} compares with {key!r}" for key in rule.keys() - COMPARISONS]
        following = [state.get("Next"), state.get("Default")]
        following += [each["Next"] for key in ("Choices", "Catch") for each in state.get(key, [])]
        found += [f"{name} goes on to {each}" for each in following if each is not None and each not in owner["States"]]
        if kind not in ("Choice", "Succeed", "Fail") and ("Next" in state) == ("End" in state):
            found.append(f"{name} goes on to nothing, or both goes on and ends")
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_state_machine_uses_what_works_in_the_local_executor(file: Path) -> None:
    assert complaints(json.loads(file.read_text())) == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_task_is_tried_again(file: Path) -> None:
    tasks = [(name, state) for name, state, _ in states(json.loads(file.read_text())) if state["Type"] == "Task"]
    assert tasks
    for name, state in tasks:
        errors = {error for retry in state["Retry"] for error in retry["ErrorEquals"]}
        assert errors & {"States.TaskFailed", "States.ALL"}, name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_task_that_waits_for_its_token_hands_it_over_and_no_other_does(file: Path) -> None:
    for name, state, _ in states(json.loads(file.read_text())):
        if state["Type"] == "Task":
            waits = state["Resource"].endswith(".waitForTaskToken")
            assert ("$$.Task.Token" in json.dumps(state["Parameters"])) == waits, name


def test_two_machines_are_looked_at() -> None:
    assert {file.name for file in FILES} >= {"run.asl.json", "journey.asl.json"}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"QueryLanguage": "JSONata"}, "the machine has 'QueryLanguage'"),
        ({"States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync:2", "End": True}}},
         "A calls arn:aws:states:::states:startExecution.sync:2"),
        ({"States": {"A": {"Type": "Pass", "Assign": {"x": 1}, "End": True}}}, "A has 'Assign'"),
        ({"States": {"A": {"Type": "Pass", "Next": "B"}}}, "A goes on to B"),
    ],
)  # fmt: skip
def test_what_does_not_work_is_found(change: dict[str, Any], complaint: str) -> None:
    assert complaint in complaints({"StartAt": "A", "States": {}, **change})
