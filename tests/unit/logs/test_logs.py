"""What a record of the log holds, as JSON and for people."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from mozaiks import logs
from mozaiks.errors import MozaiksError
from mozaiks.settings import Settings


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the package's loggers write."""
    (handler,) = logging.getLogger("mozaiks").handlers
    assert isinstance(handler, logging.StreamHandler)
    stream = io.StringIO()
    before = handler.setStream(stream)
    yield stream
    logs.configure(Settings())
    handler.setStream(before or stream)


def fail(words: str) -> None:
    try:
        raise ValueError(words)
    except ValueError as error:
        raise MozaiksError("TOOL_LOOP", f"{words} again") from error


def test_a_record_is_one_line_of_json(written: io.StringIO) -> None:
    logging.getLogger("mozaiks.engine").warning("It is %s", "so", extra={"chat_id": "c1"})
    (line,) = written.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    assert (found["message"], found["level"], found["chat_id"]) == ("It is so", "WARNING", "c1")


def test_an_exception_is_told_without_its_words(written: io.StringIO) -> None:
    try:
        fail("what Ann said")
    except MozaiksError:
        logging.getLogger("mozaiks.engine").exception("A run failed")
    found = json.loads(written.getvalue())
    # The line of the test that calls it stands in the trace, with the code of every other.
    assert written.getvalue().count("what Ann said") == found["exception"].count('fail("what Ann said")') == 1
    assert "mozaiks.errors.MozaiksError (TOOL_LOOP)" in found["exception"]
    assert "builtins.ValueError" in found["exception"]
    assert "in fail" in found["exception"]
    assert found["exception_name"] == "MozaiksError"


def test_people_read_lines_of_words(written: io.StringIO) -> None:
    logs.configure(Settings(logs_as_json=False))
    logging.getLogger("mozaiks.engine").warning("It is so", extra={"chat_id": "c1"})
    assert written.getvalue().rstrip().endswith("WARNING  It is so chat_id=c1")


def test_what_is_below_the_level_is_not_written(written: io.StringIO) -> None:
    logs.configure(Settings(log_level="ERROR"))
    logging.getLogger("mozaiks.engine").warning("It is so")
    assert written.getvalue() == ""
