"""What setup writes for systemd means to systemd what was meant: its own parser is asked."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from trafico_monitor.setup import unit_files
from trafico_monitor.setup.model import BotUser

SYSTEMD = "/lib/systemd/systemd"
PATHS = [
    "/srv/plain", "/srv/two words", "/srv/100%", "/srv/%h/%%n", '/srv/a"b', "/srv/a'b", "/srv/a\\b", "/srv/ends\\",
    "/srv/ends with blank ", "/srv/ begins", "/srv/;#=:@!+-", "/srv/-x", "/srv/ñandú 👀", "/srv/$HOME", "/srv/a\\x20b",
    "/srv/“quoted”", "/srv/tab\there",
]  # fmt: skip


def as_read(contents: Sequence[str], line: str, where: Path) -> list[str]:
    """What systemd makes of one line of each of these units; "" where it refuses it."""
    for number, content in enumerate(contents):
        # Only a drop-in's beginning is made by the monitor: the rest is what a service must have.
        (where / f"t{number}.service").write_text(f"{content}\nExecStart=/bin/true\n")
    wanted = " ".join(f"t{number}.service" for number in range(len(contents)))
    (where / "all.target").write_text(f"[Unit]\nWants={wanted}\n")
    where.chmod(0o755)
    # systemd refuses to be tried out by root.
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*nobody, SYSTEMD, "--test", "--system", "--unit=all.target"],
        env={"SYSTEMD_UNIT_PATH": f"{where}:", "HOME": "/tmp", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        timeout=60,
        check=True,
    )
    told = done.stdout.decode("utf-8", "surrogateescape")
    found: list[str] = []
    for number in range(len(contents)):
        unit = told.partition(f"-> Unit t{number}.service:\n")[2].partition("\n\t-> Unit ")[0]
        assert "Unit Load State: loaded" in unit, done.stderr[-2000:]
        match = re.search(rf"^\t\t{line}: (.*)$", unit, re.MULTILINE)
        found.append(match[1] if match else "")
    return found


@pytest.fixture
def units() -> Path:
    """A directory that systemd may read as nobody."""
    import tempfile

    return Path(tempfile.mkdtemp(prefix="trafico-units-", dir="/var/tmp"))


def test_the_sandbox_opens_exactly_the_paths_that_were_meant(units: Path) -> None:
    found = as_read([unit_files.sandbox([path]) for path in PATHS], "ReadWritePaths", units)
    assert found == [f"-{path}" for path in PATHS]
    assert as_read([unit_files.sandbox(PATHS)], "ReadWritePaths", units) == [" ".join(f"-{path}" for path in PATHS)]


def test_any_path_survives(units: Path) -> None:
    letters = st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="/")
    names = st.text(letters, min_size=1, max_size=20).filter(lambda name: name not in (".", ".."))
    chosen: list[str] = []

    @settings(max_examples=examples(300), database=None, derandomize=True)
    @given(st.lists(names, min_size=1, max_size=3))
    def collect(parts: list[str]) -> None:
        chosen.append("/srv/" + "/".join(parts))

    collect()
    found = as_read([unit_files.sandbox([path]) for path in chosen], "ReadWritePaths", units)
    assert found == [f"-{path}" for path in chosen]


@pytest.mark.parametrize("path", ["/srv/a\nb", "/srv/a\rb", "/srv/a\0b", "/srv/a\x1bb", "relative", "/srv/../etc"])
def test_a_path_that_no_unit_can_hold_is_left_out(path: str) -> None:
    assert unit_files.sandbox([path, "/srv/x"]) == unit_files.sandbox(["/srv/x"])


def test_the_bots_unit_is_where_it_was_meant(units: Path) -> None:
    folders = ["/srv/plain", "/srv/100%", "/srv/%n"]
    user = BotUser("victor", 1000, 1000)
    contents = [unit_files.bot_unit(folder, user, f"{folder}/venv/bin/python") for folder in folders]
    contents = [one.partition("[Install]")[0].replace("Restart=always\n", "Type=oneshot\n") for one in contents]
    assert as_read(contents, "WorkingDirectory", units) == folders
    lines = as_read(contents, "\tCommand Line", units)
    assert lines == [f"{folder}/venv/bin/python main.py" for folder in folders]


def test_the_instrumentation_is_what_was_meant(units: Path) -> None:
    contents = [unit_files.instrumentation("/a", path) for path in PATHS]
    found = as_read([content.replace("Environment=PYTHONPATH", "#") for content in contents], "Environment", units)
    assert found == [f"TRAFICO_MODELS_DIR={path}" for path in PATHS]
    contents = [unit_files.instrumentation(path, "/m") for path in [*PATHS, "relative:", ":/x"]]
    found = as_read(contents, "Environment", units)
    assert found == [f"PYTHONPATH=/usr/lib/trafico-monitor/instrument:{path}" for path in [*PATHS, "relative:", ":/x"]]
    assert as_read([unit_files.instrumentation("", "/m")], "Environment", units) == [
        "PYTHONPATH=/usr/lib/trafico-monitor/instrument"
    ]
