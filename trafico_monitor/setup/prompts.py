"""Terminal output and questions of setup."""

from __future__ import annotations

import difflib
import sys
import textwrap
from collections.abc import Mapping

from ..messages import text
from .model import Change, Facts, Kind
from .plan import Note

_WIDTH = 78
_YES = {"es": ("s", "si", "sí", "y", "yes"), "en": ("y", "yes", "s", "si", "sí")}


def facts_lines(facts: Facts, language: str) -> list[str]:
    """Returns the discovered facts, one per line."""
    nothing = text("setup.found.nothing", language)
    unit = ", ".join(unit.name for unit in facts.units) or nothing
    container = nothing
    if facts.container is not None:
        state = "running" if facts.container.running else "stopped"
        container = f"{facts.container.name} ({text(f'setup.found.{state}', language)})"
    found = {
        "project": facts.project,
        "user": facts.user.name,
        "python": facts.python,
        "env": facts.env or nothing,
        "models": facts.models,
        "unit": unit,
        "container": container,
        "bot_api": facts.bot_api or nothing,
    }
    return [f"  {text(f'setup.found.{name}', language):<22} {value}" for name, value in found.items()]


def describe(change: Change, language: str, *, before: str) -> list[str]:
    """Returns the description of this change after `before`; a path gets its own line, to fit 80 columns."""
    lines = [before + text(f"setup.why.{change.reason}", language, **_fields(change))]
    if change.target.startswith("/"):
        lines.append(f"      {change.target}")
    return lines


def meaning(change: Change, language: str) -> list[str]:
    """Returns the consequences to consider before agreeing, wrapped; [] if there are none."""
    code = f"setup.means.{change.reason}"
    said = text(code, language, **_fields(change))
    return [] if said == code else textwrap.wrap(said, _WIDTH, initial_indent="    ", subsequent_indent="    ")


def content_lines(change: Change, there: str | None) -> list[str]:
    """Returns the file to be written: complete, or as a difference to the present one. Neither a secret
    nor a certificate is shown."""
    unread = change.private or change.content.startswith("-----BEGIN")
    if change.kind not in (Kind.WRITE_FILE, Kind.WRITE_BLOCK) or unread:
        return []
    if there is None:
        return [f"    │ {line}".rstrip() for line in change.content.splitlines()]
    lines = difflib.unified_diff(there.splitlines(), change.content.splitlines(), lineterm="", n=1)
    return [f"    │ {line}".rstrip() for line in lines if not line.startswith(("---", "+++"))]


def note_lines(note: Note, language: str, *, mark: str = "⚠️") -> list[str]:
    """Returns a remark or a refusal, wrapped to the terminal."""
    said = text(f"setup.note.{note.code}", language, **note.fields)
    first, *rest = said.splitlines()
    lines = textwrap.wrap(first, _WIDTH, initial_indent=f"{mark} ", subsequent_indent="   ", break_long_words=False,
                          break_on_hyphens=False)  # fmt: skip
    return [*lines, *(f"   → {line}" for line in rest)]


def _fields(change: Change) -> Mapping[str, object]:
    return {"target": change.target, "owner": change.owner, "place": change.place}


def ask(question: str, language: str, *, default: bool) -> bool:
    """Asks one question on the terminal; an empty answer is the default, end of input is no."""
    choices = text("setup.ask.yes" if default else "setup.ask.no", language)
    print(f"  {question} {choices} ", end="", flush=True)
    answer = sys.stdin.readline()
    if not answer:
        print()
        return False
    word = answer.strip().lower()
    return default if not word else word in _YES.get(language, _YES["es"])
