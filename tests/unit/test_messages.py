"""Both catalogues are complete, and no text can fail on what it is given."""

from __future__ import annotations

from string import Formatter

import pytest

from trafico_monitor.messages import LANGUAGES, catalogue, text


def fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_spanish_and_english_have_the_same_texts() -> None:
    assert set(catalogue("es")) == set(catalogue("en"))


def test_both_languages_tell_the_same_things() -> None:
    spanish, english = catalogue("es"), catalogue("en")
    assert [code for code in sorted(spanish) if fields(spanish[code]) != fields(english[code])] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_given_whatever_is_missing(language: str) -> None:
    assert "…" in text("record.failed", language)


def test_hostile_values_are_only_values() -> None:
    shown = text("record.failed", "es", tipo="{0.__class__}", cual="{video!r}%s", motivo="", id="X")
    assert "{0.__class__}" in shown
    assert "{video!r}%s" in shown
