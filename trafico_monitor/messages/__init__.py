"""Operators' texts by stable codes, in Spanish (default) and English.

One module per topic and language: `es/notices.py`, `en/notices.py`, … each with a dict TEXTS. `text` never fails on a
missing or unexpected field: a message must reach the operator.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from string import Formatter

LANGUAGES = ("es", "en")
TOPICS = ("notices", "records", "commands", "control", "checks", "web", "setup", "fleet", "hub", "operating")

_catalogues: dict[str, dict[str, str]] = {}


def catalogue(language: str) -> dict[str, str]:
    """Returns all texts of one language by code; an unknown language is Spanish."""
    chosen = language if language in LANGUAGES else LANGUAGES[0]
    if chosen not in _catalogues:
        merged: dict[str, str] = {}
        for topic in TOPICS:
            merged.update(import_module(f"{__name__}.{chosen}.{topic}").TEXTS)
        _catalogues[chosen] = merged
    return _catalogues[chosen]


class _Lenient(Formatter):
    """Replaces a missing field by an ellipsis; refuses attribute and index access."""

    def get_field(self, field_name: str, args: object, kwargs: object) -> tuple[object, str]:
        given = kwargs if isinstance(kwargs, dict) else {}
        return given.get(field_name, "…"), field_name


_formatter = _Lenient()


@cache
def _pieces(template: str) -> tuple[tuple[str, str | None], ...] | None:
    """The literals of `template`, each with the field behind it; None when some field has a format
    of its own. A storm fills in the same few templates ten thousand times."""
    parsed = tuple(_formatter.parse(template))
    if any(conversion or specification for _, _, specification, conversion in parsed):
        return None
    return tuple((literal, name) for literal, name, _, _ in parsed)


def text(code: str, language: str = "es", **fields: object) -> str:
    """Returns the text of `code` with its {fields} filled in; the code itself if there is none."""
    template = catalogue(language).get(code)
    if template is None:
        return code
    pieces = _pieces(template)
    if pieces is None:
        return _formatter.vformat(template, (), fields)
    return "".join([f"{literal}{'' if name is None else fields.get(name, '…')}" for literal, name in pieces])
