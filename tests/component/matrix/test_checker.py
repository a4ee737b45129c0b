"""The independent checker can say no: each lie that a `solucionado` could be is found."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.checker import Checker, Claim, Offered, changed, plays, sha256, snapshot
from tests.standin import media

CLAIM = Claim("ABCD2345", "timeout", "luna", "a.mp4", 1000.0)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.video(tmp_path_factory.mktemp("media"), seconds=1)


@pytest.fixture
def place(tmp_path: Path, original: Path) -> Path:
    """A models directory in which the claim is true."""
    (tmp_path / "luna").mkdir()
    shutil.copy(original, tmp_path / "luna" / "a.mp4")
    return tmp_path


@pytest.fixture
def checker(place: Path, original: Path) -> Checker:
    sent = Offered("luna", "a.mp4", sha256(original), original.stat().st_size)
    return Checker(place, os.geteuid(), [sent])


def test_a_true_claim_is_believed(checker: Checker) -> None:
    assert checker.lies(CLAIM) == []


def _shorter(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-100])


def _zeros(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))


def _one_bit(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _link(file: Path) -> None:
    file.rename(file.with_name("b.mp4"))
    file.symlink_to("b.mp4")


LIES: dict[str, Callable[[Path], object]] = {
    "nothing there": Path.unlink,
    "shorter": _shorter,
    "half of it zeros": _zeros,
    "another content": _one_bit,
    "a link": _link,
    "closed to its owner": lambda file: file.chmod(0o040),
    "an empty file": lambda file: file.write_bytes(b""),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_is_not_so_on_disk_is_a_lie(checker: Checker, place: Path, lie: str) -> None:
    LIES[lie](place / "luna" / "a.mp4")
    assert checker.lies(CLAIM) != []


def test_another_owner_is_a_lie(checker: Checker) -> None:
    assert replace(checker, owner=os.geteuid() + 1).lies(CLAIM) != []


@pytest.mark.parametrize(
    "claim", [replace(CLAIM, modelo="sol"), replace(CLAIM, video="b.mp4"), replace(CLAIM, modelo="desconocido")]
)
def test_a_download_that_nobody_sent_is_a_lie(checker: Checker, place: Path, claim: Claim) -> None:
    (place / claim.modelo).mkdir(exist_ok=True)
    shutil.copy(place / "luna" / "a.mp4", place / claim.modelo / "claimed.mp4")
    (place / claim.modelo / "claimed.mp4").rename(place / claim.modelo / claim.video)
    assert checker.lies(claim) != []


def test_a_rescued_file_is_judged_where_its_note_is(checker: Checker, place: Path) -> None:
    rescued = place / "_rescatados"
    rescued.mkdir()
    shutil.move(place / "luna" / "a.mp4", rescued / "file_1.mp4")
    assert checker.lies(CLAIM) != []
    (rescued / "file_1.mp4.json").write_text(json.dumps({"incidente": CLAIM.incident}))
    assert checker.lies(CLAIM) == []
    _shorter(rescued / "file_1.mp4")
    assert checker.lies(CLAIM) != []


def test_an_outage_is_over_when_the_server_answers(checker: Checker) -> None:
    claim = replace(CLAIM, error_type="servidor_caido", modelo="desconocido", video="desconocido")
    back = replace(checker, server_answered=lambda at: at >= 1000.0)
    assert back.lies(claim) == []
    assert back.lies(replace(claim, at=999.0)) != []


def test_an_outage_with_a_download_is_over_when_that_is_there(checker: Checker, place: Path) -> None:
    claim, up = replace(CLAIM, error_type="servidor_caido"), replace(checker, server_answered=lambda _: True)
    assert up.lies(claim) == []
    (place / "luna" / "a.mp4").unlink()
    assert up.lies(claim) != []


def test_only_what_plays_to_its_end_plays(original: Path, tmp_path: Path) -> None:
    assert plays(original) == []
    for spoilt in (media.truncated(original), media.damaged(original)):
        assert plays(spoilt) != []


def test_every_change_of_a_tree_is_seen(place: Path) -> None:
    (place / "link").symlink_to("luna")
    (place / "sol").mkdir()
    before = snapshot(place)
    assert changed(before, snapshot(place)) == {}
    (place / "luna" / "new.mp4").write_bytes(b"")
    (place / "luna" / "a.mp4").chmod(0o600)
    (place / "link").unlink()
    (place / "link").symlink_to("sol")
    (place / "sol").rmdir()
    after = changed(before, snapshot(place))
    assert {name: what for name, what in after.items() if name != "link"} == {
        "luna/new.mp4": ("new",), "luna/a.mp4": ("mode",), "sol": ("gone",),
    }  # fmt: skip
    assert "content" in after["link"]


def test_a_change_that_keeps_size_and_time_is_seen(place: Path) -> None:
    file, before = place / "luna" / "a.mp4", snapshot(place)
    seen = file.stat()
    _one_bit(file)
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert changed(before, snapshot(place)) == {"luna/a.mp4": ("content",)}
