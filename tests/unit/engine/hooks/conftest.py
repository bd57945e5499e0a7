"""A workflow with hooks, and a runner of them over a chat's variables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from mozaiks.engine.hooks import HookRunner
from mozaiks.engine.variables import Variables
from mozaiks.manifests import load_workflow


class Hooked:
    """One workflow, its variables, and its runner."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.context = Variables({"count": 1, "seen": []})

    def runner(self, code: str, hooks: str = "", lifecycle: str = "", *, seconds: float = 20.0) -> HookRunner:
        """``code`` becomes ``hooks/main.py``; ``hooks`` and ``lifecycle`` are YAML."""
        files = {
            "orchestrator.yaml": "pattern: Default\n",
            "agents.yaml": "Writer: {}\nCritic: {}\n",
            "hooks.yaml": f"hooks:\n{_indented(hooks)}" if hooks else None,
            "tools.yaml": f"tools: []\nlifecycle_tools:\n{_indented(lifecycle)}" if lifecycle else None,
            "hooks/main.py": dedent(code),
            "tools/main.py": dedent(code),
        }
        for relative, content in files.items():
            if content is not None:
                path = self.folder / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content)
        return HookRunner(load_workflow(self.folder), self.folder, self.values, timeout_seconds=seconds)

    def values(self) -> Mapping[str, Any]:
        return {
            "chat_id": "chat-1",
            "app_id": "app-1",
            "user_id": "user-1",
            "workflow_name": "Hooked",
            "context_variables": self.context,
        }


def _indented(text: str) -> str:
    return "".join(f"  {line}\n" for line in dedent(text).strip().splitlines())


@pytest.fixture
def hooked(tmp_path: Path) -> Hooked:
    return Hooked(tmp_path / "Hooked")
