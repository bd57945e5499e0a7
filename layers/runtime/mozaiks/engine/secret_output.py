"""Masks fetched secrets in what a worker prints and logs, whoever does it: a tool, or a library it uses."""

from __future__ import annotations

import logging
import sys
import traceback
from typing import Any, Final

from mozaiks.engine.tool_secrets import Redaction

__all__ = ["MaskedStream", "mask_output"]

_NEWEST: Final = Redaction.of_the_process


def mask_output() -> None:
    """From now on, print and log masks in the place of secrets. For a worker's start, once."""
    make = logging.getLogRecordFactory()

    def masked(*arguments: Any, **named: Any) -> logging.LogRecord:
        record = make(*arguments, **named)
        if _NEWEST.active:
            _mask(record)
        return record

    logging.setLogRecordFactory(masked)
    sys.stdout = MaskedStream(sys.stdout)
    sys.stderr = MaskedStream(sys.stderr)


def _mask(record: logging.LogRecord) -> None:
    said = record.getMessage()
    record.msg, record.args = _NEWEST.text(said), ()
    if record.exc_info and record.exc_info[0] is not None:
        trace = "".join(traceback.format_exception(*record.exc_info))
        if (told := _NEWEST.text(trace)) != trace:
            # Whoever formats the record later would write the exception as it is.
            record.msg, record.exc_info = f"{record.msg}\n{told}", None


class MaskedStream:
    """A text stream that writes masks in the place of secrets."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        return int(self._stream.write(_NEWEST.text(text) if _NEWEST.active else text) or 0)

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
