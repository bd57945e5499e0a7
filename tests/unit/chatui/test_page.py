"""What the page decides without a browser. It is written in TypeScript."""

from __future__ import annotations

import subprocess

from node_packages import ROOT, node_of_this_machine


def test_the_page_decides_rightly() -> None:
    node = node_of_this_machine()
    vitest = ROOT / "chatui/node_modules/vitest/vitest.mjs"
    ended = subprocess.run(
        [str(node.node), str(vitest), "run", "--root", "."],
        cwd=ROOT / "chatui/app",
        env=node.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
