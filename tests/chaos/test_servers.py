"""Servers that hang, lie or are gone, and a monitor that stands still: alerts arrive, repairs go on."""

from __future__ import annotations

import ctypes
import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ..system.world import ADMIN
from .bot_central import video_name
from .conftest import Note
from .field import SOURCES, Field
from .test_journal import fail_while
from .test_kills import NOTHING

_numbers = itertools.count(50_000, 1_000)
# The courier waits up to a minute after a failure, and gathers for up to a minute after a digest: the
# longest that an alert may take when the server is well again is a little over two.
TOLD_SECONDS = 300.0


@pytest.fixture
def first(field: Field) -> Iterator[int]:
    """The number of the first video of this experiment; the servers behave before and after."""
    field.machine.sh("systemctl start trafico-monitor", seconds=40)
    yield next(_numbers)
    field.local.clear()
    field.telegram.clear()


def calm() -> None:
    time.sleep(0.2)


def one_failed(field: Field, first: int) -> str:
    """A failure that the administrator must be told of: the source of the download is gone."""
    field.videos(first, 1)
    field.machine.path(f"{SOURCES}/file_{first}.mp4").unlink()
    field.speak(10, 1, 1000.0, first)

    def failed() -> str | None:
        of_it = [i for i in field.incidents() if i["video"] == video_name(first) and i["estado"] == "fallido"]
        return of_it[0]["id"] if of_it else None

    return str(field.machine.wait_for("the download has failed for good", failed, 300))


def told(field: Field, incident: str) -> int:
    return sum(incident in str(m["text"]) for m in field.telegram.messages(ADMIN))


FAULTS: dict[str, tuple[str, dict[str, int]]] = {
    "hangs": ("hang", {}),
    "is slow": ("slow", {"seconds": 6}),
    "answers garbage": ("garbage", {}),
    "says 429": ("status", {"status": 429, "retry_after": 2}),
    "says 500": ("status", {"status": 500}),
    "refuses": ("refuse", {}),
}


@pytest.mark.parametrize("how", FAULTS)
def test_a_telegram_server_that(how: str, field: Field, note: Note, first: int) -> None:
    """… delays the alert, never the repair; the alert comes once when the server is well again."""
    kind, more = FAULTS[how]
    field.telegram.fault("sendMessage", kind, **more)
    begun = time.monotonic()
    fail_while(field, first + 1, 4, calm)
    repaired = time.monotonic() - begun
    incident = one_failed(field, first + 100)
    field.telegram.clear()
    well = time.monotonic()
    field.machine.wait_for("the alert arrives", lambda: told(field, incident) >= 1, TOLD_SECONDS)
    waited = time.monotonic() - well
    fail_while(field, first + 200, 2, calm)
    story = field.story(first + 1, 4)
    note(
        f"a Telegram server that {how}",
        repaired_meanwhile=4,
        seconds=round(repaired, 1),
        told_seconds_after_it_was_well=round(waited, 1),
        told=told(field, incident),
        **story,
    )
    assert story == NOTHING
    # Where the answer came too late to be believed, it may be told again: better twice than never.
    assert told(field, incident) == 1 or how in ("hangs", "is slow", "answers garbage")


def test_a_bot_api_server_that_hangs_without_closing(field: Field, note: Note, first: int) -> None:
    """Downloads that need it wait, are told as a dead server, and go on when it answers."""
    field.videos(first, 4)
    # Stopped: the kernel goes on accepting connections for it, and nobody ever answers.
    field.machine.sh("systemctl kill -s STOP stand-in-local")
    field.speak(200, 4, 200.0, first)
    field.machine.wait_for(
        "the server is seen to be down", lambda: "no responde" in field.machine.sh("trafico-monitor status"), 120
    )
    field.machine.sh("systemctl kill -s CONT stand-in-local")
    field.machine.wait_for("every incident has ended", lambda: field.settled(first, 4), 300)
    story = field.story(first, 4)
    note("a Bot API server that hangs", failures=4, **story)
    assert story == NOTHING


def test_names_that_do_not_resolve(field: Field, note: Note, first: int) -> None:
    """DNS gone: repairs go on, the alert waits and comes once when the name is known again."""
    machine = field.machine
    drop_in, hosts = machine.path("/etc/trafico-monitor/conf.d/60-name.toml"), machine.path("/etc/hosts")
    port = field.telegram.url.rsplit(":", 1)[1]
    before = hosts.read_text() if hosts.exists() else ""
    drop_in.write_text(f'[telegram]\napi_url = "http://telegram.invalid:{port}"\n')
    machine.sh("systemctl reload trafico-monitor", seconds=30)
    try:
        fail_while(field, first + 1, 3, calm)
        incident = one_failed(field, first + 100)
        hosts.write_text(before + "127.0.0.1 telegram.invalid\n")
        machine.wait_for("the alert arrives", lambda: told(field, incident) >= 1, TOLD_SECONDS)
    finally:
        drop_in.unlink()
        hosts.write_text(before)
        machine.sh("systemctl reload trafico-monitor", seconds=30)
    story = field.story(first + 1, 3)
    note("DNS gone", repaired_meanwhile=3, told=told(field, incident), **story)
    assert story == NOTHING
    assert told(field, incident) == 1


@pytest.mark.parametrize("what", ["the whole process", "the event loop alone"])
def test_a_monitor_that_stands_still_is_started_anew(what: str, field: Field, note: Note, first: int) -> None:
    machine = field.machine
    drop_in = machine.path("/etc/systemd/system/trafico-monitor.service.d/watchdog.conf")
    drop_in.write_text("[Service]\nWatchdogSec=4\nTimeoutAbortSec=5\n")
    machine.sh("systemctl daemon-reload; systemctl restart trafico-monitor", seconds=40)
    before = machine.sh("systemctl show -p MainPID --value trafico-monitor")
    field.videos(first, 5)
    field.speak(400, 5, 100.0, first)
    with frozen(field, before, alone=what == "the event loop alone"):
        begun = time.monotonic()

        def replaced() -> bool:
            return machine.sh("systemctl show -p MainPID --value trafico-monitor") not in ("0", before)

        machine.wait_for("the watchdog has replaced it", replaced, 60)
        seconds = time.monotonic() - begun
    machine.wait_for("every incident has ended", lambda: field.settled(first, 5), 300)
    drop_in.unlink()
    machine.sh("systemctl daemon-reload; systemctl restart trafico-monitor", seconds=40)
    story = field.story(first, 5)
    note(f"{what} stands still", watchdog_seconds=4, replaced_after=round(seconds, 1), failures=5, **story)
    assert story == NOTHING


_libc = ctypes.CDLL(None, use_errno=True)
PTRACE_SEIZE, PTRACE_INTERRUPT = 0x4206, 0x4207


@contextmanager
def frozen(field: Field, pid: str, *, alone: bool) -> Iterator[None]:
    """Stop the process, or only its first thread: the journal's thread goes on then."""
    if not alone:
        field.machine.sh(f"kill -STOP {pid}")
        yield
        return
    thread = outer_pid(field, int(pid))
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        assert _libc.ptrace(request, thread, None, None) == 0, ctypes.get_errno()
    yield  # the kernel lets go when the traced process is gone


def outer_pid(field: Field, inner: int) -> int:
    """The process's number as this machine's own kernel view has it."""
    return next(pid for pid, seen in _numbers_of(field) if seen == inner)


def _numbers_of(field: Field) -> Iterator[tuple[int, int]]:

    space = Path(f"/proc/{field.machine.leader}/ns/pid").readlink()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if (entry / "ns/pid").readlink() == space:
                    words = (entry / "status").read_text().split("NSpid:")[1].split("\n")[0].split()
                    yield int(entry.name), int(words[-1])
            except OSError:
                continue
