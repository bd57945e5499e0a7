"""What a component does by itself: it sets the context variables that the manifest lets clients set. Pure."""

from __future__ import annotations

from typing import Any

from mozaiks.chats.changes import Change, CommandRecord
from mozaiks.chats.commands import ComponentAction
from mozaiks.chats.events import ComponentActionAck, ContextUpdate, NewEvent
from mozaiks.chats.states import Chat
from mozaiks.errors import MozaiksError

__all__ = ["component_action"]


def component_action(chat: Chat, command: ComponentAction) -> Change:
    """Set variables, all or none. The run that is going merges them, or the next one: no run starts for it.

    Raises
    ------
    MozaiksError
        ``CHAT_ENDED``, ``FORBIDDEN_VARIABLE`` with the name that clients may not set, or ``VALIDATION`` for a value
        that is not of its variable's type.
    """
    if chat.ended:
        raise MozaiksError("CHAT_ENDED", f"the chat is {chat.status}; start a new one", status=chat.status)
    writable = chat.greeting.writable
    for name in command.set:
        if name not in writable:
            allowed = ", ".join(sorted(writable)) or "none"
            message = f"clients may not set {name[:80]!r}; they may set: {allowed}"
            raise MozaiksError("FORBIDDEN_VARIABLE", message, variable=name[:80])
    values = {name: _of_type(name, writable[name], value) for name, value in command.set.items()}
    ack: ComponentActionAck = {
        "component_id": command.component_id,
        "action_type": command.action_type,
        "applied": values,
    }
    if not values:
        return Change(command=CommandRecord("chat.component_action", ack))
    updates = (ContextUpdate(variable=name, value=value) for name, value in values.items())
    return Change(
        {"context_inbox": {**chat.context_inbox, **values}},
        tuple(NewEvent("context_update", update) for update in updates),
        command=CommandRecord("chat.component_action", ack),
    )


def _of_type(name: str, type_: str, value: Any) -> Any:
    # Not at the top: the types of variables belong to the manifests, which every other command does without.
    from mozaiks.manifests.coercion import VARIABLE_TYPES, coerce

    try:
        return coerce(value, VARIABLE_TYPES[type_])
    except ValueError as error:
        raise MozaiksError("VALIDATION", f"{name}: {error}", field=f"set.{name}", variable=name) from error
