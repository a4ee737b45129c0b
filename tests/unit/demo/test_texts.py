"""Both languages say the same things."""

from __future__ import annotations

import string

import pytest

from demo.scenes import SCENES
from demo.texts import TEXTS, language


def test_both_languages_have_the_same_codes_with_the_same_fields() -> None:
    def fields(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name}

    assert TEXTS["es"].keys() == TEXTS["en"].keys()
    assert [code for code in TEXTS["es"] if fields(TEXTS["es"][code]) != fields(TEXTS["en"][code])] == []


def test_every_one_of_the_six_errors_has_its_scene_and_its_words() -> None:
    types = {scene.error_type for scene in SCENES}
    assert types == {"timeout", "ruta_inexistente", "corrupto", "permisos", "disco_lleno", "servidor_caido"}
    assert all(f"broke.{name}" in TEXTS["es"] for name in types)


@pytest.mark.parametrize(("lang", "expected"), [("en_GB.UTF-8", "en"), ("es_ES.UTF-8", "es"), ("C.UTF-8", "es")])
def test_the_callers_locale_chooses(monkeypatch: pytest.MonkeyPatch, lang: str, expected: str) -> None:
    monkeypatch.setenv("LC_ALL", lang)
    assert language() == expected
