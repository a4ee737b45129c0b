"""Channels by Apprise: the real library, in its own process, against servers on loopback."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.standin.mail import MailServer
from tests.standin.receiver import Answer, Receiver
from tests.unit.notify.samples import VIDEO, failed, incident, notice
from tests.unit.notify.test_message import HOSTILE
from trafico_monitor.errors import DeliveryError
from trafico_monitor.model.alert import Severity
from trafico_monitor.model.download import Download
from trafico_monitor.notify.channels import apprise
from trafico_monitor.notify.channels.apprise import AppriseChannel
from trafico_monitor.notify.delivery.worker import RefusedByServer
from trafico_monitor.notify.messages.markup import Message
from trafico_monitor.notify.messages.render import render

pytestmark = pytest.mark.slow

SECRET = "s3cr3t-of-the-address"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def json_url(receiver: Receiver) -> str:
    return f"{receiver.url.replace('http', 'json')}/{SECRET}"


def about(severity: Severity = Severity.RECOVERABLE, name: str = "victor") -> Message:
    told = notice(severity=severity, incident=incident(download=Download(modelo=name, video=VIDEO)))
    return replace(render(told, "es"), notice=told)


async def refusal(channel: AppriseChannel) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver(about(), message_id=None)
    assert SECRET not in str(caught.value) and "127.0.0.1" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("severity", "kind"), [(Severity.INFO, "info"), (Severity.RECOVERABLE, "warning"), (Severity.CRITICAL, "failure")]
)
async def test_a_message_arrives_with_subject_and_urgency(receiver: Receiver, severity: Severity, kind: str) -> None:
    channel = AppriseChannel("team", json_url(receiver))
    assert await channel.deliver(about(severity), message_id=None) == ""
    sent = json.loads(receiver.received[0].body)
    assert "Monitor de Descargas" in sent["title"] and sent["title"].endswith("Error de timeout detectado")
    assert "Modelo: victor" in sent["message"] and sent["message"].endswith("#T7F3K2AB")
    assert sent["type"] == kind and receiver.received[0].path == f"/{SECRET}"
    assert channel.remark == "" and not channel.edits


async def test_a_mail_arrives_as_it_was_written() -> None:
    with MailServer(password=SECRET) as server:
        url = f"mailto://monitor:{SECRET}@127.0.0.1:{server.port}?from=monitor@example.org&to=admin@example.org"
        await AppriseChannel("mail", url).deliver(about(name="<b>x</b> & y"), message_id=None)
        (mail,) = server.messages
    assert mail["To"] == "admin@example.org" and "Error de timeout detectado" in mail["Subject"]
    page = mail.get_body(("html",))
    assert page is not None and "<b>" not in page.get_content() and VIDEO in page.get_content()


async def test_a_refused_password_is_the_operators_to_mend() -> None:
    with MailServer(password="another") as server:
        url = f"mailto://monitor:{SECRET}@127.0.0.1:{server.port}?from=monitor@example.org&to=admin@example.org"
        error = await refusal(AppriseChannel("mail", url))
    assert error.unusable and error.retry_after == apprise.SLOW_RETRY
    assert "535" in str(error) and "channels.mail.url" in str(error)


@pytest.mark.parametrize(("status", "unusable", "wait"), [(401, True, 300), (404, True, 300), (429, False, 60),
                                                          (500, False, 0), (400, False, 0)])  # fmt: skip
async def test_each_refusal_says_who_can_mend_it(receiver: Receiver, status: int, unusable: bool, wait: float) -> None:
    receiver.otherwise = Answer(status)
    error = await refusal(AppriseChannel("team", json_url(receiver)))
    assert (error.unusable, error.retry_after, error.permanent) == (unusable, wait, False)
    assert str(status) in str(error) and "«team»" in str(error)
    assert isinstance(error, RefusedByServer) is not unusable


async def test_nobody_there_is_a_reason_to_try_again() -> None:
    with Receiver() as gone:
        url = json_url(gone)
    error = await refusal(AppriseChannel("team", url))
    assert not (error.permanent or error.unusable or isinstance(error, RefusedByServer))


@pytest.mark.parametrize("url", [f"nonsense://{SECRET}", "", SECRET, f"json://a/{SECRET}, json://b/{SECRET}"])
async def test_an_address_that_apprise_does_not_understand(url: str) -> None:
    channel = AppriseChannel("team", url)
    error = await refusal(channel)
    assert error.unusable and "channels.team.url" in str(error) and channel.remark == str(error)


async def test_a_service_that_hangs_is_given_up(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apprise, "DEADLINE", 3.0)
    receiver.otherwise = Answer(silent=True)
    channel = AppriseChannel("team", json_url(receiver) + "?rto=60")
    async with asyncio.timeout(60):
        error = await refusal(channel)
    assert not error.permanent and "3 s" in str(error)


async def test_without_apprise_the_command_that_brings_it_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    alone = tmp_path / "sender.py"  # an interpreter that finds nothing but the standard library
    alone.write_text("import sys\nsys.path[:] = [p for p in sys.path if 'packages' not in p]\n")
    sender = apprise._SENDER.read_text()
    alone.write_text(alone.read_text() + sender)
    monkeypatch.setattr(apprise, "_SENDER", alone)
    channel = AppriseChannel("team", "json://127.0.0.1")
    error = await refusal(channel)
    assert error.unusable and "apt install apprise" in str(error) and channel.remark == str(error)


@pytest.mark.parametrize(
    "program",
    [
        "raise SystemExit(3)",
        'print(\'{"kind": "sent"}\\nTraceback\')',
        "print('not json')",
        "print('[]')",
        "import os; os.abort()",
        "print('{}')",
    ],
)
async def test_a_sender_that_breaks_is_a_reason_to_try_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str
) -> None:
    broken = tmp_path / "sender.py"
    broken.write_text(program)
    monkeypatch.setattr(apprise, "_SENDER", broken)
    error = await refusal(AppriseChannel("team", "json://127.0.0.1"))
    assert not error.permanent and not error.unusable


async def test_a_video_cannot_ring_everybody(receiver: Receiver) -> None:
    channel = AppriseChannel("team", json_url(receiver))
    await channel.deliver(about(name="@everyone <!channel> <@U123> \\n"), message_id=None)
    sent = json.loads(receiver.received[0].body)["message"]
    assert "@everyone" not in sent and "<!" not in sent and "<@" not in sent
    assert "everyone" in sent and "\\n" in sent


async def test_hostile_names_arrive(receiver: Receiver) -> None:
    channel = AppriseChannel("team", json_url(receiver))
    for hostile in HOSTILE[:: max(1, len(HOSTILE) // 4)]:
        wild = failed(download=Download(modelo=hostile, video=hostile), error_message=hostile)
        await channel.deliver(render(notice("failed", incident=wild), "es"), message_id=None)
    assert all(json.loads(one.body)["message"].endswith("#T7F3K2AB") for one in receiver.received)


async def test_the_address_is_no_argument_and_in_no_log(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    receiver.otherwise = Answer(silent=True)
    sending = asyncio.create_task(AppriseChannel("team", json_url(receiver)).deliver(about(), message_id=None))
    await asyncio.to_thread(receiver.wait, 1)
    running = [one for one in map(_read, Path("/proc").glob("[0-9]*/cmdline")) if b"apprise_worker" in one]
    assert running and not [one for one in running if SECRET.encode() in one]
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    assert SECRET not in caplog.text


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # ended meanwhile
        return b""
