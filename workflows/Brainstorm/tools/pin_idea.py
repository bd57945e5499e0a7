"""The board of a brainstorm, kept in the chat's context variables."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any


def execute(idea: str, agent_name: str, context_variables: MutableMapping[str, Any]) -> dict[str, Any]:
    """Pin an idea to the board everybody sees. A full board is wiped first.

    Args:
        idea: The idea, in at most twelve words.
        agent_name: Who pins it.
        context_variables: Variables of the chat, with board and board_size.
    """
    board = context_variables["board"]
    if len(board) >= context_variables["board_size"]:
        board = []
    context_variables["board"] = [*board, {"idea": idea.strip(), "by": agent_name}]
    return {"pinned": idea.strip(), "ideas_on_the_board": len(board) + 1}
