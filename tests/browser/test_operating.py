"""What an operator does from the page: tests the channels, silences everything, looks at who was told."""

from __future__ import annotations

import csv
import random
import re
import time

import pytest
from playwright.sync_api import expect

from trafico_monitor.model.alert import Scope
from trafico_monitor.model.control import ControlResponse, RequestKind
from trafico_monitor.model.incident import Estado
from trafico_monitor.model.installation import Assignable, WaitingFile
from trafico_monitor.model.uptime import Day, Uptime

from .conftest import Open, picture
from .stage import Stage, story
from .test_dashboard import no_serious_finding, settled

CHANNEL = {
    "channel": "admin", "waiting": 0, "remark": "", "unusable": False, "stand_in": "",
    "last_success": None, "last_error": "", "last_error_at": None, "resumes_at": None,
}  # fmt: skip


def channels(now: float) -> list[dict[str, object]]:
    return [
        {**CHANNEL, "last_success": now - 60},
        {**CHANNEL, "channel": "panel", "last_success": now - 90000, "last_error": "HTTP 502", "last_error_at": now,
         "waiting": 3, "resumes_at": now + 600, "stand_in": "admin"},
        {**CHANNEL, "channel": "supervisor", "remark": "falta SUPERVISOR_ID"},
    ]  # fmt: skip


@pytest.mark.parametrize(("width", "theme", "language"), [(1280, "light", "es-ES"), (390, "dark", "en-GB")])
def test_each_channel_shows_when_it_last_delivered(
    stage: Stage, visit: Open, width: int, theme: str, language: str
) -> None:
    now = time.time()
    stage.window.here.said["channels"] = channels(now)
    page = visit(stage, width=width, color_scheme=theme, language=language)
    settled(page)
    rows = page.locator("#channels li")
    expect(rows).to_have_count(3)
    last, none = {"es-ES": ("último aceptado", "ninguno todavía"), "en-GB": ("last delivery", "none yet")}[language]
    expect(rows.nth(0)).to_contain_text(f"{last}: {time.strftime('%H:%M', time.localtime(now - 60))}")
    expect(rows.nth(1)).to_contain_text("HTTP 502")
    expect(rows.nth(1)).to_have_class("warn")
    expect(rows.nth(2)).to_contain_text(none)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    page.locator("#channels").scroll_into_view_if_needed()
    picture(page, f"channels-{width}-{theme}", full=False)
    no_serious_finding(page)


def test_the_test_button_says_how_each_channel_took_the_message(stage: Stage, visit: Open) -> None:
    stage.window.here.said["channels"] = channels(time.time())
    desk = stage.window.here.desk_now
    assert desk is not None
    page = visit(stage)
    page.locator("#channels-acts button").first.click()
    told = "  ✅ admin: entregado en 0.3 s\n  ❌ panel: HTTP 502 (1.0 s)"
    desk.reply = ControlResponse(False, "tested_with_trouble", {"fallos": "1", "total": "2", "lista": told})
    page.locator("#ask button.main").click()
    expect(page.locator("#ask [role=alert]")).to_contain_text("panel: HTTP 502 (1.0 s)")
    picture(page, "test-of-channels", full=False)
    no_serious_finding(page)
    desk.reply = ControlResponse(True, "tested", {"lista": told.partition("\n")[0]})
    page.locator("#ask button.main").click()
    expect(page.locator("body > .toasts")).to_contain_text("admin: entregado en 0.3 s")
    assert [one.kind for one in desk.asked] == [RequestKind.TEST] * 2


@pytest.mark.parametrize("width", [1280, 390])
def test_everything_is_silenced_without_an_incident(stage: Stage, visit: Open, width: int) -> None:
    desk, fine = stage.window.here.desk_now, dict(stage.window.here.said)
    assert desk is not None
    page = visit(stage, width=width)
    page.locator("#channels-acts button").last.click()
    page.locator("#ask select").select_option("4")
    page.locator("#ask input[name=reason]").fill("cambio de disco")
    picture(page, f"silence-all-{width}", full=False)
    no_serious_finding(page)
    page.locator("#ask button.main").click()
    expect(page.locator("#ask")).to_be_hidden()
    [asked] = desk.asked
    assert (asked.kind, asked.scope, asked.seconds, asked.reason) == (
        RequestKind.SILENCE, Scope.ALL, 4 * 3600.0, "cambio de disco",
    )  # fmt: skip
    until = time.time() + 4 * 3600
    silence = {"id": "SABCDE", "scope": "all", "value": "", "since": time.time(), "until": until, "reason": "disco",
               "by": "panel:ana/1", "silenced": 0, "reported": False}  # fmt: skip
    stage.window.here.said = {**fine, "silences": [silence]}
    expect(page.locator("#verdict")).to_contain_text("avisos en silencio hasta")
    expect(page.locator(".tile", has_text="Avisos")).to_contain_text("En silencio")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_incidents_of_the_filters_are_downloaded_as_a_table(month: Stage, visit: Open, width: int) -> None:
    page = visit(month, width=width, language="en-GB")
    settled(page)
    page.locator("#filter-open button", has_text="Failed").click()
    shown = page.locator("#incidents-count")
    expect(page.locator("#incidents-table")).to_have_attribute("href", re.compile("estado=fallido"))
    expect(page.locator(".rows .chip:not(.fallido)")).to_have_count(0)
    with page.expect_download() as waited:
        page.locator("#incidents-table").click()
    assert waited.value.suggested_filename == "incidents.csv"
    rows = list(csv.DictReader(waited.value.path().read_text(encoding="utf-8-sig").splitlines()))
    assert {one["estado"] for one in rows} == {"fallido"} and str(len(rows)) == shown.inner_text()
    picture(page, f"export-{width}", full=False)
    no_serious_finding(page)


@pytest.mark.parametrize("width", [320, 390])
def test_the_filters_have_room_on_a_phone(month: Stage, visit: Open, width: int) -> None:
    page = visit(month, width=width)
    settled(page)
    card = page.locator("#incidents").bounding_box()
    assert card is not None
    for kind, count, least in (("input", 4, 120), ("select", 1, 120), ("button", 4, 24)):
        boxes = [one.bounding_box() for one in page.locator(f"#filters {kind}:visible").all()]
        assert len(boxes) == count
        for box in boxes:
            assert box is not None and box["width"] >= least and box["x"] + box["width"] <= card["x"] + card["width"]
    picture(page, f"filters-{width}", full=False)


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (390, "dark")])
def test_a_rescued_video_is_assigned_from_the_page(stage: Stage, visit: Open, width: int, theme: str) -> None:
    here, desk = stage.window.here, stage.window.here.desk_now
    assert desk is not None
    here.said["rescued"] = {"files": 2, "bytes": 83_000_000, "oldest": 1.0, "complete": True, "fix": "assign …"}
    here.shelf = Assignable(
        (WaitingFile("a.mp4", 5_000_000, 1.0), WaitingFile("b (2).mp4", 78_000_000, 2.0)), 2, ("ana", "noa")
    )
    page = visit(stage, width=width, color_scheme=theme)
    page.locator("#rescued button").click()
    page.locator("#ask select").select_option("b (2).mp4")
    page.locator("#ask input[name=modelo]").fill("noa")
    expect(page.locator("#ask datalist option")).to_have_count(2)
    picture(page, f"assign-{width}-{theme}", full=False)
    no_serious_finding(page)
    desk.reply = ControlResponse(True, "assigned", {"archivo": "b (2).mp4", "modelo": "noa", "ruta": "noa/b.mp4"})
    page.locator("#ask button.main").click()
    expect(page.locator("body > .toasts")).to_contain_text("b (2).mp4")
    [asked] = desk.asked
    assert (asked.kind, asked.file, asked.modelo) == (RequestKind.ASSIGN, "b (2).mp4", "noa")
    here.shelf = Assignable()
    page.locator("#rescued button").click()
    expect(page.locator("body > .toasts")).to_contain_text("No queda ningún video")


def ten_days(now: float) -> tuple[Uptime, ...]:
    def days(down: dict[int, float]) -> tuple[Day, ...]:
        at = [time.strftime("%Y-%m-%d", time.localtime(now - 86400 * n)) for n in range(9, -1, -1)]
        return tuple(Day(day, 86400.0 - down.get(n, 0.0), down.get(n, 0.0)) for n, day in enumerate(at))

    return (Uptime("bot", days({3: 5400.0, 5: 700.0})), Uptime("server", days({7: 1.5})), Uptime("monitor", days({})))


@pytest.mark.parametrize(
    ("width", "theme", "language"), [(1280, "light", "es-ES"), (390, "dark", "en-GB"), (320, "light", "es-ES")]
)
def test_a_bar_for_each_day_of_bot_server_and_monitor(
    stage: Stage, visit: Open, width: int, theme: str, language: str
) -> None:
    page = visit(stage, width=width, color_scheme=theme, language=language)
    settled(page)
    expect(page.locator("#uptime-card")).to_be_hidden()
    stage.window.here.up = ten_days(time.time())
    page.reload()
    rows = page.locator(".uptime-row")
    expect(rows).to_have_count(3)
    for number, (bad, warn, good) in enumerate([(1, 1, 8), (0, 0, 10), (0, 0, 10)]):
        counts = [(kind, rows.nth(number).locator(f".bars .{kind}")) for kind in ("bad", "warn", "good", "idle")]
        for (_, found), wanted in zip(counts, (bad, warn, good, 20), strict=True):
            expect(found).to_have_count(wanted)
    expect(rows.nth(1)).to_contain_text("99.99 %" if language == "en-GB" else "99,99 %")
    expect(rows.nth(2)).to_contain_text("100 %")
    down = {"es-ES": "sin funcionar 1 h 30 min", "en-GB": "down for 1 h 30 min"}[language]
    assert down in str(rows.nth(0).locator(".bars .bad").get_attribute("title"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
    page.locator("#uptime summary").click()
    page.locator("#uptime-card").scroll_into_view_if_needed()
    picture(page, f"uptime-{width}-{theme}", full=False)
    no_serious_finding(page)


@pytest.mark.parametrize(("width", "theme", "language"), [(1280, "light", "es-ES"), (390, "dark", "en-GB")])
def test_several_incidents_at_once(stage: Stage, visit: Open, width: int, theme: str, language: str) -> None:
    desk, now = stage.window.here.desk_now, time.time()
    assert desk is not None
    for number in range(4):
        stage.happen(story(number, now - number, Estado.FALLIDO, random.Random(number)))
    page = visit(stage, width=width, color_scheme=theme, language=language)
    settled(page)
    expect(page.locator("#picked")).to_be_hidden()
    boxes = page.locator(".pick input")
    for number in (0, 2):
        boxes.nth(number).check()
    expect(page.locator("#sheet")).to_be_hidden()
    expect(page.locator("#picked p")).to_contain_text("2 incident")
    stage.happen(story(9, now + 1, Estado.DETECTADO, random.Random(9)))  # the list is drawn anew
    expect(page.locator(".rows tbody tr")).to_have_count(5)
    expect(page.locator(".pick input:checked")).to_have_count(2)
    for row in page.locator(".rows tbody tr").all():
        tops = [row.locator(part).bounding_box() for part in (".pick", ".open-it")]
        assert tops[0] and tops[1] and tops[0]["x"] + tops[0]["width"] <= tops[1]["x"], "beside its box"
    picture(page, f"picked-{width}-{theme}", full=False)
    no_serious_finding(page)
    page.locator("#picked [data-pick=acknowledge]").click()
    page.locator("#ask input[name=reason]").fill("ya se sabe")
    page.locator("#ask button.main").click()
    expect(page.locator("#ask")).to_be_hidden()
    expect(page.locator("#picked")).to_be_hidden()
    assert [(one.kind, one.incident, one.reason) for one in desk.asked] == [
        (RequestKind.ACKNOWLEDGE, incident, "ya se sabe") for incident in ("0000000Q", "0000002Q")
    ]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"


def test_of_several_those_are_named_that_cannot_be_done(stage: Stage, visit: Open) -> None:
    desk, now = stage.window.here.desk_now, time.time()
    assert desk is not None
    for number in range(3):
        stage.happen(story(number, now - number, Estado.FALLIDO, random.Random(number)))
    page = visit(stage)
    page.locator(".pick input").first.check()
    page.locator("#picked [data-pick=all]").click()
    expect(page.locator(".pick input:checked")).to_have_count(3)
    desk.reply = ControlResponse(False, "unknown_incident", {"id": "0000001Q"})
    page.locator("#picked [data-pick=retry]").click()
    page.locator("#ask button.main").click()
    refusal = page.locator("#ask [role=alert]")
    expect(refusal).to_contain_text("0 hechos")
    assert refusal.inner_text().count("0000001Q") == 3 == len(desk.asked)
    picture(page, "picked-refused", full=False)
    no_serious_finding(page)
    page.keyboard.press("Escape")
    page.locator("#filter-open button", has_text="Abiertos").click()
    expect(page.locator("#picked")).to_be_hidden()
