"""The owner's own bot, unchanged, under the installed package: `python benchmarks/real_bot.py CHECKOUT`.

Takes a checkout of the bot's public repository, boots a Debian, installs trafico-monitor.deb (`make deb` first),
sets main.py up as a unit and breaks thirteen downloads. Nothing of the bot's is kept in this repository, and nothing
of it is changed: what it talks to (Bot API server on port 8081, Supabase) plays on loopback, and what it imports is
installed from the package index by `pip --target`. Needs root. A run takes about seven minutes: the bot waits two
of them for the answer of a server that hangs.

`--no-instrument`: from the bot's text alone. Then nothing may be claimed that is wrong, and what a person has to do
must be told. `--logs DIR`: the journal of each case that falls short. Exit status 1 when one does.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.standin import media  # noqa: E402
from tests.standin.project import FIRST_USER_ID  # noqa: E402
from tests.standin.receiver import Answer, Receiver  # noqa: E402
from tests.system import world as stage  # noqa: E402
from tests.system.machine import Machine, MachineError, booted  # noqa: E402
from tests.system.world import ADMIN, BOT_API, PROJECT, TOKEN, Json, World  # noqa: E402

PORT = 8081  # written into the bot
UNIT = "trafico-main.service"
VENV = "/home/victor/100-trafico/.venv"  # where main.py looks for it
PYTHON = {"bookworm": "3.11", "trixie": "3.13"}
IMPORTED = ("python-dotenv", "supabase")  # by bot_central and poster_prd, beside what requirements.txt pins
NAME = re.compile(r"\d{8}_\d{6}_[0-9a-f]{6}\.mp4")
SUDOERS = "/etc/sudoers.d/100trafico"
ALARMS = 2  # messages about one crash loop, its end included
PATIENCE = 40.0  # seconds from the failure to the end of its incident
LAST_WORD = 180.0  # seconds after the last case in which what is lost has to be told
READABLE = 0o644
OPEN = ("detectado", "pendiente", "reintentando")


@dataclass
class Sent:
    """A video that a modelo's user has sent."""

    modelo: str
    original: Path
    at: float


@dataclass
class Case:
    """`types` are those that the incident may have; `told`: the administrator hears of it, or not, or
    (None) both are right. `play` breaks one download and returns what was sent."""

    name: str
    types: frozenset[str]
    play: Callable[[Scene], list[Sent]]
    told: bool | None = False
    mend: Callable[[Scene], None] = lambda scene: None
    patience: float = PATIENCE


@dataclass
class Row:
    name: str
    problems: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    missing: bool = False  # a video does not lie in its modelo's folder


@dataclass
class Scene:
    world: World
    models: Sequence[str]
    number: int = 0

    def send(self, modelo: str, **more: object) -> Sent:
        self.number += 1
        original = media.video(self.world.media, seed=self.number, seconds=4)
        file_id = f"BAACAgREAL{self.number:04}"
        given = {"number": 100 + self.number, "mode": READABLE, **more}
        self.world.local.file(file_id, original, upload=True, **given)
        user = FIRST_USER_ID + self.models.index(modelo)
        self.world.local.video(file_id, user, modelo.capitalize(), token=TOKEN)
        return Sent(modelo, original, time.time())

    def fault(self, kind: str, *, times: int = 1, **more: object) -> None:
        self.world.local.fault("getFile", kind, times=times, **more)

    def asked(self, before: int) -> None:
        """Wait until the bot has sent a getFile since there were `before` of them."""
        self.world.machine.wait_for("getFile", lambda: self.asks() > before)

    def asks(self) -> int:
        return len(self.world.local.calls("getFile"))

    def while_it_waits(self, modelo: str, act: str, **more: object) -> Sent:
        """Run the shell script `act` while the server has not answered the bot's getFile yet."""
        self.fault("slow", seconds=2)
        before = self.asks()
        sent = self.send(modelo, **more)
        self.asked(before)
        self.world.machine.sh(act)
        return sent


def timeout(scene: Scene) -> list[Sent]:
    """The server works on it for longer than the bot waits, and for a while after that."""
    scene.fault("slow", seconds=128)
    sent = scene.send("tiempo")
    scene.world.machine.wait_for("the bot gives up", lambda: printed(scene, "TimedOut: Timed out"), 140)
    sent.at = time.time()
    return [sent]


def missing_folder(scene: Scene) -> list[Sent]:
    return [scene.while_it_waits("carpeta", f"rm -r {PROJECT}/modelos/carpeta")]


def damaged(scene: Scene) -> list[Sent]:
    scene.fault("damage")
    return [scene.send("roto")]


def short(scene: Scene) -> list[Sent]:
    scene.fault("truncate", keep=900_000)
    return [scene.send("corto")]


def closed(scene: Scene) -> list[Sent]:
    _as_before(scene)
    return [scene.send("cerrado", mode=0o640)]


def _as_before(scene: Scene) -> None:
    """Without the default ACL by which no new file of the server is unreadable any more."""
    scene.world.machine.sh(f"setfacl -R -b {BOT_API}")


def full(scene: Scene) -> list[Sent]:
    folder, kept = f"{PROJECT}/modelos/lleno", "/root/full.json"
    scene.world.machine.sh(
        f"cp {folder}/config.json {kept}; mount -t tmpfs -o size=12m,uid=1000,mode=755 tmpfs {folder}"
        f" && cp {kept} {folder}/config.json; head -c 12M /dev/zero > {folder}/ballast 2>/dev/null || true"
    )
    return [scene.send("lleno")]


def room_again(scene: Scene) -> None:
    scene.world.machine.sh(f"rm {PROJECT}/modelos/lleno/ballast")


def server_dies(scene: Scene) -> list[Sent]:
    scene.fault("stall", seconds=30)
    before = scene.asks()
    sent = scene.send("caido")
    scene.asked(before)
    scene.world.local.down()
    return [sent]


def server_comes(scene: Scene) -> None:
    scene.world.local.up()


def killed(scene: Scene) -> list[Sent]:
    return [scene.while_it_waits("muerto", "kill -9 $(pgrep -f [s]rc/project/bot_central.py)")]


def unavailable(scene: Scene) -> list[Sent]:
    words = "Bad Request: wrong file_id or the file is temporarily unavailable"
    scene.fault("status", status=400, description=words)
    return [scene.send("e400")]


def flood(scene: Scene) -> list[Sent]:
    scene.fault("status", status=429, retry_after=4)
    return [scene.send("e429")]


def gateway(scene: Scene) -> list[Sent]:
    scene.fault("status", status=502)
    return [scene.send("e502")]


def two(scene: Scene) -> list[Sent]:
    _as_before(scene)
    # Closed to its group as well: the first repair leaves a default ACL, by which the second would be no failure.
    return [scene.send("dos", mode=0o600), scene.send("tres", mode=0o600)]


def everything_gone(scene: Scene) -> list[Sent]:
    return [scene.while_it_waits("todo", f"umount {PROJECT}/modelos/lleno || true; rm -r {PROJECT}/modelos")]


def repairs_itself(scene: Scene) -> list[Sent]:
    """With the sudoers that the bot's own documents ask for."""
    _as_before(scene)
    rule = f"victor ALL=(ALL) NOPASSWD: /usr/bin/chmod * {BOT_API}/*"
    scene.world.machine.sh(f"echo '{rule}' > {SUDOERS} && chmod 440 {SUDOERS}")
    return [scene.send("sudo", mode=0o640)]


def no_sudoers(scene: Scene) -> None:
    scene.world.machine.sh(f"rm {SUDOERS}")


def crash_loop(scene: Scene) -> list[Sent]:
    """The poster dies without its credentials, main.py ends with status 0, systemd starts it again."""
    env = f"{PROJECT}/src/.env"
    scene.world.machine.sh(f"cp -p {env} /root/env; sed -i /SUPABASE/d {env}; systemctl restart {UNIT}")
    scene.world.machine.wait_for("restarts", lambda: restarts(scene) >= 5, 60)
    return []


def restarts(scene: Scene) -> int:
    return int(scene.world.machine.sh(f"systemctl show -p NRestarts --value {UNIT}"))


def no_crash(scene: Scene) -> None:
    scene.world.machine.sh(f"cp -p /root/env {PROJECT}/src/.env; systemctl restart {UNIT}")


ANSWERS = frozenset({"otro", "servidor_caido"})
CASES = (
    Case("timeout", frozenset({"timeout"}), timeout),
    Case("ruta_inexistente", frozenset({"ruta_inexistente"}), missing_folder),
    Case("corrupto", frozenset({"corrupto"}), damaged, told=True),
    Case("permisos", frozenset({"permisos"}), closed),
    Case("disco_lleno", frozenset({"disco_lleno"}), full, told=True, mend=room_again),
    Case("servidor_caido", frozenset({"servidor_caido", "timeout"}), server_dies, told=True, mend=server_comes),
    Case("copia corta", frozenset({"corrupto"}), short, told=True),
    Case("bot muerto", frozenset({"otro", "timeout"}), killed, told=True),
    Case("400", frozenset({"otro"}), unavailable),
    Case("429", frozenset({"otro"}), flood),
    Case("502", ANSWERS, gateway, told=None),
    Case("dos a la vez", frozenset({"permisos"}), two),
    Case("modelos/ borrado", frozenset({"ruta_inexistente"}), everything_gone),
)
MORE = (
    Case("bot se repara", frozenset({"permisos"}), repairs_itself, mend=no_sudoers),
    Case("bucle de caídas", frozenset(), crash_loop, told=True, mend=no_crash),
)
MODELOS = ("tiempo", "carpeta", "roto", "cerrado", "lleno", "caido", "corto", "muerto", "e400", "e429", "e502", "dos",
           "tres", "todo", "sudo")  # fmt: skip


def printed(scene: Scene, words: str) -> bool:
    said = scene.world.machine.run("journalctl", "-q", "-o", "cat", "-u", UNIT, check=False)
    return words in said.output


def videos(world: World) -> dict[str, str]:
    """Path below modelos/ → SHA-256, as the machine sees it (mounts included)."""
    script = f"cd {PROJECT}/modelos && find . -type f -name '*.mp4*' -exec sha256sum {{}} +"
    lines = world.machine.sh(script, check=False).splitlines()
    return {path.removeprefix("./"): digest for digest, path in (line.split(maxsplit=1) for line in lines)}


def messages(world: World) -> list[Json]:
    return world.telegram.messages(ADMIN)


def play(case: Case, scene: Scene, *, exact: bool) -> Row:
    world, row = scene.world, Row(case.name)
    known = {each["id"] for each in world.incidents()}
    before, told_before = videos(world), len(messages(world))
    sent = case.play(scene)

    def new() -> list[Json]:
        return [each for each in world.incidents() if each["id"] not in known]

    def ended() -> bool:
        found = new()
        enough = [each for each in found if each["error_type"] in case.types] if exact else found
        return len(enough) >= len(sent) and not [each for each in found if each["estado"] in OPEN]

    if case.told:
        wait(lambda: len(messages(world)) > told_before, case.patience / 2)
    case.mend(scene)
    wait(ended, case.patience)
    wait(lambda: all(place(world, each, before) for each in sent), 3 if exact else 0)
    row.told = [str(message["rendered"]) for message in messages(world)[told_before:]]
    found = new()
    row.incidents = [str(each["id"]) for each in found]
    for one in sent:
        judge(case, world, row, one, found, before, exact=exact)
    row.seconds = [duration(each) for each in found if each["estado"] == "solucionado"]
    alarms = {m["message_id"] for m in messages(world)[told_before:] if UNIT in str(m["rendered"])}
    if not sent and len(alarms) > ALARMS:  # a message may be edited as often as it counts on
        row.problems.append(f"{len(alarms)} avisos de un solo bucle")
    if exact and case.told and not row.told:
        row.problems.append("nadie lo supo")
    about = [text for text in row.told if any(each in text for each in row.incidents)]
    if exact and case.told is False and about and not row.problems:
        row.problems.append(f"dicho sin necesidad: {about[0].splitlines()[2]}")
    world.local.clear()
    return row


def wait(done: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            return False
        time.sleep(0.3)
    return True


def place(world: World, sent: Sent, before: dict[str, str]) -> str | None:
    """Where the whole video has come to lie in its modelo's folder."""
    wanted = hashlib.sha256(sent.original.read_bytes()).hexdigest()
    found = [path for path, digest in videos(world).items() if path not in before and digest == wanted]
    return next((path for path in found if path.startswith(f"{sent.modelo}/")), None)


def judge(
    case: Case, world: World, row: Row, sent: Sent, found: list[Json], before: dict[str, str], *, exact: bool
) -> None:
    """What fell short for one video: with instrumentation everything has to be exact; without it
    nothing may be claimed that is not so, and a video that is not there must have been told."""
    lies = place(world, sent, before)
    wanted = hashlib.sha256(sent.original.read_bytes()).hexdigest()
    strays = [
        path for path, digest in videos(world).items() if path not in before and digest == wanted and path != lies
    ]
    mine = [each for each in found if each["modelo"] == sent.modelo]
    row.shown += [f"{each['error_type']} {each['modelo']} {each['video']} {each['estado']}" for each in found]
    problems = [f"en otra carpeta: {path}" for path in strays if not path.startswith(("_rescatados/", "_cuarentena/"))]
    problems += claims(found, sent, lies, case)
    if exact:
        problems += [] if lies and NAME.fullmatch(lies.rpartition("/")[2]) else [f"vídeo no está: {strays}"]
        problems += exactness(case, mine, lies)
    row.missing |= lies is None
    rescued = any(path.startswith("_rescatados/") for path in strays)
    if lies is None and not rescued and found and all(each["estado"] == "solucionado" for each in found):
        problems.append("solucionado sin vídeo")
    row.problems += [problem for problem in problems if problem not in row.problems]


def exactness(case: Case, mine: list[Json], lies: str | None) -> Iterator[str]:
    if not mine:
        yield "sin incidente con su modelo"
        return
    if len(mine) > 1:
        yield f"{len(mine)} incidentes"
    incident = mine[-1]
    if incident["error_type"] not in case.types:
        yield f"tipo {incident['error_type']}"
    if incident["estado"] != "solucionado":
        yield f"estado {incident['estado']} ({incident['reason'] or incident['waiting_for']})"
    if lies and incident["video"] != lies.rpartition("/")[2]:
        yield f"nombre {incident['video']}"


def claims(found: list[Json], sent: Sent, lies: str | None, case: Case) -> Iterator[str]:
    """Of the incidents with a video in them: none is solved while nothing lies anywhere, none names another modelo."""
    for incident in found:
        if incident["modelo"] not in (None, "desconocido", *MODELOS):
            yield f"modelo inventado: {incident['modelo']}"
        if incident["modelo"] == sent.modelo and incident["estado"] == "solucionado" and lies is None:
            yield f"solucionado sin vídeo ({incident['error_type']})"


def told_at_last(world: World, rows: list[Row]) -> None:
    """By text alone much is only known to be lost when its time is over; that has to be told then."""

    def untold() -> list[Row]:
        texts = [str(message["rendered"]) for message in messages(world)]
        return [
            row
            for row in rows
            if row.missing and not row.told and not any(each in text for each in row.incidents for text in texts)
        ]

    wait(lambda: not untold(), LAST_WORD)
    for row in untold():
        row.problems.append("falta el vídeo y nadie lo supo")


def duration(incident: Json) -> float:
    """From the failure, as the monitor dates it, to the proof."""
    return round(float(str(incident["closed_at"] or 0)) - float(str(incident["opened_at"])), 2)


# -- the stage ------------------------------------------------------------------------------


def packages(checkout: Path, release: str) -> Path:
    """What the bot imports, for the Python of that release, as its requirements.txt asks for it."""
    target = ROOT / ".cache" / "real-bot" / release
    if not target.is_dir():
        pinned = [line.strip() for line in (checkout / "requirements.txt").read_text("utf-8-sig").splitlines()]
        asked = [line for line in pinned if line.startswith("python-telegram-bot")]
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target.with_suffix(".part"))]
        command += ["--only-binary=:all:", "--implementation=cp", "--platform=manylinux2014_x86_64"]
        command += [f"--python-version={PYTHON[release]}", *asked, *IMPORTED]
        installed = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if installed.returncode:
            raise RuntimeError(installed.stderr[-2000:])
        target.with_suffix(".part").rename(target)
    return target


@contextmanager
def supabase() -> Iterator[str]:
    """A database that is there and holds nothing."""
    with Receiver() as receiver:
        receiver.otherwise = Answer(headers={"Content-Type": "application/json"}, body=b"[]")
        yield receiver.url


def lay_out(machine: Machine, checkout: Path, database: str) -> None:
    project = machine.path(PROJECT)
    shutil.copytree(checkout, project, ignore=shutil.ignore_patterns(".git", "modelos", "*.mp4", "node_modules"))
    (project / "src" / ".env").write_text(
        f"TELEGRAM_TOKEN={TOKEN}\nADMIN_ID={ADMIN}\nAPI_ID=12345\nAPI_HASH=0123456789abcdef0123456789abcdef\n"
        f"USE_LOCAL_BOT_API=true\nTELEGRAM_BOT_API_LOCAL_URL=http://127.0.0.1:{PORT}\n"
        f"SUPABASE_URL={database}\nSUPABASE_ANON_KEY=eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoiYW5vbiJ9.c2lnbmF0dXJl\n"
    )
    for number, modelo in enumerate(MODELOS):
        folder = project / "modelos" / modelo
        folder.mkdir(parents=True)
        config = {"nombre": modelo, "telegram_user_id": str(FIRST_USER_ID + number)}
        (folder / "config.json").write_text(json.dumps(config))


def bot_unit(world: World, libraries: Path, *, exact: bool) -> None:
    """As packaging/systemd/trafico-main.service has it, in the venv that main.py wants."""
    machine = world.machine
    machine.sh(f"python3 -m venv --without-pip {VENV}")
    (site,) = machine.path(VENV).glob("lib/python*/site-packages")
    shutil.copytree(libraries, site, dirs_exist_ok=True)
    machine.sh(f"chown -R victor:victor {VENV}")
    unit = (ROOT / "packaging" / "systemd" / UNIT).read_text().replace("RestartSec=5", "RestartSec=2")
    machine.path(f"/etc/systemd/system/{UNIT}").write_text(unit)
    if exact:
        folder = machine.path(f"/etc/systemd/system/{UNIT}.d")
        folder.mkdir()
        (folder / "instrument.conf").write_text(
            "[Service]\nEnvironment=PYTHONPATH=/usr/lib/trafico-monitor/instrument\n"
            f"Environment=TRAFICO_MODELS_DIR={PROJECT}/modelos\n"
        )
    machine.sh("systemctl daemon-reload; adduser --quiet trafico-monitor docker; systemctl restart trafico-monitor")
    before = len(world.local.calls("getUpdates"))
    machine.sh(f"systemctl start {UNIT}")
    machine.wait_for("the bot polls", lambda: len(world.local.calls("getUpdates")) > before, 40)


def run(given: argparse.Namespace, release: str) -> list[Row]:
    libraries, exact = packages(given.checkout, release), not given.no_instrument
    rows = []
    with supabase() as database, booted(release) as machine:
        stage.add_user(machine)
        lay_out(machine, given.checkout, database)
        stage.hand_over(machine)
        package = (ROOT / "trafico-monitor.deb").resolve()
        world = stage.surround(machine, package, ROOT / ".cache" / "media", [PORT, *stage.free_ports(3)])
        bot_unit(world, libraries, exact=exact)
        scene = Scene(world, MODELOS)
        for case in (*CASES, *(MORE if given.more else ())):
            if given.only and case.name not in given.only:
                continue
            since = time.time()
            try:
                row = play(case, scene, exact=exact)
            except (AssertionError, MachineError, OSError) as error:
                row = Row(case.name, [f"{type(error).__name__}: {str(error)[:200]}"])
            rows.append(row)
            if exact:
                report(row)
            if given.logs and (row.problems or given.verbose):
                keep(
                    world,
                    given.logs / f"{release}-{'exact' if exact else 'text'}-{case.name.replace('/', '')}.log",
                    row,
                    since,
                )
        if not exact:
            told_at_last(world, rows)
            for row in rows:
                report(row)
    return rows


def report(row: Row) -> None:
    mark = "❌" if row.problems else "✅"
    took = ", ".join(f"{each:g} s" for each in row.seconds)
    print(f"{mark} {row.name:18} {took:14} {'dicho' if row.told else '':6} {'; '.join(row.problems)}")
    for shown in dict.fromkeys(row.shown):
        print(f"     {shown}")
    sys.stdout.flush()


def keep(world: World, path: Path, row: Row, since: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    told = "\n---\n".join(row.told)
    command = f"journalctl -q --no-pager -o short-precise --since @{since:.0f} -u {UNIT} -u trafico-monitor"
    fields = f"journalctl -q --no-pager -o json --since @{since:.0f} TRAFICO_CONTRATO=1"
    parts = [f"{row}", told, world.machine.sh(command, check=False), world.machine.sh(fields, check=False)]
    parts.append(json.dumps(world.incidents()[:6], ensure_ascii=False, indent=1))
    path.write_text("\n\n==========\n\n".join(parts))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkout", type=Path, help="a checkout of the bot's repository")
    parser.add_argument("--release", action="append", choices=sorted(PYTHON), help="default: both")
    parser.add_argument("--no-instrument", action="store_true", help="from the bot's text alone")
    parser.add_argument("--only", action="append", metavar="CASE", help=", ".join(case.name for case in CASES))
    parser.add_argument("--more", action="store_true", help="and " + ", ".join(case.name for case in MORE))
    parser.add_argument("--logs", type=Path, metavar="DIR", help="the journal of each case that falls short")
    parser.add_argument("--verbose", action="store_true", help="and of those that do not")
    given = parser.parse_args()
    failed = 0
    for release in given.release or sorted(PYTHON):
        print(f"── {release}, {'solo texto' if given.no_instrument else 'con instrumentación'}", flush=True)
        rows = run(given, release)
        failed += sum(bool(row.problems) for row in rows)
        times = sorted(second for row in rows for second in row.seconds)
        shown = f", p95 {times[-(-len(times) * 95 // 100) - 1]:g} s" if times else ""
        print(f"{sum(not row.problems for row in rows)} de {len(rows)}{shown}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
