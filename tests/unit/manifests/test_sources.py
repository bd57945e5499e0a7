"""JSON and YAML text → the same tree, with positions, within limits."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mozaiks.manifests.convert import dump_yaml
from mozaiks.manifests.json_source import parse_json
from mozaiks.manifests.nodes import SourceError
from mozaiks.manifests.yaml_source import parse_yaml

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.sampled_from([None, 2, "\t"]))
def test_json_reads_what_json_wrote(data: Any, indent: Any) -> None:
    node, duplicates = parse_json(json.dumps(data, indent=indent), "f")
    assert node.plain() == data
    assert not duplicates


@given(st.text())
def test_json_text_is_a_tree_or_a_source_error(text: str) -> None:
    try:
        node, _ = parse_json(text, "f")
    except SourceError:
        return
    assert text.strip() == "" or node.plain() == json.loads(text)


@given(
    st.recursive(
        st.text()
        | st.sampled_from(["yes", "1e3", "~", "012", "0x1", "", "2024-01-01", "a\nb\n", "\x85", "é\u2028", "# no"]),
        st.lists,
    )
)
def test_written_yaml_reads_back_as_it_was(data: Any) -> None:
    text = dump_yaml({"a": data})
    assert parse_yaml(text, "f")[0].plain() == {"a": data}


@given(st.text(alphabet="ab:-[]{}&*!|>'\"\n \t#%@`,?<\\0\x00é"))
def test_yaml_text_is_a_tree_or_a_source_error(text: str) -> None:
    try:
        parse_yaml(text, "f")
    except SourceError:
        return


@given(st.dictionaries(st.from_regex(r"[a-z]{1,5}\Z"), JSON, max_size=4))
def test_quoted_yaml_reads_as_the_same_data_as_json(data: dict[str, Any]) -> None:
    text = yaml.safe_dump(data, allow_unicode=True)
    again = yaml.safe_load(text)
    if again == data and "!!" not in text:
        quoted = yaml.safe_dump(data, allow_unicode=True, default_style='"')
        assert "!!" in quoted or parse_yaml(quoted, "f")[0].plain() == data


@pytest.mark.parametrize("parse", [parse_json, parse_yaml])
def test_keys_and_values_know_their_line_and_column(parse: Any) -> None:
    node, _ = parse('{\n  "a": [1,\n     "two"]\n}', "f")
    entry = node.entries()["a"]
    assert (entry.place.line, entry.place.column) == (2, 3)
    two = node.child("a", 1)
    assert two is not None
    assert (two.place.line, two.place.column) == (3, 6)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("off", "off"),
        ("NO", "NO"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("2024-01-02", "2024-01-02"),
        ("1:30", "1:30"),
        ("1_000", "1_000"),
        ("010", 10),
        ("0x1F", 31),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("+7", 7),
        (".nan", ".nan"),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("!!int 12", 12),
        ("|\n  two\n  lines\n", "two\nlines\n"),
    ],
)
def test_plain_yaml_follows_version_1_2(text: str, value: Any) -> None:
    assert parse_yaml(f"a: {text}", "f")[0].plain() == {"a": value}


def test_a_yaml_key_is_always_text() -> None:
    assert parse_yaml("on: 1\n1: 2\nnull: 3", "f")[0].plain() == {"on": 1, "1": 2, "null": 3}


def test_yaml_aliases_and_merges_are_expanded_into_copies() -> None:
    node, _ = parse_yaml("a: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  y: 2", "f")
    assert node.plain() == {"a": {"x": 1}, "b": {"x": 1}, "c": {"y": 2, "x": 1}}
    assert node.child("a") is not node.child("b")


def test_a_merge_never_replaces_what_the_map_says_itself() -> None:
    assert parse_yaml("a: &a {x: 1, y: 1}\nc: {x: 2, <<: *a}", "f")[0].plain()["c"] == {"x": 2, "y": 1}


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: &a [*a]", "yaml_alias", 1),
        ("a: *missing", "yaml_alias", 1),
        ("a: 1\nb: !!python/object/apply:os.system ['true']", "yaml_tag", 2),
        ("a: !mine 1", "yaml_tag", 1),
        ("a: !!binary aGk=", "yaml_tag", 1),
        ("a: 1\n---\nb: 2", "yaml_documents", 2),
        ("a: [1, 2\nb: 3", "yaml_syntax", 2),
        ("a:\n\t- 1", "yaml_syntax", 2),
        ("? [a]\n: 1", "yaml_key", 1),
        ("<<: 3", "yaml_merge", 1),
        ("a: 1e999", "number", 1),
        ("[" * 100 + "]" * 100, "too_deep", 1),
    ],
)
def test_yaml_that_is_refused(text: str, code: str, line: int) -> None:
    with pytest.raises(SourceError) as caught:
        parse_yaml(text, "f")
    assert (caught.value.code, caught.value.line) == (code, line)


def test_an_alias_bomb_is_stopped() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    with pytest.raises(SourceError, match="once aliases are expanded"):
        parse_yaml("\n".join(lines), "f")


@pytest.mark.parametrize(
    ("text", "code", "position"),
    [
        ('{"a": 1,\n "b" 2}', "json_syntax", (2, 6)),
        ('{"a": 1,}', "json_syntax", (1, 9)),
        ("{'a': 1}", "json_syntax", (1, 2)),
        ('{"a": NaN}', "json_syntax", (None, None)),
        ('{"a": 1e999}', "number", (1, 7)),
        ("[" * 100 + "]" * 100, "too_deep", (1, 66)),
        ("[" * 100_000, "too_deep", (None, None)),
        ('{"a": ' + "9" * 5000 + "}", "json_syntax", (None, None)),
        ('{"a": "\\ud800"}', "json_syntax", (1, 7)),
        ("[" + "1," * 50_000 + "1]", "too_large", (1, 100_000)),
    ],
)
def test_json_that_is_refused(text: str, code: str, position: tuple[int | None, int | None]) -> None:
    with pytest.raises(SourceError) as caught:
        parse_json(text, "f")
    assert caught.value.code == code
    assert (caught.value.line, caught.value.column) == position


@pytest.mark.parametrize("parse", [parse_json, parse_yaml])
def test_every_duplicate_key_is_told_and_the_first_is_kept(parse: Any) -> None:
    node, duplicates = parse('{"a": 1,\n "a": 2,\n "b": {"c": 1, "c": 2}}', "f")
    assert node.plain() == {"a": 1, "b": {"c": 1}}
    assert [(d.code, d.line) for d in duplicates] == [("duplicate_key", 2), ("duplicate_key", 3)]


@pytest.mark.parametrize(
    ("parse", "text"), [(parse_json, ""), (parse_json, " \n"), (parse_yaml, ""), (parse_yaml, "# only this\n")]
)
def test_an_empty_file_is_nothing(parse: Any, text: str) -> None:
    assert parse(text, "f")[0].plain() is None
