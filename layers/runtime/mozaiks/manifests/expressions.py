"""The expression language of manifests: parsed to a tree, evaluated with values bound.

::

    expression := or                          or   := and ("or" and)*
    and        := not ("and" not)*            not  := "not" not | comparison
    comparison := value [("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not" "in") value]
    value      := literal | name | "${" name "}" | "len" "(" or ")" | "(" or ")" | "[" [or ("," or)*] "]"
    name       := identifier ("." identifier)*
    literal    := number | "text" | 'text' | true | false | null       (also True, False, None)

Meaning: a missing variable, or a path through something that is no map, is null. ``and`` and ``or`` give the operand
that decided, as in Python; null, false, 0, "" and what is empty count as false. Comparing what cannot be compared is
false (``!=`` is the opposite of ``==``, ``not in`` of ``in``). True is not 1. ``len`` of null is 0, of anything without
a length null. A value can only ever be compared: it is never text that is parsed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mozaiks.manifests.expression_parser import RESERVED, ExpressionError, parse_tree
from mozaiks.manifests.expression_tree import Tree, evaluate, is_true, paths_of

__all__ = ["RESERVED", "Expression", "ExpressionError", "parse"]


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression.

    Attributes
    ----------
    text
        As written.
    names
        First parts of the variables it reads: ``a`` for ``${a.b}``.
    """

    text: str
    root: Tree
    names: frozenset[str]

    def evaluate(self, values: Mapping[str, Any]) -> Any:
        """The value under ``values`` (variable name → JSON-like value). Raises nothing."""
        return evaluate(self.root, values)

    def is_true(self, values: Mapping[str, Any]) -> bool:
        """Whether the value counts as true. Raises nothing."""
        return is_true(evaluate(self.root, values))


@lru_cache(maxsize=1024)
def parse(text: str) -> Expression:
    """Parse ``text``.

    Raises
    ------
    ExpressionError
        With a message and the 1-based column where ``text`` stops making sense. Nothing else is ever raised.
    """
    root = parse_tree(text)
    return Expression(text, root, frozenset(path[0] for path in paths_of(root)))
