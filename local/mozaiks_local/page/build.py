"""Build the page, or find the one that was built from the same sources."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .errors import PageError, explain
from .node import Node, find_node
from .programs import run
from .sources import digest_of, stamp_of

__all__ = ["PAGE_FOLDER", "PageBuild", "build_page", "has_page", "install_packages"]

PAGE_FOLDER: Final = "page"
_LOCK: Final = "package-lock.json"
_MARK: Final = Path("node_modules/.mozaiks-lock")
_LOCK_POLL_SECONDS: Final = 0.2


@dataclass(frozen=True)
class PageBuild:
    """A page that is ready to be served.

    Attributes
    ----------
    folder
        Its files; ``index.html`` among them.
    reused
        Whether it was there already.
    warnings
        Components that could not be bundled, one sentence each; the page shows them as broken.
    """

    folder: Path
    reused: bool
    warnings: tuple[str, ...] = ()


def has_page(project: Path) -> bool:
    """Whether the project has a page at all."""
    return (project / "chatui" / "app" / "package.json").is_file()


async def build_page(project: Path, workflows: Path, into: Path, say: Callable[[str], None]) -> PageBuild:
    """Give the page of these sources, building it if no earlier build is there.

    Parameters
    ----------
    project
        The project's folder, with ``chatui/``.
    workflows
        Whose ``<Name>/ui/`` components are bundled.
    into
        Where builds are kept, one folder each; the others are removed.
    say
        Told what is being done, for a progress line.

    Raises
    ------
    PageError
        With the cause in one sentence.
    """
    chatui = project / "chatui"
    try:
        built = into / stamp_of(chatui, workflows)
        if (built / "index.html").is_file():
            return PageBuild(built, reused=True)
        async with _alone(chatui):
            if (built / "index.html").is_file():
                return PageBuild(built, reused=True)
            node = await find_node(project, say)
            await _install(chatui, node, say)
            say("bundling the page")
            warnings = await _bundle(chatui, workflows, node, built)
    except OSError as error:
        raise PageError(f"{error.filename or chatui} cannot be used: {error.strerror or error}") from error
    _remove_others(built)
    return PageBuild(built, reused=False, warnings=warnings)


async def install_packages(project: Path, node: Node, say: Callable[[str], None]) -> None:
    """Install the locked packages of ``chatui/``, unless these are the ones that are there. Safe beside a build.

    Raises
    ------
    PageError
        With the cause in one sentence.
    """
    async with _alone(project / "chatui"):
        await _install(project / "chatui", node, say)


async def _install(chatui: Path, node: Node, say: Callable[[str], None]) -> None:
    """Install the locked packages, unless these are the ones that are there."""
    lock, mark = chatui / _LOCK, chatui / _MARK
    if not lock.is_file():
        raise PageError(f"{lock} is missing: it names the packages the page is built with")
    wanted = f"{digest_of(lock)} {node.version.partition('.')[0]}"
    if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
        return
    say("fetching the page's packages (once)")
    # No package's own program runs here: nothing of what is used needs one.
    command = [str(node.node), str(node.npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    status, output = await run(command, cwd=chatui, env=node.environment())
    if status != 0:
        raise PageError(explain(output, "npm ci failed"))
    mark.write_text(wanted, encoding="utf-8")


async def _bundle(chatui: Path, workflows: Path, node: Node, built: Path) -> tuple[str, ...]:
    vite = chatui / "node_modules" / "vite" / "bin" / "vite.js"
    partial = built.with_name(built.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.parent.mkdir(parents=True, exist_ok=True)
    command = [str(node.node), str(vite), "build", "--outDir", str(partial), "--emptyOutDir", "--logLevel", "warn"]
    environment = {**node.environment(), "MOZAIKS_WORKFLOWS_PATH": str(workflows), "NODE_ENV": "production"}
    status, output = await run(command, cwd=chatui / "app", env=environment)
    if status != 0:
        shutil.rmtree(partial, ignore_errors=True)
        raise PageError(explain(output, "the bundler failed"))
    shutil.rmtree(built, ignore_errors=True)
    partial.rename(built)
    return tuple(line.partition("mozaiks: ")[2].strip() for line in output.splitlines() if "mozaiks: " in line)


@contextlib.asynccontextmanager
async def _alone(chatui: Path) -> AsyncIterator[None]:
    """One installation and build at a time: they share ``node_modules``."""
    holder = os.open(chatui, os.O_RDONLY)
    try:
        while True:
            try:
                fcntl.flock(holder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                await asyncio.sleep(_LOCK_POLL_SECONDS)
        yield
    finally:
        os.close(holder)


def _remove_others(built: Path) -> None:
    for other in built.parent.iterdir():
        if other != built and other.is_dir():
            shutil.rmtree(other, ignore_errors=True)
