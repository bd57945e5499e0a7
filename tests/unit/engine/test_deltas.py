"""What of a text goes out while it is being written."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mozaiks.engine.deltas import Deltas, hidden_words
from mozaiks.manifests.spec import AgentSpec, ContextVariableSpec, TextMatch, Trigger, WorkflowSpec


class Ear:
    """Remembers what was sent, with the place each piece claims."""

    def __init__(self) -> None:
        self.heard = ""

    def delta(self, agent: str, message_id: str, offset: int, content: str) -> None:
        assert offset == len(self.heard.encode("utf-16-le")) // 2
        self.heard += content

    def publish(self, events: Any) -> None: ...

    def show(self, agent: str | None, frame: Any) -> None: ...


def heard(words: tuple[str, ...] | None, pieces: list[str]) -> str:
    ear = Ear()
    deltas = Deltas(ear, "A", words)
    for piece in pieces:
        deltas.add(piece)
    return ear.heard


def test_without_hidden_words_everything_goes_out() -> None:
    assert heard((), ["He", "llo 🌍", "!"]) == "Hello 🌍!"


def test_a_hidden_word_never_goes_out() -> None:
    assert heard(("NEXT",), ["N", "EX", "T"]) == ""
    assert heard(("NEXT",), ["  ", "NEXT", "\n"]) == ""


def test_a_text_that_only_begins_like_a_hidden_word_goes_out_whole() -> None:
    assert heard(("NEXT",), ["NE", "W", " things"]) == "NEW things"


def test_where_only_the_end_tells_nothing_goes_out() -> None:
    assert heard(None, ["Hello"]) == ""


@given(st.lists(st.text(max_size=3), max_size=12), st.sampled_from(["NEXT", "a", "DONE now"]))
def test_what_went_out_is_a_beginning_of_the_text_and_never_the_hidden_word(pieces: list[str], word: str) -> None:
    text = "".join(pieces)
    out = heard((word,), pieces)
    assert text.startswith(out)
    if text.strip() == word:
        assert out == ""


def trigger(match: TextMatch, *, hidden: bool = True) -> WorkflowSpec:
    variable = ContextVariableSpec(
        name="v", triggers=(Trigger(kind="agent_text", agent="A", match=match, ui_hidden=hidden),)
    )
    return WorkflowSpec(
        name="W", version="v", initial_agent="A", agents=(AgentSpec(name="A"),), context_variables=(variable,)
    )


def test_hidden_words_are_those_of_the_agent_s_hidden_triggers() -> None:
    assert hidden_words(trigger(TextMatch(equals="NEXT")), "A") == ("NEXT",)
    assert hidden_words(trigger(TextMatch(equals="NEXT")), "B") == ()
    assert hidden_words(trigger(TextMatch(equals="NEXT"), hidden=False), "A") == ()
    assert hidden_words(trigger(TextMatch(contains="x")), "A") is None
