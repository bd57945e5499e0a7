"""The notes of an interview, kept in the chat's context variables."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


def note_answer(answer: str, context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """Note the customer's answer to the open question.

    Args:
        answer: What the customer said, word for word.
        context_variables: Variables of the chat: questions, and answers, to which this one is added.
    """
    questions = context_variables["questions"]
    answers = [*context_variables["answers"]]
    if len(answers) >= len(questions):
        return {"noted": False, "next_topic": None, "next_question": None}
    topic = questions[len(answers)]["topic"]
    answers.append({"topic": topic, "answer": answer.strip()})
    context_variables["answers"] = answers
    following = questions[len(answers)] if len(answers) < len(questions) else {"topic": None, "question": None}
    return {
        "noted": True,
        "topic": topic,
        "next_topic": following["topic"],
        "next_question": following["question"],
    }


def read_notes(context_variables: MutableMapping[str, Any]) -> dict[str, str]:
    """All answers of the customer, word for word, by topic.

    Args:
        context_variables: Variables of the chat, with answers.
    """
    return {note["topic"]: note["answer"] for note in context_variables["answers"]}
