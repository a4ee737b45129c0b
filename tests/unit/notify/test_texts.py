from __future__ import annotations

import string

from trafico_monitor.messages.en.notices import TEXTS as EN
from trafico_monitor.messages.es.notices import TEXTS as ES


def fields_of(template: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(template)} - {None}


def test_both_languages_have_the_same_codes_and_fields() -> None:
    assert list(ES) == list(EN)
    assert {c: fields_of(t) for c, t in ES.items()} == {c: fields_of(t) for c, t in EN.items()}


def test_texts_have_no_mark_up_of_their_own() -> None:
    assert not [t for t in (*ES.values(), *EN.values()) if set(t) & set("<>&")]


def test_no_text_is_empty_and_every_code_is_a_notice() -> None:
    assert all(code.startswith("notice.") for code in ES)
    assert all(t for t in (*ES.values(), *EN.values()))
