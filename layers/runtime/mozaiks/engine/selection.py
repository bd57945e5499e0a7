"""The pattern Auto: a model picks the next speaker, and can say nothing else."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from ag2 import Agent
from ag2.config import ModelConfig
from ag2.context import ConversationContext
from ag2.events import BaseEvent, ModelRequest, ModelResponse, TextInput
from ag2.middleware import BaseMiddleware, Middleware
from ag2.middleware.base import LLMCall

from mozaiks.engine.model_client import as_model_error
from mozaiks.engine.outputs import DeclaredOutput
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import WorkflowSpec

__all__ = ["SELECTOR", "choose_speaker"]

SELECTOR: Final = "SpeakerSelector"
"""The name under which the model is asked."""

_PROMPT: Final = (
    "You moderate a conversation between the agents below. Read it and name the one agent who should speak next. "
    "Answer with that name only, in the JSON object you are asked for."
)


async def choose_speaker(
    spec: WorkflowSpec,
    candidates: Sequence[str],
    texts: Sequence[tuple[str, str]],
    model: ModelConfig,
    answered: Callable[[ModelResponse], Awaitable[None]],
) -> str:
    """The agent a model picks.

    Parameters
    ----------
    candidates
        Names to pick from; nothing else can be answered.
    texts
        The end of the conversation as (speaker, text).
    answered
        Told of the model's response, whether it is of use or not: it was paid for.

    Raises
    ------
    MozaiksError
        ``MODEL_…``; ``MODEL_INVALID_RESPONSE`` if the answer is none of the names.
    """
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {"agent": {"type": "string", "enum": list(candidates)}},
        "required": ["agent"],
        "additionalProperties": False,
    }
    people = "\n".join(f"- {name}: {_described(spec, name)}" for name in candidates)
    talk = "\n\n".join(f"[{speaker}]: {text}" for speaker, text in texts) or "(Nobody has spoken yet.)"
    try:
        reply = await Agent(SELECTOR, config=model, middleware=[Middleware(_OneAnswer, answered=answered)]).resume(
            ModelRequest([TextInput(talk)]),
            prompt=[f"{_PROMPT}\n\n{people}"],
            response_schema=DeclaredOutput("next_speaker", schema),
        )
    except MozaiksError:
        raise
    except Exception as error:
        raise as_model_error(error) from error
    try:
        name = json.loads(reply.body or "")["agent"]
    except (ValueError, KeyError, TypeError):
        name = None
    if name not in candidates:
        raise MozaiksError("MODEL_INVALID_RESPONSE", "the model named no agent that could speak next")
    return str(name)


class _OneAnswer(BaseMiddleware):
    """Lets the model answer once. It was offered no tools; calling some would be answered and asked again for ever."""

    def __init__(
        self, event: BaseEvent, context: ConversationContext, answered: Callable[[ModelResponse], Awaitable[None]]
    ) -> None:
        super().__init__(event, context)
        self._answered = answered

    async def on_llm_call(
        self, call_next: LLMCall, events: Sequence[BaseEvent], context: ConversationContext
    ) -> ModelResponse:
        response = await call_next(events, context)
        await self._answered(response)
        if response.tool_calls:
            raise MozaiksError("MODEL_INVALID_RESPONSE", "the model called tools where it was to name an agent")
        return response


def _described(spec: WorkflowSpec, name: str) -> str:
    agent = spec.agent(name)
    parts = (agent.description, agent.role, ", ".join(agent.capabilities))
    return "; ".join(part for part in parts if part) or agent.system_message[:200]
