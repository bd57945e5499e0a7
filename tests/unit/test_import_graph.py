"""Imports go down the floors of the house, and each heavy library has one home."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "layers" / "runtime" / "mozaiks"

FLOORS = {
    "authoring": 0,
    "errors": 0,
    "metrics": 0,
    "settings": 0,
    "manifests": 1,
    "chats.states": 1,
    "chats.commands": 1,
    "chats.events": 1,
    "chats.asyncapi": 1,
    "chats.visibility": 1,
    "chats.changes": 1,
    "chats.decisions": 1,
    "chats.requests": 1,
    "chats.answer_schema": 1,
    "chats.answering": 1,
    "chats.components": 1,
    "chats.batches": 1,
    "children.selection": 1,
    "children": 2,
    "access.principal": 1,
    "access.claims": 1,
    "access.bearer": 1,
    "access.sealed": 1,
    "access.tokens": 3,
    "access.kms": 3,
    "access.signing_keys": 3,
    "access": 2,
    "chats": 2,
    "engine": 2,
    "journeys": 2,
    "push": 2,
    "themes": 2,
    "themes.contrast": 1,
    "themes.tokens": 1,
    "usage": 2,
    "usage.calls": 1,
    "usage.ledger": 1,
    "usage.slices": 1,
    "usage.model_price": 0,
    "push.gateway": 3,
    "store": 3,
    "flow": 3,
    "logs": 3,
    "emf": 3,
    "otlp": 3,
    "bootstrap": 4,
    "web": 5,
}
"""Where a module stands; the longest matching name counts."""

HOMES = {
    "ag2": ("engine",),
    "openai": ("engine",),
    "genai_prices": ("usage.prices",),
    "fastapi": ("web",),
    "starlette": ("web",),
    "boto3": ("flow", "push.gateway", "access"),
    "botocore": ("flow", "push.gateway", "access"),
    "jwt": ("access.tokens", "access.signing_keys"),
    "pymongo": ("store", "bootstrap"),
    "bson": ("store",),
    "opentelemetry": ("otlp",),
}
"""The only modules that may import a library."""


def modules() -> list[tuple[str, Path]]:
    return sorted(
        (".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__"), path)
        for path in PACKAGE.rglob("*.py")
        if path != PACKAGE / "__init__.py"
    )


def imports(path: Path) -> set[str]:
    """Every module ``path`` imports, at the top or within a function, but for type checking alone."""
    found: set[str] = set()

    class Visitor(ast.NodeVisitor):
        def visit_If(self, node: ast.If) -> None:
            if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
                return
            self.generic_visit(node)

        def visit_Import(self, node: ast.Import) -> None:
            found.update(alias.name for alias in node.names)

        def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
            assert node.level == 0, f"{path} imports relatively; say the whole name"
            assert node.module is not None
            found.add(node.module)

    Visitor().visit(ast.parse(path.read_text()))
    return found


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def floor(name: str) -> int:
    fitting = [known for known in FLOORS if within(name, known)]
    assert fitting, f"mozaiks.{name} stands on no floor: add it to FLOORS"
    return FLOORS[max(fitting, key=len)]


@pytest.mark.parametrize(("name", "path"), modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_module_imports_from_its_own_floor_or_below(name: str, path: Path) -> None:
    upward = [
        imported
        for imported in imports(path)
        if within(imported, "mozaiks")
        and imported != "mozaiks"
        and floor(imported.removeprefix("mozaiks.")) > floor(name)
    ]
    assert not upward, f"mozaiks.{name} imports upward: {upward}"


@pytest.mark.parametrize(("name", "path"), modules(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_heavy_library_is_imported_by_its_home_alone(name: str, path: Path) -> None:
    strangers = [
        imported
        for imported in imports(path)
        for library, homes in HOMES.items()
        if within(imported, library) and not any(within(name, home) for home in homes)
    ]
    assert not strangers, f"mozaiks.{name} imports {strangers}"


def test_what_is_deployed_never_imports_what_is_local() -> None:
    deployed = [path for _, path in modules()] + sorted((ROOT / "functions").rglob("*.py"))
    guilty = [str(path) for path in deployed if any(within(each, "mozaiks_local") for each in imports(path))]
    assert not guilty


def test_errors_needs_the_standard_library_only() -> None:
    assert imports(PACKAGE / "errors.py") <= sys.stdlib_module_names


def test_a_handler_stays_small() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sorted((ROOT / "functions").rglob("*.py"))
        if (lines := len(path.read_text().splitlines())) >= 60
    }
    assert not long
