"""When a run stops though its rules would go on."""

from __future__ import annotations

from typing import Any

from mozaiks.engine.limits import stop_of
from mozaiks.engine.state import EngineState
from mozaiks.manifests.spec import AgentSpec, Termination, TextMatch, WorkflowSpec


def spec(**fields: Any) -> WorkflowSpec:
    agents = (AgentSpec(name="A", max_consecutive_auto_reply=2), AgentSpec(name="B"))
    return WorkflowSpec(name="W", version="v", initial_agent="A", agents=agents, **fields)


def reason(
    workflow: WorkflowSpec, state: EngineState, *, text: str | None = "x", seconds: float = 0, to: str | None = "B"
) -> str | None:
    stop = stop_of(workflow, state, "A", text, seconds, to)
    return None if stop is None else stop.reason


def test_a_run_within_its_limits_goes_on() -> None:
    assert reason(spec(), EngineState(run_turns=49, replies=100, repeats=1)) is None


def test_the_last_turn_of_a_run_is_its_last() -> None:
    assert reason(spec(max_turns=3), EngineState(run_turns=3)) == "max_turns"


def test_a_run_that_turns_to_the_user_anyway_needs_no_stop() -> None:
    assert reason(spec(max_turns=3), EngineState(run_turns=3), to=None) is None


def test_words_end_a_run_whoever_would_follow() -> None:
    workflow = spec(termination=Termination(text=TextMatch(contains="APPROVED")))
    assert reason(workflow, EngineState(), text="It is APPROVED now", to=None) == "text"
    assert reason(workflow, EngineState(), text=None) is None


def test_time_ends_a_run() -> None:
    workflow = spec(termination=Termination(max_seconds=10))
    assert reason(workflow, EngineState(), seconds=10) == "max_seconds"
    assert reason(workflow, EngineState(), seconds=9.9) is None


def test_agents_among_themselves_are_stopped_after_their_turns() -> None:
    workflow = spec(termination=Termination(max_consecutive_auto_replies=4))
    assert reason(workflow, EngineState(replies=4)) == "max_consecutive_auto_replies"
    assert reason(workflow, EngineState(replies=3)) is None


def test_an_agent_that_only_hears_itself_is_stopped() -> None:
    assert reason(spec(), EngineState(repeats=2), to="A") == "max_consecutive_auto_reply"
    assert reason(spec(), EngineState(repeats=2), to="B") is None
