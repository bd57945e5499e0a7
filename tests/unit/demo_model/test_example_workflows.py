"""The example workflows' demo scripts hold a believable conversation with the workflows' real tools."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

import pytest

from mozaiks_local.demo_model import DemoModel, run_in_thread
from unit.demo_model.desk import WORKFLOWS, Desk, manifest

Begin = Callable[..., Desk]


@pytest.fixture(scope="module")
def running() -> Iterator[DemoModel]:
    with run_in_thread(WORKFLOWS) as model:
        yield model


@pytest.fixture
def begin(running: DemoModel) -> Begin:
    return lambda workflow, **options: Desk(workflow, running.url, **options)


def test_hello_world_greets_teaches_and_says_goodbye(begin: Begin) -> None:
    desk = begin("HelloWorld")
    assert "welcome" in desk.said[0][1]
    assert "こんにちは" in desk.user("How do I say hello in Japanese?")
    assert "welcome" in desk.user("thanks!").lower()
    assert "Goodbye" in desk.user("bye")
    assert desk.ended
    assert desk.path == ["look_up_greeting", "terminate"]


def test_hello_world_admits_a_language_it_does_not_know(begin: Begin) -> None:
    assert "no greeting for Klingon" in begin("HelloWorld").user("and in Klingon?")


def test_hello_world_surprises_each_chat_with_the_same_language_again(begin: Begin) -> None:
    first, again = (begin("HelloWorld", chat_id="c7").user("surprise me") for _ in range(2))
    assert first == again
    assert "pronounced" in first


def test_a_broken_router_goes_from_the_front_desk_to_a_ticket(begin: Begin) -> None:
    desk = begin("CustomerSupport")
    answer = desk.user("Hi, the router from my order ORD-1001 keeps dropping the wifi, thanks")
    assert desk.path == [
        "lookup_order",
        "transfer_to_TechnicalAgent",
        "run_diagnostics",
        "transfer_to_EscalationAgent",
        "create_ticket",
    ]
    assert desk.variables["ticket_id"] in answer
    assert desk.speaker == "EscalationAgent"
    desk.user("thanks, bye")
    assert desk.ended


def test_the_order_number_may_come_after_the_problem(begin: Begin) -> None:
    desk = begin("CustomerSupport")
    assert "Which order" in desk.user("My wifi is broken")
    assert desk.variables == {}
    desk.user("it is ord-1001")
    assert desk.path[-1] == "create_ticket"


def test_advice_comes_first_and_a_ticket_when_it_does_not_help(begin: Begin) -> None:
    desk = begin("CustomerSupport")
    assert "Hold the top button" in desk.user("My speaker from ORD-1002 has no sound")
    assert desk.speaker == "TechnicalAgent"
    assert "TCK-" in desk.user("still nothing")
    assert desk.speaker == "EscalationAgent"


def test_a_delivery_question_stays_at_the_front_desk(begin: Begin) -> None:
    desk = begin("CustomerSupport")
    assert "should reach you" in desk.user("Where is ORD-1003?")
    assert "You are welcome" in desk.user("Thanks!")
    assert desk.path == ["lookup_order", "terminate"]


def test_an_unknown_order_is_asked_for_again(begin: Begin) -> None:
    desk = begin("CustomerSupport")
    assert "cannot find an order ORD-9999" in desk.user("ORD-9999 is broken")
    assert desk.speaker == "FrontlineAgent"


def test_another_order_goes_back_to_the_front_desk(begin: Begin) -> None:
    desk = begin("CustomerSupport")
    desk.user("The router from ORD-1001 drops the wifi")
    assert "Nimbus headphones" in desk.user("And where is ORD-1003?")
    assert desk.speaker == "FrontlineAgent"


def test_the_same_ticket_is_not_opened_twice(begin: Begin) -> None:
    tickets = {}
    for _ in range(2):
        desk = begin("CustomerSupport")
        desk.user("The router from ORD-1001 drops the wifi")
        tickets[desk.variables["ticket_id"]] = desk.path.count("create_ticket")
    assert list(tickets.values()) == [1]


@pytest.mark.parametrize("workflow", ["HelloWorld", "CustomerSupport"])
def test_every_tool_function_is_documented_and_typed(begin: Begin, workflow: str) -> None:
    desk = begin(workflow)
    for name in desk.tools:
        signature = inspect.signature(desk.function(name))
        assert inspect.getdoc(desk.function(name))
        assert signature.return_annotation is not inspect.Signature.empty
        assert all(parameter.annotation is not inspect.Parameter.empty for parameter in signature.parameters.values())


@pytest.mark.parametrize("workflow", ["HelloWorld", "CustomerSupport"])
def test_a_script_speaks_for_agents_the_workflow_has_and_calls_tools_they_have(workflow: str) -> None:
    agents = manifest(workflow, "agents")["agents"]
    leaving = {
        (rule["from_agent"], rule["to_agent"] if rule["to_agent"] == "terminate" else f"transfer_to_{rule['to_agent']}")
        for rule in manifest(workflow, "handoffs")["handoffs"]
        if rule["condition_type"] == "llm"
    }
    script = manifest(workflow, "demo/script")["agents"]
    assert set(script) == set(agents)
    for agent, rules in script.items():
        for rule in rules:
            for call in [rule["call"]] if isinstance(rule.get("call"), dict) else rule.get("call", []):
                assert call["tool"] in agents[agent]["tools"] or (agent, call["tool"]) in leaving
