"""What the API shows of what has been stored."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from trafico_monitor.model.alert import Scope, Silence
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.installation import Assignable, WaitingFile
from trafico_monitor.web.ports import Volume

from .opened import NOON, SECONDS, Opened
from .samples import FORESEEN, HOSTILE, sample

BASE = "/api/v1"


async def pages(window: Opened, query: str = "", limit: int = 7) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        said = await window.ask("GET", f"{BASE}/incidents?limit={limit}{query}{cursor}")
        assert said.status == 200, said
        page: Any = said.json
        found += page["incidents"]
        if page["next"] is None:
            return found
        assert len(page["incidents"]) == limit
        cursor = f"&cursor={page['next']}"


async def test_pages_lead_from_the_newest_to_the_oldest(window: Opened) -> None:
    await window.keep(*(sample(n) for n in range(40)))
    found = await pages(window)
    assert len({one["id"] for one in found}) == 40
    times = [one["opened_at"] for one in found]
    assert times == sorted(times, reverse=True)


async def test_a_page_stays_right_while_new_ones_come(window: Opened) -> None:
    await window.keep(*(sample(n) for n in range(2, 12)))
    first: Any = (await window.ask("GET", f"{BASE}/incidents?limit=5")).json
    await window.keep(sample(0), sample(1))
    second: Any = (await window.ask("GET", f"{BASE}/incidents?limit=200&cursor={first['next']}")).json
    ids = [one["id"] for one in first["incidents"] + second["incidents"]]
    assert len(ids) == len(set(ids)) == 10


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("&type=timeout", lambda one: one["error_type"] == "timeout"),
        ("&estado=fallido", lambda one: one["estado"] == "fallido"),
        ("&modelo=ana", lambda one: one["modelo"] == "ana"),
        ("&modelo=", lambda one: one["modelo"] is None),
        ("&open=true", lambda one: one["closed_at"] is None),
        ("&open=false&type=corrupto", lambda one: one["closed_at"] is not None and one["error_type"] == "corrupto"),
        (f"&since={NOON - 6000}&until={NOON - 600}", lambda one: NOON - 6000 <= one["opened_at"] <= NOON - 600),
    ],
)
async def test_filters(window: Opened, query: str, wanted: Any) -> None:
    await window.keep(*(sample(n) for n in range(60)))
    expected = {one["id"] for one in await pages(window) if wanted(one)}
    assert {one["id"] for one in await pages(window, query)} == expected and expected


@pytest.mark.parametrize(
    "query",
    [
        "type=error", "estado=open", "open=yes", "limit=0", "limit=201", "limit=1.5", "limit=x", "since=yesterday",
        "since=1766700000000", "cursor=", "cursor=%2e%2e", "cursor=AAAA", "page=2", "type=timeout&type=corrupto",
        "modelo=a%0ab",
    ],
)  # fmt: skip
async def test_wrong_parameters_are_named(window: Opened, query: str) -> None:
    said = await window.ask("GET", f"{BASE}/incidents?{query}")
    assert said.status == 422
    assert set(said.json["fields"]) == {query.partition("=")[0]}  # type: ignore[call-overload]


async def test_one_incident_with_its_proof_its_lines_and_its_story(window: Opened) -> None:
    await window.keep(sample(3, lines=(HOSTILE,)))
    await window.keep(sample(3), text="✅ Solucionado")
    said: Any = (await window.ask("GET", f"{BASE}/incidents/00000003")).json
    assert [one["text"][:21] for one in said["history"]] == ["✅ Solucionado en 7 s:"] * 2
    assert said["evidence"][0] == {"what": "size", "text": "tamaño", "value": "5665533 bytes", "ok": True}
    assert said["lines"][1] == "httpx.ReadTimeout"


@pytest.mark.parametrize("name", ["FFFFFFFF", "..", "%2e%2e%2fetc", "a%20b", "a" * 100])
async def test_what_there_is_not(window: Opened, name: str) -> None:
    said = await window.ask("GET", f"{BASE}/incidents/{name}")
    assert said.status == 404


async def test_the_summary_counts_and_times(window: Opened) -> None:
    await window.keep(*(sample(n) for n in range(60)))
    said: Any = (await window.ask("GET", f"{BASE}/summary?since={NOON - 86400}")).json
    assert said["total"] == 60 and said["open"] == 36
    assert said["success_rate"] == 0.5 and said["median_seconds"] == 7.0
    assert said["by_modelo"][0] == {"modelo": None, "total": 20}
    assert sum(sum(each.values()) for each in said["by_type"].values()) == 60


async def test_nothing_yet(window: Opened) -> None:
    summary: Any = (await window.ask("GET", f"{BASE}/summary")).json
    assert (summary["total"], summary["success_rate"], summary["median_seconds"]) == (0, None, None)
    series: Any = (await window.ask("GET", f"{BASE}/series")).json
    assert series["types"] == {} and len(series["at"]) in (24, 25)
    assert (await window.ask("GET", f"{BASE}/incidents")).json == {"incidents": [], "next": None, "total": 0}
    assert (await window.ask("GET", f"{BASE}/ledger")).json == {"since": 0.0, "ledger": []}
    assert (await window.ask("GET", f"{BASE}/records")).json == {"records": [], "seq": 0}


@pytest.mark.parametrize("query", ["step=hour", "step=day&zone=Europe/Madrid", "step=day&zone=Asia/Kathmandu"])
async def test_the_series_hold_every_incident_once(window: Opened, query: str) -> None:
    await window.keep(*(sample(n) for n in range(60)))
    said: Any = (await window.ask("GET", f"{BASE}/series?{query}&since={NOON - 80000}&until={NOON + 1}")).json
    for lines in (said["types"].values(), said["estados"].values(), [one["values"] for one in said["modelos"]]):
        assert sum(map(sum, lines)) == 60
        assert all(len(line) == len(said["at"]) for line in lines)


@pytest.mark.parametrize("query", ["step=week", "zone=Europe/Nowhere", f"since={NOON}&until={NOON}", "since=0"])
async def test_series_that_cannot_be(window: Opened, query: str) -> None:
    assert (await window.ask("GET", f"{BASE}/series?{query}")).status == 422


async def test_health_shows_disks_with_their_trend_and_silences(window: Opened) -> None:
    window.here.disks = [Volume("/srv", 5, 10, "warning", ((NOON - 300.4, 6), (NOON, 5)))]
    silence = Silence("s1", Scope.TYPE, "timeout", NOON, NOON + 60, "mudanza", "cli:root")
    await window.store.commit(ChangeSet(silences=(silence,)))
    said: Any = (await window.ask("GET", f"{BASE}/health")).json
    assert said["volumes"][0]["history"] == [[NOON - 300, 6], [NOON, 5]]
    assert said["silences"][0]["reason"] == "mudanza" and said["status"]["running"] is True


async def test_rescued_files_and_the_modelos_to_choose_from(window: Opened) -> None:
    rescued = f"{BASE}/rescued"
    assert (await window.ask("GET", rescued)).json == {"files": [], "total": 0, "modelos": []}
    window.here.shelf = Assignable((WaitingFile("a.mp4", 7, NOON),), 2, ("ana", "noa"))
    assert (await window.ask("GET", rescued)).json == {
        "files": [{"file": "a.mp4", "size": 7, "since": NOON}], "total": 2, "modelos": ["ana", "noa"],
    }  # fmt: skip
    window.here.shelf = None
    said = await window.ask("GET", rescued)
    assert said.status == 503 and "_rescatados" in str(said.json["text"])


async def test_what_is_foreseen_is_shown_with_its_reason_in_words(window: Opened) -> None:
    assert (await window.ask("GET", f"{BASE}/forecast")).json == {
        "at": NOON, "since": None, "foreseen": [], "scores": [], "disks": [],
    }  # fmt: skip
    window.here.foreseen = FORESEEN
    said: Any = (await window.ask("GET", f"{BASE}/forecast", headers={"Accept-Language": "en"})).json
    disk, stall = said["foreseen"]
    assert disk["reason_text"] == "41.2 GB left, falling by 3.0 GB an hour, as in the last days"
    assert (disk["p"], disk["likelihood"], disk["told"], disk["hi"]) == (0.82, "likely", True, None)
    assert stall["reason_text"] == "" and said["disks"][0]["full_at"] == NOON + 5400


async def test_a_database_that_cannot_be_read_is_said(window: Opened) -> None:
    (window.socket.parent / "state" / "monitor.db").unlink()
    said = await window.ask("GET", f"{BASE}/incidents")
    assert said.status == 503 and "no se pueden leer" in str(said.json["text"])


async def test_the_words_of_the_dashboard_in_both_languages(window: Opened) -> None:
    es, en = [(await window.ask("GET", f"{BASE}/texts/{one}", local=False)).json for one in ("es", "en")]
    assert set(es) == set(en) and es != en
    assert (await window.ask("GET", f"{BASE}/texts/fr")).status == 404


async def test_many_readers_at_once_are_all_answered(window: Opened, tmp_path: Path) -> None:
    await window.keep(*(sample(n) for n in range(60)))
    async with asyncio.timeout(SECONDS):
        said = await asyncio.gather(*(window.ask("GET", f"{BASE}/incidents?limit=50") for _ in range(30)))
    assert {one.status for one in said} == {200}
