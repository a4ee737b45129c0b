"""The panel of docs/panel-nextjs.md as its users have it: its types, its build, a restart of the monitor in Chromium,
the FastAPI router; and clients that two generators make of the OpenAPI document."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.component.service.running import RunningService
from tests.component.web.opened import QUIET
from tests.component.web.samples import HOSTILE, sample
from tests.journal_fixtures import Line, wait_until, write_journal
from trafico_monitor.model.control import ControlResponse

from .conftest import PATIENCE, picture
from .panel_types import ROOT, TOOLS, TYPES, write_document, write_types
from .stage import Stage

pytestmark = pytest.mark.slow

SHIPPED, SKELETON = ROOT / "packaging" / "panel", Path(__file__).with_name("panel")
PYTHON = ROOT / ".venv" / "panel" / "bin" / "python"
NODE = {**os.environ, "NEXT_TELEMETRY_DISABLED": "1"}
FAILURES = {
    1: "ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '/srv/api/videos/file_9.mp4'",
    2: "ERROR:__main__:❌ Error al copiar archivo: [Errno 2] No such file or directory: '/srv/modelos/ana/a.mp4'",
}
PAGE = (ROOT / "docs" / "panel-nextjs.md").read_text(encoding="utf-8")


def run(words: Sequence[str | Path], folder: Path, seconds: float = 240.0) -> str:
    done = subprocess.run(words, cwd=folder, env=NODE, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="session", autouse=True)
def tools() -> Path:
    """The folder of the Node programs."""
    run(["make", "--no-print-directory", "panel-tools"], ROOT, 600.0)
    return TOOLS / "node_modules" / ".bin"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    with ThreadPoolExecutor(1) as thread:  # Playwright's own event loop runs in this one
        return thread.submit(write_document, path).result(PATIENCE / 1000)


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory, tools: Path) -> Path:
    """A panel with the shipped files in it, built."""
    app = tmp_path_factory.mktemp("panel") / "app"
    shutil.copytree(SKELETON, app, ignore=shutil.ignore_patterns("client.*", "requirements.txt"))
    shutil.copytree(SHIPPED / "frontend", app, dirs_exist_ok=True)
    (app / "node_modules").symlink_to(tools.parent)
    run([tools / "next", "build"], app)
    return app


class Program:
    """A program that serves on a port of the kernel's choice, which it prints."""

    def __init__(self, words: Sequence[str | Path], folder: Path, **environment: str) -> None:
        self._output = folder / "output"
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                words, cwd=folder, env={**NODE, **environment}, stdout=output, stderr=subprocess.STDOUT
            )
        self.url = ""
        wait_until(self._has_printed, "the port is printed", 60.0)

    def _has_printed(self) -> bool:
        assert self._process.poll() is None, self._output.read_text()
        found = re.search(r"http://(?:localhost|127\.0\.0\.1):(\d+)", self._output.read_text())
        self.url = f"http://127.0.0.1:{found[1]}" if found and found[1] != "0" else ""
        return bool(self.url)

    def __enter__(self) -> Program:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(20)


def test_the_document_satisfies_the_linter(document: Path, tools: Path) -> None:
    said = subprocess.run([tools / "redocly", "lint", document], env=NODE, capture_output=True, text=True, timeout=120)
    assert said.returncode == 0 and "warning" not in re.sub(r"Deprecation warning.*", "", said.stdout + said.stderr)


def test_the_shipped_types_are_those_of_the_document(document: Path, tmp_path: Path) -> None:
    write_types(document, tmp_path / "types.ts")
    assert (tmp_path / "types.ts").read_text() == TYPES.read_text(), "make panel-types"


def test_the_panel_has_no_type_error_and_is_built(panel: Path, tools: Path) -> None:
    run([tools / "tsc", "--noEmit"], panel)
    assert (panel / ".next" / "BUILD_ID").exists()


def test_every_shipped_file_is_named_by_the_page_and_none_is_swallowed(tmp_path: Path) -> None:
    """`lib/` and `build/` stand in the .gitignore that GitHub proposes for Python."""
    files = [one.relative_to(SHIPPED) for one in SHIPPED.rglob("*") if one.is_file()]
    assert len(files) > 8 and [str(one) for one in files if one.name not in PAGE] == []
    assert not {part for one in files for part in one.parts} & {"lib", "build", "dist", "out", "env", "var", "parts"}


def test_the_list_lives_on_through_a_restart_of_the_monitor(
    panel: Path, tools: Path, browser: Browser, tmp_path: Path
) -> None:
    home = tmp_path
    journal, socket = home / "journal", home / "state" / "api.sock"

    def fail(number: int) -> None:
        write_journal(journal / f"{number}.journal", [Line(FAILURES[number], time.time())], boot=f"{number}" * 32)

    write_journal(journal / "a.journal", [Line("INFO:__main__:bot", time.time() - 60)])
    context = browser.new_context(viewport={"width": 1100, "height": 900}, locale="es-ES")
    context.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    words = [tools / "next", "start", "--port", "0", "--hostname", "127.0.0.1"]
    with Program(words, panel, MONITOR_SOCKET=str(socket)) as server:
        with RunningService(home, directory=journal):
            wait_until(socket.exists, "the socket is there")
            page.goto(f"{server.url}/monitor")
            expect(page.get_by_text("En vivo")).to_be_visible()
            page.get_by_role("tab", name="Todos").click()
            fail(1)
            expect(rows(page, "permisos")).to_have_count(1)
        expect(page.get_by_text(re.compile("Sin conexión con el monitor desde las"))).to_be_visible()
        expect(rows(page, "permisos")).to_have_count(1)
        expect(page.get_by_text("Ninguno.")).to_have_count(0)
        picture(page, "panel-away")
        with RunningService(home, directory=journal):
            expect(page.get_by_text("En vivo")).to_be_visible()
            fail(2)
            expect(rows(page, "ruta_inexistente")).to_have_count(1)
            retry_and_refusal(page)
            picture(page, "panel-live")
        context.close()
    assert complaints == []


def rows(page: Page, kind: str) -> Locator:
    return page.get_by_role("listitem").filter(has_text=kind)


def retry_and_refusal(page: Page) -> None:
    """The answer to a request is shown in the monitor's own words, a refusal too."""
    row = page.get_by_role("listitem").filter(has_text="permisos").first
    row.get_by_role("button", name="Reintentar").click()
    row.get_by_label("Motivo").fill("prueba del panel")
    row.get_by_role("button", name="Pedir").click()
    expect(row.locator("[role=status], [role=alert]")).to_contain_text("#")
    page.get_by_role("tab", name="Tendencias").click()
    expect(page.get_by_role("img", name="Incidentes por día")).to_be_visible()


def test_a_failed_download_does_not_vanish_and_names_are_text(
    panel: Path, tools: Path, browser: Browser, tmp_path: Path
) -> None:
    stage = ten(tmp_path / "stage")
    desk = stage.window.here.desk_now
    assert desk is not None
    words = [tools / "next", "start", "--port", "0", "--hostname", "127.0.0.1"]
    page = browser.new_context(locale="es-ES", extra_http_headers={"X-Forwarded-User": "ana"}).new_page()
    try:
        with Program(words, panel, MONITOR_SOCKET=str(stage.window.socket)) as server:
            page.goto(f"{server.url}/monitor")
            page.get_by_role("tab", name="Fallidos").click()
            row = page.get_by_role("listitem").filter(has_text="fallido").first
            row.get_by_role("button", name="Reintentar").click()
            row.get_by_label("Motivo").fill("otra vez")
            row.get_by_role("button", name="Pedir").click()
            expect(row.get_by_role("status")).to_contain_text("request.done")
            assert (desk.asked[0].reason, desk.asked[0].on_behalf_of) == ("otra vez", "ana")
            desk.reply = ControlResponse(False, "retry_solved", {"id": "X", "tipo": "t", "video": HOSTILE})
            other = page.get_by_role("listitem").filter(has_text="fallido").nth(1)
            other.get_by_role("button", name="Reintentar").click()
            other.get_by_role("button", name="Pedir").click()
            expect(other.get_by_role("alert")).to_contain_text(HOSTILE)
            picture(page, "panel-failed")
            page.context.close()
            foreign = httpx.post(
                f"{server.url}/api/monitor/requests", json={"kind": "test"}, headers={"Sec-Fetch-Site": "cross-site"}
            )
            hidden = httpx.get(f"{server.url}/api/monitor/sessions")
            assert (foreign.status_code, hidden.status_code) == (403, 404)
    finally:
        stage.close()


def ten(folder: Path) -> Stage:
    folder.mkdir()
    stage = Stage(folder)
    stage.window.here.said = dict(QUIET)
    stage.do(stage.window.keep(*(sample(number) for number in range(10))))
    return stage


@pytest.fixture
def stage_of_ten(tmp_path: Path) -> Iterator[Stage]:
    stage = ten(tmp_path / "stage")
    yield stage
    with contextlib.suppress(RuntimeError):  # the test has closed it
        stage.close()


def test_the_fastapi_router_hands_on_answers_refusals_and_the_stream(stage_of_ten: Stage, tmp_path: Path) -> None:
    stage = stage_of_ten
    shutil.copy(SHIPPED / "backend" / "monitor_router.py", tmp_path)
    (tmp_path / "main.py").write_text(
        "from fastapi import FastAPI\nimport monitor_router\n"
        "app = FastAPI()\napp.include_router(monitor_router.router, prefix='/api')\n"
    )
    words = [PYTHON, "-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", "0"]
    with Program(words, tmp_path, MONITOR_SOCKET=str(stage.window.socket)) as server, httpx.Client() as client:
        base = f"{server.url}/api/monitor"
        page = client.get(f"{base}/incidents", params={"open": "true"})
        assert page.status_code == 200 and page.json()["incidents"]
        again = client.get(
            f"{base}/incidents", params={"open": "true"}, headers={"If-None-Match": page.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
        refused = client.get(f"{base}/incidents", params={"open": "maybe"})
        assert (refused.status_code, refused.headers["content-type"].split(";")[0]) == (
            422,
            "application/problem+json",
        )
        asked = {"kind": "retry", "incident": "00000001", "on_behalf_of": "a stranger"}
        done = client.post(f"{base}/requests", json=asked, headers={"X-Forwarded-User": "ana"})
        assert done.json()["ok"] and stage.window.here.desk_now is not None
        assert stage.window.here.desk_now.asked[0].on_behalf_of == "ana"
        assert client.post(f"{base}/requests", data={"kind": "test"}).status_code == 403
        assert client.get(f"{base}/sessions").status_code == 404
        with client.stream("GET", f"{base}/events", timeout=30) as stream:
            lines = stream.iter_lines()
            assert any(line == "event: hello" for line in lines)
            stage.close()
            assert list(lines) is not None, "the end of the monitor is the end of the stream"
        away = client.get(f"{base}/incidents")
        assert (away.status_code, away.json()["code"]) == (503, "monitor_away")


def seen(printed: str) -> dict[str, object]:
    said: dict[str, object] = json.loads(printed)
    return said


WANTED = {"lag": 0.0, "unit": True, "first": "pendiente", "history": 1, "done": "done", "refused": ["seconds"]}


def test_a_client_of_openapi_fetch(stage_of_ten: Stage, tools: Path, tmp_path: Path) -> None:
    stage = stage_of_ten
    for file in (SKELETON / "client.ts", TYPES):
        shutil.copy(file, tmp_path)
    (tmp_path / "node_modules").symlink_to(tools.parent)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    flags = ["--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck", "--types", "node"]
    run([tools / "tsc", *flags, "client.ts"], tmp_path)
    cookie = stage.do(stage.window.cookie())
    assert seen(run(["node", "client.js", stage.url, cookie], tmp_path)) == WANTED


def test_a_client_of_openapi_python_client(stage_of_ten: Stage, document: Path, tmp_path: Path) -> None:
    generator = PYTHON.with_name("openapi-python-client")
    words = ["generate", "--path", document, "--meta", "none", "--output-path", tmp_path / "monitor_client"]
    said = run([generator, *words], tmp_path)
    assert "Warning" not in said
    shutil.copy(SKELETON / "client.py", tmp_path)
    assert seen(run([PYTHON, "client.py", stage_of_ten.window.socket], tmp_path)) == WANTED
