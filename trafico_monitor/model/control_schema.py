"""The single definition of a valid request, used by the API, the service and OpenAPI. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from .alert import Scope
from .control import ControlRequest, RequestKind
from .finding import ErrorType
from .validation import Number, Schema, Text

SHORTEST_SILENCE, LONGEST_SILENCE = 60.0, 7 * 86400.0  # seconds
LONGEST_REASON, LONGEST_NAME = 200, 64  # characters

_ID = r"#?[0-9A-Za-z]{1,8}"  # an incident's id or its prefix, with or without a leading #
# At least one visible character: not a control, space, direction or zero-width character.
_SEEN = (
    r"[^\x00-\x1f\x7f]*"
    r"[^\x00-\x20\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff\ufff9-\ufffb]"
    r"[^\x00-\x1f\x7f]*"
)
_INCIDENT = Text("incident", most=9, least=1, pattern=_ID)
# The name of an alarm may be that of one message: `unit-2`.
_INCIDENT_OR_ALARM = Text("incident", most=40, least=1, pattern=rf"{_ID}|#?[A-Za-z_]{{1,20}}(-[0-9]{{1,18}})?")
# One component of a path that is not the monitor's own (`_rescatados`, `.trafico-*`): repair.path_policy.is_plain.
_BARRED, _SPACE = r"\x00-\x1f\x7f-\x9f\u2028\u2029/", r" \xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
_FOLDER = rf"[^{_BARRED}{_SPACE}._]([^{_BARRED}]*[^{_BARRED}{_SPACE}])?"
_MODELO = Text("modelo", most=255, least=1, most_bytes=255, pattern=_FOLDER)
_FILE = Text("text", most=4096, least=1)
_SILENCE_ID = Text("text", most=255, least=1)
_SECONDS = Number(SHORTEST_SILENCE, LONGEST_SILENCE, expected="seconds")
_REASON = Text("reason", most=LONGEST_REASON)
_ON_BEHALF_OF = Text("on_behalf_of", most=LONGEST_NAME, least=1, pattern=_SEEN)
_NEEDED_REASON = Text("reason", most=LONGEST_REASON, least=1, pattern=_SEEN)


def _schema(kind: RequestKind, optional: Mapping[str, Text] = MappingProxyType({}), **required: Text) -> Schema:
    named = {"kind": Text("kind", one_of=(kind.value,)), **required}
    return Schema({"reason": _REASON, "on_behalf_of": _ON_BEHALF_OF, **optional, **named}, frozenset(named))


def _silence(scope: Scope, **value: Text) -> Schema:
    named = {"scope": Text("scope", one_of=(scope.value,)), "reason": _NEEDED_REASON, **value}
    kind = Text("kind", one_of=(RequestKind.SILENCE.value,))
    fields: dict[str, Text | Number] = {"kind": kind, "seconds": _SECONDS, **named}
    return Schema({**fields, "on_behalf_of": _ON_BEHALF_OF}, frozenset(fields))


# One schema per kind; for a silence, one per scope available to operators (maintenance is internal).
SILENCES: Mapping[Scope, Schema] = MappingProxyType(
    {
        Scope.ALL: _silence(Scope.ALL),
        Scope.TYPE: _silence(Scope.TYPE, value=Text("error_type", one_of=tuple(each.value for each in ErrorType))),
        Scope.MODELO: _silence(Scope.MODELO, value=_MODELO),
        Scope.INCIDENT: _silence(Scope.INCIDENT, value=_INCIDENT),
    }
)
REQUESTS: Mapping[RequestKind, Schema] = MappingProxyType(
    {
        RequestKind.RETRY: _schema(RequestKind.RETRY, incident=_INCIDENT),
        RequestKind.ACKNOWLEDGE: _schema(RequestKind.ACKNOWLEDGE, incident=_INCIDENT_OR_ALARM),
        RequestKind.END_SILENCE: _schema(RequestKind.END_SILENCE, value=_SILENCE_ID),
        RequestKind.ASSIGN: _schema(RequestKind.ASSIGN, {"incident": _INCIDENT}, file=_FILE, modelo=_MODELO),
        RequestKind.TEST: _schema(RequestKind.TEST),
    }
)


def parse(given: Mapping[str, object], by: str, now: float) -> tuple[ControlRequest | None, dict[str, str]]:
    """Returns the request in a JSON object, or None and the code of the expected value for each invalid field."""
    try:
        kind = RequestKind(given.get("kind"))
    except ValueError:
        return None, {"kind": "kind"}
    try:
        schema = SILENCES[Scope(given.get("scope"))] if kind is RequestKind.SILENCE else REQUESTS[kind]
    except (ValueError, KeyError):
        return None, {"scope": "scope"}
    values, wrong = schema.check(given)
    if wrong:
        return None, wrong
    del values["kind"]
    scope, seconds = Scope(values.pop("scope", Scope.ALL.value)), float(values.pop("seconds", 0.0))
    words = {name: str(value) for name, value in values.items()}
    return normalised(ControlRequest(kind, by, now, scope=scope, seconds=seconds, **words)), {}


def violations(request: ControlRequest) -> dict[str, str]:
    """Returns the code of the expected value for each invalid field; empty for a valid request."""
    schema = SILENCES.get(request.scope) if request.kind is RequestKind.SILENCE else REQUESTS[request.kind]
    if schema is None:
        return {"scope": "scope"}
    given: dict[str, object] = {"kind": request.kind.value, "reason": request.reason}
    given |= {name: word for name in _OPTIONAL if (word := getattr(request, name))}
    if request.kind is RequestKind.SILENCE:
        given |= {"scope": request.scope.value, "seconds": request.seconds}
    return schema.check(given)[1]


_OPTIONAL = ("incident", "value", "file", "modelo", "on_behalf_of")


def normalised(request: ControlRequest) -> ControlRequest:
    """Returns the request with an incident's id in its canonical form, and reason and name on one line."""
    about_incident = request.kind is RequestKind.SILENCE and request.scope is Scope.INCIDENT
    return replace(
        request,
        incident=_id(request.incident),
        value=_id(request.value) if about_incident else request.value.strip(),
        reason=_one_line(request.reason),
        on_behalf_of=_one_line(request.on_behalf_of),
    )


def _one_line(given: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in given).split())


def _id(name: str) -> str:
    return name.strip().removeprefix("#").upper()
