"""What `make deploy` tells AWS's `sam`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mozaiks_local.packaging.deploy import arguments
from mozaiks_local.packaging.errors import PackagingError

from .conftest import ROOT

CONFIG = """
version = 0.1
[default.build.parameters]
parallel = true
[prod.deploy.parameters]
parameter_overrides = "StageName=prod LogRetentionDays=\\"90\\""
[bare.deploy.parameters]
stack_name = "bare"
"""


def overrides(words: list[str]) -> dict[str, str]:
    return dict(word.split("=", 1) for word in words[words.index("--parameter-overrides") + 1 :])


def test_the_parameters_of_the_section_are_given_and_a_release() -> None:
    words = arguments(CONFIG, "prod", [], "0123456789ab")
    assert words[:3] == ["deploy", "--config-env", "prod"]
    assert overrides(words) == {"StageName": "prod", "LogRetentionDays": "90", "Release": "0123456789ab"}


def test_further_arguments_stay_and_their_parameters_win() -> None:
    given = ["--guided", "--parameter-overrides", "LogRetentionDays=7", "LogLevel=DEBUG", "--region", "eu-west-1"]
    words = arguments(CONFIG, "prod", given, "0123456789ab")
    assert words[3:6] == ["--guided", "--region", "eu-west-1"]
    assert overrides(words)["LogRetentionDays"] == "7"
    assert overrides(words)["LogLevel"] == "DEBUG"


def test_a_section_without_parameters_gets_its_release() -> None:
    assert overrides(arguments(CONFIG, "bare", [], "0123456789ab")) == {"Release": "0123456789ab"}


def test_a_section_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(PackagingError, match=r"no section 'stage'.* it has prod, bare"):
        arguments(CONFIG, "stage", [], "0123456789ab")


def test_each_deployment_is_another_release(tmp_path: Path) -> None:
    sam = tmp_path / ".venv-sam" / "bin" / "sam"
    sam.parent.mkdir(parents=True)
    sam.write_text('#!/bin/sh\necho "$@"\n')
    sam.chmod(0o700)
    (tmp_path / "samconfig.toml").write_text(CONFIG)
    told = {
        subprocess.run(
            [sys.executable, "-m", "mozaiks_local.packaging.deploy", "prod"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'layers' / 'runtime'}{os.pathsep}{ROOT / 'local'}"},
        ).stdout
        for _ in range(2)
    }  # fmt: skip
    assert len(told) == 2
