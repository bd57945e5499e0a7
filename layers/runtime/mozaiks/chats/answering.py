"""What people say to a chat, and what it does to each state: messages, answers, approvals, silence. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from mozaiks.access.sealed import SealedSecret
from mozaiks.chats.answer_schema import fitting, fitting_text
from mozaiks.chats.changes import Change, ChatFields, CommandRecord, KeptResult
from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.decisions import claim, end, user_text
from mozaiks.chats.events import InputAck, NewEvent
from mozaiks.chats.requests import answer_key, completed, expired
from mozaiks.chats.states import Chat, ChatStatus, PendingInput
from mozaiks.errors import MozaiksError

__all__ = ["answer", "answer_command", "approve", "expire", "fitting_answer", "submit_input"]


def answer_command(request_id: str) -> str:
    """The id of the command that answers a request, whoever sends it: a request is answered once.

    No ``client_message_id`` has a colon, so no client can take it.
    """
    return f"answer:{request_id}"


def submit_input(chat: Chat, command: SubmitInput, message_id: str, now: datetime) -> Change:
    """Take what the user says: an answer to an open request for input, or a message.

    Without a ``request_id`` it answers the open request for input if there is exactly one. Otherwise it is a message:
    stored, and seen by the run that is going or by the next one. It never restarts a run that is paused for answers.

    Raises
    ------
    MozaiksError
        ``CHAT_ENDED``, ``NO_USER_INPUT``, ``REQUEST_NOT_OPEN``, ``CHAT_BUSY``, or ``VALIDATION`` for an answer that
        does not meet the request's schema.
    """
    _refuse_ended(chat)
    if chat.greeting.startup_mode == "BackendOnly":
        raise MozaiksError("NO_USER_INPUT", f"the workflow {chat.workflow_name!r} takes no input from users")
    pending = _open_request(chat, command.request_id) if command.request_id else _only_input(chat)
    if pending is not None:
        if pending["kind"] != "input":
            raise _wrong_kind(pending, "text")
        response = fitting_text(pending["schema"], command.text)
        return _answered(chat, pending, _input(pending, response, command.text, message_id), message_id, now)
    running = chat.status is ChatStatus.RUNNING
    queued = running or bool(chat.pending) or chat.waiting_for == "children"
    if queued and command.on_busy == "reject":
        raise MozaiksError("CHAT_BUSY", "a run is going or waits for other answers, and on_busy is 'reject'")
    fields: ChatFields = {} if queued else claim(chat, now)
    if running and command.on_busy == "interrupt":
        fields = {"interrupt_requested": True}
    elif chat.waiting_for == "children" and command.on_busy == "interrupt" and chat.batch is not None:
        # There is no turn to stop, but there are children: the chat goes on with those that have ended.
        fields = {"batch": replace(chat.batch, stopping=True)}
    reply = {"accepted": True, "queued": queued, "message_id": message_id, "request_id": None}
    return Change(
        fields, (user_text(command.text, message_id),), says=0, command=CommandRecord("user.input.submit", reply)
    )


def answer(
    chat: Chat,
    request_id: str,
    response: Any,
    message_id: str,
    now: datetime,
    *,
    sealed: tuple[SealedSecret, ...] | None = None,
) -> Change:
    """Answer a component's request, or one for input, with any JSON value.

    Where the request collects secrets, ``response`` holds references in their place, and ``sealed`` are they. Whether
    it meets the schema was then asked before they were taken out.

    Raises
    ------
    MozaiksError
        ``CHAT_ENDED``, ``REQUEST_NOT_OPEN``, or ``VALIDATION``: the response does not meet the schema, is no text
        where only text is asked for, or the request is one for approval. The request stays open.
    """
    _refuse_ended(chat)
    pending = _open_request(chat, request_id)
    match pending["kind"]:
        case "approval":
            raise _wrong_kind(pending, "a response")
        case "ui_tool":
            if pending["secrets"] and sealed is None:
                # It was asked after we looked. What was typed must not be stored as it is: let it be sent again.
                raise MozaiksError("CHAT_BUSY", "the request was opened just now; send the answer again")
            schema = None if pending["secrets"] else pending["schema"]
            kept = _kept(pending, {"response": fitting(schema, response), "timed_out": False})
            effect = _Effect((completed(pending, "completed"),), kept, "completed")
        case "input":
            if isinstance(response, str):
                response = fitting_text(pending["schema"], response)
            elif pending["schema"] is None:
                raise MozaiksError(
                    "VALIDATION",
                    f"the response is {type(response).__name__}; expected text",
                    field="response",
                    path="$",
                )
            effect = _input(pending, fitting(pending["schema"], response), None, message_id)
    return replace(_answered(chat, pending, effect, message_id, now), secrets=sealed or ())


def fitting_answer(pending: PendingInput, response: Any) -> Any:
    """``response`` if it meets the request's schema, before its secrets are taken out. ``VALIDATION`` if not."""
    return fitting(pending["schema"], response)


def approve(chat: Chat, request_id: str, approved: bool, reason: str, message_id: str, now: datetime) -> Change:
    """Allow a tool call, or forbid it; the model is told the reason.

    Raises
    ------
    MozaiksError
        ``CHAT_ENDED``, ``REQUEST_NOT_OPEN``, or ``VALIDATION`` if the request asks for something else.
    """
    _refuse_ended(chat)
    pending = _open_request(chat, request_id)
    if pending["kind"] != "approval":
        raise _wrong_kind(pending, "an approval")
    status = "approved" if approved else "denied"
    kept = _kept(pending, {"approved": approved, "reason": reason, "timed_out": False})
    effect = _Effect((completed(pending, "approved" if approved else "denied"),), kept, status)
    return _answered(chat, pending, effect, message_id, now)


def expire(chat: Chat, request_id: str, message_id: str, now: datetime) -> Change:
    """Do what is to be done when nobody answered in time: take the default, or end the chat.

    Nothing, where the request is not open any more or not due, or while a run is going: it is looked at again when
    the chat waits. An answer that comes before this counts, even after the deadline.
    """
    pending = next((each for each in chat.pending if each["request_id"] == request_id), None)
    if pending is None or chat.status is not ChatStatus.WAITING:
        return Change()
    if pending["expires_at"] is None or pending["expires_at"] > now:
        return Change()
    if pending["on_timeout"] == "fail":
        error = MozaiksError("INPUT_TIMED_OUT", "nobody answered in time", request_id=request_id)
        others = tuple(each for each in chat.pending if each["request_id"] != request_id)
        return end(replace(chat, pending=others), "timed_out", now, error, before=expired(pending))
    return _answered(chat, pending, _silence(pending, message_id), message_id, now, by_a_person=False)


@dataclass(frozen=True, slots=True)
class _Effect:
    """What an answer says and leaves. ``says``: the place of what the user said, where it is said in the chat."""

    events: tuple[NewEvent, ...]
    results: tuple[KeptResult, ...]
    status: str
    says: int | None = None


def _answered(
    chat: Chat, pending: PendingInput, effect: _Effect, message_id: str, now: datetime, *, by_a_person: bool = True
) -> Change:
    """Close a request. The last one that a chat waited for hands it to its next run."""
    remaining = tuple(each for each in chat.pending if each["request_id"] != pending["request_id"])
    fields: ChatFields = {"pending": remaining}
    resumes = chat.status is not ChatStatus.RUNNING and not remaining and chat.waiting_for != "children"
    if resumes:
        fields = {**claim(chat, now), "pending": ()}
    elif remaining and chat.status is ChatStatus.WAITING:
        fields["waiting_for"] = remaining[0]["kind"]
    reply: Mapping[str, Any] = {
        "accepted": True,
        "queued": not resumes,
        "message_id": message_id,
        "request_id": pending["request_id"],
        "status": effect.status,
    }
    record = CommandRecord("answer", reply, also=(answer_command(pending["request_id"]),)) if by_a_person else None
    return Change(fields, effect.events, says=effect.says, results=effect.results, command=record)


def _input(pending: PendingInput, response: Any, words: str | None, message_id: str) -> _Effect:
    """An answer to a request for input: a tool's result, or said in the chat.

    ``words``: the response as the user wrote it.
    """
    ack: InputAck = {"request_id": pending["request_id"], "client_message_id": message_id}
    if pending["tool_call_id"] is not None:
        ack["response"] = response
        kept = _kept(pending, {"response": response, "timed_out": False})
        return _Effect((NewEvent("chat.input_ack", ack),), kept, "completed")
    text = words if words is not None else _sayable(response)
    return _Effect((NewEvent("chat.input_ack", ack), user_text(text, message_id)), (), "completed", says=1)


def _silence(pending: PendingInput, message_id: str) -> _Effect:
    """The default in the place of an answer."""
    default, events = pending["default"], expired(pending)
    match pending["kind"]:
        case "approval":
            reason = "nobody answered in time"
            return _Effect(
                events,
                _kept(pending, {"approved": default is True, "reason": reason, "timed_out": True}),
                "timed_out",
            )
        case "input" if pending["tool_call_id"] is None:
            text = "" if default is None else default if isinstance(default, str) else json.dumps(default)
            if not text.strip():
                return _Effect(events, (), "timed_out")
            return _Effect((*events, user_text(text, message_id)), (), "timed_out", says=len(events))
        case _:
            return _Effect(events, _kept(pending, {"response": default, "timed_out": True}), "timed_out")


def _kept(pending: PendingInput, result: dict[str, Any]) -> tuple[KeptResult, ...]:
    key = answer_key(pending)
    return () if key is None else (KeptResult(key, pending["tool_name"] or "", result),)


def _sayable(response: Any) -> str:
    text = response if isinstance(response, str) else json.dumps(response)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MozaiksError(
            "VALIDATION", f"the character at {error.start} is half of a surrogate pair", field="response", path="$"
        ) from error
    if not text.strip():
        raise MozaiksError("VALIDATION", "the response is blank; expected text", field="response", path="$")
    return text


def _refuse_ended(chat: Chat) -> None:
    if chat.ended:
        raise MozaiksError("CHAT_ENDED", f"the chat is {chat.status}; start a new one", status=chat.status)


def _open_request(chat: Chat, request_id: str) -> PendingInput:
    for pending in chat.pending:
        if pending["request_id"] == request_id:
            return pending
    raise MozaiksError(
        "REQUEST_NOT_OPEN", "no open request of this chat has this request_id; it may be answered or have expired"
    )


def _only_input(chat: Chat) -> PendingInput | None:
    inputs = [pending for pending in chat.pending if pending["kind"] == "input"]
    return inputs[0] if len(inputs) == 1 else None


def _wrong_kind(pending: PendingInput, given: str) -> MozaiksError:
    expected = {"input": "text", "ui_tool": "the component's response", "approval": "`approved`"}[pending["kind"]]
    return MozaiksError(
        "VALIDATION",
        f"the request is of kind {pending['kind']!r} and got {given}; expected {expected}",
        field="request_id",
    )
