"""The OpenAPI document, made from the operations and the schemas that check them. Pure."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import Enum

from starlette.requests import Request
from starlette.responses import Response

from ..model.alert import Scope
from ..model.download import Phase
from ..model.finding import Cause, ErrorType
from ..model.incident import Estado
from ..model.prediction import KindState, PredictionKind, PredictionOutcome
from ..model.validation import Schema as Fields

Handler = Callable[[Request], Awaitable[Response]]
Schema = dict[str, object]

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_NUMBER: Schema = {"type": "number"}
_NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_COUNTS: Schema = {"type": "object", "additionalProperties": _COUNT}
_LINES: Schema = {"type": "object", "additionalProperties": {"type": "array", "items": _COUNT}}


def _one_of(values: type[Enum]) -> Schema:
    return {"type": "string", "enum": [each.value for each in values]}


def _object(**fields: Schema) -> Schema:
    return {"type": "object", "properties": fields, "required": sorted(fields), "additionalProperties": False}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_ESTADO = _one_of(Estado)
_TYPE = _one_of(ErrorType)
_ROW: dict[str, Schema] = {
    "id": _TEXT,
    "error_type": _TYPE,
    "estado": _ESTADO,
    "modelo": _TEXT_OR_NULL,
    "video": _TEXT_OR_NULL,
    "size": _COUNT_OR_NULL,
    "opened_at": _NUMBER,
    "updated_at": _NUMBER,
    "closed_at": _NUMBER_OR_NULL,
    "intento": _COUNT,
    "max_intentos": _COUNT,
    "next_attempt": _NUMBER_OR_NULL,
    "accion": _TEXT,
    "accion_text": _TEXT,
    "reason": _TEXT,
    "reason_text": _TEXT,
    "waiting_for": _TEXT_OR_NULL,
    "recovered_by_bot": _FLAG,
    "count": _COUNT,
    "acknowledged_by": _TEXT_OR_NULL,
    "acknowledged_at": _NUMBER_OR_NULL,
}
_VOLUME = _object(
    path=_TEXT,
    free=_COUNT,
    total=_COUNT,
    level={"type": "string", "enum": ["ok", "warning", "critical"]},
    history=_list({"type": "array", "items": _NUMBER, "minItems": 2, "maxItems": 2}),
)
_SILENCE = _object(
    id=_TEXT,
    scope=_one_of(Scope),
    value=_TEXT,
    since=_NUMBER,
    until=_NUMBER,
    reason=_TEXT,
    by=_TEXT,
)
_UNDER_WAY = _object(
    modelo=_TEXT_OR_NULL,
    video=_TEXT_OR_NULL,
    phase=_one_of(Phase),
    since=_NUMBER,
    heard=_NUMBER,
    size=_COUNT_OR_NULL,
    done=_COUNT_OR_NULL,
    incident=_TEXT_OR_NULL,
    intento=_COUNT_OR_NULL,
)
_ALARM = _object(
    id=_TEXT, code=_TEXT, text=_TEXT, since=_NUMBER, acknowledged_by=_TEXT_OR_NULL, acknowledged_at=_NUMBER_OR_NULL
)
_REPORTING = _object(exact=_FLAG, library=_TEXT_OR_NULL, foreign=_TEXT_OR_NULL)
_RESCUED = _object(files=_COUNT, bytes=_COUNT, oldest=_NUMBER_OR_NULL, complete=_FLAG, fix=_TEXT)
_PROCESS = _object(rss=_COUNT, cpu_seconds=_NUMBER, cpu=_NUMBER, open_files=_COUNT, threads=_COUNT)
_HOST = _object(
    cpus=_COUNT, load={**_list(_NUMBER), "minItems": 3, "maxItems": 3}, memory_total=_COUNT, memory_available=_COUNT
)
_MOUNT = _object(path=_TEXT, mount=_TEXT, device=_TEXT, filesystem=_TEXT, read_only=_FLAG)
_KIND = _one_of(PredictionKind)
_OUTCOMES: Schema = {"type": ["string", "null"], "enum": [*(each.value for each in PredictionOutcome), None]}
_SAID: dict[str, Schema] = dict(
    id=_TEXT,
    kind=_KIND,
    said_at=_NUMBER,
    until=_NUMBER,
    p={"type": "number", "minimum": 0, "maximum": 1},
    lo=_NUMBER_OR_NULL,
    hi=_NUMBER_OR_NULL,
    about=_TEXT,
    likelihood={"type": "string", "enum": ["very_likely", "likely", "even", "unlikely"]},
    reason=_TEXT,
    fields={"type": "object", "additionalProperties": {"type": ["number", "string"]}},
    told=_FLAG,
    outcome=_OUTCOMES,
    judged_at=_NUMBER_OR_NULL,
    came_at=_NUMBER_OR_NULL,
)
_STATUS: Schema = {
    "type": "object",
    "properties": {
        "running": _FLAG,
        "alarms": _list(_ALARM),
        "reporting": _REPORTING,
        "rescued": {"oneOf": [_RESCUED, {"type": "null"}]},
        "process": {"oneOf": [_PROCESS, {"type": "null"}]},
        "host": {"oneOf": [_HOST, {"type": "null"}]},
        "mounts": _list(_MOUNT),
        "forecast": _object(text=_TEXT, foreseen=_list(_object(**_SAID))),
    },
    "required": ["running"],
}
_SCORE = _object(
    kind=_KIND,
    state=_one_of(KindState),
    said=_COUNT,
    came_true=_COUNT,
    false=_COUNT,
    missed=_COUNT,
    false_per_week=_NUMBER_OR_NULL,
    brier=_NUMBER_OR_NULL,
    coverage=_NUMBER_OR_NULL,
)
_FAN = _object(
    path=_TEXT,
    total=_COUNT,
    limit=_COUNT,
    probability=_NUMBER,
    at=_list(_NUMBER),
    low=_list(_NUMBER),
    median=_list(_NUMBER),
    high=_list(_NUMBER),
    full_at=_NUMBER_OR_NULL,
    full_lo=_NUMBER_OR_NULL,
    full_hi=_NUMBER_OR_NULL,
    horizon=_NUMBER,
)
_MODELO = _object(modelo=_TEXT_OR_NULL, total=_COUNT)
_MODELO_LINE = _object(modelo=_TEXT_OR_NULL, others=_FLAG, values=_list(_COUNT))

SCHEMAS: dict[str, Schema] = {
    "Error": _object(ok=_FLAG, code=_TEXT, text=_TEXT, fields={"type": "object", "additionalProperties": _TEXT}),
    "Reply": _object(ok=_FLAG, code=_TEXT, text=_TEXT, fields={"type": "object", "additionalProperties": _TEXT}),
    "Incident": _object(**_ROW),
    "IncidentPage": _object(incidents=_list(_ref("Incident")), next=_TEXT_OR_NULL),
    "Evidence": _object(what=_TEXT, text=_TEXT, value=_TEXT, ok=_FLAG),
    "Event": _object(
        seq=_COUNT,
        at=_NUMBER,
        event=_TEXT,
        text=_TEXT,
        priority={"type": "integer", "minimum": 0, "maximum": 7},
        estado={"oneOf": [_ESTADO, {"type": "null"}]},
    ),
    "IncidentStory": _object(
        **_ROW,
        rule=_TEXT,
        error_message=_TEXT,
        cause=_one_of(Cause),
        exception=_TEXT,
        not_before=_NUMBER_OR_NULL,
        lines=_list(_TEXT),
        evidence=_list(_ref("Evidence")),
        history=_list(_ref("Event")),
    ),
    "Summary": _object(
        since=_NUMBER,
        total=_COUNT,
        open=_COUNT,
        by_estado=_COUNTS,
        by_type={"type": "object", "additionalProperties": _COUNTS},
        by_modelo=_list(_MODELO),
        modelos=_COUNT,
        success_rate=_NUMBER_OR_NULL,
        median_seconds=_NUMBER_OR_NULL,
        p95_seconds=_NUMBER_OR_NULL,
    ),
    "Series": _object(
        step={"type": "string", "enum": ["hour", "day"]},
        at=_list(_NUMBER),
        types=_LINES,
        estados=_LINES,
        modelos=_list(_MODELO_LINE),
        median_seconds=_list(_NUMBER_OR_NULL),
    ),
    "Downloads": _object(downloads=_list(_UNDER_WAY)),
    "Status": _STATUS,
    "Health": _object(status=_STATUS, volumes=_list(_VOLUME), silences=_list(_SILENCE), at=_NUMBER),
    "Forecast": _object(
        at=_NUMBER,
        since=_NUMBER_OR_NULL,
        foreseen=_list(_object(**_SAID, reason_text=_TEXT)),
        scores=_list(_SCORE),
        disks=_list(_FAN),
    ),
    "Ledger": _object(since=_NUMBER, ledger=_list({"type": "object"})),
    "Records": _object(records=_list(_ref("Event")), seq=_COUNT),
    "Session": _object(by=_TEXT, until=_NUMBER),
    "Who": _object(by=_TEXT),
    "Done": _object(ok=_FLAG),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path, which may hold `{name}` for one component. `open` needs no signing in, `local` is for the
    unix socket alone. The rest describes it for the document, where `shown`: its parameters, those in the path
    first, its body, and for a good status the name of the answer."""

    method: str
    path: str
    handle: Handler
    open: bool = False
    local: bool = False
    about: str = ""
    parts: Fields | None = None
    query: Fields | None = None
    body: tuple[Fields, ...] = ()
    gives: tuple[int, str] | None = None
    errors: tuple[int, ...] = ()

    @property
    def shown(self) -> bool:
        return bool(self.about)


def document(operations: Iterable[Operation], version: str) -> dict[str, object]:
    """The API as OpenAPI 3.1; the event stream is described in docs/api.md."""
    paths: dict[str, dict[str, object]] = {}
    for one in operations:
        if one.shown:
            paths.setdefault(one.path, {})[one.method.lower()] = _operation(one)
    return {
        "openapi": "3.1.0",
        "info": {"title": "trafico-monitor", "version": version, "license": {"name": "MIT"}},
        "paths": paths,
        "components": {"schemas": SCHEMAS},
    }


def _operation(operation: Operation) -> dict[str, object]:
    said: dict[str, object] = {"summary": operation.about, "responses": _responses(operation)}
    parameters = [
        {"name": name, "in": place, "required": name in form.required, "schema": kind.schema()}
        for place, form in (("path", operation.parts), ("query", operation.query))
        if form is not None
        for name, kind in form.fields.items()
    ]
    if parameters:
        said["parameters"] = parameters
    if operation.body:
        shapes = [form.schema() for form in operation.body]
        schema = shapes[0] if len(shapes) == 1 else {"oneOf": shapes}
        said["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return said


def _responses(operation: Operation) -> dict[str, object]:
    status, name = operation.gives or (200, "Done")
    found: dict[str, object] = {str(status): _response(name)}
    always = () if operation.open else (401,)
    for code in sorted({*operation.errors, *always, 400, 403, 500, 503}):
        found[str(code)] = _response("Error")
    return found


def _response(name: str) -> dict[str, object]:
    return {"description": name, "content": {"application/json": {"schema": _ref(name)}}}
