"""`trafico-monitor incidents [show ID]`: the incidents, or one with its proof."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ...errors import MonitorError
from ...messages import text
from ...model.incident import Incident
from ...store.read_repository import Story
from ..output import clock, is_terminal, language, print_json, printable, say, table
from ..records import as_fields, incident_json, open_records, rescued, rescued_text
from ..timespec import parse

ROOMY = 100  # columns; on fewer the time of the list is without year and seconds


def incidents(
    config: Path | None,
    as_json: bool,
    since: str | None,
    until: str | None,
    error_type: str | None,
    estado: str | None,
    limit: int,
    words: tuple[str, ...],
) -> int:
    """Print the incidents, the newest first, or one of them (`words` are `show ID`)."""
    spoken = language()
    match words:
        case ["show", name]:
            return _show(config, as_json, name.lstrip("#").upper(), spoken)
        case [_, *_]:
            raise MonitorError(text("incidents.usage", spoken, palabras=" ".join(words)))
    now = time.time()
    first = parse(since, now, spoken) if since else None
    last = parse(until, now, spoken) if until else None
    with open_records(config) as records:
        found = records.incidents(since=first, until=last, estado=estado, error_type=error_type, limit=limit)
        waits = rescued(records.status())
    if as_json:
        for incident in found:  # each line is an incident: `status --json` tells what waits in _rescatados
            print_json(incident_json(incident))
        return 0
    _print_list(found, spoken)
    if waits is not None:
        say(f"\n📦 {rescued_text(waits, spoken)}", "   ")
    return 0


def _print_list(found: Sequence[Incident], spoken: str) -> None:
    if not found:
        say(text("incidents.none", spoken))
        return
    rows = [[text(f"head.{name}", spoken) for name in _COLUMNS]]
    rows += [[_cell(name, as_fields(incident, spoken)) for name in _COLUMNS] for incident in found]
    table(rows, least=(10, 19, 17, 13, 14, 0), cuttable=(4,))


_COLUMNS = ("id", "hora", "tipo", "estado", "modelo", "video")
_YEAR, _SECONDS = slice(5, None), slice(None, -3)


def _cell(name: str, fields: Mapping[str, object]) -> str:
    said = str(fields[name])
    narrow = name == "hora" and is_terminal() and shutil.get_terminal_size().columns <= ROOMY
    return said[_YEAR][_SECONDS] if narrow else said


def _show(config: Path | None, as_json: bool, name: str, spoken: str) -> int:
    with open_records(config) as records:
        story = records.incident(name)
    if story is None:
        raise MonitorError(text("incidents.unknown", spoken, id=name))
    if as_json:
        history = [{"at": each.record.at, "registro": each.seq, "text": each.record.text} for each in story.records]
        print_json({**incident_json(story.incident), "history": history})
    else:
        _print_story(story, spoken)
    return 0


def _print_story(story: Story, spoken: str) -> None:
    incident = story.incident
    say(text("incident.show", spoken, **as_fields(incident, spoken)), " " * 14)
    for line in _more(incident, spoken):
        say(printable(line), " " * 14)
    sections = (
        ("incident.evidence", [f"{'✅' if e.ok else '❌'} {text(f'evidence.{e.what}', spoken)}: {e.value}"
                               for e in incident.evidence]),
        ("incident.lines", list(incident.lines) or [incident.error_message]),
        ("incident.history", [f"{clock(each.record.at, spoken)}  {each.record.text}" for each in story.records]),
    )  # fmt: skip
    for title, lines in sections:
        if lines:
            say(f"\n{text(title, spoken)}", style="bold")
            for line in lines:
                say(f"  {printable(line)}", "    ", most=None)


def _more(incident: Incident, spoken: str) -> Iterator[str]:
    """Details of the exception, the acknowledgement, and retries by operators."""
    if incident.exception:
        yield text("incident.exception", spoken, clase=incident.exception)
    if incident.acknowledged_by:
        hora = clock(incident.acknowledged_at, spoken)
        yield text("incident.acknowledged", spoken, por=incident.acknowledged_by, hora=hora)
    if incident.asked:
        yield text("incident.asked", spoken, veces=incident.asked, por=incident.asked_by)
