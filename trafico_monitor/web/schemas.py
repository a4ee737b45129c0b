"""JSON schemas of the API's answers and event messages, each by its name in the OpenAPI document. Pure."""

from __future__ import annotations

from enum import Enum

from ..model.alert import Scope
from ..model.download import Phase
from ..model.finding import Cause, ErrorType
from ..model.fleet import MachineState
from ..model.incident import Estado
from ..model.prediction import KindState, PredictionKind, PredictionOutcome

Schema = dict[str, object]

_TEXT: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_NUMBER: Schema = {"type": "number"}
_NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL: Schema = {"type": ["integer", "null"], "minimum": 0}
_FLAG: Schema = {"type": "boolean"}
_FLAG_OR_NULL: Schema = {"type": ["boolean", "null"]}
_PRIORITY: Schema = {"type": "integer", "minimum": 0, "maximum": 7}


def ref(name: str) -> Schema:
    """The reference to the schema `name`."""
    return {"$ref": f"#/components/schemas/{name}"}


def _one_of(values: type[Enum]) -> Schema:
    return {"type": "string", "enum": [each.value for each in values]}


def _words(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def _object(optional: dict[str, Schema] | None = None, /, **fields: Schema) -> Schema:
    properties = {**fields, **(optional or {})}
    return {"type": "object", "properties": properties, "required": sorted(fields), "additionalProperties": False}


def _map(of: Schema) -> Schema:
    return {"type": "object", "additionalProperties": of}


def _list(of: Schema) -> Schema:
    return {"type": "array", "items": of}


def _exactly(number: int, of: Schema) -> Schema:
    return {**_list(of), "minItems": number, "maxItems": number}


def _or_null(name: str) -> Schema:
    return {"oneOf": [ref(name), {"type": "null"}]}


_ANSWER: dict[str, Schema] = {"ok": _FLAG, "code": _TEXT, "text": _TEXT, "fields": _map(_TEXT)}
_OF_A_HUB: dict[str, Schema] = {"machine": _TEXT}  # optional: a monitor's own have none
_ROW: dict[str, Schema] = {
    "id": _TEXT,
    "error_type": ref("ErrorType"),
    "estado": ref("Estado"),
    "modelo": _TEXT_OR_NULL,
    "video": _TEXT_OR_NULL,
    "file": _TEXT_OR_NULL,
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
    "waiting_for": _or_null("ErrorType"),
    "recovered_by_bot": _FLAG,
    "count": _COUNT,
    "acknowledged_by": _TEXT_OR_NULL,
    "acknowledged_at": _NUMBER_OR_NULL,
}
_RECORD: dict[str, Schema] = {
    "seq": _COUNT,
    "at": _NUMBER,
    "event": _TEXT,
    "text": _TEXT,
    "priority": _PRIORITY,
    "estado": _or_null("Estado"),
}
_SILENCE: dict[str, Schema] = {
    "id": _TEXT,
    "scope": ref("Scope"),
    "value": _TEXT,
    "since": _NUMBER,
    "until": _NUMBER,
    "reason": _TEXT,
    "by": _TEXT,
}
_PREDICTION: dict[str, Schema] = {
    "id": _TEXT,
    "kind": ref("PredictionKind"),
    "said_at": _NUMBER,
    "until": _NUMBER,
    "p": {"type": "number", "minimum": 0, "maximum": 1},
    "lo": _NUMBER_OR_NULL,
    "hi": _NUMBER_OR_NULL,
    "about": _TEXT,
    "likelihood": _words("very_likely", "likely", "even", "unlikely"),
    "reason": _TEXT,
    "fields": {"type": "object", "additionalProperties": {"type": ["number", "string"]}},
    "told": _FLAG,
    "outcome": _or_null("PredictionOutcome"),
    "judged_at": _NUMBER_OR_NULL,
    "came_at": _NUMBER_OR_NULL,
}
# Only where the machine belongs to a fleet, or is the hub of one.
_OF_A_FLEET: dict[str, Schema] = {"fleet": ref("FleetLink"), "hub": ref("FleetTotals")}
_DISK: dict[str, Schema] = {
    "path": _TEXT,
    "free": _COUNT,
    "total": _COUNT,
    "full_at": _NUMBER_OR_NULL,
    "probability": _NUMBER_OR_NULL,
}
_MACHINE: dict[str, Schema] = {
    "name": _TEXT,
    "state": ref("MachineState"),
    "problems": _list(ref("MachineProblem")),
    "received_at": _NUMBER_OR_NULL,
    "skew": _NUMBER,
    "version": _TEXT,
    "open": _COUNT,
    "failed": _COUNT,
    "solved": _COUNT,
    "unanswered": _COUNT,
    "waiting": _COUNT,
    "success_rate": _NUMBER_OR_NULL,
    "disk": _or_null("MachineDisk"),
    "bot_active": _FLAG_OR_NULL,
    "server_up": _FLAG_OR_NULL,
    "container": _TEXT,
    "lag": _NUMBER,
    "pending": _COUNT,
    "missing": _COUNT,
    "refused": _COUNT,
    "flips": _COUNT,
    "certificate_until": _NUMBER_OR_NULL,
}
# Present state without its time, as the stream sends it on a change.
_PRESENT: dict[str, Schema] = {
    "started_at": _NUMBER,
    "version": _TEXT,
    "line": _TEXT,
    "checked_at": _NUMBER_OR_NULL,
    "heard_at": _NUMBER_OR_NULL,
    "unit": _TEXT,
    "unit_name": _TEXT,
    "unit_active": _FLAG_OR_NULL,
    "unit_restarts": _COUNT_OR_NULL,
    "server": _TEXT,
    "server_up": _FLAG_OR_NULL,
    "space": _TEXT,
    "process": _or_null("ProcessUsage"),
    "host": _or_null("HostUsage"),
    "mounts": _list(ref("Mount")),
    "lag": _NUMBER,
    "unattributed": _COUNT,
    "blindness": ref("Blindness"),
    "reporting": ref("Reporting"),
    "tasks": _list(ref("FailingTask")),
    "open": _COUNT,
    "orders": _COUNT,
    "rescued": _or_null("Rescued"),
    "missing": _list(_TEXT),
    "forecast": ref("ForecastSummary"),
    "outbox": ref("Outbox"),
    "channels": _list(ref("Channel")),
    "silences": _list(ref("ActiveSilence")),
    "alarms": _list(ref("Alarm")),
    "unanswered": _list(_TEXT),
    "lost": _list(_TEXT),
}

_MESSAGES = {
    "hello": "HelloMessage",
    "record": "RecordMessage",
    "now": "PresentMessage",
    "reset": "ResetMessage",
    "alive": "AliveMessage",
}

SCHEMAS: dict[str, Schema] = {
    "ErrorType": _one_of(ErrorType),
    "Estado": _one_of(Estado),
    "Cause": _one_of(Cause),
    "Phase": _one_of(Phase),
    "Scope": _one_of(Scope),
    "PredictionKind": _one_of(PredictionKind),
    "PredictionOutcome": _one_of(PredictionOutcome),
    "KindState": _one_of(KindState),
    "Error": _object(**_ANSWER),
    "ProblemDetails": _object(
        type={"type": "string", "format": "uri"},
        title=_TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail=_TEXT,
        code=_TEXT,
        errors=_map(_TEXT),
    ),
    "Reply": _object(**_ANSWER),
    "Incident": _object(_OF_A_HUB, **_ROW),
    "IncidentPage": _object(incidents=_list(ref("Incident")), next=_TEXT_OR_NULL, total=_COUNT),
    "Evidence": _object(what=_TEXT, text=_TEXT, value=_TEXT, ok=_FLAG),
    "Event": _object(_OF_A_HUB, **_RECORD),
    "IncidentStory": _object(
        _OF_A_HUB,
        **_ROW,
        rule=_TEXT,
        error_message=_TEXT,
        cause=ref("Cause"),
        exception=_TEXT,
        not_before=_NUMBER_OR_NULL,
        lines=_list(_TEXT),
        evidence=_list(ref("Evidence")),
        history=_list(ref("Event")),
    ),
    "ModeloCount": _object(modelo=_TEXT_OR_NULL, total=_COUNT),
    "MachineCount": _object(machine=_TEXT_OR_NULL, total=_COUNT),
    "Summary": _object(
        {"by_machine": _list(ref("MachineCount"))},
        since=_NUMBER,
        total=_COUNT,
        open=_COUNT,
        by_estado=_map(_COUNT),
        by_type=_map(_map(_COUNT)),
        by_modelo=_list(ref("ModeloCount")),
        modelos=_COUNT,
        success_rate=_NUMBER_OR_NULL,
        median_seconds=_NUMBER_OR_NULL,
        p95_seconds=_NUMBER_OR_NULL,
    ),
    "ModeloSeries": _object(modelo=_TEXT_OR_NULL, others=_FLAG, values=_list(_COUNT)),
    "MachineSeries": _object(machine=_TEXT_OR_NULL, others=_FLAG, values=_list(_COUNT)),
    "Series": _object(
        {"machines": _list(ref("MachineSeries"))},
        step=_words("hour", "day"),
        at=_list(_NUMBER),
        types=_map(_list(_COUNT)),
        estados=_map(_list(_COUNT)),
        modelos=_list(ref("ModeloSeries")),
        median_seconds=_list(_NUMBER_OR_NULL),
    ),
    "Download": _object(
        modelo=_TEXT_OR_NULL,
        video=_TEXT_OR_NULL,
        file=_TEXT_OR_NULL,
        phase=ref("Phase"),
        since=_NUMBER,
        heard=_NUMBER,
        size=_COUNT_OR_NULL,
        done=_COUNT_OR_NULL,
        incident=_TEXT_OR_NULL,
        intento=_COUNT_OR_NULL,
    ),
    "Downloads": _object(downloads=_list(ref("Download"))),
    "Alarm": _object(
        id=_TEXT,
        code=_TEXT,
        text=_TEXT,
        since=_NUMBER,
        acknowledged_by=_TEXT_OR_NULL,
        acknowledged_at=_NUMBER_OR_NULL,
    ),
    "BlindnessReason": _object(code=_TEXT, since=_NUMBER, last=_NUMBER, count=_COUNT, text=_TEXT),
    "Blindness": _object(since=_NUMBER_OR_NULL, reasons=_list(ref("BlindnessReason")), suppressed=_COUNT),
    "Channel": _object(
        channel=_TEXT,
        remark=_TEXT,
        waiting=_COUNT,
        unusable=_FLAG,
        stand_in=_TEXT,
        last_success=_NUMBER_OR_NULL,
        last_error=_TEXT,
        last_error_at=_NUMBER_OR_NULL,
        resumes_at=_NUMBER_OR_NULL,
    ),
    "FailingTask": _object(task=_TEXT, failures=_COUNT, since=_NUMBER, error=_TEXT),
    "ForecastSummary": _object(text=_TEXT, foreseen=_list(ref("Prediction"))),
    "HostUsage": _object(cpus=_COUNT, load=_exactly(3, _NUMBER), memory_total=_COUNT, memory_available=_COUNT),
    "Mount": _object(path=_TEXT, mount=_TEXT, device=_TEXT, filesystem=_TEXT, read_only=_FLAG),
    "Outbox": _object(waiting=_COUNT, error=_TEXT),
    "FleetLink": _object(
        address=_TEXT,
        name=_TEXT,
        code=_TEXT,
        text=_TEXT,
        since=_NUMBER,
        heard_at=_NUMBER_OR_NULL,
        seq=_COUNT,
        pending=_COUNT,
        refused=_COUNT,
        set_aside=_list(_COUNT),
        certificate_until=_NUMBER_OR_NULL,
    ),
    "ProcessUsage": _object(rss=_COUNT, cpu_seconds=_NUMBER, cpu=_NUMBER, open_files=_COUNT, threads=_COUNT),
    "Reporting": _object(exact=_FLAG, library=_TEXT_OR_NULL, foreign=_TEXT_OR_NULL),
    "Rescued": _object(files=_COUNT, bytes=_COUNT, oldest=_NUMBER_OR_NULL, complete=_FLAG, fix=_TEXT),
    "ActiveSilence": _object(**_SILENCE, silenced=_COUNT, reported=_FLAG),
    "Silence": _object(**_SILENCE),
    "PresentStatus": _object(_OF_A_FLEET, **_PRESENT),
    "Status": _object(_OF_A_FLEET, **_PRESENT, at=_NUMBER, running=_FLAG),
    "MachineState": _one_of(MachineState),
    "MachineProblem": _object(code=_TEXT, text=_TEXT),
    "MachineDisk": _object(**_DISK),
    "Machine": _object(**_MACHINE),
    "MachinePage": _object(
        machines=_list(ref("Machine")),
        total=_COUNT,
        states=_map(_COUNT),
        next=_COUNT_OR_NULL,
        at=_NUMBER,
        read_at=_NUMBER,
    ),
    "MachineDetails": _object(
        **_MACHINE,
        started_at=_NUMBER_OR_NULL,
        invited_at=_NUMBER_OR_NULL,
        revoked_at=_NUMBER_OR_NULL,
        hosts=_list(_TEXT),
        disks=_list(ref("MachineDisk")),
        set_aside=_list(_COUNT),
        open_types=_map(_COUNT),
        address=_TEXT,
        commands=_list(_TEXT),
        at=_NUMBER,
    ),
    "FleetDisk": _object(machine=_TEXT, **_DISK),
    "FleetPart": _object(up=_COUNT, down=_COUNT, unknown=_COUNT, worst=_list(_TEXT)),
    "FleetTotals": _object(
        machines=_COUNT,
        states=_map(_COUNT),
        silent=_list(_TEXT),
        troubled=_list(_TEXT),
        bots=ref("FleetPart"),
        servers=ref("FleetPart"),
        disks=_list(ref("FleetDisk")),
        open=_COUNT,
        failed=_COUNT,
        unanswered=_COUNT,
        waiting=_COUNT,
        pending=_COUNT,
        missing=_COUNT,
        success_rate=_NUMBER_OR_NULL,
        database=_TEXT,
    ),
    "VolumeLevel": _words("ok", "warning", "critical"),
    "Volume": _object(
        path=_TEXT,
        free=_COUNT,
        total=_COUNT,
        level=ref("VolumeLevel"),
        history=_list(_exactly(2, _NUMBER)),
    ),
    "PresentVolume": _object(
        path=_TEXT, free=_COUNT, total=_COUNT, level=ref("VolumeLevel"), history={"type": "null"}
    ),
    "Health": _object(status=ref("Status"), volumes=_list(ref("Volume")), silences=_list(ref("Silence")), at=_NUMBER),
    "Prediction": _object(**_PREDICTION),
    "ForeseenPrediction": _object(**_PREDICTION, reason_text=_TEXT),
    "PredictionScore": _object(
        kind=ref("PredictionKind"),
        state=ref("KindState"),
        said=_COUNT,
        came_true=_COUNT,
        false=_COUNT,
        missed=_COUNT,
        false_per_week=_NUMBER_OR_NULL,
        brier=_NUMBER_OR_NULL,
        coverage=_NUMBER_OR_NULL,
    ),
    "DiskForecast": _object(
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
    ),
    "Forecast": _object(
        at=_NUMBER,
        since=_NUMBER_OR_NULL,
        foreseen=_list(ref("ForeseenPrediction")),
        scores=_list(ref("PredictionScore")),
        disks=_list(ref("DiskForecast")),
    ),
    "RepairStatistics": _object(
        error_type=ref("ErrorType"),
        order=_TEXT,
        tried=_COUNT,
        worked=_COUNT,
        failed=_COUNT,
        median_seconds=_NUMBER_OR_NULL,
        p95_seconds=_NUMBER_OR_NULL,
        reasons=_map(_COUNT),
    ),
    "Ledger": _object(since=_NUMBER, ledger=_list(ref("RepairStatistics"))),
    "Records": _object(records=_list(ref("Event")), seq=_COUNT),
    "OpenApi": {"type": "object", "description": "An OpenAPI 3.1 document", "additionalProperties": True},
    "HealthCheck": _object(
        status=_words("pass", "warn", "fail"),
        text=_TEXT,
        more=_TEXT,
        open=_COUNT,
        lost=_COUNT,
        rescued=_COUNT,
        bot=_FLAG_OR_NULL,
        server=_FLAG_OR_NULL,
        disk_free=_COUNT_OR_NULL,
        version=_TEXT,
        at=_NUMBER,
    ),
    "NotWell": {"oneOf": [ref("HealthCheck"), ref("Error"), ref("ProblemDetails")]},
    "Badge": _TEXT,
    "StatusPage": _TEXT,
    "UptimeDay": _object(day={"type": "string", "format": "date"}, up=_NUMBER, down=_NUMBER),
    "Uptime": _object(part=_words("bot", "server", "monitor"), share=_NUMBER_OR_NULL, days=_list(ref("UptimeDay"))),
    "UptimePage": _object(parts=_list(ref("Uptime")), at=_NUMBER),
    "RescuedFile": _object(file=_TEXT, size=_COUNT, since=_NUMBER),
    "RescuedFiles": _object(files=_list(ref("RescuedFile")), total=_COUNT, modelos=_list(_TEXT)),
    "Metrics": _TEXT,
    "IncidentTable": _TEXT,
    "Texts": _map(_TEXT),
    "Session": _object(by=_TEXT, until=_NUMBER),
    "Who": _object(by=_TEXT),
    "Done": _object(ok=_FLAG),
    "SignInCode": _object(code=_TEXT, until=_NUMBER, address=_TEXT, trouble=_map(_TEXT)),
    "EndedSessions": _object(ended=_COUNT),
    "Place": _object(seq=_COUNT),
    "Record": _object(_OF_A_HUB, **_RECORD, incident=_or_null("Incident")),
    "Present": _object(
        status=ref("PresentStatus"), downloads=_list(ref("Download")), volumes=_list(ref("PresentVolume"))
    ),
    "HelloMessage": _object(event=_words("hello"), data=ref("Place")),
    "RecordMessage": _object(event=_words("record"), id=_TEXT, data=ref("Record")),
    "PresentMessage": _object(event=_words("now"), data=ref("Present")),
    "ResetMessage": _object(event=_words("reset"), id=_TEXT, data=ref("Place")),
    "AliveMessage": _object(event=_words("alive"), data=ref("Place")),
    "StreamMessage": {
        "oneOf": [ref(name) for name in _MESSAGES.values()],
        "discriminator": {
            "propertyName": "event",
            "mapping": {event: f"#/components/schemas/{name}" for event, name in _MESSAGES.items()},
        },
    },
    "WebhookEvidence": _object(what=_TEXT, value=_TEXT, ok=_FLAG),
    "WebhookIncident": _object(
        id=_TEXT,
        error_type=ref("ErrorType"),
        modelo=_TEXT,
        video=_TEXT,
        estado=ref("Estado"),
        accion=_TEXT,
        motivo=_TEXT,
        intento=_COUNT,
        max_intentos=_COUNT,
        evidence=_list(ref("WebhookEvidence")),
        opened_at={"type": "string", "format": "date-time"},
        closed_at={"type": ["string", "null"], "format": "date-time"},
    ),
    "WebhookMessage": _object(
        version=_COUNT,
        id=_TEXT,
        key=_TEXT,
        code=_TEXT,
        severity=_words("", "info", "recoverable", "critical"),
        at={"type": ["string", "null"], "format": "date-time"},
        text=_TEXT,
        fields=_map(_TEXT),
        incident=_or_null("WebhookIncident"),
    ),
}
