"""Many notifications in one message, each with its original time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from ...messages import format
from ...model.alert import Notification, Severity
from ...model.incident import Estado
from .markup import Line, Message, assemble, bold, line, units, words
from .render import entry

_ROOM_FOR_LINES = 3000
_MOST_IDS = 75


def render_digest(notices: Sequence[Notification], language: str, zone: tzinfo | None = None) -> Message:
    """One message for `notices`: how many, from when to when, a line for each (failures first,
    then by time). Of those that do not fit, failures are still named by their ids."""
    ordered = sorted(notices, key=lambda n: (not _failed(n), n.at))
    lines = [bold(line("notice.title.warning", language)), Line(), _header(notices, language, zone), Line()]
    room, shown = _ROOM_FOR_LINES, 0
    for notice in ordered:
        one = entry(notice, language, zone)
        room -= units(one.html) + 1
        if room < 0:
            break
        lines.append(one)
        shown += 1
    lines += _left_out(ordered[shown:], language)
    return assemble(lines, silent=all(n.severity is Severity.INFO for n in notices))


def _header(notices: Sequence[Notification], language: str, zone: tzinfo | None) -> Line:
    times = [n.at for n in notices]
    first, last = (format.moment(at, zone, day=True) for at in (min(times), max(times)))
    return line("notice.digest", language, n=words(len(notices)), desde=words(first), hasta=words(last))


def _left_out(notices: Sequence[Notification], language: str) -> list[Line]:
    if not notices:
        return []
    failed = [f"#{n.incident.id}" for n in notices if n.incident is not None and _failed(n)][:_MOST_IDS]
    rest = len(notices) - len(failed)
    lines = [line("notice.digest.failed_too", language, ids=words(" ".join(failed), 800))] if failed else []
    return lines + ([line("notice.digest.more", language, n=words(rest))] if rest else [])


def _failed(notice: Notification) -> bool:
    return notice.incident is not None and notice.incident.estado is Estado.FALLIDO
