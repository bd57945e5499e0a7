"""Text to expression tree: a tokenizer and a recursive descent. See ``expressions`` for the language."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import NoReturn, cast

from mozaiks.manifests.expression_tree import Compare, Junction, Length, Listing, Not, Operator, Path, Tree, Value

__all__ = ["MAX_LENGTH", "RESERVED", "ExpressionError", "parse_tree"]

MAX_LENGTH = 2_000
"""Characters of one expression."""
_MAX_NESTING = 40
_MAX_DIGITS = 40

_WORDS: dict[str, bool | None] = {
    "true": True,
    "True": True,
    "false": False,
    "False": False,
    "null": None,
    "None": None,
}
RESERVED = frozenset({*_WORDS, "and", "or", "not", "in", "len"})
"""Words no variable can be called."""

_NAME = r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*"
_TOKEN = re.compile(
    rf"""
      (?P<space>[ \t\r\n]+)
    | (?P<number>-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.])
    | (?P<bound>\$\{{[ \t]*(?P<inner>{_NAME})[ \t]*\}})
    | (?P<name>{_NAME})(?![A-Za-z0-9_.])
    | (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<sign>==|!=|<=|>=|<|>|\(|\)|\[|\]|,)
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_INSTEAD = {"&": "'and'", "|": "'or'", "!": "'not'", "=": "'=='"}


class ExpressionError(Exception):
    """An expression that cannot be parsed.

    Parameters
    ----------
    message
        What was found and what was expected.
    column
        1-based position in the expression's text.
    """

    def __init__(self, message: str, column: int) -> None:
        super().__init__(message)
        self.message = message
        self.column = column

    def caret(self, text: str) -> str:
        """``text`` with a caret under the column, two lines, for messages to people."""
        flat = re.sub(r"\s", " ", text)
        start = max(0, self.column - 61)
        return f"  {flat[start : start + 120]}\n  {' ' * (self.column - 1 - start)}^"


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def parse_tree(text: str) -> Tree:
    """The tree of ``text``; ``ExpressionError`` is the only exception."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"an expression has at most {MAX_LENGTH} characters, this one {len(text)}", MAX_LENGTH + 1
        )
    parser = _Parser(_tokens(text))
    tree = parser.junction(0)
    parser.expect_end()
    return tree


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            _refuse(text, at)
        kind = str(match.lastgroup)
        if kind != "space":
            tokens.append(_Token(kind, match["inner"] or match.group(), at + 1))
        at = match.end()
    tokens.append(_Token("end", "", len(text) + 1))
    return tokens


def _refuse(text: str, at: int) -> NoReturn:
    found = text[at]
    if found in "\"'":
        raise ExpressionError("this text has no closing quote", at + 1)
    if found == "$":
        raise ExpressionError("a variable is written ${name} or ${name.part}", at + 1)
    if found == "." and not text[at + 1 : at + 2].isdigit():
        raise ExpressionError("unexpected '.'; a path is written ${name.part}", at + 1)
    if found.isdigit() or found in "-.":
        raise ExpressionError("not a number", at + 1)
    if found.isascii() and (found.isalpha() or found == "_"):
        raise ExpressionError("a name ends in a dot", at + 1)
    hint = f"; use {_INSTEAD[found]}" if found in _INSTEAD else ""
    raise ExpressionError(f"unexpected {found!r}{hint}", at + 1)


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def next(self) -> _Token:
        token = self.token
        if token.kind != "end":
            self.at += 1
        return token

    def is_word(self, word: str) -> bool:
        return self.token.kind == "name" and self.token.text == word

    def take(self, sign: str) -> bool:
        if self.token.kind == "sign" and self.token.text == sign:
            self.at += 1
            return True
        return False

    def expect(self, sign: str, opened: _Token) -> None:
        if not self.take(sign):
            raise ExpressionError(
                f"expected {sign!r} for the {opened.text!r} at column {opened.column}, found {self.found()}",
                self.token.column,
            )

    def expect_end(self) -> None:
        if self.token.kind != "end":
            hint = "; compare with '=='" if self.token.text == "is" else ""
            raise ExpressionError(f"expected an operator, found {self.found()}{hint}", self.token.column)

    def found(self) -> str:
        return "the end" if self.token.kind == "end" else repr(self.token.text)

    def nest(self, depth: int) -> int:
        if depth >= _MAX_NESTING:
            raise ExpressionError(f"nested deeper than {_MAX_NESTING} levels", self.token.column)
        return depth + 1

    def junction(self, depth: int) -> Tree:
        """``or`` over ``and``."""
        alternatives = [self.conjunction(depth)]
        while self.is_word("or"):
            self.next()
            alternatives.append(self.conjunction(depth))
        return alternatives[0] if len(alternatives) == 1 else Junction("or", tuple(alternatives))

    def conjunction(self, depth: int) -> Tree:
        operands = [self.negation(depth)]
        while self.is_word("and"):
            self.next()
            operands.append(self.negation(depth))
        return operands[0] if len(operands) == 1 else Junction("and", tuple(operands))

    def negation(self, depth: int) -> Tree:
        if self.is_word("not"):
            inner = self.nest(depth)
            self.next()
            return Not(self.negation(inner))
        return self.comparison(depth)

    def comparison(self, depth: int) -> Tree:
        left = self.value(depth)
        operator = self.operator()
        if operator is None:
            return left
        right = self.value(depth)
        second = self.token
        if self.operator() is not None:
            raise ExpressionError("comparisons do not chain; join two with 'and'", second.column)
        return Compare(operator, left, right)

    def operator(self) -> Operator | None:
        token = self.token
        if token.kind == "sign" and token.text in ("==", "!=", "<", "<=", ">", ">="):
            self.next()
            return cast(Operator, token.text)
        if self.is_word("in"):
            self.next()
            return "in"
        if self.is_word("not"):
            following = self.tokens[self.at + 1]
            if following.kind == "name" and following.text == "in":
                self.at += 2
                return "not in"
        return None

    def value(self, depth: int) -> Tree:
        token = self.next()
        match token.kind:
            case "number":
                return Value(_number(token))
            case "text":
                return Value(_unquote(token))
            case "bound":
                return Path(tuple(token.text.split(".")))
            case "name":
                return self.name(token, depth)
        if token.kind == "sign" and token.text == "(":
            tree = self.junction(self.nest(depth))
            self.expect(")", token)
            return tree
        if token.kind == "sign" and token.text == "[":
            return self.listing(token, self.nest(depth))
        found = "the end" if token.kind == "end" else repr(token.text)
        raise ExpressionError(f"expected a value, found {found}", token.column)

    def name(self, token: _Token, depth: int) -> Tree:
        if token.text in _WORDS:
            return Value(_WORDS[token.text])
        if token.text == "len":
            opened = self.token
            if not self.take("("):
                raise ExpressionError("'len' is written len(x)", token.column)
            inner = self.junction(self.nest(depth))
            self.expect(")", opened)
            return Length(inner)
        if token.text in RESERVED:
            raise ExpressionError(f"expected a value, found {token.text!r}", token.column)
        if self.token.kind == "sign" and self.token.text == "(":
            raise ExpressionError(f"{token.text!r} is no function; the only one is len(x)", token.column)
        return Path(tuple(token.text.split(".")))

    def listing(self, opened: _Token, depth: int) -> Tree:
        items: list[Tree] = []
        while not self.take("]"):
            if items and not self.take(","):
                raise ExpressionError(f"expected ',' or ']', found {self.found()}", self.token.column)
            items.append(self.junction(depth))
        return Listing(tuple(items))


def _number(token: _Token) -> int | float:
    if len(token.text) > _MAX_DIGITS:
        raise ExpressionError(f"a number has at most {_MAX_DIGITS} digits", token.column)
    if any(mark in token.text for mark in ".eE"):
        number = float(token.text)
        if not math.isfinite(number):
            raise ExpressionError("this number is too large", token.column)
        return number
    return int(token.text)


def _unquote(token: _Token) -> str:
    def replace(match: re.Match[str]) -> str:
        escape = match.group(1)
        if escape not in _ESCAPES:
            raise ExpressionError(f"unknown escape '\\{escape}' in a text", token.column + 1 + match.start())
        return _ESCAPES[escape]

    return re.sub(r"\\(.)", replace, token.text[1:-1], flags=re.DOTALL)
