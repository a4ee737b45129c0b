"""The demo's judge believes nobody's word: every missing proof is a problem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from demo.judge import FileSeen, Seen, judge

FILE = FileSeen("20251225_143020_a3f2b1.mp4", 1000, 1000, same_content=True, plays=True, owner="victor")


def record(**more: object) -> Mapping[str, object]:
    plain = {"incidente": "i1", "error_type": "timeout", "estado": "solucionado", "video": FILE.name}
    return {**plain, "accion": "reintento 1/3", **more}


def problems(error_type: str, seen: Seen) -> tuple[str, ...]:
    return judge(error_type, seen, owner="victor").problems


def test_a_whole_file_of_the_right_owner_and_a_solved_incident_are_fine() -> None:
    first = record(estado="detectado", accion="ninguna todavía")
    judgement = judge("timeout", Seen((first, record(), record()), (FILE,)), owner="victor")
    assert judgement.ok
    assert judgement.done == ("reintento 1/3",)


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        (replace(FILE, size=999), "other_size"),
        (replace(FILE, same_content=False), "other_content"),
        (replace(FILE, plays=False), "does_not_play"),
        (replace(FILE, owner="root"), "other_owner"),
        (replace(FILE, name="20251225_143020_ffffff.mp4"), "other_name"),
    ],
)
def test_a_file_that_is_not_as_it_must_be(file: FileSeen, problem: str) -> None:
    assert problems("timeout", Seen((record(),), (file,))) == (problem,)


def test_solucionado_without_a_file() -> None:
    assert problems("timeout", Seen((record(),))) == ("no_file",)
    assert problems("timeout", Seen((record(),), (FILE, FILE))) == ("several_files",)


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ((), "no_incident"),
        ((record(), record(incidente="i2")), "several_incidents"),
        ((record(error_type="permisos"),), "wrong_type"),
        ((record(estado="fallido"),), "not_solved"),
        ((record(estado="pendiente"),), "not_solved"),
    ],
)
def test_records_that_tell_another_story(records: tuple[Mapping[str, object], ...], problem: str) -> None:
    assert problem in problems("timeout", Seen(records, (FILE,)))


def test_the_server_must_answer_and_the_administrator_must_know() -> None:
    solved = (record(error_type="servidor_caido", video="desconocido"),)
    assert problems("servidor_caido", Seen(solved, server_answers=True, told=("caído",))) == ()
    assert problems("servidor_caido", Seen(solved)) == ("server_silent", "not_told")


def test_a_made_folder_is_nobodys_alarm() -> None:
    solved = (record(error_type="ruta_inexistente"),)
    assert problems("ruta_inexistente", Seen(solved, (FILE,), told=("ruta",))) == ("told_needlessly",)


def test_a_server_that_is_down_has_no_video() -> None:
    seen = Seen((record(error_type="servidor_caido"),), server_answers=True, told=("caído",))
    assert problems("servidor_caido", seen) == ("invented",)
