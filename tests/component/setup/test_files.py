"""A file is written whole, and taken back only as long as it is still what setup wrote."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from trafico_monitor.setup import apply
from trafico_monitor.setup.apply import ChangeError, carry_out, write
from trafico_monitor.setup.model import Change, Kind
from trafico_monitor.setup.state_file import opened


def change(path: Path, content: str) -> Change:
    return Change(Kind.WRITE_FILE, str(path), "config", content=content, mode=0o640)


async def done(folder: Path, *changes: Change) -> None:
    with opened("es", folder) as ledger:
        for each in changes:
            await carry_out(each, ledger, "es")


async def undone(folder: Path) -> list[apply.Left]:
    with opened("es", folder) as ledger:
        kept = apply.altered(ledger.entries)
        left: list[apply.Left] = []
        for entry in ledger.open_entries():
            left += await apply.take_back(entry, kept)
            ledger.undo(entry)
        return left


async def test_a_new_file_goes_again_and_an_older_one_of_its_own_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "new.d" / "file.toml"
    await done(tmp_path, change(path, "one\n"), change(path, "two\n"))
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("two\n", 0o640)
    assert await undone(tmp_path) == []
    assert not path.exists()
    assert not path.parent.exists()


async def test_its_folder_can_be_read_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "made" / "new.d" / "file.toml"
    before = os.umask(0o077)
    try:
        await done(tmp_path, change(path, "one\n"))
    finally:
        os.umask(before)
    assert [folder.stat().st_mode & 0o777 for folder in (path.parent, path.parent.parent)] == [0o755, 0o755]


async def test_what_was_there_before_comes_back_with_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(b"old \xff\n")
    path.chmod(0o600)
    await done(tmp_path, change(path, "new\n"))
    assert await undone(tmp_path) == []
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"old \xff\n", 0o600)


async def test_what_an_administrator_has_changed_since_stays(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    await done(tmp_path, change(path, "one\n"))
    path.write_text("mine\n")
    assert await undone(tmp_path) == [("altered", str(path))]
    assert path.read_text() == "mine\n"


async def test_what_an_administrator_has_deleted_stays_deleted(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    await done(tmp_path, change(path, "one\n"))
    path.unlink()
    assert await undone(tmp_path) == []
    assert not path.exists()


@pytest.mark.parametrize("reached", [False, True])
async def test_killed_between_the_ledger_and_the_end_it_can_be_taken_back(tmp_path: Path, reached: bool) -> None:
    path = tmp_path / "file.toml"
    with opened("es", tmp_path) as ledger:
        ledger.begin(change(path, "one\n"), {"content": None})
    if reached:
        write(path, b"one\n", 0o640, "root")
    else:
        path.with_name(".file.toml.trafico-new").write_text("on")
    assert await undone(tmp_path) == []
    assert sorted(tmp_path.glob(".*")) == []
    assert not path.exists()


async def test_a_link_is_never_written_through(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("keep\n")
    (tmp_path / "file.toml").symlink_to(target)
    with pytest.raises(ChangeError):
        await done(tmp_path, change(tmp_path / "file.toml", "one\n"))
    assert target.read_text() == "keep\n"


def private(path: Path, content: str) -> Change:
    return Change(Kind.WRITE_FILE, str(path), "config", content=content, mode=0o600, private=True)


async def test_a_secret_is_in_no_ledger_and_goes_whatever_it_has_become(tmp_path: Path) -> None:
    path = tmp_path / "made" / "key"
    await done(tmp_path, private(path, "first-secret\n"), private(path, "second-secret\n"))
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("second-secret\n", 0o600)
    ledger = (tmp_path / "setup.jsonl").read_text()
    assert "secret\\n" not in ledger and "-secret" not in ledger
    path.write_text("renewed\n")
    assert await undone(tmp_path) == []
    assert not path.parent.exists()


async def test_an_entry_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    await done(tmp_path, change(path, "one\n"))
    ledger = tmp_path / "setup.jsonl"
    old = ledger.read_text().replace(', "private": false, "command": "setup"', "").replace('"folder": true, ', "")
    assert "command" not in old and "folder" not in old
    ledger.write_text(old)
    assert await undone(tmp_path) == []
    assert not path.exists() and tmp_path.exists()


BLOCK = Change(Kind.WRITE_BLOCK, "", "hub_access", content="host a b c\n")


@pytest.mark.parametrize("content", [b"", b"# one\nlocal all all peer\n", b"no line break", b"old \xff\n"])
async def test_a_block_of_lines_comes_first_and_goes_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pg_hba.conf"
    path.write_bytes(content)
    path.chmod(0o640)
    block = replace(BLOCK, target=str(path))
    await done(tmp_path, block, replace(block, content="host d e f\n"))
    assert path.read_bytes().endswith(content) and apply.block(path.read_text("latin1")) == "host d e f\n"
    assert path.read_bytes().count(b"# BEGIN trafico-monitor") == 1
    path.write_bytes(path.read_bytes() + b"# mine\n")
    assert await undone(tmp_path) == []
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (content + b"# mine\n", 0o640)


async def test_a_block_whose_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "pg_hba.conf"
    with pytest.raises(ChangeError):
        await done(tmp_path, replace(BLOCK, target=str(path)))
    assert await undone(tmp_path) == []
