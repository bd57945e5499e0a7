"""The pack of all workflows, ``_pack/workflow_graph``: whether what each depends on can ever be met."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mozaiks.manifests.json_source import parse_json
from mozaiks.manifests.nodes import MAX_FILE_BYTES, Node, Place, SourceError
from mozaiks.manifests.problems import Problem, ProblemLog, did_you_mean
from mozaiks.manifests.yaml_source import parse_yaml

__all__ = ["dependency_problems"]

_FILES = tuple(f"_pack/workflow_graph.{suffix}" for suffix in ("yaml", "yml", "json"))


def dependency_problems(root: Path, names: Iterable[str]) -> tuple[Problem, ...]:
    """What is wrong with the dependencies under ``root``, where ``names`` are the workflows that are there.

    Unknown workflows, and cycles: a workflow that waits for itself, over however many others, can never be started.
    """
    log, known = ProblemLog(), {name.casefold(): name for name in names}
    files = [name for name in _FILES if (root / name).is_file()]
    if len(files) > 1:
        log.error("given_twice", f"the pack is given in {' and in '.join(files)}; keep one", Place(files[0]))
    for name in files[:1]:
        graph = _graph(_parsed(root / name, name, log), known, log)
        for cycle in _cycles({node: [target for target, _ in targets] for node, targets in graph.items()}):
            place = next(place for target, place in graph[cycle[0]] if target == cycle[1])
            path = " → ".join(known.get(each, each) for each in cycle)
            log.error("dependency_cycle", f"workflows depend on each other in a circle: {path}", place)
    return log.sorted()


def _parsed(path: Path, name: str, log: ProblemLog) -> Node | None:
    if path.stat().st_size > MAX_FILE_BYTES:
        log.error("too_large", f"the pack is over {MAX_FILE_BYTES} bytes", Place(name))
        return None
    node: Node | None = None
    try:
        text = path.read_text(encoding="utf-8-sig")
        node, faults = (parse_json if name.endswith(".json") else parse_yaml)(text, name)
    except UnicodeDecodeError:
        faults = [SourceError("encoding", "the pack is not UTF-8")]
    except SourceError as error:
        faults = [error]
    for fault in faults:
        log.error(fault.code, str(fault), Place(name, fault.line, fault.column))
    return node


def _graph(root: Node | None, known: dict[str, str], log: ProblemLog) -> dict[str, list[tuple[str, Place]]]:
    """Workflow → the workflows it depends on and where that is said, all folded."""
    graph: dict[str, list[tuple[str, Place]]] = {}
    for entry in _list(root, "workflows"):
        identity = _id(entry)
        if identity is None:
            log.error("wrong_type", "a workflow of the pack is a map with an id", entry.place)
            continue
        _check(identity, known, log)
        targets = graph.setdefault(str(identity.value).casefold(), [])
        for dependency in _list(entry, "dependencies"):
            target = _id(dependency)
            if target is None:
                log.error("wrong_type", "a dependency is the id of a workflow, or a map with an id", dependency.place)
                continue
            _check(target, known, log)
            targets.append((str(target.value).casefold(), target.place))
    return graph


def _list(node: Node | None, key: str) -> list[Node]:
    found = node.child(key) if node is not None else None
    return found.items() if found is not None else []


def _id(node: Node) -> Node | None:
    found = node.child("id") if isinstance(node.value, dict) else node
    return found if found is not None and isinstance(found.value, str) else None


def _check(identity: Node, known: dict[str, str], log: ProblemLog) -> None:
    name = str(identity.value)
    if name.casefold() not in known:
        hint = did_you_mean(name, known.values())
        log.error("unknown_workflow", f"the pack names the unknown workflow {name!r:.80}{hint}", identity.place)


def _cycles(graph: dict[str, list[str]]) -> list[list[str]]:
    """One path for each circle, its first node repeated at its end."""
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
