#!/usr/bin/python3
"""The pure Python libraries that travel inside the package: fetch their wheels, unpack them.

    vendor.py fetch WHEELS          bring WHEELS up to date with vendor.txt; asks nobody when it is
    vendor.py unpack WHEELS FOLDER  unpack exactly the pinned wheels into FOLDER (no network)

Both refuse a wheel whose SHA-256 is not the pinned one, and one that is not pure Python.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PINS = Path(__file__).with_name("vendor.txt")
PURE = "-none-any.whl"


def pinned() -> dict[str, str]:
    """SHA-256 → `name==version`, from vendor.txt: one pin and one hash a line."""
    pins = {}
    for line in PINS.read_text().splitlines():
        name, separator, digest = line.partition(" --hash=sha256:")
        if separator and not line.startswith("#"):
            pins[digest.strip()] = name.strip()
    return pins


def found(wheels: Path) -> dict[str, Path]:
    """SHA-256 → wheel, of the pure wheels in that folder."""
    return {hashlib.sha256(w.read_bytes()).hexdigest(): w for w in sorted(wheels.glob("*" + PURE))}


def missing(wheels: Path) -> list[str]:
    have = found(wheels)
    return sorted(name for digest, name in pinned().items() if digest not in have)


def fetch(wheels: Path) -> None:
    wheels.mkdir(parents=True, exist_ok=True)
    if missing(wheels):
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run(
                [*_pip(Path(scratch)), "download", "-qq", "--no-deps", "--require-hashes",
                 "--only-binary", ":all:", "--dest", str(wheels), "--requirement", str(PINS)],
                check=True,
            )  # fmt: skip
    if lacking := missing(wheels):
        sys.exit(f"vendor: no pure Python wheel for {', '.join(lacking)} in {wheels}")


def _pip(scratch: Path) -> list[str]:
    """Debian's python3 has pip only with a package of its own; a venv always has one."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:
        subprocess.run([sys.executable, "-m", "venv", str(scratch)], check=True)
        return [str(scratch / "bin/python"), "-m", "pip"]
    return [sys.executable, "-m", "pip"]


def unpack(wheels: Path, folder: Path) -> None:
    if lacking := missing(wheels):
        sys.exit(f"vendor: {', '.join(lacking)} not in {wheels}; call: vendor.py fetch {wheels}")
    have = found(wheels)
    for digest in pinned():
        with zipfile.ZipFile(have[digest]) as wheel:
            if any(".data/" in name for name in wheel.namelist()):
                sys.exit(f"vendor: {have[digest].name} installs more than modules")
            wheel.extractall(folder)


def main(arguments: list[str]) -> None:
    match arguments:
        case ["fetch", wheels]:
            fetch(Path(wheels))
        case ["unpack", wheels, folder]:
            unpack(Path(wheels), Path(folder))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
