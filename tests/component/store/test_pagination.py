"""Pages and hours, against what the incidents themselves say."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest

from tests.component.store.conftest import incident
from trafico_monitor.errors import StoreError
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident, IncidentFilter
from trafico_monitor.model.serialization import encode
from trafico_monitor.store import migrations
from trafico_monitor.store.read_repository import Queries
from trafico_monitor.store.repository import Store, _incident_row
from trafico_monitor.store.tallies import HOUR, places_by_hour

TYPES, ESTADOS, MODELOS = list(ErrorType), list(Estado), ("victor", "ana", None)


def sample(number: int) -> Incident:
    made = incident(f"{number:04X}", ESTADOS[number % 5], 600.0 * (number // 2))  # two at each time
    closed = None if made.open else made.opened_at + number
    download = Download(MODELOS[number % 3], f"{number}.mp4")
    return replace(made, error_type=TYPES[number % 6], download=download, closed_at=closed)


ALL = [sample(number) for number in range(120)]


@pytest.fixture
async def folder(tmp_path: Path, store: Store) -> Path:
    await store.commit(
        ChangeSet(incidents=tuple(replace(one, estado=Estado.DETECTADO, closed_at=None) for one in ALL))
    )
    await store.commit(ChangeSet(incidents=tuple(ALL)))
    return tmp_path / "state"


@pytest.mark.parametrize(
    ("error_type", "estado", "modelo", "open"),
    list(product((None, "timeout"), (None, "fallido", "pendiente"), (None, "", "ana"), (None, True, False))),
)
def test_the_pages_together_are_the_list(
    folder: Path, error_type: str | None, estado: str | None, modelo: str | None, open: bool | None
) -> None:
    wanted = IncidentFilter(1200.0, 30_000.0, error_type, estado, modelo, open)
    expected = [
        one.id
        for one in sorted(ALL, key=lambda one: (-one.opened_at, one.id), reverse=False)
        if 1200.0 <= one.opened_at <= 30_000.0
        and error_type in (None, one.error_type.value)
        and estado in (None, one.estado.value)
        and modelo in (None, one.download.modelo or "")
        and open in (None, one.open)
    ]
    found: list[str] = []
    with Queries(folder) as queries:
        while True:
            got = queries.page(wanted, 7)
            found += [one.id for one in got]
            if len(got) < 7:
                break
            wanted = replace(wanted, after=(got[-1].opened_at, got[-1].id))
    assert sorted(found) == sorted(expected) and len(set(found)) == len(found)
    times = [next(one.opened_at for one in ALL if one.id == name) for name in found]
    assert times == sorted(times, reverse=True)


def counted(since: float, until: float) -> Counter[tuple[int, str, str]]:
    return Counter(place for one in ALL for place in places_by_hour(one) if since <= place[0] < until)


def test_the_hours_count_what_the_incidents_say(folder: Path) -> None:
    with Queries(folder) as queries:
        for since, until in ((0.0, 1e9), (3 * HOUR, 5 * HOUR), (3 * HOUR - 1, 5 * HOUR + 1)):
            found = Counter({(hour, name, value): n for hour, name, value, n in queries.hours(since, until)})
            assert found == counted(since, until)


async def test_a_database_of_an_older_version_is_counted_once(tmp_path: Path) -> None:
    place = tmp_path / "old" / "monitor.db"
    place.parent.mkdir()
    connection = sqlite3.connect(place, isolation_level=None)
    before = next(n for n, step in enumerate(migrations.STEPS) if any("TABLE hours" in line for line in step))
    for step in migrations.STEPS[:before]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {before}")
    rows = [_incident_row(one) for one in ALL]
    connection.executemany("INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    connection.close()
    store = await Store.open(place.parent)
    await store.commit(ChangeSet(incidents=tuple(ALL)))  # once more the same: nothing counts twice
    await store.close()
    with Queries(place.parent) as queries:
        found = {(hour, name, value): n for hour, name, value, n in queries.hours(0.0, 1e9)}
    assert found == counted(0.0, 1e9)


def test_what_takes_too_long_is_ended(folder: Path) -> None:
    with Queries(folder, seconds=0.2) as queries:
        time.sleep(0.25)
        with pytest.raises(StoreError, match="interrupted"):
            for _ in range(10_000):
                queries.page(IncidentFilter(), 50)


def test_the_newest_records_in_order(folder: Path) -> None:
    with Queries(folder) as queries:
        assert queries.latest_records(5) == ()


def test_one_hundred_thousand_incidents_stay_quick(tmp_path: Path, store: Store) -> None:
    with sqlite3.connect(tmp_path / "state" / "monitor.db") as connection:
        body = encode(ALL[3])
        connection.executemany(
            "INSERT INTO incidents VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (f"{n:08x}", TYPES[n % 6].value, "solucionado", MODELOS[n % 2], n * 10.0, n * 10.0 + 5, body)
                for n in range(100_000)
            ),
        )
    connection.close()
    with Queries(tmp_path / "state") as queries:
        for wanted in (
            IncidentFilter(),
            IncidentFilter(after=(500_000.0, "0000c350")),
            IncidentFilter(modelo="ana", after=(500_000.0, "0000c350")),
            IncidentFilter(modelo="nobody"),
            IncidentFilter(open=True),
            IncidentFilter(modelo="victor", estado="fallido"),  # of many by the one, none by the other
        ):
            begin = time.perf_counter()
            queries.page(wanted, 50)
            assert time.perf_counter() - begin < 0.25, wanted
