"""Ten thousand hostile lines against the running service: nothing else changes, nothing leaks."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.checker import Entry, changed, plays, sha256, snapshot
from tests.standin import media

from .hostile import HEALTHY, LAST_MODELO, OFFERED, PLANTED, PLAYER, SECRETS, SYSTEM_FILES, said
from .world import ADMIN, BOT_API, LOGS, PROJECT, STATE, TOKEN, World

MODELOS = f"{PROJECT}/modelos"
VICTOR, SERVER = 1000, 101
SECONDS = 300.0  # until everything that can be tried was tried, on a slow machine
# Mounts that the host does not see, and what runs by itself beside the monitor.
NOT_LOOKED_AT = ("proc", "sys", "dev", "run", "tmp")
OWN = (
    STATE, LOGS, "/var/lib/trafico-monitor-access",  # the monitor's state, logs, and the helper's notes
    "/var/log/journal", "/var/lib/systemd", "/var/lib/docker", "/var/lib/containerd", "/var/log/wtmp",
    "/var/log/lastlog", "/var/cache", "/var/tmp", "/var/lib/stand-in-telegram",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Siege:
    before: Mapping[str, Entry]
    after: Mapping[str, Entry]
    first_message: int
    first_call: int


def _plant(world: World) -> None:
    """Healthy videos of other modelos, and links that the two directories' users could make."""
    machine = world.machine
    for number, inside in enumerate((*HEALTHY, *OFFERED), 1):
        target = machine.path(inside)
        machine.sh(f"install -d {target.parent.relative_to(machine.root).as_posix().join(('/', ''))}")
        shutil.copy(media.video(world.media, seed=500 + number, seconds=1), target)
    for link, aim in PLANTED.items():
        machine.sh(f"ln -sfn {aim} '{link}'")
    machine.sh(
        f"chown -hR 101:101 {BOT_API}/{TOKEN}; chmod 640 {' '.join(OFFERED)}; chown -hR victor:victor {MODELOS}"
        f"; mkfifo {MODELOS}/luna/tubo.mp4; chown victor {MODELOS}/luna/tubo.mp4"
        "; for f in /root/secreto.mp4 /home/victor/privado.mp4; do head -c 9999 /dev/urandom > $f; done"
        "; install -d -m 700 -o victor /home/victor/.ssh; echo x > /home/victor/.ssh/authorized_keys"
    )


def _watch_arguments(world: World) -> None:
    """mediainfo as it is, but each call's arguments are noted: all users could read them."""
    machine = world.machine
    machine.sh(f"mv /usr/bin/mediainfo /usr/bin/mediainfo.real; install -m 666 /dev/null {STATE}/arguments")
    wrapper = machine.path("/usr/bin/mediainfo")
    wrapper.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {STATE}/arguments\nexec /usr/bin/mediainfo.real "$@"\n')
    wrapper.chmod(0o755)


@pytest.fixture(scope="module")
def siege(world: World) -> Iterator[Siege]:
    machine = world.machine
    machine.sh("docker start telegram-bot-api", seconds=40)
    world.local.wait_ready(20)
    world.local.clear()
    _plant(world)
    machine.sh("systemctl stop trafico-main.service trafico-monitor", seconds=40)
    _watch_arguments(world)
    quick = machine.path("/etc/trafico-monitor/conf.d/70-hostile.toml")
    quick.write_text("[retry]\nbackoff = [0.1, 0.1, 0.1]\nlate = []\n[alerts]\nmaintenance = 0\n")
    machine.path("/opt/hostile.frames").write_bytes(b"".join(one.frame for one in said()))
    machine.path(f"{PROJECT}/bot_central.py").write_text(PLAYER)
    drop_in = machine.path("/etc/systemd/system/trafico-main.service.d/hostile.conf")
    drop_in.parent.mkdir(exist_ok=True)
    drop_in.write_text(
        f"[Service]\nExecStart=\nExecStart=/usr/bin/python3 {PROJECT}/bot_central.py\nRestart=no\n"
        "LogRateLimitIntervalSec=0\n"
    )
    machine.sh("systemctl daemon-reload; systemctl start trafico-monitor", seconds=40)
    _quiet(world)
    messages, calls = len(world.telegram.messages(ADMIN)), len(world.telegram.calls())
    before = _tree(world)
    machine.sh("systemctl start trafico-main.service")
    machine.wait_for("the last line is read", lambda: _last(world), SECONDS)
    _quiet(world)
    yield Siege(before, _tree(world), messages, calls)
    machine.sh("systemctl stop trafico-main.service; mv /usr/bin/mediainfo.real /usr/bin/mediainfo")
    drop_in.unlink()
    quick.unlink()
    machine.sh(
        f"systemctl daemon-reload; rm -f {MODELOS}/luna/tubo.mp4 {' '.join(repr(link) for link in PLANTED)}"
        "; systemctl restart trafico-monitor", seconds=40,
    )  # fmt: skip


def _last(world: World) -> bool:
    return any(record["modelo"] == LAST_MODELO for record in world.all_records())


def _quiet(world: World) -> None:
    """Every line is read and every order has run. (What is to be told of it goes on for minutes.)"""

    def quiet() -> bool:
        status = json.loads(world.machine.run("trafico-monitor", "status", "--json").output)
        busy = [one for one in world.incidents() if one["estado"] in ("detectado", "reintentando")]
        return bool(status["orders"] == 0 and status["lag"] == 0.0 and not busy)

    world.machine.wait_for("the monitor has done all it can", quiet, SECONDS)


def _tree(world: World) -> dict[str, Entry]:
    inside = (MODELOS.lstrip("/"), BOT_API.lstrip("/"))
    root = world.machine.root

    def read(path: Path) -> bool:
        name = str(path.relative_to(root))
        return name.startswith(inside) or f"/{name}" in SYSTEM_FILES

    return snapshot(root, read=read, leave_out=NOT_LOOKED_AT)


def test_nothing_outside_the_two_directories_has_changed(siege: Siege) -> None:
    others = {
        name: what
        for name, what in changed(siege.before, siege.after).items()
        if not f"/{name}".startswith((MODELOS, BOT_API, *OWN))
    }
    assert others == {}


def test_no_file_that_was_there_has_changed_or_gone(siege: Siege) -> None:
    """Whole or not: what lies in the two directories keeps its name and its content; a file of
    the server's may only be handed over."""
    for name, was in siege.before.items():
        if f"/{name}".startswith((MODELOS, BOT_API)) and was.kind in ("file", "link", "other"):
            now = siege.after.get(name)
            assert now is not None, f"{name} is gone"
            assert (now.kind, now.size, now.content) == (was.kind, was.size, was.content), name
            assert now.mtime_ns == was.mtime_ns, name


def test_healthy_videos_still_play_and_belong_to_whom_they_may(world: World, siege: Siege) -> None:
    for number, inside in enumerate((*HEALTHY, *OFFERED), 1):
        video = world.machine.path(inside)
        assert plays(video) == []
        assert sha256(video) == sha256(media.video(world.media, seed=500 + number, seconds=1))
        assert video.stat().st_uid in ((VICTOR,) if inside in HEALTHY else (VICTOR, SERVER))


def test_what_is_new_is_the_monitors_own_kind_of_thing(world: World, siege: Siege) -> None:
    """New in the two directories: folders of modelos, whole copies, and the monitor's notes beside
    them, which the bot's user can read; no link, no half file."""
    new = {name: siege.after[name] for name, what in changed(siege.before, siege.after).items() if what == ("new",)}
    inside = {name: entry for name, entry in new.items() if f"/{name}".startswith((MODELOS, BOT_API))}
    assert {entry.kind for entry in inside.values()} <= {"file", "folder"}
    assert [name for name in inside if ".trafico-" in name] == []
    others = [name for name, entry in inside.items() if entry.uid != VICTOR]
    assert [name for name in others if "/_rescatados/" not in name or not name.endswith(".mp4.json")] == []
    for name in others:
        assert world.machine.run("runuser", "-u", "victor", "--", "cat", f"/{name}", check=False).code == 0, name
    offered = {siege.before[path.lstrip("/")].content for path in (*HEALTHY, *OFFERED)}
    videos = {name for name, entry in inside.items() if entry.kind == "file" and not name.endswith(".json")}
    assert [name for name in videos if inside[name].content not in offered] == []


def _told(world: World, siege: Siege) -> list[str]:
    return [str(message["text"]) for message in world.telegram.messages(ADMIN)[siege.first_message :]]


def test_every_message_was_valid(world: World, siege: Siege, capsys: pytest.CaptureFixture[str]) -> None:
    """The server, which knows Telegram's rules, has refused none; the world's end looks once more."""
    world.machine.wait_for("a digest of the storm", lambda: [m for m in _told(world, siege) if "juntos" in m])
    calls, told = world.telegram.calls()[siege.first_call :], world.telegram.messages(ADMIN)[siege.first_message :]
    with capsys.disabled():
        incidents = len({record["incidente"] for record in world.all_records()})
        name = world.machine.release
        print(f"\nhostile lines on {name}: {incidents} incidents so far, {len(told)} messages, all valid")
    told_to = [call for call in calls if call["method"].lower() != "getupdates"]  # open as long as nobody answers
    refused = [call for call in told_to if call["status"] != 200 and "not modified" not in str(call["description"])]
    assert refused == []
    written = [message for message in told if message["method"] in ("sendMessage", "editMessageText")]
    assert [message["text"] for message in written if message["parse_mode"] != "HTML"] == []


def test_no_secret_is_shown_anywhere(world: World, siege: Siege) -> None:
    machine = world.machine
    places = {
        "logs and database": f"cat {LOGS}/* {STATE}/monitor.db*",
        "arguments": f"cat {STATE}/arguments",
        # With what sudo says of the monitor's calls; of its own the bot names the token itself.
        "journal": "journalctl -q -o export -u trafico-monitor",
        "helper": "journalctl -q -o export SYSLOG_IDENTIFIER=trafico-monitor-chown",
        "process": "cd /proc/$(systemctl show -p MainPID --value trafico-monitor); cat cmdline environ",
        "commands": "trafico-monitor incidents --json; trafico-monitor report; trafico-monitor rules unknown",
    }
    for place, command in places.items():
        shown = machine.run("sh", "-c", command, seconds=60).output
        assert shown or place == "arguments", place  # no word of a stranger has a file judged any more
        assert [secret for secret in SECRETS if secret in shown] == [], place
    everything = json.dumps(world.telegram.messages(ADMIN)[siege.first_message :])
    assert [secret for secret in SECRETS if secret in everything] == []


def test_no_claim_rests_on_a_line_alone(world: World, siege: Siege) -> None:
    """`solucionado` says what was seen on disk or at the server, and that is so."""
    for incident in world.incidents():
        if incident["estado"] != "solucionado" or incident["error_type"] in ("servidor_caido", "disco_lleno"):
            continue
        files = [one["value"] for one in incident["evidence"] if one["what"] in ("file", "folder") and one["ok"]]
        assert files, incident
        assert all(world.machine.path(file).exists() for file in files), incident


def test_the_service_is_as_before(world: World, siege: Siege) -> None:
    machine = world.machine
    assert machine.sh("systemctl show -p NRestarts --value trafico-monitor") == "0"
    assert json.loads(machine.path(f"{LOGS}/descarga_errors.json").read_text())
    assert machine.sh(f"sqlite3 {STATE}/monitor.db 'PRAGMA integrity_check' 2>/dev/null || echo ok") == "ok"
