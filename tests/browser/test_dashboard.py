"""The dashboard as people use it: live, by keyboard, on a phone, in the dark, with nothing and with much."""

from __future__ import annotations

import random
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from tests.component.web.samples import HOSTILE
from trafico_monitor.model.alert import Scope
from trafico_monitor.model.control import ControlRequest, ControlResponse, RequestKind
from trafico_monitor.model.download import Download, Phase, UnderWay
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado

from .conftest import Open, picture
from .stage import PROOF, Stage, busy, story

LUCK = random.Random(1)
STATIC = Path(__file__).parents[2] / "trafico_monitor" / "web" / "static"


def settled(page: Page) -> None:
    """Everything that was asked for has come."""
    expect(page.locator(".waiting")).to_have_count(0)
    expect(page.locator("#live")).to_have_class("live on")


def no_serious_finding(page: Page) -> None:
    found = Axe().run(page)["violations"]
    serious = [one for one in found if one["impact"] in ("serious", "critical")]
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in serious] == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_every_view_with_a_month_of_incidents(month: Stage, visit: Open, width: int, theme: str) -> None:
    month.window.here.under_way = busy(time.time())
    page = visit(month, width=width, color_scheme=theme)
    settled(page)
    expect(page.locator(".rows tbody tr")).to_have_count(12)
    expect(page.locator("#ledger tbody tr")).to_have_count(len(ErrorType))
    expect(page.locator(".download")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    picture(page, f"month-{width}-{theme}")
    no_serious_finding(page)
    page.locator(".open-it").nth(4).click()
    expect(page.locator(".proof li")).to_have_count(4)
    picture(page, f"incident-{width}-{theme}", full=False)
    no_serious_finding(page)
    page.locator("[data-act=silence]").click()
    expect(page.locator("#ask")).to_be_visible()
    picture(page, f"silence-{width}-{theme}", full=False)
    no_serious_finding(page)


@pytest.mark.parametrize("width", [1280, 390])
def test_with_nothing_yet(stage: Stage, visit: Open, width: int) -> None:
    page = visit(stage, width=width)
    settled(page)
    expect(page.locator("#verdict")).to_contain_text("Todo en orden")
    for place in ("#incidents-list", "#downloads", "#activity", "#trends", "#ledger"):
        expect(page.locator(f"{place} .empty")).to_be_visible()
    picture(page, f"nothing-{width}")
    no_serious_finding(page)


def test_an_incident_comes_in_at_once_and_moves_on(stage: Stage, visit: Open) -> None:
    page = visit(stage)
    settled(page)
    one = story(1, time.time(), Estado.DETECTADO, LUCK)
    begin = time.monotonic()
    stage.happen(one)
    row = page.locator(".rows tbody tr")
    expect(row).to_have_count(1)
    took = time.monotonic() - begin
    expect(row.locator(".chip")).to_have_text("detectado")
    solved = replace(one, estado=Estado.SOLUCIONADO, closed_at=one.opened_at + 7, evidence=PROOF)
    stage.happen(solved)
    expect(row.locator(".chip")).to_have_text("solucionado")
    expect(page.locator("#activity li")).to_have_count(2)
    expect(page.locator("#figures dd").first).to_have_text("1")
    (Path("build") / "screenshots").mkdir(parents=True, exist_ok=True)
    (Path("build") / "screenshots" / "live.txt").write_text(f"{took:.3f} s from the database to the page\n")


def test_the_open_story_goes_on(stage: Stage, visit: Open) -> None:
    page = visit(stage)
    one = story(1, time.time(), Estado.DETECTADO, LUCK)
    stage.happen(one)
    page.locator(".open-it").click()
    expect(page.locator(".timeline li")).to_have_count(1)
    stage.happen(replace(one, estado=Estado.FALLIDO, closed_at=one.opened_at + 7, reason="timeout"))
    expect(page.locator(".timeline li")).to_have_count(2)
    expect(page.locator("#sheet .chip")).to_have_text("fallido")


def test_downloads_show_their_progress(stage: Stage, visit: Open) -> None:
    page = visit(stage)
    settled(page)
    download = UnderWay(Download("ana", "a.mp4"), time.time(), time.time(), Phase.COPYING, 1000, 250)
    stage.window.here.under_way = [download]
    bar = page.locator("#downloads [role=progressbar]")
    expect(bar).to_have_attribute("aria-valuenow", "25")
    stage.window.here.under_way = [replace(download, done=900)]
    expect(bar).to_have_attribute("aria-valuenow", "90")
    stage.window.here.under_way = []
    expect(page.locator("#downloads .empty")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_waits_in_rescatados_is_said_with_the_command(stage: Stage, visit: Open, width: int, theme: str) -> None:
    fix = "sudo trafico-monitor assign '<img src=x onerror=alert(1)>.mp4' MODELO"
    waiting = {"files": 3, "bytes": 8_320_605, "oldest": time.time() - 7200, "complete": True, "fix": fix}
    stage.window.here.said = {**stage.window.here.said, "rescued": waiting}
    page = visit(stage, width=width, color_scheme=theme)
    settled(page)
    bar = page.locator("#rescued")
    expect(bar).to_contain_text("3 videos en _rescatados esperan")
    expect(bar).to_contain_text("8,3 MB")
    expect(bar.locator("code")).to_have_text(fix)
    expect(page.locator("#verdict")).to_contain_text("3 videos en _rescatados esperan")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    picture(page, f"rescued-{width}-{theme}")
    no_serious_finding(page)
    stage.window.here.said = {**stage.window.here.said, "rescued": {**waiting, "files": 0}}
    expect(bar).to_be_hidden()
    expect(page.locator("#verdict")).to_contain_text("Todo en orden")


def test_trouble_is_said_first_and_its_end(stage: Stage, visit: Open) -> None:
    page = visit(stage)
    here = stage.window.here
    fine = dict(here.said)
    here.said = {
        **fine,
        "unit_active": False,
        "server_up": False,
        "lag": 42.0,
        "blindness": {"since": 1, "reasons": [{"text": "el journal no se puede leer"}], "suppressed": 0},
        "outbox": {"waiting": 3, "error": "Timed out"},
        "channels": [{"channel": "admin", "waiting": 3, "unusable": False, "stand_in": "", "last_error": "Timed out"}],
        "missing": ["project"],
    }
    expect(page.locator(".tile.bad")).to_have_count(4)
    expect(page.locator("#verdict")).to_contain_text("Algo no funciona")
    picture(page, "trouble")
    no_serious_finding(page)
    taken = time.mktime((2025, 12, 25, 14, 30, 0, 0, 0, -1))
    here.said = {**fine, "channels": [{"channel": "admin", "waiting": 0, "last_error": "", "last_success": taken}]}
    expect(page.locator("#verdict")).to_contain_text("Todo en orden")
    expect(page.locator("#tiles")).to_contain_text("último aceptado: 25 dic")


def test_how_the_downloads_are_known(stage: Stage, visit: Open) -> None:
    page = visit(stage)
    here = stage.window.here
    fine = dict(here.said)
    here.said = {**fine, "reporting": {"exact": True, "library": "telegram 22.5", "foreign": None}}
    expect(page.locator(".tile.good", has_text="Exacto")).to_contain_text("telegram 22.5")
    here.said = {**fine, "reporting": {"exact": False, "library": None, "foreign": "telegram <b>30</b>"}}
    expect(page.locator(".tile.idle", has_text="Solo por texto")).to_contain_text("telegram <b>30</b>")
    here.said = {**fine, "reporting": {"exact": False, "library": None, "foreign": None}}
    expect(page.locator(".tile.idle", has_text="Solo por texto")).to_contain_text("trafico-monitor check")
    expect(page.locator("#verdict")).to_contain_text("Todo en orden")  # less is known, and nothing is broken
    here.said = fine


def test_by_keyboard_alone(month: Stage, visit: Open) -> None:
    page = visit(month)
    settled(page)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('open-it')"):
            break
    first = page.evaluate("document.activeElement.dataset.id")
    page.keyboard.press("Enter")
    expect(page.locator("#sheet")).to_be_visible()
    expect(page.locator("#sheet .title")).not_to_be_empty()
    expect(page).to_have_url(re.compile(rf"#/incident/{first}$"))
    page.locator("[data-act=acknowledge]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ask")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#ask")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).to_be_hidden()
    assert page.evaluate("document.activeElement.dataset.id") == first, "back where one was"


def test_the_address_keeps_the_incident(month: Stage, visit: Open) -> None:
    page = visit(month)
    page.locator(".open-it").nth(2).click()
    expect(page.locator(".facts")).to_be_visible()
    page.reload()
    expect(page.locator(".facts")).to_be_visible()
    page.go_back()
    expect(page.locator("#sheet")).to_be_hidden()


@pytest.mark.parametrize(
    ("act", "wanted"),
    [
        ("retry", {"kind": RequestKind.RETRY, "incident": "0000001Q"}),
        ("acknowledge", {"kind": RequestKind.ACKNOWLEDGE, "incident": "0000001Q"}),
        ("silence", {"kind": RequestKind.SILENCE, "scope": Scope.INCIDENT, "value": "0000001Q", "seconds": 3600.0}),
    ],
)
def test_actions_ask_first_and_tell_the_answer(stage: Stage, visit: Open, act: str, wanted: dict[str, object]) -> None:
    stage.happen(story(1, time.time(), Estado.FALLIDO if act == "retry" else Estado.PENDIENTE, LUCK))
    page = visit(stage)
    desk = stage.window.here.desk_now
    assert desk is not None
    page.locator(".open-it").click()
    page.locator(f"[data-act={act}]").click()
    assert not desk.asked, "nothing before it is confirmed"
    page.locator("#ask input[name=reason]").fill("prueba")
    page.locator("#ask button.main").click()
    expect(page.locator(".toast")).to_be_visible()
    (request,) = desk.asked
    assert isinstance(request, ControlRequest) and request.reason == "prueba" and request.by.startswith("panel:")
    assert {name: getattr(request, name) for name in wanted} == wanted
    desk.reply = ControlResponse(False, "unknown_incident", {"id": "0000001Q"})
    page.locator(f"[data-act={act}]").click()
    if act == "silence":
        page.locator("#ask button.main").click()
        expect(page.locator("#ask")).to_be_visible()  # a silence needs a reason
        page.locator("#ask input[name=reason]").fill("otra vez")
    page.locator("#ask button.main").click()
    expect(page.locator("#ask .error")).to_be_visible()


def test_an_alarm_without_an_incident_stands_on_top_until_it_is_over(stage: Stage, visit: Open) -> None:
    alarm = {
        "id": "unit", "code": "unit_died", "text": f"El bot se detuvo {HOSTILE}", "since": time.time() - 60,
        "acknowledged_by": None, "acknowledged_at": None,
    }  # fmt: skip
    here = stage.window.here
    here.said = {**here.said, "alarms": [alarm]}
    page = visit(stage)
    settled(page)
    expect(page.locator(".alarm")).to_contain_text("nadie se ha dado por enterado")
    no_serious_finding(page)
    picture(page, "alarm", full=False)
    page.locator(".alarm button").click()
    assert here.desk_now is not None and not here.desk_now.asked, "nothing before it is confirmed"
    page.locator("#ask button.main").click()
    expect(page.locator(".toast")).to_be_visible()
    (request,) = here.desk_now.asked
    assert (request.kind, request.incident) == (RequestKind.ACKNOWLEDGE, "UNIT"), "as every id that people write"
    here.said = {
        **here.said, "alarms": [{**alarm, "acknowledged_by": "panel:ana", "acknowledged_at": time.time()}],
    }  # fmt: skip
    expect(page.locator(".alarm")).to_contain_text("enterado: panel:ana")
    expect(page.locator(".alarm button")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    here.said = {**here.said, "alarms": []}
    expect(page.locator("#alarms")).to_be_hidden()


def test_hostile_names_are_only_names(stage: Stage, visit: Open) -> None:
    one = story(1, time.time(), Estado.FALLIDO, LUCK)
    stage.happen(
        replace(one, download=Download(HOSTILE, HOSTILE), lines=(HOSTILE,), error_message=HOSTILE, rule=HOSTILE)
    )
    stage.window.here.under_way = [UnderWay(Download(HOSTILE, HOSTILE), time.time(), time.time(), Phase.COPYING, 9, 3)]
    page = visit(stage)
    page.on("dialog", lambda dialog: pytest.fail("a script ran"))
    settled(page)
    expect(page.locator(".rows tbody tr")).to_have_count(1)
    page.locator("#by button").nth(2).click()
    expect(page.locator(".legend")).to_contain_text("<img src=x")
    page.locator(".open-it").click()
    expect(page.locator(".facts")).to_contain_text("<img src=x onerror")
    assert page.locator("img").count() == 1  # the panel's own
    assert "\u202e" not in page.locator("body").inner_text(), "nothing turns the writing round"
    picture(page, "hostile", full=False)
    page.keyboard.press("Escape")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_filters_and_older_ones(month: Stage, visit: Open) -> None:
    page = visit(month)
    settled(page)
    page.get_by_role("button", name="Ver más antiguos").click()
    expect(page.locator(".rows tbody tr")).to_have_count(62)
    page.get_by_role("button", name="Abiertos").click()
    expect(page.locator(".rows tbody tr")).to_have_count(3)
    page.locator("#filter-modelo").fill("nadie")
    expect(page.locator("#incidents-list .empty")).to_contain_text("Nada que mostrar")
    page.locator("#filter-modelo").fill("")
    page.locator("#filter-type").select_option("permisos")
    page.get_by_role("button", name="Todos").first.click()
    expect(page.locator(".open-it").first).to_have_text("permisos")


@pytest.mark.parametrize("period", range(4))
def test_trends_of_every_period_as_bars_and_as_a_table(month: Stage, visit: Open, period: int) -> None:
    page = visit(month)
    settled(page)
    page.locator("#period button").nth(period).click()
    expect(page.locator("#period button").nth(period)).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".chart canvas")).to_be_visible()
    page.locator("#trends details.as-table summary").click()
    expect(page.locator("#trends details.as-table tbody tr").first).to_be_visible()
    page.locator(".chart").hover()
    page.locator("#trends").screenshot(path=f"build/screenshots/trends-{period}.png")


def test_english_and_the_theme_are_remembered(month: Stage, visit: Open) -> None:
    page = visit(month, language="en-GB")
    expect(page.locator("#incidents-title")).to_have_text("Incidents")
    page.locator("#language").click()
    expect(page.locator("#incidents-title")).to_have_text("Incidentes")
    assert page.evaluate("document.documentElement.lang") == "es"
    page.locator("#theme").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.reload()
    expect(page.locator("#incidents-title")).to_have_text("Incidentes")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_signing_in_and_out(stage: Stage, visit: Open) -> None:
    page = visit(stage)
    assert "code" not in page.url
    page.locator("#leave").click()
    expect(page.locator("#door")).to_be_visible()
    picture(page, "door")
    no_serious_finding(page)
    page.locator("#door input").fill("wrong")
    page.locator("#door button").click()
    expect(page.locator("#door .error")).to_be_visible()
    page.locator("#door input").fill(stage.link())
    page.locator("#door button").click()
    expect(page.locator("#panel")).to_be_visible()


def test_a_monitor_that_goes_and_comes_back(stage: Stage, visit: Open) -> None:
    page = visit(stage)
    settled(page)
    page.context.set_offline(True)
    for client in list(stage.window.window.server._clients.clients):
        stage.do(_abort(client))
    expect(page.locator("#live")).to_have_class("live off")
    expect(page.locator("#live-text")).to_contain_text("reintentando")
    page.context.set_offline(False)
    expect(page.locator("#live")).to_have_class("live on")
    stage.happen(story(1, time.time(), Estado.DETECTADO, LUCK))
    expect(page.locator(".rows tbody tr")).to_have_count(1)


def test_what_happens_while_the_list_is_asked_for_is_in_it(stage: Stage, visit: Open) -> None:
    """The answer that is under way does not know it."""
    page = visit(stage)
    settled(page)

    held: list[Route] = []
    page.route("**/api/v1/incidents?*", lambda route: held.append(route))
    with page.expect_request("**/api/v1/incidents?*"):
        page.get_by_role("button", name="Abiertos").click()
    answer = held[0].fetch()
    stage.happen(story(1, time.time(), Estado.DETECTADO, LUCK))
    expect(page.locator("#activity li").first).to_be_visible()
    held[0].fulfill(response=answer)
    page.unroute("**/api/v1/incidents?*")
    expect(page.locator(".rows tbody tr")).to_have_count(1)


async def _abort(client: object) -> None:
    client.abort()  # type: ignore[attr-defined]


def test_an_error_says_so_and_lets_one_try_again(stage: Stage, visit: Open) -> None:
    page = visit(stage)
    settled(page)
    page.route("**/api/v1/incidents?*", lambda route: route.fulfill(status=503, json={"text": "no se puede"}))
    page.get_by_role("button", name="Abiertos").click()
    expect(page.locator("#incidents-list .error")).to_contain_text("no se puede")
    page.unroute("**/api/v1/incidents?*")
    page.locator("#incidents-list .error button").click()
    expect(page.locator("#incidents-list .empty")).to_be_visible()


def test_nothing_is_asked_of_another_host(month: Stage, visit: Open) -> None:
    page = visit(month)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    settled(page)
    assert asked and all(url.startswith(month.url) for url in asked)


def test_all_scripts_and_styles_are_small() -> None:
    assert sum(file.stat().st_size for file in STATIC.iterdir() if file.suffix in (".js", ".css")) <= 200 * 1024


def test_one_hundred_thousand_incidents_are_painted_soon(stage: Stage, visit: Open) -> None:
    stage.fill(100_000)
    page = visit(stage)
    settled(page)
    times = []
    for _ in range(3):
        page.reload(wait_until="commit")
        expect(page.locator(".rows tbody tr")).to_have_count(12)
        expect(page.locator(".chart canvas")).to_be_visible()
        paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
        page.wait_for_function(f"{paint} !== undefined")
        times.append(page.evaluate(paint))
    picture(page, "hundred-thousand")
    assert min(times) <= 1000, times
    page.locator("#filter-modelo").fill("ana")
    expect(page.locator(".rows .video .sub").first).to_have_text("ana")
    assert page.evaluate("document.querySelectorAll('*').length") < 3000
