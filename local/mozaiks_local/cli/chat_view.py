"""How a conversation looks in a terminal, and as plain text where there is none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mozaiks_local.cli.chat_state import Spent
from mozaiks_local.cli.console import printable
from mozaiks_local.client import Event

__all__ = ["ChatView"]

_COLOURS: Final = ("cyan", "magenta", "green", "yellow", "blue", "bright_red", "bright_cyan", "bright_magenta")
_FOLD: Final = 60


class ChatView:
    """Prints events.

    Parameters
    ----------
    console
        Where to.
    streaming
        Show texts while they are being written; otherwise each once, when it is finished.
    """

    def __init__(self, console: Console, *, streaming: bool) -> None:
        self._console = console
        self._streaming = streaming
        self._colours: dict[str, str] = {}
        self._speaker: str | None = None
        self._writing: str | None = None
        self._written = ""
        self._mid_line = False
        self._calls: dict[str, str] = {}
        self._last_text = ""

    def show(self, event: Event, *, own: bool = False) -> None:
        """Print ``event``; ``own`` says that the user typed it here, where it can be read already."""
        data = event.data
        match event.type:
            case "chat.print":
                self._delta(data)
            case "chat.text":
                self._text(data, own=own)
            case "chat.select_speaker":
                self._select(data.get("agent"))
            case "chat.tool_call":
                self._call(data)
            case "chat.tool_response":
                self._result(data)
            case "chat.input_request":
                prompt = str(data.get("prompt") or "")
                if prompt and prompt != self._last_text:
                    self.note(f"? {prompt}")
            case "chat.run_complete":
                self._run_complete(data)
            case "chat.error" | "error":
                self.problem(data)

    def note(self, text: str) -> None:
        """One dim line."""
        self._line(Text(printable(text), style="dim"))

    def problem(self, data: Mapping[str, Any]) -> None:
        """An error in plain words, with its code."""
        mild = data.get("severity") == "warning"
        text = (
            f"{'!' if mild else '✗'} {data.get('message') or 'something went wrong'} ({data.get('code') or 'UNKNOWN'})"
        )
        if data.get("retryable") and not mild:
            text += ". Trying again may help."
        self._line(Text(printable(text), style="yellow" if mild else "red"))

    def usage(self, spent: Mapping[tuple[str, str], Spent]) -> None:
        """What the conversation used so far, agent by agent."""
        if not spent:
            self.note("no usage yet")
            return
        table = Table(box=None, header_style="dim", pad_edge=False)
        for heading in ("agent", "model"):
            table.add_column(heading)
        for heading in ("in", "cached", "out", "total"):
            table.add_column(heading, justify="right")
        for (agent, model), tokens in spent.items():
            counts = (tokens.prompt_tokens, tokens.cached_tokens, tokens.completion_tokens, tokens.total_tokens)
            table.add_row(Text(printable(agent), self._colour(agent)), printable(model), *map(str, counts))
        if len(spent) > 1:
            table.add_row("all", "", *(str(sum(row)) for row in zip(*map(_counts, spent.values()), strict=True)))
        self._break()
        self._console.print(table)

    # -- texts -------------------------------------------------------------------------------------------------------

    def _delta(self, data: Mapping[str, Any]) -> None:
        if not self._streaming:
            return
        message_id, content = str(data.get("message_id")), printable(str(data.get("content", "")))
        if message_id != self._writing:
            if self._writing is not None:
                self.note("(started over)")
            self._writing, self._written = message_id, ""
            self._header(data.get("agent"))
        self._written += content
        self._write(content)

    def _text(self, data: Mapping[str, Any], *, own: bool) -> None:
        content = printable(str(data.get("content") or ""))
        self._last_text = str(data.get("content") or "")
        if data.get("role") == "user":
            if not (own and self._streaming):
                self._header("you")
                self._write(content)
                self._break()
            return
        if self._writing is not None and data.get("message_id") == self._writing:
            if content.startswith(self._written):
                self._write(content[len(self._written) :])
            else:
                self.note("(the final text differs)")
                self._header(data.get("agent"))
                self._write(content)
            self._writing = None
        elif content:
            self._header(data.get("agent"))
            self._write(content)
        self._break()

    def _select(self, agent: object) -> None:
        if not isinstance(agent, str):
            return
        if self._speaker is not None and agent != self._speaker:
            self._line(Text.assemble(("→ ", "dim"), (printable(agent), f"dim {self._colour(agent)}")))
        self._speaker = agent

    # -- tools -------------------------------------------------------------------------------------------------------

    def _call(self, data: Mapping[str, Any]) -> None:
        arguments = data.get("arguments", data.get("payload"))
        shown = ", ".join(f"{k}={_fold(v)}" for k, v in arguments.items()) if isinstance(arguments, dict) else ""
        line = f"⚙ {data.get('tool_name')}({shown})"
        if data.get("awaiting_response"):
            self.note(f"{line} … waits for an answer")
        else:
            self._calls[str(data.get("tool_call_id"))] = line

    def _result(self, data: Mapping[str, Any]) -> None:
        line = self._calls.pop(str(data.get("tool_call_id")), f"⚙ {data.get('tool_name')}")
        failed = data.get("success") is False
        self.note(f"{line} {'✗' if failed else '→'} {_fold(data.get('content'))}")

    # -- runs --------------------------------------------------------------------------------------------------------

    def _run_complete(self, data: Mapping[str, Any]) -> None:
        for line in self._calls.values():
            self.note(f"{line} … no result")
        self._calls.clear()
        if self._writing is not None:
            self._writing = None
            self._break()
        parts = []
        turns, usage, duration = data.get("turns"), data.get("usage"), data.get("duration_ms")
        if isinstance(turns, int) and turns:
            parts.append(f"{turns} turn{'s' if turns != 1 else ''}")
        if isinstance(usage, dict) and usage.get("total_tokens"):
            parts.append(
                f"{usage['total_tokens']} tokens ({usage.get('prompt_tokens', '?')} in, "
                f"{usage.get('completion_tokens', '?')} out)"
            )
        if isinstance(duration, int | float) and parts:
            parts.append(f"{duration / 1000:.1f} s")
        status = str(data.get("status", "completed"))
        if status != "waiting":
            parts.insert(0, status.replace("_", " "))
        if parts:
            self.note("· " + " · ".join(parts))

    # -- lines -------------------------------------------------------------------------------------------------------

    def _colour(self, agent: str) -> str:
        return self._colours.setdefault(agent, _COLOURS[len(self._colours) % len(_COLOURS)])

    def _header(self, agent: object) -> None:
        name = printable(agent) if isinstance(agent, str) and agent else "(hidden)"
        self._break()
        style = "bold" if name == "you" else f"bold {self._colour(name)}"
        self._write(Text.assemble((name, style), (" › " if self._streaming else ": ", "dim")))

    def _write(self, text: str | Text) -> None:
        if text:
            self._console.print(text if isinstance(text, Text) else Text(text), end="")
            self._mid_line = not str(text).endswith("\n")

    def _line(self, text: Text) -> None:
        self._break()
        self._console.print(text)

    def _break(self) -> None:
        if self._mid_line:
            self._console.print()
            self._mid_line = False


def _counts(tokens: Spent) -> tuple[int, int, int, int]:
    return tokens.prompt_tokens, tokens.cached_tokens, tokens.completion_tokens, tokens.total_tokens


def _fold(value: object) -> str:
    """``value`` on one short line."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= _FOLD else text[: _FOLD - 1] + "…"
