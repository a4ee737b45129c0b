"""Everything can be read and reached: whole words, names, the page's language, the keyboard, a finger."""

from __future__ import annotations

import random
import time
from dataclasses import replace

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from trafico_monitor.messages import text
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.control import ControlResponse
from trafico_monitor.model.download import Download, Phase, UnderWay
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Event
from trafico_monitor.web.ports import Volume

from .conftest import Open, picture
from .stage import GB, Stage, falling, story
from .test_dashboard import settled

LUCK = random.Random(1)
# Words of the place that stand on more than one line, and what is wider than the place that it stands in.
BROKEN = """place => {
  const found = [], walker = document.createTreeWalker(place, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode())
    for (const word of node.data.matchAll(/\\S+/g)) {
      const range = document.createRange();
      range.setStart(node, word.index);
      range.setEnd(node, word.index + word[0].length);
      if (new Set([...range.getClientRects()].map((one) => Math.round(one.top))).size > 1) found.push(word[0]);
    }
  return found;
}"""
WIDE = "nodes => nodes.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)"
LOW = """([place, least]) => [...place.querySelectorAll("button, select, input, summary, a[href]")]
  .map((one) => one.closest(".pick") ?? one)  // a box is pressed by its label
  .filter((one) => one.checkVisibility() && !one.classList.contains("skip"))
  .filter((one) => Math.min(one.getBoundingClientRect().height, one.getBoundingClientRect().width) < least - 0.5)
  .map((one) => `${one.outerHTML.slice(0, 90)} ${one.getBoundingClientRect().height}`)"""


@pytest.mark.parametrize("width", [1024, 1100, 1241, 1280, 1600, 1920, 2560])
def test_no_word_is_broken_however_long_a_reason_is(stage: Stage, visit: Open, width: int) -> None:
    for n, kind in enumerate(ErrorType):
        one = replace(story(n, time.time() - n, Estado.REINTENTANDO, LUCK), error_type=kind)
        stage.happen(
            replace(one, reason="owner_no_acl", waiting_for=ErrorType.SERVIDOR_CAIDO, estado=Estado.PENDIENTE)
        )
    path = "/srv/almacenamiento/volumenes/descargas-de-telegram/discos/principal"
    disk = Volume(path, 212 * GB, 500 * GB, "ok", falling(212 * GB, 0.05 * GB))
    stage.window.here.disks = [disk, replace(disk, path="/home")]
    page = visit(stage, width=width)
    settled(page)
    expect(page.locator(".rows tbody tr")).to_have_count(len(ErrorType))
    assert page.locator(".rows").evaluate(BROKEN) == []
    assert page.locator(".tile p.name, .tile p.value").evaluate_all(WIDE) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    picture(page, f"long-reason-{width}")


def test_a_download_of_unknown_size_fills_no_part_of_its_bar(stage: Stage, visit: Open) -> None:
    stage.window.here.under_way = [
        UnderWay(Download("ana", "a.mp4"), time.time(), time.time(), Phase.COPYING, None, 7_000_000)
    ]
    page = visit(stage)
    bar = page.locator("#downloads [role=progressbar]")
    expect(bar).to_be_visible()
    expect(bar.locator("span")).to_have_count(0)
    assert bar.get_attribute("aria-valuenow") is None
    expect(page.locator("#downloads")).to_contain_text("7 MB recibidos; tamaño desconocido")
    page.locator("#downloads").screenshot(path="build/screenshots/unknown-size.png")


def test_videos_without_a_name_are_told_apart(stage: Stage, visit: Open) -> None:
    for n in range(2):
        one = story(n, time.time() - n, Estado.FALLIDO, LUCK)
        stage.happen(replace(one, download=Download("ana", source=f"/srv/api/videos/file_{n + 7}.mp4")))
    stage.happen(replace(story(3, time.time() - 3, Estado.FALLIDO, LUCK), download=Download()))
    now = time.time()
    stage.window.here.under_way = [UnderWay(Download("noa", source="/x/file_9.mp4"), now, now, Phase.COPYING)]
    page = visit(stage)
    videos = page.locator(".rows td.video")
    expect(videos.nth(0)).to_contain_text("file_7.mp4 (sin nombre)")
    expect(videos.nth(1)).to_contain_text("file_8.mp4 (sin nombre)")
    expect(videos.nth(2)).to_contain_text("Video sin nombre")
    expect(videos.nth(2)).to_contain_text("#0000003Q")
    expect(page.locator("#downloads")).to_contain_text("file_9.mp4 (sin nombre)")
    page.locator("#filter-video").fill("FILE_8")
    expect(videos).to_have_count(1)
    page.locator(".open-it").click()
    expect(page.locator(".facts")).to_contain_text("file_8.mp4 (sin nombre)")


def test_the_focus_is_in_the_incident_and_comes_back(stage: Stage, visit: Open) -> None:
    one = story(1, time.time(), Estado.PENDIENTE, LUCK)
    stage.happen(one)
    page = visit(stage)
    settled(page)
    page.locator(".open-it").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".facts")).to_be_visible()
    expect(page.locator("#sheet-title")).to_be_focused()
    stage.happen(replace(one, estado=Estado.REINTENTANDO))  # redraws the incident and its row
    expect(page.locator("#sheet .chip")).to_have_text("reintentando")
    expect(page.locator("#sheet-title")).to_be_focused()
    page.locator("[data-act=silence]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ask")).to_be_visible()
    stage.happen(replace(one, estado=Estado.PENDIENTE))
    expect(page.locator("#sheet .chip")).to_have_text("pendiente")
    page.keyboard.press("Escape")
    expect(page.locator("#ask")).to_be_hidden()
    assert page.evaluate("document.getElementById('sheet').contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(page.locator(".open-it")).to_be_focused()


def test_all_of_the_activity_and_every_answer_is_in_the_pages_language(stage: Stage, visit: Open) -> None:
    stage.happen(replace(story(1, time.time(), Estado.PENDIENTE, LUCK), download=Download("ana", "a.mp4")))
    fields = {"silencio": "SABCDE", "ambito": "tipo timeout", "hasta": "10:00", "motivo": "x", "por": "cli:ana"}
    words = text("record.request_silence", "es", **fields)
    event = Event(time.time(), "request_silence", words, fields=fields)
    stage.do(stage.window.store.commit(ChangeSet(records=(event,))))
    stage.window.window.stored((event,))
    page = visit(stage, language="en-GB")
    lines = page.locator("#activity li")
    expect(lines).to_have_count(2)
    expect(lines.nth(1)).to_contain_text("Pending")
    expect(lines.nth(0)).to_contain_text("type timeout")
    desk = stage.window.here.desk_now
    assert desk is not None
    desk.reply = ControlResponse(True, "silenced", fields)
    page.locator(".open-it").click()
    page.locator("[data-act=silence]").click()
    page.locator("#ask input[name=reason]").fill("x")
    page.locator("#ask button.main").click()
    expect(page.locator(".toast")).to_contain_text("type timeout")


@pytest.mark.parametrize(("least", "touch"), [(24, False), (44, True)])
def test_everything_to_press_is_large_enough(month: Stage, visit: Open, least: int, touch: bool) -> None:
    page = visit(month, width=390 if touch else 1280, has_touch=touch, is_mobile=touch)
    settled(page)
    assert low(page, "body", least) == []
    page.locator(".open-it").first.click()
    expect(page.locator(".facts")).to_be_visible()
    assert low(page, "#sheet", least) == []
    page.locator("[data-act=silence]").click()
    assert low(page, "#ask", least) == []
    picture(page, f"touch-{touch}", full=False)


def low(page: Page, place: str, least: int) -> list[str]:
    found: list[str] = page.locator(place).evaluate(f"(place, least) => ({LOW})([place, least])", least)
    return found


@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_at_all(month: Stage, visit: Open, width: int) -> None:
    page = visit(month, width=width)
    settled(page)
    assert findings(page) == []
    page.locator(".open-it").nth(4).click()
    expect(page.locator(".facts")).to_be_visible()
    assert findings(page) == []
    page.locator("[data-act=silence]").click()
    assert findings(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    page.locator("#leave").click()
    expect(page.locator("#door input")).to_be_visible()
    assert findings(page) == []


def findings(page: Page) -> list[object]:
    found = Axe().run(page)["violations"]
    return [(one["id"], one["impact"], [node["html"][:120] for node in one["nodes"]][:3]) for one in found]
