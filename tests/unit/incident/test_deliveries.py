"""Whose folder a file of the server went to: remembered, bounded, over a restart."""

from __future__ import annotations

import json

from trafico_monitor.incident.deliveries import MOST, Deliveries


def test_the_first_delivery_counts_and_survives_a_restart() -> None:
    deliveries = Deliveries()
    deliveries.learn("f1", "ana")
    deliveries.learn("f1", "luna")
    again = Deliveries()
    again.restore(json.loads(json.dumps(deliveries.snapshot())) | {"f2": 7})
    assert (again.modelo("f1"), again.modelo("f2"), again.modelo("f3")) == ("ana", "", "")


def test_only_the_last_ones_are_kept() -> None:
    deliveries = Deliveries()
    for number in range(MOST + 3):
        deliveries.learn(f"f{number}", "ana")
    assert len(deliveries.snapshot()) == MOST
    assert (deliveries.modelo("f2"), deliveries.modelo("f3")) == ("", "ana")
