"""The webhook's JSON: stable, complete, harmless, and as docs/webhook.md shows it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cases import each
from tests.unit.notify.samples import NOON, TOKEN, VIDEO, failed, incident, notice
from tests.unit.notify.test_message import HOSTILE
from trafico_monitor.model.alert import Notification, Severity
from trafico_monitor.model.download import Download
from trafico_monitor.model.incident import Estado
from trafico_monitor.model.task import Evidence
from trafico_monitor.notify.channels.webhook_payload import body_of, idempotency_key, message_name, moment
from trafico_monitor.notify.messages.markup import Message
from trafico_monitor.notify.messages.render import render, render_digest

DOCUMENT = Path(__file__).parents[3] / "docs" / "webhook.md"
SOLVED = incident(
    estado=Estado.SOLUCIONADO,
    attempt=2,
    closed_at=NOON + 7,
    evidence=(Evidence("file", f"/srv/modelos/victor/{VIDEO}", True), Evidence("size", "5665533", True)),
)


def told(what: Notification) -> Message:
    return replace(render(what, "es"), notice=what)


def test_the_document_shows_what_is_sent() -> None:
    shown = json.loads(re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)[0])
    assert shown == body_of(told(notice("solved", incident=SOLVED, at=NOON + 7)), "es")


def test_the_document_names_every_key() -> None:
    body = body_of(told(notice("solved", incident=SOLVED)), "es")
    keys = [*body, *body["incident"], "what", "value", "ok"]  # type: ignore[misc]
    assert not [key for key in keys if f"`{key}`" not in DOCUMENT.read_text()]


def test_what_is_not_known_is_said_in_the_records_word() -> None:
    body = body_of(told(notice(incident=incident(download=Download()))), "es")
    assert body["incident"]["modelo"] == body["incident"]["video"] == "desconocido"  # type: ignore[index]
    assert body["incident"]["closed_at"] is None  # type: ignore[index]


def test_news_of_the_service_have_no_incident() -> None:
    body = body_of(told(notice("space_critical", Severity.CRITICAL, key="space", fields={"libre": "12345"})), "es")
    assert body["incident"] is None and body["fields"] == {"libre": "12345"}
    assert (body["key"], body["id"]) == ("space", "space.0")


def test_a_digest_is_a_text_of_its_own() -> None:
    message = render_digest([notice(incident=incident()), notice("failed", incident=failed())], "es")
    body = body_of(message, "es")
    assert body["code"] == "digest" and body["incident"] is None and body["text"] == message.plain
    other = replace(message, plain=message.plain + " ")
    assert idempotency_key(message) == idempotency_key(message) != idempotency_key(other)


@each("hostile", HOSTILE)
def test_hostile_names_are_bounded_and_without_secrets(hostile: str) -> None:
    wild = failed(download=Download(modelo=hostile, video=hostile), error_message=hostile)
    sent = json.dumps(body_of(told(notice("failed", incident=wild, fields={"texto": hostile})), "es"))
    assert TOKEN not in sent and len(sent) < 40_000
    assert json.loads(sent)["incident"]["estado"] == "fallido"


@pytest.mark.parametrize(("at", "shown"), [(None, None), (float("nan"), None), (1e300, None), (-1e15, None),
                                           (NOON + 0.5, "2025-12-25T12:00:00.500+00:00")])  # fmt: skip
def test_times_are_iso_8601_or_null(at: float | None, shown: str | None) -> None:
    assert moment(at) == shown


def test_a_message_keeps_its_name_through_its_changes() -> None:
    first, later = notice(incident=incident()), notice("solved", incident=SOLVED)
    assert message_name(told(first)) == message_name(told(later)) == "T7F3K2AB.0"
    assert idempotency_key(told(first)) != idempotency_key(told(later))
