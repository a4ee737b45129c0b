"""`trafico-monitor replay`: which incidents would these lines open, and what would be done?"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable
from pathlib import Path

from ...config.loader import load as load_config
from ...config.schema import Config
from ...detection.rule_files import directories, read_rule_files
from ...detection.ruleset.loader import load as load_rules
from ...errors import MonitorError
from ...messages import text
from ...model.journal_entry import JournalEntry
from ...pipeline.dry_run import Difference, SimulatedIncident, compare, simulate
from ..main import language
from ..output import say


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sources (a file, a journal directory, the journal since a time) and the options."""
    spoken = language()
    parser.add_argument("--json", action="store_true", help=text("option.json", spoken))
    parser.add_argument("--directory", default="", metavar="DIR", help=text("option.directory", spoken))
    parser.add_argument("--since", metavar="TIME", help=text("option.since", spoken))
    parser.add_argument("--until", metavar="TIME", help=text("option.until", spoken))
    parser.add_argument(
        "--rules", type=Path, action="append", default=[], metavar="DIR|FILE", help=text("option.proposed", spoken)
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help=text("option.config", spoken))
    parser.add_argument("file", nargs="?", metavar="FILE|-", help=text("option.lines", spoken))


def run(args: argparse.Namespace) -> int:
    """Print one object or line an incident; nothing is touched. Exit status 0; with --rules one
    object or line a difference, and 1 when there is one."""
    spoken = language()
    config = load_config(args.config)
    present = directories(args.config)
    rules = load_rules(read_rule_files(present, spoken), spoken)
    if args.rules:
        proposed = load_rules(read_rule_files((*present, *args.rules), spoken), spoken)
        count, differences = compare(_entries(args, config, spoken), rules, proposed, config.project.models_dir)
        return _print_differences(differences, count, args.json, spoken)
    found = simulate(_entries(args, config, spoken), rules, config.project.models_dir)
    for one in found:
        print(json.dumps(one.as_data(), ensure_ascii=False)) if args.json else say(_line(one, spoken), "    ")
    if not args.json:
        say(text("replay.total" if found else "replay.none", spoken, count=len(found)))
    return 0


def _print_differences(found: tuple[Difference, ...], count: int, as_json: bool, spoken: str) -> int:
    for one in found:
        print(json.dumps(one.as_data(), ensure_ascii=False)) if as_json else say(_difference(one, spoken), "    ")
    if not as_json:
        kinds = {kind: sum(one.kind == kind for one in found) for kind in ("appears", "vanishes", "changes")}
        say(text("replay.differs" if found else "replay.same", spoken, count=count, **kinds))
    return 1 if found else 0


def _difference(one: Difference, spoken: str) -> str:
    if one.before is not None and one.after is not None:
        before, after = _line(one.before, spoken), _line(one.after, spoken)
        return text("replay.changes", spoken, antes=before, despues=after, campos=", ".join(one.fields))
    only = one.before or one.after
    assert only is not None
    return text(f"replay.{one.kind}", spoken, incidente=_line(only, spoken))


def _entries(args: argparse.Namespace, config: Config, language: str) -> Iterable[JournalEntry]:
    if args.file:
        from ...journal.parser import entries
        from .rules import lines_of

        return entries(lines_of(args.file, language))
    if not args.directory and not args.since:
        raise MonitorError(text("replay.source", language))
    from ...config.discovery import bots_user
    from ...journal.reader import read_all
    from ..timespec import parse

    now = time.time()
    return read_all(
        directory=args.directory or config.journal.directory,
        namespace="" if args.directory else config.journal.namespace,
        unit=config.bot.unit,
        process=config.bot.process,
        uid=bots_user(config),
        since=parse(args.since, now, language) if args.since else None,
        until=parse(args.until, now, language) if args.until else None,
    )


def _line(one: SimulatedIncident, language: str) -> str:
    incident, unknown = one.incident, text("unknown", language)
    orders = text("replay.by_bot", language) if incident.recovered_by_bot else ", ".join(one.orders) or "–"
    return text(
        "replay.incident",
        language,
        tipo=text(f"type.{incident.error_type.value}", language),
        modelo=incident.download.modelo or unknown,
        video=incident.download.video or unknown,
        primera=incident.first,
        ultima=incident.last,
        estado=incident.estado.value,
        ordenes=orders,
    )
