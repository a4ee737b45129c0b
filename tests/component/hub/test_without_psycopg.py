"""A machine without python3-psycopg: `fleet join` says how to install it, and nothing else changes."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from tests.component.service.running import RunningService
from tests.component.service.test_dashboard import quiet
from tests.journal_fixtures import wait_until

from .conftest import Debian

pytestmark = pytest.mark.slow
SECONDS = 60.0
# Debian's modules without psycopg, and what sd_booted(3) looks for.
HIDDEN = """set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$0"
mkdir "$0/all" "$0/without"
mount --bind /usr/lib/python3/dist-packages "$0/all"
for one in "$0"/all/*; do case "${one##*/}" in psycopg*) ;; *) ln -s "$one" "$0/without/";; esac; done
mount --bind "$0/without" /usr/lib/python3/dist-packages
mount -t tmpfs tmpfs /run/systemd
mkdir /run/systemd/system
exec "$@"
"""
INSTALL = "sudo apt install python3-psycopg"


def hidden(folder: Path) -> tuple[str, ...]:
    """What is put before a command."""
    folder.mkdir()
    return ("unshare", "--mount", "sh", "-c", HIDDEN, str(folder))


def tree(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_module_is_hidden(tmp_path: Path) -> None:
    argv = [*hidden(tmp_path / "hidden"), sys.executable, "-c", "import psycopg"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=SECONDS, check=False, stdin=subprocess.DEVNULL)
    assert "No module named 'psycopg'" in done.stderr


def test_fleet_join_says_how_to_install_it_and_changes_nothing(debian: Debian, tmp_path: Path) -> None:
    debian.set_up()
    file = tmp_path / "m01.join"
    file.write_text(debian.command("hub", "invite", "m01").stdout)
    before = tree(debian.folder / "etc")
    command = (sys.executable, "-m", "trafico_monitor", "fleet", "join", str(file))
    done = debian.run(*hidden(tmp_path / "hidden"), *command, environment={"LC_ALL": "en_GB.UTF-8"})
    assert done.returncode == 69 and INSTALL in done.stderr, done.stdout + done.stderr
    assert tree(debian.folder / "etc") == before


def test_the_service_runs_as_before_and_names_it_where_a_fleet_is_configured(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "conf.d").mkdir()
    prefix = hidden(tmp_path / "hidden")
    with RunningService(home, directory=quiet(home), prefix=prefix) as run:
        assert "fleet" not in run.status()
    (home / "conf.d/fleet.toml").write_text('[fleet]\nurl = "postgresql://hub.example/trafico"\nname = "m01"\n')
    with RunningService(home, directory=quiet(home), prefix=prefix) as run:
        wait_until(lambda: run.status().get("fleet", {}).get("code") == "no_psycopg", "named", SECONDS)
        for command in (("fleet", "status"), ("status",)):
            assert INSTALL in " ".join(run.command(*command).split())
