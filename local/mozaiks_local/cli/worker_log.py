"""What the workers say, made readable: warnings and worse, or everything."""

from __future__ import annotations

import json
import time
from datetime import datetime
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from mozaiks_local.cli.console import printable
from mozaiks_local.cli.redaction import redacted

__all__ = ["WorkerLog"]

_LEVELS: Final = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
_QUIET_SECONDS: Final = 10.0
_REMEMBERED: Final = 500
_STYLES: Final = {"DEBUG": "dim", "INFO": "dim", "WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}
_SHOWN: Final = (
    "chat_id",
    "run_no",
    "workflow_name",
    "agent",
    "code",
    "error",
    "exception_name",
    "duration_ms",
    "status",
)
"""Facts of a record that are shown beside its message. Anything else could be what a user said."""
_ADVICE: Final = "LAMBDA_WARNING: Unhandled exception."
"""AWS's own advice on runtime updates, said with every uncaught error; nothing of it is true here."""
_STACK: Final = "stack"
_RUNTIME_NOISE: Final = ("START RequestId", "END RequestId", "REPORT RequestId", "INIT_START")


class WorkerLog:
    """Prints lines of the workers' output, with secrets taken out.

    Parameters
    ----------
    console
        Where to.
    verbose
        Every line; otherwise records of level WARNING and above and uncaught errors, each once in ten seconds.
    """

    def __init__(self, console: Console, *, verbose: bool) -> None:
        self._console = console
        self._verbose = verbose
        self._within: dict[str, str] = {}
        self._shown: dict[tuple[str, str, str], float] = {}

    def said(self, function: str, line: str) -> None:
        """Take a line a worker of ``function`` wrote, or the stack itself (``stack``)."""
        line = line.rstrip()
        if not line or _ADVICE in line:
            return
        if function == _STACK:
            self._console.print(Text(f"↻ {printable(redacted(line))}", style="dim"))
            return
        record = _record(line)
        if record is not None:
            self._within.pop(function, None)
            level = str(record.get("level", "INFO")).upper()
            if self._verbose or _LEVELS.get(level, 20) >= _LEVELS["WARNING"]:
                self._print(function, _text(record), level, _time(record.get("timestamp")))
            return
        level = self._level_of_plain(function, line)
        if self._verbose or _LEVELS[level] >= _LEVELS["WARNING"]:
            self._print(function, line, level, "")

    def _level_of_plain(self, function: str, line: str) -> str:
        """A line without a record is the runtime's own, or a tool's ``print``.

        The runtime tells an uncaught error as ``[ERROR] Name: message`` (which may have several lines), then
        ``Traceback …`` and indented lines. Python's own traceback ends with the error, not indented.
        """
        if line.startswith(_RUNTIME_NOISE):
            return "DEBUG"
        if line.startswith(("[ERROR]\t", "[CRITICAL]\t", "[WARNING]\t")):  # logging without powertools: one line
            return line[1 : line.index("]")]
        within = self._within.pop(function, None)
        if line.startswith("[ERROR] "):
            within = "message"
        elif line.startswith("Traceback"):
            within = "trace" if within == "message" else "python trace"
        elif within == "python trace" and not line[0].isspace():
            return "ERROR"
        elif within == "trace" and not line[0].isspace():
            within = None
        if within is None:
            return "INFO"
        self._within[function] = within
        return "ERROR"

    def _print(self, function: str, text: str, level: str, at: str) -> None:
        name = function.removesuffix("Function").lower()
        line = Text.assemble((f"{at} " if at else "", "dim"), (f"{name:<12}", "cyan"))
        line.append(f"{level:<8}", _STYLES.get(level, ""))
        text = printable(redacted(text))
        if self._repeats(function, level, text):
            return
        self._console.print(line.append(text))

    def _repeats(self, function: str, level: str, text: str) -> bool:
        """Whether this line was shown moments ago: a function that cannot start says the same with each event."""
        if self._verbose:
            return False
        now, key = time.monotonic(), (function, level, text)
        if len(self._shown) > _REMEMBERED:
            self._shown.clear()
        repeated = now - self._shown.get(key, -_QUIET_SECONDS) < _QUIET_SECONDS
        self._shown[key] = now
        return repeated


def _record(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and "message" in record else None


def _text(record: dict[str, Any]) -> str:
    message = record["message"]
    # A structured message may hold a whole event; only a sentence is safe to repeat.
    text = message if isinstance(message, str) else f"({type(message).__name__})"
    facts = [f"{key}={record[key]}" for key in _SHOWN if isinstance(record.get(key), str | int | float)]
    return " ".join([text, *facts])


def _time(timestamp: object) -> str:
    if not isinstance(timestamp, str):
        return ""
    for layout in ("%Y-%m-%dT%H:%M:%S.%f%z", "%Y-%m-%d %H:%M:%S,%f%z"):
        try:
            return datetime.strptime(timestamp, layout).strftime("%H:%M:%S")
        except ValueError:
            continue
    return ""
