"""The real service with `paths.logs` in the project, as the mission has it, and its owner against it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald, wait_until
from tests.standin.bot_api import BotApiServer

from .running import RunningService as Running

pytestmark = pytest.mark.slow

NAME = f"tmforeign{os.getpid()}"
ADMIN, TOKEN = 123456789, "1234567890:AAExampleExampleExampleExampleExampl"
OWNER, STRANGER = 65534, 9  # nobody, whom the service's configuration names as the project's user; news
FULL = "ERROR:__main__:❌ Error al copiar archivo: [Errno 28] No space left on device: '/srv/modelos/luna/{}.mp4'"
JSON = "descarga_errors.json"


class RunningService(Running):
    """Its log is looked for where it should be, not where it was configured."""

    @property
    def log(self) -> str:
        places = [self.home / place / "monitor.log" for place in ("var/log", "logs")]
        return "".join(place.read_text(encoding="utf-8") for place in places if place.exists())


@pytest.fixture
def journald() -> Iterator[PrivateJournald]:
    with private_journald(NAME) as running:
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BotApiServer]:
    with BotApiServer(tmp_path / "files", control_port=0) as running:
        running.api.add_chat({"id": ADMIN})
        yield running


@pytest.fixture
def home(server: BotApiServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Everybody can pass through it. The package's own directories are `var/log` and `var/lib`."""
    with tempfile.TemporaryDirectory(prefix="trafico-", dir="/var/tmp") as name:
        home = Path(name)
        home.chmod(0o755)
        for folder in ("conf.d", "var/log", "var/lib"):
            (home / folder).mkdir(parents=True)
        (home / "conf.d/alerts.toml").write_text(
            f'[telegram]\nadmin_id = "{ADMIN}"\nalert_token = "{TOKEN}"\napi_url = "{server.url}"\n'
        )
        monkeypatch.setenv("LOGS_DIRECTORY", str(home / "var/log"))
        monkeypatch.setenv("STATE_DIRECTORY", str(home / "var/lib"))
        yield home


def put(home: Path, owner: int, **paths: str) -> None:
    """Configure `paths`, made below the project, and let them belong to `owner`."""
    lines = ["[paths]"]
    for key, name in paths.items():
        (home / "project" / name).mkdir(parents=True, exist_ok=True)
        os.chown(home / "project" / name, owner, owner)
        lines.append(f'{key} = "{home}/project/{name}"')
    os.chown(home / "project", OWNER, OWNER)
    (home / "conf.d/paths.toml").write_text("\n".join(lines) + "\n")


def detected(logs: Path) -> list[object]:
    """Of the monitor's own records: whatever is wrong with them fails the test."""
    try:
        found = json.loads((logs / JSON).read_bytes())
    except FileNotFoundError:
        return []
    return [one["video"] for one in found if one["estado"] == "detectado" and one["error_type"] == "disco_lleno"]


def shown(logs: Path) -> list[object]:
    """Of a copy that its owner spoils: until it is a file of records again, there is nothing yet."""
    try:
        return detected(logs) if stat.S_ISREG((logs / JSON).lstat().st_mode) else []  # a FIFO would hold us
    except FileNotFoundError:
        return []
    except (RecursionError, ValueError):  # what the attacker leaves behind is no JSON, or nested without end
        return []


def told(server: BotApiServer, words: str) -> list[str]:
    sent = [one for one in server.api.messages if one["method"] == "sendMessage"]
    return [one["rendered"] for one in sent if words in one["rendered"]]


def checked(service: RunningService) -> dict[str, dict[str, str]]:
    return {one["code"]: one for one in json.loads(service.command("check", "--json"))["findings"]}


# As the project's user, for as long as it may: every trick of the report, again and again.
_ATTACKER = r"""
import contextlib, os, sys
logs, secret = sys.argv[1:3]
os.chdir(logs)
print("began", flush=True)
turn = 0
while True:
    turn += 1
    for name in ["descarga_errors.json", "monitor.log", ".descarga_errors.json.twin", *os.listdir(".")]:
        if not name.startswith((".desc", "desc", "moni")):
            continue
        with contextlib.suppress(OSError):
            if turn % 4 == 0:
                with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                    if b"SECRET" in file.read():
                        print("LEAK", flush=True)
            elif turn % 4 == 1:
                os.rename(name, "aside")
                os.symlink(secret, name)
            elif turn % 4 == 2:
                os.unlink(name)
                with open(name, "wb") as file:
                    file.write(b"[\n" + b"[" * 100000)
            else:
                os.unlink(name)
                os.mkfifo(name)
"""


def test_the_owner_of_the_projects_logs_spoils_his_copy_alone(
    home: Path, journald: PrivateJournald, server: BotApiServer
) -> None:
    put(home, OWNER, logs="logs")
    logs, records = home / "project/logs", home / "var/log"
    subprocess.run(["setfacl", "-m", f"d:u:{OWNER}:rwx", logs], check=True, timeout=10)
    (home / "secret").write_text("9999999999:SECRET-alert-token\n")
    (home / "secret").chmod(0o600)
    was = (home / "secret").stat()
    names = [f"20260101_1010{n:02}_abcdef" for n in range(30)]
    with BotProcess(journald) as bot, RunningService(home, NAME) as service:
        wait_until(lambda: (records / "monitor.log").exists(), "it writes to its own")
        bot.say(FULL.format(names[0]))
        wait_until(lambda: detected(records) == detected(logs) == [f"{names[0]}.mp4"], "and keeps a copy", 30)
        as_owner = ["setpriv", f"--reuid={OWNER}", f"--regid={OWNER}", "--clear-groups", "--inh-caps=-all", "--"]
        attacker = subprocess.Popen(
            [*as_owner, sys.executable, "-c", _ATTACKER, str(logs), str(home / "secret")],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert attacker.stdout is not None
        try:
            assert attacker.stdout.readline() == "began\n"
            for number, name in enumerate(names[1:], 1):
                bot.say(FULL.format(name))
                wait_until(lambda upto=number: len(detected(records)) == upto + 1, f"record {number}", 60)  # type: ignore[misc]
        finally:
            attacker.kill()
            attacker.wait(10)
            leaks = attacker.stdout.read()
            attacker.stdout.close()
        assert leaks == "" and service.process.poll() is None
        found = checked(service)
        assert found["folder_shared"]["level"] == "warning" and str(records) in found["folder_shared"]["text"]
        bot.say(FULL.format("20260101_111111_abcdef"))
        wait_until(lambda: "20260101_111111_abcdef.mp4" in shown(logs), "the copy goes on by itself", 60)
        assert not told(server, "no usa la carpeta configurada")
    assert detected(records) == [f"{name}.mp4" for name in [*names, "20260101_111111_abcdef"]]
    now = (home / "secret").stat()
    assert (now.st_mtime_ns, now.st_mode, now.st_ino) == (was.st_mtime_ns, was.st_mode, was.st_ino)
    assert (home / "secret").read_text() == "9999999999:SECRET-alert-token\n"


@pytest.mark.parametrize("flaw", ["owner", "writable", "link"])
def test_a_directory_that_is_not_used_is_told_and_the_records_go_on(
    home: Path, journald: PrivateJournald, server: BotApiServer, flaw: str
) -> None:
    put(home, STRANGER if flaw == "owner" else OWNER, logs="logs")
    logs, records = home / "project/logs", home / "var/log"
    if flaw == "writable":
        logs.chmod(0o777)
    if flaw == "link":
        logs.rename(home / "elsewhere")
        logs.symlink_to(home / "elsewhere")
        os.chown(logs, OWNER, OWNER, follow_symlinks=False)
    words = {"owner": "es de news", "writable": "pueden escribir otros", "link": "es un enlace"}[flaw]
    with BotProcess(journald) as bot, RunningService(home, NAME) as service:
        bot.say(FULL.format("20260101_101000_abcdef"))
        wait_until(lambda: len(detected(records)) == 1, "recorded all the same", 30)
        wait_until(lambda: told(server, "no usa la carpeta configurada"), "and told", 30)
        assert words in told(server, "no usa la carpeta configurada")[0] + service.command("status")
        wait_until(lambda: any(one["id"] == "own_place" for one in service.status()["alarms"]), "an alarm stands", 30)
        assert "no se usa" in service.status()["line"] and words in service.status()["line"]
        found = checked(service)["folder_refused"]
        assert found["level"] == "critical" and words in found["text"] and "namei -l" in found["fix"]
        assert list(logs.iterdir()) == []
        if flaw == "link":
            logs.unlink()
            (home / "elsewhere").rename(logs)
        os.chown(logs, 0, 0)
        os.chown(home / "project", 0, 0)
        logs.chmod(0o755)
        bot.say(FULL.format("20260101_101001_abcdef"))
        wait_until(lambda: detected(logs) == ["20260101_101001_abcdef.mp4"], "mended, it is used", 30)
        wait_until(lambda: told(server, "vuelve a escribir en su carpeta"), "and that is told", 30)
        assert "folder_refused" not in checked(service) and "folder_shared" not in checked(service)


def test_a_database_that_others_could_exchange_is_not_used(
    home: Path, journald: PrivateJournald, server: BotApiServer
) -> None:
    put(home, OWNER, state="state")
    state, instead = home / "project/state", home / "var/lib"
    (state / "monitor.db").symlink_to(home / "victim")
    (home / "victim").write_text("kept")
    with BotProcess(journald) as bot, RunningService(home, NAME) as service:
        bot.say(FULL.format("20260101_101000_abcdef"))
        wait_until(lambda: "20260101_101000_abcdef" in service.log, "it works", 30)
        wait_until(lambda: told(server, "no usa la carpeta configurada"), "and tells", 30)
        assert service.status()["running"] and "state_refused" in service.status()["missing"]
        assert checked(service)["missing.state_refused"]["level"] == "critical"
        assert (instead / "monitor.db").exists()
    assert (home / "victim").read_text() == "kept" and [one.name for one in state.iterdir()] == ["monitor.db"]
