"""What model calls cost is told, kept once, summed up at a run's end, and held against budgets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mozaiks.access.principal import Tenant
from mozaiks.store.ledger import entry_of
from mozaiks.usage.ledger import LedgerEntry

from .conftest import Bench

OneAgent = Callable[..., str]
OWN = {"gpt-4o-mini": {"input": 1, "output": 2}}
TOOL = "tools:\n- name: look\n  file: tools/code.py\n  function: look\n"
CODE = 'def look() -> dict:\n    """Look."""\n    return {"seen": 1}\n'


def ledger(bench: Bench, chat_id: str) -> list[LedgerEntry]:
    found = bench.parts.database["run_usage"].find({"chat_id": chat_id}, sort=[("run_no", 1)])
    return [entry_of(each) for each in found]


def of_type(bench: Bench, chat_id: str, type_: str) -> list[dict[str, Any]]:
    return [event.data for event in bench.log(chat_id) if event.type == type_]


def test_each_call_is_told_with_its_cost(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi there"})
    bench.configure(model_prices=OWN)
    bench.run(chat_id)
    (delta,) = of_type(bench, chat_id, "chat.usage_delta")
    assert (delta["agent"], delta["model"], delta["reasoning_tokens"]) == ("Host", "gpt-4o-mini", 0)
    assert delta["cost_usd"] == pytest.approx((delta["prompt_tokens"] + 2 * delta["completion_tokens"]) / 1e6)
    assert "unpriced_models" not in delta


def test_the_price_library_knows_the_model(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi there"})
    bench.run(chat_id)
    assert of_type(bench, chat_id, "chat.usage_delta")[0]["cost_usd"] > 0


def test_a_model_without_a_price_is_named_and_its_cost_is_null(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi there"}, agent_fields={"Host": {"llm_config": {"model": "home-made"}}})
    bench.run(chat_id)
    for type_ in ("chat.usage_delta", "chat.usage_summary"):
        (told,) = of_type(bench, chat_id, type_)
        assert (told["cost_usd"], told["unpriced_models"], told["model"]) == (None, ["home-made"], "home-made")
    (entry,) = ledger(bench, chat_id)
    assert (entry.sum.cost_usd, entry.sum.unpriced_models) == (None, ("home-made",))


def test_a_run_is_summed_up_before_its_end(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "look", "arguments": {}}}, {"say": "Done"}, tools=TOOL, code=CODE
    )
    bench.run(chat_id)
    deltas = of_type(bench, chat_id, "chat.usage_delta")
    (summary,) = of_type(bench, chat_id, "chat.usage_summary")
    assert (len(deltas), summary["model_calls"], summary["run_no"]) == (2, 2, 1)
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        assert summary[name] == sum(delta[name] for delta in deltas)
    assert summary["cost_usd"] == pytest.approx(sum(delta["cost_usd"] for delta in deltas))
    assert bench.types(chat_id)[-2:] == ["usage_summary", "run_complete"]


def test_each_run_has_a_sum_of_its_own(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi there"})
    bench.run(chat_id)
    bench.say(chat_id, "again")
    bench.run(chat_id)
    first, second = of_type(bench, chat_id, "chat.usage_summary")
    assert (first["run_no"], second["run_no"], second["model_calls"]) == (1, 2, 1)
    entries = ledger(bench, chat_id)
    assert [entry.run_no for entry in entries] == [1, 2]
    assert [entry.sum.total_tokens for entry in entries] == [first["total_tokens"], second["total_tokens"]]
    assert bench.parts.spending.of_chat(Tenant("acme", "ann"), chat_id).model_calls == 2


@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_a_slice_that_is_run_again_is_paid_for_once(bench: Bench, one_agent: OneAgent, write: int) -> None:
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "look", "arguments": {}}}, {"say": "Done"}, tools=TOOL, code=CODE
    )
    bench.die_at_write(write)
    with pytest.raises(Exception, match="the worker is no more"):
        bench.slice(chat_id)
    bench.revive(chat_id)
    bench.run(chat_id)
    deltas = of_type(bench, chat_id, "chat.usage_delta")
    (entry,) = ledger(bench, chat_id)
    assert len(deltas) == entry.sum.model_calls == 2
    assert entry.sum.total_tokens == sum(delta["total_tokens"] for delta in deltas)
    assert (entry.status, entry.ended_at is not None) == ("waiting", True)


def test_what_the_ledger_knows_of_a_run(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": "Hi there"})
    bench.run(chat_id)
    (entry,) = ledger(bench, chat_id)
    assert (entry.app_id, entry.user_id, entry.workflow_name) == ("acme", "ann", "Play")
    assert (entry.chat_id, entry.root_chat_id, entry.journey_run_id) == (chat_id, chat_id, None)
    assert [(row["agent"], row["model"]) for row in entry.rows] == [("Host", "gpt-4o-mini")]


def test_an_answer_of_no_use_is_paid_for(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent({"say": " "})
    bench.configure(model_attempts=1)
    assert bench.run(chat_id)["outcome"] == "failed"
    assert bench.errors(chat_id) == [("error", "MODEL_INVALID_RESPONSE")]
    (entry,) = ledger(bench, chat_id)
    assert (entry.sum.model_calls, entry.status) == (1, "failed")
    assert bench.chat(chat_id).usage["model_calls"] == len(of_type(bench, chat_id, "chat.usage_delta")) == 1


def test_the_choice_of_a_speaker_is_paid_for_by_nobody_in_particular(bench: Bench) -> None:
    bench.workflow(
        {
            "SpeakerSelector": [{"say": '{"agent": "Second"}'}],
            "First": [{"say": "I am first"}],
            "Second": [{"say": "I am second"}],
        },
        agents_of=["First", "Second"],
        pattern="Auto",
        max_turns=2,
    )
    chat_id = bench.start()
    bench.run(chat_id)
    (entry,) = ledger(bench, chat_id)
    assert None in {row["agent"] for row in entry.rows}
    assert entry.sum.model_calls == len(of_type(bench, chat_id, "chat.usage_delta"))


def test_a_run_stops_when_its_budget_is_spent(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "look", "arguments": {}}}, {"say": "Done"}, tools=TOOL, code=CODE
    )
    bench.configure(run_budget_tokens=1)
    assert bench.run(chat_id)["outcome"] == "failed"
    assert bench.errors(chat_id) == [("error", "BUDGET_EXCEEDED")]
    chat = bench.chat(chat_id)
    assert (chat.status, chat.usage["model_calls"]) == ("failed", 1)
    assert of_type(bench, chat_id, "chat.run_complete")[0]["result"] == "BUDGET_EXCEEDED"
    assert of_type(bench, chat_id, "chat.usage_summary")[0]["model_calls"] == 1


def test_a_chat_whose_budget_was_spent_goes_on_with_the_next_run(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "look", "arguments": {}}}, {"say": "Done"}, tools=TOOL, code=CODE
    )
    bench.configure(run_budget_tokens=1)
    bench.run(chat_id)
    bench.parts.service.retry(bench.ann, chat_id)
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id)[-1] == ("Host", "Done")


def test_a_budget_in_dollars_stops_what_has_no_price(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "look", "arguments": {}}},
        {"say": "Done"},
        tools=TOOL,
        code=CODE,
        agent_fields={"Host": {"llm_config": {"model": "home-made"}}},
    )
    bench.configure(run_budget_usd=100.0)
    bench.run(chat_id)
    (error,) = of_type(bench, chat_id, "chat.error")
    assert (error["code"], error["details"]["unpriced_models"]) == ("BUDGET_EXCEEDED", ["home-made"])


def test_an_app_that_has_spent_its_day_calls_no_model(bench: Bench, one_agent: OneAgent) -> None:
    first = one_agent({"say": "Hi there"})
    bench.run(first)
    second = bench.start()
    bench.configure(app_daily_budget_tokens=1)
    assert bench.run(second)["outcome"] == "failed"
    (error,) = of_type(bench, second, "chat.error")
    assert (error["code"], error["details"]["scope"]) == ("BUDGET_EXCEEDED", "app")
    assert bench.chat(second).usage["model_calls"] == 0


def test_what_another_app_spends_is_not_counted(bench: Bench, one_agent: OneAgent) -> None:
    bench.run(one_agent({"say": "Hi there"}))
    day = ledger(bench, bench.parts.database["run_usage"].find_one({})["chat_id"])[0].day  # type: ignore[index]
    assert bench.parts.spending.of_day(Tenant("acme"), day).model_calls == 1
    assert bench.parts.spending.of_day(Tenant("other"), day).model_calls == 0


def test_a_run_that_another_execution_takes_on_is_summed_up_whole(bench: Bench, one_agent: OneAgent) -> None:
    chat_id = one_agent(
        {"after": "user", "call": {"tool": "look", "arguments": {}}}, {"say": "Done"}, tools=TOOL, code=CODE
    )
    bench.configure(run_max_slices=1, slice_max_model_calls=1)
    for _ in range(6):
        bench.slice(chat_id)
        if bench.chat(chat_id).status == "waiting":
            break
    (summary,) = of_type(bench, chat_id, "chat.usage_summary")
    assert summary["model_calls"] == 2
    entries = ledger(bench, chat_id)
    assert sum(entry.sum.model_calls for entry in entries) == 2
    assert [entry.status for entry in entries][-1] == "waiting"
    assert {entry.status for entry in entries[:-1]} == {"continued"}
