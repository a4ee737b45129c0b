"""The join file: what is written is read again, and nothing else is taken for one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from trafico_monitor.errors import FleetError
from trafico_monitor.fleet import authority
from trafico_monitor.fleet.invitation import LARGEST, Invitation, check, parse, read, render
from trafico_monitor.messages import LANGUAGES, catalogue

URL = "postgresql://hub.example:5432/trafico"
Make = Callable[[str], Invitation]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import asyncio

    place = tmp_path_factory.mktemp("hub") / "authority"
    assert asyncio.run(authority.create(place, now=time.time()))
    return place


async def invited(folder: Path, name: str = "m01", days: float = 30.0) -> Invitation:
    now = time.time()
    issued = await authority.issue(name, folder, until=now + days * authority.DAY, now=now)
    return Invitation(URL, name, (folder / "ca.crt").read_text(), issued.certificate, issued.key)


def code(content: bytes) -> str:
    with pytest.raises(FleetError) as refused:
        parse(content)
    for language in LANGUAGES:
        assert f"fleet.error.{refused.value.code}" in catalogue(language)
    return refused.value.code


async def test_what_is_written_is_read_again(folder: Path) -> None:
    for made in (
        await invited(folder),
        Invitation(URL, "m01", password="aB-_9"),
        Invitation("postgresql:///trafico?host=/run/a'b", "m01", password="x"),
    ):
        assert parse(render(made).encode()) == made
    assert await check(await invited(folder, days=30), time.time()) == pytest.approx(time.time() + 30 * 86400, abs=60)
    assert await check(Invitation(URL, "m01", password="x"), time.time()) is None


async def test_a_file_cut_anywhere_is_refused(folder: Path) -> None:
    for made in (await invited(folder), Invitation(URL, "m01", password="secret")):
        whole = render(made).encode().rstrip(b"\n")
        taken = [length for length in range(len(whole)) if not refuses(whole[:length])]
        assert taken == []


def refuses(content: bytes) -> bool:
    try:
        parse(content)
    except FleetError:
        return True
    return False


@settings(max_examples=examples(300), deadline=None)
@given(st.binary(max_size=400), st.integers(0, 200))
def test_no_bytes_do_anything_but_refuse(noise: bytes, place: int) -> None:
    whole = render(Invitation(URL, "m01", password="secret")).encode()
    for content in (noise, whole[:place] + noise + whole[place:]):
        if not refuses(content):
            assert parse(content).name  # a comment, a space


HEAD = "format = 1\nurl = 'postgresql://h/t'\nname = 'm01'\npassword = 'x'\n"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "invitation_foreign"),
        ("x" * (LARGEST + 1), "invitation_too_large"),
        ("format = 1\n" + "a = " + "[" * 5000, "invitation_foreign"),
        (HEAD.replace("1", "2", 1), "invitation_format"),
        (HEAD + "path = '/etc/shadow'\n", "invitation_unknown_key"),
        (HEAD.replace("'m01'", "'../../etc'"), "invitation_bad_value"),
        (HEAD.replace("'m01'", "'M 01'"), "invitation_bad_value"),
        (HEAD.replace("'m01'", '"m01\\nx"'), "invitation_bad_value"),
        (HEAD.replace("'m01'", "7"), "invitation_bad_value"),
        (HEAD.replace("'m01'", "['m01']"), "invitation_bad_value"),
        (HEAD.replace("'postgresql://h/t'", '"postgresql://h/t\\n[telegram]"'), "invitation_bad_value"),
        (HEAD.replace("'postgresql://h/t'", '"postgresql://h/t\\u0000"'), "invitation_bad_value"),
        (HEAD.replace("'postgresql://h/t'", "'file:///etc/shadow'"), "invitation_bad_value"),
        (HEAD.replace("'postgresql://h/t'", "'postgresql://h/t?sslkey=/root/x'"), "invitation_bad_value"),
        (HEAD.replace("'postgresql://h/t'", "'postgresql://h/t?sslmode=disable'"), "invitation_bad_value"),
        (HEAD.replace("'postgresql://h/t'", "'postgresql://h/t?passfile=/root/x'"), "invitation_bad_value"),
        (HEAD.replace("'postgresql://h/t'", "'postgresql://h/t?service=x'"), "invitation_bad_value"),
        (HEAD.replace("'postgresql://h/t'", "'postgresql://u:secret@h/t'"), "invitation_bad_value"),
        (HEAD.replace("password = 'x'\n", ""), "invitation_missing"),
        (HEAD.replace("'x'", "'a\tb'"), "invitation_bad_value"),
        (HEAD + "ca = '/etc/shadow'\n", "invitation_bad_value"),
        (HEAD + "key = '/etc/shadow'\n", "invitation_bad_value"),
        ('# trafico-monitor: x\nformat = 1\nurl = "\x00', "invitation_cut"),
    ],
)
def test_what_is_no_invitation(content: str, expected: str) -> None:
    assert code(content.encode()) == expected


async def test_anothers_name_key_or_time(folder: Path) -> None:
    mine, other = await invited(folder), await invited(folder, "m02")
    for changed, expected in (
        (replace(mine, name="m02"), "invitation_other_name"),
        (replace(mine, url="postgresql://m02@hub.example/trafico"), "invitation_other_name"),
        (replace(mine, key=other.key), "invitation_other_key"),
        (replace(mine, certificate=mine.certificate.replace("M", "A")), "invitation_bad_value"),
        (await invited(folder, days=-1), "invitation_expired"),
    ):
        with pytest.raises(FleetError) as refused:
            await check(parse(render(changed).encode()), time.time())
        assert refused.value.code == expected


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "huge").write_bytes(b"x" * (3 * LARGEST))
    odd = (tmp_path, tmp_path / "fifo", "/dev/zero")
    cases = [(str(path), "invitation_not_a_file") for path in odd]
    for path, expected in (*cases, (str(tmp_path / "none"), "no_file"), ("a\0b", "no_file")):
        with pytest.raises(FleetError) as refused:
            read(path)
        assert refused.value.code == expected
    assert len(read(str(tmp_path / "huge"))) == LARGEST + 1
