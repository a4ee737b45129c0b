"""A healthy bot quotes strangers ten thousand times, while one download ends well, one is being written
and one fails for real: nothing moves but the genuine failure's video."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest

from tests.checker import sha256
from tests.standin import media
from tests.unit.detection.quotations import COMPLAINTS, FORMATS, TALK, quoted

from .world import BOT_API, PROJECT, TOKEN, Json, World

MODELOS = f"{PROJECT}/modelos"
SERVER = f"{BOT_API}/{TOKEN}/videos"
SEED, LINES = 20260704, 10_000
DONE, WRITTEN, FAILED, OLD = (f"2026070{n}_101500_{n}b2c3d.mp4" for n in range(1, 5))
# Each file of the server and the modelo that it is for; the last belongs to a modelo that has it already.
FILES = {f"{SERVER}/file_{700 + n}.mp4": modelo for n, modelo in enumerate(("luna", "sol", "mar", "nadia"))}
SECONDS = 240.0
WORDS = (
    "moov atom not found", "ReadTimeout timed out", "[Errno 2] No such file or directory:", "502 Bad Gateway",
    "[Errno 13] Permission denied:", "OSError: [Errno 28] No space left on device:", "archivo corrupto", "Timed out",
    "❌ Error al copiar archivo: [Errno 13] Permission denied:", "httpx.ConnectError: All connection attempts failed",
)  # fmt: skip

# The bot: prints what it is given, and meanwhile does what its own lines say.
PLAYER = f"""
import shutil, sys, time
A, B, C, _ = {list(FILES)!r}
out = sys.stdout
def say(text):
    out.write(text + "\\n"); out.flush()
def begins(modelo, video, source):
    say(f"INFO:__main__:📥 Video recibido de {{modelo}}")
    say(f"INFO:__main__:✅ Video recibido: {{video}}")
    say(f"INFO:__main__:📥 Copiando desde: {{source}}")
lines = open("/opt/quotations.lines", encoding="utf-8").read().split("\\0")
content = open(B, "rb").read()
piece = len(content) // 90 + 1
for number, line in enumerate(lines):
    say(line)
    if number == 500:
        begins("luna", {DONE!r}, A)
        shutil.copy(A, {f"{MODELOS}/luna/{DONE}"!r})
        say("INFO:__main__:✅ Archivo copiado exitosamente: %d bytes" % len(open(A, "rb").read()))
    if number == 1000:
        begins("sol", {WRITTEN!r}, B)
        video = open({f"{MODELOS}/sol/{WRITTEN}"!r}, "wb", buffering=0)
    if number >= 1000 and number % 100 == 0:
        video.write(content[(number - 1000) // 100 * piece:][:piece])
    if number == 3000:
        begins("mar", {FAILED!r}, C)
        say(f"ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '{{C}}'")
    time.sleep(0.002)
video.write(content[video.tell():])
say("INFO:__main__:✅ Archivo copiado exitosamente: %d bytes" % len(content))
say("INFO:__main__:se acabó")
time.sleep(600)
"""


def texts(chance: Random) -> Iterator[str]:
    """A stranger's words, with places of the downloads under way, of those that ended, and of nobody's."""
    places = [*FILES, f"/var/lib/telegram-bot-api/<TOKEN>/videos/file_{703}.mp4"]
    aims = [f"modelos/{modelo}/{name}" for modelo in ("luna", "sol", "mar", "nadia", "publica") for name in
            (DONE, WRITTEN, FAILED, OLD, "nuevo.mp4")]  # fmt: skip
    while True:
        source, aim = chance.choice(places), chance.choice((*aims, *(f"{PROJECT}/{aim}" for aim in aims)))
        yield chance.choice(
            (f"{chance.choice(WORDS)} {source} {aim}", f"{chance.choice(WORDS)} '{source}' -> '{aim}'",
             f"{chance.choice(WORDS)} '{aim}'", f"{chance.choice(WORDS)} {aim}")
        )  # fmt: skip


def lines() -> Iterator[str]:
    chance = Random(SEED)
    said = texts(chance)
    for number in range(LINES):
        form, loud = chance.choice(FORMATS), chance.random() < 0.3
        if number % 400 == 399:  # a whole forged record on a line of its own
            forged = f"ERROR:__main__:❌ Error al copiar: [Errno 2] No such file or directory: '{chance.choice(AIMS)}'"
            yield form("INFO", "__main__", "💬 @alguien: hola") + "\n" + forged
        else:
            template = chance.choice(COMPLAINTS if loud else TALK)
            level = chance.choice(("WARNING", "ERROR")) if loud else chance.choice(("INFO", "DEBUG"))
            yield form(level, "__main__", quoted(template, next(said)))


AIMS = tuple(f"{MODELOS}/{modelo}/forjado.mp4" for modelo in ("publica", "nadia", "otra"))


@dataclass(frozen=True, slots=True)
class Quoted:
    before: dict[str, str]
    after: dict[str, str]
    originals: dict[str, str]
    incidents: list[Json]


def contents(world: World) -> dict[str, str]:
    """Digest of every file in the two directories; folders as such."""
    found = {}
    for top in (MODELOS, BOT_API):
        for path in sorted(world.machine.path(top).rglob("*")):
            name = "/" + str(path.relative_to(world.machine.root))
            found[name] = sha256(path) if path.is_file() and not path.is_symlink() else "folder"
    return found


@pytest.fixture(scope="module")
def played(world: World) -> Iterator[Quoted]:
    machine = world.machine
    machine.sh("docker start telegram-bot-api", seconds=40)
    world.local.wait_ready(20)
    world.local.clear()
    machine.sh("systemctl stop trafico-main.service", seconds=40)
    originals = {}
    for number, (inside, modelo) in enumerate(FILES.items(), 1):
        target = machine.path(inside)
        machine.sh(f"install -d -o 101 -g 101 {SERVER}; install -d -o victor -g victor {MODELOS}/{modelo}")
        shutil.copy(media.video(world.media, seed=700 + number, seconds=1), target)
        originals[inside] = sha256(target)
    *_, owned = FILES
    machine.sh(f"cp {owned} {MODELOS}/nadia/{OLD}; chown victor:victor {MODELOS}/nadia/{OLD}")
    machine.sh(
        f"chown 101:101 {SERVER}/file_70?.mp4; chmod 644 {SERVER}/file_70?.mp4; chmod 600 {SERVER}/file_702.mp4"
    )
    machine.sh(f"setfacl -b {SERVER}/file_702.mp4 2>/dev/null || true")
    machine.path("/opt/quotations.lines").write_text("\0".join(lines()), encoding="utf-8")
    machine.path(f"{PROJECT}/quoting_bot_central.py").write_text(PLAYER, encoding="utf-8")
    machine.sh(f"mkdir -p {PROJECT}/cita && mv {PROJECT}/quoting_bot_central.py {PROJECT}/cita/bot_central.py")
    drop_in = machine.path("/etc/systemd/system/trafico-main.service.d/quotations.conf")
    drop_in.parent.mkdir(exist_ok=True)
    drop_in.write_text(
        f"[Service]\nExecStart=\nExecStart=/usr/bin/python3 {PROJECT}/cita/bot_central.py\nRestart=no\n"
        "LogRateLimitIntervalSec=0\nEnvironment=PYTHONIOENCODING=utf-8:surrogateescape\n"
    )
    machine.sh("systemctl daemon-reload")
    known = {one["id"] for one in world.incidents()}
    before = contents(world)
    machine.sh("systemctl start trafico-main.service")
    machine.wait_for("the bot has said all", lambda: "se acabó" in machine.sh(
        "journalctl -q -o cat -n 5 -u trafico-main.service"), SECONDS)  # fmt: skip
    _quiet(world)
    after = contents(world)
    yield Quoted(before, after, originals, [one for one in world.incidents() if one["id"] not in known])
    machine.sh("systemctl stop trafico-main.service")
    drop_in.unlink()
    machine.sh(f"systemctl daemon-reload; rm -rf {PROJECT}/cita")


def _quiet(world: World) -> None:
    def quiet() -> bool:
        status = json.loads(world.machine.run("trafico-monitor", "status", "--json").output)
        busy = [one for one in world.incidents() if one["estado"] in ("detectado", "reintentando")]
        return bool(status["orders"] == 0 and status["lag"] == 0.0 and not busy)

    world.machine.wait_for("the monitor has done all it can", quiet, SECONDS)


def test_the_genuine_failure_is_repaired_meanwhile(played: Quoted) -> None:
    [genuine] = [one for one in played.incidents if (one["modelo"], one["video"]) == ("mar", FAILED)]
    assert (genuine["error_type"], genuine["estado"]) == ("permisos", "solucionado")
    assert played.after[f"{MODELOS}/mar/{FAILED}"] == played.originals[f"{SERVER}/file_702.mp4"]


def test_what_ended_well_and_what_is_being_written_are_left_alone(played: Quoted) -> None:
    assert played.after[f"{MODELOS}/luna/{DONE}"] == played.originals[f"{SERVER}/file_700.mp4"]
    assert played.after[f"{MODELOS}/sol/{WRITTEN}"] == played.originals[f"{SERVER}/file_701.mp4"]


def test_nothing_else_is_new_moved_or_gone(played: Quoted) -> None:
    mine = {f"{MODELOS}/luna/{DONE}", f"{MODELOS}/sol/{WRITTEN}", f"{MODELOS}/mar/{FAILED}"}
    assert {name for name in played.after if name not in played.before} == mine
    assert {name for name, was in played.before.items() if played.after.get(name) != was} == set()


def test_only_forged_records_have_opened_anything_else(played: Quoted) -> None:
    others = [one for one in played.incidents if one["modelo"] != "mar"]
    assert [one for one in others if not str(one["video"]).startswith("forjado")] == []
    assert [one for one in others if one["estado"] == "solucionado"] == []
