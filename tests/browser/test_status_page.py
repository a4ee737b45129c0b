"""The status page as people see it, and its verdict: that of the dashboard."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from trafico_monitor.web.ports import Volume

from .conftest import PATIENCE, Open, picture
from .stage import Stage
from .test_dashboard import no_serious_finding, settled
from .test_operating import CHANNEL, ten_days

TOKEN = "0123456789abcdef-example"
NOW = time.time()
SILENCE = {"id": "S", "scope": "all", "value": "", "since": NOW, "until": NOW + 3600, "reason": "x", "by": "cli:root",
           "silenced": 0, "reported": False}  # fmt: skip
ALARM = {"id": "disk", "code": "space_critical", "text": "disco", "since": NOW, "acknowledged_by": None,
         "acknowledged_at": None}  # fmt: skip
STATES: dict[str, dict[str, object]] = {
    "well": {},
    "bot": {"unit_active": False},
    "both": {"unit_active": False, "server_up": False, "lost": ["A"], "orders": 2},
    "unknown": {"unit_active": None, "server_up": None},
    "waiting": {"lost": ["A", "B"], "open": 1, "alarms": [ALARM], "missing": ["project", "alert_path"],
                "rescued": {"files": 1, "bytes": 5, "oldest": 1.0, "complete": True, "fix": ""}},
    "lacking": {"missing": ["project"]},
    "advice": {"missing": ["alert_path"]},
    "behind": {"lag": 42.0},
    "blind": {"blindness": {"since": 1.0, "suppressed": 0, "reasons": [{"code": "x", "since": 1.0, "last": 1.0,
                                                                        "count": 1, "text": "ciego"}]}},
    "untold": {"channels": [{**CHANNEL, "remark": "falta"}], "missing": ["admin"]},
    "ailing": {"channels": [{**CHANNEL, "last_error": "HTTP 502"}]},
    "stand-in": {"channels": [{**CHANNEL, "last_error": "HTTP 502", "stand_in": "b"}, {**CHANNEL, "channel": "b"}]},
    "silenced": {"silences": [SILENCE]},
}  # fmt: skip


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Stage]:
    there = Stage(tmp_path, status_token=TOKEN)
    yield there
    there.close()


def test_it_says_what_the_dashboard_says(stage: Stage, visit: Open) -> None:
    page, fine = visit(stage), dict(stage.window.here.said)
    settled(page)
    for level in ("ok", "warning", "critical"):
        stage.window.here.disks = [Volume("/home", 10**9, 5 * 10**9, level)]
        for state in STATES.values():
            stage.window.here.said = {**fine, **state}
            page.reload()
            expect(page.locator("#tiles .tile").first).to_be_visible()
            said = page.context.request.get(f"{stage.url}/healthz?language=es").json()
            expect(page.locator("#verdict .big")).to_have_text(said["text"])
            expect(page.locator("#verdict .small")).to_have_text(said["more"])


@pytest.mark.parametrize(
    ("width", "theme", "language"), [(1280, "light", "es"), (390, "dark", "en"), (320, "light", "es")]
)
def test_the_page_needs_no_session(told: Stage, browser: Browser, width: int, theme: str, language: str) -> None:
    told.window.here.up = ten_days(time.time())
    told.window.here.said["lost"] = ["7K2M9QXA"]
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=theme)  # type: ignore[arg-type]
    page.set_default_timeout(PATIENCE)
    try:
        page.goto(f"{told.url}/status.html?token={TOKEN}&language={language}")
        words = {"es": "1 video perdido sin respuesta", "en": "1 lost video nobody has acknowledged"}[language]
        expect(page.locator(".verdict .warn")).to_have_text(words)
        expect(page.locator(".uptime-row")).to_have_count(3)
        expect(page.locator(".tile")).to_have_count(5)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"
        picture(page, f"status-{width}-{theme}")
        no_serious_finding(page)
    finally:
        page.close()


def test_it_is_shown_anew_and_says_when_nobody_answers(told: Stage, browser: Browser) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.clock.install()
    try:
        page.goto(f"{told.url}/status.html?token={TOKEN}&language=es")
        expect(page.locator(".verdict .good")).to_be_visible()
        told.window.here.said["unit_active"] = False
        page.clock.fast_forward(31_000)
        expect(page.locator(".verdict .bad")).to_have_text("Algo no funciona: Bot")
        told.close()
        page.clock.fast_forward(31_000)
        expect(page.locator("#lost")).to_contain_text("Sin conexión con el monitor")
        expect(page.locator("body.lost")).to_have_count(1)
    finally:
        page.close()
