"""A rule to accept for a kind of error that no rule knows: TOML that holds its own examples. Pure.

Only what occurs in every sample is taken, and the finished rule is read back by the same checks
as any other rule file, so that the operator has nothing to mend but the error_type.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from unicodedata import normalize

from ...errors import RuleError
from ...model.finding import ErrorType, UnknownKind
from ..ruleset.loader import NONE, parse
from ..statement import statement

CHOOSE = "CHOOSE"
_MOST_LITERALS = 3
_SHORTEST = 4  # letters of a literal: fewer say nothing
_SLOT = re.compile(r"<(?:\*|[A-Z]{2,5})>")
_ANY = r"\S{1,400}+"


def proposal(kind: UnknownKind) -> str | None:
    """TOML of a rule for `kind` whose error_type is left to choose (CHOOSE); None when its
    samples have nothing in common that a rule could be made of."""
    samples = tuple(statement(sample).own for sample in kind.samples)
    literals = _literals(kind.template, samples)
    if not literals:
        return None
    for pattern in (*_patterns(kind.template), ""):
        text = _toml(kind, literals, pattern)
        if _holds(text, kind.samples):
            return text
    return None


def _holds(text: str, samples: tuple[str, ...]) -> bool:
    try:
        [rule] = parse(text.replace(CHOOSE, ErrorType.TIMEOUT.value), "")
    except RuleError:
        return False
    return all(rule.reports(statement(sample)) for sample in samples)


def _literals(template: str, samples: tuple[str, ...]) -> tuple[str, ...]:
    """The longest constant pieces of the template that every sample holds, in their order."""
    pieces: list[str] = []
    for run in _SLOT.split(template):
        whole = run.strip().lower()
        pieces += [whole] if _common(whole, samples) else [word for word in whole.split() if _common(word, samples)]
    longest = sorted(dict.fromkeys(pieces), key=len, reverse=True)[:_MOST_LITERALS]
    return tuple(piece for piece in dict.fromkeys(pieces) if piece in longest)


def _common(piece: str, samples: tuple[str, ...]) -> bool:
    telling = sum(character.isalpha() for character in piece) >= _SHORTEST
    return telling and all(piece in sample for sample in samples)


def _patterns(template: str) -> Iterator[str]:
    """Patterns that match what the template stands for. Possessive: there is one way to match."""
    if not _SLOT.search(template):
        return
    words = [_ANY if _SLOT.search(word) else re.escape(word.lower()) for word in template.split()]
    while words and words[-1] == _ANY:
        words.pop()
    if _ANY in words:
        yield " ".join(words)


def _toml(kind: UnknownKind, literals: tuple[str, ...], pattern: str) -> str:
    choices = ", ".join([*(one.value for one in ErrorType), NONE])
    lines = [
        f"# {kind.count} × {kind.template}" + (f" ({kind.frame})" if kind.frame else ""),
        "[[rule]]",
        f"name = {_string(_name(kind))}",
        f"error_type = {_string(CHOOSE)}  # {choices}",
        f"all_literals = [{', '.join(_string(one) for one in literals)}]",
    ]
    if pattern:
        lines.append(f"pattern = {_pattern_string(pattern)}")
    lines += ["matches = [", *(f"  {_string(sample)}," for sample in kind.samples), "]"]
    return "\n".join([_comment(lines[0]), *lines[1:]]) + "\n"


def _name(kind: UnknownKind) -> str:
    plain = normalize("NFKD", _SLOT.sub(" ", kind.template)).encode("ascii", "ignore").decode().lower()
    words = [word for word in re.findall(r"[a-z]{3,20}", plain) if word not in ("error", "critical", "main")]
    return "_".join(["own", *words[:5], str(kind.id)])[:80]


def _comment(line: str) -> str:
    return "".join(character if character.isprintable() else " " for character in line)[:200]


def _string(value: str) -> str:
    """`value` as a TOML basic string, which escapes as JSON does, and DEL as well."""
    clean = value.encode("utf-8", "replace").decode("utf-8")
    return json.dumps(clean, ensure_ascii=False).replace("\x7f", "\\u007f")


def _pattern_string(pattern: str) -> str:
    literal = pattern.isprintable() and "'''" not in pattern and not pattern.endswith("'")
    return f"'''{pattern}'''" if literal else _string(pattern)
