"""The disk of the fleet's database is really full: said in one sentence, and all arrives once there is room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from tests.component.fleet.conftest import prepared
from tests.component.fleet.sending import ask
from tests.component.fleet.test_service import all_sent, fleet, local
from tests.component.service.running import RunningService
from tests.component.service.test_dashboard import quiet
from tests.journal_fixtures import wait_until
from tests.postgresql import cluster

pytestmark = pytest.mark.slow
SECONDS = 90.0


@pytest.fixture
def disk() -> Iterator[Path]:
    """A file system of 128 MiB, which a new cluster fills by half."""
    folder = Path(mkdtemp(prefix="disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128m,mode=755", "tmpfs", str(folder)], check=True, timeout=60)
    yield folder
    subprocess.run(["umount", str(folder)], check=True, timeout=60)
    folder.rmdir()


def fill(disk: Path) -> Path:
    """Write a file until there is no room at all."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


async def test_a_full_disk_of_the_database_is_named_and_nothing_is_lost(disk: Path, tmp_path: Path) -> None:
    with cluster(where=disk) as server:
        owner = await prepared(server)
        filler = fill(disk)
        with RunningService(tmp_path, directory=quiet(tmp_path), checks=fleet(server)) as run:
            wait_until(lambda: run.status().get("fleet", {}).get("code") == "database_disk_full", "known", SECONDS)
            for command in (("fleet", "status"), ("status",)):
                assert "El disco de la base de datos" in " ".join(run.command(*command).split())
            assert await ask(owner, "SELECT count(*) FROM trafico.records") == [(0,)]
            filler.unlink()
            await all_sent(tmp_path, owner)
            wait_until(lambda: run.status().get("fleet", {}).get("code") == "connected", "well again", SECONDS)
        assert len(local(tmp_path)) >= 1
