"""A workflow folder of JSON and YAML manifests → one immutable ``WorkflowSpec``."""

from __future__ import annotations

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
