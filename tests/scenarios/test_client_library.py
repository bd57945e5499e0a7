"""The TypeScript client library against the whole local stack, through good networks and bad ones."""

from __future__ import annotations

from mozaiks_local.demo_model import Fault
from node_packages import ROOT, node_of_this_machine, vitest

from .conftest import House
from .test_protocol import AGENTS, CODE, TOOLS, VARIABLES

SLOW = "This answer is written slowly, so that there is time to cut the socket while it is being written."


def test_the_client_library_keeps_its_promises_against_the_local_stack(house: House) -> None:
    node = node_of_this_machine()
    house.workflow("Library", {"Host": AGENTS["Host"]}, tools=TOOLS, code=CODE)
    (house.workflows / "Library" / "context_variables.yaml").write_text(VARIABLES)
    house.workflow("LibrarySlow", {"Host": [{"say": SLOW}]})
    house.workflow("LibraryLong", {"Host": [{"say": "long" * 40_000}]})
    house.demo.faults.add(Fault("slow", workflow="LibrarySlow", delay_ms=100, times=5))
    house.workflow("LibraryFails", {"Host": [{"say": "Here I am."}]})
    house.demo.faults.add(Fault("empty", workflow="LibraryFails", times=house.parts.config.model_attempts))
    vitest(node, ROOT, "stack", MOZAIKS_URL=house.stack.http_url)
