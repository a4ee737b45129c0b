"""Labelled log lines and episodes of bots, and how well something decides them.

`given` may be looked at while recognition is built; nobody tunes to `aside`. README.md says how both were made.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SHARED = Path(__file__).parents[3] / "shared" / "corpus"  # beside the project; the tests do without it
NOTHING = (None, "none", ())
Incident = tuple[str, str | None, str | None, bool]  # error_type, modelo, video, recovered_by_bot
Expected = str | tuple[Incident, ...]


@dataclass(frozen=True)
class Example:
    """One labelled line (`expected` is its error_type or «none») or episode (`expected` are its incidents, sorted)."""

    name: str
    lines: tuple[str, ...]
    expected: Expected
    source: str
    form: str
    debatable: str = ""


@dataclass
class Score:
    """What was decided: for every example that is not debatable, itself and the answer."""

    answers: list[tuple[Example, Expected]] = field(default_factory=list)

    @property
    def wrong(self) -> list[tuple[Example, Expected]]:
        return [(example, answer) for example, answer in self.answers if answer != example.expected]

    @property
    def right(self) -> float:
        """The share of examples decided exactly, 0 to 1."""
        return 1 - len(self.wrong) / len(self.answers)

    @property
    def false_alarms(self) -> float:
        """The share of the examples without a failure that are called one, 0 to 1."""
        answers = [answer for example, answer in self.answers if example.expected in NOTHING]
        return sum(answer not in NOTHING for answer in answers) / len(answers) if answers else 0.0

    @property
    def macro_f1(self) -> float:
        """The mean F1 over the labels that occur as a label or as an answer."""
        true: Counter[Expected] = Counter()
        missed: Counter[Expected] = Counter()
        wrongly: Counter[Expected] = Counter()
        for example, answer in self.answers:
            true[answer] += answer == example.expected
            missed[example.expected] += answer != example.expected
            wrongly[answer] += answer != example.expected
        labels = {label for label, count in (true + missed + wrongly).items() if count}
        return sum(2 * true[x] / (2 * true[x] + missed[x] + wrongly[x]) for x in labels) / len(labels)

    @property
    def invented(self) -> list[Example]:
        """The episodes whose answer holds a modelo or video that the label does not."""
        return [example for example, answer in self.answers if not _names(answer) <= _names(example.expected)]

    def by(self, key: Callable[[Example], str]) -> dict[str, Score]:
        parts: dict[str, Score] = {}
        for example, answer in self.answers:
            parts.setdefault(key(example), Score()).answers.append((example, answer))
        return dict(sorted(parts.items()))


def score(examples: Iterable[Example], decide: Callable[[tuple[str, ...]], Expected]) -> Score:
    """The answers of `decide` to the lines of `examples`, one after the other; the debatable ones are left out."""
    return Score([(example, decide(example.lines)) for example in examples if not example.debatable])


def folds(examples: Sequence[Example], count: int) -> Iterator[tuple[list[Example], list[Example]]]:
    """`count` pairs of examples to learn from and examples to judge by; a whole source is in one of the two."""
    for fold in range(count):
        judged = [example for example in examples if _number(example.source) % count == fold]
        yield [example for example in examples if _number(example.source) % count != fold], judged


def lines(part: Path) -> list[Example]:
    return [
        Example(row["id"], (row["line"],), row["label"], row["source"], row["source"].split(",")[0], _debatable(row))
        for row in _rows(part.glob("lines*.jsonl"))
    ]


def episodes(part: Path) -> list[Example]:
    return [
        Example(
            row["id"], tuple(row["lines"]), _incidents(row["expected"]), row["source"], _form(row), _debatable(row)
        )
        for row in _rows(part.glob("episodes*.jsonl"))
    ]


def incidents(found: Iterable[Incident]) -> tuple[Incident, ...]:
    return tuple(sorted(found, key=str))


def _incidents(rows: list[dict[str, Any]]) -> tuple[Incident, ...]:
    return incidents((row["error_type"], row["modelo"], row["video"], row["recovered_by_bot"]) for row in rows)


def _rows(files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for file in sorted(files):
        for line in file.read_text(encoding="utf-8").split("\n"):
            if line:
                yield json.loads(line)


def _form(row: dict[str, Any]) -> str:
    note: str = row["note"]
    return note.split(" · ")[0] if " · " in note else "other"


def _debatable(row: dict[str, Any]) -> str:
    note: str = row["note"]
    return note[note.index("DEBATABLE") :] if "DEBATABLE" in note else ""


def _names(answer: Expected) -> set[str]:
    return set() if isinstance(answer, str) else {name for one in answer for name in one[1:3] if name is not None}


def _number(source: str) -> int:
    return int(hashlib.sha256(source.encode()).hexdigest()[:8], 16)
