"""Tests that are written in TypeScript: the Node and the packages they run with."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from pathlib import Path
from typing import Final

import pytest

from mozaiks_local.page import Node, install_packages, present_node

__all__ = ["ROOT", "node_of_this_machine", "vitest"]

ROOT: Final = Path(__file__).parents[1]
_PATIENCE_SECONDS: Final = 100


def node_of_this_machine() -> Node:
    """The Node that is there, with the locked packages installed; the test is skipped where there is none."""
    node = asyncio.run(present_node())
    if node is None:
        pytest.skip("there is no Node.js 20.19 or later: what is written in TypeScript is not tested")
    asyncio.run(install_packages(ROOT, node, print))
    return node


def vitest(node: Node, root: Path, project: str, **environment: str) -> None:
    """Run the client library's tests of one project; what they say is the failure's text."""
    chatui = root / "chatui"
    command = [str(node.node), str(chatui / "node_modules/vitest/vitest.mjs"), "run", "--project", project]
    with subprocess.Popen(
        command,
        cwd=chatui / "client",
        env={**node.environment(), **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,  # its workers end with it
    ) as process:
        try:
            said, _ = process.communicate(timeout=_PATIENCE_SECONDS)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert process.returncode == 0, said
