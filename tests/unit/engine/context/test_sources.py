"""The values a chat begins with, from every kind of source."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mozaiks.access.principal import Tenant
from mozaiks.engine.context import initial_values
from mozaiks.engine.context_values import MAX_VALUE_BYTES
from mozaiks.errors import MozaiksError
from mozaiks.manifests.spec import WorkflowSpec

MakeSpec = Callable[..., WorkflowSpec]

FACTS = {"workflow_name": "Desk", "app_id": "acme", "chat_id": "c1", "user_id": "ann"}


class Shelf:
    """Documents in memory, and what was asked for."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.found = list(documents)
        self.asked: list[tuple[Tenant, str, Mapping[str, Any], tuple[str, ...]]] = []

    async def documents(
        self, tenant: Tenant, collection: str, query: Mapping[str, Any], fields: tuple[str, ...], limit: int
    ) -> list[dict[str, Any]]:
        self.asked.append((tenant, collection, query, fields))
        if collection == "secrets":
            raise ValueError("the collection 'secrets' is the runtime's own")
        return self.found[:limit]


def begin(
    spec: WorkflowSpec, folder: Path = Path(), shelf: Shelf | None = None, environment: Mapping[str, str] | None = None
) -> dict[str, Any]:
    return asyncio.run(
        initial_values(
            spec,
            facts=FACTS,
            folder=folder,
            sources=shelf or Shelf(),
            environment={} if environment is None else environment,
        )
    )


def refusal(*given: Any, **more: Any) -> MozaiksError:
    with pytest.raises(MozaiksError) as raised:
        begin(*given, **more)
    assert raised.value.code == "CONTEXT_INVALID"
    return raised.value


def config(name: str, **fields: Any) -> dict[str, Any]:
    return {"source": {"kind": "config", "env_var": name}, **fields}


def file(path: str, format_: str = "text", **fields: Any) -> dict[str, Any]:
    return {"source": {"kind": "file", "path": path, "format": format_}, **fields}


def computed(expression: str, **fields: Any) -> dict[str, Any]:
    return {"source": {"kind": "computed", "expression": expression}, **fields}


def reference(
    query: dict[str, Any] | None = None, *names: str, collection: str = "orders", **fields: Any
) -> dict[str, Any]:
    return {
        "source": {"kind": "data_reference", "collection": collection, "query_template": query, "fields": names},
        **fields,
    }


def test_facts_are_always_present(make_spec: MakeSpec) -> None:
    assert begin(make_spec()) == FACTS


def test_a_state_variable_begins_with_its_default(make_spec: MakeSpec) -> None:
    values = begin(make_spec(count={"type": "int", "default": 2}, note="str"))
    assert (values["count"], values["note"]) == (2, None)


def test_two_chats_do_not_share_a_default(make_spec: MakeSpec) -> None:
    spec = make_spec(items={"type": "list", "default": [[]]})
    begin(spec)["items"][0].append("x")
    assert begin(spec)["items"] == [[]]


def test_an_environment_variable_is_read_by_its_exact_name_and_typed(make_spec: MakeSpec) -> None:
    spec = make_spec(limit=config("DESK_LIMIT", type="int"), other=config("desk_limit"))
    values = begin(spec, environment={"DESK_LIMIT": "12"})
    assert (values["limit"], values["other"]) == (12, None)


def test_an_unset_environment_variable_leaves_the_default(make_spec: MakeSpec) -> None:
    assert begin(make_spec(limit=config("DESK_LIMIT", type="int", default=5)))["limit"] == 5


def test_a_wrong_environment_variable_is_named_without_its_value(make_spec: MakeSpec) -> None:
    error = refusal(make_spec(limit=config("DESK_LIMIT", type="int")), environment={"DESK_LIMIT": "hunter2"})
    assert "'limit'" in error.message
    assert "expected a whole number" in error.message
    assert "hunter2" not in error.message + str(error.details)


@pytest.mark.parametrize("name", ["JWT_SECRET", "jwt_secret", "MONGO_URI", "OPENAI_API_KEY", "AWS_SESSION_TOKEN"])
def test_the_runtimes_own_secrets_are_never_given_out(make_spec: MakeSpec, name: str) -> None:
    error = refusal(make_spec(key=config(name)), environment={name: "hunter2"})
    assert "secret of the runtime" in error.message
    assert "hunter2" not in error.message


@pytest.mark.parametrize(
    ("name", "format_", "content", "type_", "expected"),
    [
        ("a.txt", "text", "\ufeffGrüße", "str", "Grüße"),
        ("a.json", "json", '{"a": [1]}', "dict", {"a": [1]}),
        ("a.yaml", "yaml", "- no\n- 012\n", "list", ["no", 12]),
        ("n.txt", "text", "41", "int", 41),
    ],
)
def test_a_file_is_read_in_its_format(
    make_spec: MakeSpec, tmp_path: Path, name: str, format_: str, content: str, type_: str, expected: Any
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert begin(make_spec(v=file(name, format_, type=type_)), tmp_path)["v"] == expected


@pytest.mark.parametrize(
    "path", ["../outside.txt", "/etc/passwd", "link.txt", "a/../../outside.txt", "..\\outside.txt"]
)
def test_no_file_outside_the_folder_is_read(make_spec: MakeSpec, tmp_path: Path, path: str) -> None:
    folder = tmp_path / "Desk"
    folder.mkdir()
    (tmp_path / "outside.txt").write_text("hunter2")
    (folder / "link.txt").symlink_to(tmp_path / "outside.txt")
    assert "outside the workflow's folder" in refusal(make_spec(v=file(path)), folder).message


def test_a_missing_file_is_an_error(make_spec: MakeSpec, tmp_path: Path) -> None:
    assert "cannot be read" in refusal(make_spec(v=file("none.txt")), tmp_path).message


def test_a_file_that_is_too_large_is_not_read(make_spec: MakeSpec, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * (MAX_VALUE_BYTES + 1))
    assert f"more than {MAX_VALUE_BYTES} bytes" in refusal(make_spec(v=file("a.txt")), tmp_path).message


@pytest.mark.parametrize(
    ("format_", "content"),
    [("json", b'{"key": hunter2}'), ("yaml", b"key: !hunter2 x"), ("json", b'{"a":1,"a":2}'), ("text", b"hunter2\xff")],
)
def test_a_malformed_file_is_named_and_not_quoted(
    make_spec: MakeSpec, tmp_path: Path, format_: str, content: bytes
) -> None:
    (tmp_path / "a").write_bytes(content)
    error = refusal(make_spec(v=file("a", format_)), tmp_path)
    assert "the file 'a' is not" in error.message
    assert "hunter2" not in error.message


def test_a_query_is_asked_for_this_app_with_values_bound(make_spec: MakeSpec) -> None:
    shelf = Shelf({"n": 1})
    begin(make_spec(orders=reference({"owner": "${user_id}"}, "n", type="list")), shelf=shelf)
    assert shelf.asked == [(Tenant("acme"), "orders", {"owner": {"$eq": "ann"}}, ("n",))]


@pytest.mark.parametrize(
    ("type_", "names", "expected"),
    [
        ("list", (), [{"a": {"b": 1}}, {"a": {"b": 2}}]),
        ("any", (), [{"a": {"b": 1}}, {"a": {"b": 2}}]),
        ("dict", (), {"a": {"b": 1}}),
        ("int", ("a.b",), 1),
        ("str", ("a.c",), None),
    ],
)
def test_documents_take_the_shape_of_the_variables_type(
    make_spec: MakeSpec, type_: str, names: tuple[str, ...], expected: Any
) -> None:
    shelf = Shelf({"a": {"b": 1}}, {"a": {"b": 2}})
    assert begin(make_spec(v=reference({}, *names, type=type_)), shelf=shelf)["v"] == expected


@pytest.mark.parametrize(
    ("fields", "expected"), [({"type": "list"}, []), ({"type": "dict"}, None), ({"type": "list", "default": [1]}, [1])]
)
def test_no_document_leaves_the_default(make_spec: MakeSpec, fields: dict[str, Any], expected: Any) -> None:
    assert begin(make_spec(v=reference({}, **fields)))["v"] == expected


def test_a_single_value_needs_a_single_field(make_spec: MakeSpec) -> None:
    assert "exactly one field" in refusal(make_spec(v=reference({}, type="str")), shelf=Shelf({"a": 1})).message


def test_a_refused_collection_names_the_variable(make_spec: MakeSpec) -> None:
    error = refusal(make_spec(v=reference({}, collection="secrets")))
    assert "'v'" in error.message
    assert "the runtime's own" in error.message
    assert error.details == {"variable": "v", "source": "data_reference"}


def test_a_value_that_cannot_be_bound_is_not_quoted(make_spec: MakeSpec) -> None:
    spec = make_spec(key={"default": {"$gt": "hunter2"}}, v=reference({"k": "${key}"}))
    assert "hunter2" not in refusal(spec).message


def test_variables_are_read_after_those_they_need(make_spec: MakeSpec) -> None:
    shelf = Shelf({"limit": 3})
    spec = make_spec(
        over=computed("${count} > ${limit}", type="bool"),
        limit=reference({"plan": "${plan}"}, "limit", type="int"),
        plan=computed("${tier}"),
        tier=config("TIER"),
        count={"type": "int", "default": 4},
    )
    values = begin(spec, shelf=shelf, environment={"TIER": "gold"})
    assert shelf.asked[0][2] == {"plan": {"$eq": "gold"}}
    assert values["over"] is True
    assert list(values) == [*FACTS, "over", "limit", "plan", "tier", "count"]


def test_a_circle_of_sources_is_refused(make_spec: MakeSpec) -> None:
    error = refusal(make_spec(a=computed("${b}"), b=reference({"k": "${a}"})))
    assert "needs its own value" in error.message


def test_a_long_chain_of_computed_variables_is_no_circle(make_spec: MakeSpec) -> None:
    chain = {f"v{n}": computed(f"${{v{n + 1}}}") for n in range(1500)}
    assert begin(make_spec(**chain, v1500={"default": "end"}))["v0"] == "end"


def test_a_computed_value_of_another_type_is_refused(make_spec: MakeSpec) -> None:
    assert "expected a whole number" in refusal(make_spec(n=computed("${user_id}", type="int"))).message


def test_more_than_a_chat_may_keep_is_refused(make_spec: MakeSpec, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x" * (MAX_VALUE_BYTES - 10))
    spec = make_spec(**{f"v{n}": file("a.txt") for n in range(5)})
    assert "together" in refusal(spec, tmp_path).message
