"""A small project with a package source of its own: the installer runs as on a fresh machine, without a network."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

_LOCAL = Path(__file__).parents[1] / "local"

__all__ = ["Project", "make_project"]


@dataclass(frozen=True)
class Project:
    root: Path
    wheels: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def write_lock(self, version: str, digest: str | None = None, use: str = "local") -> None:
        """Pin the one package of this project; by default with the hash of its wheel."""
        wheel = self.wheels / f"tiny-{version}-py3-none-any.whl"
        digest = digest or hashlib.sha256(wheel.read_bytes()).hexdigest()
        (self.root / "requirements" / f"{use}.txt").write_text(f"tiny=={version} \\\n    --hash=sha256:{digest}\n")

    def environment(self, **changes: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
        source = {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": self.wheels.as_uri()}
        return {**inherited, **source, **changes}

    def bootstrap(
        self, use: str = "local", python: str = sys.executable, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, str(self.root / "local" / "bootstrap.py"), use],
            env=dict(env or self.environment()),
            capture_output=True,
            text=True,
            check=False,
        )

    def ask(self, question: str) -> str:
        answer = subprocess.run(
            [self.venv / "bin" / "python", "-c", question], capture_output=True, text=True, check=True
        )
        return answer.stdout.strip()


def _make_wheel(folder: Path, version: str) -> None:
    info = f"tiny-{version}.dist-info"
    files = {
        "tiny.py": f"version = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tiny\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"tiny-{version}-py3-none-any.whl", "w") as wheel:
        for name, content in files.items():
            wheel.writestr(name, content)


def make_project(folder: Path) -> Project:
    """Lay out a project as the real one, with the real installer and two versions of one small package."""
    project = Project(folder / "the project's root", folder / "wheels")
    shutil.copytree(_LOCAL / "installer", project.root / "local" / "installer")
    shutil.copy(_LOCAL / "bootstrap.py", project.root / "local")
    (project.root / "layers" / "runtime").mkdir(parents=True)
    (project.root / "layers" / "runtime" / "mozaiks.py").write_text("deployed = True\n")
    (project.root / "local" / "mozaiks_local").mkdir()
    (project.root / "local" / "mozaiks_local" / "__init__.py").touch()
    (project.root / "local" / "mozaiks_local" / "cli.py").write_text("import sys\nprint(sys.argv[1:])\n")
    (project.root / "requirements").mkdir()
    project.wheels.mkdir()
    for version in ("1.0", "2.0"):
        _make_wheel(project.wheels, version)
    return project
