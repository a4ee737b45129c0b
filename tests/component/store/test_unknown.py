"""Kinds of unknown errors in the database: kept with the step, few, and listed by the command."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from trafico_monitor.cli.main import main
from trafico_monitor.errors import StoreError
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.finding import UnknownKind
from trafico_monitor.store.migrations import STEPS, migrate
from trafico_monitor.store.read_repository import Queries
from trafico_monitor.store.repository import DATABASE, Store
from trafico_monitor.store.tables import MOST_ERROR_GROUPS

SAMPLES = ("ERROR:x: el hueco 1 no cuadra", "ERROR:x: el hueco 2 no cuadra")
KIND = UnknownKind(3, "ERROR:x: el hueco <NUM> no cuadra", 2, 10.0, 20.0, SAMPLES)


async def test_kept_with_the_step_and_loaded(tmp_path: Path, store: Store) -> None:
    await store.commit(ChangeSet(unknown=(KIND,), cursor="s=1"))
    newer = UnknownKind(3, KIND.template, 3, 10.0, 30.0, KIND.samples)
    await store.commit(ChangeSet(unknown=(newer,)))
    saved = await store.load()
    assert saved.unknown == (newer,) and saved.cursor == "s=1"
    with Queries(tmp_path / "state") as queries:
        assert queries.unknown() == (newer,)


async def test_those_seen_longest_ago_make_room(store: Store) -> None:
    kinds = tuple(UnknownKind(number, "x", 1, 0.0, float(number)) for number in range(1, MOST_ERROR_GROUPS + 51))
    await store.commit(ChangeSet(unknown=kinds))
    kept = (await store.load()).unknown
    assert len(kept) == MOST_ERROR_GROUPS and min(kind.id for kind in kept) == 51


def test_a_database_of_the_first_version_gets_the_table(tmp_path: Path) -> None:
    path = tmp_path / DATABASE
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in STEPS[0]:
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 1")
    with Queries(tmp_path) as queries:
        assert queries.unknown() == ()
    migrate(connection)
    connection.close()
    with Queries(tmp_path) as queries:
        assert queries.unknown() == ()
    with pytest.raises(StoreError):
        Queries(tmp_path / "nowhere")


async def test_the_command_lists_them_with_a_rule_that_lint_accepts(
    tmp_path: Path, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    await store.commit(ChangeSet(unknown=(KIND,)))
    config = tmp_path / "config.toml"
    config.write_text(f'[paths]\nstate = "{tmp_path / "state"}"\n', encoding="utf-8")
    assert main(["rules", "unknown", "--json", "--config", str(config)]) == 0
    [listed] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (listed["template"], listed["count"], listed["first"], listed["last"]) == (KIND.template, 2, 10.0, 20.0)
    assert listed["samples"] == list(KIND.samples)

    assert main(["rules", "unknown", "--config", str(config)]) == 0
    shown = capsys.readouterr().out
    assert listed["rule"].splitlines()[2] in shown and str(tmp_path / "rules.d") in shown
    (tmp_path / "rules.d").mkdir()
    accepted = tmp_path / "rules.d" / "mine.toml"
    accepted.write_text(listed["rule"], encoding="utf-8")
    assert main(["rules", "lint", "--config", str(config)]) == 2
    accepted.write_text(listed["rule"].replace("CHOOSE", "corrupto"), encoding="utf-8")
    assert main(["rules", "lint", "--config", str(config)]) == 0
    capsys.readouterr()
    assert main(["rules", "unknown", "--json", "--config", str(config)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["rules", "unknown", "--json", "--all", "--config", str(config)]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == 3
