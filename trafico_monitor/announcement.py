"""What the service says of its own start, reload and stop. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from . import __version__, chronicle
from .config import gaps
from .config.schema import Config
from .messages import text
from .model.notice import Notice, Severity
from .model.record import Record
from .tally import Tally

SAID_AGAIN = 600  # a restart within this time edits the start message instead of a new one


def of_start(config: Config, watched: str, damaged: str, now: float) -> tuple[Notice, list[Record]]:
    """`watched` is the bot's unit, `damaged` where an unreadable database was put aside ("": none)."""
    language = config.language
    records = [chronicle.of_event("service_started", now, language, code="started", unidad=watched)]
    for code in config.missing:
        words = text(f"missing.{code}", language, **gaps.fields(config))
        records.append(chronicle.of_event("missing", now, language, 4, texto=words))
    if damaged:
        words = text("store.damaged", language, ruta=damaged)
        records.append(chronicle.of_event("missing", now, language, 3, texto=words))
    return Notice("service", "start", Severity.INFO, now, int(now) // SAID_AGAIN, fields=_fields(watched)), records


def of_missing(codes: Iterable[str], language: str, now: float) -> tuple[Record, ...]:
    """What could not be prepared."""
    return tuple(chronicle.of_event("missing", now, language, 4, texto=text(code, language)) for code in codes)


def of_reload(refused: str | None, language: str, now: float) -> Record:
    """`refused` is why the new configuration was not taken, None when it was."""
    if refused is not None:
        return chronicle.of_event("service_reloaded", now, language, 3, "reload_refused", texto=refused)
    return chronicle.of_event("service_reloaded", now, language, 6, "reloaded")


def of_stop(
    tally: Tally, watched: str, started_at: float, language: str, now: float
) -> tuple[tuple[Notice, ...], Record]:
    """The sum of this run, and that it ends."""
    record = chronicle.of_event("service_stopping", now, language, code="stopping")
    thread = int(started_at)
    told = tuple(
        Notice("service", code, Severity.INFO, now, thread + offset, fields=fields)
        for offset, code, fields in ((0, "summary", tally.fields(now)), (1, "stop", _fields(watched)))
    )
    return told, record


def _fields(watched: str) -> dict[str, str]:
    return {"unidad": watched, "version": __version__}
