"""Phrases of rules: words between, open endings, missing accents, and what a phrase is about."""

from __future__ import annotations

from functools import partial

import pytest

from tests.cases import each
from tests.growth import assert_linear
from trafico_monitor.detection.ruleset.loader import parse
from trafico_monitor.detection.ruleset.phrases import compiled, literals, place
from trafico_monitor.errors import RuleError


@each(
    ("phrase", "text", "found"),
    [
        ("no cabe", "el video no cabe en el disco", True),
        ("no cabe", "no caben", False),
        ("dañad-", "dañadas", True),
        ("exced- * cuota", "se ha excedido la cuota de disco", True),
        ("exced- * cuota", "excedido por mucho y otra vez la cuota", False),
        ("expiró el tiempo", "expiro el tiempo", True),
        ("caído", "decaído", False),
        ("no space", "no space", True),
    ],
)
def test_a_phrase_in_a_text(phrase: str, text: str, found: bool) -> None:
    assert (compiled([phrase]).search(text) is not None) is found
    assert not found or any(literal in text for literal in literals(phrase))


def test_what_is_said_stands_near_what_it_is_about() -> None:
    says, about = compiled(["no existe"]), compiled(["carpeta"])
    text = "la carpeta modelos/luna no existe"
    assert place(text, says, about) == (3, len(text))
    assert place("no existe la carpeta", says, about) == (0, 9)
    assert place("la carpeta" + " x" * 100 + " no existe", says, about) is None
    assert place("no existe", says, about) is None and place("no existe", says, None) == (0, 9)


@pytest.mark.parametrize("piece", ["no hay ", "a b c ", "exced- ", "carpeta ", "aaaaaaaaaaaaaaaaaaaaaaaa "])
def test_the_time_grows_with_the_length_alone(piece: str) -> None:
    says, about = compiled(["no hay * espacio", "exced- * cuota de disco", "carpeta"]), compiled(["nada"])
    assert_linear(lambda size: partial(place, (piece * size)[:size], says, about), 16_384, 65_536)


@pytest.mark.parametrize(
    "lines",
    ['says = ["No Cabe"]', 'says = ["x"]', 'says = [""]', 'errors = ["ENADA"]', 'errors = ["eio"]', 'condition = "a"'],
)
def test_mistakes_are_named(lines: str) -> None:
    with pytest.raises(RuleError):
        parse(f'[[rule]]\nname = "a"\nerror_type = "timeout"\nliterals = ["abc"]\n{lines}\n', "x.toml")
