"""``mozaiks page``: the chat page as files, to be served from anywhere."""

from __future__ import annotations

import asyncio
import json
import shutil
from pathlib import Path

from rich.text import Text

from mozaiks_local.cli.console import Failure, out, warn
from mozaiks_local.cli.environment import read_settings
from mozaiks_local.page import PAGE_FOLDER, PageError, build_page, has_page

__all__ = ["write_page"]


def write_page(folder: Path, into: Path, api_url: str | None) -> None:
    """Build the page of the project in ``folder`` and put its files into ``into``, which is emptied before.

    Parameters
    ----------
    api_url
        Where the page finds the API, written into its ``config.json``; ``None``: where the page itself comes from.

    Raises
    ------
    Failure
        If it cannot be built, or ``into`` holds what is no page.
    """
    if not has_page(folder):
        raise Failure(f"there is no chatui/app in {folder}: run this in the project's folder")
    if into.exists() and not (into.is_dir() and ((into / "index.html").is_file() or not any(into.iterdir()))):
        raise Failure(f"{into} is there and is no page: name a folder that is empty or not there, with --into")
    settings = read_settings(folder)
    workflows = (folder / settings.mozaiks_workflows_path).resolve()
    builds = (folder / settings.mozaiks_data_dir).resolve() / PAGE_FOLDER
    try:
        with out().status(Text("building the page …")) as status:
            work = build_page(folder, workflows, builds, lambda doing: status.update(Text(f"{doing} …")))
            built = asyncio.run(work)
    except PageError as error:
        raise Failure(str(error)) from error
    for warning in built.warnings:
        warn(warning)
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(built.folder, into)
    # A deployment checks tokens; whose chats are shown, they say.
    config = {"auth": True, "app_id": "", "user_id": "", **({} if api_url is None else {"api_url": api_url})}
    (into / "config.json").write_text(json.dumps(config) + "\n", encoding="utf-8")
    out().print(Text.assemble(("✓ ", "green"), f"the chat page is in {into}"))
