"""The trial starts no second bot, wherever the first one runs, and says what ends that one."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.journal_fixtures import cgroup_of
from tests.waiting_program import WAITS, running
from trafico_monitor.cli.commands import trial
from trafico_monitor.config.schema import Bot, Config
from trafico_monitor.trial.units import State, TrialError

UNIT = "trafico-main.service"
OF_USER = "../user.slice/user-0.slice/user@0.service/app.slice"
PLACES = {
    f"{OF_USER}/{UNIT}": f"systemctl --user stop {UNIT}",  # of the same name as the system's
    f"docker-ca4521981f7f{'0' * 52}.scope": "un contenedor (ca4521981f7f)",
    "session-3.scope": "kill ",
}


@pytest.mark.parametrize("place", PLACES)
def test_a_second_bot_is_refused_with_what_ends_the_first(tmp_path: Path, place: str) -> None:
    (tmp_path / "main.py").write_text(f"# of this project\n{WAITS}")
    group = cgroup_of(place)
    with running(sys.executable, "main.py", cwd=tmp_path) as pid:
        group.mkdir(parents=True, exist_ok=True)
        (group / "cgroup.procs").write_text(str(pid))
        with pytest.raises(TrialError, match=r".") as refused:
            trial._refuse_second(str(tmp_path), 0, UNIT, "es")
    assert PLACES[place] in str(refused.value)
    group.rmdir()


@pytest.mark.parametrize("bot", [Bot(user_unit=True), Bot(unit="", container="bot")])
def test_what_the_trial_cannot_start_it_says(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> None:
    async def state(unit: str) -> State:
        return State(unit, there=True, active=False)

    monkeypatch.setattr(trial.units, "state", state)
    config = replace(Config(), bot=bot)
    with pytest.raises(TrialError, match="--monitor-only"):
        asyncio.run(trial._session(trial.Options("", "", False), config, "es"))
    assert asyncio.run(trial._session(trial.Options("", "", True), config, "es")).starts == (
        "trafico-monitor.service",
    )
