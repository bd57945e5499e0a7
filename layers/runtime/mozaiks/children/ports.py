"""What children need of the outside, beyond what chats do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from mozaiks.access.principal import Tenant
from mozaiks.chats.events import Event

if TYPE_CHECKING:
    from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["Executions", "Gates", "Installed", "Log", "Workflows"]


class Executions(Protocol):
    def start(self, app_id: str, chat_id: str, run_no: int) -> None:
        """Start the execution of a run, once however often it is asked. ``RUN_START_FAILED``."""
        ...

    def going(self, chat_id: str, run_no: int) -> bool:
        """Whether the execution of a run is there and has not ended. ``RUN_START_FAILED`` if that is not known."""
        ...


class Gates(Protocol):
    def require(self, tenant: Tenant, workflow_name: str) -> None:
        """Return if the user may start the workflow; raise in every other case."""
        ...


class Log(Protocol):
    def after(self, tenant: Tenant, chat_id: str, seq: int, limit: int) -> Sequence[Event]: ...

    def newest_texts(self, tenant: Tenant, chat_id: str, seq: int, limit: int) -> Sequence[Event]:
        """The newest of what was said after ``seq``, at most ``limit``, in order."""
        ...


class Installed(Protocol):
    @property
    def spec(self) -> WorkflowSpec: ...


class Workflows(Protocol):
    def get(self, name: str) -> Installed:
        """The workflow. ``WORKFLOW_NOT_FOUND`` or ``WORKFLOW_INVALID``."""
        ...
