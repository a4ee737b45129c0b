"""Records as rows of `trafico.records`. Pure.

Nothing that a record holds may be refused by the server: a text is clean (no NUL, no lone surrogate), redacted once
more and cut to the columns' lengths, a time lies within 1970..2100, and a body is shortened until it fits.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from ..host.redact import redact
from ..model.download import Download
from ..model.fleet import ANONYMOUS
from ..model.incident import Event, Incident
from ..model.serialization import encode

LATEST = 4102444800.0  # 2100-01-01
MOST_BODY = 200_000  # bytes; the column's CHECK has 262,144
_LONGEST = {"event": 80, "text": 16384, "incident_id": 60, "error_type": 60, "estado": 60, "modelo": 512, "video": 512}
# (characters of a text, items of a list or mapping) of a body, until it fits.
_FITS = ((4096, 500), (1024, 100), (256, 50), (64, 50))
# Events whose text quotes no line of the bot and no name of a file.
_NAMELESS = frozenset(
    {"service_started", "service_stopping", "unit_started", "unit_stopped", "unit_back", "server_down", "server_up"}
    | {"space_low", "space_critical", "space_ok", "space_warning", "task_failing", "task_back"}
)


class Numbered(Protocol):
    """A record with its number in the machine's database."""

    @property
    def seq(self) -> int: ...

    @property
    def record(self) -> Event: ...


@dataclass(frozen=True, slots=True)
class Row:
    """A record as an object of JSON without `prev`, which depends on the records that were accepted before."""

    seq: int
    json: str

    def after(self, prev: int) -> str:
        """The object with `prev`, the number of the record sent before it (0: none)."""
        return f'{{"prev":{prev},{self.json[1:]}'


def rows(records: Sequence[Numbered], *, names: bool = True) -> list[Row]:
    """The rows of `records`. Without `names` modelo and video, and whatever may quote them, are left out."""
    return [row(one.seq, one.record, names=names) for one in records]


def row(seq: int, record: Event, *, names: bool = True) -> Row:
    """The row of one record."""
    if not names:
        record = anonymous(record)
    incident = record.incident
    columns: dict[str, object] = {"seq": seq, "at": moment(record.at), "event": record.event, "text": record.text}
    columns["priority"] = min(7, max(0, record.priority))
    if incident is not None:
        columns |= {
            "incident_id": incident.id,
            "error_type": incident.error_type.value,
            "estado": incident.estado.value,
            "modelo": incident.download.modelo or "",
            "video": incident.download.video or "",
            "opened_at": moment(incident.opened_at),
            "closed_at": None if incident.closed_at is None else moment(incident.closed_at),
        }
    for name, longest in _LONGEST.items():
        if name in columns:
            columns[name] = clean(str(columns[name]), longest)
    text = json.dumps(columns, ensure_ascii=False)
    return Row(seq, f'{text[:-1]}, "body": {fitted(encode(record))}}}')


def fitted(text: str, most: int = MOST_BODY) -> str:
    """JSON `text` with clean texts and finite numbers, in at most `most` bytes as jsonb prints it."""
    value = json.loads(text)
    for characters, items in _FITS:
        body = json.dumps(_fitted(value, characters, items), ensure_ascii=False)
        if len(body.encode()) <= most:
            return body
    return "{}"


def _fitted(value: object, characters: int, items: int) -> object:
    if isinstance(value, str):
        return clean(value, characters)
    if isinstance(value, dict):
        pairs = list(value.items())[:items]
        return {clean(key, 80): _fitted(held, characters, items) for key, held in pairs}
    if isinstance(value, list):
        return [_fitted(held, characters, items) for held in value[:items]]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def clean(text: str, longest: int) -> str:
    """At most `longest` characters of `text`, redacted, without what PostgreSQL cannot store."""
    # Cut only behind the redaction: half a secret is not recognised. What is looked at has a bound of its own.
    text = redact(text[: 4 * longest + 4096].replace("\0", "\N{REPLACEMENT CHARACTER}"))[:longest]
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def moment(at: float) -> float:
    """A time that PostgreSQL's to_timestamp takes and a partition has, in seconds since the epoch."""
    return min(LATEST, max(0.0, at)) if math.isfinite(at) else 0.0


def anonymous(record: Event) -> Event:
    """`record` with its event, times and states, and no word of the bot's lines."""
    incident = record.incident
    if incident is None:
        text = record.text if record.event in _NAMELESS else record.event
        return Event(record.at, record.event, text, record.priority)
    words = (incident.error_type.value, incident.estado.value, incident.accion, f"#{incident.id}")
    text = f"{record.event}: {' · '.join(filter(None, words))}"
    return Event(record.at, record.event, text, record.priority, record.accion, _anonymous(incident))


def _anonymous(incident: Incident) -> Incident:
    hidden = Download(ANONYMOUS, ANONYMOUS, size=incident.download.size)
    return Incident(
        incident.id,
        incident.error_type,
        incident.opened_at,
        incident.updated_at,
        incident.estado,
        hidden,
        rule=incident.rule,
        count=incident.count,
        attempt=incident.attempt,
        max_attempts=incident.max_attempts,
        step=incident.step,
        accion=incident.accion,
        reason=incident.reason,
        recovered_by_bot=incident.recovered_by_bot,
        waiting_for=incident.waiting_for,
        evidence=tuple(replace(one, value="") for one in incident.evidence),
        closed_at=incident.closed_at,
        acknowledged_by=incident.acknowledged_by,
        acknowledged_at=incident.acknowledged_at,
        asked=incident.asked,
        asked_by=incident.asked_by,
        cause=incident.cause,
        not_before=incident.not_before,
        bot_fix=incident.bot_fix,
        lost=incident.lost,
        seen_at=incident.seen_at,
        late=incident.late,
        late_at=incident.late_at,
    )
