"""codec: what is stored comes back equal, over versions too."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Event, Incident
from trafico_monitor.model.serialization import decode, encode, readable
from trafico_monitor.model.task import Evidence, RepairTask, TaskKind

INCIDENT = Incident(
    "a1b2",
    ErrorType.TIMEOUT,
    1.5,
    2.0,
    Estado.SOLUCIONADO,
    Download(modelo="victor", size=5),
    lines=("una", "dos"),
    waiting_for=ErrorType.DISCO_LLENO,
    evidence=(Evidence("file", "/x"), Evidence("size", "5", ok=False)),
    closed_at=3.0,
)


@pytest.mark.parametrize(
    "value",
    [
        INCIDENT,
        Incident("x", ErrorType.CORRUPTO, 0.0, 0.0),
        RepairTask("a/1", "a", TaskKind.FIX_OWNER, ErrorType.PERMISOS, 7.0, 2, Download("m", "v")),
        Event(1.0, "incident_solved", "✅ ñ", 5, "reintento 1/3", INCIDENT, {"unidad": "x"}),
        Notification("a", NotificationCode.FAILED, Severity.CRITICAL, 1.0, 3, INCIDENT, {"texto": "«»"}),
    ],
)
def test_what_is_stored_comes_back(value: object) -> None:
    assert decode(type(value), encode(value)) == value


@given(st.text(), st.lists(st.text()), st.floats(allow_nan=False, allow_infinity=False))
def test_any_text_and_time(text: str, lines: list[str], at: float) -> None:
    incident = Incident(text, ErrorType.TIMEOUT, at, at, lines=tuple(lines), error_message=text)
    assert decode(Incident, encode(incident)) == incident


def test_another_versions_keys_are_passed_over_and_missing_ones_take_their_default() -> None:
    stored = json.loads(encode(INCIDENT))
    del stored["lines"]
    stored["future"] = {"x": 1}
    assert decode(Incident, json.dumps(stored)).lines == ()


def test_what_cannot_be_read_is_a_value_error_and_does_not_hide_the_rest() -> None:
    for bad in ("", "[]", "{}", "3", '{"id": "a"}', encode(INCIDENT).replace("timeout", "novelty")):
        with pytest.raises(ValueError):
            decode(Incident, bad)
    assert list(readable(Incident, [("{}",), (encode(INCIDENT),)])) == [INCIDENT]
