"""The status page, the badge and the health check: who sees them, and what they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from trafico_monitor.model.uptime import Day, Uptime
from trafico_monitor.web.ports import Volume

from .opened import QUIET, Opened, opened

TOKEN = "0123456789abcdef-example"
PLACES = ("/healthz", "/badge.svg", "/status.html")


async def health(window: Opened, **said: object) -> tuple[int, Any]:
    window.here.said = {**QUIET, "server_up": True, **said}
    answer = await window.ask("GET", "/healthz", headers={"Accept-Language": "en"})
    return answer.status, answer.json


@pytest.mark.parametrize("place", PLACES)
async def test_the_token_a_session_or_the_socket_open_them_and_nothing_else(tmp_path: Path, place: str) -> None:
    async with opened(tmp_path, status_token=TOKEN) as window:
        for query, headers, wanted in (
            ("", {}, 401),
            ("?token=", {}, 401),
            (f"?token={TOKEN[:-1]}", {}, 401),
            ("", {"Authorization": "Bearer ñ"}, 401),
            ("", {"Cookie": await window.cookie()}, 200),
            (f"?token={TOKEN}", {}, 200),
            ("", {"Authorization": f"Bearer {TOKEN}"}, 200),
            # A container knows the host by a name that is no address; without the token that is refused.
            (f"?token={TOKEN}", {"Host": "host.docker.internal:8787"}, 200),
            ("", {"Host": "host.docker.internal:8787"}, 403),
        ):
            said = await window.ask("GET", place + query, headers=headers, local=False)
            assert said.status == wanted, (query, headers, said)
        assert (await window.ask("GET", place)).status == 200
        assert (await window.ask("GET", f"{place}?token={TOKEN}&page=2", local=False)).status == 422
        for other in ("/api/v1/status", "/api/v1/incidents"):
            assert (await window.ask("GET", f"{other}?token={TOKEN}", local=False)).status == 401


@pytest.mark.parametrize("place", PLACES)
async def test_without_a_configured_token_no_token_opens_them(window: Opened, place: str) -> None:
    for query in ("", "?token=", f"?token={TOKEN}"):
        assert (await window.ask("GET", place + query, local=False)).status == 401


async def test_a_health_check_passes_warns_and_fails(window: Opened) -> None:
    status, said = await health(window)
    assert (status, said["status"], said["bot"], said["disk_free"]) == (200, "pass", True, None)
    window.here.disks = [Volume("/srv", 5, 10, "ok"), Volume("/home", 4, 10, "ok")]
    status, said = await health(window, lost=["7K2M9QXA"], open=2)
    assert (status, said["status"], said["lost"], said["open"], said["disk_free"]) == (200, "warn", 1, 2, 4)
    status, said = await health(window, unit_active=False)
    assert (status, said["status"], said["text"]) == (503, "fail", "Not working: Bot")
    window.here.disks = [Volume("/srv", 5, 10, "critical")]
    assert (await health(window))[0] == 503


async def test_the_badge_is_a_picture_of_the_state(window: Opened) -> None:
    colours = set()
    for said in ({}, {"lost": ["7K2M9QXA"]}, {"unit_active": False}):
        window.here.said = {**QUIET, **said}
        answer = await window.ask("GET", "/badge.svg?language=es")
        assert answer.headers["content-type"] == "image/svg+xml"
        drawn = ElementTree.fromstring(answer.body)
        colours.add(drawn[2].get("fill"))
        assert str(drawn.get("aria-label")).startswith("trafico-monitor: ")
    assert len(colours) == 3


async def test_the_page_names_no_video_and_takes_no_mark_up(window: Opened) -> None:
    window.here.said = {**QUIET, "lost": ["7K2M9QXA"], "line": "secreto.mp4"}
    window.here.disks = [Volume('/srv/"><script>x</script>', 5, 10, "ok"), Volume("/home", 5, 10, "ok")]
    window.here.up = (Uptime("bot", (Day("2025-12-24", 86400.0, 0.0), Day("2025-12-25", 80000.0, 6400.0))),)
    answer = await window.ask("GET", "/status.html?language=en")
    page = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/html") and '<html lang="en">' in page
    assert "1 lost video" in page and "96.29 %" in page and page.count('class="bad"') == 1
    assert "96,29 %" in (await window.ask("GET", "/status.html?language=es")).body.decode()
    assert "secreto" not in page and "7K2M9QXA" not in page and "<script>x" not in page
