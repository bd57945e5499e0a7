"""A workflow folder written file by file, and the smallest one that loads."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mozaiks.manifests import Loaded, Problem, WorkflowSpec, inspect_workflow, load_workflow

Files = Mapping[str, Any]
Write = Callable[..., Path]


class Workbench:
    """Writes workflow folders and loads them."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, files: Files, name: str = "Desk", *, minimal: bool = True) -> Path:
        """``files``: path → text, bytes, or data to write as JSON. Without an orchestrator or agents, minimal ones."""
        stems = {Path(path).name.split(".")[0] for path in files if "/" not in path}
        base: dict[str, Any] = {}
        if minimal and not stems & {"orchestrator", "workflow"}:
            base["orchestrator.yaml"] = "{}"
        if minimal and "agents" not in stems:
            base["agents.yaml"] = "agents: {Ada: {}, Bob: {}}"
        folder = self.root / name
        for path, content in {**base, **files}.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                file.write_bytes(content)
            else:
                file.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return folder

    def load(self, files: Files, name: str = "Desk", *, minimal: bool = True) -> WorkflowSpec:
        return load_workflow(self.write(files, name, minimal=minimal))

    def inspect(self, files: Files, name: str = "Desk", *, minimal: bool = True) -> Loaded:
        return inspect_workflow(self.write(files, name, minimal=minimal))

    def errors(self, files: Files, name: str = "Desk", *, minimal: bool = True) -> list[Problem]:
        problems = self.inspect(files, name, minimal=minimal).problems
        return [problem for problem in problems if problem.severity == "error"]

    def error(self, files: Files, name: str = "Desk", *, minimal: bool = True) -> Problem:
        """The only error."""
        errors = self.errors(files, name, minimal=minimal)
        assert len(errors) == 1, [str(error) for error in errors]
        return errors[0]

    def warning(self, files: Files, name: str = "Desk") -> Problem:
        """The only problem of a workflow that loads."""
        loaded = self.inspect(files, name)
        assert loaded.spec is not None, [str(problem) for problem in loaded.problems]
        assert len(loaded.problems) == 1, [str(problem) for problem in loaded.problems]
        return loaded.problems[0]


@pytest.fixture
def bench(tmp_path: Path) -> Workbench:
    return Workbench(tmp_path)
