"""Workflows that spawn children, written into a running house."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
import yaml

from mozaiks.access.principal import Tenant

from .conftest import House

__all__ = ["ACME", "Family", "family"]

ACME = Tenant("acme")

SELECTION = {
    "type": "object",
    "properties": {
        "PatternSelection": {
            "type": "object",
            "properties": {
                "is_multi_workflow": {"type": "boolean"},
                "resume_agent": {"type": ["string", "null"]},
                "workflows": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "name": {"type": "string"},
                            "initial_agent": {"type": ["string", "null"]},
                            "initial_message": {"type": ["string", "null"]},
                        },
                        "required": ["name", "initial_agent", "initial_message"],
                        "additionalProperties": False,
                    },
                },
            },
            "required": ["is_multi_workflow", "resume_agent", "workflows"],
            "additionalProperties": False,
        }
    },
    "required": ["PatternSelection"],
    "additionalProperties": False,
}


class Family:
    """Writes parents and children into the workflows folder, and reads what became of them."""

    def __init__(self, house: House) -> None:
        self.house = house

    def parent(
        self, name: str, *children: str | dict[str, Any], nested: dict[str, Any] | None = None, **top: Any
    ) -> None:
        """A workflow whose Planner asks for ``children``, and whose Merger goes on afterwards."""
        blank = {"initial_agent": None, "initial_message": None}
        asked = [{**blank, **({"name": each} if isinstance(each, str) else each)} for each in children]
        output = {"PatternSelection": {"is_multi_workflow": True, "resume_agent": None, "workflows": asked}}
        self.house.workflow(
            name,
            {"Planner": [{"json": output}], "Merger": [{"say": "Merged."}]},
            **{"human_in_the_loop": False, **top},
        )
        folder = self.house.workflows / name
        (folder / "structured_outputs.yaml").write_text(
            yaml.safe_dump({"outputs": [{"name": "Selection", "agent": "Planner", "schema": SELECTION}]})
        )
        (folder / "_pack").mkdir(exist_ok=True)
        entry = {"trigger_agent": "Planner", "resume_agent": "Merger", **(nested or {})}
        (folder / "_pack" / "workflow_graph.json").write_text(json.dumps({"version": 1, "nested_chats": [entry]}))

    def child(self, name: str, *rules: dict[str, Any], **top: Any) -> None:
        """A workflow of one agent that says something and is done."""
        said = rules or ({"say": f"{name} is done."},)
        self.house.workflow(name, {"Worker": list(said)}, **{"human_in_the_loop": False, **top})

    def status(self, chat_id: str) -> str:
        document = self.house.parts.database["chat_sessions"].find_one({"_id": chat_id})
        return "absent" if document is None else str(document["status"])

    def children(self, chat_id: str) -> list[dict[str, Any]]:
        """The children as the newest ``chat.workflow_batch_started`` tells of them."""
        batches = [each.data for each in self.house.log(chat_id) if each.type == "chat.workflow_batch_started"]
        return list(batches[-1]["children"]) if batches else []

    def until(self, chat_id: str, *statuses: str) -> str:
        """Wait for the chat to be in one of the states."""

        def reached() -> str | None:
            status = self.status(chat_id)
            return status if status in statuses else None

        try:
            found: str = self.house.eventually(reached)
        except AssertionError as error:
            log = [(each.type, each.data) for each in self.house.log(chat_id)]
            raise AssertionError(f"the chat is {self.status(chat_id)}; its log: {log}") from error
        return found

    def ask(self, chat_id: str, verb: str, **body: Any) -> httpx2.Response:
        """``POST`` of a chat: ``cancel``, ``retry``, ``messages``."""
        workflow = self.house.parts.chats.get(ACME, chat_id).workflow_name
        url = f"{self.house.stack.http_url}/api/chats/acme/{workflow}/{chat_id}/{verb}"
        return httpx2.post(url, params={"user_id": "ann"}, json=body, timeout=30)

    def of_type(self, chat_id: str, type_: str) -> list[dict[str, Any]]:
        return [each.data for each in self.house.log(chat_id) if each.type == f"chat.{type_}"]

    def results(self, chat_id: str) -> list[dict[str, Any]]:
        """``child_results`` in the chat's context."""
        state = self.house.parts.chats.get(ACME, chat_id).state
        return list(state["context"]["child_results"])


@pytest.fixture
def family(house: House) -> Family:
    return Family(house)
