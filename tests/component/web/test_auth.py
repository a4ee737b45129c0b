"""Who may look and act on the listener, and whose pages may make them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trafico_monitor.web import auth

from .opened import NOON, Opened, opened

STATUS, REQUESTS = "/api/v1/status", "/api/v1/requests"
PANEL = "https://panel.example"


def own(window: Opened) -> str:
    return f"http://127.0.0.1:{window.window.server.port}"


async def test_the_listener_shows_nothing_without_signing_in(window: Opened) -> None:
    for path in (
        "status",
        "incidents",
        "incidents/X123",
        "summary",
        "series",
        "health",
        "events",
        "ledger",
        "records",
    ):
        assert (await window.ask("GET", f"/api/v1/{path}", local=False)).status == 401, path
    said = await window.ask("POST", REQUESTS, {"kind": "test"}, headers={"Origin": own(window)}, local=False)
    assert said.status == 401


async def test_a_code_opens_one_session(window: Opened) -> None:
    code = (await window.ask("POST", "/api/v1/codes")).json["code"]
    headers = {"Origin": own(window)}
    said = await window.ask("POST", "/api/v1/session", {"code": code}, headers=headers, local=False)
    assert said.status == 201
    cookie = said.headers["set-cookie"]
    assert all(flag in cookie for flag in ("HttpOnly", "SameSite=Strict", "Path=/")) and "Secure" not in cookie
    again = await window.ask("POST", "/api/v1/session", {"code": code}, headers=headers, local=False)
    assert again.status == 403
    said = await window.ask("GET", STATUS, headers={"Cookie": cookie.partition(";")[0]}, local=False)
    assert said.status == 200


async def test_what_is_done_is_recorded_with_the_session(window: Opened) -> None:
    headers = {"Cookie": await window.cookie(), "Origin": own(window)}
    assert (await window.ask("POST", REQUESTS, {"kind": "test"}, headers=headers, local=False)).status == 200
    assert window.here.desk_now is not None
    by = window.here.desk_now.asked[0].by
    who = (await window.ask("GET", "/api/v1/session", headers=headers, local=False)).json
    assert by.startswith("panel:") and who == {"by": by}


@pytest.mark.parametrize("code", ["", "x", "a" * 101, 7, None, "ñ"])
async def test_no_other_code(window: Opened, code: object) -> None:
    await window.ask("POST", "/api/v1/codes")
    headers = {"Origin": own(window)}
    assert (await window.ask("POST", "/api/v1/session", {"code": code}, headers=headers, local=False)).status == 403


async def test_a_code_ends_and_a_session_ends(tmp_path: Path) -> None:
    now = [NOON]
    async with opened(tmp_path, clock=lambda: now[0]) as window:
        code = (await window.ask("POST", "/api/v1/codes")).json["code"]
        cookie = {"Cookie": await window.cookie()}
        now[0] += auth.CODE_SECONDS
        headers = {"Origin": own(window)}
        said = await window.ask("POST", "/api/v1/session", {"code": code}, headers=headers, local=False)
        assert said.status == 403
        assert (await window.ask("GET", STATUS, headers=cookie, local=False)).status == 200
        now[0] += auth.SESSION_SECONDS
        assert (await window.ask("GET", STATUS, headers=cookie, local=False)).status == 401


async def test_a_session_outlives_the_monitor_and_is_not_in_its_database(tmp_path: Path) -> None:
    async with opened(tmp_path) as window:
        cookie = await window.cookie()
    async with opened(tmp_path) as window:
        assert (await window.ask("GET", STATUS, headers={"Cookie": cookie}, local=False)).status == 200
        value = cookie.partition("=")[2].encode()
        files = [file for file in tmp_path.rglob("*") if file.is_file()]
        assert files and not any(value in file.read_bytes() for file in files)


async def test_signing_out_alone_and_all(window: Opened) -> None:
    one = {"Cookie": await window.cookie(), "Origin": own(window)}
    other = {**one, "Cookie": await window.cookie()}
    said = await window.ask("DELETE", "/api/v1/session", headers=one, local=False)
    assert said.status == 200 and "Max-Age=0" in said.headers["set-cookie"]
    assert (await window.ask("GET", STATUS, headers=one, local=False)).status == 401
    assert (await window.ask("GET", STATUS, headers=other, local=False)).status == 200
    assert (await window.ask("DELETE", "/api/v1/sessions")).json == {"ended": 1}
    assert (await window.ask("GET", STATUS, headers=other, local=False)).status == 401


async def test_codes_are_given_on_the_socket_alone(window: Opened) -> None:
    headers = {"Cookie": await window.cookie(), "Origin": own(window)}
    assert (await window.ask("POST", "/api/v1/codes", headers=headers, local=False)).status == 403
    assert (await window.ask("DELETE", "/api/v1/sessions", headers=headers, local=False)).status == 403


@pytest.mark.parametrize(
    "cookie",
    ["trafico_monitor=", "trafico_monitor=x", 'trafico_monitor="\\"', "a=b; =; ;;", "trafico_monitor=" + "a" * 5000],
)
async def test_strange_cookies_open_nothing(window: Opened, cookie: str) -> None:
    assert (await window.ask("GET", STATUS, headers={"Cookie": cookie}, local=False)).status == 401


@pytest.mark.parametrize(
    "host", ["attacker.example", "127.0.0.1.attacker.example", "", "localhost.attacker.example:8787"]
)
async def test_a_name_that_only_dns_knows_is_refused(window: Opened, host: str) -> None:
    """DNS rebinding: the stranger's page is of his own origin, and its name points to us."""
    headers = {"Cookie": await window.cookie(), "Host": host, "Origin": f"http://{host}"}
    for path in (STATUS, "/", "/metrics"):
        assert (await window.ask("GET", path, headers=headers, local=False)).status == 403
    assert (await window.ask("POST", REQUESTS, {"kind": "test"}, headers=headers, local=False)).status == 403


@pytest.mark.parametrize("host", ["localhost:9000", "127.0.0.1:9000", "[::1]:8787", "192.168.1.5:8787"])
async def test_a_tunnel_may_have_another_port(window: Opened, host: str) -> None:
    headers = {"Cookie": await window.cookie(), "Host": host}
    assert (await window.ask("GET", STATUS, headers=headers, local=False)).status == 200


@pytest.mark.parametrize(
    "origin", ["http://attacker.example", "null", "http://127.0.0.1:1", "http://localhost", "file://"]
)
async def test_a_foreign_page_can_do_nothing(window: Opened, origin: str) -> None:
    headers = {"Cookie": await window.cookie(), "Origin": origin}
    assert (await window.ask("POST", REQUESTS, {"kind": "test"}, headers=headers, local=False)).status == 403
    said = await window.ask("GET", STATUS, headers=headers, local=False)
    assert said.status == 403 and "access-control-allow-origin" not in said.headers


async def test_a_page_that_does_not_say_whose_it_is_can_change_nothing(window: Opened) -> None:
    cookie = await window.cookie()
    for more in ({}, {"Sec-Fetch-Site": "same-site"}, {"Sec-Fetch-Site": "cross-site"}):
        headers = {"Cookie": cookie, **more}
        assert (await window.ask("POST", REQUESTS, {"kind": "test"}, headers=headers, local=False)).status == 403
    assert window.here.desk_now is not None and not window.here.desk_now.asked


async def test_a_named_panel_may_ask(tmp_path: Path) -> None:
    async with opened(tmp_path, origins=(PANEL,)) as window:
        before = await window.ask("OPTIONS", REQUESTS, headers={"Origin": PANEL}, local=False)
        assert (before.status, before.headers["access-control-allow-methods"]) == (204, "POST")
        headers = {"Cookie": await window.cookie(), "Origin": PANEL}
        said = await window.ask("POST", REQUESTS, {"kind": "test"}, headers=headers, local=False)
        assert said.status == 200
        assert said.headers["access-control-allow-origin"] == PANEL
        assert said.headers["access-control-allow-credentials"] == "true"
        other = await window.ask("OPTIONS", REQUESTS, headers={"Origin": "https://other.example"}, local=False)
        assert other.status == 403 and "access-control-allow-origin" not in other.headers


async def test_behind_a_proxy_with_tls_the_cookie_goes_no_other_way(tmp_path: Path) -> None:
    async with opened(tmp_path, origins=("https://monitor.example",)) as window:
        code = (await window.ask("POST", "/api/v1/codes")).json["code"]
        headers = {"Origin": "https://monitor.example", "Host": "monitor.example"}
        said = await window.ask("POST", "/api/v1/session", {"code": code}, headers=headers, local=False)
        assert said.status == 201 and said.headers["set-cookie"].endswith("; Secure")


async def test_every_answer_is_dressed(window: Opened) -> None:
    for path in ("/", "/api/v1/status", "/nothing", "/metrics"):
        headers = (await window.ask("GET", path, local=False)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "*" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"


async def test_no_name_of_a_request_becomes_a_path(window: Opened) -> None:
    for name in ("..%2f..%2fexchange.py", "%2fetc%2fpasswd", "..", ".", "exchange.py", "index.html%00"):
        assert (await window.ask("GET", f"/static/{name}", local=False)).status in (400, 404)
    assert (await window.ask("GET", "/static/index.html", local=False)).status == 200


async def test_what_is_kept_of_sessions_is_read_with_care(tmp_path: Path) -> None:
    for kept in ("", "[]", "{", '{"a": 1}', '{"a": ["b", "c"]}', json.dumps({"a": ["panel:x", NOON - 1]})):
        async with opened(tmp_path) as window:
            await window.store.keep("web.sessions", kept)
            assert (
                await window.ask("GET", STATUS, headers={"Cookie": "trafico_monitor=a"}, local=False)
            ).status == 401
