"""A machine whose clock is wrong by a day: said in one sentence, and every record arrives."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.fleet.sending import ask
from tests.component.fleet.test_service import all_sent, fleet, local
from tests.component.service.running import RunningService
from tests.component.service.test_dashboard import quiet
from tests.journal_fixtures import wait_until
from tests.postgresql import Cluster
from tests.system.clock import LIBFAKETIME
from trafico_monitor.fleet.database import Endpoint

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not LIBFAKETIME.exists(), reason="libfaketime is not installed"),
]
SECONDS = 60.0


@pytest.fixture(params=["+1d", "-1d"])
def days(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The clock of every process that is started: so many days wrong."""
    monkeypatch.setenv("LD_PRELOAD", str(LIBFAKETIME))
    monkeypatch.setenv("FAKETIME", request.param)
    monkeypatch.setenv("DONT_FAKE_MONOTONIC", "1")
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert os.environ["FAKETIME"]
    yield 1 if request.param == "+1d" else -1


async def test_a_clock_that_is_a_day_wrong_is_named_and_every_record_arrives(
    server: Cluster, owner: Endpoint, tmp_path: Path, days: int
) -> None:
    direction = "ahead" if days > 0 else "behind"
    with RunningService(tmp_path, directory=quiet(tmp_path), checks=fleet(server)) as run:
        wait_until(lambda: abs(run.status().get("fleet", {}).get("skew", 0)) > 80_000, "known", SECONDS)
        for command in (("fleet", "status"), ("status",)):
            said = " ".join(run.command(*command).split())
            assert f"1 d {direction}" in said or f"24 h {direction}" in said or f"23 h 59 min {direction}" in said, (
                said
            )
        wait_until(lambda: "El reloj de esta máquina va" in run.log, "recorded", SECONDS)
        assert run.log.count("El reloj de esta máquina va") == 1
    await all_sent(tmp_path, owner)
    assert len(local(tmp_path)) >= 2
    ((skew,),) = await ask(owner, "SELECT extract(epoch FROM sent_at - received_at) FROM trafico.heartbeats")
    assert abs(float(skew) - days * 86400) < SECONDS
