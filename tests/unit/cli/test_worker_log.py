"""What a developer sees of the workers."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from mozaiks_local.cli.redaction import redacted
from mozaiks_local.cli.worker_log import WorkerLog


def shown(*lines: str, verbose: bool = False) -> list[str]:
    file = io.StringIO()
    log = WorkerLog(Console(file=file, width=300), verbose=verbose)
    for line in lines:
        log.said("MessageFunction", line)
    return file.getvalue().splitlines()


def record(level: str, message: object, **facts: object) -> str:
    stamp = "2026-05-01T10:20:30.123Z"
    return json.dumps({"level": level, "message": message, "timestamp": stamp, **facts})


def test_a_warning_is_shown_with_its_function_and_an_information_is_not() -> None:
    lines = shown(record("INFO", "all well"), record("WARNING", "slow", chat_id="c1"))
    assert [line.split() for line in lines] == [["10:20:30", "message", "WARNING", "slow", "chat_id=c1"]]


def test_everything_is_shown_when_asked_for() -> None:
    assert len(shown(record("DEBUG", "detail"), "printed by a tool", verbose=True)) == 2


def test_what_a_user_said_is_not_repeated() -> None:
    lines = shown(record("ERROR", {"body": "my secret wish"}, content="my secret wish"), verbose=True)
    assert "wish" not in "".join(lines)


def test_an_uncaught_error_is_shown_whole_and_what_follows_is_not() -> None:
    trace = [
        "[ERROR] KeyError: 1",
        "of two lines",
        "Traceback (most recent call last):",
        '\xa0\xa0File "app.py"',
        "later",
    ]
    assert [line.split(maxsplit=2)[2] for line in shown(*trace)] == [line.strip() for line in trace[:-1]]


def test_a_traceback_of_python_is_shown_with_the_error_at_its_end() -> None:
    trace = ["Traceback (most recent call last):", '  File "app.py"', "KeyError: 1", "printed later"]
    assert [line.split(maxsplit=2)[2] for line in shown(*trace)] == [line.strip() for line in trace[:-1]]


def test_a_tools_own_warning_is_one_line() -> None:
    lines = shown("[WARNING]\t2026-05-01T10:20:30Z\tid\tcareful", "printed later")
    assert [line.split()[1] for line in lines] == ["WARNING"]


def test_the_same_line_is_not_repeated_again_and_again() -> None:
    assert len(shown(*[record("ERROR", "cannot start")] * 5, record("ERROR", "another"))) == 2


def test_a_reload_is_told() -> None:
    file = io.StringIO()
    WorkerLog(Console(file=file, width=300), verbose=False).said("stack", "app.py changed: MessageFunction reloaded")
    assert file.getvalue() == "↻ app.py changed: MessageFunction reloaded\n"


@pytest.mark.parametrize(
    "line",
    [
        "GET /local?access_token=s3cret-value&x=1",
        "Authorization: Bearer s3cret-value",
        "protocols bearer,s3cret-value",
        "mongodb://user:s3cret-value@host/",
        'OPENAI_API_KEY="s3cret-value"',
        "key sk-s3cret-value",
        "jwt eyJhbGciOiJ.s3cret-value.sig",
    ],
)
def test_secrets_are_taken_out_of_a_line(line: str) -> None:
    assert "s3cret-value" not in redacted(line)
    assert "***" in redacted(line)
