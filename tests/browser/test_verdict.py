"""The verdict says how things stand now: nothing of it is older than it looks, and nothing is left out."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from .conftest import Open, picture
from .stage import Stage
from .test_dashboard import no_serious_finding, settled

WEBHOOK = {"channel": "panel", "waiting": 0, "remark": "", "unusable": False, "stand_in": "", "last_error": ""}
NO_ADMIN = {**WEBHOOK, "channel": "admin", "remark": "falta ADMIN_ID", "last_success": None}


@pytest.mark.parametrize(("language", "words"), [("es-ES", "Sin conexión desde"), ("en-GB", "No connection since")])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_dead_monitor_is_the_verdict(stage: Stage, visit: Open, width: int, language: str, words: str) -> None:
    page = visit(stage, width=width, language=language)
    settled(page)
    stage.close()
    begin = time.monotonic()
    expect(page.locator("#verdict .bad")).to_have_text(f"{words} {time.strftime('%H:%M')}", timeout=15_000)
    assert time.monotonic() - begin >= 4, "a moment without a stream is none yet"
    assert "grayscale" in page.locator("#tiles").evaluate("node => getComputedStyle(node).filter")
    expect(page.locator("#verdict")).to_be_in_viewport()
    picture(page, f"dead-{width}-{language[:2]}")
    assert page.evaluate("scrollTo(0, 1500), scrollY") > 200
    expect(page.locator("#verdict .bad")).to_be_in_viewport()


def test_a_monitor_that_stands_still_is_lost_too_until_it_goes_on(stage: Stage, visit: Open) -> None:
    page = visit(stage)
    settled(page)
    with stage.frozen():
        expect(page.locator("#verdict")).to_contain_text("Sin conexión desde")
        expect(page.locator("#live")).to_have_class("live off")
    expect(page.locator("#verdict")).to_contain_text("Todo en orden")
    expect(page.locator("body.lost")).to_have_count(0)


@pytest.mark.parametrize("width", [1280, 390])
def test_what_waits_for_a_person_is_part_of_the_verdict(stage: Stage, visit: Open, width: int) -> None:
    waiting = {"files": 12, "bytes": 83_000_000, "oldest": time.time() - 7200, "complete": True, "fix": ""}
    fine = dict(stage.window.here.said)
    stage.window.here.said = {**fine, "lost": ["7K2M9QXA", "7K2M9QXB"], "rescued": waiting}
    page = visit(stage, width=width)
    settled(page)
    expect(page.locator("#verdict .warn")).to_have_text("2 videos perdidos sin respuesta")
    expect(page.locator("#verdict .small")).to_contain_text("12 videos en _rescatados esperan un modelo")
    picture(page, f"waiting-{width}")
    no_serious_finding(page)
    stage.window.here.said = {**fine, "rescued": waiting}
    expect(page.locator("#verdict .warn")).to_have_text("12 videos en _rescatados esperan un modelo")
    alarm = {"id": "unit", "text": "x", "since": 1, "acknowledged_by": None, "acknowledged_at": None}
    stage.window.here.said = {**fine, "alarms": [alarm]}
    expect(page.locator("#verdict .warn")).to_have_text("1 alarma sin respuesta")
    stage.window.here.said = {**fine, "missing": ["project"]}
    expect(page.locator("#verdict .warn")).to_contain_text("Falta por configurar")
    stage.window.here.said = {
        **fine,
        "alarms": [{**alarm, "acknowledged_by": "ana", "acknowledged_at": 2}],
        "lost": [],
    }
    expect(page.locator("#verdict .good")).to_have_text("Todo en orden")


def test_a_webhook_alone_is_a_channel(stage: Stage, visit: Open) -> None:
    fine = dict(stage.window.here.said)
    delivered = {**WEBHOOK, "last_success": time.time()}
    stage.window.here.said = {**fine, "missing": ["bot_token"], "channels": [NO_ADMIN, delivered]}
    page = visit(stage)
    tile = page.locator(".tile", has_text="Avisos")
    expect(tile).to_have_class("tile good")
    expect(tile).to_contain_text("panel: último aceptado:")
    stage.window.here.said = {**fine, "channels": [NO_ADMIN, {**WEBHOOK, "last_success": None}]}
    expect(tile).to_contain_text("panel: ninguno todavía")
    expect(tile).to_have_class("tile good")
    stage.window.here.said = {**fine, "channels": [NO_ADMIN], "missing": ["token", "admin"]}
    expect(tile).to_contain_text("Sin canal")
