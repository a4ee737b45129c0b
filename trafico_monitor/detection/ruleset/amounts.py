"""Amounts of bytes that a text compares: less arrived than was announced, less is free than is needed. Pure.

The comparison says what a bot means in whatever words it says it; `condition` of a rule asks for one of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

_NUMBER = r"\d{1,15}(?:[.,]\d{1,9}){0,4}"
_UNITS = ("byte", "kb", "mb", "gb", "kib", "mib", "gib")
_BARE = ("expected ", "expected: ", "esperado: ", "esperados ", "esperaban ", "debería pesar ", "tamaño: ")
# One of these is in each text that compares amounts: with a unit, or announced in bare numbers.
LITERALS = (
    *(f"{digit}{blank}{unit}" for unit in _UNITS for blank in ("", " ") for digit in range(10)),
    *(f"{words}{digit}" for words in _BARE for digit in range(1, 10)),
)
_AMOUNT = re.compile(
    rf"(?<![\w.,:-])({_NUMBER})(?: ?(bytes?|octetos|[kmgt]i?b|b)(?!\w)| ?([kmg])(?= of| de|/|\)| libre| free))?"
)
_GROUPS = re.compile(r"\d{1,3}(?:([.,])\d{3})(?:\1\d{3})*")
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
_OF = re.compile(
    r" ?/ ?| (?:out )?of (?:the )?| de (?:los |las |un total de )?| instead of | rather than "
    r"| en (?:vez|lugar) de | < "
)
_ANNOUNCED = re.compile(
    r"expect|esper[aá]|deb[ií]an?\b|deber[ií]a|should|anunci|announce|content-length|original|promised|frente a|vs\.? "
)
_MISSING = re.compile(r"(?:faltan?|missing|lacks?|short by) $")
_MISSING_BEHIND = re.compile(r" (?:missing|more expected|short\b|remaining|menos (?:de|que))")
_NEEDED = re.compile(r"ocupa|necesit|need|requ[ie]|hacen? falta|pesa|takes|tama[ñn]o|size|hay que")
_FREE = re.compile(r"libre|free|queda|available|disponible|\bhay\b|left|remain|restante|espacio|space")
_ABOUT_FILES = re.compile(r"size|tama[ñn]o|byte|file|archivo|fichero|v[ií]deo|download|descarg|got|recib|·|/")
_APART, _LARGE = 60, 1000
_CLAUSE = re.compile(r"[,;()|]| y | and | but | pero ")
_NEAR = 18  # characters between an amount and the word that says what it is
_MOST = 12  # amounts of a text that are looked at


class Amount(NamedTuple):
    """`size` is in bytes; `unit` is False where the text gives a bare number."""

    size: float
    unit: bool
    begin: int
    end: int


def amounts(text: str) -> list[Amount]:
    """The amounts that `text` (lower case) names, in the order of their places."""
    found: list[Amount] = []
    for match in _AMOUNT.finditer(text):
        unit = match[2] or match[3] or ""
        size = _value(match[1]) * 1024 ** _POWERS.get(unit[:1], 0)
        found.append(Amount(size, bool(unit), *match.span()))
        if len(found) == _MOST:
            break
    return found


def _value(number: str) -> float:
    if _GROUPS.fullmatch(number) and (number.count(".") + number.count(",") > 1 or "," in number):
        return float(re.sub(r"[.,]", "", number))
    whole, _, rest = number.replace(",", ".").rpartition(".")
    return float(f"{whole.replace('.', '')}.{rest}") if whole else float(rest)


def less_than_announced(text: str) -> tuple[int, int] | None:
    """Where `text` says that fewer bytes, or others, arrived than were announced; None when it does not."""
    found = amounts(text)
    for one in found:
        if one.unit and one.size and (_MISSING.search(text[: one.begin]) or _MISSING_BEHIND.match(text, one.end)):
            return one.begin, one.end
    announced = _ANNOUNCED.search(text) is not None
    for one, other in pairwise(found):
        if not _of_bytes(text, one, other):
            continue
        between = text[one.end : other.begin]
        if (announced and one.size != other.size and len(between) <= _APART) or (
            one.size < other.size and _OF.fullmatch(between)
        ):
            return one.begin, other.end
    return None


def _of_bytes(text: str, one: Amount, other: Amount) -> bool:
    """Whether the two are sizes of a file: bare numbers are where they are large and the text speaks of files."""
    if one.unit or other.unit:
        return True
    return max(one.size, other.size) >= _LARGE and _ABOUT_FILES.search(text) is not None


def less_free_than_needed(text: str) -> tuple[int, int] | None:
    """Where `text` says that a file needs more bytes than are free; None when it does not."""
    free: list[Amount] = []
    needed: list[Amount] = []
    for one in amounts(text):
        if not one.unit:
            continue
        kind = _nearest(text, one)
        (free if kind == "free" else needed if kind == "needed" else []).append(one)
    if free and needed and free[0].size < needed[0].size:
        both = (free[0], needed[0])
        return min(one.begin for one in both), max(one.end for one in both)
    return None


def _nearest(text: str, amount: Amount) -> str:
    """What the nearest word of the amount's own clause calls it: free, needed or nothing."""
    before = _CLAUSE.split(text[max(0, amount.begin - _NEAR) : amount.begin])[-1]
    behind = _CLAUSE.split(text[amount.end : amount.end + _NEAR])[0]
    distances: list[tuple[int, str]] = []
    for kind, words in (("free", _FREE), ("needed", _NEEDED)):
        distances += [(len(before) - match.end(), kind) for match in words.finditer(before)]
        distances += [(match.start(), kind) for match in words.finditer(behind)]
    return min(distances, default=(0, ""))[1]


CONDITIONS: dict[str, Callable[[str], tuple[int, int] | None]] = {
    "less_than_announced": less_than_announced,
    "less_free_than_needed": less_free_than_needed,
}
