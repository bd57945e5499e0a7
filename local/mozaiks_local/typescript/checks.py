"""``python -m mozaiks_local.typescript.checks``: types and style of what is written in TypeScript.

Where there is no Node.js, or its packages cannot be had, it says so and is content: nothing else needs them.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Final

from mozaiks_local.page import Node, PageError, install_packages, present_node
from mozaiks_local.page.programs import run

__all__ = ["main"]

_ROOT: Final = Path(__file__).parents[3]
_CHATUI: Final = _ROOT / "chatui"
_TSC: Final = _CHATUI / "node_modules/typescript/bin/tsc"
_BIOME: Final = _CHATUI / "node_modules/@biomejs/biome/bin/biome"
_CHECKS: Final = (
    (_CHATUI / "client", (str(_TSC), "--noEmit")),
    (_CHATUI / "app", (str(_TSC), "--noEmit")),
    (_CHATUI, (str(_BIOME), "check", "--colors=off", "client", "app")),
)
"""Where, and what is run with Node."""


async def main() -> int:
    """The exit status: 1 if something is wrong."""
    node = await present_node()
    if node is None:
        sys.stderr.write("there is no Node.js 20.19 or later: what is written in TypeScript is not checked\n")
        return 0
    try:
        await install_packages(_ROOT, node, _say)
    except PageError as error:
        sys.stderr.write(f"what is written in TypeScript is not checked: {error}\n")
        return 0
    complaints = [said for said in [await _check(node, *each) for each in _CHECKS] if said]
    sys.stdout.writelines(complaints)
    return 1 if complaints else 0


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


async def _check(node: Node, folder: Path, arguments: tuple[str, ...]) -> str:
    """What one of them complains of; nothing if all is well."""
    status, said = await run([str(node.node), *arguments], cwd=folder, env=node.environment())
    return "" if status == 0 else said


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
