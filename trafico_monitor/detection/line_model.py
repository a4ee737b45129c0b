"""A linear model of single lines, beside the rules: asked about error records that no rule knows. Pure.

`make train` writes the weights (docs/explanation/recognition.md: how, on what, and how good they are). Seven
logistic regressions, one against the rest each, over the record's own words; what none of them is sure of stays
unknown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import exp
from pathlib import Path

from ..model.finding import ErrorType
from .extract.line_format import is_error_record
from .statement import Statement, Voice, about_something_else, statement

WEIGHTS = Path(__file__).resolve().with_name("line_model.weights")
RULE = "line_model"  # name of what has decided, where a rule's would stand
NONE = "none"
STEM = 5  # letters: «descarga», «descargando» and «descargó» have one
_ZERO = 128  # of a weight, which is kept as one byte
_MOST_WORDS = 80
_MOST_SHOWN = 5
# The text of a CalledProcessError names no cause.
_COMMAND = re.compile(r"command '?\[[^\]]{0,400}+\]'?(?: returned non-zero exit status \d{1,3})?")
# Words, answers of HTTP, errno, the ports of the Bot API server and of usual databases, and the bot's signs.
_WORD = re.compile(r"[^\W\d_]{2,}|(?<!\d)[45]\d\d(?!\d)|errno \d{1,3}|8081|6379|5432|[·❌⚠✅]")


@dataclass(frozen=True, slots=True)
class Opinion:
    """`error_type` is the likeliest type, None for no failure, and `confidence` how likely it is, 0 to 1; `sure`
    tells whether that is enough to decide. `words` of the line spoke most for it, the strongest first."""

    error_type: ErrorType | None
    confidence: float
    sure: bool
    words: tuple[str, ...] = ()


def words_of(said: Statement) -> list[str]:
    """The words that count: the record's own, without quotations and names of files, and its logger's."""
    return (_WORD.findall(_COMMAND.sub(" ", said.own)) + _WORD.findall(said.logger))[:_MOST_WORDS]


def features_of(word: str) -> tuple[str, ...]:
    """The names under which a word has weights: the word itself, and its stem where it is longer."""
    return (word, f"{word[:STEM]}*") if len(word) > STEM else (word,)


def asked_about(line: str) -> Statement | None:
    """The statement of `line` if the model may be asked about it: a record of an error in the bot's own voice
    (level B of the design document, section 4) whose own words are not about people or another part of the bot."""
    if not is_error_record(line):
        return None
    said = statement(line)
    return said if said.voice is Voice.RECORD and not about_something_else(said.own) else None


class LineModel:
    """Never changed: several threads may ask."""

    def __init__(self, header: Mapping[str, object], weights: Mapping[str, bytes]) -> None:
        """`header` is the first line of the file of weights; `weights` has one byte for each of its labels."""
        self.trained_on = str(header["trained_on"])
        self._labels = [str(label) for label in _listed(header["labels"])]
        self._biases = [float(str(bias)) for bias in _listed(header["biases"])]
        self._scale = float(str(header["scale"]))
        self._threshold = float(str(header["threshold"]))
        self._weights = weights

    def likelihoods(self, said: Statement) -> dict[str, float]:
        """For each label how likely it is of `said`, 0 to 1 each; they need not add up to one."""
        named = dict.fromkeys(name for word in words_of(said) for name in features_of(word))
        rows = [self._weights[name] for name in named if name in self._weights]
        sums = [sum(column) - _ZERO * len(rows) for column in zip(*rows, strict=True)] or [0] * len(self._labels)
        scores = (bias + total / self._scale for bias, total in zip(self._biases, sums, strict=True))
        return {label: 1 / (1 + exp(-score)) for label, score in zip(self._labels, scores, strict=True)}

    def opinion(self, said: Statement) -> Opinion:
        """The opinion about `said`."""
        found = self.likelihoods(said)
        label = max(found, key=found.__getitem__)
        kind = None if label == NONE else ErrorType(label)
        return Opinion(kind, found[label], found[label] > self._threshold, self._strongest(said, label))

    def _strongest(self, said: Statement, label: str) -> tuple[str, ...]:
        place = self._labels.index(label)
        strength = {
            word: sum(self._weights[name][place] - _ZERO for name in features_of(word) if name in self._weights)
            for word in words_of(said)
        }
        told = sorted((word for word in strength if strength[word] > 0), key=strength.__getitem__, reverse=True)
        return tuple(told[:_MOST_SHOWN])


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def parsed(text: str) -> LineModel:
    """The model of a file of weights: a JSON header, then a feature and its weights on each line."""
    header, *rows = text.splitlines()
    split = (row.split("\t") for row in rows)
    weights = {name: bytes(int(one) + _ZERO for one in numbers.split()) for name, numbers in split}
    return LineModel(json.loads(header), weights)


@cache
def shipped() -> LineModel:
    """The model of the package, read when it is first asked for: 0.7 MiB."""
    return parsed(WEIGHTS.read_text(encoding="utf-8"))
