"""The same chats on AG2 alone: no store, no log, no push. What the engine is compared with."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from typing import Any, Final

import httpx2
from ag2 import Agent, MemoryStream
from ag2.config import OpenAIConfig
from ag2.events import ModelMessageChunk, ModelRequest, TextInput, ToolResult
from ag2.tools import tool as ag2_tool
from ag2.tools.final.function_tool import FunctionTool

from mozaiks.manifests import InstalledWorkflow

__all__ = ["RawAG2"]

_TIMEOUT: Final = httpx2.Timeout(connect=3.0, read=20.0, write=10.0, pool=5.0)


class RawAG2:
    """One workflow's agents as a plain AG2 program would hold them: tools and HTTP client made once.

    Each agent has its ``Agent.resume``, streaming over one shared HTTP client. A model's transfer ends the turn; the
    next agent is told what was said before it.
    """

    def __init__(self, workflow: InstalledWorkflow, model_url: str) -> None:
        self._spec = workflow.spec
        self._http = httpx2.AsyncClient(timeout=_TIMEOUT)
        self._handed_to: str | None = None
        self._agents: dict[str, Agent] = {}
        for agent in self._spec.agents:
            headers = {"x-mozaiks-workflow": self._spec.name, "x-mozaiks-agent": agent.name}
            config = OpenAIConfig(
                "gpt-4o-mini",
                api_key="demo",
                base_url=model_url,
                streaming=True,
                timeout=_TIMEOUT,
                default_headers=headers,
                http_client=self._http,
            )
            functions = [
                _function(workflow, tool.function.path, tool.function.function)
                for tool in self._spec.tools_of(agent.name)
                if tool.function is not None
            ]
            targets = [rule.target for rule in self._spec.handoffs_from(agent.name) if rule.kind == "llm"]
            tools: list[FunctionTool] = [ag2_tool(function) for function in functions]
            tools += [self._transfer(target) for target in targets]
            self._agents[agent.name] = Agent(agent.name, prompt=agent.system_message, config=config, tools=tools)

    def _transfer(self, target: str) -> FunctionTool:
        async def transfer(reason: str = "") -> ToolResult:
            self._handed_to = target
            return ToolResult(TextInput(f"Handed over to {target}."), final=True)

        return ag2_tool(transfer, name=f"transfer_to_{target}", description=f"Hand over to {target}.")

    async def play(self, text: str) -> tuple[float, float]:
        """Run one chat; seconds to its first delta, and to its end."""
        first: list[float] = []
        told = text
        speaker: str | None = self._spec.initial_agent
        began = time.perf_counter()
        while speaker is not None:
            said: list[str] = []

            async def heard(chunk: ModelMessageChunk, said: list[str] = said) -> None:
                if not first:
                    first.append(time.perf_counter() - began)
                said.append(chunk.content)

            stream = MemoryStream()
            stream.where(ModelMessageChunk).subscribe(heard)
            self._handed_to = None
            await self._agents[speaker].resume(ModelRequest([TextInput(told)]), stream=stream)
            told += f"\n\n[{speaker}]: {''.join(said)}"
            speaker = self._handed_to
        return first[0], time.perf_counter() - began

    async def close(self) -> None:
        await self._http.aclose()


def _function(workflow: InstalledWorkflow, file: str, name: str) -> Callable[..., Any]:
    path = workflow.folder / file
    module_spec = importlib.util.spec_from_file_location(f"raw_{path.stem}", path)
    assert module_spec is not None
    assert module_spec.loader is not None
    module = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(module)
    function: Callable[..., Any] = getattr(module, name)
    return function
