"""A disk that fills is foreseen on a booted Debian: told hours before, once, with the interval, and closed afterwards.

Time is compressed: the service's own code writes the three weeks before into its database; the rest is real.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

import pytest

from .world import ADMIN, LOGS, PROJECT, Json, World

MODELS = f"{PROJECT}/modelos"
SIZE, LIMIT, FREE = 400_000_000, 20_000_000, 28_000_000  # bytes
AN_HOUR = 600_000  # bytes that arrived each hour
HOURS = 504
CONFIG = f"""[checks]
disk_warning = "{LIMIT + 2_000_000}B"
disk_critical = "{LIMIT}B"
interval = 2
[alerts]
maintenance = 0
"""
# With the service's interpreter and libraries, as its user.
PAST = f"""
import asyncio, os, sys, time
from dataclasses import replace
from pathlib import Path
sys.path[:0] = ["/usr/lib/trafico-monitor/vendor"]
from trafico_monitor.config.schema import Predict
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.changeset import ChangeSet, Snapshot
from trafico_monitor.model.prediction import Samples, SpaceSample
from trafico_monitor.pipeline.pipeline import Pipeline
from trafico_monitor.store.repository import Store

async def main():
    now, total = time.time(), float({SIZE})
    hours = [SpaceSample("{MODELS}", now - h * 3600.0, {FREE} + h * {AN_HOUR}.0, total) for h in range({HOURS}, 0, -1)]
    pipeline = Pipeline(Detector(load({{}})), Tracker(), Limits(), "es", predict=Predict(), full={LIMIT})
    pipeline.restore(Snapshot(samples=Samples(tuple(hours))), hours[-1].at)
    state = pipeline.tick(hours[-1].at)  # nobody looks at the disk: the service is to be the first
    assert state.foresight is not None and not state.predictions
    store = await Store.open(Path("/var/lib/trafico-monitor"))
    await store.database.transaction(lambda c: c.execute("DELETE FROM space_hours"))
    await store.commit(ChangeSet(samples=Samples(tuple(hours)), foresight=state.foresight))
    await store.close()

asyncio.run(main())
"""


@pytest.fixture
def filling(world: World) -> Iterator[World]:
    """Models on a file system of their own, which has filled for three weeks."""
    machine = world.machine
    # The monitor first: with its own settings it would take the other stop for a maintenance.
    machine.sh("systemctl stop trafico-monitor.service; systemctl stop trafico-main.service", seconds=40)
    machine.sh(f"mount -t tmpfs -o size={SIZE},uid=1000,gid=1000,mode=755 tmpfs {MODELS}")
    settings = machine.path("/etc/trafico-monitor/conf.d/80-forecast.toml")
    settings.write_text(CONFIG)
    try:  # the machine is every test's
        fill(world, FREE)
        machine.path("/root/past.py").write_text(PAST)
        machine.sh(
            "install -m 644 /root/past.py /tmp/past.py && runuser -u trafico-monitor -- /usr/bin/python3 /tmp/past.py"
        )
        yield world
    finally:
        machine.sh("systemctl stop trafico-monitor.service", seconds=40)
        settings.unlink()
        machine.sh(f"umount {MODELS}; systemctl start trafico-monitor.service trafico-main.service", seconds=40)


def fill(world: World, free: int) -> None:
    """Leave so many bytes."""
    script = f"have=$(($(stat -f -c '%a * %S' {MODELS}))); head -c $((have - {free})) /dev/zero >> {MODELS}/ballast"
    world.machine.sh(script)


def told(world: World) -> list[Json]:
    return [
        m for m in world.telegram.messages(ADMIN) if "disco lleno" in str(m["rendered"]) and "🔮" in str(m["rendered"])
    ]


def test_a_disk_that_fills_is_told_hours_before_once_and_closed_when_it_is_full(filling: World) -> None:
    machine = filling.machine
    before = Counter({"told": len(told(filling)), **lines(filling)})  # of other tests
    machine.sh("systemctl start trafico-monitor.service", seconds=40)
    machine.wait_for("the forecast", lambda: told(filling)[before["told"] :], 60)
    [first] = told(filling)[before["told"] :]
    shown = str(first["rendered"])
    assert MODELS in shown and "Cuándo (intervalo del 80 %): entre " in shown and "Probabilidad: " in shown
    [said] = predictions(filling, "foreseen")[before["foreseen"] :]
    lead = [float(said[f"TRAFICO_{name}"]) - float(machine.sh("date +%s")) for name in ("DESDE", "HASTA")]
    assert 4 * 3600 < lead[0] <= lead[1] < 40 * 3600, lead  # 8 MB are left at 0.6 MB an hour
    assert said["TRAFICO_PREVISION"] == "disk" and float(said["TRAFICO_PROBABILIDAD"]) >= 0.7

    machine.sh("systemctl kill -s KILL trafico-monitor.service", seconds=40)  # systemd starts it again
    machine.wait_for(
        "it is back", lambda: "Vigilando" in machine.sh("systemctl show -p StatusText trafico-monitor"), 60
    )
    fill(filling, LIMIT - 4_000_000)
    machine.wait_for("closed", lambda: "Resultado: se cumplió" in str(told(filling)[-1]["rendered"]), 180)
    ours = {m["message_id"] for m in told(filling)[before["told"] :]}
    assert ours == {first["message_id"]}  # edited, and never sent again
    [judged] = predictions(filling, "foreseen_judged")[before["judged"] :]
    assert (
        judged["TRAFICO_RESULTADO"] == "came_true" and judged["TRAFICO_PREVISION_ID"] == said["TRAFICO_PREVISION_ID"]
    )
    assert lines(filling) - before == {"foreseen": 1, "judged": 1}
    assert "disk" not in {str(one["error_type"]) for one in filling.all_records()}


def lines(world: World) -> Counter[str]:
    """How many lines of the log tell of a full disk that is foreseen, and of one that was judged."""
    log = world.machine.path(f"{LOGS}/monitor.log").read_text().splitlines()
    told = [line for line in log if "🔮" in line and "disco lleno" in line]
    return Counter("judged" if "comprobada" in line else "foreseen" for line in told)


def predictions(world: World, event: str) -> list[Json]:
    """The monitor's own journal entries of one kind about the disk."""
    identity = {"foreseen": "b3ecd6a0dff44deab174efebc1ac15ab", "foreseen_judged": "1584c43edc094eb8aae9e963ea740a5b"}[
        event
    ]
    asked = (
        "journalctl",
        "-q",
        "-o",
        "json",
        "-u",
        "trafico-monitor",
        f"MESSAGE_ID={identity}",
        "TRAFICO_PREVISION=disk",
    )
    return [json.loads(line) for line in world.machine.run(*asked).output.split("\n") if line]
