"""What a real file system is used by, and what of it has been delivered elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from trafico_monitor.health import disk_usage
from trafico_monitor.health.disk_usage import find_delivered
from trafico_monitor.model.installation import Installation

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
MB = 1000**2
DAY = 86400.0


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 64 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], timeout=20)
    assert mounted.returncode == 0, "this test mounts a tmpfs: run it as root"
    yield folder
    subprocess.run(["umount", folder], check=True, timeout=20)


@pytest.fixture
def site(place: Path) -> Installation:
    models, api = place / "modelos", place / "api"
    for folder in (models / "victor", models / "_cuarentena", models / "_rescatados", api / TOKEN / "videos"):
        folder.mkdir(parents=True)
    return Installation(models, api, os.geteuid(), os.getegid())


def write(path: Path, megabytes: int, letter: bytes = b"x") -> Path:
    path.write_bytes(letter * (megabytes * MB))
    return path


def server_file(site: Installation, name: str, content: Path | None = None, age: float = 2 * DAY) -> Path:
    assert site.bot_api is not None
    path = site.bot_api / TOKEN / "videos" / name
    if content is not None:
        shutil.copy(content, path)
        os.utime(path, (time.time() - age, time.time() - age))
    return path


class TestUsage:
    def test_each_part_for_itself_and_the_rest(self, site: Installation, place: Path) -> None:
        write(site.models / "victor" / "a.mp4", 8)
        write(site.models / "_cuarentena" / "b.mp4", 4)
        write(site.models / "_rescatados" / "c.mp4", 2)
        write(server_file(site, "d.mp4"), 6)
        write(place / "else", 3)
        found = disk_usage.measure(place, [(disk_usage.MODELS, site.models), (disk_usage.BOT_API, place / "api")], 10)
        assert {kind: round(size / MB) for kind, size in found.parts.items()} == {
            "models": 8, "quarantine": 4, "rescued": 2, "bot_api": 6, "rest": 3,
        }  # fmt: skip
        assert found.complete and found.total == 64 * 1024**2
        assert abs(found.total - found.free - sum(found.parts.values())) < 2 * MB

    def test_a_second_name_takes_no_space_and_a_hole_neither(self, site: Installation, place: Path) -> None:
        os.link(write(site.models / "victor" / "a.mp4", 5), site.models / "victor" / "b.mp4")
        with (site.models / "victor" / "hole").open("wb") as file:
            file.truncate(10**12)
        found = disk_usage.measure(place, [(disk_usage.MODELS, site.models)], 10)
        assert round(found.parts["models"] / MB) == 5

    def test_links_and_other_file_systems_are_not_counted(self, site: Installation, place: Path) -> None:
        (site.models / "usr").symlink_to("/usr")
        (site.models / "victor" / "passwd").symlink_to("/etc/passwd")
        own = site.models / "luna"
        own.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", own], check=True, timeout=20)
        try:
            write(own / "a.mp4", 3)
            found = disk_usage.measure(place, [(disk_usage.MODELS, site.models)], 10)
        finally:
            subprocess.run(["umount", own], check=True, timeout=20)
        assert found.parts.get("models", 0) < MB

    def test_it_stops_in_time_and_says_so(self, site: Installation, place: Path) -> None:
        for number in range(50):
            (site.models / "victor" / f"{number}.mp4").touch()
        assert not disk_usage.measure(place, [(disk_usage.MODELS, site.models)], -1).complete


class TestDelivered:
    def test_an_old_file_whose_bytes_are_in_models(self, site: Installation) -> None:
        copy = write(site.models / "victor" / "20251225_143020_a3f2b1.mp4", 3)
        old = server_file(site, "file_16.mp4", copy)
        found = find_delivered(site, time.time(), 20)
        assert [(one.path, one.copy) for one in found.files] == [(old, copy)]
        assert round(found.size / MB) == 3 and found.complete

    def test_what_is_younger_than_a_day_stays(self, site: Installation) -> None:
        copy = write(site.models / "victor" / "a.mp4", 1)
        server_file(site, "file_16.mp4", copy, age=0.9 * DAY)
        assert find_delivered(site, time.time(), 20).files == ()

    def test_one_byte_of_difference_is_no_delivery(self, site: Installation) -> None:
        copy = write(site.models / "victor" / "a.mp4", 2)
        old = server_file(site, "file_16.mp4", copy)
        for place in (0, MB, 2 * MB - 1):
            shutil.copy(copy, old)
            with old.open("r+b") as file:
                file.seek(place)
                file.write(b"y")
            os.utime(old, (0, 0))
            assert find_delivered(site, time.time(), 20).files == ()

    @pytest.mark.parametrize("folder", ["_rescatados", "_cuarentena", ".hidden"])
    def test_a_copy_that_is_not_at_its_place_is_no_delivery(self, folder: str, site: Installation) -> None:
        (site.models / folder).mkdir(exist_ok=True)
        server_file(site, "file_16.mp4", write(site.models / folder / "a.mp4", 1))
        assert find_delivered(site, time.time(), 20).files == ()

    def test_the_same_file_under_two_names_is_no_delivery(self, site: Installation) -> None:
        copy = write(site.models / "victor" / "a.mp4", 1)
        os.utime(copy, (0, 0))
        os.link(copy, server_file(site, "file_16.mp4"))
        assert find_delivered(site, time.time(), 20).files == ()

    def test_links_lead_nowhere(self, site: Installation, tmp_path: Path) -> None:
        outside = tmp_path / "outside"
        outside.mkdir()
        copy = write(site.models / "victor" / "a.mp4", 1)
        shutil.copy(copy, outside / "file_1.mp4")
        os.utime(outside / "file_1.mp4", (0, 0))
        assert site.bot_api is not None
        (site.bot_api / TOKEN / "photos").symlink_to(outside)
        server_file(site, "file_2.mp4").symlink_to(outside / "file_1.mp4")
        assert find_delivered(site, time.time(), 20).files == ()
        os.mkfifo(server_file(site, "file_3.mp4"))
        assert find_delivered(site, time.time(), 20).files == ()

    def test_without_time_nothing_is_claimed(self, site: Installation) -> None:
        server_file(site, "file_16.mp4", write(site.models / "victor" / "a.mp4", 1))
        found = find_delivered(site, time.time(), -1)
        assert found.files == () and not found.complete

    def test_what_the_server_knows_by_a_database_is_left_alone(self, site: Installation) -> None:
        assert site.bot_api is not None
        (site.bot_api / TOKEN / "td.binlog").write_bytes(b"database")
        os.utime(site.bot_api / TOKEN / "td.binlog", (0, 0))
        assert find_delivered(site, time.time(), 20).files == ()
