"""Workflows written for one test, and their functions loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from mozaiks.engine.functions import load_function
from mozaiks.manifests import load_workflow
from mozaiks.manifests.spec import FunctionRef


class Root:
    """A folder of workflows."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, files: dict[str, str]) -> None:
        """Write files, named relative to the root; a workflow gets the manifests it needs."""
        for relative, content in files.items():
            path = self.path / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(content))
            workflow = self.path / relative.split("/")[0]
            if not workflow.name.startswith("_"):
                (workflow / "orchestrator.yaml").write_text("pattern: Default\n")
                (workflow / "agents.yaml").write_text("Writer:\n  system_message: Write.\n")

    def load(self, workflow: str, path: str = "tools/main.py", function: str = "execute") -> Callable[..., Any]:
        folder = self.path / workflow
        return load_function(load_workflow(folder), folder, FunctionRef(path=path, function=function))


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path / "workflows")
