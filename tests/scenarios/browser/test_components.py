"""Components of workflows: their own, those that are missing, those that fail."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from playwright.sync_api import expect

from mozaiks_local.page import PageBuild, build_page
from mozaiks_local.stack import Site

from ..conftest import ROOT, House
from .conftest import CONFIG, PATIENCE_MS, Visit

SHOWS = """\
tools:
  - name: show_thing
    type: UI_Tool
    agent: Host
    description: Shows a thing.
    parameters:
      colour: { type: string, required: true, description: Which colour }
      count: { type: integer, required: true }
    ui: { component: COMPONENT, mode: inline }
"""
SCRIPT = {
    "Host": [
        {"after": "user", "call": {"tool": "show_thing", "arguments": {"colour": "blue", "count": 3}}},
        {"tool": "show_thing", "say": "You chose {tool.colour}, {tool.count} of them."},
    ]
}


def shows(house: House, name: str, component: str) -> None:
    house.workflow(
        name,
        SCRIPT,
        tools=SHOWS.replace("COMPONENT", component),
        startup_mode="UserDriven",
        initial_message=None,
    )


def test_a_component_of_the_workflow_stands_in_the_conversation_and_its_answer_goes_on(visit: Visit) -> None:
    ann = visit()
    ann.start("BikeWorkshop")
    ann.say("My brakes squeal")
    picker = ann.conversation.locator("[data-component='DatePicker']")
    expect(picker).to_be_visible(timeout=PATIENCE_MS)
    picker.get_by_role("group", name="Time").get_by_role("radio").first.check()
    picker.get_by_role("button", name="Book").click()
    expect(ann.conversation.locator("[data-component='BookingCard']")).to_be_visible(timeout=PATIENCE_MS)
    ann.awaits("your turn")


def test_an_artifact_and_the_variables_of_its_chat_are_the_same_in_two_tabs(visit: Visit) -> None:
    first = visit()
    chat_id = first.start("ActionPlan")
    first.say("Move to another flat")
    panel = first.page.get_by_role("complementary", name="Artifact")
    expect(panel.get_by_text("0 of 4 done")).to_be_visible(timeout=PATIENCE_MS)
    second = visit(first.page.context)
    second.open(f"/chats/ActionPlan/{chat_id}")
    other = second.page.get_by_role("complementary", name="Artifact")
    expect(other.get_by_text("0 of 4 done")).to_be_visible(timeout=PATIENCE_MS)
    panel.get_by_label("Book a van").click()  # ticked when the backend has it
    expect(other.get_by_label("Book a van")).to_be_checked(timeout=PATIENCE_MS)
    other.get_by_role("button", name="Keep this plan").click()
    for tab in (first, second):
        tab.awaits("your turn")


def test_an_artifact_is_there_again_after_a_reload_and_has_a_page_of_its_own(visit: Visit) -> None:
    ann = visit()
    ann.start("ActionPlan")
    ann.say("Move to another flat")
    panel = ann.page.get_by_role("complementary", name="Artifact")
    expect(panel.get_by_text("0 of 4 done")).to_be_visible(timeout=PATIENCE_MS)
    ann.page.reload()
    expect(panel.get_by_text("0 of 4 done")).to_be_visible(timeout=PATIENCE_MS)
    panel.get_by_role("link", name="Full page").click()
    ann.page.wait_for_url("**/artifacts/**")
    ann.page.reload()
    expect(ann.page.get_by_role("main").get_by_text("0 of 4 done")).to_be_visible(timeout=PATIENCE_MS)


def test_a_modal_asks_for_leave_and_is_opened_again_when_it_was_put_away(visit: Visit) -> None:
    ann = visit()
    ann.start("ConfigChange")
    ann.say("Set request_timeout_seconds to 45")
    window = ann.page.get_by_role("dialog")
    expect(window.get_by_text("30 becomes 45")).to_be_visible(timeout=PATIENCE_MS)
    ann.page.keyboard.press("Escape")
    expect(window).to_have_count(0)
    ann.conversation.get_by_role("button", name="Open").click()
    window.get_by_role("button", name="Approve").click()
    expect(window).to_have_count(0)
    ann.awaits("your turn")


def test_a_tool_without_a_component_is_a_form_of_its_schema(visit: Visit) -> None:
    ann = visit()
    ann.start("ContactDesk")
    ann.say("Please call me about my roof, I am Ada Winter")
    form = ann.page.locator(".schema-form")
    expect(form).to_be_visible(timeout=PATIENCE_MS)
    form.get_by_label("Your name").fill("")
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_text("Please fill this in.").first).to_be_visible()
    form.get_by_label("Your name").fill("Ada Winter")
    form.get_by_label("Your e-mail address").fill("ada@example.com")
    form.get_by_label("Your message").fill("The roof leaks.")
    form.get_by_role("button", name="Send").click()
    expect(form).to_have_count(0, timeout=PATIENCE_MS)
    ann.reads("Ada Winter")


def test_a_tool_without_any_schema_of_its_answer_is_a_form_of_its_parameters(visit: Visit, served: House) -> None:
    shows(served, "NoComponent", "NobodyMadeThis")
    ann = visit()
    ann.start("NoComponent")
    ann.say("Show it")
    form = ann.page.locator(".schema-form")
    expect(form.get_by_label("colour")).to_have_value("blue", timeout=PATIENCE_MS)
    form.get_by_label("colour").fill("green")
    form.get_by_role("button", name="Send").click()
    ann.reads("You chose green, 3 of them.")


def test_generated_files_run_in_a_frame_that_reaches_neither_page_nor_network(visit: Visit) -> None:
    ann = visit()
    ann.start("CodeStudio")
    ann.say("A countdown to the new year")
    panel = ann.page.get_by_role("complementary", name="Artifact")
    panel.get_by_role("button", name="Code").click(timeout=PATIENCE_MS)
    frame = panel.locator("iframe")
    assert frame.get_attribute("sandbox", timeout=PATIENCE_MS) == "allow-scripts"
    inside = panel.frame_locator("iframe")
    expect(inside.get_by_text("days and")).to_be_visible(timeout=PATIENCE_MS)  # written by its script
    handle = frame.element_handle()
    assert handle is not None
    content = handle.content_frame()
    assert content is not None
    assert content.evaluate("() => { try { return parent.document.title } catch { return 'refused' } }") == "refused"
    assert content.evaluate("() => fetch('/config.json').then(() => 'reached', () => 'refused')") == "refused"
    ann.complaints.clear()  # that the two were refused
    panel.get_by_role("tab", name="index.html").click()
    expect(panel.get_by_label("Code of index.html")).to_contain_text("Until the new year", timeout=PATIENCE_MS)
    ann.say("Make it dark")
    expect(panel.get_by_label("Version", exact=True)).to_contain_text("Version 2", timeout=PATIENCE_MS)


@pytest.fixture
def built_with(served: House, tmp_path: Path) -> House:
    """The page, built with a component that throws and one that is no TypeScript."""
    ui = tmp_path / "workflows" / "Clumsy" / "ui"
    ui.mkdir(parents=True)
    (ui / "Throws.tsx").write_text('export default function Throws() { throw new Error("I fell over"); }\n')
    (ui / "NoSense.tsx").write_text("export default function ( {{{\n")
    (ui / "Lost.tsx").write_text('import "./nowhere"; export default function Lost() { return null; }\n')
    built: list[PageBuild] = []

    def build() -> None:
        built.append(asyncio.run(build_page(ROOT, tmp_path / "workflows", tmp_path / "page", print)))

    # The browser's driver keeps an event loop running in this thread.
    thread = threading.Thread(target=build)
    thread.start()
    thread.join()
    assert len(built) == 1
    assert len(built[0].warnings) == 2
    served.stack.gateway.site = Site(built[0].folder, CONFIG)
    return served


@pytest.mark.parametrize(
    ("component", "why"), [("Throws", "I fell over"), ("NoSense", "cannot be bundled"), ("Lost", "which is not there")]
)
def test_a_component_that_fails_leaves_the_page_and_a_form_to_answer_with(
    built_with: House, visit: Visit, component: str, why: str
) -> None:
    shows(built_with, "Clumsy", component)
    ann = visit()
    ann.start("Clumsy")
    ann.say("Show it")
    alert = ann.conversation.get_by_role("alert")
    expect(alert).to_contain_text(f"The component {component} could not be shown.", timeout=PATIENCE_MS)
    alert.get_by_text("Details").click()
    expect(alert).to_contain_text(why)
    ann.page.locator(".schema-form").get_by_role("button", name="Send").click()
    ann.reads("You chose blue, 3 of them.")
    ann.complaints.clear()  # the console names what failed
