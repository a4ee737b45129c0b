"""The dashboard below a path of another site (`web.base_path`) and in a frame of a page (`web.frame_ancestors`)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote, urljoin

import pytest
from playwright.sync_api import Browser, expect

from .conftest import PATIENCE
from .stage import Stage

# The size of each picture in pixels, as the browser has drawn it.
SIZES = """paths => Promise.all(paths.map(async path => {
  const picture = new Image();
  picture.src = path;
  await picture.decode();
  return [picture.naturalWidth, picture.naturalHeight];
}))"""


class _Framing(BaseHTTPRequestHandler):
    """A page that shows the address after `?` in a frame."""

    def do_GET(self) -> None:
        shown = unquote(self.path.partition("?")[2])
        body = f'<!doctype html><iframe width="1000" height="800" src="{shown}"></iframe>'.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def framing() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Framing)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_below_a_path_every_file_and_answer_is_asked_for_there(tmp_path: Path, browser: Browser) -> None:
    stage = Stage(tmp_path, 20, base_path="/video/monitor")
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(stage.url)))
    try:
        page.goto(f"{stage.url}/video/monitor/#{stage.link().partition('#')[2]}")
        expect(page.locator("#tiles .tile").first).to_be_visible()
        expect(page.locator("#live")).to_have_class("live on")
        expect(page.locator(".rows tbody tr").first).to_be_visible()
        assert len(asked) > 20 and [path for path in asked if not path.startswith("/video/monitor/")] == []
    finally:
        page.close()
        stage.close()


@pytest.mark.parametrize("base_path", ["", "/video/monitor"])
def test_the_page_can_be_installed(tmp_path: Path, browser: Browser, base_path: str) -> None:
    stage = Stage(tmp_path, base_path=base_path)
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    try:
        page.goto(f"{stage.url}{base_path}/")
        asked = page.context.new_cdp_session(page)
        said = asked.send("Page.getAppManifest")
        assert said["errors"] == [] and said["url"] == f"{stage.url}{base_path}/static/manifest.webmanifest"
        found = json.loads(said["data"])
        start = urljoin(said["url"], found["start_url"])
        assert start == f"{stage.url}{base_path}/" == urljoin(said["url"], found["scope"])
        refused = [one["errorId"] for one in asked.send("Page.getInstallabilityErrors")["installabilityErrors"]]
        assert set(refused) <= {"in-incognito"}, "as every page of a test is"
        drawn = page.evaluate(SIZES, [urljoin(said["url"], one["src"]) for one in found["icons"]])
        assert drawn[1:] == [[int(side) for side in one["sizes"].split("x")] for one in found["icons"][1:]]
    finally:
        page.close()
        stage.close()


@pytest.mark.parametrize("allowed", [True, False])
def test_only_a_named_page_shows_it_in_a_frame(tmp_path: Path, browser: Browser, framing: str, allowed: bool) -> None:
    stage = Stage(tmp_path, frame_ancestors=(framing,) if allowed else ("https://panel.example",))
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    try:
        with page.expect_response(lambda one: one.url.startswith(f"{stage.url}/")):
            page.goto(f"{framing}/?{quote(stage.link(), safe='')}")
        inside = page.frame_locator("iframe")
        if allowed:
            expect(inside.locator("#tiles .tile").first).to_be_visible()
        else:
            page.wait_for_function("document.querySelector('iframe').contentDocument === null")
            expect(inside.locator("#panel")).to_have_count(0)
    finally:
        page.close()
        stage.close()
