"""What the page answers to an action is seen, and read out, wherever one is; what was written is not lost."""

from __future__ import annotations

import random
import time

import pytest
from playwright.sync_api import Page, expect

from trafico_monitor.model.control import ControlResponse
from trafico_monitor.model.incident import Estado

from .conftest import Open, picture
from .stage import Stage, story
from .test_dashboard import no_serious_finding, settled

# The topmost thing at the middle of it: nothing lies above.
ON_TOP = """node => {
  const box = node.getBoundingClientRect();
  return node.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
}"""


def opened(stage: Stage, visit: Open, width: int) -> Page:
    stage.happen(story(1, time.time(), Estado.PENDIENTE, random.Random(1)))
    page = visit(stage, width=width)
    settled(page)
    page.locator(".open-it").click()
    return page


@pytest.mark.parametrize("width", [1280, 390])
def test_an_answer_is_above_the_open_dialog_and_read_out(stage: Stage, visit: Open, width: int) -> None:
    page = opened(stage, visit, width)
    page.locator("[data-act=acknowledge]").click()
    page.locator("#ask button.main").click()
    toast = page.locator(".toast")
    expect(toast).to_be_visible()
    assert toast.evaluate(ON_TOP), "it is seen"
    assert toast.evaluate("node => node.closest('[aria-live]').closest('dialog').open"), "it is not inert"
    picture(page, f"answer-{width}", full=False)
    no_serious_finding(page)
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).to_be_hidden()
    expect(toast).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_a_refused_form_says_why_and_keeps_what_was_written(stage: Stage, visit: Open, width: int) -> None:
    page = opened(stage, visit, width)
    desk = stage.window.here.desk_now
    assert desk is not None
    desk.reply = ControlResponse(False, "unknown_incident", {"id": "0000001Q"})
    page.locator("[data-act=silence]").click()
    reason = page.locator("#ask input[name=reason]")
    reason.fill("obras en el servidor")
    page.locator("#ask button.main").click()
    refusal = page.locator("#ask [role=alert]")
    expect(refusal).to_contain_text("0000001Q")
    assert refusal.evaluate(ON_TOP)
    expect(reason).to_have_value("obras en el servidor")
    picture(page, f"refused-{width}", full=False)
    no_serious_finding(page)
    desk.reply = ControlResponse(True, "done", {"id": "0000001Q"})
    page.locator("#ask button.main").click()
    expect(page.locator("#ask")).to_be_hidden()
    assert [one.reason for one in desk.asked] == ["obras en el servidor"] * 2


@pytest.mark.parametrize(("language", "words"), [("es-ES", "obligatorio"), ("en-GB", "required")])
def test_what_a_silence_needs_is_known_before_it_is_sent(stage: Stage, visit: Open, language: str, words: str) -> None:
    stage.happen(story(1, time.time(), Estado.PENDIENTE, random.Random(1)))
    page = visit(stage, language=language)
    page.locator(".open-it").click()
    page.locator("[data-act=silence]").click()
    expect(page.locator("#ask label").last).to_contain_text(words)
    reason = page.locator("#ask input[name=reason]")
    reason.fill("   ")
    page.locator("#ask button.main").click()
    said = {"es-ES": "Escriba un motivo", "en-GB": "Write a reason"}[language]
    assert said in reason.evaluate("node => node.validationMessage")
    assert stage.window.here.desk_now is not None and not stage.window.here.desk_now.asked


def test_an_answer_that_never_comes_is_said_in_the_pages_words(stage: Stage, visit: Open) -> None:
    page = opened(stage, visit, 1280)
    page.locator("[data-act=acknowledge]").click()
    stage.close()
    page.locator("#ask button.main").click()
    expect(page.locator("#ask [role=alert]")).to_have_text("el monitor no contesta")
