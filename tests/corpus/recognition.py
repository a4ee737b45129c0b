"""The deciders that the corpora judge: the shipped rules on one line, the whole recognition on an episode."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.host.redact import redact
from trafico_monitor.journal import parser
from trafico_monitor.model.journal_entry import JournalEntry, Origin
from trafico_monitor.pipeline.dry_run import simulate

from . import Expected, incidents

Decide = Callable[[tuple[str, ...]], Expected]
APART = 0.005  # seconds between two lines of an episode


def line_type(rules: RuleSet) -> Decide:
    """One line alone: its error_type or «none», as `rules test` says it."""

    def decide(lines: tuple[str, ...]) -> str:
        rule = rules.decide(redact(lines[0]))
        return rule.error_type.value if rule is not None and rule.error_type is not None else "none"

    return decide


def episode_incidents(rules: RuleSet, *, passing: bool = False) -> Decide:
    """An episode: its incidents, as `replay` says them; with `passing` the reader passes dull lines over first."""

    def decide(lines: tuple[str, ...]) -> Expected:
        given = list(entries(lines))
        found = [one.incident for one in simulate(list(_passed_on(given, rules)) if passing else given, rules)]
        return incidents(
            (one.error_type.value, one.download.modelo, one.download.video, one.recovered_by_bot) for one in found
        )

    return decide


def entries(lines: tuple[str, ...]) -> Iterator[JournalEntry]:
    """As the journal gives them: a line in journalctl's short format carries its own process."""
    at = 0.0
    for number, line in enumerate(lines):
        if parser._SHORT.fullmatch(line):
            [entry] = parser.entries([line], at)
            at = max(at + 0.0001, entry.at)
            yield JournalEntry(entry.message, entry.pid, at, f"line:{number}", entry.origin)
        else:
            at += APART
            yield JournalEntry(redact(line), 2, at, f"line:{number}")


def _passed_on(given: list[JournalEntry], rules: RuleSet) -> Iterator[JournalEntry]:
    """What a reader hands on that passes dull lines over."""
    passing = Detector(rules).passing()
    for entry in given:
        raw = entry.message.encode()
        if entry.origin is Origin.BOT and passing.dull(raw) and passing.may_pass(raw, entry.pid):
            continue
        passing.kept(entry)
        yield entry
