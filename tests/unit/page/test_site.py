"""The built page on the gateway's port: its files, its addresses, its policies; all else is the API's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mozaiks_local.stack import Site
from mozaiks_local.stack.http_server import HttpRequest, HttpResponse


@pytest.fixture
def site(tmp_path: Path) -> Site:
    page = tmp_path / "page"
    (page / "assets").mkdir(parents=True)
    (page / "index.html").write_text("<!doctype html>the page")
    (page / "preview.html").write_text("<!doctype html>the frame")
    (page / "assets/main-abc.js").write_text("run()")
    (page / ".hidden").write_text("no")
    (tmp_path / "secret.txt").write_text("no")
    return Site(page, {"auth": False, "app_id": "demo", "user_id": "me"})


def get(site: Site, target: str, method: str = "GET") -> HttpResponse | None:
    return site.answer(HttpRequest(method, target, [], b"", "127.0.0.1"))


def header(answer: HttpResponse, name: str) -> str:
    return next(value for key, value in answer.headers if key == name)


@pytest.mark.parametrize("target", ["/", "/chats/HelloWorld/c1", "/artifacts/a1?chat=c1", "/journeys/j1", "/workflows"])
def test_addresses_of_the_page_are_its_index(site: Site, target: str) -> None:
    answer = get(site, target)
    assert answer is not None
    assert answer.body == b"<!doctype html>the page"
    assert header(answer, "Cache-Control") == "no-cache"
    assert "script-src 'self';" in header(answer, "Content-Security-Policy")


@pytest.mark.parametrize(
    "target", ["/api/workflows", "/api/health", "/docs", "/openapi.json", "/health", "/metrics/prometheus", "/chat/1"]
)
def test_addresses_of_the_api_are_left_to_it(site: Site, target: str) -> None:
    assert get(site, target) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_reading_is_answered(site: Site, method: str) -> None:
    assert get(site, "/", method) is None


@pytest.mark.parametrize(
    "target",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/assets/%2e%2e/%2e%2e/secret.txt",
     "/.hidden", "/assets", "//etc/passwd", "/assets/missing.js"],
)  # fmt: skip
def test_no_other_file_is_read(site: Site, target: str) -> None:
    assert get(site, target) is None


def test_hashed_files_are_kept_by_browsers_for_good(site: Site) -> None:
    answer = get(site, "/assets/main-abc.js")
    assert answer is not None
    assert header(answer, "Content-Type") == "text/javascript; charset=utf-8"
    assert "immutable" in header(answer, "Cache-Control")


def test_the_frame_of_previews_may_run_scripts_and_reach_nothing(site: Site) -> None:
    answer = get(site, "/preview.html")
    assert answer is not None
    policy = header(answer, "Content-Security-Policy")
    assert policy.startswith("sandbox allow-scripts;")
    assert "allow-same-origin" not in policy
    assert "connect-src 'none'" in policy


def test_the_configuration_says_who_is_served(site: Site) -> None:
    answer = get(site, "/config.json")
    assert answer is not None
    assert json.loads(answer.body) == {"auth": False, "app_id": "demo", "user_id": "me"}
    assert header(answer, "Cache-Control") == "no-store"
