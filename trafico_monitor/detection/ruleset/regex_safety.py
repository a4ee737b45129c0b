"""Refuses patterns whose matching could explode on a hostile line. Pure.

Python's `re` backtracks. Its work on a line of n characters is at most n times the number of ways
in which the pattern can be walked from one place, so a pattern is accepted when that number is
bounded by a constant: every repetition has an upper limit, there are no back-references, and the
product of the choices stays under `MOST_WAYS`. That is linear time whatever the line is. How far
one walk may go is bounded as well (`MOST_STEPS`): `(?:(?:a{99}){99}){99}` has one way, and a
million steps of it from each place.

Linear may still be slow: `[a-z]{0,5000}[a-z]{9}\\d` took 0.5 s on one line of 8192 letters. What counts is
the work for each character of a line (`MOST_WORK`): a pattern that begins with a word can only be tried
where that word stands, and one that begins with `^` only once.
"""

from __future__ import annotations

import re
import warnings
from importlib import import_module
from typing import Any

from ..extract.line_format import LONGEST_LINE

MOST_WAYS = 10_000
MOST_STEPS = 100_000
MOST_WORK = 25_000  # steps for each character: some tenths of a second for the longest line
LONGEST_PATTERN = 2_000
_FEW = 4

_parser: Any = import_module("re._parser")
_UNBOUNDED = int(_parser.MAXREPEAT)
_ONE_WAY = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "IN", "AT", "CATEGORY", "RANGE"})
_REPEATS = frozenset({"MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"})


class NotLinear(ValueError):
    """`reason` is a code: syntax, long, unbounded, backreference, ways, construct."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason
        self.detail = detail


def compiled(pattern: str) -> re.Pattern[str]:
    """`pattern` compiled, to be used on lower-cased lines; NotLinear when it is refused."""
    if len(pattern) > LONGEST_PATTERN:
        raise NotLinear("long", str(len(pattern)))
    try:
        with warnings.catch_warnings():  # `[[` may mean something else in a later Python: it means what it does now
            warnings.simplefilter("ignore", FutureWarning)
            tree = _parser.parse(pattern)
            ways, steps = _ways(tree), _steps(tree)
            result = re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise NotLinear("syntax", str(error)) from error
    if ways > MOST_WAYS or steps > MOST_STEPS:
        raise NotLinear("ways", str(max(ways, steps)))
    work = _work(tree, bool(result.flags & re.MULTILINE))
    if work > MOST_WORK:
        raise NotLinear("ways", str(work))
    return result


def _work(tree: Any, lines: bool) -> int:
    """Steps for each character of the longest line. With `lines`, `^` is in many places."""
    if len(tree) == 1 and str(tree[0][0]) == "BRANCH":
        return sum(_work(branch, lines) for branch in tree[0][1][1])
    anchored = [(str(operation), str(argument)) for operation, argument in tree[:1]] == [("AT", "AT_BEGINNING")]
    return _steps(tree) // (LONGEST_LINE if anchored and not lines else max(_word(tree), 1))


def _few(choices: Any) -> bool:
    """True for `[ií]`: as good as written out."""
    return len(choices) <= _FEW and all(str(kind) == "LITERAL" for kind, _ in choices)


def _word(tree: Any) -> int:
    """How many characters every match begins with that are written in the pattern."""
    length = 0
    for operation, argument in tree:
        name = str(operation)
        if name == "LITERAL" or (name == "IN" and _few(argument)):
            length += 1
            continue
        if name == "SUBPATTERN":
            length += _word(argument[-1])
        elif name == "BRANCH":
            length += min(_word(branch) for branch in argument[1])
        break
    return length


def _ways(tree: Any) -> int:
    product = 1
    for operation, argument in tree:
        product *= _ways_of(str(operation), argument)
        if product > MOST_WAYS:
            return MOST_WAYS + 1
    return product


def _ways_of(operation: str, argument: Any) -> int:
    if operation in _ONE_WAY:
        return 1
    if operation == "POSSESSIVE_REPEAT" and _repeat(*argument) and _ways(argument[2]) == 1:
        return 1  # takes what it can and gives nothing back
    if operation in _REPEATS:
        return _repeat(*argument)
    if operation == "SUBPATTERN":
        return _ways(argument[-1])
    if operation == "ATOMIC_GROUP":
        return _ways(argument)
    if operation == "BRANCH":
        return sum(_ways(branch) for branch in argument[1])
    if operation in ("ASSERT", "ASSERT_NOT"):
        return _ways(argument[1])
    if operation.startswith("GROUPREF"):
        raise NotLinear("backreference")
    raise NotLinear("construct", operation)


def _repeat(least: int, most: int, item: Any) -> int:
    if most >= _UNBOUNDED:
        raise NotLinear("unbounded")
    inner = _ways(item)
    if inner == 1:
        return most - least + 1
    total = 0
    for times in range(least, most + 1):
        total += inner**times
        if total > MOST_WAYS:
            return MOST_WAYS + 1
    return max(total, 1)


def _steps(tree: Any) -> int:
    """How many elements are tried at most from one place, when every walk fails as late as it can."""
    ways, steps = 1, 0
    for operation, argument in tree:
        steps += ways * _steps_of(str(operation), argument)
        if steps > MOST_STEPS:
            return MOST_STEPS + 1
        ways *= _ways_of(str(operation), argument)
    return steps


def _steps_of(operation: str, argument: Any) -> int:
    if operation in _REPEATS:
        _, most, item = argument
        inner, each = _ways(item), max(_steps(item), 1)
        if inner == 1:
            return int(most) * each
        return sum(inner**time * each for time in range(min(most, MOST_STEPS.bit_length())))
    if operation == "SUBPATTERN":
        return _steps(argument[-1])
    if operation == "ATOMIC_GROUP":
        return _steps(argument)
    if operation == "BRANCH":
        return sum(_steps(branch) for branch in argument[1])
    if operation in ("ASSERT", "ASSERT_NOT"):
        return _steps(argument[1])
    return 1
