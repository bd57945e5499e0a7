"""Messages, answers, approvals and silence: what each does to a chat that waits for people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mozaiks.access.sealed import SealedSecret
from mozaiks.chats.answering import answer, answer_command, approve, expire, submit_input
from mozaiks.chats.changes import Change
from mozaiks.chats.states import FINAL, Chat, ChatStatus, PendingInput
from mozaiks.errors import MozaiksError

from .chats import NOW, PAST, approval, chat, form, question, submit, waiting

SCHEMA = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def refused(call: Any) -> MozaiksError:
    with pytest.raises(MozaiksError) as caught:
        call()
    return caught.value


def types(change: Change) -> list[str]:
    return [event.type for event in change.events]


def reply(change: Change) -> dict[str, Any]:
    assert change.command is not None
    return dict(change.command.answer)


# --- answers to components ---


def test_the_answer_of_a_component_is_kept_for_its_call_and_resumes_the_chat() -> None:
    change = answer(waiting(form()), "f1", {"size": "L"}, "m", NOW)
    (kept,) = change.results
    assert (kept.call_id, kept.tool_name) == ("call_f1:answer", "pick")
    assert kept.result == {"response": {"size": "L"}, "timed_out": False}
    assert change.fields["status"] is ChatStatus.RUNNING
    assert (change.fields["run_no"], change.fields["pending"]) == (4, ())
    assert types(change) == ["chat.ui_tool_complete"]
    assert change.events[0].data["status"] == "completed"
    assert change.says is None, "it is a result, not something that was said"


def test_while_others_stay_open_the_chat_waits_for_the_first_of_them() -> None:
    change = answer(waiting(form("f1"), approval("a1"), question("q1")), "f1", 1, "m", NOW)
    assert "status" not in change.fields
    assert change.fields["waiting_for"] == "approval"
    assert [each["request_id"] for each in change.fields["pending"]] == ["a1", "q1"]
    assert reply(change)["queued"] is True


@pytest.mark.parametrize("order", [("f1", "f2", "f3"), ("f3", "f1", "f2"), ("f2", "f3", "f1")])
def test_requests_are_answered_in_any_order_and_the_last_one_resumes(order: tuple[str, ...]) -> None:
    open_requests: tuple[PendingInput, ...] = (form("f1"), form("f2"), form("f3"))
    claimed = []
    for request_id in order:
        change = answer(waiting(*open_requests), request_id, request_id, "m", NOW)
        open_requests = change.fields["pending"]
        claimed.append("run_no" in change.fields)
    assert claimed == [False, False, True]


@pytest.mark.parametrize("response", [None, "", 0, False, [], {"$set": {"a.b": "\x00"}}, "\ud800"])
def test_a_component_may_answer_any_json(response: Any) -> None:
    change = answer(waiting(form()), "f1", response, "m", NOW)
    assert change.results[0].result["response"] == response


def test_an_answer_while_a_run_goes_is_kept_and_starts_no_other_run() -> None:
    going = chat(ChatStatus.RUNNING, run_no=2, pending=(form(),))
    change = answer(going, "f1", 1, "m", NOW)
    assert dict(change.fields) == {"pending": ()}
    assert change.results


def test_a_chat_that_waits_for_children_is_not_resumed_by_an_answer() -> None:
    change = answer(waiting(form(), waiting_for="children"), "f1", 1, "m", NOW)
    assert "status" not in change.fields


def test_an_answer_is_recorded_under_its_request() -> None:
    change = answer(waiting(form()), "f1", 1, "m", NOW)
    assert change.command is not None
    assert change.command.also == (answer_command("f1"),)


@pytest.mark.parametrize("request_id", ["f2", "call_f1", ""])
def test_an_answer_to_what_is_not_open_is_refused(request_id: str) -> None:
    assert refused(lambda: answer(waiting(form()), request_id, 1, "m", NOW)).code == "REQUEST_NOT_OPEN"


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_chat_that_ended_takes_no_answer(status: ChatStatus) -> None:
    ended = chat(status)
    assert refused(lambda: answer(ended, "f1", 1, "m", NOW)).code == "CHAT_ENDED"
    assert refused(lambda: approve(ended, "a1", True, "", "m", NOW)).code == "CHAT_ENDED"


def test_each_kind_is_answered_in_its_own_way() -> None:
    chat_ = waiting(form(), approval(), question())
    for call in (
        lambda: answer(chat_, "a1", True, "m", NOW),
        lambda: approve(chat_, "f1", True, "", "m", NOW),
        lambda: approve(chat_, "q1", True, "", "m", NOW),
        lambda: submit_input(chat_, submit(request_id="f1"), "m", NOW),
        lambda: submit_input(chat_, submit(request_id="a1"), "m", NOW),
    ):
        assert refused(call).code == "VALIDATION"


# --- schemas ---


def test_a_response_that_does_not_fit_is_refused_with_its_place_and_without_its_value() -> None:
    chat_ = waiting(form(schema=SCHEMA))
    error = refused(lambda: answer(chat_, "f1", {"age": "secret"}, "m", NOW))
    assert (error.code, error.details["path"], error.details["rule"]) == ("VALIDATION", "$.age", "type")
    assert "secret" not in error.message + json.dumps(error.details)
    assert answer(chat_, "f1", {"age": 7}, "m", NOW).results[0].result["response"] == {"age": 7}


def test_a_schema_that_fetches_something_fetches_nothing() -> None:
    chat_ = waiting(form(schema={"$ref": "http://127.0.0.1:1/schema.json"}))
    assert refused(lambda: answer(chat_, "f1", 1, "m", NOW)).code == "CONFIGURATION"


def test_a_schema_that_is_none_is_the_workflows_fault() -> None:
    assert refused(lambda: answer(waiting(form(schema={"type": 7})), "f1", 1, "m", NOW)).code == "CONFIGURATION"


def test_a_response_nested_without_end_is_refused() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = {"next": deep}
    schema = {"$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}}}, "$ref": "#/$defs/node"}
    assert refused(lambda: answer(waiting(form(schema=schema)), "f1", deep, "m", NOW)).code == "VALIDATION"


def test_text_that_is_json_answers_a_request_with_a_schema() -> None:
    chat_ = waiting(question(schema=SCHEMA, tool_name="ask", tool_call_id="call"))
    change = submit_input(chat_, submit('{"age": 7}'), "m", NOW)
    assert change.results[0].result["response"] == {"age": 7}
    assert refused(lambda: submit_input(chat_, submit("seven"), "m", NOW)).details["path"] == "$"


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [({"type": "string"}, "42", "42"), ({"type": "string"}, "hi", "hi"), ({"type": "integer"}, "42", 42)],
)
def test_text_is_taken_as_what_the_schema_wants(schema: dict[str, Any], text: str, value: Any) -> None:
    chat_ = waiting(question(schema=schema, tool_name="ask", tool_call_id="call"))
    assert submit_input(chat_, submit(text), "m", NOW).results[0].result["response"] == value


def test_a_request_whose_answer_does_not_fit_stays_open() -> None:
    chat_ = waiting(question(schema=SCHEMA))
    refused(lambda: submit_input(chat_, submit("no"), "m", NOW))
    assert submit_input(chat_, submit('{"age": 1}'), "m", NOW).fields["status"] is ChatStatus.RUNNING


# --- answers to questions ---


def test_an_answer_to_a_question_is_said_in_the_chat() -> None:
    change = answer(waiting(question()), "q1", "Ann", "m", NOW)
    assert types(change) == ["chat.input_ack", "chat.text"]
    assert (change.says, change.events[1].data["content"], change.results) == (1, "Ann", ())


def test_a_structured_answer_to_a_question_is_said_as_json() -> None:
    change = answer(waiting(question(schema=SCHEMA)), "q1", {"age": 7}, "m", NOW)
    assert json.loads(change.events[1].data["content"]) == {"age": 7}


def test_an_answer_to_a_tools_question_is_its_result_and_said_nowhere() -> None:
    chat_ = waiting(question(tool_name="ask", tool_call_id="call_1"))
    change = submit_input(chat_, submit("Ann"), "m", NOW)
    assert types(change) == ["chat.input_ack"]
    assert change.events[0].data["response"] == "Ann"
    assert (change.results[0].call_id, change.says) == ("call_1:answer", None)


@pytest.mark.parametrize("response", [{"a": 1}, None, 7, "", "  ", "\ud800"])
def test_a_question_takes_text_only(response: Any) -> None:
    error = refused(lambda: answer(waiting(question()), "q1", response, "m", NOW))
    assert (error.code, error.details["path"]) == ("VALIDATION", "$")


# --- plain messages ---


def test_a_plain_message_answers_the_only_question_beside_components() -> None:
    change = submit_input(waiting(form(), question()), submit("Ann"), "m", NOW)
    assert reply(change)["request_id"] == "q1"
    assert [each["request_id"] for each in change.fields["pending"]] == ["f1"]


@pytest.mark.parametrize(
    "open_requests", [(form(),), (approval(),), (form(), approval()), (question("a"), question("b"))]
)
def test_a_plain_message_that_answers_nothing_is_stored_and_restarts_no_paused_run(
    open_requests: tuple[PendingInput, ...],
) -> None:
    change = submit_input(waiting(*open_requests), submit("wait!"), "m", NOW)
    assert dict(change.fields) == {}
    assert (types(change), change.says) == (["chat.text"], 0)
    assert (reply(change)["queued"], reply(change)["request_id"]) == (True, None)


def test_a_message_to_a_chat_that_waits_for_its_children_is_queued() -> None:
    change = submit_input(waiting(waiting_for="children"), submit(), "m", NOW)
    assert dict(change.fields) == {}


def test_a_client_may_refuse_to_queue_for_a_paused_run() -> None:
    assert refused(lambda: submit_input(waiting(form()), submit(on_busy="reject"), "m", NOW)).code == "CHAT_BUSY"


def test_a_message_may_interrupt_the_run_that_is_going() -> None:
    change = submit_input(chat(ChatStatus.RUNNING, run_no=2), submit(on_busy="interrupt"), "m", NOW)
    assert dict(change.fields) == {"interrupt_requested": True}
    assert (types(change), change.says, reply(change)["queued"]) == (["chat.text"], 0, True)


def test_where_nothing_runs_there_is_nothing_to_interrupt() -> None:
    for still in (waiting(form()), waiting(question()), chat()):
        change = submit_input(still, submit(on_busy="interrupt"), "m", NOW)
        assert change.fields.get("interrupt_requested", False) is False


# --- approvals ---


@pytest.mark.parametrize(("approved", "status"), [(True, "approved"), (False, "denied")])
def test_an_approval_is_kept_for_its_call_and_told(approved: bool, status: str) -> None:
    change = approve(waiting(approval()), "a1", approved, "because", "m", NOW)
    (kept,) = change.results
    assert kept.call_id == "call_a1:approval"
    assert kept.result == {"approved": approved, "reason": "because", "timed_out": False}
    assert change.events[0].data["status"] == reply(change)["status"] == status
    assert change.fields["status"] is ChatStatus.RUNNING


# --- silence ---


@pytest.mark.parametrize(
    "pending", [form("r"), form("r", expires_at=NOW.replace(year=2027)), form("other", expires_at=PAST)]
)
def test_what_is_not_due_or_not_open_does_not_expire(pending: PendingInput) -> None:
    assert expire(waiting(pending), "r", "m", NOW) == Change()


def test_nothing_expires_under_a_run_that_is_going() -> None:
    going = chat(ChatStatus.RUNNING, run_no=2, pending=(form(expires_at=PAST),))
    assert expire(going, "f1", "m", NOW) == Change()


def test_silence_is_answered_with_the_default() -> None:
    chat_ = waiting(form(expires_at=PAST, on_timeout="default", default={"size": "S"}))
    change = expire(chat_, "f1", "m", NOW)
    assert change.results[0].result == {"response": {"size": "S"}, "timed_out": True}
    assert types(change) == ["chat.input_timeout", "chat.ui_tool_complete"]
    assert change.events[1].data["status"] == "timed_out"
    assert change.fields["status"] is ChatStatus.RUNNING


@pytest.mark.parametrize(
    ("default", "approved"), [(True, True), (False, False), (None, False), ("yes", False), (1, False)]
)
def test_silence_approves_only_where_the_default_is_true(default: Any, approved: bool) -> None:
    chat_ = waiting(approval(expires_at=PAST, on_timeout="default", default=default))
    result = expire(chat_, "a1", "m", NOW).results[0].result
    assert (result["approved"], result["timed_out"]) == (approved, True)


def test_the_default_of_a_question_is_said_for_the_user() -> None:
    change = expire(waiting(question(expires_at=PAST, on_timeout="default", default="skip")), "q1", "m", NOW)
    assert types(change) == ["chat.input_timeout", "chat.text"]
    assert (change.says, change.events[1].data["content"]) == (1, "skip")


def test_a_question_without_a_default_goes_on_in_silence() -> None:
    change = expire(waiting(question(expires_at=PAST, on_timeout="default")), "q1", "m", NOW)
    assert (types(change), change.fields["status"], change.says) == (["chat.input_timeout"], ChatStatus.RUNNING, None)


def test_silence_ends_the_chat_where_it_must_be_answered() -> None:
    chat_ = waiting(form(expires_at=PAST), approval())
    change = expire(chat_, "f1", "m", NOW)
    assert (change.fields["status"], change.fields["pending"]) == (ChatStatus.TIMED_OUT, ())
    assert types(change) == [
        "chat.input_timeout",
        "chat.ui_tool_complete",
        "chat.error",
        "chat.ui_tool_dismiss",
        "chat.run_complete",
    ]
    assert change.events[2].data["code"] == change.events[4].data["result"] == "INPUT_TIMED_OUT"
    assert change.events[3].data["request_id"] == "a1"
    assert change.command is None, "a late answer must hear that the request is not open"


def test_one_silence_of_several_leaves_the_chat_waiting_for_the_others() -> None:
    chat_ = waiting(form(expires_at=PAST, on_timeout="default"), approval())
    change = expire(chat_, "f1", "m", NOW)
    assert "status" not in change.fields
    assert change.fields["waiting_for"] == "approval"


def test_an_answer_before_the_expiry_took_effect_counts() -> None:
    assert answer(waiting(form(expires_at=PAST)), "f1", 1, "m", NOW).results


def as_chat(change: Change) -> Chat:
    return chat(ChatStatus.WAITING, pending=change.fields["pending"])


def test_an_expired_request_does_not_expire_again() -> None:
    chat_ = waiting(form(expires_at=PAST, on_timeout="default"), approval())
    assert expire(as_chat(expire(chat_, "f1", "m", NOW)), "f1", "m", NOW) == Change()


# -- secrets ---------------------------------------------------------------------------------------------------------


def test_an_answer_whose_secrets_were_not_taken_out_is_not_stored() -> None:
    asked = waiting(form(secrets={"key": "crm_key"}))
    with pytest.raises(MozaiksError) as caught:
        answer(asked, "f1", {"key": "abcd-1234"}, "m1", NOW)
    assert (caught.value.code, caught.value.retryable) == ("CHAT_BUSY", True)


def test_the_secrets_of_an_answer_are_stored_with_it_whatever_its_schema_asks_of_them() -> None:
    schema = {"type": "object", "properties": {"key": {"type": "string", "pattern": "^[a-d]{4}-[0-9]{4}$"}}}
    asked = waiting(form(secrets={"key": "crm_key"}, schema=schema))
    sealed = (SealedSecret("crm_key", b"ciphertext"),)
    change = answer(asked, "f1", {"key": "secret:crm_key"}, "m1", NOW, sealed=sealed)
    assert change.secrets == sealed
    assert change.results[0].result["response"] == {"key": "secret:crm_key"}
