"""An app's looks: defaults, what it sets, what cannot be read, and who was first."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from mozaiks.access.principal import Tenant
from mozaiks.bootstrap import Parts
from mozaiks.store.themes import MongoThemes
from mozaiks.themes.contrast import check_contrast, contrast_ratio
from mozaiks.themes.service import StoredTheme
from mozaiks.themes.tokens import Theme

PATH = "/api/themes/acme"
GREEN = {"name": "Northwind", "colors": {"light": {"primary": "#0b6b50"}}}


def put(api: TestClient, body: Any, **headers: str) -> Any:
    return api.put(PATH, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_an_app_without_a_theme_has_the_defaults(api: TestClient) -> None:
    answer = api.get(PATH)
    assert answer.status_code == 200
    assert answer.json() == {
        "app_id": "acme", "version": 0, "theme": Theme().model_dump(), "overrides": {}, "updated_at": None,
    }  # fmt: skip


def test_what_an_app_sets_is_merged_with_the_defaults(api: TestClient) -> None:
    assert put(api, GREEN).status_code == 200
    found = api.get(PATH).json()
    assert (found["version"], found["overrides"]) == (1, GREEN)
    assert found["theme"]["name"] == "Northwind"
    assert found["theme"]["colors"]["light"] == {**Theme().colors.light.model_dump(), "primary": "#0b6b50"}
    assert found["theme"]["colors"]["dark"] == Theme().colors.dark.model_dump()


def test_a_change_replaces_the_former_one_and_counts(api: TestClient) -> None:
    put(api, GREEN)
    changed = put(api, {"shape": {"radius_px": 0}})
    assert (changed.json()["version"], changed.json()["overrides"]) == (2, {"shape": {"radius_px": 0}})
    assert changed.json()["theme"]["name"] == Theme().name


def test_who_changes_what_is_no_longer_there_is_told(api: TestClient) -> None:
    read = api.get(PATH).headers["etag"]
    first = put(api, GREEN, If_Match=read)
    assert first.status_code == 200
    late = put(api, {}, If_Match=read)
    assert (late.status_code, late.json()["code"], late.json()["details"]) == (
        412,
        "PRECONDITION_FAILED",
        {"version": 1},
    )
    assert api.get(PATH).json()["overrides"] == GREEN
    assert put(api, {}, If_Match=first.headers["etag"]).json()["version"] == 2


def test_of_two_who_write_the_same_version_one_is_refused(parts: Parts) -> None:
    themes, now = MongoThemes(parts.database), parts.service.clock()
    for version in (1, 2):
        assert themes.write(Tenant("acme"), StoredTheme(version, {}, now)) is True
        assert themes.write(Tenant("acme"), StoredTheme(version, {"name": "Late"}, now)) is False
    assert themes.read(Tenant("acme")) == StoredTheme(2, {}, now)


def test_another_apps_theme_is_its_own(api: TestClient) -> None:
    put(api, GREEN)
    assert api.get("/api/themes/other").json()["version"] == 0


def test_a_client_that_has_the_theme_is_not_sent_it_again(api: TestClient) -> None:
    put(api, GREEN)
    tag = api.get(PATH).headers["etag"]
    again = api.get(PATH, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    put(api, {})
    assert api.get(PATH, headers={"If-None-Match": tag}).status_code == 200


def test_colours_that_are_too_alike_are_all_named(api: TestClient) -> None:
    answer = put(api, {"colors": {"light": {"text": "#aaaaaa"}, "dark": {"on_primary": "#7fb0ff"}}})
    assert (answer.status_code, answer.json()["code"]) == (409, "CONTRAST_TOO_LOW")
    weak = {(each["mode"], each["foreground"], each["background"]) for each in answer.json()["details"]["pairs"]}
    assert weak == {
        ("light", "text", "background"), ("light", "text", "surface"), ("dark", "on_primary", "primary"),
    }  # fmt: skip
    assert "colors.dark.on_primary on primary has 1.0, expected at least 4.5" in answer.json()["detail"]
    assert api.get(PATH).json()["version"] == 0


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"colours": {}}, "body.colours"),
        ({"colors": {"light": {"primary": "red"}}}, "body.colors.light.primary"),
        ({"colors": {"light": {"primary": "#fff; background: url(//evil)"}}}, "body.colors.light.primary"),
        ({"typography": {"font_family": "x; } body { display: none"}}, "body.typography.font_family"),
        ({"typography": {"base_size_px": 4}}, "body.typography.base_size_px"),
        ({"logo": {"url": "javascript:alert(1)"}}, "body.logo.url"),
        ({"logo": {"url": "http://insecure.example/a.png"}}, "body.logo.url"),
        ({"name": "a\u0000b"}, "body.name"),
        ({"name": {"$ne": ""}}, "body.name"),
    ],
)
def test_a_token_of_another_shape_is_refused_by_name(api: TestClient, body: dict[str, Any], field: str) -> None:
    answer = put(api, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "VALIDATION")
    assert [each["field"] for each in answer.json()["errors"]] == [field]


def test_the_defaults_can_be_read() -> None:
    check_contrast(Theme())


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    # Values of the guidelines' own formula, as other checkers give them.
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ff0000", 1.0),
    ],
)
def test_ratios_are_those_of_the_guidelines(one: str, other: str, ratio: float) -> None:
    assert contrast_ratio(one, other) == pytest.approx(ratio, abs=0.005)
    assert contrast_ratio(other, one) == contrast_ratio(one, other)
