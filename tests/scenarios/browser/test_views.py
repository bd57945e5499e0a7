"""Journeys, traces, themes, broken workflows and sign-in, as the page shows them."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from urllib.request import Request, urlopen

import jwt
from playwright.sync_api import Page, expect

from mozaiks_local.demo_model import Fault
from mozaiks_local.stack import LocalStack, Site

from ..conftest import House
from .conftest import CONFIG, PATIENCE_MS, Visit

SECRET = "a secret of the tests that is long enough to sign with"
ISSUER = "https://tests.example"


def test_a_journey_is_drawn_as_steps_with_parallel_members_and_followed_live(visit: Visit) -> None:
    ann = visit()
    ann.start("ValueEngine")
    bar = ann.page.get_by_role("navigation", name="Journey")
    expect(bar).to_contain_text("ValueEngine", timeout=PATIENCE_MS)
    watcher = visit(ann.page.context)
    watcher.open(str(bar.get_by_role("link").first.get_attribute("href")))
    steps = watcher.page.locator(".journey-groups > li")
    expect(steps).to_have_count(3, timeout=PATIENCE_MS)
    expect(steps.nth(1).locator(".journey-member")).to_have_count(2)
    expect(steps.nth(0)).to_have_attribute("data-state", "now")
    ann.say("An app that tells me when my plants are thirsty")
    ann.reads("Whom is it for?")
    ann.say("People who travel a lot")
    expect(steps.nth(0)).to_have_attribute("data-state", "done", timeout=PATIENCE_MS)
    expect(steps.nth(1)).to_have_attribute("data-state", "now", timeout=PATIENCE_MS)
    watcher.page.locator(".journey-member").get_by_role("link", name="BrandKit").click()
    watcher.page.wait_for_url(re.compile("/chats/BrandKit/"))
    expect(watcher.page.get_by_role("navigation", name="Journey")).to_contain_text("DesignDocs", timeout=PATIENCE_MS)


def test_a_workflow_that_waits_for_another_cannot_be_started_and_says_why(
    visit: Visit, served: House, page_folder: Path
) -> None:
    served.stack.gateway.site = Site(page_folder, {**CONFIG, "user_id": "ben"})  # who has completed nothing yet
    ben = visit()
    ben.open()
    card = ben.page.get_by_role("article", name="AppGenerator")
    expect(card.get_by_text("First complete ValueEngine")).to_be_visible(timeout=PATIENCE_MS)
    expect(card.get_by_role("button", name="Start")).to_be_disabled()


def test_a_broken_workflow_is_listed_with_what_is_wrong(visit: Visit, served: House) -> None:
    folder = served.workflows / "Mistaken"
    folder.mkdir()
    try:
        (folder / "orchestrator.yaml").write_text("workflow_name: Mistaken\nmax_turnz: 3\n")
        ann = visit()
        ann.open()
        expect(ann.page.get_by_role("heading", name="needs mending")).to_be_visible(timeout=PATIENCE_MS)
        ann.page.locator("summary").filter(has_text="Mistaken").click()
        expect(ann.page.get_by_text("max_turnz").first).to_be_visible()
        expect(ann.page.get_by_text("orchestrator.yaml:2").first).to_be_visible()
    finally:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()


def test_a_trace_shows_slices_turns_model_calls_tools_and_waits(visit: Visit) -> None:
    ann = visit()
    ann.start("BikeWorkshop")
    ann.say("My brakes squeal")
    expect(ann.page.get_by_role("button", name="Book")).to_be_visible(timeout=PATIENCE_MS)
    ann.page.get_by_role("link", name="Trace").click()
    for kind in ("run", "slice", "turn", "model", "tool", "wait"):
        expect(ann.page.locator(f"tr[data-kind='{kind}']").first).to_be_visible(timeout=PATIENCE_MS)


def test_the_theme_of_an_app_colours_the_page(visit: Visit, served: House) -> None:
    theme = {"colors": {"light": {"primary": "#0b6b50"}}, "shape": {"radius_px": 3}}
    address = f"{served.stack.http_url}/api/themes/acme?user_id=ann"
    request = Request(address, json.dumps(theme).encode(), {"Content-Type": "application/json"}, method="PUT")  # noqa: S310
    with urlopen(request) as answer:  # noqa: S310 - our own stack
        assert answer.status == 200
    ann = visit()
    ann.page.emulate_media(color_scheme="light")
    ann.open()
    start = ann.page.get_by_role("article", name="HelloWorld").get_by_role("button", name="Start")
    expect(start).to_have_css("background-color", "rgb(11, 107, 80)", timeout=PATIENCE_MS)


def test_with_tokens_the_page_asks_for_one_and_shows_its_users_chats_only(
    visit: Visit, served: House, tmp_path: Path, page_folder: Path
) -> None:
    config = served.stack.config
    tokens = {"JWT_SECRET": SECRET, "ALLOWED_ISSUERS": ISSUER}
    secured = replace(
        config,
        port=0,
        data_dir=tmp_path,
        parameters={**config.parameters, "AuthEnabled": "true", "JwtSecret": SECRET, "AllowedIssuers": ISSUER},
        environment={**config.environment, "AUTH_ENABLED": "true", **tokens},
    )
    with LocalStack(secured) as stack:
        stack.gateway.site = Site(page_folder, {**CONFIG, "auth": True})
        ann = visit(url=stack.http_url)
        ann.open()
        ann.page.get_by_label("Access token").fill("nonsense")
        ann.page.get_by_role("button", name="Continue").click()
        expect(ann.page.get_by_role("alert")).to_contain_text("no token")
        _sign_in(ann.page, "ann")
        chat_id = ann.start("HelloWorld")
        ann.reads("Hello and welcome!")
        assert "eyJ" not in ann.page.url
        expect(ann.page.get_by_role("link", name="Trace")).to_have_count(0)
        eve = visit(url=stack.http_url)
        eve.open(f"/chats/HelloWorld/{chat_id}")
        _sign_in(eve.page, "eve")
        eve.sees("There is no such chat, or it is not yours.")
        other = visit(url=stack.http_url)
        other.open("/chats/HelloWorld/nosuchchat")
        _sign_in(other.page, "eve")
        other.sees("There is no such chat, or it is not yours.")


def _sign_in(page: Page, user: str) -> None:
    claims = {"iss": ISSUER, "sub": user, "app_id": "acme", "user_id": user, "scope": "chat", "exp": time.time() + 600}
    page.get_by_label("Access token").fill(jwt.encode(claims, SECRET, algorithm="HS256"))
    page.get_by_role("button", name="Continue").click()


def test_a_failed_run_is_told_in_plain_words_and_tried_again(visit: Visit, served: House) -> None:
    served.workflow("FailsAtFirst", {"Host": [{"say": "Here I am."}]}, startup_mode="UserDriven", initial_message=None)
    served.demo.faults.add(Fault("server_error", workflow="FailsAtFirst", times="forever"))
    ann = visit()
    ann.start("FailsAtFirst")
    ann.say("Are you there?")
    ann.awaits("failed")
    expect(ann.conversation.get_by_text("The language model does not answer.").last).to_be_visible()
    served.demo.faults.clear()
    ann.conversation.get_by_role("button", name="Try again").last.click()
    ann.reads("Here I am.")
    ann.awaits("your turn")
