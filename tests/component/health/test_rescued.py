"""What waits in `_rescatados`, counted on a real disk with whatever may lie there."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from trafico_monitor.health.download_files import count_waiting, list_modelos, list_waiting
from trafico_monitor.model.installation import RESCUED, Waiting


@pytest.fixture
def models(tmp_path: Path) -> Path:
    (tmp_path / RESCUED).mkdir()
    return tmp_path


def put(models: Path, name: str, size: int = 10) -> Path:
    place = models / RESCUED / name
    place.write_bytes(b"x" * size)
    return place


def test_without_the_folder_nothing_waits(tmp_path: Path) -> None:
    assert count_waiting(tmp_path) == Waiting()


def test_files_count_with_and_without_a_note_and_notes_do_not(models: Path) -> None:
    put(models, "a.mp4")
    put(models, "a.mp4.json", 300)
    put(models, "by-hand.mov", 5)
    put(models, "alone.json", 7)
    put(models, ".trafico-1234.part", 900)
    found = count_waiting(models)
    assert (found.number, found.size, found.first, found.complete) == (3, 22, "a.mp4", True)


def test_nothing_but_regular_files_counts_and_no_name_breaks_it(models: Path) -> None:
    folder = models / RESCUED
    (folder / "folder").mkdir()
    (folder / "link.mp4").symlink_to("/etc/passwd")
    os.mkfifo(folder / "fifo")
    for name in (b"bad-\xff.mp4", b"line\nbreak.mp4", b"x" * 255):
        (folder / os.fsdecode(name)).write_bytes(b"1")
    found = count_waiting(models)
    assert (found.number, found.size) == (3, 3)
    assert found.first == "x" * 255, "one that assign takes"


def test_the_oldest_is_the_one_that_has_been_there_longest_whatever_its_own_date(models: Path) -> None:
    before = time.time()
    place = put(models, "a.mp4")
    os.utime(place, (0, 0))
    oldest = count_waiting(models).oldest
    assert oldest is not None and before - 2 <= oldest <= time.time() + 2
    put(models, "b.mp4")
    assert count_waiting(models).oldest == oldest


def test_thousands_are_counted_to_a_bound_in_a_moment(models: Path) -> None:
    for number in range(3000):
        (models / RESCUED / f"{number:05}.mp4").touch()
    began = time.monotonic()
    assert count_waiting(models).number == 3000 and time.monotonic() - began < 2.0
    found = count_waiting(models, most=1000)
    assert (found.number, found.complete) == (1000, False)


def test_a_folder_that_is_no_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / RESCUED).write_text("a file")
    with pytest.raises(NotADirectoryError):
        count_waiting(tmp_path)


def test_a_link_to_a_folder_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/secret.mp4").touch()
    (tmp_path / RESCUED).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError):
        count_waiting(tmp_path)


def test_what_can_be_assigned_is_listed_the_longest_there_first(models: Path) -> None:
    assert list_waiting(models.parent) == (0, [])
    for name in ("b.mp4", "a.mp4"):
        place = put(models, name)
        end = time.monotonic() + 60
        while place.stat().st_ctime == put(models, "later.mp4").stat().st_ctime and time.monotonic() < end:
            pass  # the clock of the file system goes by ticks
    put(models, "a.mp4.json", 300)
    (models / RESCUED / "line\nbreak.mp4").touch()
    total, files = list_waiting(models)
    assert (total, [(one.file, one.size) for one in files]) == (4, [("b.mp4", 10), ("a.mp4", 10), ("later.mp4", 10)])


def test_modelos_are_the_folders_the_last_used_first(tmp_path: Path) -> None:
    for number, name in enumerate(("ana", "noa", "_rescatados")):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (number, number))
    (tmp_path / "file").touch()
    assert list_modelos(tmp_path) == ["_rescatados", "noa", "ana"]
