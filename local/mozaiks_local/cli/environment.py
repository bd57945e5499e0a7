"""The settings as a developer's machine has them: the environment, and a ``.env`` file beside the template."""

from __future__ import annotations

from pathlib import Path

from mozaiks_local.cli.console import Failure

__all__ = ["DOTENV", "load_dotenv_file", "read_settings"]

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mozaiks.settings import Settings

DOTENV = ".env"


def load_dotenv_file(folder: Path) -> bool:
    """Put the variables of ``folder/.env`` into the environment, which wins over the file.

    Returns
    -------
    bool
        Whether there is such a file.
    """
    path = folder / DOTENV
    if not path.is_file():
        return False
    from dotenv import load_dotenv

    try:
        load_dotenv(path, override=False)
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"{path} cannot be read: {error}") from error
    return True


def read_settings(folder: Path) -> Settings:
    """The settings of a command run in ``folder``.

    Raises
    ------
    Failure
        Naming each variable whose value cannot be used, never the value of a secret.
    """
    load_dotenv_file(folder)
    from pydantic import ValidationError

    from mozaiks.settings import Settings

    try:
        return Settings()  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        problems = []
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            where = ".".join(str(part) for part in problem["loc"]).upper()
            text = problem["msg"].removeprefix("Value error, ")
            problems.append(f"{where}: {text}" if where else text)
        raise Failure("the environment cannot be used: " + "; ".join(problems)) from error
