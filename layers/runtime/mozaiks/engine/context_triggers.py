"""Variables that are set by what agents say and what users answer."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from mozaiks.engine.text_matching import Undecided, matches
from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["response_triggers", "text_triggers"]

log = logging.getLogger("mozaiks.engine")


def text_triggers(spec: WorkflowSpec, agent: str, text: str) -> tuple[dict[str, Any], bool]:
    """What an agent's text sets, and whether the text is hidden from clients.

    The first trigger of a variable that matches gives its value; any that matches may hide the text. Raises nothing.

    Returns
    -------
    dict, bool
        Variable → value, not yet checked against its type; and whether to hide the text. A pattern that came to no
        end in its time sets nothing, and hides the text if it might have to.
    """
    changes: dict[str, Any] = {}
    hidden = False
    for variable in spec.context_variables:
        for trigger in variable.triggers:
            if trigger.kind != "agent_text" or trigger.agent != agent or trigger.match is None:
                continue
            try:
                matched = matches(trigger.match, text)
            except Undecided as error:
                log.warning("A trigger of %r in %r was not decided: %s", variable.name, spec.name, error)
                hidden = hidden or trigger.ui_hidden
                continue
            if matched:
                changes.setdefault(variable.name, trigger.value)
                hidden = hidden or trigger.ui_hidden
    return changes, hidden


def response_triggers(spec: WorkflowSpec, tool: str, response: Any) -> dict[str, Any]:
    """What a user's answer to a UI tool sets: variable → value, not yet checked against its type. Raises nothing.

    A ``response_key`` is a key, or a dotted path through maps and lists; what it does not find sets nothing. Without
    one, the whole answer is the value.
    """
    changes: dict[str, Any] = {}
    for variable in spec.context_variables:
        for trigger in variable.triggers:
            if trigger.kind != "ui_response" or trigger.tool != tool or variable.name in changes:
                continue
            found, value = (True, response)
            if trigger.response_key is not None:
                found, value = _at(response, trigger.response_key)
            if found:
                changes[variable.name] = value
    return changes


def _at(response: Any, key: str) -> tuple[bool, Any]:
    if isinstance(response, Mapping) and key in response:
        return True, response[key]
    found = response
    for part in key.split("."):
        if isinstance(found, Mapping) and part in found:
            found = found[part]
        elif isinstance(found, list) and part.isascii() and part.isdigit() and len(part) < 10:
            if int(part) >= len(found):
                return False, None
            found = found[int(part)]
        else:
            return False, None
    return True, found
