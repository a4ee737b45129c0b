"""Stored texts in another language: their code is found again by the catalogue. Pure.

What a name or a line of the outside says is never looked up: only fields that hold words of the monitor are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from string import Formatter

from . import LANGUAGES, catalogue, text

# Fields whose values are texts of the catalogue; all others are names, numbers and paths.
WORDS = frozenset(
    "accion alarma ambito causa falta lista motivo peticion problema que resultado tarea texto tipo".split()
)
_TOPICS = (
    "accion.", "blind.", "channels.", "evidence.", "foreseen.", "missing.", "notice.", "own.", "reason.", "record.",
    "request.", "scope.", "short.", "silence.", "space.", "task.", "type.", "unit.", "unknown",
)  # fmt: skip
LONGEST = 400  # characters: a longer text is none of the catalogue's
MOST_FIELDS = 2  # of a template that is searched by: each more multiplies the ways to split a hostile text


def translated(name: str, value: str, language: str) -> str:
    """The value of the field `name` in `language`; itself where it is no text of the catalogue."""
    if name not in WORDS or len(value) > LONGEST:
        return value
    return "\n".join(_line(line, language) for line in value.split("\n"))


def record_text(line: str, fields: Mapping[str, str], language: str) -> str:
    """The line of a record, written in any language with `fields`, in `language`; itself where that is not known."""
    for source in (language, *LANGUAGES):
        code = next((code for code in _records() if text(code, source, **fields) == line), None)
        if code is not None:
            return text(code, language, **{name: translated(name, value, language) for name, value in fields.items()})
    return _line(line, language) if len(line) <= LONGEST else line


@cache
def _records() -> tuple[str, ...]:
    return tuple(code for code in catalogue(LANGUAGES[0]) if code.startswith("record."))


@lru_cache(1024)
def _line(line: str, language: str) -> str:
    for source in LANGUAGES:
        exact, templates = _codes(source)
        if line in exact:
            return text(exact[line], language)
        for pattern, code in templates:
            found = pattern.fullmatch(line)
            if found is not None:
                inner = found.groupdict()
                return text(
                    code, language, **{name: translated(name, value, language) for name, value in inner.items()}
                )
    return line


@cache
def _codes(language: str) -> tuple[dict[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    """The codes of one language by their whole text, and by the pattern of those with a field or two; the pattern
    with the most letters of its own first."""
    exact: dict[str, str] = {}
    templates: list[tuple[int, re.Pattern[str], str]] = []
    for code, template in catalogue(language).items():
        if not code.startswith(_TOPICS):
            continue
        pieces = list(Formatter().parse(template))
        names = [name for _, name, _, _ in pieces if name is not None]
        own = sum(len(literal) for literal, *_ in pieces)
        if not names:
            exact.setdefault(template, code)
        elif len(names) <= MOST_FIELDS and len(set(names)) == len(names) and own >= 5:
            whole = "".join(
                re.escape(literal) + (f"(?P<{name}>.+?)" if name else "") for literal, name, _, _ in pieces
            )
            templates.append((own, re.compile(whole), code))
    ordered = sorted(templates, key=lambda one: -one[0])
    return exact, tuple((pattern, code) for _, pattern, code in ordered)
