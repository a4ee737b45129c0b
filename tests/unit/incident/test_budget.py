"""The guard against loops: so many orders an hour for one file, and for the machine."""

from __future__ import annotations

import json

from trafico_monitor.incident.budget import HOUR, Budget


def test_one_download_gets_no_more_than_its_share_in_an_hour() -> None:
    budget = Budget(per_download=3)
    assert [budget.spend("a", t) for t in (0, 1, 2, 3)] == [True, True, True, False]
    assert budget.spend("b", 3)
    assert budget.spend("a", HOUR + 1)


def test_the_machine_gets_no_more_than_its_share() -> None:
    budget = Budget(per_hour=2)
    assert [budget.spend(key, 0) for key in "abc"] == [True, True, False]


def test_what_was_spent_survives_a_restart() -> None:
    budget = Budget(per_download=1)
    budget.spend("a", 10)
    again = Budget(per_download=1)
    again.restore(json.loads(json.dumps(budget.snapshot())))
    assert not again.spend("a", 20)


def test_a_person_may_have_a_spent_download_tried_again_once_an_hour() -> None:
    budget = Budget(per_download=2)
    assert budget.grant("a", 0), "nothing is spent yet: nothing has to be granted"
    assert [budget.spend("a", t) for t in (1, 2, 3)] == [True, True, False]
    assert budget.grant("a", 4)
    assert [budget.spend("a", t) for t in (5, 6, 7)] == [True, True, False]
    again = Budget(per_download=2)
    again.restore(json.loads(json.dumps(budget.snapshot())))
    assert not again.grant("a", 8), "a restart is no way around it"
    assert again.grant("a", 4 + HOUR)


def test_nobody_is_granted_more_than_the_machine_has() -> None:
    budget = Budget(per_hour=1)
    budget.spend("a", 0)
    assert not budget.grant("b", 1)
