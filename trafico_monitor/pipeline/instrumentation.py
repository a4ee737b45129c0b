"""State of the instrumentation: exact reports by the bot, or log text only. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from ..model.journal_entry import JournalEntry, Origin

CONTRACT = "1"  # of the fields (docs/reference/instrumentation.md)
_NEWER_SECONDS = 60.0  # between two of the bot's events that are remembered only for their time


@dataclass(frozen=True, slots=True)
class Instrumentation:
    """Latest report of the bot: `at` its time (0: none), `pid` its process. `libraries` are wrapped in it;
    `foreign` are left unchanged, because their version is unknown."""

    at: float = 0.0
    pid: int = 0
    libraries: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()


def hear(told: Instrumentation, entry: JournalEntry) -> Instrumentation:
    """Returns `told` after `entry`; the same object without new information. Only a process of the bot can set
    these fields: no text can."""
    if not entry.fields or entry.origin is not Origin.BOT or entry.fields.get("TRAFICO_CONTRATO") != CONTRACT:
        return told
    event, library = entry.fields.get("TRAFICO_EVENTO", ""), entry.fields.get("TRAFICO_BIBLIOTECA", "")
    known = told if entry.pid == told.pid else Instrumentation(pid=entry.pid)
    if event == "ajeno":
        return replace(known, foreign=_with(known.foreign, library))
    if event == "activo":
        return replace(known, at=entry.at, libraries=_with(known.libraries, library))
    newer = entry.at - known.at >= _NEWER_SECONDS
    return replace(known, at=entry.at) if event and newer else told


def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return names if name in names or not name else (*names, name)


def standing(told: Instrumentation, began: float, *, lives: bool) -> dict[str, object]:
    """Display state: exact if the bot has reported since its unit's main process `began` (0: unknown; then if its
    process `lives`)."""
    present = told.at >= began if began else lives
    return {
        "exact": bool(told.at) and present,
        "library": ", ".join(told.libraries) or None if present else None,
        "foreign": ", ".join(told.foreign) or None if present else None,
    }


def snapshot(told: Instrumentation) -> dict[str, object]:
    return asdict(told)


def restored(saved: Mapping[str, object]) -> Instrumentation:
    """Restores a `snapshot`; anything else counts as no report."""
    at, pid = saved.get("at"), saved.get("pid")
    if not isinstance(at, int | float) or not isinstance(pid, int):
        return Instrumentation()
    libraries, foreign = (
        tuple(map(str, found)) if isinstance(found := saved.get(name), list | tuple) else ()
        for name in ("libraries", "foreign")
    )
    return Instrumentation(float(at), pid, libraries, foreign)
