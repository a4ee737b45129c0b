"""Whatever goes wrong with the instrumentation, the bot is as it would be without."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.standin.bot_api import BotApiServer
from tests.standin.control import Control
from trafico_monitor import bot
from trafico_monitor.instrument.trafico_instrument import journal, wrap

from .conftest import BOTS, TOKEN, Ear, decoded, instrumented, run, venv
from .test_telegram import Both, run_bots
from .test_telegram import test_the_program_does_what_it_does_without as same

pytestmark = pytest.mark.slow

# Run as the user's own sitecustomize: every hook of every library raises, when it is called or afterwards.
SABOTAGE = """
from trafico_instrument import wrap

def fail(*_):
    raise RuntimeError("a hook has failed")

around, coroutine = wrap._around, wrap._around_coroutine
wrap._around = lambda original, before, after: around(original, {before}, {after})
wrap._around_coroutine = lambda original, before, after: coroutine(original, {before}, {after})
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [("fail", "fail"), ("before", "fail"), ("lambda *_: ()", "after")],
    ids=["all", "after", "odd"],
)
def test_when_every_hook_fails(
    ground: Path, tmp_path: Path, server: BotApiServer, control: Control, ear: Ear, before: str, after: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(SABOTAGE.format(before=before, after=after))
    python = venv("telegram-22.5", "python-telegram-bot==22.5")
    project = ground / "sabotage"
    failing = run_bots(python, project, server, control, ear, True, more=[tmp_path])
    plain = run_bots(python, project, server, control, ear, False)
    same(Both(project / "modelos", failing, plain))
    if before == "fail":
        assert {event["TRAFICO_EVENTO"] for event in failing.events} == {"activo"}


def test_when_journald_is_gone(ground: Path, server: BotApiServer, control: Control) -> None:
    python = venv("telegram-22.5", "python-telegram-bot==22.5")
    project = ground / "gone"
    with Ear() as ear:
        plain = run_bots(python, project, server, control, ear, False)
    gone = run_bots(python, project, server, control, ear, True)
    same(Both(project / "modelos", gone, plain))


def test_functions_look_as_they_do_without(ear: Ear, tmp_path: Path) -> None:
    """Signatures, names, kinds, pickles, errors of wrong arguments, and with all descriptors closed."""
    python = venv("telegram-22.5", "python-telegram-bot==22.5")
    runs = []
    for env in (instrumented(ear.path, tmp_path / "modelos"), {}):
        runs.append(run([python, "-bb", str(BOTS / "facts.py"), str(tmp_path / "facts")], ear, env))
        for path in (tmp_path / "facts").iterdir():
            path.unlink()
    told, plain = runs
    assert plain.code == 0, plain.err
    assert (told.code, told.out, told.err) == (plain.code, plain.out, plain.err)


@pytest.fixture
def quiet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """journald's place, where nobody reads."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(str(path))
        there.setblocking(False)
        monkeypatch.setattr(journal, "SOCKET", str(path))
        yield there
    journal.dropped, journal._stuck = 0, False


def fill(path: str) -> int:
    count = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        while True:
            try:
                out.sendto(b"x", path)
            except BlockingIOError:
                return count
            count += 1


def test_a_stuck_journald_is_waited_for_once(quiet: socket.socket) -> None:
    """A fifth of a second for the first entry, nothing for those after it; what was lost is counted."""
    filled = fill(journal.SOCKET)
    before = time.monotonic()
    journal.send({"MESSAGE": "one"})
    waited = time.monotonic() - before
    assert journal.SEND_SECONDS * 0.9 <= waited <= journal.SEND_SECONDS + 0.1
    before = time.process_time()
    for _ in range(100):
        journal.send({"MESSAGE": "more"})
    assert time.process_time() - before < 0.1
    assert journal.dropped == 101
    for _ in range(filled):
        quiet.recv(10)
    journal.send({"MESSAGE": "there again"})
    assert decoded(quiet.recv(1000)) == {"MESSAGE": "there again", "TRAFICO_PERDIDOS": "101"}
    journal.send({"MESSAGE": "as ever"})
    assert decoded(quiet.recv(1000)) == {"MESSAGE": "as ever"}


def test_a_journald_that_is_slow_is_waited_for_asleep(quiet: socket.socket) -> None:
    fill(journal.SOCKET)
    before = time.process_time()
    journal.send({"MESSAGE": "one"})
    assert time.process_time() - before < journal.SEND_SECONDS / 4


def test_an_entry_over_the_limit_goes_shortened(quiet: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal.encode, "__defaults__", (1 << 20,))
    text = f"/bot{TOKEN}/" + "y" * 500_000
    journal.send({"MESSAGE": "m", "TRAFICO_TEXTO": text, "TRAFICO_DESTINO": "/m/yic/a.mp4"})
    entry = decoded(quiet.recv(1 << 22))
    assert entry == {
        "MESSAGE": "m",
        "TRAFICO_TEXTO": "/bot<TOKEN>/" + "y" * (journal.SHORT_LIMIT - 12),
        "TRAFICO_DESTINO": "/m/yic/a.mp4",
    }


def test_a_cut_leaves_no_part_of_a_secret() -> None:
    for before in range(journal.VALUE_LIMIT - 60, journal.VALUE_LIMIT + 1):
        data = journal.encode({"A": "/" * before + TOKEN})
        assert TOKEN[:10].encode() not in data


def test_secrets_are_known_as_the_monitor_knows_them() -> None:
    assert journal._TOKEN.pattern == bot._TOKEN.pattern


@pytest.mark.parametrize(
    "value", ["a\nb=c\n", "\ud800", b"\xff".decode(errors="surrogateescape"), "\0", 7, "ñ", "", None]
)
def test_strange_values_are_told_or_left_out(value: object) -> None:
    told = decoded(journal.encode({"A": value, "B": "x"}))
    assert told["B"] == "x"
    if value in ("", None):
        assert "A" not in told
    elif value != "\ud800":
        assert told["A"] == str(value)


class Stopped(Exception):
    """What a program's signal handler raises."""


def test_what_a_signal_handler_raises_in_a_hook_is_the_programs() -> None:
    def stop(_number: int, _frame: Any) -> None:
        raise Stopped

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(0)

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        with pytest.raises(Stopped):
            wrap.attempt(interrupted)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert wrap.attempt(lambda: 1 / 0) is None
    # A job in the background of a shell inherits that SIGINT is ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            wrap.attempt(lambda: signal.raise_signal(signal.SIGINT))
    finally:
        signal.signal(signal.SIGINT, before)


def test_the_models_directory_may_be_a_link(
    ground: Path, server: BotApiServer, control: Control, ear: Ear, tmp_path: Path
) -> None:
    """Told as the link, used by its target, and the other way round."""
    python = venv("telegram-22.5", "python-telegram-bot==22.5")
    real, link = tmp_path / "disk" / "modelos", tmp_path / "project" / "modelos"
    real.mkdir(parents=True)
    link.parent.mkdir()
    link.symlink_to(real)
    video = tmp_path / "video.mp4"
    video.write_bytes(b"v" * 5000)
    control.file("copies", video, number=900)
    for told, used in ((link, real), (real, link)):
        control.video("copies", 77, "Ana", token=TOKEN)
        command = [python, str(BOTS / "ptb_bot.py"), server.url, TOKEN, str(used), str(server.api.files.directory)]
        done = run(command, ear, {**instrumented(ear.path, told), "LOCAL": "1"})
        between = [] if used == real else ["copiando"]  # of another link nothing is known until it is used
        assert [event["TRAFICO_EVENTO"] for event in done.of("copies")] == ["inicio", *between, "fin"]
        assert done.of("copies")[-1]["TRAFICO_DESTINO"] == str(real / "yic" / "copies.mp4")
        (real / "yic" / "copies.mp4").unlink()
