"""Spans of OpenTelemetry: what a collector hears of slices and their calls, and what it never hears."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mozaiks.otlp import OtlpTracer
from otlp_collector import Collector

from .conftest import Bench

ROOT = Path(__file__).parents[3]
OneAgent = Callable[..., str]
CANARY = "canary-7f3a"
TOOLS = "tools:\n- name: look\n  file: tools/code.py\n  function: look\n"
CODE = f'''def look(where: str = "") -> dict:
    """Look."""
    if where.endswith("nowhere"):
        raise ValueError(f"{CANARY} cannot be looked at: {{where}}")
    return {{"seen": "{CANARY}"}}
'''


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.close()


@pytest.fixture
def traced(bench: Bench, collector: Collector) -> Iterator[Callable[..., None]]:
    """Lets the bench go on as a worker that sends spans."""
    tracers: list[OtlpTracer] = []

    def configure(**settings: Any) -> None:
        bench.configure(otel_exporter_otlp_endpoint=collector.url, **settings)
        assert isinstance(bench.parts.tracer, OtlpTracer)
        tracers.append(bench.parts.tracer)

    yield configure
    for each in tracers:
        each.close()


def look(where: str = "") -> dict[str, Any]:
    return {"after": "user", "call": {"tool": "look", "arguments": {"where": where}}}


def test_a_slice_holds_its_turn_and_the_turn_its_calls(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    chat_id = one_agent(look(), {"say": "Done"}, tools=TOOLS, code=CODE)
    traced()
    bench.run(chat_id)
    spans = {span["id"]: span for span in collector.spans}
    tree = [(span["name"], spans[span["parent"]]["name"] if span["parent"] else None) for span in collector.spans]
    assert sorted(tree, key=str) == [
        ("chat gpt-4o-mini", "invoke_agent Host"),
        ("chat gpt-4o-mini", "invoke_agent Host"),
        ("execute_tool look", "invoke_agent Host"),
        ("invoke_agent Host", "slice"),
        ("slice", None),
    ]


def test_spans_hold_ids_and_token_counts(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    chat_id = one_agent({"say": "Done"})
    traced()
    bench.run(chat_id)
    ids = {"mozaiks.app_id": "acme", "mozaiks.chat_id": chat_id, "mozaiks.run_no": 1, "mozaiks.workflow_name": "Play"}
    assert all(ids.items() <= span["facts"].items() for span in collector.spans)
    (delta,) = [event.data for event in bench.log(chat_id) if event.type == "chat.usage_delta"]
    facts = collector.one("chat gpt-4o-mini")["facts"]
    assert (facts["gen_ai.agent.name"], facts["gen_ai.response.model"]) == ("Host", "gpt-4o-mini")
    assert facts["gen_ai.usage.input_tokens"] == delta["prompt_tokens"] > 0
    assert facts["gen_ai.usage.output_tokens"] == delta["completion_tokens"] > 0
    assert collector.one("slice")["facts"]["mozaiks.outcome"] == "waiting"
    assert collector.one("slice")["process"]["service.name"] == "mozaiks"


def test_no_span_holds_what_was_said_called_or_raised(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    chat_id = one_agent(
        {**look(f"{CANARY}-here"), "step": 0},
        {"after": "tool", "step": 1, "call": {"tool": "look", "arguments": {"where": f"{CANARY}-nowhere"}}},
        {"say": f"{CANARY} is what I saw"},
        text=f"{CANARY} is what I say",
        tools=TOOLS,
        code=CODE,
        agent_fields={"Host": {"system_message": f"{CANARY} is what you are."}},
    )
    traced()
    bench.run(chat_id)
    assert CANARY in json.dumps([event.data for event in bench.log(chat_id)])
    assert [span["failed"] for span in collector.spans if span["name"] == "execute_tool look"] == [False, True]
    assert all(CANARY.encode() not in body for body in collector.bodies)


def test_a_failing_tool_is_a_failed_span_without_words(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    chat_id = one_agent(look("nowhere"), {"say": "Done"}, tools=TOOLS, code=CODE)
    traced()
    bench.run(chat_id)
    span = collector.one("execute_tool look")
    assert (span["failed"], span["facts"]["error.type"], span["said"]) == (True, "tool_error", ("", []))
    assert not collector.one("invoke_agent Host")["failed"]


def test_a_failed_model_call_tells_its_code_alone(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    chat_id = one_agent({"say": "Done"})
    traced(demo_model_url=f"{bench.demo.url}/{CANARY}")
    bench.run(chat_id)
    span = collector.one("chat gpt-4o-mini")
    assert (span["failed"], span["facts"]["error.type"], span["said"]) == (True, "MODEL_REJECTED", ("", []))
    assert collector.one("slice")["facts"]["mozaiks.outcome"] == "failed"


def test_a_name_that_a_model_made_up_is_told_to_nobody(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    chat_id = one_agent(
        {"after": "user", "call": {"tool": CANARY, "arguments": {}}}, {"say": "Done"}, tools=TOOLS, code=CODE
    )
    traced()
    bench.run(chat_id)
    assert bench.said(chat_id)[-1] == ("Host", "Done")
    assert all(CANARY.encode() not in body for body in collector.bodies)


def test_slices_of_one_run_make_one_trace_and_runs_make_several(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    chat_id = one_agent(look(), {"say": "Done"}, tools=TOOLS, code=CODE)
    traced(slice_max_model_calls=1)
    bench.slice(chat_id)
    traced(slice_max_model_calls=1)
    bench.run(chat_id)
    slices = [span for span in collector.spans if span["name"] == "slice"]
    assert len(slices) >= 2
    assert len({span["id"] for span in slices}) == len(slices)
    assert len({span["trace"] for span in collector.spans}) == 1
    bench.say(chat_id, "again")
    bench.run(chat_id)
    assert len({span["trace"] for span in collector.spans}) == 2


def test_a_turn_that_a_budget_stops_has_not_failed(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    chat_id = one_agent(look(), {"say": "Done"}, tools=TOOLS, code=CODE)
    traced(slice_max_model_calls=1)
    assert bench.slice(chat_id)["outcome"] == "continue"
    assert not any(span["failed"] for span in collector.spans)


def test_spans_are_there_when_the_slice_returns(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    chat_id = one_agent({"say": "Done"})
    traced()
    bench.slice(chat_id)
    assert [span["name"] for span in collector.spans][-1] == "slice"


def test_a_question_is_a_span_of_its_own_and_so_is_its_answer(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    asks = TOOLS + "  requires_approval: true\n"
    chat_id = one_agent(look(), {"say": "Done"}, tools=asks, code=CODE)
    traced()
    bench.run(chat_id)
    span = collector.one("execute_tool look")
    assert (span["failed"], span["facts"]["mozaiks.tool.status"]) == (False, "asked")


def test_a_collector_that_refuses_changes_nothing_for_the_chat(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    collector.status = 400
    chat_id = one_agent({"say": "Done"})
    traced()
    assert bench.run(chat_id)["outcome"] == "waiting"
    assert bench.said(chat_id)[-1] == ("Host", "Done")
    assert len(collector.headers) == 1


def test_headers_of_the_settings_reach_the_collector(
    bench: Bench, one_agent: OneAgent, collector: Collector, traced: Callable[..., None]
) -> None:
    chat_id = one_agent({"say": "Done"})
    traced(otel_exporter_otlp_headers="x-key=hush%20hush,x-set=chats")
    bench.run(chat_id)
    assert (collector.headers[0]["x-key"], collector.headers[0]["x-set"]) == ("hush hush", "chats")


LOADED = """
import sys
from mozaiks.bootstrap import parts
import asyncio
async def make():
    return parts().slices()
if sys.argv[1:]:
    sys.meta_path.insert(0, type("Missing", (), {"find_spec": staticmethod(
        lambda name, *_: (_ for _ in ()).throw(ModuleNotFoundError(name=name)) if name == sys.argv[1] else None
    )}))
asyncio.run(make())
print([name for name in sys.modules if name.startswith("opentelemetry.exporter") or name == "mozaiks.otlp"])
"""
"""The SDK alone is not looked for: AG2 loads it by itself where it is installed."""


def worker(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", LOADED, *arguments],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "layers" / "runtime"),
            "MONGODB_URI": "mongodb://127.0.0.1:1/?directConnection=true",
            "MOZAIKS_WORKFLOWS_PATH": str(ROOT / "workflows"),
            "STAGE": "local",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_without_an_address_nothing_of_it_is_loaded() -> None:
    done = worker()
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


def test_with_an_address_and_without_the_packages_the_error_names_them() -> None:
    done = worker("opentelemetry.exporter", OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.returncode != 0
    assert "requirements/otel.txt" in done.stderr
    assert "opentelemetry.exporter" in done.stderr
