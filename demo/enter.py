"""First step inside the namespace: copies code and libraries to memory and continues from there.

The repository may be below a closed home, or where the demo mounts something; neither the bot's user nor the monitor's
could read it there.
"""

from __future__ import annotations

import os
import shutil
import sys
from importlib import metadata
from pathlib import Path

from . import texts
from .mounts import empty

STAGE = Path("/mnt")
CODE = STAGE / "code"
LIBRARIES = STAGE / "libraries"
_PARTS = ("demo", "packaging", "tests", "trafico_monitor")
_VENV = Path(f".venv/lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages")
_SKIPPED = shutil.ignore_patterns("__pycache__", "unit", "component", "system", ".cache")


def main() -> None:
    """Copies, and becomes the demo; process 1 stays process 1."""
    os.umask(0o022)
    # Through a descriptor: the repository itself may lie below /mnt.
    repository = Path(f"/proc/self/fd/{os.open('.', os.O_PATH | os.O_DIRECTORY)}")
    try:
        empty(STAGE)
    except OSError as error:
        sys.exit(texts.say("no_mounts", reason=error))
    for part in _PARTS:
        shutil.copytree(repository / part, CODE / part, ignore=_SKIPPED, copy_function=_copy)
    for folder in (CODE, *(path for path in CODE.rglob("*") if path.is_dir())):
        folder.chmod(0o755)  # copytree keeps the closed ones closed
    _copy_libraries(repository)
    os.chdir(CODE)
    os.execv("/usr/bin/python3", ["/usr/bin/python3", "-B", "-m", *(sys.argv[1:] or ["demo.play"])])


def _copy_libraries(repository: Path) -> None:
    """Copies the bundled libraries (vendor.txt), and no development tools."""
    for line in (repository / "packaging" / "vendor.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        name = line.partition("==")[0]
        found = next(iter(metadata.distributions(name=name, path=[str(repository / _VENV)])), None)
        if found is None:
            sys.exit(texts.say("no_library", name=name))
        for file in found.files or ():
            target = LIBRARIES / file
            if ".." not in file.parts and file.suffix != ".pyc":
                target.parent.mkdir(parents=True, exist_ok=True)
                _copy(str(file.locate()), str(target))


def _copy(source: str, target: str) -> None:
    """Copies with world-readable modes, whatever the umask of the clone was."""
    shutil.copyfile(source, target)
    Path(target).chmod(0o755 if os.access(source, os.X_OK) else 0o644)


if __name__ == "__main__":
    main()
