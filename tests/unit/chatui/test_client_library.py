"""The client library's own tests: bad streams, lost connections, commands, state. They are written in TypeScript."""

from __future__ import annotations

from node_packages import ROOT, node_of_this_machine, vitest


def test_the_client_library_stands_bad_streams() -> None:
    vitest(node_of_this_machine(), ROOT, "unit")
