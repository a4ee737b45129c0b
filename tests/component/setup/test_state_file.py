"""The ledger survives a crash at any point, and is believed only when it is root's."""

from __future__ import annotations

from pathlib import Path

import pytest

from trafico_monitor.setup.model import Change, Kind
from trafico_monitor.setup.state_file import NAME, LedgerError, opened

CHANGES = [Change(Kind.WRITE_FILE, f"/etc/example/{n}", "config", content=f"text {n} ñ\n") for n in range(3)]


def fill(folder: Path) -> None:
    with opened("es", folder) as ledger:
        for change in CHANGES:
            ledger.finish(ledger.begin(change, {"content": None}), {"seen": True})


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    fill(tmp_path)
    with opened("es", tmp_path) as ledger:
        assert [entry.change for entry in ledger.open_entries()] == list(reversed(CHANGES))
        assert all(entry.after == {"seen": True} for entry in ledger.entries)
        ledger.undo(ledger.entries[2])
    with opened("es", tmp_path) as ledger:
        assert [entry.change for entry in ledger.open_entries()] == [CHANGES[1], CHANGES[0]]


def test_cut_at_any_byte_it_tells_of_every_change_that_had_begun(tmp_path: Path) -> None:
    fill(tmp_path)
    path = tmp_path / NAME
    content = path.read_bytes()
    for length in range(0, len(content), 7):
        path.write_bytes(content[:length])
        with opened("es", tmp_path) as ledger:
            begun = content[:length].count(b'"before"') - (b'"before"' in content[:length].rpartition(b"\n")[2])
            assert len(ledger.entries) == begun
            ledger.begin(CHANGES[0], {})  # and one can go on writing
        with opened("es", tmp_path) as ledger:
            assert len(ledger.entries) == begun + 1


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with opened("es", tmp_path), pytest.raises(LedgerError), opened("es", tmp_path):
        pass


def test_a_ledger_that_others_can_write_is_not_believed(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / NAME).chmod(0o666)
    with pytest.raises(LedgerError), opened("es", tmp_path):
        pass


def test_it_is_for_its_owner_alone(tmp_path: Path) -> None:
    fill(tmp_path / "new")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "new" / NAME).stat().st_mode & 0o777 == 0o600
