"""retry, ack, silence, assign and notify against the running service, and against one that is not."""

from __future__ import annotations

import asyncio
import contextlib
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.component.repair.conftest import film
from tests.journal_fixtures import Line, wait_until, write_journal
from trafico_monitor.cli.client import call
from trafico_monitor.cli.main import main
from trafico_monitor.errors import MonitorError
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.store.read_repository import Queries
from trafico_monitor.store.repository import Store

from .running import RunningService

pytestmark = pytest.mark.slow

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
FAILED, LOST = "ABCDEF23", "BBCDEF23"


@dataclass
class Answer:
    exit: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.out)
        return said


@pytest.fixture
def home() -> Iterator[Path]:
    """With a failed incident of last week that has all its data, and one that has none; the video
    lies where the server has put it."""
    folder = Path(tempfile.mkdtemp(prefix="trafico-commands-"))  # pytest's own are closed to others
    folder.chmod(0o755)
    for name in ("project/modelos/_rescatados", "project/modelos/luna", "api/videos"):
        (folder / name).mkdir(parents=True)
    # No helper is installed here to give away a folder that the monitor makes.
    shutil.chown(folder / "project/modelos/luna", "nobody")
    film(folder / "api" / "videos" / "file_1.mp4", 1)
    then = time.time() - 7 * 86400
    known = Download("victor", "a.mp4", source=str(folder / "api" / "videos" / "file_1.mp4"))
    incidents = [
        Incident(
            name,
            ErrorType.TIMEOUT,
            then,
            then,
            Estado.FALLIDO,
            download,
            accion="given_up",
            closed_at=then,
            actionable=download,
        )
        for name, download in ((FAILED, known), (LOST, Download("victor", "b.mp4")))
    ]
    asyncio.run(_store(folder / "state", incidents))
    write_journal(folder / "journal" / "a.journal", [Line("INFO:__main__:bot", time.time() - 60)])
    yield folder
    shutil.rmtree(folder)


async def _store(state: Path, incidents: list[Incident]) -> None:
    store = await Store.open(state)
    await store.commit(ChangeSet(incidents=tuple(incidents)))
    await store.close()


class _Alive(http.server.BaseHTTPRequestHandler):
    """All that the monitor asks of a Bot API server here: that it answers."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Alive) as alive:
        serving = threading.Thread(target=alive.serve_forever)
        serving.start()
        _place.append(f"http://127.0.0.1:{alive.server_port}")
        yield
        alive.shutdown()
        serving.join(60)


_place: list[str] = []


@contextlib.contextmanager
def running(home: Path) -> Iterator[RunningService]:
    with RunningService(home, directory=home / "journal", url=_place[-1]) as service:
        wait_until(lambda: _answers(home), "it can be asked", 60.0)
        yield service


def _answers(home: Path) -> bool:
    """The service of this start, not a socket that an earlier one has left."""
    with contextlib.suppress(MonitorError):
        return call(home / "config.toml", "GET", "/api/v1/status", spoken="es")[1].get("running") is True
    return False


def say(home: Path, *words: str, language: str = "es") -> Answer:
    done = subprocess.run(
        [sys.executable, "-m", "trafico_monitor", *words, "--config", str(home / "config.toml")],
        capture_output=True,
        text=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "LC_ALL": {"es": "es_ES.UTF-8", "en": "en_US.UTF-8"}[language], "PYTHONUTF8": "1"},
    )
    assert "Traceback" not in done.stderr, done.stderr
    return Answer(done.returncode, done.stdout, done.stderr)


def estado(home: Path, name: str) -> Estado:
    with Queries(home / "state") as records:
        story = records.incident(name)
    assert story is not None
    return story.incident.estado


def test_an_afternoon_with_the_commands(home: Path) -> None:
    with running(home) as service:
        assert "ABCDEF23" in say(home, "ack", "abcd").out
        assert "cli:" in say(home, "ack", FAILED).out, "who has acknowledged it"
        shown = say(home, "incidents", "show", FAILED)
        assert "enterado" in shown.out and "se da por enterado" in shown.out

        done = say(home, "retry", FAILED, "--json")
        assert (done.exit, done.json["ok"], done.json["code"], done.json["fields"]["id"]) == (
            0, True, "retry_begun", FAILED,
        )  # fmt: skip
        wait_until(lambda: estado(home, FAILED) is Estado.SOLUCIONADO, "it is repaired and proven")
        assert (home / "project/modelos/victor/a.mp4").is_file()
        again = say(home, "retry", FAILED)
        assert again.exit == 1 and "ya está solucionado" in again.err
        assert "veces a petición" in say(home, "incidents", "show", FAILED).out
        refused = say(home, "retry", LOST, language="en")
        assert refused.exit == 1 and "cannot be retried" in refused.err

        began = say(home, "silence", "1h30m", "--type", "timeout", "--reason", f"<b>red</b> {TOKEN}", "--json")
        name = began.json["fields"]["silencio"]
        listed = say(home, "silence", "--list", "--json").json
        assert (listed["id"], listed["scope"], listed["value"]) == (name, "type", "timeout")
        assert listed["reason"] == "<b>red</b> <TOKEN>" and listed["by"].startswith("cli:")
        assert 5000 < listed["until"] - time.time() <= 5400
        assert name in say(home, "status").out
        assert [one["id"] for one in say(home, "status", "--json").json["silences"]] == [name]
        assert say(home, "silence", "--end", name).exit == 0
        assert say(home, "silence", "--list", language="en").out == "no silences\n"

        rescued = Path(shutil.copy(home / "api/videos/file_1.mp4", home / "project/modelos/_rescatados/x.mp4"))
        shutil.chown(rescued, "nobody")
        assigned = say(home, "assign", "x.mp4", "luna")
        assert assigned.exit == 0 and "luna/x.mp4" in assigned.out
        assert not rescued.exists() and (home / "project/modelos/luna/x.mp4").is_file()
        assert say(home, "assign", "x.mp4", "luna").exit == 1

        told = say(home, "notify", "test")
        assert told.exit == 1 and "TELEGRAM_TOKEN" in told.err, "there is no channel here, and it says so"
        for words in ("pide reintentar", "se da por enterado", "🔕", "🔔", "asigna x.mp4", "prueba los avisos"):
            wait_until(lambda words=words: words in service.log, words)  # type: ignore[misc]
        assert TOKEN not in service.log
    assert TOKEN not in (home / "logs" / "descarga_errors.json").read_text()


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["retry"], 64),
        (["retry", "../../etc/passwd"], 64),
        (["retry", "A" * 4096], 64),
        (["retry", "ZZZZZZZZ"], 1),
        (["ack", "ABCD\nEF23"], 64),
        (["silence"], 64),
        (["silence", "1h"], 64),
        (["silence", "mañana", "--reason", "x"], 64),
        (["silence", "5s", "--reason", "x"], 64),
        (["silence", "8d", "--reason", "x"], 64),
        (["silence", "1h", "--type", "todos", "--reason", "x"], 64),
        (["silence", "1h", "--modelo", "../x", "--reason", "x"], 64),
        (["silence", "1h", "--reason", "x" * 5000], 64),
        (["silence", "--list", "--end", "S1"], 64),
        (["silence", "--end", "SXXXXX"], 1),
        (["assign", "x.mp4"], 64),
        (["assign", "../victor/a.mp4", "luna"], 64),
        (["assign", "x" * 5000, "luna"], 64),
        (["assign", "a\nb.mp4", "luna"], 64),
        (["assign", "nada.mp4", "luna"], 1),
        (["assign", "nada.mp4", "a/b"], 64),
        (["notify"], 64),
    ],
)
def test_wrong_words_are_said_to_be_wrong(asked_once: Path, words: list[str], status: int) -> None:
    answer = say(asked_once, *words)
    assert (answer.exit, answer.out) == (status, ""), answer.err
    assert answer.err and len(answer.err) < 9000


@pytest.fixture(scope="module")
def asked_once() -> Iterator[Path]:
    """One service for all the wrong words."""
    folder = Path(tempfile.mkdtemp(prefix="trafico-words-"))
    (folder / "project/modelos/_rescatados").mkdir(parents=True)
    write_journal(folder / "journal" / "a.journal", [Line("INFO:__main__:bot", time.time() - 60)])
    with running(folder):
        yield folder
    shutil.rmtree(folder)


def test_a_service_that_does_not_run_is_one_clear_line(home: Path) -> None:
    with running(home):
        pass
    for words in (["retry", FAILED], ["ack", FAILED], ["notify", "test"], ["silence", "1h", "--reason", "x"]):
        answer = say(home, *words)
        assert (answer.exit, answer.out, answer.err.count("\n")) == (69, "", 1)
        assert "systemctl start trafico-monitor" in answer.err
    assert say(home, "silence", "--list").exit == 0, "what is only read needs no service"


def test_who_may_not_ask_is_told_what_to_do(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    groups = os.getgroups()
    with running(home):
        os.setgroups([])
        os.setegid(65534)
        os.seteuid(65534)
        try:
            status = main(["ack", FAILED, "--config", str(home / "config.toml")])
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(groups)
    assert status == 77
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "adduser" in said


def test_killed_at_any_moment_a_request_is_whole_or_never_was(home: Path) -> None:
    """kill -9 while ten people ask at once, each round after one more answer. Whatever was answered is on
    record; whatever is on record is whole."""
    answered: list[str] = []

    def ask(number: int) -> None:
        body = {"kind": "silence", "scope": "modelo", "value": f"m{number}", "seconds": 3600, "reason": "r"}
        with contextlib.suppress(MonitorError):
            status, said = call(home / "config.toml", "POST", "/api/v1/requests", body, spoken="es")
            assert status == 200 and isinstance(said["fields"], dict)
            answered.append(str(said["fields"]["silencio"]))
            status, said = call(
                home / "config.toml", "POST", "/api/v1/requests", {"kind": "retry", "incident": FAILED}, spoken="es"
            )

    for number in range(8):
        before = len(answered)
        with running(home) as service:
            people = [threading.Thread(target=ask, args=(10 * number + n,)) for n in range(10)]
            for person in people:
                person.start()
            wait_until(lambda: len(answered) >= before + number, "so many have been answered")  # noqa: B023
            service.process.send_signal(signal.SIGKILL)
            for person in people:
                person.join(60)
    assert answered
    with running(home) as service:
        wait_until(lambda: estado(home, FAILED) in (Estado.SOLUCIONADO, Estado.FALLIDO), "nothing is left half-way")
    with Queries(home / "state") as records:
        silences = {one.id for one in records.silences(time.time())}
        story = records.incident(FAILED)
    assert set(answered) <= silences
    assert story is not None
    asked = sum(each.record.event == "request_retry" for each in story.records)
    assert story.incident.asked == asked <= 1
    assert (story.incident.estado is Estado.SOLUCIONADO) == bool(asked)
    told = {line.rsplit(" · ", 1)[-1] for line in service.log.splitlines() if "🔕" in line}
    assert told == silences
