"""What each command does to a chat in each state. Pure: takes a chat, returns a change or raises why not."""

from __future__ import annotations

from datetime import datetime

from mozaiks.chats.changes import Change, ChatFields, CommandRecord
from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.events import ErrorData, InputAck, InputRequest, NewEvent, RunComplete, Text, new_id
from mozaiks.chats.states import Chat, ChatStatus, PendingInput
from mozaiks.errors import MozaiksError

__all__ = ["ask", "begin", "cancel", "claim", "fail", "greet", "opening", "submit_input", "user_text"]


def user_text(text: str, message_id: str, *, concealed: bool = False) -> NewEvent:
    """What the user said, or what is said in the user's name without showing it."""
    data: Text = {
        "agent": None,
        "content": text,
        "message_id": message_id,
        "role": "user",
        "is_visual": not concealed,
        "is_structured_capable": False,
        "is_tool_agent": False,
    }
    return NewEvent("chat.text", data, concealed=concealed)


def claim(chat: Chat, now: datetime) -> ChatFields:
    """The fields that hand the chat to its next run."""
    return {
        "status": ChatStatus.RUNNING,
        "waiting_for": None,
        "run_no": chat.run_no + 1,
        "run_claimed_at": now,
        "run_started": False,
        "cancel_requested": False,
    }


def ask(agent: str | None, prompt: str) -> tuple[PendingInput, NewEvent]:
    """An open request for the user's input, and the event that says so."""
    request_id = new_id()
    data: InputRequest = {"request_id": request_id, "prompt": prompt, "agent": agent}
    pending: PendingInput = {"request_id": request_id, "kind": "input", "agent": agent, "prompt": prompt}
    return pending, NewEvent("chat.input_request", data, agent=agent)


def opening(chat: Chat, now: datetime, first_message: str | None) -> Change:
    """What happens to a chat at its creation.

    UserDriven: the greeting is shown and the chat waits, or runs at once where a first message came along.
    BackendOnly: it runs. AgentDriven: nothing, its run starts when the first client connects.
    """
    match chat.greeting.startup_mode:
        case "UserDriven" if first_message:
            greeted = greet(chat)
            said = user_text(first_message, new_id())
            return Change(claim(chat, now), (*greeted.events[:-1], said), says=len(greeted.events) - 1)
        case "UserDriven":
            return greet(chat)
        case "BackendOnly":
            return begin(chat, now)
        case "AgentDriven":
            return Change()


def greet(chat: Chat) -> Change:
    """Show the greeting and wait for the user. The last event is the request for input."""
    greeting = chat.greeting
    events: list[NewEvent] = []
    if greeting.initial_message_to_user:
        data: Text = {
            "agent": greeting.initial_agent,
            "content": greeting.initial_message_to_user,
            "message_id": new_id(),
            "role": "assistant",
            "is_visual": True,
            "is_structured_capable": False,
            "is_tool_agent": False,
        }
        events.append(NewEvent("chat.text", data))
    pending, asked = ask(None, greeting.initial_message_to_user or "")
    return Change(
        {"status": ChatStatus.WAITING, "waiting_for": "input", "pending": (pending,)},
        (*events, asked),
    )


def begin(chat: Chat, now: datetime) -> Change:
    """Start the first run with the hidden first message. Nothing, where the chat has begun already."""
    if chat.status is not ChatStatus.CREATED:
        return Change()
    if chat.greeting.initial_message:
        hidden = user_text(chat.greeting.initial_message, new_id(), concealed=True)
        return Change(claim(chat, now), (hidden,), says=0)
    return Change(claim(chat, now))


def submit_input(chat: Chat, command: SubmitInput, message_id: str, now: datetime) -> Change:
    """Take what the user says: it answers the open request, or is queued for the run that is going.

    Raises
    ------
    MozaiksError
        ``CHAT_ENDED``, ``NO_USER_INPUT``, ``REQUEST_NOT_OPEN``, ``CHAT_BUSY`` or ``NOT_BUILT``.
    """
    if chat.ended:
        raise MozaiksError("CHAT_ENDED", f"the chat is {chat.status}; start a new one", status=chat.status)
    if chat.greeting.startup_mode == "BackendOnly":
        raise MozaiksError("NO_USER_INPUT", f"the workflow {chat.workflow_name!r} takes no input from users")
    request_id = command.request_id
    if request_id is None and len(chat.pending) == 1:
        request_id = chat.pending[0]["request_id"]
    remaining = tuple(pending for pending in chat.pending if pending["request_id"] != request_id)
    if command.request_id is not None and len(remaining) == len(chat.pending):
        raise MozaiksError("REQUEST_NOT_OPEN", "no open request of this chat has this request_id; it may be answered")
    busy = chat.status is ChatStatus.RUNNING
    if busy and command.on_busy == "reject":
        raise MozaiksError("CHAT_BUSY", "a run is going and on_busy is 'reject'")
    if busy and command.on_busy == "interrupt":
        raise MozaiksError("NOT_BUILT", "on_busy 'interrupt' is not built yet; use 'enqueue' or 'reject'")

    events: list[NewEvent] = []
    if request_id is not None:
        ack: InputAck = {"request_id": request_id, "client_message_id": message_id}
        events.append(NewEvent("chat.input_ack", ack))
    events.append(user_text(command.text, message_id))
    answer = {"accepted": True, "queued": busy, "message_id": message_id, "request_id": request_id}
    fields: ChatFields = {"pending": remaining} if busy else {**claim(chat, now), "pending": remaining}
    return Change(fields, tuple(events), says=len(events) - 1, command=CommandRecord("user.input.submit", answer))


def fail(chat: Chat, run_no: int, now: datetime, cause: str) -> Change:
    """End a run that no slice could end. Nothing, where it ended after all."""
    if chat.status is not ChatStatus.RUNNING or chat.run_no != run_no:
        return Change()
    error: ErrorData = {
        "code": "INTERNAL",
        "message": "the run stopped for a reason on our side; what is stored is kept",
        "severity": "error",
        "retryable": True,
        "details": {"cause": cause[:80]},
    }
    return Change(
        {"status": ChatStatus.FAILED, "waiting_for": None, "pending": (), "lease": None},
        (NewEvent("chat.error", error), _run_complete(chat, ChatStatus.FAILED, "INTERNAL", now)),
    )


def cancel(chat: Chat, now: datetime) -> Change:
    """Stop the chat: at once where it stands still, by the worker that runs it otherwise. Safe to repeat."""
    if chat.ended:
        return Change()
    if chat.status is ChatStatus.RUNNING:
        return Change({"cancel_requested": True})
    return Change(
        {"status": ChatStatus.CANCELLED, "waiting_for": None, "pending": ()},
        (_run_complete(chat, ChatStatus.CANCELLED, None, now),),
    )


def _run_complete(chat: Chat, status: ChatStatus, result: str | None, now: datetime) -> NewEvent:
    """The end of a run as seen from outside the engine, which knows no turns."""
    since = chat.run_claimed_at or now
    data: RunComplete = {
        "result": result,
        "status": status.value,
        "turns": 0,
        "usage": {},
        "duration_ms": max(0, int((now - since).total_seconds() * 1000)),
        "run_no": chat.run_no,
    }
    return NewEvent("chat.run_complete", data)
