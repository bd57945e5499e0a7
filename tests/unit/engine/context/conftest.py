"""A workflow with the context variables a test names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mozaiks.manifests.spec import AgentSpec, ContextExposure, ContextVariableSpec, WorkflowSpec

MakeSpec = Callable[..., WorkflowSpec]


@pytest.fixture(scope="session")
def make_spec() -> MakeSpec:
    """Keyword arguments are variables: a type, or the fields of a ``ContextVariableSpec``."""

    def make(*, exposed: dict[str, tuple[str, ...]] | None = None, **variables: Any) -> WorkflowSpec:
        return WorkflowSpec(
            name="Desk",
            version="v",
            initial_agent="Ada",
            agents=(AgentSpec(name="Ada"), AgentSpec(name="Bob")),
            context_variables=tuple(
                ContextVariableSpec(name=name, **({"type": fields} if isinstance(fields, str) else fields))
                for name, fields in variables.items()
            ),
            context_exposure=tuple(
                ContextExposure(agent=agent, variables=names) for agent, names in (exposed or {}).items()
            ),
        )

    return make
