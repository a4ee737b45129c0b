"""Rows of records: clean, within the columns' bounds, without secrets, and without names where that is asked for."""

from __future__ import annotations

import json
import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.fleet.records import LATEST, MOST_BODY, row
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Event, Incident
from trafico_monitor.model.serialization import decode
from trafico_monitor.model.task import Evidence

TOKEN = "7654321098:AAExampleExampleExampleExampleExamp"
ANY = st.text(st.characters(), max_size=40) | st.sampled_from(["\0", "\ud800", "x" * 1_000_000, "é" * 300_000])
NUMBER = st.floats() | st.just(1e300)


def made(record: Event, **options: Any) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(row(3, record, **options).after(2))
    assert value["seq"] == 3 and value["prev"] == 2
    return value


@given(ANY, ANY, ANY, NUMBER, st.integers())
def test_nothing_in_a_row_can_be_refused(text: str, name: str, line: str, at: float, priority: int) -> None:
    incident = Incident(name, ErrorType.OTRO, at, at, download=Download(name, line), lines=(line,) * 3, closed_at=at)
    record = Event(at, name, text, priority, text, incident, {name: line})
    value = made(record)
    whole = json.dumps(value, ensure_ascii=False)
    assert "\\u0000" not in whole and "NaN" not in whole and "Infinity" not in whole
    whole.encode()  # no lone surrogate
    for column, longest in (("event", 80), ("text", 16384), ("incident_id", 60), ("modelo", 512), ("video", 512)):
        assert len(value[column]) <= longest
    for column in ("at", "opened_at", "closed_at"):
        assert 0 <= value[column] <= LATEST and math.isfinite(value[column])
    assert 0 <= value["priority"] <= 7
    assert len(json.dumps(value["body"], ensure_ascii=False).encode()) <= MOST_BODY


def test_an_ordinary_record_comes_back_as_it_was() -> None:
    incident = Incident(
        "T7F3K2AB", ErrorType.TIMEOUT, 1.7e9, 1.7e9, Estado.FALLIDO, Download("luna", "noche.mp4"), "Timed out", ("a",)
    )
    record = Event(1.7e9, "incident_failed", "❌ luna", 3, "sin más intentos (3/3)", incident, {"id": "x"})
    value = made(record)
    assert decode(Event, json.dumps(value["body"])) == record
    assert (value["error_type"], value["estado"], value["modelo"]) == ("timeout", "fallido", "luna")


def test_an_event_without_an_incident_has_no_columns_of_one() -> None:
    value = made(Event(5.0, "service_started", "👀", fields={"unidad": "bot"}))
    assert set(value) == {"seq", "prev", "at", "event", "text", "priority", "body"}


def test_a_secret_is_redacted_at_the_door_wherever_it_is() -> None:
    url = f"https://api.telegram.org/bot{TOKEN}/getFile"
    incident = Incident("T1", ErrorType.OTRO, 1.0, 1.0, error_message=url, lines=(url,), exception=url)
    record = Event(1.0, "incident_detected", url, 4, url, incident, {"motivo": url})
    assert TOKEN.partition(":")[2] not in row(1, record).json


def test_without_names_states_and_times_remain_and_no_word_of_the_bot() -> None:
    word = "luna"
    download = Download(word, word, word, 7, word, word, word)
    incident = Incident(
        "T1",
        ErrorType.TIMEOUT,
        1.0,
        2.0,
        Estado.REINTENTANDO,
        download,
        word,
        (word,),
        attempt=2,
        accion="retry",
        quarantined=word,
        evidence=(Evidence("file", word),),
        actionable=download,
        exception=word,
        success=download,
        first=word,
        last=word,
    )
    for record in (
        Event(1.0, "incident_retrying", word, 5, "reintento 2/3", incident, {"video": word}),
        Event(1.0, "download_done", f"video {word}", 6, fields={"video": word}),
    ):
        assert word not in row(1, record, names=False).json
    value = made(Event(1.0, "incident_retrying", word, 5, "reintento 2/3", incident), names=False)
    assert (value["modelo"], value["video"], value["estado"]) == ("oculto", "oculto", "reintentando")
    back = decode(Event, json.dumps(value["body"])).incident
    assert back is not None and (back.attempt, back.accion, back.download.size) == (2, "retry", 7)
    started = made(Event(1.0, "service_started", "👀 bot"), names=False)
    assert started["text"] == "👀 bot"
