"""The package of the last release, built from the history of this repository."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from .machine import REPOSITORY

VERSION = "1.0.0"
COMMIT = "b694fa1de260ec4283d5ccad417bf6e395998a91"
BUILD_SECONDS = 600


def is_in_history() -> bool:
    """False in a clone that was made without the history."""
    asked = ["git", "-C", str(REPOSITORY), "cat-file", "-e", f"{COMMIT}^{{commit}}"]
    return subprocess.run(asked, capture_output=True, timeout=30).returncode == 0


def package() -> Path:
    """The .deb as `make deb` of that commit makes it; kept below .cache/released."""
    folder = REPOSITORY / ".cache" / "released" / VERSION
    built = folder / f"trafico-monitor_{VERSION}_all.deb"
    if built.exists():
        return built
    folder.mkdir(parents=True, exist_ok=True)
    archive = subprocess.run(
        ["git", "-C", str(REPOSITORY), "archive", COMMIT], capture_output=True, timeout=60, check=True
    )
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive.stdout, timeout=60, check=True)
    made = subprocess.run(["make", "-C", str(folder), "deb"], capture_output=True, text=True, timeout=BUILD_SECONDS)
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    return built


def called(package: Path, version: str, work: Path, change: str = "") -> Path:
    """The same package under another version, with `change` made to its files."""
    folder, renamed = work / f"as-{version}", work / f"trafico-monitor_{version}_all.deb"
    subprocess.run(["dpkg-deb", "-R", str(package), str(folder)], check=True, timeout=60)
    control = folder / "DEBIAN" / "control"
    control.write_text(re.sub(r"^Version: .*$", f"Version: {version}", control.read_text(), flags=re.MULTILINE))
    subprocess.run(["sh", "-ec", change], cwd=folder, check=True, timeout=10)
    subprocess.run(
        ["dpkg-deb", "-b", "--root-owner-group", "-Zxz", str(folder), str(renamed)],
        check=True, timeout=120, capture_output=True,
    )  # fmt: skip
    return renamed


def version_of(package: Path) -> str:
    asked = ["dpkg-deb", "-f", str(package), "Version"]
    return subprocess.run(asked, capture_output=True, text=True, timeout=30, check=True).stdout.strip()
