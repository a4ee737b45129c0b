#!/usr/bin/python3
"""The pure Python libraries that travel inside the package: fetch their wheels, unpack them.

    vendor.py fetch WHEELS          bring WHEELS up to date with vendor.txt; asks nobody when it is
    vendor.py unpack WHEELS FOLDER  unpack exactly the pinned wheels into FOLDER (no network)

Both refuse a file whose SHA-256 is not the pinned one, and a wheel that is not pure Python. What
its authors publish as source only (SOURCES) is taken out of that, unbuilt: its package and licence.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PINS = Path(__file__).with_name("vendor.txt")
PURE = "-none-any.whl"
SOURCES = ("drain3",)


def pinned() -> dict[str, str]:
    """Returns SHA-256 → `name==version` from vendor.txt: one pin and one hash per line."""
    pins = {}
    for line in PINS.read_text().splitlines():
        name, separator, digest = line.partition(" --hash=sha256:")
        if separator and not line.startswith("#"):
            pins[digest.strip()] = name.strip()
    return pins


def found(wheels: Path) -> dict[str, Path]:
    """Returns SHA-256 → file, of the pure wheels and the sources in that folder."""
    files = [*wheels.glob("*" + PURE), *(file for name in SOURCES for file in wheels.glob(f"{name}-*.tar.gz"))]
    return {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in sorted(files)}


def missing(wheels: Path) -> list[str]:
    have = found(wheels)
    return sorted(name for digest, name in pinned().items() if digest not in have)


def fetch(wheels: Path) -> None:
    wheels.mkdir(parents=True, exist_ok=True)
    if missing(wheels):
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run(
                [*_pip(Path(scratch)), "download", "-qq", "--no-deps", "--require-hashes",
                 "--only-binary", ":all:", "--no-binary", ",".join(SOURCES),
                 "--dest", str(wheels), "--requirement", str(PINS)],
                check=True,
            )  # fmt: skip
    if lacking := missing(wheels):
        sys.exit(f"vendor: nothing pure Python for {', '.join(lacking)} in {wheels}")


def _pip(scratch: Path) -> list[str]:
    """Debian's python3 has pip only in a separate package; a venv always has one."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True).returncode:
        subprocess.run([sys.executable, "-m", "venv", str(scratch)], check=True)
        return [str(scratch / "bin/python"), "-m", "pip"]
    return [sys.executable, "-m", "pip"]


def unpack(wheels: Path, folder: Path) -> None:
    if lacking := missing(wheels):
        sys.exit(f"vendor: {', '.join(lacking)} not in {wheels}; call: vendor.py fetch {wheels}")
    have = found(wheels)
    for digest in pinned():
        if have[digest].name.endswith(".tar.gz"):
            unpack_source(have[digest], folder)
            continue
        with zipfile.ZipFile(have[digest]) as wheel:
            if any(".data/" in name for name in wheel.namelist()):
                sys.exit(f"vendor: {have[digest].name} installs more than modules")
            wheel.extractall(folder)


def unpack_source(archive: Path, folder: Path) -> None:
    """Unpacks the Python package NAME of NAME-VERSION.tar.gz, with its licence beside it."""
    top = archive.name.removesuffix(".tar.gz")
    package = f"{top.partition('-')[0]}"
    with tarfile.open(archive) as source:
        for member in source.getmembers():
            first, *rest = Path(member.name).parts
            inside = rest[:1] == [package] and member.name.endswith(".py")
            licence = len(rest) == 1 and rest[0].startswith("LICENSE")
            if first != top or ".." in rest or not member.isfile() or not (inside or licence):
                continue
            target = folder.joinpath(*rest) if inside else folder / f"{top}.dist-info" / rest[0]
            target.parent.mkdir(parents=True, exist_ok=True)
            content = source.extractfile(member)
            assert content is not None
            target.write_bytes(content.read())


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
