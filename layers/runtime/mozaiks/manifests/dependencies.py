"""Circles among the dependencies of workflows: what waits for itself can never be started."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["cycles"]


def cycles(graph: Mapping[str, Sequence[str]]) -> list[list[str]]:
    """One path for each circle, its first node repeated at its end.

    Parameters
    ----------
    graph
        Node → the nodes it waits for. Those that are no key wait for nothing.
    """
    found: list[list[str]] = []
    done: set[str] = set()
    for start in graph:
        path: list[str] = []
        stack = [(start, iter(graph[start]))] if start not in done else []
        path += [start] if stack else []
        while stack:
            following = next(stack[-1][1], None)
            if following is None:
                done.add(stack.pop()[0])
                path.pop()
            elif following in path:
                found.append([*path[path.index(following) :], following])
            elif following in graph and following not in done:
                path.append(following)
                stack.append((following, iter(graph[following])))
    return found
