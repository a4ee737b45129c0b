"""The doors to files, and the walk, against names that are no names and trees that have no end."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.planting import LEVELS, dig, place, plant
from trafico_monitor.errors import PathRefused
from trafico_monitor.model.installation import Installation
from trafico_monitor.repair import safe_open

# A lone surrogate that stands for no byte, at each place; NUL is none either.
STRANGE = ("\ud800", "a\udfff.mp4", "\ud800/v.mp4", "luna/\ud800", "a\0b", "luna/\0", "\ud83d/\ude00")
DOORS: dict[str, Callable[[Path, Installation], object]] = {
    "status": safe_open.status,
    "open_source": safe_open.open_source,
    "remove": safe_open.remove,
    "move_new": lambda path, site: safe_open.move_new(path, site.models / "b.mp4", site),
    "move_new to": lambda path, site: safe_open.move_new(site.models / "a.mp4", path, site),
    "same_content": lambda path, site: safe_open.same_content(path, path, site, threading.Event()),
    "locate": lambda path, site: safe_open.locate(path, (site.models,)),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("name", STRANGE, ids=ascii)
def test_a_name_that_no_file_has_is_refused(site: Installation, door: str, name: str) -> None:
    (site.models / "luna").mkdir(exist_ok=True)
    (site.models / "a.mp4").write_bytes(b"a")
    with pytest.raises(PathRefused):
        DOORS[door](site.models / name, site)


def test_a_name_that_is_no_text_but_a_file_can_be_looked_at(site: Installation) -> None:
    """As a listing gives it: only then can what bears it be left alone, or moved."""
    (site.models / "\udcff.mp4").write_bytes(b"a")
    assert safe_open.status(site.models / "\udcff.mp4", site) is not None


@pytest.fixture
def planted() -> Iterator[Path]:
    with place() as folder:
        yield folder


def test_the_walk_ends_and_finds_what_lies_in_reach(planted: Path) -> None:
    plant(planted)
    (planted / "luna/inside").mkdir(parents=True)
    (planted / "luna/inside/v.mp4").touch()
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    found = {
        (str(Path(f"/proc/self/fd/{folder}").readlink()), name) for folder, name in safe_open.files_below(planted)
    }
    assert (str(planted / "luna/inside"), "v.mp4") in found
    assert (str(planted), "pipe.mp4") in found
    assert not any(folder.endswith("/d" * safe_open.DEEPEST) for folder, _ in found)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_the_walk_ends_with_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(safe_open, "MOST_ENTRIES", 10)
    for number in range(20):
        (tmp_path / f"{number}").touch()
    assert len(list(safe_open.files_below(tmp_path))) == 10
    assert list(safe_open.files_below(tmp_path / "nothing")) == []


def test_the_depth_is_counted_from_the_root(planted: Path) -> None:
    dig(planted, b"x", safe_open.DEEPEST - 1)
    assert [name for _, name in safe_open.files_below(planted)] == ["last.mp4"]
    dig(planted, b"y", safe_open.DEEPEST)
    assert [name for _, name in safe_open.files_below(planted)] == ["last.mp4"]
    assert LEVELS > safe_open.DEEPEST
