"""The lock of the page's packages works on every machine, with whichever registry is configured."""

from __future__ import annotations

import json
from typing import Any

from node_packages import ROOT

LOCK = ROOT / "chatui" / "package-lock.json"
PACKAGES: dict[str, Any] = json.loads(LOCK.read_text(encoding="utf-8"))["packages"]


def test_no_package_says_which_registry_it_came_from() -> None:
    addresses = {name: each["resolved"] for name, each in PACKAGES.items() if "resolved" in each}
    assert [name for name in addresses if not PACKAGES[name].get("link")] == []


def test_each_package_is_held_by_its_hash() -> None:
    fetched = {name: each for name, each in PACKAGES.items() if "node_modules/" in name and not each.get("link")}
    assert [name for name, each in fetched.items() if not each.get("integrity")] == []


def test_the_packages_of_other_platforms_are_there_too() -> None:
    wanted = {dependency for each in PACKAGES.values() for dependency in each.get("optionalDependencies", {})}
    assert {each for each in wanted if not any(name.endswith(f"node_modules/{each}") for name in PACKAGES)} == set()


def test_the_client_library_depends_on_nothing() -> None:
    assert not PACKAGES["client"].keys() & {"dependencies", "peerDependencies", "optionalDependencies"}
