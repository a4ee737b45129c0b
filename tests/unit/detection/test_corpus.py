"""Real episodes of bots in many log formats, judged as they are written to the journal: one entry a line.

The episodes lie beside the project; where they do not, the examples of the tests take their place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.host.redact import redact
from trafico_monitor.journal import parser
from trafico_monitor.model.journal_entry import JournalEntry, Origin
from trafico_monitor.pipeline.dry_run import simulate

from . import episodes as e
from .test_lines import rules  # noqa: F401

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"
LEAST = 0.97  # of the episodes; what is missing is no matter of formats
Seen = tuple[str, str | None, str | None, bool]


@dataclass(frozen=True)
class Episode:
    name: str
    form: str
    lines: list[str]
    expected: list[Seen]


def episodes() -> Iterator[Episode]:
    for file in sorted(CORPUS.glob("episodes*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            data = json.loads(line)
            note = data.get("note") or ""
            if "DEBATABLE" in note:
                continue
            expected = [(x["error_type"], x["modelo"], x["video"], x["recovered_by_bot"]) for x in data["expected"]]
            form = note.split(" · ")[0] if " · " in note else file.stem
            yield Episode(data["id"], form, data["lines"], expected)
    refused = ("telegram.error.NetworkError: httpx.ConnectError: All connection attempts failed", "httpx.ConnectError")
    yield Episode("own", "basic", e.getting_file(*refused), [("servidor_caido", None, None, False)])


def entries(lines: list[str]) -> Iterator[JournalEntry]:
    """As the journal gives them: a line in journalctl's short format carries its own process."""
    at = 0.0
    for number, line in enumerate(lines):
        if parser._SHORT.fullmatch(line):
            [entry] = parser.entries([line], at)
            at = max(at + 0.0001, entry.at)
            yield JournalEntry(entry.message, entry.pid, at, f"line:{number}", entry.origin)
        else:
            at += 0.005
            yield JournalEntry(redact(line), 2, at, f"line:{number}")


def passed_on(given: list[JournalEntry], rules: RuleSet) -> Iterator[JournalEntry]:  # noqa: F811
    """What a reader hands on that passes dull lines over."""
    passing = Detector(rules).passing()
    for entry in given:
        raw = entry.message.encode()
        if entry.origin is Origin.BOT and passing.dull(raw) and passing.may_pass(raw, entry.pid):
            continue
        passing.kept(entry)
        yield entry


def incidents(given: list[JournalEntry], rules: RuleSet) -> list[Seen]:  # noqa: F811
    found = [one.incident for one in simulate(given, rules)]
    return [(one.error_type.value, one.download.modelo, one.download.video, one.recovered_by_bot) for one in found]


@pytest.mark.parametrize("passing", [False, True])
def test_episodes_are_recognised(rules: RuleSet, passing: bool) -> None:  # noqa: F811
    right: dict[str, list[bool]] = {}
    wrong = []
    for episode in episodes():
        given = list(entries(episode.lines))
        found = incidents(list(passed_on(given, rules)) if passing else given, rules)
        same = sorted(map(str, found)) == sorted(map(str, episode.expected))
        right.setdefault(episode.form, []).append(same)
        wrong += [] if same else [f"{episode.name} ({episode.form}): {found} instead of {episode.expected}"]
    for form, each in sorted(right.items()):
        print(f"{form[:40]:40} {sum(each)} of {len(each)}")
    total = sum(len(each) for each in right.values())
    assert total - len(wrong) >= LEAST * total, "\n".join(wrong)
