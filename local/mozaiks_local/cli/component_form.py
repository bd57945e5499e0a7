"""What a person at a terminal is asked in place of a component: one question for each field of its answer. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from mozaiks_local.client import Event

__all__ = ["Form", "Question", "form_of"]

_YES: Final = frozenset({"y", "yes", "true"})
_NO: Final = frozenset({"n", "no", "false"})
_WHOLE: Final = "answer (JSON)"


@dataclass(frozen=True, slots=True)
class Question:
    """One line to read. ``hidden``: nobody is shown what is typed. ``name``: its place in the answer, if it has one."""

    prompt: str
    name: str | None = None
    kind: str = "string"
    choices: tuple[Any, ...] = ()
    hidden: bool = False
    required: bool = True

    def value_of(self, line: str) -> Any:
        """What the line says.

        Raises
        ------
        ValueError
            If it is no value of this kind; the message says what was expected and repeats nothing of the line.
        """
        if self.choices:
            for choice in self.choices:
                if line == (choice if isinstance(choice, str) else json.dumps(choice)):
                    return choice
            raise ValueError(f"expected one of: {', '.join(map(str, self.choices))}")
        match self.kind:
            case "string":
                return line
            case "boolean":
                if line.lower() in _YES | _NO:
                    return line.lower() in _YES
                raise ValueError("expected yes or no")
            case "integer" | "number":
                try:
                    return int(line) if self.kind == "integer" else float(line)
                except ValueError:
                    raise ValueError("expected a number") from None
            case _:
                try:
                    return json.loads(line)
                except ValueError:
                    raise ValueError("expected JSON") from None


@dataclass(slots=True)
class Form:
    """The questions of one request, asked one after the other.

    Attributes
    ----------
    event_id
        Of the event that asks; the answer names it.
    approval
        Whether it asks for leave, so that its one answer is yes or no.
    sent
        The answer is on its way, and nobody is asked until it is taken or refused.
    """

    event_id: str
    approval: bool
    questions: Sequence[Question]
    sent: bool = False
    _given: dict[str | None, Any] = field(default_factory=dict)
    _place: int = 0

    @property
    def question(self) -> Question | None:
        """What is asked next; ``None`` once all is answered."""
        return self.questions[self._place] if self._place < len(self.questions) else None

    def take(self, line: str) -> None:
        """Take a line for the question that is open; ``ValueError`` if it does not fit, and the question stays open."""
        question = self.question
        if question is None:
            raise ValueError("everything was answered")
        if not line and question.required:
            raise ValueError("an answer is needed")
        if line:
            self._given[question.name] = question.value_of(line)
        self._place += 1

    @property
    def response(self) -> Any:
        """The answer, once there is no question left."""
        return self._given[None] if None in self._given else dict(self._given)


def form_of(event: Event) -> Form:
    """The questions of a ``chat.tool_call`` that awaits a response."""
    data = event.data
    if data.get("interaction_type") == "approval":
        return Form(event.event_id or "", True, [Question("allow it? (yes/no)", kind="boolean")])
    return Form(event.event_id or "", False, _questions(data.get("schema"), data.get("secret_fields") or ()))


def _questions(schema: object, secrets: Sequence[str]) -> Sequence[Question]:
    properties: Mapping[str, Any] = {}
    required: Sequence[str] = ()
    if isinstance(schema, dict) and isinstance(schema.get("properties"), dict):
        properties, required = schema["properties"], schema.get("required", ())
    asked = [_of_field(name, rules, name in required, name in secrets) for name, rules in properties.items()]
    asked += [Question(name, name, hidden=True) for name in secrets if name not in properties]
    return asked or [Question(_WHOLE, kind="json")]


def _of_field(name: str, rules: object, required: bool, secret: bool) -> Question:
    facts: Mapping[str, Any] = rules if isinstance(rules, dict) else {}
    choices = tuple(facts["enum"]) if isinstance(facts.get("enum"), list) else ()
    kind = facts.get("type", "string" if choices else "json")
    kind = kind if isinstance(kind, str) else "json"
    label = str(facts.get("title") or name)
    notes = [", ".join(map(str, choices))] if choices else [] if kind == "string" else [_expected(kind)]
    notes += [] if required else ["may be left out"]
    hidden = secret or facts.get("format") == "password" or facts.get("writeOnly") is True
    prompt = f"{label} ({'; '.join(notes)})" if notes else label
    return Question(prompt, name, kind, choices, hidden, required)


def _expected(kind: str) -> str:
    return {"boolean": "yes/no", "integer": "whole number", "number": "number"}.get(kind, "JSON")
