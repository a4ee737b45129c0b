"""Two amounts of bytes tell a short file, or too little space, in any wording; equal or enough ones tell nothing."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import each
from tests.examples import examples
from trafico_monitor.detection.ruleset.amounts import amounts, less_free_than_needed, less_than_announced

ANNOUNCED = (
    "tamaño esperado: {whole}, recibido: {part}",
    "se esperaban {whole} y llegaron {part}",
    "video incompleto: {part} de {whole}",
    "expected {whole}, got {part}",
    "got {part}, expected {whole}",
    "downloaded {part} of {whole}",
    "short read: {part} instead of {whole}",
    "{part}/{whole}",
    "pesa {part} y debería pesar {whole}",
    "{part} en vez de {whole}",
)
NEEDED = (
    "quedan {part} libres y el video ocupa {whole}",
    "el video ocupa {whole} y quedan {part}",
    "{part} free, {whole} needed",
    "need {whole}, only {part} available",
    "se necesitan {whole}, hay {part}",
    "video requires {whole} but only {part} left",
)
SIZES = (
    ("131072000 bytes", "262144000 bytes"),
    ("120.4 MB", "250.0 MB"),
    ("300 MB", "1.2 GB"),
    ("0,3 GB", "1,2 GB"),
    ("65.536 bytes", "5.665.533 bytes"),
    ("900 KiB", "2 MiB"),
)


@each("form", ANNOUNCED)
@each(("part", "whole"), SIZES)
def test_fewer_bytes_than_announced(form: str, part: str, whole: str) -> None:
    assert less_than_announced(form.format(part=part, whole=whole).lower()) is not None
    assert less_than_announced(form.format(part=whole, whole=whole).lower()) is None


@each("form", NEEDED)
@each(("part", "whole"), SIZES)
def test_less_is_free_than_is_needed(form: str, part: str, whole: str) -> None:
    assert less_free_than_needed(form.format(part=part, whole=whole).lower()) is not None
    assert less_free_than_needed(form.format(part=whole, whole=part).lower()) is None


@each(
    "text",
    [
        "se esperaban 3 argumentos y llegaron 2",
        "expected status 200, got 404",
        "solo se publicaron 3 de 5",
        "took 12 s of 60 s",
        "2025-12-26 de 2026",
        "127.0.0.1:8081 of 127.0.0.1:8082",
    ],
)
def test_other_numbers_are_no_amounts_of_bytes(text: str) -> None:
    assert less_than_announced(text) is None and less_free_than_needed(text) is None


@settings(max_examples=examples(200))
@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert all(one.size >= 0 for one in amounts(text.lower()))
    less_than_announced(text.lower()), less_free_than_needed(text.lower())
