"""The JSON webhook against a receiver on loopback: what arrives, and what each answer means."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from email.utils import formatdate

import httpx
import pytest

from tests.standin.receiver import Answer, Receiver
from tests.unit.notify.samples import NOON, failed, incident, notice
from trafico_monitor.errors import DeliveryError
from trafico_monitor.model.alert import Notification, Severity
from trafico_monitor.notify.channels import webhook
from trafico_monitor.notify.channels.webhook import WebhookChannel
from trafico_monitor.notify.delivery.worker import RefusedByServer
from trafico_monitor.notify.messages.markup import Message
from trafico_monitor.notify.messages.render import render

SECRET = "a-path-that-is-a-secret"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


@pytest.fixture
async def channel(receiver: Receiver) -> AsyncIterator[WebhookChannel]:
    made = WebhookChannel("panel", f"{receiver.url}/{SECRET}?key={SECRET}")
    yield made
    await made.close()


def told(what: Notification) -> Message:
    return replace(render(what, "es"), notice=what)


async def refusal(channel: WebhookChannel) -> DeliveryError:
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver(told(notice(incident=failed())), message_id=None)
    assert SECRET not in str(caught.value) and "«panel»" in str(caught.value)
    return caught.value


async def test_the_whole_incident_arrives_as_json(receiver: Receiver, channel: WebhookChannel) -> None:
    message = told(notice("critical", Severity.CRITICAL, incident=incident(), thread=1))
    assert await channel.deliver(message, message_id=None) == "T7F3K2AB.1"
    (got,) = receiver.received
    assert (got.method, got.path) == ("POST", f"/{SECRET}?key={SECRET}")
    assert got.headers["content-type"] == "application/json; charset=utf-8"
    body = json.loads(got.body)
    assert (body["version"], body["id"], body["code"], body["severity"]) == (1, "T7F3K2AB.1", "critical", "critical")
    assert body["incident"]["modelo"] == "victor" and body["text"] == message.plain


async def test_a_repetition_has_the_same_key_and_a_change_another(receiver: Receiver, channel: WebhookChannel) -> None:
    first, change = notice(incident=incident()), notice("solved", incident=incident(attempt=1))
    for what in (first, first, change):
        await channel.deliver(told(what), message_id=None)
    late = render(first, "es", now=NOON + 9999)  # told late, the text says so: still the same message
    await channel.deliver(replace(late, notice=first), message_id="T7F3K2AB.0")
    keys = [one.headers["idempotency-key"] for one in receiver.received]
    assert keys[0] == keys[1] == keys[3] != keys[2]
    assert {json.loads(one.body)["id"] for one in receiver.received} == {"T7F3K2AB.0"}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_is_taken(receiver: Receiver, channel: WebhookChannel, status: int) -> None:
    receiver.otherwise = Answer(status)
    assert await channel.deliver(told(notice(incident=incident())), message_id=None)


@pytest.mark.parametrize("status", [400, 405, 409, 410, 413, 415, 422])
async def test_a_message_that_is_refused_will_always_be(
    receiver: Receiver, channel: WebhookChannel, status: int
) -> None:
    receiver.otherwise = Answer(status)
    error = await refusal(channel)
    assert error.permanent and not error.unusable and str(status) in str(error)


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_what_the_operator_can_mend_waits_for_him(
    receiver: Receiver, channel: WebhookChannel, status: int
) -> None:
    receiver.otherwise = Answer(status)
    error = await refusal(channel)
    assert error.unusable and not error.permanent and error.retry_after == webhook.SLOW_RETRY
    assert "channels.panel.url" in str(error)


@pytest.mark.parametrize("status", [408, 429])
async def test_too_early_or_too_many_is_tried_slowly(receiver: Receiver, channel: WebhookChannel, status: int) -> None:
    receiver.otherwise = Answer(status)
    error = await refusal(channel)
    assert error.retry_after == webhook.SLOW_RETRY and not (error.permanent or error.unusable)


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_obeyed(receiver: Receiver, channel: WebhookChannel, status: int) -> None:
    receiver.otherwise = Answer(status, {"Retry-After": "17"})
    error = await refusal(channel)
    assert error.retry_after == 17 and "17 s" in str(error) and not error.permanent
    receiver.otherwise = Answer(status, {"Retry-After": formatdate(time.time() + 900, usegmt=True)})
    assert 600 < (await refusal(channel)).retry_after <= 900


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("", 0), ("soon", 0), ("-5", 0), ("1e9", 0), ("99999999999999999999", 3600), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
     ("Fri, 31 Dec 9999 23:59:59 GMT", 3600), ("³", 0)],
)  # fmt: skip
def test_a_strange_retry_after_is_no_trouble(value: str, seconds: float) -> None:
    assert webhook.retry_after(value, NOON) == seconds


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_in_trouble_is_tried_again_soon(
    receiver: Receiver, channel: WebhookChannel, status: int
) -> None:
    receiver.otherwise = Answer(status)
    error = await refusal(channel)
    assert isinstance(error, RefusedByServer) and not error.retry_after and not error.permanent


async def test_a_redirect_is_not_followed(receiver: Receiver, channel: WebhookChannel) -> None:
    with Receiver() as elsewhere:
        receiver.otherwise = Answer(302, {"Location": elsewhere.url})
        error = await refusal(channel)
        assert error.unusable and elsewhere.received == []


async def test_an_endless_answer_is_not_read_to_its_end(receiver: Receiver, channel: WebhookChannel) -> None:
    receiver.otherwise = Answer(200, body=b"x" * 50_000_000)
    assert await channel.deliver(told(notice(incident=incident())), message_id=None)


async def test_silence_costs_no_more_than_the_deadline(
    receiver: Receiver, channel: WebhookChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "DEADLINE", 0.3)
    receiver.otherwise = Answer(silent=True)
    async with asyncio.timeout(30):
        error = await refusal(channel)
    assert "0.3 s" in str(error) and not error.permanent


async def test_a_connection_that_breaks_is_a_reason_to_try_again(receiver: Receiver, channel: WebhookChannel) -> None:
    receiver.answers = [Answer(cut=True)]
    assert not (await refusal(channel)).permanent
    assert await channel.deliver(told(notice(incident=incident())), message_id=None)


async def test_nobody_there_is_a_reason_to_try_again() -> None:
    with Receiver() as gone:
        url = gone.url
    channel = WebhookChannel("panel", f"{url}/{SECRET}")
    error = await refusal(channel)
    assert not error.permanent and not error.unusable and "conexión rechazada" in str(error)
    await channel.close()


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "/etc/passwd", "http://", "http://[", "panel.example/x", "https:///x"]
)
async def test_an_address_that_is_none_is_said_at_once(url: str) -> None:
    channel = WebhookChannel("panel", url)
    assert "channels.panel.url" in channel.remark
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver(told(notice(incident=incident())), message_id=None)
    assert caught.value.unusable
    await channel.close()


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    channel = WebhookChannel("panel", receiver.url)
    assert await channel.deliver(told(notice(incident=incident())), message_id=None)
    await channel.close()


async def test_the_address_is_in_no_log(receiver: Receiver, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    channel = WebhookChannel("panel", f"{receiver.url}/{SECRET}")
    await channel.deliver(told(notice(incident=incident())), message_id=None)
    await channel.close()
    assert SECRET not in caplog.text and SECRET not in repr(channel)


async def test_a_password_in_the_address_is_sent_as_one(receiver: Receiver) -> None:
    channel = WebhookChannel("panel", receiver.url.replace("http://", f"http://monitor:{SECRET}@"))
    await channel.deliver(told(notice(incident=incident())), message_id=None)
    given = httpx.Request("POST", "http://x", headers=receiver.received[0].headers).headers["authorization"]
    assert given.startswith("Basic ")
    await channel.close()


async def test_it_edits_by_sending_the_later_state(receiver: Receiver, channel: WebhookChannel) -> None:
    assert channel.edits and channel.name == "panel" and channel.remark == ""
    first = await channel.deliver(told(notice(incident=incident())), message_id=None)
    again = await channel.deliver(told(notice("solved", incident=incident(attempt=2))), message_id=first)
    assert first == again and len(receiver.received) == 2
