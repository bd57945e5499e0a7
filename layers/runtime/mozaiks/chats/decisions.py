"""What each command does to a chat in each state. Pure: takes a chat, returns a change or raises why not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Literal

from mozaiks.chats.changes import Change, ChatFields
from mozaiks.chats.events import NewEvent, RunComplete, Text, error_event, new_id
from mozaiks.chats.requests import announce, dismissals
from mozaiks.chats.states import Chat, ChatStatus, Join, PendingInput, pending_input
from mozaiks.errors import MozaiksError

__all__ = [
    "ask",
    "attach",
    "begin",
    "begin_child",
    "cancel",
    "claim",
    "end",
    "fail",
    "greet",
    "opening",
    "retry",
    "stalled",
    "take_over",
    "user_text",
]

LEASE_GRACE: Final = timedelta(minutes=2)
"""So long after its lease ran out a worker is taken for dead, and its execution too: it would have tried again."""
IDLE_GRACE: Final = timedelta(minutes=5)
"""So long a run may be in nobody's hands: longer than any pause between two slices of an execution that lives."""
START_GRACE: Final = timedelta(minutes=10)
"""So long a run may stay without its first slice; until then its start is repeated under its own name."""


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
        "interrupt_requested": False,
    }


def ask(agent: str | None, prompt: str) -> tuple[PendingInput, NewEvent]:
    """An open request for the user's next words, and the event that says so."""
    pending = pending_input(agent=agent, prompt=prompt)
    return pending, announce(pending)


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


def begin_child(chat: Chat, now: datetime, first_message: str | None) -> Change:
    """Let a chat begin that another one opened: nobody needs to connect for it. Nothing, where it has begun."""
    if chat.status is not ChatStatus.CREATED:
        return Change()
    if chat.greeting.startup_mode == "AgentDriven":
        return begin(chat, now)
    return opening(chat, now, first_message)


def retry(chat: Chat, now: datetime) -> Change:
    """Run a chat again that failed: it goes on from its last safe point.

    Raises
    ------
    MozaiksError
        ``NOT_RETRYABLE`` in any other state.
    """
    if chat.status not in (ChatStatus.FAILED, ChatStatus.TIMED_OUT):
        raise MozaiksError(
            "NOT_RETRYABLE", f"the chat is {chat.status}; expected failed or timed_out", status=chat.status
        )
    fields: ChatFields = {**claim(chat, now), "lease": None}
    if chat.join is not None:
        # Its end will be another one, and is told again.
        fields["join"] = replace(chat.join, settled=False)
    if chat.batch is not None and chat.batch.state != "joined":
        # It failed before it had its children's results: those that did not complete are begun anew, as other chats.
        fields["batch"] = chat.batch.restarted(chat.chat_id, now)
    return Change(fields)


def attach(chat: Chat, join: Join) -> Change:
    """Note who waits for the chat's end, in the place of whoever did: an execution may be lost and opened anew."""
    return Change() if chat.join == join else Change({"join": join})


def take_over(chat: Chat, run_no: int, now: datetime) -> Change:
    """Hand a run to a new execution whose own is gone. Nothing, where a worker shows signs of life.

    A new number, because the old execution's name is taken. Where the old one lives after all, it finds another run's
    number and ends. A chat that was to be cancelled is.
    """
    if chat.status is not ChatStatus.RUNNING or chat.run_no != run_no or not stalled(chat, now):
        return Change()
    if chat.cancel_requested:
        return end(chat, "cancelled", now)
    return Change({**claim(chat, now), "lease": None})


def stalled(chat: Chat, now: datetime) -> bool:
    """Whether nobody works on a running chat, and nobody will."""
    if chat.lease is not None:
        return chat.lease.until < now - LEASE_GRACE
    if not chat.run_started:
        return chat.run_claimed_at is not None and chat.run_claimed_at < now - START_GRACE
    return (chat.lease_left_at or chat.updated_at) < now - IDLE_GRACE


def fail(chat: Chat, run_no: int, now: datetime, cause: str) -> Change:
    """End a run that no slice could end. Nothing, where it ended after all."""
    in_its_hands = chat.status is ChatStatus.RUNNING or chat.waiting_for == "children"
    if not in_its_hands or chat.run_no != run_no:
        return Change()
    error = MozaiksError(
        "INTERNAL", "the run stopped for a reason on our side; what is stored is kept", cause=cause[:80]
    )
    return end(chat, "failed", now, error)


def cancel(chat: Chat, now: datetime) -> Change:
    """Stop the chat: at once where it stands still, by the worker that runs it otherwise. Safe to repeat."""
    if chat.ended:
        return Change()
    if chat.status is ChatStatus.RUNNING:
        return Change() if chat.cancel_requested else Change({"cancel_requested": True})
    return end(chat, "cancelled", now)


def end(
    chat: Chat,
    status: Literal["failed", "cancelled", "timed_out"],
    now: datetime,
    error: MozaiksError | None = None,
    *,
    before: tuple[NewEvent, ...] = (),
) -> Change:
    """The end of a chat as seen from outside the engine, which knows no turns.

    Parameters
    ----------
    error
        What ended it; its code is the run's result.
    before
        What is said first.
    """
    said = list(before)
    if error is not None:
        said.append(error_event(error))
    said += dismissals(chat.pending, status)
    since = chat.run_claimed_at or now
    completed: RunComplete = {
        "result": None if error is None else error.code,
        "status": status,
        "turns": 0,
        "usage": {},
        "duration_ms": max(0, int((now - since).total_seconds() * 1000)),
        "run_no": chat.run_no,
    }
    said.append(NewEvent("chat.run_complete", completed))
    return Change(
        {
            "status": ChatStatus(status),
            "waiting_for": None,
            "pending": (),
            "lease": None,
            "cancel_requested": False,
            "interrupt_requested": False,
        },
        tuple(said),
    )
