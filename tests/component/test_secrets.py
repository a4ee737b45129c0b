"""No secret leaves: the real service, fed with them by every way it has, and everything searched afterwards."""

from __future__ import annotations

import base64
import contextlib
import html
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.component.repair.conftest import film
from tests.component.service.running import RunningService
from tests.fuzz.babbler import Babbler
from tests.journal_fixtures import Line, wait_until, write_journal
from tests.standin.bot_api import BotApiServer
from tests.unit.host import secrets as kinds
from trafico_monitor.cli.client import call
from trafico_monitor.errors import MonitorError

pytestmark = pytest.mark.slow

SECONDS = 120.0
ADMIN = 4242
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
ALERT = "9876543210:AAExampleAlertExampleAlertExampleAl"
HOOK, MAIL, PING = "made-up-hook-0a1b2c3d4e", "made-up-mail-5f6a7b8c9d", "made-up-ping-1e2f3a4b5c"
SECRETS = (TOKEN.split(":")[1], ALERT.split(":")[1], HOOK, MAIL, PING)
# What software makes of a secret by itself.
FORMS = tuple(
    form
    for secret in SECRETS
    for form in (secret.encode(), quote(secret).encode(), base64.b64encode(secret.encode())[4:-4])
)
ASKED = (
    "/api/v1/status",
    "/api/v1/incidents",
    "/api/v1/config",
    "/api/v1/channels",
    "/metrics",
    "/api/v1/openapi.json",
    "/",
)
TRACED = ("strace", "-f", "-qq", "-v", "-s", "65536", "-e", "trace=execve", "-e", "signal=none", "-o")


@dataclass
class Place:
    """Two servers, and a project whose every name and line holds a token."""

    home: Path
    server: BotApiServer
    world: Babbler
    files: int = field(default=0)

    def say(self, *lines: Line) -> None:
        self.files += 1
        write_journal(self.home / f"journal/{self.files}.journal", lines, boot=f"{self.files:032x}")

    def estado(self) -> dict[str, str]:
        """Incident → its last estado."""
        file = self.home / "logs/descarga_errors.json"
        records = json.loads(file.read_text()) if file.exists() else []
        return {record["incidente"]: record["estado"] for record in records}

    def told(self) -> str:
        return "\n".join(str(message["text"]) for message in self.server.api.messages)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    home, world = Path(tempfile.mkdtemp(prefix="trafico-secrets-")), Babbler()
    home.chmod(0o755)  # pytest's own are closed to the bot's user
    for folder in (f"api/{TOKEN}/videos", "project/src", "project/modelos/victor", "conf.d", "credentials"):
        (home / folder).mkdir(parents=True)
    # Whoever answers, answers with everything they know.
    world.status, world.kind = 500, "text/plain"
    world.body = f"cannot {TOKEN} {ALERT} /hook/{HOOK} mailer:{MAIL} /ping/{PING}".encode()
    (home / "project/src/.env").write_text(f"TELEGRAM_TOKEN={TOKEN}\nADMIN_ID={ADMIN}\n")
    (home / "credentials/alert-token").write_text(ALERT + "\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(home / "credentials"))
    with BotApiServer(home / "api", control_port=0) as server:
        server.api.add_chat({"id": ADMIN})
        (home / "conf.d/50-secrets.toml").write_text(
            f'[telegram]\napi_url = "{server.url}"\n'
            f'[channels.panel]\nkind = "webhook"\nurl = "{world.url}/hook/{HOOK}"\n'
            f'[channels.mail]\nkind = "apprise"\nurl = "json://mailer:{MAIL}@{world.url.removeprefix("http://")}/"\n'
            f'[routes.all]\nto = ["admin", "panel", "mail"]\n'
            f'[alerts]\nping_url = "{world.url}/ping/{PING}"\nping_every = 1\n'
        )
        yield Place(home, server, world)
    world.close()
    shutil.rmtree(home)


def lines(home: Path) -> list[Line]:
    """A bot that says its token wherever it can: URLs, paths, tracebacks, fields, hidden, cut in two."""
    at = time.time()
    source = f"{home}/api/{TOKEN}/videos/file_9.mp4"
    long = "x" * (49152 - 30) + f" {TOKEN}/getFile: algo se rompió"
    said: list[str | Line] = [
        f'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot{TOKEN}/getUpdates "HTTP/1.1 200 OK"',
        f"INFO:__main__:🔍 DEBUG: file_path=https://api.telegram.org/file/bot{TOKEN}//var/lib/telegram-bot-api/{TOKEN}/videos/file_9.mp4",
        f"INFO:__main__:📥 Copiando desde: {source}",
        f"ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '{source}'",
        f"ERROR:__main__:❌ Archivo corrupto: modelos/victor/b.mp4 (1 de 2 bytes) bot{TOKEN}/getFile {ALERT}",
        f"ERROR:__main__:algo nuevo con {TOKEN.replace(':', '%3A')} y {ALERT}",
        f"ERROR:__main__:algo nuevo con 55555{TOKEN}{ALERT}",
        f"ERROR:__main__:algo escondido: {chr(0x200B).join(TOKEN)}",
        Line(long[:49152], at, fields={"_LINE_BREAK": "line-max", "_TRANSPORT": "stdout"}),
        Line(long[49152:], at),
        "ERROR:telegram.ext.Application:No error handlers are registered, logging exception.",
        "Traceback (most recent call last):",
        '  File "/x/telegram/_bot.py", line 1, in _post',
        f"    return await self._do_post('http://h/bot{TOKEN}/getFile')",
        f"telegram.error.TimedOut: Timed out at http://127.0.0.1:8081/bot{TOKEN}/getFile",
    ]
    return [one if isinstance(one, Line) else Line(one, at) for one in said]


def download(home: Path, file_id: str, size: int) -> list[Line]:
    """A download that the bot announces by fields, and that times out."""
    at, pid = time.time(), 1400
    known = {"TRAFICO_MODELO": "victor", "TRAFICO_VIDEO": "a.mp4", "TRAFICO_FILE_ID": file_id}
    known |= {"TRAFICO_FILE_SIZE": str(size), "TRAFICO_DESTINO": f"{home}/project/modelos/victor/a.mp4"}
    return [
        Line("⏬ Descargando: a.mp4", at, pid, fields={"TRAFICO_EVENTO": "inicio", **known}),
        Line(f"❌ Error al descargar a.mp4: TimedOut: {TOKEN}", at, pid, fields={"TRAFICO_EVENTO": "error", **known}),
    ]  # fmt: skip


def test_no_secret_is_found_anywhere(place: Place, tmp_path: Path) -> None:
    home, traced = place.home, tmp_path / "execve"
    video = film(tmp_path / "whole.mp4", 2)
    place.server.api.files.register({"file_id": "BAAC1", "path": str(video), "upload": True, "number": 16})
    refusal = f"Bad Request: file is temporarily unavailable for {TOKEN} and {ALERT}"
    place.server.api.add_fault(
        {"method": "getFile", "kind": "status", "status": 400, "description": refusal, "times": 1}
    )
    place.server.api.add_fault({"method": "getFile", "kind": "damage", "times": 1})
    place.say(Line("INFO:__main__:bot", time.time() - 60))
    with watched(place, traced) as (service, pid):
        place.say(*download(home, "BAAC1", video.stat().st_size))
        place.say(*lines(home))
        wait_until(lambda: "solucionado" in place.estado().values(), "the download is repaired", SECONDS)
        wait_until(lambda: len(place.estado()) >= 2, "the others are known", SECONDS)
        wait_until(lambda: "corrupto" in place.told(), "Telegram is told", SECONDS)
        for way in ("/hook/", "/"):
            wait_until(
                lambda way=way: [path for path, _ in place.world.heard if path.startswith(way)],
                f"{way} is asked",
                SECONDS,
            )
        wait_until(lambda: "apprise_worker" in traced.read_text(errors="replace"), "Apprise has run", SECONDS)
        answers = said_by(service, place)
        answers += [Path(f"/proc/{pid}/{name}").read_bytes() for name in ("environ", "cmdline", "comm")]
    assert "ffprobe" in traced.read_text() and "apprise_worker" in traced.read_text()
    places = {
        "what was told": json.dumps([{**one, "token": ""} for one in place.server.api.messages]).encode(),
        "what the panel got": b"".join(body for _, body in place.world.heard),
        "answers": b"\n".join(answers),
        "arguments and environment of every process": traced.read_bytes(),
        "output": (home / "output").read_bytes(),
        **{str(file): file.read_bytes() for file in _written(home)},
    }
    assert len(places["answers"]) > 2000 and any(name.endswith("monitor.db") for name in places)
    assert any(b"<TOKEN>" in content for content in places.values()), "they were there to be found"
    found = [(name, secret) for name, content in places.items() for secret in FORMS if secret in content]
    assert not found, found
    for file in _written(home):
        assert not stat.S_IMODE(file.stat().st_mode) & 0o007, file


@contextlib.contextmanager
def watched(place: Place, traced: Path) -> Iterator[tuple[RunningService, int]]:
    """The service, and every program that it starts with arguments and environment in `traced`."""
    prefix = (*TRACED, str(traced))
    with RunningService(place.home, directory=place.home / "journal", url=place.server.url, prefix=prefix) as service:
        tracer = service.process.pid
        pid = int(Path(f"/proc/{tracer}/task/{tracer}/children").read_text().split()[0])
        try:
            yield service, pid
        finally:
            os.kill(pid, signal.SIGTERM)  # strace itself takes no signals
            service.process.wait(60)


def said_by(service: RunningService, place: Place) -> list[bytes]:
    """Whatever may be asked, asked."""
    commands = ("status", "incidents", "report", "unknown", "check", "silence --list", "notify test")
    answers = [service.command(*one.split(), *how).encode() for one in commands for how in ((), ("--json",))]
    answers += [service.command("incidents", "show", name).encode() for name in place.estado()]
    for path in ASKED:
        with contextlib.suppress(MonitorError):
            answers.append(repr(call(place.home / "config.toml", "GET", path, spoken="es")).encode())
    return answers


def _written(home: Path) -> list[Path]:
    """Every file of records, the database's side files among them, and what was put beside the videos."""
    folders = (home / "state", home / "logs", home / "project/modelos")
    return [file for folder in folders for file in folder.rglob("*") if file.is_file() and file.suffix != ".mp4"]


ENV = {
    "SUPABASE_SERVICE_KEY": "clave-de-servicio_0a1b2c3d4e5f",
    "DB_PASSWORD": "con espacios, y más: 7%41",
    "DATABASE_URL": "postgresql://bot:larga.clave-9@db.example.org/bot",
    "API_HASH": "fedcba9876543210fedcba9876543210",
}
KNOWN = {**ENV, "DATABASE_URL": "larga.clave-9"}
TORN = "5555555555:AAExampleForTests-NobodysToken-0009"  # made up: the form of a token, of no bot
WAYS: dict[str, Callable[[str], str]] = {
    "as it is": lambda secret: secret,
    "percent-encoded": quote,
    "each character by percent": lambda secret: "".join(f"%{byte:02X}" for byte in secret.encode()),
    "in JSON": lambda secret: "".join(f"\\u{ord(c):04x}" for c in secret),
    "in HTML": lambda secret: "".join(f"&#x{ord(c):x};" for c in secret),
    "coloured": lambda secret: f"{secret[:5]}\x1b[1;36m{secret[5:12]}\x1b[0m{secret[12:]}",
    "invisible": lambda secret: "\u200b".join(secret),
    "colours by repr": lambda secret: f"{secret[:9]}\\x1b[0m{secret[9:]}",
}


def everywhere(words: str, number: int) -> list[Line]:
    """`words` in whatever a line may be to the monitor; each number is a process of its own."""
    at, pid = time.time(), 2000 + number
    video = f"modelos/victor/20260101_101010_{number:06x}.mp4"
    said = [
        f"INFO:__main__:📥 Descargando {video} {words}",
        f"ERROR:__main__:❌ Error descargando {video}: Timed out {words}",
        "Traceback (most recent call last):",
        '  File "/x/telegram/_bot.py", line 1, in _post',
        f"    return await self._do_post('{words}')",
        f"telegram.error.TimedOut: Timed out at {words}",
        f"ERROR:mod{number}:algo nuevo y raro: {words}",
        f"ERROR:mod{number}:otra cosa rara en «{words}»\nTraceback (most recent call last):\nValueError: {words}",
        f"INFO:__main__:⏳ nada más {words}",
    ]
    return [Line(one, at, pid) for one in said]


@contextlib.contextmanager
def own_journal(folder: Path) -> Iterator[tuple[list[bytes], tuple[str, ...]]]:
    """What comes to journald's socket, and the command that lets a program see ours in its place."""
    folder.mkdir()
    folder.chmod(0o755)
    heard: list[bytes] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(str(folder / "socket"))
        (folder / "socket").chmod(0o666)

        def listen() -> None:
            while datagram := ear.recv(1 << 20):
                heard.append(datagram)

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        Path("/run/systemd/journal").mkdir(parents=True, exist_ok=True)
        command = f'mount --bind {folder} /run/systemd/journal && exec "$@"'
        try:
            yield heard, ("unshare", "--mount", "sh", "-c", command, "sh")
        finally:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
                last.sendto(b"", str(folder / "socket"))
            thread.join(10)


def test_no_class_of_secrets_leaves_by_any_way(place: Place, tmp_path: Path) -> None:
    """Every kind in every kind of line; afterwards everything that came out is searched."""
    home = place.home
    env = home / "project/src/.env"
    env.write_text(env.read_text() + "".join(f"{name}='{value}'\n" for name, value in ENV.items()))
    planted = [line for line, _ in kinds.SECRETS.values()]
    planted += [f"key {way(secret)} end" for secret in (TORN, *KNOWN.values()) for way in WAYS.values()]
    place.say(Line("INFO:__main__:bot", time.time() - 60))
    with contextlib.ExitStack() as opened:
        heard, prefix = opened.enter_context(own_journal(home / "own"))
        started = RunningService(home, directory=home / "journal", url=place.server.url, prefix=prefix)
        with started as service:
            place.say(*(line for number, words in enumerate(planted) for line in everywhere(words, number)))
            rows = [
                f"{'':20}{row:60}"
                for at in range(2, len(TORN) + 3, 3)
                for row in (
                    f"bot{TORN}"[: at + 3],
                    f"bot{TORN}"[at + 3 :] + "/getFile",
                )
            ]
            place.say(*(Line(row, time.time(), 1900) for row in rows))
            last = "20260101_101010_ffffff.mp4"
            place.say(Line(f"ERROR:__main__:❌ Error descargando modelos/victor/{last}: Timed out", time.time(), 1901))
            wait_until(lambda: last in (home / "logs/descarga_errors.json").read_text(), "all are taken in", SECONDS)
            wait_until(lambda: b"TRAFICO_TIPO" in b"".join(heard), "our own journal has entries", SECONDS)
            wait_until(lambda: len(place.told()) > 500, "Telegram is told", SECONDS)
            wait_until(
                lambda: "/hook/" in "".join(path for path, _ in place.world.heard), "the panel is told", SECONDS
            )
            answers = said_by(service, place)
            for words in (
                "report --format html",
                "unknown --json",
                "rules test --since -1h",
                "rules test --json --since -1h",
            ):
                answers.append(service.command(*words.split()).encode())
            for how in ((), ("--json",)):
                answers.append(service.command("replay", *how, "--directory", str(home / "journal")).encode())
    ways_out = {
        "telegram": json.dumps(
            [{**one, "token": ""} for one in place.server.api.messages], ensure_ascii=False
        ).encode(),
        "panel and mail": b"".join(body for _, body in place.world.heard),
        "answers": b"\n".join(answers),
        "journal": b"\n".join(heard),
        "output": (home / "output").read_bytes(),
        **{str(file): file.read_bytes() for file in _written(home)},
    }
    assert b"rules test" not in ways_out["answers"] and len(ways_out["answers"]) > 50_000
    for name, content in ways_out.items():
        if name in ("telegram", "answers", "journal") or name.endswith((".json", ".log")):
            assert b"<SECRET>" in content or b"&lt;SECRET" in content, f"{name}: they were there to be found"
    wanted = {secret for _, secret in kinds.SECRETS.values()} | set(KNOWN.values())
    wanted |= {TORN[at : at + 12] for at in range(11, len(TORN) - 11)}
    found = [
        (name, secret)
        for name, content in ways_out.items()
        for secret in wanted
        for form in {secret, quote(secret), json.dumps(secret)[1:-1], html.escape(secret)}
        if form.encode() in content
    ]
    assert not found, sorted(set(found))[:20]


def test_a_secret_in_a_wrong_place_of_the_configuration_is_not_said(place: Place) -> None:
    wrong = place.home / "conf.d/60-wrong.toml"
    wrong.write_text(
        f'[telegram]\ntoken = "{TOKEN}x y"\nalert_token = 7\n[channels.panel]\nurl = ["{HOOK}", "{MAIL}"]\n'
        f'[alerts]\nping_url = "{PING}"\n'
    )
    (place.home / "config.toml").write_text(f'language = "{ALERT}"\nbogus = "{TOKEN}"\n')
    done = subprocess.run(
        [sys.executable, "-m", "trafico_monitor", "run", "--config", str(place.home / "config.toml")],
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 78
    said = done.stdout + done.stderr
    assert b"ping_url" in said and not [secret for secret in FORMS if secret in said], said
