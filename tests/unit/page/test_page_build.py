"""The page is built once from its sources, and why it is not is said in one sentence."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from mozaiks_local.page import PageError, build_page, has_page
from mozaiks_local.page.errors import explain
from mozaiks_local.page.node import is_new_enough
from mozaiks_local.page.programs import run
from mozaiks_local.page.sources import stamp_of


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "chatui/app/src").mkdir(parents=True)
    (tmp_path / "chatui/app/package.json").write_text("{}")
    (tmp_path / "chatui/app/src/main.tsx").write_text("one")
    (tmp_path / "workflows/Shop/ui").mkdir(parents=True)
    (tmp_path / "workflows/Shop/ui/Basket.tsx").write_text("basket")
    return tmp_path


def stamp(project: Path) -> str:
    return stamp_of(project / "chatui", project / "workflows")


@pytest.mark.parametrize(
    "path", ["chatui/app/src/main.tsx", "workflows/Shop/ui/Basket.tsx", "chatui/package-lock.json"]
)
def test_a_changed_source_is_another_page(project: Path, path: str) -> None:
    before = stamp(project)
    (project / path).write_text("two")
    assert stamp(project) != before


@pytest.mark.parametrize(
    "path", ["workflows/Shop/agents.yaml", "chatui/app/node_modules/x/y.js", "workflows/_shared/ui/No.tsx", "README.md"]
)
def test_what_the_page_is_not_made_of_leaves_it_as_it_is(project: Path, path: str) -> None:
    before = stamp(project)
    (project / path).parent.mkdir(parents=True, exist_ok=True)
    (project / path).write_text("two")
    assert stamp(project) == before


def test_a_page_that_is_there_is_used_without_any_program(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    built = project / "page" / stamp(project)
    built.mkdir(parents=True)
    (built / "index.html").write_text("here")
    found = asyncio.run(build_page(project, project / "workflows", project / "page", print))
    assert (found.folder, found.reused) == (built, True)


def test_a_project_without_a_lock_cannot_be_built_and_says_so(project: Path) -> None:
    if shutil.which("node") is None:
        pytest.skip("there is no Node.js on this machine")
    with pytest.raises(PageError, match=r"package-lock\.json is missing"):
        asyncio.run(build_page(project, project / "workflows", project / "page", print))


def test_a_project_without_a_page_is_known(project: Path, tmp_path: Path) -> None:
    assert has_page(project)
    assert not has_page(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("version", "enough"),
    [("18.20.0", False), ("20.18.9", False), ("20.19.0", True), ("21.9.0", False), ("22.11.0", False),
     ("22.12.0", True), ("24.1.0", True), ("no version", False)],
)  # fmt: skip
def test_node_is_new_enough_for_the_bundler_or_not(version: str, enough: bool) -> None:
    assert is_new_enough(version) is enough


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("npm error code ENOTFOUND\nnpm error network request to x failed", "the npm registry cannot be reached"),
        ("npm error code EINTEGRITY", "a package is not the locked one"),
        ("npm error nospc ENOSPC: no space left", "the disk is full"),
        ("npm error code UNABLE_TO_VERIFY_LEAF_SIGNATURE", "certificate of the npm registry is not trusted"),
        ("\x1b[31merror during build:\x1b[0m\nSyntax", "the bundler failed: error during build:"),
        ("", "the bundler failed: it said nothing"),
    ],
)
def test_a_failure_is_one_sentence(said: str, sentence: str) -> None:
    told = explain(said, "the bundler failed")
    assert sentence in told
    assert "\n" not in told


def test_who_stops_waiting_ends_the_program_and_what_it_started(tmp_path: Path) -> None:
    async def scenario() -> int:
        waiting = asyncio.create_task(
            run(["sh", "-c", "sleep 60 & echo $! > child; wait"], cwd=tmp_path, env={"PATH": os.environ["PATH"]})
        )
        while not (tmp_path / "child").exists() or not (tmp_path / "child").read_text().strip():
            await asyncio.sleep(0.01)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return int((tmp_path / "child").read_text())

    child = asyncio.run(scenario())
    assert not _runs(child)


def _runs(pid: int) -> bool:
    import psutil

    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
