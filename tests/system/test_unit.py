"""The unit's life as it really is, on a booted Debian: a child that is killed, an end that looks clean, a crash loop,
and a stop that somebody asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from .test_downloads import READABLE, proven
from .world import ADMIN, PROJECT, Json, World

UNIT = "trafico-main.service"
SETTLED = 6
INSTRUMENTED = {
    "PYTHONPATH": "/usr/lib/trafico-monitor/instrument:/usr/lib/trafico-monitor/vendor",
    "TRAFICO_MODELS_DIR": f"{PROJECT}/modelos",
}
CHILD = "pgrep -f '[s]rc/project/bot_central.py'"


@pytest.fixture
def quiet(world: World) -> Iterator[World]:
    """The world with a bot that is well and no alarm of the unit; how it is started is put back at the end."""
    settled = world.machine.path("/etc/trafico-monitor/conf.d/70-unit.toml")
    settled.write_text(f"[alerts]\nunit_settled = {SETTLED}\nmaintenance = 1\n")
    drop_in(world, "[Service]\nRestart=always\nRestartSec=1\n")
    world.machine.sh("systemctl reload trafico-monitor; docker start telegram-bot-api", seconds=40)
    world.local.wait_ready(20)
    world.local.clear()
    world.bot(**INSTRUMENTED)
    no_alarm(world)
    yield world
    settled.unlink()
    drop_in(world, "")
    world.machine.sh(f"systemctl reload trafico-monitor; systemctl restart {UNIT}", seconds=40)


def drop_in(world: World, text: str) -> None:
    folder = world.machine.path(f"/etc/systemd/system/{UNIT}.d")
    folder.mkdir(exist_ok=True)
    (folder / "unit-life.conf").write_text(text)
    world.machine.sh("systemctl daemon-reload")


def no_alarm(world: World) -> None:
    status = "trafico-monitor status --json"
    world.machine.wait_for("no alarm stands", lambda: '"code": "unit_died"' not in world.machine.sh(status), 60)


def told(world: World, since: int) -> list[Json]:
    """The messages about the unit after the first `since`, edits as messages of their own."""
    said = world.telegram.messages(ADMIN)[since:]
    return [one for one in said if "se detuvo" in str(one["rendered"]) or "vuelve a funcionar" in str(one["rendered"])]


def rung(world: World, since: int) -> list[str]:
    """The first line that tells, of each message that rang."""
    return [
        "died" if "se detuvo" in str(one["rendered"]) else "back"
        for one in told(world, since)
        if one["method"] == "sendMessage"
    ]


def counted(world: World, since: int) -> list[int]:
    """The ends that each message counts."""
    return [
        int(number) for one in told(world, since) for number in re.findall(r"Caídas: (\d+) en", str(one["rendered"]))
    ]


def test_a_killed_child_is_one_alarm_and_its_download_is_finished(quiet: World) -> None:
    since = len(quiet.telegram.messages(ADMIN))
    quiet.local.fault("getFile", "stall", times=1, seconds=30)
    begun = f"journalctl -q -o cat -u {UNIT} TRAFICO_EVENTO=inicio TRAFICO_MODELO=bruma | wc -l"
    before = int(quiet.machine.sh(begun))
    original = quiet.video("bruma", mode=READABLE)
    quiet.machine.wait_for("its download has begun", lambda: int(quiet.machine.sh(begun)) > before, 20)
    quiet.machine.sh(f"kill -9 $({CHILD})")
    incident = quiet.incident("bruma", "otro", "solucionado")
    proven(quiet, incident, original)
    assert len([i for i in quiet.incidents() if i["modelo"] == "bruma" and i["error_type"] == "otro"]) == 1
    quiet.machine.wait_for("the alarm and its end", lambda: len(rung(quiet, since)) == 2, 40)
    assert rung(quiet, since) == ["died", "back"]


def test_a_crash_loop_with_exit_0_is_one_message_that_counts(quiet: World) -> None:
    since = len(quiet.telegram.messages(ADMIN))
    loop = "ExecStart=\nExecStart=/bin/sh -c 'sleep 0.5; exit 0'\nRestart=always\nRestartSec=300ms\n"
    drop_in(quiet, f"[Unit]\nStartLimitIntervalSec=30\nStartLimitBurst=6\n[Service]\n{loop}")
    begin = quiet.machine.sh("date +%s")
    quiet.machine.sh(f"systemctl reset-failed {UNIT}; systemctl restart {UNIT}")
    quiet.machine.wait_for(
        "systemd gives up", lambda: "failed" in quiet.machine.sh(f"systemctl is-active {UNIT} || true"), 40
    )
    said = f"journalctl -q -o cat _PID=1 UNIT={UNIT} --since @{begin} | grep -c 'Scheduled restart job'"
    ends = int(quiet.machine.sh(said))
    assert ends >= 5
    given_up = "ya no lo vuelve a arrancar"
    quiet.machine.wait_for(
        "that is told", lambda: any(given_up in str(one["rendered"]) for one in told(quiet, since)), 40
    )
    # The end of another test, whose recovery has not lasted, is counted with them.
    assert max(counted(quiet, since)) >= ends
    assert rung(quiet, since) == ["died"]
    drop_in(quiet, "[Service]\nRestart=always\nRestartSec=1\n")
    quiet.machine.sh(f"systemctl reset-failed {UNIT}")
    quiet.bot(**INSTRUMENTED)
    quiet.machine.wait_for("its end", lambda: len(rung(quiet, since)) == 2, 40)
    assert rung(quiet, since) == ["died", "back"]


def test_a_stop_and_a_restart_by_a_job_are_no_alarm(quiet: World) -> None:
    since = len(quiet.telegram.messages(ADMIN))
    pid = quiet.machine.sh(CHILD)
    quiet.machine.sh(f"systemctl restart {UNIT}", seconds=40)
    quiet.machine.wait_for("another one runs", lambda: quiet.machine.sh(CHILD) != pid, 20)
    quiet.machine.sh(f"systemctl stop {UNIT}", seconds=40)
    stopped = f"journalctl -q -o cat -u trafico-monitor --since '-30s' | grep -c '{UNIT} detenido' || true"
    quiet.machine.wait_for("both stops are on record", lambda: int(quiet.machine.sh(stopped)) >= 2, 20)
    quiet.bot(**INSTRUMENTED)
    started = "journalctl -q -o cat -u trafico-monitor --since '-10s' | grep -c 'iniciado' || true"
    quiet.machine.wait_for("its start is on record", lambda: int(quiet.machine.sh(started)) >= 1, 20)
    assert told(quiet, since) == []
