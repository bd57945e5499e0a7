"""``handoffs``: what kind of rule each entry is, and which agents nothing leads to."""

from __future__ import annotations

from typing import Literal

from mozaiks.manifests.canonical.handoffs import HandoffEntry
from mozaiks.manifests.expressions import ExpressionError, parse
from mozaiks.manifests.nodes import Node
from mozaiks.manifests.reading import BUILT_IN_VARIABLES, Reading
from mozaiks.manifests.shape import build, list_of_maps, normalise, replace_text
from mozaiks.manifests.spec import HandoffSpec

__all__ = ["read_handoffs"]

_TYPES = {"llm": "llm", "expression": "expression", "none": "none"}
_SCOPES = {"beforereply": "before_reply", "afterturn": "after_turn"}
_HANDOFF_TYPES = {"afterwork": "after_work", "condition": "condition"}


def read_handoffs(section: Node | None, reading: Reading) -> tuple[HandoffSpec, ...]:
    """The rules in file order; those that cannot work are reported and left out."""
    rules: list[HandoffSpec] = []
    always: dict[str, int | None] = {}
    for index, raw in enumerate(list_of_maps(section, reading.report, "handoffs")):
        rule = _read(raw, f"handoffs[{index}]", reading)
        if rule is None:
            continue
        if rule.kind == "after_work":
            if rule.source in always:
                reading.report.warning(
                    "unreachable_rule",
                    f"handoffs[{index}] is never looked at: the rule on line {always[rule.source]} always holds for "
                    f"{rule.source!r}",
                    raw.place,
                )
            always.setdefault(rule.source, raw.place.line)
        rules.append(rule)
    return tuple(rules)


def _read(raw: Node, what: str, reading: Reading) -> HandoffSpec | None:
    node = normalise(raw, HandoffEntry, reading.report, what)
    replace_text(node, "condition_type", _TYPES)
    replace_text(node, "condition_scope", _SCOPES)
    replace_text(node, "handoff_type", _HANDOFF_TYPES)
    entry = build(HandoffEntry, node, reading.report, what)
    if entry is None:
        return None
    source = reading.speaker(entry.from_agent, node.place_of("from_agent"), "from_agent", what, terminate=False)
    target = reading.speaker(entry.to_agent, node.place_of("to_agent"), "to_agent", what, terminate=True)
    kind = _kind(entry, node, what, reading)
    if kind is None or source is None or target is None:
        return None
    return HandoffSpec(
        source=source,
        target=target,
        kind=kind,
        condition=(entry.condition or "").strip(),
        description=entry.condition_description,
        scope=entry.condition_scope,
    )


def _kind(
    entry: HandoffEntry, node: Node, what: str, reading: Reading
) -> Literal["llm", "expression", "after_work"] | None:
    condition = (entry.condition or "").strip()
    if entry.condition_type == "none" or entry.handoff_type == "after_work":
        if condition:
            key = "condition_type" if entry.condition_type == "none" else "handoff_type"
            reading.report.error(
                "contradiction", f"{what} has a condition, but {key} says it has none", node.place_of(key), key=key
            )
            return None
    elif not condition and (entry.condition_type is not None or entry.handoff_type == "condition"):
        key = "condition_type" if entry.condition_type is not None else "handoff_type"
        reading.report.error(
            "missing_key", f"{what} lacks 'condition', which its {key} asks for", node.place_of(key), key="condition"
        )
        return None
    kind: Literal["llm", "expression", "after_work"]
    if not condition:
        kind = "after_work"
    elif entry.condition_type == "llm":
        kind = "llm"
    elif entry.condition_type == "expression" or _is_expression(condition, reading):
        kind = "expression"
        where = node.child("condition")
        if where is not None and reading.expression(where, "condition", f"the condition of {what}") is None:
            return None
    else:
        kind = "llm"
        _warn_if_expression_like(condition, what, node, reading)
    if entry.condition_scope == "before_reply" and kind != "expression":
        reading.report.error(
            "contradiction",
            f"{what}: only an expression can be checked before_reply, this rule is {kind}",
            node.place_of("condition_scope"),
            key="condition_scope",
        )
        return None
    return kind


def _is_expression(condition: str, reading: Reading) -> bool:
    return "${" in condition or condition in (*reading.variables, *BUILT_IN_VARIABLES)


def _warn_if_expression_like(condition: str, what: str, node: Node, reading: Reading) -> None:
    """A text that parses as an expression over declared variables was probably meant as one."""
    try:
        names = parse(condition).names
    except ExpressionError:
        return
    if names and names <= {*reading.variables, *BUILT_IN_VARIABLES}:
        reading.report.warning(
            "condition_is_question",
            f"the condition of {what} is put to the model as a question; for an expression write its variables as "
            "${name} or set condition_type: expression",
            node.place_of("condition"),
            key="condition",
        )
