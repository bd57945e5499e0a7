"""What came of a child, as its parent's agents are told: bounded, and only what the child shows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from mozaiks.access.principal import Tenant
from mozaiks.chats.batches import Batch, Child
from mozaiks.chats.events import Event
from mozaiks.chats.states import Chat
from mozaiks.children.ports import Log, Workflows
from mozaiks.errors import MozaiksError

__all__ = ["MAX_RESULTS_BYTES", "result_of", "results_of_skipped"]

MAX_RESULTS_BYTES: Final = 96 * 1024
"""JSON of all results of a batch: they stand in one variable and in a prompt."""
_TEXTS: Final = 20
"""Of a child's newest texts, among which the last one of an agent is looked for."""
_TAIL: Final = 5


def result_of(batch: Batch, child: Child, chat: Chat | None, log: Log, workflows: Workflows) -> dict[str, Any]:
    """One entry of ``child_results``.

    ``chat_id``, ``workflow_name``, ``status``; ``error``, a code, where it did not complete; ``text``, the last words
    of an agent; ``structured_output``, its last one; ``context``, the variables that the child's manifest shows to
    clients (``client_visible``). What is larger than the child's share of the room is cut or left out, and then
    ``oversize`` is true. ``chat`` is ``None`` for a child that was not opened.
    """
    result: dict[str, Any] = {
        "chat_id": child.chat_id,
        "workflow_name": child.workflow_name,
        "status": child.status,
        "error": child.error,
        "text": None,
        "structured_output": None,
        "context": {},
    }
    if chat is None:
        return result
    tenant = Tenant(chat.app_id, chat.user_id)
    room = MAX_RESULTS_BYTES // len(batch.children)
    texts = log.newest_texts(tenant, chat.chat_id, 0, _TEXTS)
    if child.status != "completed" and child.error is None:
        result["error"] = _why(log.after(tenant, chat.chat_id, max(0, chat.last_seq - _TAIL), _TAIL))
    context = _shown(chat, workflows)
    output = _last(texts, "structured_output")
    text = _last(texts, "content")
    # The most telling first: an output is made to be read by programs, words repeat it.
    for key, value in (("structured_output", output), ("context", context), ("text", text)):
        size = _size(value)
        if size <= room:
            result[key] = value
            room -= size
        else:
            result["oversize"] = True
            if isinstance(value, str):
                result[key] = value[: room // 6]
                room = 0
    return result


def results_of_skipped(batch: Batch) -> list[dict[str, Any]]:
    """Entries for the workflows that got no child: ``status`` is ``skipped``."""
    return [
        {
            "chat_id": None,
            "workflow_name": each.workflow_name,
            "status": "skipped",
            "error": each.code,
            "text": None,
            "structured_output": None,
            "context": {},
        }
        for each in batch.skipped
    ]


def _last(texts: Sequence[Event], key: str) -> Any:
    said = (each.data for each in reversed(texts) if each.data["agent"] is not None and not each.concealed)
    return next((data[key] for data in said if data.get(key) is not None), None)


def _why(tail: Sequence[Event]) -> str | None:
    ends = [event.data.get("result") for event in tail if event.type == "chat.run_complete"]
    return ends[-1] if ends and isinstance(ends[-1], str) else None


def _shown(chat: Chat, workflows: Workflows) -> dict[str, Any]:
    try:
        spec = workflows.get(chat.workflow_name).spec
    except MozaiksError:
        # Deployed away since. Which of its variables may be shown is not known, so none is.
        return {}
    values = chat.state.get("context", {})
    return {
        each.name: values[each.name] for each in spec.context_variables if each.client_visible and each.name in values
    }


def _size(value: Any) -> int:
    return len(json.dumps(value))
