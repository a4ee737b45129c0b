"""The report's page, looked at."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from axe_core_python.sync_playwright import Axe
from playwright.sync_api import Browser

from trafico_monitor.cli.report_html import render
from trafico_monitor.store.read_repository import Queries

from .conftest import picture
from .stage import Stage


@pytest.mark.parametrize("width", [1000, 390])
def test_the_report_is_a_page_of_its_own(browser: Browser, month: Stage, tmp_path: Path, width: int) -> None:
    with Queries(month.window.socket.parent / "state") as records:
        summary, told = records.summary(), records.incidents(limit=40)
    file = tmp_path / "informe.html"
    file.write_text(render(summary, told, 0.0, time.time(), "es"), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="es-ES")
    try:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        assert asked == [file.as_uri()]
        page.locator("summary").nth(5).click()
        picture(page, f"report-{width}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        serious = [one["id"] for one in Axe().run(page)["violations"] if one["impact"] in ("serious", "critical")]
        assert serious == []
    finally:
        context.close()
