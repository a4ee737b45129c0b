"""What the service says of its own start, reload and stop. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .. import __version__
from ..config import schema
from ..config.schema import Config
from ..messages import text
from ..model.alert import Notification, NotificationCode, Severity
from ..model.incident import Event
from . import events
from .run_stats import RunStats

SAID_AGAIN = 600  # a restart within this time edits the start message instead of a new one


def of_start(config: Config, watched: str, damaged: str, now: float) -> tuple[Notification, list[Event]]:
    """`watched` is the bot's unit, `damaged` where an unreadable database was put aside ("": none)."""
    language = config.language
    records = [events.of_event("service_started", now, language, code="started", unidad=watched)]
    for code in config.missing:
        words = text(f"missing.{code}", language, **schema.missing_fields(config))
        records.append(events.of_event("missing", now, language, 4, texto=words))
    if damaged:
        words = text("store.damaged", language, ruta=damaged)
        records.append(events.of_event("missing", now, language, 3, texto=words))
    return Notification(
        "service", NotificationCode.START, Severity.INFO, now, int(now) // SAID_AGAIN, fields=_fields(watched)
    ), records


def of_missing(codes: Iterable[str], language: str, now: float) -> tuple[Event, ...]:
    """What could not be prepared."""
    return tuple(events.of_event("missing", now, language, 4, texto=text(code, language)) for code in codes)


def of_reload(refused: str | None, language: str, now: float) -> Event:
    """`refused` is why the new configuration was not taken, None when it was."""
    if refused is not None:
        return events.of_event("service_reloaded", now, language, 3, "reload_refused", texto=refused)
    return events.of_event("service_reloaded", now, language, 6, "reloaded")


def of_stop(
    tally: RunStats, watched: str, started_at: float, language: str, now: float
) -> tuple[tuple[Notification, ...], Event]:
    """The sum of this run, and that it ends."""
    record = events.of_event("service_stopping", now, language, code="stopping")
    thread = int(started_at)
    told = tuple(
        Notification("service", code, Severity.INFO, now, thread + offset, fields=fields)
        for offset, code, fields in (
            (0, NotificationCode.SUMMARY, tally.fields(now)),
            (1, NotificationCode.STOP, _fields(watched)),
        )
    )
    return told, record


def _fields(watched: str) -> dict[str, str]:
    return {"unidad": watched, "version": __version__}
