"""``python -m mozaiks_local.demo_model`` as people start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

import mozaiks_local.demo_model as package
from mozaiks_local.demo_model.script import script_schema

PACKAGE = Path(package.__file__).parent
COMMAND = [sys.executable, "-m", "mozaiks_local.demo_model"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(PACKAGE.parent.parent)}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_leaves_cleanly(tmp_path: Path, how: signal.Signals) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--workflows", str(tmp_path)],
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        with urlopen(f"{url}/models", timeout=5) as answer:  # noqa: S310
            assert json.load(answer)["data"]
        process.send_signal(how)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, "")
    finally:
        process.kill()
        process.communicate()


def test_a_missing_folder_is_told_in_one_line(tmp_path: Path) -> None:
    wrong = str(tmp_path / "nowhere")
    done = subprocess.run([*COMMAND, "--workflows", wrong], env=ENVIRONMENT, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert f"{wrong}: no such folder" in done.stderr


def test_the_script_schema_beside_the_package_is_the_current_one() -> None:
    stored = json.loads((PACKAGE / "script.schema.json").read_text(encoding="utf-8"))
    assert stored == script_schema(), "run: python -m mozaiks_local.demo_model --print-schema > script.schema.json"
