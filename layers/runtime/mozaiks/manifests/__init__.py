"""A workflow folder of JSON and YAML manifests → one immutable ``WorkflowSpec``.

Names are imported on first use: who only reads specs or expressions never pays for the loader.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mozaiks.manifests.loader import Loaded, inspect_workflow, load_workflow
    from mozaiks.manifests.problems import ManifestErrors, Problem
    from mozaiks.manifests.registry import Registry, discover
    from mozaiks.manifests.spec import WorkflowSpec
    from mozaiks.manifests.workflows import InstalledWorkflow, Workflows

__all__ = [
    "InstalledWorkflow",
    "Loaded",
    "ManifestErrors",
    "Problem",
    "Registry",
    "WorkflowSpec",
    "Workflows",
    "discover",
    "inspect_workflow",
    "load_workflow",
]

_HOMES = {
    "InstalledWorkflow": "workflows",
    "Loaded": "loader",
    "ManifestErrors": "problems",
    "Problem": "problems",
    "Registry": "registry",
    "WorkflowSpec": "spec",
    "Workflows": "workflows",
    "discover": "registry",
    "inspect_workflow": "loader",
    "load_workflow": "loader",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
