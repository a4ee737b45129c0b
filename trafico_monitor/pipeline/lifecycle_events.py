"""Events and notifications of the service's own life: start, reload, stop, failing tasks. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from .. import __version__
from ..config import schema
from ..config.schema import Config
from ..messages import text
from ..model.alert import Notification, NotificationCode, Severity
from ..model.incident import Estado, Event
from . import events

START_THREAD_SECONDS = 600  # a restart within this time edits the start message


class RunStats:
    """Counts of this run, for the status line and the summary: incidents by error_type when they are detected, and
    by how they end."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._types: Counter[str] = Counter()
        self._ends: Counter[Estado] = Counter()
        self._by_bot = 0

    def count(self, records: Iterable[Event]) -> None:
        """Count the events of one step."""
        for record in records:
            incident = record.incident
            if incident is None:
                continue
            if incident.estado is Estado.DETECTADO:
                self._types[incident.error_type.value] += 1
            elif not incident.open:
                self._ends[incident.estado] += 1
                self._by_bot += incident.recovered_by_bot

    def ended(self, estado: Estado) -> int:
        return self._ends[estado]

    def fields(self, now: float) -> dict[str, str]:
        """The summary's fields, named as the texts name them; types that were not seen are left out."""
        counted = {
            "total": self._types.total(),
            **self._types,
            **{estado.value: self._ends[estado] for estado in (Estado.SOLUCIONADO, Estado.FALLIDO)},
        }
        if self._by_bot:
            counted["por_el_bot"] = self._by_bot
        return {"desde": f"{self._since:.0f}", "hasta": f"{now:.0f}", **{k: str(v) for k, v in counted.items()}}


def started(config: Config, watched: str, damaged: str, now: float) -> tuple[Notification, list[Event]]:
    """The start of the service. `watched` is the bot's unit, `damaged` the place of an unreadable database that was
    put aside ("": none)."""
    language = config.language
    records = [events.service_event("service_started", now, language, code="started", unidad=watched)]
    for code in config.missing:
        words = text(f"missing.{code}", language, **schema.missing_fields(config))
        records.append(events.service_event("missing", now, language, 4, texto=words))
    if damaged:
        words = text("store.damaged", language, ruta=damaged)
        records.append(events.service_event("missing", now, language, 3, texto=words))
    return Notification(
        "service",
        NotificationCode.START,
        Severity.INFO,
        now,
        int(now) // START_THREAD_SECONDS,
        fields=_fields(watched),
    ), records


def missing_access(codes: Iterable[str], language: str, now: float) -> tuple[Event, ...]:
    """Access that could not be prepared, by its codes."""
    return tuple(events.service_event("missing", now, language, 4, texto=text(code, language)) for code in codes)


def reloaded(refused: str | None, left: Sequence[str], language: str, now: float) -> Event:
    """A reload. `refused` is why the new configuration was not accepted, None when it was; `left` are the changed
    keys that wait for a restart."""
    if refused is not None:
        return events.service_event("service_reloaded", now, language, 3, "reload_refused", texto=refused)
    if left:
        return events.service_event("service_reloaded", now, language, 4, "reload_partial", claves=", ".join(left))
    return events.service_event("service_reloaded", now, language, 6, "reloaded")


def stopping(
    stats: RunStats, watched: str, started_at: float, language: str, now: float
) -> tuple[tuple[Notification, ...], Event]:
    """The stop of the service: summary and last message."""
    record = events.service_event("service_stopping", now, language, code="stopping")
    thread = int(started_at)
    told = tuple(
        Notification("service", code, Severity.INFO, now, thread + offset, fields=fields)
        for offset, code, fields in (
            (0, NotificationCode.SUMMARY, stats.fields(now)),
            (1, NotificationCode.STOP, _fields(watched)),
        )
    )
    return told, record


def task_failing(
    task: str, failures: int, since: float, error: str, over: bool, language: str, now: float
) -> tuple[Event, Notification]:
    """A task of the service fails again and again, or (`over`) no longer does."""
    code = NotificationCode.TASK_BACK if over else NotificationCode.TASK_FAILING
    fields = {
        "tarea": events.task_name(task, language),
        "fallos": str(failures),
        "error": error,
        "segundos": f"{max(0.0, now - since):.0f}",
    }
    event = events.service_event(code.value, now, language, 5 if over else 3, **fields)
    shown = {"tarea": fields["tarea"]}
    if not over:
        shown |= {"motivo": error, "texto": text("tasks.advice", language)}
    # Its end edits the same message.
    return event, Notification(f"task {task}", code, Severity.RECOVERABLE, now, int(since), fields=shown)


def _fields(watched: str) -> dict[str, str]:
    return {"unidad": watched, "version": __version__}
