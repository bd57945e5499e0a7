"""What a chat is bound to of its workflow."""

from __future__ import annotations

from mozaiks.chats.service import WorkflowFacts
from mozaiks.chats.states import Greeting
from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["facts_of"]


def facts_of(spec: WorkflowSpec) -> WorkflowFacts:
    return WorkflowFacts(
        spec.name,
        spec.version,
        Greeting(
            startup_mode=spec.startup_mode.value,
            initial_agent=spec.initial_agent,
            initial_message=spec.initial_message,
            initial_message_to_user=spec.initial_message_to_user,
            visual_agents=spec.visual_agents,
            writable={variable.name: variable.type for variable in spec.context_variables if variable.client_writable},
        ),
    )
