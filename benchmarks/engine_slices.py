"""The engine's slices in this process, on a real database, with a clock at the way to the model and at the way out."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import httpx2
from ag2.config import LLMClient, ModelConfig, OpenAIConfig
from ag2.config.config import ModelProvider
from ag2.context import ConversationContext
from ag2.events import BaseEvent, ModelResponse
from ag2.files.protocol import FilesClient

from benchmarks.talk import APP, USER
from mozaiks.access.principal import Principal
from mozaiks.bootstrap import Parts
from mozaiks.chats.commands import SubmitInput
from mozaiks.chats.events import Event
from mozaiks.chats.greeting import facts_of
from mozaiks.chats.states import Chat
from mozaiks.engine.model_client import ModelConfigs
from mozaiks.engine.ports import Sender
from mozaiks.engine.slice import SliceRunner
from mozaiks.manifests import InstalledWorkflow
from mozaiks.manifests.spec import ModelSpec
from mozaiks.settings import Settings

__all__ = ["EngineSlices", "Played"]


@dataclass(frozen=True, slots=True)
class Played:
    """One run. Seconds from the slice's start until the model's client is called, until its request is ready to be
    sent, to the first delta, and to the end.

    ``chat`` is as the run left it.
    """

    to_client: float
    to_model: float
    first_delta: float
    whole: float
    chat: Chat


class EngineSlices:
    """Runs a claimed chat's slice as the orchestrate function would, without Lambda and Step Functions around it.

    Make it within the loop that will run it.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._principal = Principal(APP, USER)
        self._deltas: list[float] = []
        self._calls: list[float] = []
        self._requests: list[float] = []
        made = parts.slices()
        models = _ClockedModels(parts.config, self._calls, self._requests)
        self._slices: SliceRunner = dataclasses.replace(made, open_sender=self._timed(made), models=models)
        self._unused = made.models

    def _timed(self, made: SliceRunner) -> Any:
        @contextlib.asynccontextmanager
        async def opened(chat: Chat) -> AsyncIterator[Sender]:
            async with made.open_sender(chat) as sender:
                yield _Clock(sender, self)

        return opened

    def heard(self) -> None:
        self._deltas.append(time.perf_counter())

    async def play(self, workflow: InstalledWorkflow, text: str) -> Played:
        """Run a new chat's first run.

        Raises
        ------
        RuntimeError
            If the run did not end in a pause, in one slice.
        """
        facts = facts_of(workflow.spec)
        return await self._run(
            self._parts.service.start(self._principal, facts, initial_message=text, force_new=True).chat
        )

    async def go_on(self, chat_id: str, text: str) -> Played:
        """Say something in a waiting chat, and run that as `play` does."""
        said = SubmitInput(type="user.input.submit", text=text)
        self._parts.service.submit(self._principal, chat_id, said)
        return await self._run(self._parts.chats.get(self._principal.tenant, chat_id))

    async def _run(self, chat: Chat) -> Played:
        for noted in (self._calls, self._requests, self._deltas):
            noted.clear()
        began = time.perf_counter()
        outcome = await self._slices.run(APP, chat.chat_id, chat.run_no, lambda: 300.0)
        whole = time.perf_counter() - began
        if outcome["outcome"] != "waiting" or not self._deltas:
            raise RuntimeError(f"a benchmark's slice did not end as it should: {outcome}")
        after = self._parts.chats.get(self._principal.tenant, chat.chat_id)
        to_client, to_model, first_delta = (noted[0] - began for noted in (self._calls, self._requests, self._deltas))
        return Played(to_client, to_model, first_delta, whole, after)

    async def close(self) -> None:
        await self._slices.models.close()
        await self._unused.close()


class _ClockedModels(ModelConfigs):
    """Notes when a model's client is called, and when its request is ready to be sent."""

    def __init__(self, config: Settings, calls: list[float], requests: list[float]) -> None:
        super().__init__(config)
        self._calls = calls
        self._requests = requests

    def of_agent(self, model: ModelSpec, *, workflow: str, agent: str, chat_id: str, fallbacks: int = 0) -> ModelConfig:
        made = super().of_agent(model, workflow=workflow, agent=agent, chat_id=chat_id, fallbacks=fallbacks)
        assert isinstance(made, OpenAIConfig)
        assert isinstance(made.http_client, httpx2.AsyncClient)
        made.http_client.event_hooks = {"request": [self._note]}
        return _ClockedConfig(made, self._calls)

    async def _note(self, _: httpx2.Request) -> None:
        self._requests.append(time.perf_counter())


class _ClockedConfig:
    """A configuration whose clients note when they are called."""

    def __init__(self, config: OpenAIConfig, calls: list[float]) -> None:
        self._config = config
        self._calls = calls

    @property
    def provider(self) -> ModelProvider:
        return self._config.provider

    @property
    def model(self) -> str:
        return self._config.model

    def copy(self) -> Self:
        return type(self)(self._config.copy(), self._calls)

    def create(self) -> LLMClient:
        return _ClockedClient(self._config.create(), self._calls)

    def create_files_client(self) -> FilesClient[Any]:
        return self._config.create_files_client()


class _Clock:
    """A sender that notes the first delta on its way to the real one."""

    def __init__(self, sender: Sender, slices: EngineSlices) -> None:
        self._sender = sender
        self._slices = slices

    def publish(self, events: Iterable[Event]) -> None:
        self._sender.publish(events)

    def delta(self, agent: str, message_id: str, offset: int, content: str) -> None:
        self._slices.heard()
        self._sender.delta(agent, message_id, offset, content)

    def show(self, agent: str | None, frame: dict[str, Any]) -> None:
        self._sender.show(agent, frame)


class _ClockedClient:
    def __init__(self, client: LLMClient, calls: list[float]) -> None:
        self._client = client
        self._calls = calls

    async def __call__(
        self, messages: Sequence[BaseEvent], context: ConversationContext, **asked: Any
    ) -> ModelResponse:
        self._calls.append(time.perf_counter())
        return await self._client(messages, context, **asked)
