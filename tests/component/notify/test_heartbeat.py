"""The dead man's ping against a receiver on loopback."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Mapping

import pytest

from tests.standin.receiver import Answer, Receiver
from tests.unit.notify.samples import TOKEN
from trafico_monitor.notify import heartbeat
from trafico_monitor.notify.heartbeat import Heartbeat, address

SECRET = "9f5c6f2e-secret"
Notes = list[tuple[str, Mapping[str, str]]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@contextlib.asynccontextmanager
async def pinging(url: str, healthy: Callable[[], str], notes: Notes | None = None) -> AsyncIterator[Heartbeat]:
    told = [] if notes is None else notes
    made = Heartbeat(url, 0.0, healthy, note=lambda code, fields: told.append((code, fields)))
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not seen():
            await asyncio.sleep(0.01)


async def test_it_says_that_it_begins_and_then_that_it_lives(receiver: Receiver) -> None:
    async with pinging(f"{receiver.url}/{SECRET}", lambda: ""):
        await until(lambda: len(receiver.received) >= 3)
    assert [(one.method, one.path) for one in receiver.received[:3]] == [
        ("GET", f"/{SECRET}/start"),
        ("GET", f"/{SECRET}"),
        ("GET", f"/{SECRET}"),
    ]


async def test_what_is_wrong_is_said_and_its_end_too(receiver: Receiver) -> None:
    reasons = iter([f"the journal thread ended: {TOKEN}", ""])
    async with pinging(f"{receiver.url}/{SECRET}", lambda: next(reasons, "")):
        await until(lambda: len(receiver.received) >= 3)
    _, wrong, well = receiver.received[:3]
    assert (wrong.method, wrong.path) == ("POST", f"/{SECRET}/fail")
    assert wrong.body.decode() == "the journal thread ended: <TOKEN>"
    assert (well.method, well.path) == ("GET", f"/{SECRET}")


async def test_a_fault_in_the_judgement_is_no_sign_of_health(receiver: Receiver) -> None:
    def broken() -> str:
        raise RuntimeError("oops")

    async with pinging(receiver.url, broken):
        await until(lambda: len(receiver.received) >= 2)
    assert receiver.received[1].path == "/fail"


async def test_a_receiver_that_fails_is_noted_once_and_so_is_its_return(receiver: Receiver) -> None:
    notes: Notes = []
    receiver.answers = [Answer(503), Answer(cut=True), Answer(503)]
    async with pinging(f"{receiver.url}/{SECRET}", lambda: "", notes):
        await until(lambda: len(notes) >= 2)
    assert [code for code, _ in notes] == ["failed", "back"]
    assert notes[0][1]["detalle"] == "respondió 503" and len(receiver.received) >= 4


async def test_silence_disturbs_nobody(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "DEADLINE", 0.2)
    notes: Notes = []
    receiver.answers = [Answer(silent=True), Answer(silent=True)]
    async with pinging(receiver.url, lambda: "", notes):
        await until(lambda: len(receiver.received) >= 3)
    assert notes[0][0] == "failed"


async def test_the_address_is_in_no_note_and_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with Receiver() as gone:
        url = f"{gone.url}/{SECRET}"
    notes: Notes = []
    async with pinging(url, lambda: "", notes):
        await until(lambda: bool(notes))
    assert SECRET not in caplog.text and SECRET not in str(notes) and "127.0.0.1" not in str(notes)


@pytest.mark.parametrize("url", ["", "ftp://x", "http://["])
async def test_a_wrong_address_is_remarked_and_ends_at_once(url: str) -> None:
    made = Heartbeat(url, 60, lambda: "")
    async with asyncio.timeout(30):
        await made.run()
    assert "alerts.ping_url" in made.remark


@pytest.mark.parametrize(
    ("url", "what", "asked"),
    [
        ("https://hc.example/u", "", "https://hc.example/u"),
        ("https://hc.example/u/", "start", "https://hc.example/u/start"),
        ("https://hc.example/u?rid=1", "fail", "https://hc.example/u/fail?rid=1"),
    ],
)
def test_what_is_said_stands_before_a_query(url: str, what: str, asked: str) -> None:
    assert address(url, what) == asked
