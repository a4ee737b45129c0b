"""The six errors, each broken for real on a booted Debian and repaired by the installed service.

For each: the file on disk with owner, size and media check, the JSON records, the journal entries,
and the Telegram message as the server received it.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from ..standin.media import is_whole
from .world import BOT_API, LOGS, PROJECT, STATE, TOKEN, Json, World

READABLE = 0o644
VICTOR = 1000


@pytest.fixture(autouse=True)
def _mended(world: World) -> None:
    """Whatever the test before has broken and not mended."""
    world.machine.sh("docker start telegram-bot-api", seconds=40)
    world.local.wait_ready(20)
    world.local.clear()


def proven(world: World, incident: Json, original: Path) -> Path:
    """The independent judge: the file is where it belongs, the same bytes, the bot's own."""
    video = world.machine.path(f"{PROJECT}/modelos/{incident['modelo']}/{incident['video']}")
    assert digest(video) == digest(original)
    assert is_whole(video)
    assert video.stat().st_uid == VICTOR
    assert world.machine.run("runuser", "-u", "victor", "--", "cat", str(inside(world, video)), check=False).code == 0
    return video


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def inside(world: World, path: Path) -> Path:
    return Path("/") / path.relative_to(world.machine.root)


def recorded(world: World, incident: Json, *estados: str) -> None:
    """The JSON has the mission's nine keys in their order, the journal the same story."""
    records = world.records(incident["id"])
    assert list(records[0])[:9] == [
        "timestamp", "modelo", "video", "error_type", "error_message", "accion", "estado", "intento", "max_intentos",
    ]  # fmt: skip
    seen = [record["estado"] for record in records]
    assert [estado for estado in estados if estado not in seen] == []
    assert seen[-1] == estados[-1]
    entries = world.journal(incident["id"])
    assert {entry["TRAFICO_ESTADO"] for entry in entries} >= set(estados)
    assert all(len(entry["MESSAGE_ID"]) == 32 for entry in entries)


def test_timeout_of_a_stalled_server_is_downloaded_again(world: World) -> None:
    world.bot(exact=True, STANDIN_READ_TIMEOUT="2")
    world.local.fault("getFile", "stall", times=1, seconds=30)
    original = world.video("victor", mode=READABLE)
    incident = world.incident("victor", "timeout", "solucionado")
    proven(world, incident, original)
    recorded(world, incident, "detectado", "reintentando", "solucionado")
    assert world.messages(incident["id"]) == []  # the table: only when three attempts failed


def test_timeout_without_a_word_about_the_file_fails_with_that_reason(world: World) -> None:
    world.bot(STANDIN_READ_TIMEOUT="2")
    world.local.fault("getFile", "stall", times=1, seconds=30)
    world.video("victor", mode=READABLE)
    found = world.machine.wait_for(
        "an incident without names",
        lambda: [i for i in world.incidents() if i["modelo"] is None and i["error_type"] == "timeout"],
    )
    assert isinstance(found, list)
    assert found[0]["estado"] == "pendiente"
    assert found[0]["reason"] == "no_download_data"


def test_missing_folder_is_made_and_the_video_put_into_it(world: World) -> None:
    world.bot(exact=True)
    world.local.fault("getFile", "slow", times=1, seconds=3)
    original = world.video("yic", mode=READABLE)
    world.wait_asked()
    world.machine.sh(f"rm -r {PROJECT}/modelos/yic")
    incident = world.incident("yic", "ruta_inexistente", "solucionado")
    proven(world, incident, original)
    assert world.machine.path(f"{PROJECT}/modelos/yic").stat().st_uid == VICTOR
    recorded(world, incident, "detectado", "pendiente", "reintentando", "solucionado")
    assert world.messages(incident["id"]) == []  # the table: not told


def test_corrupt_file_is_quarantined_and_downloaded_again(world: World) -> None:
    world.bot(exact=True)
    world.local.fault("getFile", "truncate", times=1, keep=100_000)
    original = world.video("luna", mode=READABLE)
    incident = world.incident("luna", "corrupto", "solucionado")
    proven(world, incident, original)
    recorded(world, incident, "detectado", "solucionado")
    left = world.machine.sh(f"find {PROJECT}/modelos/_cuarentena -type f -name '*{incident['id']}'")
    assert left  # for its time, also after the proof
    told = world.machine.wait_for("it is told", lambda: world.messages(incident["id"]), 20)
    assert isinstance(told, list)
    assert "corrupto" in str(told[0]["text"])
    assert "luna" in str(told[0]["text"])


def test_a_second_download_that_is_corrupt_too_fails_loudly_and_loses_nothing(world: World) -> None:
    world.bot(exact=True)
    world.local.fault("getFile", "truncate", keep=100_000)
    world.video("mar", mode=READABLE)
    incident = world.incident("mar", "corrupto", "fallido", 60)
    assert incident["intento"] == 3
    recorded(world, incident, "detectado", "reintentando", "fallido")

    def told() -> list[str]:
        return [str(message["text"]) for message in world.messages(incident["id"])]

    world.machine.wait_for("its end is told", lambda: any("❌" in text for text in told()), 20)
    assert any("corrupto" in text for text in told())
    kept = world.machine.sh(f"find {PROJECT}/modelos/_cuarentena -name '*{incident['id']}'")
    assert kept  # the bad file is still there: nothing was deleted without a replacement
    assert not world.machine.path(f"{PROJECT}/modelos/mar/{incident['video']}").exists()


def test_a_failure_while_the_monitor_was_stopped_is_found_afterwards(world: World) -> None:
    world.bot(exact=True)
    world.machine.sh("systemctl stop trafico-monitor")
    world.local.fault("getFile", "slow", times=1, seconds=3)
    original = world.video("sol", mode=READABLE)
    world.wait_asked()
    world.machine.sh(f"mv {PROJECT}/modelos/sol /root/sol-away")
    said = "journalctl -q -o cat -u trafico-main | grep -c 'No such file.*modelos/sol/' || true"
    world.machine.wait_for("the bot has failed", lambda: int(world.machine.sh(said)) > 0)
    world.machine.sh("journalctl --rotate")
    world.machine.sh("systemctl start trafico-monitor", seconds=40)
    incident = world.incident("sol", "ruta_inexistente", "solucionado")
    proven(world, incident, original)
    world.machine.sh(f"cp /root/sol-away/config.json {PROJECT}/modelos/sol/")


def test_reload_takes_the_new_configuration_and_refuses_a_wrong_one(world: World) -> None:
    pid = world.machine.sh("systemctl show -p MainPID --value trafico-monitor")
    drop_in = world.machine.path("/etc/trafico-monitor/conf.d/90-reload.toml")
    drop_in.write_text('language = "en"\n')
    world.machine.sh("systemctl reload trafico-monitor")
    world.machine.wait_for(
        "english", lambda: "Watching" in world.machine.sh("systemctl show -p StatusText trafico-monitor")
    )
    drop_in.write_text("[checks]\ninterval = 0\n")
    world.machine.sh("systemctl reload trafico-monitor")
    said = "journalctl -q -o cat -u trafico-monitor -n 30"
    world.machine.wait_for("the refusal", lambda: "90-reload.toml" in world.machine.sh(said))
    drop_in.unlink()
    world.machine.sh("systemctl reload trafico-monitor")
    world.machine.wait_for(
        "spanish", lambda: "Vigilando" in world.machine.sh("systemctl show -p StatusText trafico-monitor")
    )
    assert world.machine.sh("systemctl show -p MainPID --value trafico-monitor") == pid


def test_unreadable_file_of_the_server_is_handed_over_and_copied(world: World) -> None:
    world.bot(exact=True)
    original = world.video("nadia")  # uid 101, mode 0640: what the real user met most often
    incident = world.incident("nadia", "permisos", "solucionado")
    proven(world, incident, original)
    recorded(world, incident, "detectado", "pendiente", "solucionado")
    source = world.machine.path(f"{BOT_API}/{TOKEN}/videos/file_{100 + world.sent}.mp4")
    assert source.stat().st_uid == VICTOR


def test_full_disk_is_told_and_the_download_resumes_when_there_is_space(world: World) -> None:
    folder = f"{PROJECT}/modelos/full"
    world.machine.sh(
        f"cp {folder}/config.json /root/full.json && mount -t tmpfs -o size=8m,uid=1000,mode=755 tmpfs {folder}"
    )
    world.machine.sh(f"cp /root/full.json {folder}/config.json && chown victor {folder}/config.json")
    world.machine.sh(f"head -c 8M /dev/zero > {folder}/ballast 2>/dev/null || true")
    world.bot(exact=True)
    original = world.video("full", mode=READABLE)
    waiting = world.incident("full", "disco_lleno", "pendiente")
    told = world.machine.wait_for("the alarm", lambda: world.messages(waiting["id"]), 20)
    assert isinstance(told, list)
    assert "CRÍTICO" in str(told[0]["text"]).upper()
    world.machine.sh(f"rm {folder}/ballast")
    incident = world.incident("full", "disco_lleno", "solucionado")
    video = world.machine.sh(f"sha256sum {folder}/{incident['video']}").split()[0]
    assert video == digest(original)
    assert world.machine.sh(f"stat -c %u {folder}/{incident['video']}") == str(VICTOR)
    recorded(world, incident, "detectado", "pendiente", "solucionado")
    world.machine.sh(f"umount {folder}")


def test_dead_server_is_told_by_another_way_and_closed_when_it_answers(world: World) -> None:
    world.bot()
    world.machine.sh("docker stop -t 1 telegram-bot-api", seconds=40)
    down = world.machine.wait_for(
        "the outage is known",
        lambda: [i for i in world.incidents() if i["error_type"] == "servidor_caido" and i["estado"] != "solucionado"],
    )
    assert isinstance(down, list)
    told = world.machine.wait_for("the alarm", lambda: world.messages(down[0]["id"]), 20)
    assert isinstance(told, list)
    assert "CRÍTICO" in str(told[0]["text"]).upper()
    world.machine.wait_for(
        "the container's end is told",
        lambda: "contenedor telegram-bot-api: parado" in world.machine.sh("trafico-monitor status"),
    )
    world.machine.sh("docker start telegram-bot-api", seconds=40)

    def solved() -> list[Json]:
        return [i for i in world.incidents() if i["id"] == down[0]["id"] and i["estado"] == "solucionado"]

    found = world.machine.wait_for("the outage is over", solved, 60)
    assert isinstance(found, list)
    assert any(each["what"] == "server" and each["ok"] for each in found[0]["evidence"])
    assert len([i for i in world.incidents() if i["error_type"] == "servidor_caido"]) == 1
    recorded(world, found[0], "detectado", "pendiente", "solucionado")


def test_a_crash_of_the_bot_is_told_at_once(world: World) -> None:
    world.bot()
    world.machine.sh("systemctl kill --signal=KILL trafico-main.service")
    world.telegram.wait_message("trafico-main.service", 20)


def test_kill_minus_nine_in_the_middle_loses_nothing_and_does_nothing_twice(world: World) -> None:
    world.bot(STANDIN_STRUCTURED="1", STANDIN_READ_TIMEOUT="2")
    # The bot's own request and the first of the monitor: it is in the middle for as long as it is looked at.
    world.local.fault("getFile", "stall", times=2, seconds=30)
    original = world.video("sol", mode=READABLE)
    world.incident("sol", "timeout", "reintentando")
    world.machine.sh("systemctl kill --signal=KILL --kill-whom=main trafico-monitor 2>/dev/null"
                     " || systemctl kill --signal=KILL trafico-monitor")  # fmt: skip
    incident = world.incident("sol", "timeout", "solucionado")
    proven(world, incident, original)
    of_sol = [i for i in world.incidents() if (i["modelo"], i["error_type"]) == ("sol", "timeout")]
    assert len(of_sol) == 1
    numbers = [
        record["registro"] for record in json.loads(world.machine.path(f"{LOGS}/descarga_errors.json").read_text())
    ]
    assert len(numbers) == len(set(numbers))


def test_a_hostile_name_touches_nothing_and_breaks_nothing(world: World) -> None:
    before = world.machine.sh("find / -xdev -newer /etc/hostname -path '*/_pwned*' | sort")
    said = [
        "INFO:__main__:📥 Video recibido de ../../etc",
        "INFO:__main__:✅ Video recibido: ../../../root/_pwned.mp4",
        "ERROR:__main__:❌ Error al copiar: [Errno 2] No such file or directory: '../../../../root/_pwned.mp4'",
        f"INFO:__main__:📥 Copiando desde: {BOT_API}/../../../etc/shadow",
        f"ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '{BOT_API}/../../../etc/shadow'",
        f"INFO:__main__:📥 Copiando desde: {BOT_API}/{TOKEN}/videos/shadow.mp4",
        f"ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '{BOT_API}/{TOKEN}/videos/shadow.mp4'",
        f"ERROR:__main__:❌ Archivo corrupto: modelos/<b>mar</b>/{'x' * 300}.mp4 bot{TOKEN} (1 de 2 bytes)",
    ]
    world.machine.path(f"{PROJECT}/bot_central.py").write_text(
        "import sys, time\nsys.stdout.buffer.write(open('/opt/said', 'rb').read())\n"
        "sys.stdout.flush()\ntime.sleep(1)\n"
    )
    trap = f"{BOT_API}/{TOKEN}/videos/shadow.mp4"
    folder = f"{BOT_API}/{TOKEN}/videos"
    world.machine.sh(f"install -d -o 101 -g 101 {folder}; ln -sfn /etc/shadow {trap}; chown -h 101:101 {trap}")
    raw = [line.encode() for line in said]
    raw[3:3] = [b"ERROR:__main__:\xff\xfe\x00\x1b[2J %s %n {0}", b"INFO:__main__:" + b"A" * 1_000_000]
    world.machine.path("/opt/said").write_bytes(b"\n".join(raw) + b"\n")
    world.machine.sh("systemctl stop trafico-main.service")
    _print_as_the_bot(world)
    world.machine.wait_for(
        "the last line was read", lambda: [i for i in world.incidents() if "mar" in str(i["lines"])]
    )
    world.machine.wait_for(
        "what can be tried was tried",
        lambda: not [i for i in world.incidents() if i["estado"] in ("detectado", "reintentando")],
    )
    assert world.machine.sh("find / -xdev -newer /etc/hostname -path '*/_pwned*' | sort") == before
    assert world.machine.sh("stat -c '%a %U' /etc/shadow") == "640 root"
    everything = world.machine.sh(f"cat {LOGS}/* {STATE}/monitor.db*; journalctl -q -o export -u trafico-monitor")
    assert TOKEN not in everything
    assert TOKEN.split(":")[1] not in everything


def _print_as_the_bot(world: World) -> None:
    folder = world.machine.path("/etc/systemd/system/trafico-main.service.d")
    folder.mkdir(exist_ok=True)
    (folder / "hostile.conf").write_text(
        f"[Service]\nExecStart=\nExecStart=/usr/bin/python3 {PROJECT}/bot_central.py\nRestart=no\n"
    )
    world.machine.sh("systemctl daemon-reload; systemctl start trafico-main.service")
    (folder / "hostile.conf").unlink()
    world.machine.sh("systemctl daemon-reload")


def test_no_solved_incident_is_without_its_proof(world: World) -> None:
    """The last word, over everything that the tests before have made."""
    for incident in world.incidents():
        if incident["estado"] == "solucionado":
            assert [e for e in incident["evidence"] if e["ok"]], incident
            assert all(e["ok"] for e in incident["evidence"]), incident
    assert world.machine.sh("systemctl --failed --no-legend | grep -v trafico-main || true") == ""
