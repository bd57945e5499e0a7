"""Hooks and lifecycle tools: what they are given, what they change, and what their failing means."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from mozaiks.authoring import AbortRun
from mozaiks.engine.functions import load_function
from mozaiks.manifests import load_workflow
from mozaiks.manifests.spec import FunctionRef

if TYPE_CHECKING:
    from .conftest import Hooked

T = TypeVar("T")

START = "on_workflow_start: hooks.main.begin"


def wait(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(asyncio.wait_for(work, 30))


# --- what a hook is given -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["def", "async def"])
@pytest.mark.parametrize("parameter", ["context", "context_variables", "ctx", "anything, /"])
def test_a_lone_parameter_gets_the_context(hooked: Hooked, word: str, parameter: str) -> None:
    name = parameter.split(",")[0]
    runner = hooked.runner(f"{word} begin({parameter}): {name}['count'] += 1", START)
    assert wait(runner.fire("on_workflow_start")) == []
    assert hooked.context.changed == {"count": 2}


def test_a_hook_gets_the_facts_it_names(hooked: Hooked) -> None:
    runner = hooked.runner(
        "def moved(from_agent, context, chat_id, app_id, user_id, workflow_name, to_agent, more=3):\n"
        "    context['got'] = [from_agent, to_agent, chat_id, app_id, user_id, workflow_name, more]",
        "on_agent_handoff: hooks.main.moved",
    )
    assert wait(runner.fire("on_agent_handoff", from_agent="Writer", to_agent="Critic")) == []
    assert hooked.context["got"] == ["Writer", "Critic", "chat-1", "app-1", "user-1", "Hooked", 3]


def test_a_hook_without_parameters_is_just_called(hooked: Hooked) -> None:
    assert wait(hooked.runner("def begin(): pass", START).fire("on_workflow_start")) == []


def test_an_open_hook_gets_everything(hooked: Hooked) -> None:
    code = "def failed(context, **facts): context['got'] = sorted(facts)"
    runner = hooked.runner(code, "on_error: hooks.main.failed")
    assert wait(runner.fire("on_error", error={"code": "X"})) == []
    assert {"error", "chat_id", "app_id"} <= set(hooked.context["got"])


def test_a_hook_that_asks_for_what_there_is_not_fails_with_the_names(hooked: Hooked) -> None:
    (failure,) = wait(hooked.runner("def begin(context, moon): pass", START).fire("on_workflow_start"))
    assert "it asks for 'moon'; it can have app_id, chat_id, context" in failure.message


def test_hooks_run_in_file_order_and_see_each_other_s_changes(hooked: Hooked) -> None:
    runner = hooked.runner(
        """
        def one(context): context["seen"].append(1)
        def two(context): context["seen"].append(len(context["seen"]) + 1)
        """,
        """
        - {hook_type: on_workflow_start, filename: main.py, function: one}
        - {hook_type: on_workflow_start, filename: main.py, function: two}
        """,
    )
    assert wait(runner.fire("on_workflow_start")) == []
    assert hooked.context.changed == {"seen": [1, 2]}


def test_only_the_event_s_hooks_run(hooked: Hooked) -> None:
    runner = hooked.runner("def begin(context): context['count'] = 9", START)
    assert wait(runner.fire("on_workflow_complete")) == []
    assert hooked.context.changed == {}


def test_a_hook_of_an_agent_runs_when_the_agent_takes_part(hooked: Hooked) -> None:
    runner = hooked.runner(
        "def moved(context): context['count'] += 1",
        "- {hook_type: on_agent_handoff, hook_agent: Critic, filename: main.py, function: moved}",
    )
    wait(runner.fire("on_agent_handoff", from_agent="Writer", to_agent="user"))
    assert hooked.context["count"] == 1
    wait(runner.fire("on_agent_handoff", from_agent="Writer", to_agent="Critic"))
    assert hooked.context["count"] == 2


# --- texts ----------------------------------------------------------------------------------------------------------


def test_each_text_hook_gets_what_the_one_before_returned_and_none_keeps_it(hooked: Hooked) -> None:
    runner = hooked.runner(
        """
        def shout(text): return text.upper()
        async def keep(message, agent_name, context): context['seen'].append([agent_name, message])
        def end(whatever): return whatever + "!"
        """,
        """
        - {hook_type: process_message_before_send, filename: main.py, function: shout}
        - {hook_type: process_message_before_send, filename: main.py, function: keep}
        - {hook_type: process_message_before_send, filename: main.py, function: end, hook_agent: Writer}
        - {hook_type: process_last_received_message, filename: main.py, function: end}
        """,
    )
    assert wait(runner.process("process_message_before_send", "Writer", "hi")) == ("HI!", [])
    assert wait(runner.process("process_message_before_send", "Critic", "hi")) == ("HI", [])
    assert wait(runner.process("process_last_received_message", "Critic", "hi")) == ("hi!", [])
    assert hooked.context.changed == {"seen": [["Writer", "HI"], ["Critic", "HI"]]}


def test_a_failing_text_hook_keeps_the_text_for_the_next(hooked: Hooked) -> None:
    runner = hooked.runner(
        "def bad(text): raise KeyError(text)\ndef number(text): return 3\ndef end(text): return text + '!'",
        """
        - {hook_type: process_message_before_send, filename: main.py, function: bad}
        - {hook_type: process_message_before_send, filename: main.py, function: number}
        - {hook_type: process_message_before_send, filename: main.py, function: end}
        """,
    )
    text, failures = wait(runner.process("process_message_before_send", "Writer", "hi"))
    assert text == "hi!"
    assert [failure.message for failure in failures] == [
        "the hook process_message_before_send (hooks/main.py:bad) failed: it raised KeyError",
        "the hook process_message_before_send (hooks/main.py:number) failed: it returned int; expected a text, or "
        "None to keep it",
    ]


def test_an_agent_s_system_message_can_be_rewritten(hooked: Hooked) -> None:
    runner = hooked.runner(
        """
        def add(agent_name, system_message, context):
            return f"{system_message} You are {agent_name} no {context['count']}."
        def lone(prompt): return prompt + " Be kind."
        """,
        """
        - {hook_type: update_agent_state, hook_agent: Writer, filename: main.py, function: add}
        - {hook_type: update_agent_state, filename: main.py, function: lone}
        """,
    )
    assert wait(runner.agent_state("Writer", "Write.")) == ("Write. You are Writer no 1. Be kind.", [])
    assert wait(runner.agent_state("Critic", "Judge.")) == ("Judge. Be kind.", [])


# --- lifecycle tools ------------------------------------------------------------------------------------------------


def test_lifecycle_tools_run_at_their_trigger_for_their_agent(hooked: Hooked) -> None:
    runner = hooked.runner(
        """
        def note(context_variables, chat_id, agent_name=None): context_variables["seen"].append([chat_id, agent_name])
        async def greet(context): context["count"] += 1
        """,
        lifecycle="""
        - {trigger: before_chat, file: main.py, function: greet}
        - {trigger: before_agent, agent: Writer, file: main.py, function: note}
        - {trigger: before_agent, file: main.py, function: greet}
        """,
    )
    assert wait(runner.lifecycle("before_chat")) == []
    assert hooked.context.changed == {"count": 2}
    assert wait(runner.lifecycle("before_agent", "Critic")) == []
    assert hooked.context.changed == {"count": 3}
    assert wait(runner.lifecycle("before_agent", "Writer")) == []
    assert hooked.context.changed == {"count": 4, "seen": [["chat-1", "Writer"]]}
    assert wait(runner.lifecycle("after_agent", "Writer")) == []
    assert hooked.context["count"] == 4


# --- failing --------------------------------------------------------------------------------------------------------


def test_a_failing_hook_is_reported_without_its_words_and_logged_with_them(
    hooked: Hooked, caplog: pytest.LogCaptureFixture
) -> None:
    runner = hooked.runner("def begin(context): raise ValueError('password=hunter2')", START)
    with caplog.at_level(logging.WARNING, "mozaiks.engine"):
        (failure,) = wait(runner.fire("on_workflow_start"))
    assert (failure.hook, failure.function, failure.code) == (
        "on_workflow_start",
        "hooks/main.py:begin",
        "HOOK_FAILED",
    )
    assert failure.message == "the hook on_workflow_start (hooks/main.py:begin) failed: it raised ValueError"
    assert "hunter2" in caplog.text
    assert "Traceback" in caplog.text


def test_a_failing_hook_changes_nothing_and_the_next_one_runs(hooked: Hooked) -> None:
    runner = hooked.runner(
        """
        def bad(context):
            context["count"] = 100
            context["seen"].append(1)
            raise ValueError
        def good(context): context["count"] += 1
        """,
        """
        - {hook_type: on_workflow_start, filename: main.py, function: bad}
        - {hook_type: on_workflow_start, filename: main.py, function: good}
        """,
    )
    assert len(wait(runner.fire("on_workflow_start"))) == 1
    assert hooked.context.changed == {"count": 2}


@pytest.mark.parametrize("value", ["object()", "float('nan')", "{1, 2}"])
def test_a_value_that_is_no_json_is_refused(hooked: Hooked, value: str) -> None:
    runner = hooked.runner(f"def begin(context): context['count'] = {value}", START)
    (failure,) = wait(runner.fire("on_workflow_start"))
    assert "it set a variable of ['count'] to something that is no JSON" in failure.message
    assert hooked.context.changed == {}


@pytest.mark.parametrize("word", ["def", "async def"])
def test_abort_run_passes_through_with_its_message_and_keeps_the_changes(hooked: Hooked, word: str) -> None:
    runner = hooked.runner(
        f"""
        from mozaiks.authoring import AbortRun
        {word} begin(context):
            context["count"] = 0
            raise AbortRun("no credit left")
        """,
        START,
    )
    with pytest.raises(AbortRun, match="no credit left") as caught:
        wait(runner.fire("on_workflow_start"))
    assert caught.value.message == "no credit left"
    assert hooked.context.changed == {"count": 0}


def test_abort_run_of_a_hook_that_set_no_json_still_ends_the_run(hooked: Hooked) -> None:
    code = """
        from mozaiks.authoring import AbortRun
        def begin(context):
            context["x"] = {1}
            raise AbortRun("over")
    """
    with pytest.raises(AbortRun, match="over"):
        wait(hooked.runner(code, START).fire("on_workflow_start"))
    assert hooked.context.changed == {}


def test_a_hook_that_hangs_is_given_up_and_can_change_nothing_later(hooked: Hooked) -> None:
    code = """
        import threading
        release, ended = threading.Event(), threading.Event()
        def begin(context):
            context["count"] = 50
            release.wait(60)
            context["count"] = 100
            ended.set()
        def gates(): return release, ended
    """
    runner = hooked.runner(code, START, seconds=0.05)
    (failure,) = wait(runner.fire("on_workflow_start"))
    assert failure.message.endswith("it took longer than 0.05 s")
    release, ended = _gates(hooked)
    release.set()
    assert ended.wait(20)
    assert hooked.context["count"] == 1


def _gates(hooked: Hooked) -> tuple[threading.Event, threading.Event]:
    ref = FunctionRef(path="hooks/main.py", function="gates")
    release, ended = load_function(load_workflow(hooked.folder), hooked.folder, ref)()
    return release, ended


def test_an_async_hook_that_hangs_is_given_up(hooked: Hooked) -> None:
    code = "import asyncio\nasync def begin(context): await asyncio.sleep(600)"
    (failure,) = wait(hooked.runner(code, START, seconds=0.05).fire("on_workflow_start"))
    assert "it took longer than 0.05 s" in failure.message


def test_a_time_out_of_the_hook_s_own_is_told_as_such(hooked: Hooked) -> None:
    (failure,) = wait(hooked.runner("def begin(context): raise TimeoutError", START).fire("on_workflow_start"))
    assert failure.message.endswith("it raised TimeoutError")


def test_a_hook_file_that_cannot_be_imported_is_a_failing_hook(hooked: Hooked) -> None:
    runner = hooked.runner("import no_such_library\ndef begin(context): pass", START)
    (failure,) = wait(runner.fire("on_workflow_start"))
    assert "hooks/main.py cannot be imported: ModuleNotFoundError: No module named 'no_such_library'" in failure.message


def test_a_hook_that_tries_to_end_the_process_fails_like_any_other(hooked: Hooked) -> None:
    (failure,) = wait(hooked.runner("import sys\ndef begin(context): sys.exit(1)", START).fire("on_workflow_start"))
    assert failure.message.endswith("it raised RuntimeError")


def test_cancelling_the_run_is_no_failure_of_the_hook(hooked: Hooked) -> None:
    runner = hooked.runner("import asyncio\nasync def begin(context): await asyncio.sleep(600)", START)

    async def main() -> None:
        task = asyncio.create_task(runner.fire("on_workflow_start"))
        await asyncio.sleep(0.05)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        wait(main())
