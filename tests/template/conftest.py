"""The layers, made once a run by the recipes ``sam build`` calls; and an interpreter as bare as Lambda's own."""

from __future__ import annotations

import fcntl
import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNTIME = f"python{sys.version_info[0]}.{sys.version_info[1]}"
ARCHITECTURE = "arm64" if platform.machine() in ("aarch64", "arm64") else "x86_64"


def make(target: str, artifacts: Path, makefile: Path) -> subprocess.CompletedProcess[str]:
    """Run a recipe as ``sam build`` does: from another folder, with the place of the artifacts in the environment."""
    return subprocess.run(
        ["make", "--makefile", str(makefile), target],
        cwd=artifacts.parent,
        env={**os.environ, "ARTIFACTS_DIR": str(artifacts), "RUNTIME": RUNTIME, "ARCHITECTURE": ARCHITECTURE},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as the project, with the built layers in the place of their sources."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    folder = shared / "built"
    with (shared / "built.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one process makes it, the others wait
        if not (folder / "template.yaml").is_file():
            shutil.rmtree(folder, ignore_errors=True)
            for source in ("functions", "statemachines"):
                shutil.copytree(ROOT / source, folder / source, ignore=shutil.ignore_patterns("__pycache__"))
            (folder / "layers").mkdir()
            for target, place in (("RuntimeLayer", "layers/runtime"), ("WorkflowsLayer", "workflows")):
                done = make(f"build-{target}", folder / place, ROOT / place / "Makefile")
                assert done.returncode == 0, done.stdout + done.stderr
            shutil.copy(ROOT / "template.yaml", folder)  # last: it says that the rest is there
    return folder


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter that has what the managed runtime has: AWS's runtime client and boto3."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    for name in _needed({"awslambdaric", "boto3"}):
        for file in distribution(name).files or ():
            link = packages / file.parts[0]
            if file.parts[0] not in ("..", "__pycache__") and not link.exists():
                link.symlink_to(Path(str(distribution(name).locate_file(file.parts[0]))))
    return folder / "bin" / "python"


def _needed(names: set[str]) -> set[str]:
    found: set[str] = set()
    while names:
        name = names.pop()
        found.add(name)
        for requirement in distribution(name).requires or ():
            if "extra ==" not in requirement:
                names |= {re.split(r"[^\w.-]", requirement)[0]} - found
    return found
