"""What stops ``mozaiks dev`` before anything is started: one clear sentence, exit code 1, nothing left behind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from mozaiks_local.cli.dev_lock import DevLock

from .test_settings_commands import mozaiks


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that looks like the project."""
    (tmp_path / "template.yaml").write_text("Resources: {}\n")
    (tmp_path / "workflows").mkdir()
    return tmp_path


def refused(folder: Path, **variables: str) -> str:
    result = mozaiks(folder, "dev", **variables)
    assert (result.returncode, result.stdout) == (1, ""), result
    lines = result.stderr.splitlines()
    assert len(lines) == 1, result.stderr
    return lines[0]


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_a_folder_that_is_no_project(tmp_path: Path) -> None:
    assert "there is no template.yaml" in refused(tmp_path)


def test_a_workflows_folder_that_is_not_there(project: Path) -> None:
    assert "MOZAIKS_WORKFLOWS_PATH" in refused(project, MOZAIKS_WORKFLOWS_PATH="elsewhere")


def test_a_port_that_is_taken(project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sentence = refused(project, PORT=str(port))
    assert f"port {port} is taken" in sentence
    assert f"PORT={port + 1}" in sentence
    assert not (project / ".mozaiks" / "dev.lock").exists()


def test_a_second_one_in_the_same_folder(project: Path) -> None:
    (project / ".mozaiks").mkdir()
    with DevLock(project / ".mozaiks" / "dev.lock") as lock:
        lock.say_url("http://127.0.0.1:8123")
        assert "already runs in this folder at http://127.0.0.1:8123" in refused(project, PORT=free_port())


def test_a_database_that_does_not_answer_is_told_without_its_password(project: Path) -> None:
    result = mozaiks(
        project, "dev", PORT=free_port(), MONGODB_URI="mongodb://me:s3cret@127.0.0.1:9/?serverSelectionTimeoutMS=300"
    )
    assert result.returncode == 1
    assert "No MongoDB server answered at 127.0.0.1:9" in result.stderr
    assert "s3cret" not in result.stdout + result.stderr


def test_a_data_folder_that_cannot_be_made(project: Path) -> None:
    (project / "file").write_text("")
    assert "file" in refused(project, MOZAIKS_DATA_DIR="file/data")
