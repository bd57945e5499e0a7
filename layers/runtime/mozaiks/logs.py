"""The process's logger: one JSON line a record, ids only, never contents or tokens."""

from __future__ import annotations

import logging
import traceback
from types import TracebackType
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers

from mozaiks.errors import MozaiksError
from mozaiks.settings import Settings

__all__ = ["configure", "logger"]

_NOT_FOR_PEOPLE: Final = frozenset(
    {
        "level", "message", "timestamp", "location", "service", "name", "exception", "exception_name", "cold_start",
        "function_name", "function_memory_size", "function_arn", "function_request_id", "xray_trace_id",
    }
)  # fmt: skip


class _Formatter(LambdaPowertoolsFormatter):
    """JSON, or for people a line of words.

    What an exception says is left out of JSON: a tool's words, or a provider's, repeat what people said to it. Where it
    was raised, its type and a ``MozaiksError``'s code stay. People, who read along on their own machine, are told all.
    """

    for_people = False

    def serialize(self, log: Any) -> str:
        if not self.for_people:
            return super().serialize(log)
        record = dict(log)
        clock = str(record.get("timestamp", ""))[11:19]
        facts = [f"{name}={value}" for name, value in record.items() if name not in _NOT_FOR_PEOPLE]
        line = " ".join([clock, f"{record.get('level', ''):<8}", str(record.get("message", "")), *facts])
        return f"{line}\n{record['exception']}" if record.get("exception") else line

    def formatException(  # noqa: N802 - logging's own name
        self,
        ei: (tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]),
    ) -> str:
        if self.for_people:
            return super().formatException(ei)
        error: BaseException | None = ei[1]
        parts: list[str] = []
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            code = f" ({error.code})" if isinstance(error, MozaiksError) else ""
            frames = "".join(traceback.format_tb(error.__traceback__))
            parts.append(f"{frames}{type(error).__module__}.{type(error).__qualname__}{code}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\ncaused by\n".join(parts)


# Powertools' own account of a trace repeats what the exception says.
_FORMATTER: Final = _Formatter(serialize_stacktrace=False)
logger = Logger(service="mozaiks", logger_formatter=_FORMATTER)
"""Carries the invocation's ids. The package's modules log through ``logging``; their records take the same form."""

logging.getLogger("mozaiks").setLevel(logger.log_level)
copy_config_to_registered_loggers(source_logger=logger, include={"mozaiks"})


def configure(config: Settings) -> None:
    """Log from the level, and in the form, that the settings say."""
    logging.getLogger("mozaiks").setLevel(config.log_level)
    _FORMATTER.for_people = not config.logs_as_json
