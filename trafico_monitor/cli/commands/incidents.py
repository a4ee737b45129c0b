"""`trafico-monitor incidents [show ID]`: what happened, with its proof."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Mapping, Sequence

from ...errors import MonitorError
from ...messages import text
from ...model.finding import ErrorType
from ...model.incident import Estado, Incident
from ...store.read_repository import Story
from ..common import add_config, as_fields, as_json, clock, print_json, printable, records_of
from ..main import language
from ..output import say, table, width_of
from ..timespec import parse
from . import waiting

ROOMY = 100  # columns; on fewer the time of the list is without year and seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    spoken = language()
    add_config(parser)
    parser.add_argument("--since", metavar="TIME", help=text("option.since", spoken))
    parser.add_argument("--until", metavar="TIME", help=text("option.until", spoken))
    parser.add_argument("--type", choices=[each.value for each in ErrorType], help=text("option.type", spoken))
    parser.add_argument("--estado", choices=[each.value for each in Estado], help=text("option.estado", spoken))
    parser.add_argument("--limit", type=int, default=50, metavar="N", help=text("option.limit", spoken))
    parser.add_argument("words", nargs="*", metavar="show ID", help=text("option.id", spoken))


def run(args: argparse.Namespace) -> int:
    """Print the incidents, or one of them."""
    spoken = language()
    match args.words:
        case []:
            return _list(args, spoken)
        case ["show", name]:
            return _show(args, name.lstrip("#").upper(), spoken)
    raise MonitorError(text("incidents.usage", spoken, palabras=" ".join(args.words)))


def _list(args: argparse.Namespace, spoken: str) -> int:
    now = time.time()
    since = parse(args.since, now, spoken) if args.since else None
    until = parse(args.until, now, spoken) if args.until else None
    with records_of(args.config) as records:
        found = records.incidents(since=since, until=until, estado=args.estado, error_type=args.type, limit=args.limit)
        waits = waiting.rescued(records.status())
    if args.json:
        for incident in found:  # each line is an incident: `status --json` tells what waits in _rescatados
            print_json(as_json(incident))
        return 0
    _print_list(found, spoken)
    if waits is not None:
        say(f"\n📦 {waiting.line(waits, spoken)}", "   ")
    return 0


def _print_list(found: Sequence[Incident], spoken: str) -> None:
    if not found:
        say(text("incidents.none", spoken))
        return
    rows = [[text(f"head.{name}", spoken) for name in _COLUMNS]]
    rows += [[_cell(name, as_fields(incident, spoken)) for name in _COLUMNS] for incident in found]
    print("\n".join(table(rows, least=(10, 19, 17, 13, 14, 0), cuttable=(4,))))


_COLUMNS = ("id", "hora", "tipo", "estado", "modelo", "video")
_YEAR, _SECONDS = slice(5, None), slice(None, -3)


def _cell(name: str, fields: Mapping[str, object]) -> str:
    said = str(fields[name])
    narrow = name == "hora" and (width_of() or ROOMY) < ROOMY
    return said[_YEAR][_SECONDS] if narrow else said


def _show(args: argparse.Namespace, name: str, spoken: str) -> int:
    with records_of(args.config) as records:
        story = records.incident(name)
    if story is None:
        raise MonitorError(text("incidents.unknown", spoken, id=name))
    if args.json:
        history = [{"at": each.record.at, "registro": each.seq, "text": each.record.text} for each in story.records]
        print_json({**as_json(story.incident), "history": history})
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
            print(f"\n{text(title, spoken)}")
            for line in lines:
                say(f"  {printable(line)}", "    ", most=sys.maxsize)


def _more(incident: Incident, spoken: str) -> Iterator[str]:
    """What the exception was; who knows of it, and who had it tried again."""
    if incident.exception:
        yield text("incident.exception", spoken, clase=incident.exception)
    if incident.acknowledged_by:
        hora = clock(incident.acknowledged_at, spoken)
        yield text("incident.acknowledged", spoken, por=incident.acknowledged_by, hora=hora)
    if incident.asked:
        yield text("incident.asked", spoken, veces=incident.asked, por=incident.asked_by)
