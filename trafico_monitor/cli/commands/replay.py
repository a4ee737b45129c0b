"""`trafico-monitor replay`: dry run of past lines, with the incidents and repairs that they would cause."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ...config.loader import load as load_config
from ...config.schema import Config
from ...detection.rule_files import directories, read_rule_files
from ...detection.ruleset.loader import load as load_rules
from ...errors import MonitorError
from ...messages import format, text
from ...model.incident import Incident
from ...model.journal_entry import JournalEntry
from ...pipeline.dry_run import Difference, Rehearsal, SimulatedIncident, compare
from ..output import counting, language, print_json, say

if TYPE_CHECKING:
    from ...journal.reader import Skip


Progress = Callable[[int, float], None]  # entries inspected, time of the last one


def _unseen(seen: int, at: float) -> None:
    """Nobody is shown how far it is."""


def replay(
    as_json: bool,
    directory: str,
    since: str | None,
    until: str | None,
    progress: bool,
    proposed: tuple[Path, ...],
    config: Path | None,
    file: str | None,
) -> int:
    """Print one object or line an incident; nothing is touched. Exit status 0; with `proposed` rules one
    object or line a difference, and 1 when there is one."""
    spoken = language()
    loaded = load_config(config)
    present = directories(config)
    rules = load_rules(read_rule_files(present, spoken), spoken)
    with counting("replay.progress", spoken) if progress else contextlib.nullcontext(_unseen) as seen:
        if proposed:
            entries = _entries(loaded, file, directory, since, until, spoken, progress=seen)
            changed = load_rules(read_rule_files((*present, *proposed), spoken), spoken)
            count, differences = compare(entries, rules, changed, loaded.project.models_dir)
        else:
            rehearsal = Rehearsal(rules, loaded.project.models_dir)
            found = rehearsal.run(_entries(loaded, file, directory, since, until, spoken, rehearsal.passing, seen))
    if proposed:
        return _print_differences(differences, count, as_json, spoken)
    for one in found:
        print_json(one.as_data()) if as_json else say(_line(one, spoken), "    ")
    if not as_json:
        say(text("replay.total" if found else "replay.none", spoken, count=len(found)))
    return 0


def _print_differences(found: tuple[Difference, ...], count: int, as_json: bool, spoken: str) -> int:
    for one in found:
        print_json(one.as_data()) if as_json else say(_difference(one, spoken), "    ")
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


def _entries(
    config: Config,
    file: str | None,
    directory: str,
    since: str | None,
    until: str | None,
    language: str,
    skip: Skip | None = None,
    progress: Progress = _unseen,
) -> Iterable[JournalEntry]:
    if file:
        from ...journal.parser import entries
        from .rules import lines_of

        return entries(lines_of(file, language))
    if not directory and not since:
        raise MonitorError(text("replay.source", language))
    return journal_entries(config, since, until, language, directory, skip, progress)


def journal_entries(
    config: Config,
    since: str | None,
    until: str | None,
    language: str,
    directory: str = "",
    skip: Skip | None = None,
    progress: Progress = _unseen,
) -> Iterable[JournalEntry]:
    """The bot's entries between two times, of its journal or of the files in `directory`, without those of `skip`."""
    from ...config.discovery import bots_user
    from ...journal.reader import read_all
    from ..timespec import parse

    now = time.time()
    return read_all(
        directory=directory or config.journal.directory,
        namespace="" if directory else config.journal.namespace,
        unit=config.bot.unit,
        process=config.bot.process,
        uid=bots_user(config),
        container=config.bot.container,
        of_user=config.bot.user_unit,
        since=parse(since, now, language) if since else None,
        until=parse(until, now, language) if until else None,
        skip=skip,
        progress=progress,
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
        donde=_place(incident, language),
        estado=incident.estado.value,
        ordenes=orders,
    )


def _place(incident: Incident, language: str) -> str:
    """Its first and last line: by number in a file, by time in the journal."""
    numbers = [cursor.partition("line:")[2] for cursor in (incident.first, incident.last)]
    if all(numbers):
        return text("replay.lines", language, primera=numbers[0], ultima=numbers[1])
    first, last = (format.date_time(at, seconds=True) for at in (incident.opened_at, incident.seen_at))
    return first if first == last else f"{first} … {last}"
