"""Debian's own Chromium, as a person would have it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from .stage import Stage

SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE = 30_000  # ms

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    there = Stage(tmp_path)
    yield there
    there.close()


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Four hundred incidents in thirty days."""
    there = Stage(tmp_path_factory.mktemp("month"), 400)
    there.window.here.said["open"] = 3
    yield there
    there.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Signs in and opens the dashboard; every word of the console that complains fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def go(stage: Stage, *, width: int = 1280, height: int = 900, language: str = "es-ES", **more: object) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height}, locale=language, reduced_motion="reduce", **more
        )  # type: ignore[arg-type]
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        page.goto(stage.link())
        expect(page.locator("#tiles .tile").first).to_be_visible()
        return page

    yield go
    for context in contexts:
        context.close()
    # What the browser says of answers that a test has asked for is not the page's.
    assert [one for one in complaints if "Failed to load resource" not in one] == []


def picture(page: Page, name: str, *, full: bool = True) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=full)
