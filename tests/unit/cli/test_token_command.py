"""``mozaiks token``, in a real process, and as the backend takes what it prints."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mozaiks.bootstrap import token_checker
from mozaiks.settings import Settings

ROOT = Path(__file__).parents[3]
SECRET = "a secret of thirty-two bytes, or more"


def token(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name.lower() not in Settings.model_fields}
    paths = os.pathsep.join(map(str, (ROOT / "layers/runtime", ROOT / "local")))
    return subprocess.run(
        [sys.executable, "-m", "mozaiks_local.cli", "token", *arguments],
        cwd=folder,
        env={**clean, "PYTHONPATH": paths, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_prints_a_token_the_backend_takes_and_nothing_else(tmp_path: Path) -> None:
    variables = {"JWT_SECRET": SECRET, "ALLOWED_ISSUERS": "us, them", "JWT_AUDIENCE": "chat-api"}
    arguments = ("--app", "acme", "--user", "ann", "--scope", "chat trace", "--expires", "30m")
    done = token(tmp_path, *arguments, **variables)
    assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
    config = Settings.model_validate({"auth_enabled": True, **{key.lower(): value for key, value in variables.items()}})
    principal = token_checker(config).principal(done.stdout.strip())
    assert (principal.app_id, principal.user_id, principal.scopes) == ("acme", "ann", {"chat", "trace"})


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        ((), {}, "JWT_SECRET is not set"),
        ((), {"JWT_SECRET": "canary-too-short", "ALLOWED_ISSUERS": "us"}, "JWT_SECRET has 16 bytes"),
        ((), {"JWT_SECRET": SECRET}, "ALLOWED_ISSUERS is empty"),
        (("--scope", "root"), {"JWT_SECRET": SECRET, "ALLOWED_ISSUERS": "us"}, "--scope"),
        (("--expires", "soon"), {"JWT_SECRET": SECRET, "ALLOWED_ISSUERS": "us"}, "--expires"),
        (("--expires", "0s"), {"JWT_SECRET": SECRET, "ALLOWED_ISSUERS": "us"}, "--expires"),
        (("--app", "a/b"), {"JWT_SECRET": SECRET, "ALLOWED_ISSUERS": "us"}, "app_id"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    done = token(tmp_path, *arguments, **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert "canary" not in done.stderr
