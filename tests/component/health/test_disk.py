"""Free space on real, small file systems."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trafico_monitor.health.disk import check_disks, finding, grade, size_text
from trafico_monitor.model.finding import FindingKind

MB = 1000**2
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root mounts")


@contextmanager
def small(place: Path, options: str = "size=8m") -> Iterator[Path]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", place], check=True, timeout=10)
    try:
        yield place
    finally:
        subprocess.run(["umount", place], check=True, timeout=10)


@as_root
def test_a_file_system_as_it_fills_up(tmp_path: Path) -> None:
    with small(tmp_path / "disk") as disk:
        levels = []
        for size in (0, 4 * MB, 7 * MB):
            (disk / "video.mp4").write_bytes(b"x" * size)
            levels.append(finding(check_disks([disk], 5 * MB, 2 * MB), 1.0))
        assert [one.code for one in levels] == ["ok", "warning", "critical"]
        assert all(one.kind is FindingKind.SPACE and str(disk) in one.message for one in levels)
        assert "1.4 MB libres" in levels[2].message


@as_root
def test_a_full_file_system_is_critical_whatever_the_limits(tmp_path: Path) -> None:
    with small(tmp_path / "disk") as disk:
        file = os.open(disk / "fill", os.O_CREAT | os.O_WRONLY)
        with pytest.raises(OSError, match="No space left"):
            while True:
                os.write(file, b"x" * 65536)
        os.close(file)
        assert finding(check_disks([disk], 0, 0), 1.0).code == "critical"
        assert [file.name for file in disk.iterdir()] == ["fill"]


@as_root
def test_no_inodes_left_is_critical_too(tmp_path: Path) -> None:
    with small(tmp_path / "disk", "size=8m,nr_inodes=50") as disk:
        for number in range(49):
            (disk / str(number)).touch()
        state = check_disks([disk], 2, 1)
        assert state.worst is not None and (state.worst.level, state.worst.why) == ("critical", "inodes")
        assert "inodos" in finding(state, 1.0).message


@as_root
def test_each_file_system_counts_once_and_the_worst_decides(tmp_path: Path) -> None:
    with small(tmp_path / "a") as one, small(tmp_path / "b") as other:
        (one / "models").mkdir()
        (other / "fill").write_bytes(b"x" * 7 * MB)
        state = check_disks([one, one / "models", other, other / "not" / "yet"], 5 * MB, 2 * MB)
        assert [volume.path for volume in state.volumes] == [str(other), str(one)]
        assert [volume.level for volume in state.volumes] == ["critical", "ok"]


@as_root
def test_a_folder_that_does_not_exist_yet_is_where_it_will_be(tmp_path: Path) -> None:
    with small(tmp_path / "disk") as disk:
        state = check_disks([disk / "modelos" / "victor"], 5 * MB, 2 * MB)
        assert state.worst is not None and state.worst.total == 8 * 1024**2


def test_nothing_that_can_be_seen_is_no_alarm() -> None:
    state = check_disks([], 5, 2)
    assert finding(state, 1.0).code == "ok"


def test_a_file_system_without_counted_inodes_is_not_short_of_them() -> None:
    assert grade(10 * MB, 1.0, 5 * MB, 2 * MB) == ("ok", "")
    assert grade(10 * MB, 0.01, 5 * MB, 2 * MB) == ("warning", "inodes")
    assert grade(3 * MB, 0.001, 5 * MB, 2 * MB) == ("critical", "inodes")
    assert grade(5 * MB, 1.0, 5 * MB, 2 * MB) == ("ok", "")
    assert grade(5 * MB - 1, 1.0, 5 * MB, 2 * MB) == ("warning", "space")


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (1_900_000_000, "1.9 GB"), (271e9, "271 GB")]
)
def test_sizes_are_written_as_people_read_them(size: float, text: str) -> None:
    assert size_text(int(size)) == text
