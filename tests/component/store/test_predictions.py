"""Predictions and what they are made from: stored with their step, bounded, and in every older database."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.component.store.conftest import step
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.prediction import (
    DAY,
    DeathSample,
    DiskFan,
    DownloadSample,
    ForecastView,
    KindScore,
    KindState,
    Prediction,
    PredictionKind,
    PredictionOutcome,
    ProbeSample,
    SaidPrediction,
    Samples,
    SpaceSample,
)
from trafico_monitor.store import migrations, predictions
from trafico_monitor.store.database import StoreUnavailable
from trafico_monitor.store.read_repository import Queries
from trafico_monitor.store.repository import Store
from trafico_monitor.store.retention import Bounds, Retention

NOW = 1_790_000_000.0


def said(
    name: str = "p1", at: float = NOW, kind: PredictionKind = PredictionKind.DISK, told: bool = True
) -> SaidPrediction:
    about = "/srv/mod\udcffelos"  # a path of an undecodable name
    fields = (("free", 9e9), ("path", "/srv"))
    return SaidPrediction(
        name, Prediction(kind, at, at + DAY, 0.82, at + 3600, at + 9000, about, "forecast.disk", fields), told
    )


def judged(one: SaidPrediction, outcome: PredictionOutcome = PredictionOutcome.CAME_TRUE) -> SaidPrediction:
    return replace(one, outcome=outcome, judged_at=one.prediction.until, came_at=one.prediction.said_at + 5000)


SAMPLES = Samples(
    (
        SpaceSample("/srv", NOW, 9e9, 1e11),
        SpaceSample("/srv", NOW + 30, 8e9, 1e11),
        SpaceSample("/var", NOW, 5.0, 7.0),
    ),
    (ProbeSample(NOW, 6.25, 200), ProbeSample(NOW + 30)),
    (DownloadSample(NOW - 60, 250e6, 41.5, "ok"), DownloadSample(NOW - 30, None, 12.0, "timeout")),
    (DeathSample(NOW, False), DeathSample(NOW + 1, True)),
)


async def test_what_was_said_is_read_again_as_it_was_said_and_judged(store: Store, tmp_path: Path) -> None:
    await store.commit(step("i1", predictions=(said(),), samples=SAMPLES, foresight={"loop": [1.5]}))
    saved = await store.load()
    [kept] = saved.predictions
    assert replace(kept, prediction=replace(kept.prediction, about="")) == replace(
        said(), prediction=replace(said().prediction, about="")
    )
    assert saved.foresight == {"loop": [1.5]}
    assert saved.samples.spaces == (SAMPLES.spaces[0], SAMPLES.spaces[2])  # the first of an hour
    await store.commit(ChangeSet(predictions=(judged(kept),)))
    with Queries(tmp_path / "state") as queries:
        assert queries.predictions(0.0) == (judged(kept),)
        assert queries.samples(0.0) == replace(SAMPLES, spaces=saved.samples.spaces)


async def test_a_step_that_is_not_stored_has_said_nothing(store: Store) -> None:
    broken = replace(said("p2"), prediction=replace(said().prediction, said_at=None))  # type: ignore[arg-type]
    with pytest.raises(StoreUnavailable):
        await store.commit(step("i1", predictions=(said(), broken), samples=SAMPLES))
    saved = await store.load()
    assert (saved.predictions, saved.samples.spaces, saved.incidents) == ((), (), ())


async def test_the_same_step_once_more_says_nothing_twice(store: Store, tmp_path: Path) -> None:
    for _ in range(2):
        await store.commit(ChangeSet(predictions=(said(),)))
    await store.commit(ChangeSet(predictions=(judged(said()),)))
    await store.commit(ChangeSet(predictions=(replace(judged(said()), told=False),)))
    with Queries(tmp_path / "state") as queries:
        [kept] = queries.predictions(0.0)
    assert kept.told and kept.outcome is PredictionOutcome.CAME_TRUE


async def test_history_and_predictions_are_bounded_by_age_and_number(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "MOST_ROWS", 5)
    monkeypatch.setattr(predictions, "MOST_PREDICTIONS", 3)
    old, future = NOW - 100 * DAY, NOW + 30 * DAY
    hours = tuple(SpaceSample("/srv", at, 1.0, 2.0) for at in (NOW - 29 * DAY, NOW - 27 * DAY, NOW, future))
    paths = tuple(SpaceSample(f"/{n}", NOW - n, 1.0, 2.0) for n in range(40))
    times = (old, future, *(NOW - n for n in range(9)))
    await store.commit(
        ChangeSet(
            predictions=(
                *(judged(said(f"d{n}", NOW - n)) for n in range(5)),
                judged(said("old", old)),
                said("open", old),
                judged(said("server", NOW, PredictionKind.SERVER)),
            ),
            samples=Samples(
                (*hours, *paths),
                tuple(ProbeSample(at, 1.0, 200) for at in times),
                tuple(DownloadSample(at, 1.0, 1.0, "ok") for at in times),
                tuple(DeathSample(at, False) for at in times),
            ),
        )
    )
    await Retention(store.database).sweep(Bounds(90, 0), NOW)
    with Queries(tmp_path / "state") as queries:
        found, kept = queries.samples(0.0), {one.id for one in queries.predictions(0.0)}
    assert kept == {"d0", "d1", "d2", "open", "server"}
    assert [one.at for one in found.spaces if one.path == "/srv"] == [NOW - 27 * DAY, NOW]
    assert len({one.path for one in found.spaces}) == predictions.MOST_PATHS
    assert [one.at for one in found.probes] == [NOW - n for n in (4, 3, 2, 1, 0)]
    assert [len(found.downloads), len(found.deaths)] == [5, 5]


@pytest.mark.parametrize("version", range(1, len(migrations.STEPS) + 1))
async def test_a_database_of_each_older_version_is_carried_over(tmp_path: Path, version: int) -> None:
    """1.0.0's is the fifth: its incident is there, its samples of a day are not, and predictions can be stored."""
    place = tmp_path / "old" / "monitor.db"
    place.parent.mkdir()
    with closing(sqlite3.connect(place, isolation_level=None)) as connection:
        connection.create_function("coarse", 1, str)
        for statements in migrations.STEPS[:version]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {version}")
        body = '{"id":"i1","error_type":"timeout","opened_at":5.0,"updated_at":5.0}'
        connection.execute(
            "INSERT INTO incidents VALUES ('i1', 'timeout', 'detectado', 'victor', 5.0, NULL, ?)", (body,)
        )
        connection.execute("INSERT INTO state VALUES ('cursor', 's=1'), ('web.space', '{\"/srv\": [[1, 2]]}')")
    store = await Store.open(place.parent)
    await store.commit(ChangeSet(predictions=(said(),), samples=SAMPLES))
    saved = await store.load()
    await store.close()
    assert ([one.id for one in saved.incidents], saved.cursor) == (["i1"], "s=1")
    assert [one.id for one in saved.predictions] == ["p1"] and len(saved.samples.spaces) == 2
    kept = {"cursor", *(["web.space"] if version == len(migrations.STEPS) else [])}
    assert (saved.foresight, _state_names(place)) == (None, kept)


def _state_names(place: Path) -> set[str]:
    with closing(sqlite3.connect(place)) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM state")}


async def test_an_unreadable_row_hides_no_other(store: Store) -> None:
    await store.commit(ChangeSet(predictions=(said("p1"), said("p2", NOW + 1), said("p3", NOW + 2))))
    await store.database.transaction(lambda c: c.execute("UPDATE predictions SET fields = '{' WHERE id = 'p1'"))
    await store.database.transaction(lambda c: c.execute("UPDATE predictions SET kind = 'new' WHERE id = 'p2'"))
    await store.keep("foresight", "[1")
    saved = await store.load()
    assert [one.id for one in saved.predictions] == ["p3"] and saved.foresight is None


async def test_the_last_forecast_is_read_without_the_service(store: Store, tmp_path: Path) -> None:
    with Queries(tmp_path / "state") as queries:
        assert queries.forecast() is None
    fan = DiskFan("/srv", 1e11, 2e9, 0.8, (NOW,), (1.0,), (2.0,), (3.0,), NOW + 5, NOW, None)
    view = ForecastView(NOW, (), (KindScore(PredictionKind.DISK, KindState.SHADOW, 3),), (fan,))
    await store.save_forecast(view)
    unlikely = replace(said("p4"), prediction=replace(said().prediction, p=0.4))  # as of most downloads
    await store.commit(ChangeSet(predictions=(said("p1"), said("p2", NOW - 9), judged(said("p3")), unlikely)))
    with Queries(tmp_path / "state") as queries:
        found = queries.forecast()
    assert found is not None and [one.id for one in found.foreseen] == ["p1", "p2"]
    assert replace(found, foreseen=()) == view
