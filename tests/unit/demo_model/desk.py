"""Plays an example workflow against the demo model: real tools, histories of each agent, transfers.

A small stand-in for the runtime that reads the manifests as they stand; it follows the same hand-over rules, and every
request it sends passes the demo model's message rules.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

import yaml
from openai import OpenAI
from pydantic import TypeAdapter

WORKFLOWS = Path(__file__).parents[3] / "workflows"
INJECTED = ("chat_id", "app_id", "user_id", "workflow_name", "agent_name", "context_variables")


def manifest(workflow: str, section: str) -> Any:
    file = WORKFLOWS / workflow / f"{section}.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else {}


@dataclass
class Desk:
    """One chat. ``said`` holds (speaker, text), ``path`` the tools called and the transfers, in order."""

    workflow: str
    url: str
    chat_id: str = "chat-1"
    said: list[tuple[str, str]] = field(default_factory=list)
    path: list[str] = field(default_factory=list)
    variables: dict[str, Any] = field(default_factory=dict)
    ended: bool = False

    def __post_init__(self) -> None:
        self.orchestrator = manifest(self.workflow, "orchestrator")
        self.agents = manifest(self.workflow, "agents")["agents"]
        self.handoffs = manifest(self.workflow, "handoffs").get("handoffs", [])
        self.tools = {tool["name"]: tool for tool in manifest(self.workflow, "tools").get("tools", [])}
        self.speaker = self.orchestrator["initial_agent"]
        self.transcript: list[tuple[str, str]] = []
        self.seen = dict.fromkeys(self.agents, 0)
        self.histories: dict[str, list[dict[str, Any]]] = {name: [] for name in self.agents}
        if self.orchestrator["startup_mode"] == "AgentDriven":
            self.user(self.orchestrator["initial_message"])

    def user(self, text: str) -> str:
        """Say something as the user; what the agents answer until the user has the word again."""
        self.transcript.append(("user", text))
        start = len(self.said)
        while self._turn():
            pass
        return "\n".join(text for _, text in self.said[start:])

    def _turn(self) -> bool:
        """One agent's turn; whether another agent has the word now."""
        agent = self.speaker
        history = self.histories[agent]
        new = [entry for entry in self.transcript[self.seen[agent] :] if entry[0] != agent]
        self.seen[agent] = len(self.transcript)
        lines = [text if who == "user" and len(new) == 1 else f"[{who}]: {text}" for who, text in new]
        history.append({"role": "user", "content": [{"type": "text", "text": line} for line in lines]})
        for _ in range(10):
            message = self._ask(agent)
            history.append(message)
            if message.get("content"):
                self.said.append((agent, message["content"]))
                self.transcript.append((agent, message["content"]))
            calls = message.get("tool_calls") or []
            target = None
            for call in calls:
                name, arguments = call["function"]["name"], json.loads(call["function"]["arguments"])
                self.path.append(name)
                leaving = name == "terminate" or name.startswith("transfer_to_")
                result: Any = "ok" if leaving else self._run(agent, name, arguments)
                target = name if leaving else target
                history.append(
                    {"role": "tool", "tool_call_id": call["id"], "content": result if leaving else json.dumps(result)}
                )
            self.ended = target == "terminate"
            if target is not None and not self.ended:
                self.speaker = target.removeprefix("transfer_to_")
                return True
            if target is not None or not calls:
                return False
        raise AssertionError(f"{agent} calls tools without end: {self.path}")

    def _ask(self, agent: str) -> dict[str, Any]:
        headers = {"x-mozaiks-workflow": self.workflow, "x-mozaiks-agent": agent, "x-mozaiks-chat": self.chat_id}
        system = {"role": "system", "content": self.agents[agent]["system_message"]}
        with OpenAI(base_url=self.url, api_key="none", max_retries=0) as client:
            completion: Any = client.chat.completions.create(
                model="any",
                messages=[system, *self.histories[agent]],
                tools=self._offered(agent),
                extra_headers=headers,
            )
        message = completion.choices[0].message.model_dump(include={"role", "content", "tool_calls"})
        return {key: value for key, value in message.items() if value is not None}

    def _offered(self, agent: str) -> Any:
        found = []
        for name in self.agents[agent]["tools"]:
            properties = {}
            function = self.function(name)
            hints = get_type_hints(function)
            for parameter in inspect.signature(function).parameters:
                if parameter not in INJECTED:
                    properties[parameter] = TypeAdapter(hints[parameter]).json_schema()
            found.append((name, self.tools[name]["description"], properties))
        for rule in self.handoffs:
            if rule["from_agent"] == agent and rule["condition_type"] == "llm":
                target = rule["to_agent"]
                name = target if target == "terminate" else f"transfer_to_{target}"
                found.append((name, rule["condition"], {"reason": {"type": "string"}}))
        return [
            {
                "type": "function",
                "function": {"name": n, "description": d, "parameters": {"type": "object", "properties": p}},
            }
            for n, d, p in found
        ]

    def function(self, name: str) -> Any:
        """The Python function of a tool."""
        tool = self.tools[name]
        spec = importlib.util.spec_from_file_location(
            f"{self.workflow}_{name}", WORKFLOWS / self.workflow / tool["file"]
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return getattr(module, tool["function"])

    def _run(self, agent: str, name: str, arguments: dict[str, Any]) -> Any:
        assert name in self.agents[agent]["tools"], f"{agent} calls {name}, which is not its own"
        values = {"chat_id": self.chat_id, "app_id": "app", "user_id": "ann", "context_variables": self.variables}
        function = self.function(name)
        injected = {key: value for key, value in values.items() if key in inspect.signature(function).parameters}
        result = function(**arguments, **injected)
        return asyncio.run(result) if inspect.iscoroutine(result) else result
