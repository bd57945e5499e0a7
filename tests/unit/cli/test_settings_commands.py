"""``mozaiks config`` and where settings come from, in real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mozaiks.settings import Settings

ROOT = Path(__file__).parents[3]


def mozaiks(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    known = {name.upper() for name in Settings.model_fields} | {"MONGO_URI", "DATABASE_URI", "MOZAIKS_TOKEN"}
    clean = {name: value for name, value in os.environ.items() if name not in known}
    paths = os.pathsep.join(map(str, (ROOT / "layers/runtime", ROOT / "local")))
    return subprocess.run(
        [sys.executable, "-m", "mozaiks_local.cli", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": paths, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def config(folder: Path, **variables: str) -> dict[str, dict[str, object]]:
    result = mozaiks(folder, "config", "--json", **variables)
    assert result.returncode == 0, result.stderr
    return {row["name"]: row for row in json.loads(result.stdout)}


def test_every_setting_is_listed_with_its_meaning(tmp_path: Path) -> None:
    rows = config(tmp_path)
    assert len(rows) == len(Settings.model_fields)
    assert all(row["description"] for row in rows.values())
    assert rows["MONGODB_URI"]["aliases"] == ["MONGO_URI", "DATABASE_URI"]
    assert (rows["PORT"]["value"], rows["PORT"]["is_default"]) == (8000, True)


def test_a_value_comes_from_the_environment_then_from_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9001\nOPENAI_MODEL=from-file\n")
    rows = config(tmp_path, PORT="9002")
    assert (rows["PORT"]["value"], rows["OPENAI_MODEL"]["value"]) == (9002, "from-file")
    assert rows["PORT"]["is_default"] is False


def test_secrets_are_masked(tmp_path: Path) -> None:
    for arguments in (("config",), ("config", "--json")):
        result = mozaiks(tmp_path, *arguments, OPENAI_API_KEY="s3cret", DATABASE_URI="mongodb://u:s3cret@h/")
        assert "s3cret" not in result.stdout + result.stderr
        assert "********" in result.stdout


def test_a_bad_value_is_one_sentence_that_names_the_variable(tmp_path: Path) -> None:
    result = mozaiks(tmp_path, "config", PORT="many")
    assert (result.returncode, result.stdout) == (1, "")
    assert "PORT: Input should be a valid integer" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_authentication_may_not_be_off_in_a_deployed_stage(tmp_path: Path) -> None:
    result = mozaiks(tmp_path, "config", STAGE="prod", AUTH_ENABLED="false")
    assert (result.returncode, "AUTH_ENABLED is false" in result.stderr) == (1, True)


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, contextlib, io\n"
        "sys.argv = ['mozaiks', '--help']\n"
        "from mozaiks_local.cli.app import main\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()): main()\n"
        "heavy = {'pydantic', 'pymongo', 'websockets', 'boto3', 'moto', 'samtranslator', 'ag2', 'fastapi'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    paths = os.pathsep.join(map(str, (ROOT / "layers/runtime", ROOT / "local")))
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "[]"
