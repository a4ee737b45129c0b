"""A text of one language in the other: records, their words, and nothing of the outside."""

from __future__ import annotations

import time

import pytest

from trafico_monitor.messages import catalogue, text
from trafico_monitor.messages.translation import record_text, translated
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Event, Incident
from trafico_monitor.pipeline.events import event_text, incident_event


@pytest.mark.parametrize("estado", list(Estado))
def test_a_record_of_an_incident_is_told_in_the_language_of_who_reads(estado: Estado) -> None:
    incident = Incident(
        "7K2M9QXA", ErrorType.PERMISOS, 0, 7, estado, Download("ana", "tipo timeout.mp4"), accion="retry"
    )
    stored = incident_event(incident, 7, "es")
    assert event_text(stored, "en") == incident_event(incident, 7, "en").text != stored.text
    assert event_text(stored, "es") == stored.text


def test_a_record_of_the_service_is_too_with_the_words_in_it() -> None:
    fields = {
        "silencio": "SABCDE",
        "ambito": "tipo timeout",
        "hasta": "2026-01-01 10:00:00",
        "motivo": "obras",
        "por": "ana",
    }
    stored = Event(0, "request_silence", text("record.request_silence", "es", **fields), fields=fields)
    assert event_text(stored, "en") == text("record.request_silence", "en", **{**fields, "ambito": "type timeout"})


def test_every_record_of_the_catalogue_without_words_of_its_own_is_translated() -> None:
    for code, template in catalogue("es").items():
        if code.startswith("record.") and "{texto}" not in template:
            values = {
                name: f"<{name}>" for name in ("unidad", "id", "ruta", "segundos", "por", "canal", "que", "tipo")
            }
            assert record_text(text(code, "es", **values), values, "en") == text(code, "en", **values), code


def test_words_are_translated_and_names_are_not() -> None:
    assert translated("ambito", "tipo timeout", "en") == "type timeout"
    assert translated("ambito", "modelo tipo timeout", "en") == "modelo tipo timeout", "the name of a modelo"
    assert translated("modelo", "tipo timeout", "en") == "tipo timeout"
    assert translated("motivo", text("reason.timeout", "es"), "en") == text("reason.timeout", "en")
    assert translated("que", "nada de esto", "en") == "nada de esto"


def test_a_hostile_text_is_given_back_in_no_time() -> None:
    hostile = [" · ".join("a" * n for n in range(1, 40)), "tipo " * 80, "#" * 400, "x" * 10_000_000]
    begin = time.process_time()
    for line in hostile:
        assert record_text(line, {}, "en").endswith(line[-5:])
    small = time.process_time() - begin
    assert small < 5
