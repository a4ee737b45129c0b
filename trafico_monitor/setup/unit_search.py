"""Which units run this project's main.py? The files tell whom to ask, systemd answers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from ..host import units
from .facts import FoundUnit

FOLDERS = tuple(
    # A transient unit (a trial's, systemd-run's) is gone with the next boot: nothing to build on.
    map(Path, ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
               "/usr/lib/systemd/system"))
)  # fmt: skip
PROPERTIES = (
    "LoadState", "FragmentPath", "User", "WorkingDirectory", "ExecStart", "Environment", "Restart", "StandardOutput",
    "UnitFileState", "ActiveState", "LogNamespace",
)  # fmt: skip
_LARGEST = 64 * 1024  # bytes of a unit file; real ones have a few hundred
_ARGV = re.compile(r"argv\[\]=((?:(?!argv\[\]=).)*?) ;")
_JOURNAL = frozenset({"journal", "journal+console", "inherit", ""})


def candidates(project: str, folders: tuple[Path, ...] = FOLDERS) -> list[str]:
    """The names of the service units whose file, or a drop-in of it, speaks of the project."""
    found: dict[str, None] = {}
    for folder in folders:
        for file in (*folder.glob("*.service"), *folder.glob("*.service.d/*.conf")):
            name = file.name if file.suffix == ".service" else file.parent.name.removesuffix(".d")
            if "@." not in name and project in _content(file):
                found[name] = None
    return sorted(found)


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return opened.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


async def search(project: str, named: str) -> list[FoundUnit]:
    """Every loadable unit that runs main.py of `project`; also `named`, when it is one."""
    found: list[FoundUnit] = []
    for name in dict.fromkeys([*candidates(project), *([named] if named else [])]):
        said = await units.show(name, PROPERTIES)
        if said is not None and runs_project(said, project):
            found.append(as_unit(name, said))
    return found


def runs_project(said: Mapping[str, str], project: str) -> bool:
    """True when systemd's answer describes a unit that starts `project`/main.py."""
    if said.get("LoadState") != "loaded" or said.get("FragmentPath", "").startswith("/run/systemd/transient/"):
        return False
    words = [word for argv in _ARGV.findall(said.get("ExecStart", "")) for word in argv.split()]
    if f"{project}/main.py" in words:
        return True
    return said.get("WorkingDirectory", "").lstrip("!-") == project and any(
        word in ("main.py", "./main.py") for word in words
    )


def as_unit(name: str, said: Mapping[str, str]) -> FoundUnit:
    """systemd's answer as a FoundUnit."""
    variables = said.get("Environment", "").split()
    buffered = not any(re.fullmatch(r'"?PYTHONUNBUFFERED=[^"\s]+"?', word) for word in variables)
    arguments = _ARGV.findall(said.get("ExecStart", ""))
    return FoundUnit(
        name=name,
        user=said.get("User", ""),
        active=said.get("ActiveState", ""),
        enabled=said.get("UnitFileState", ""),
        restart=said.get("Restart", ""),
        unbuffered=not buffered or any(" -u " in f" {argv} " for argv in arguments),
        journal=said.get("StandardOutput", "") in _JOURNAL,
        namespace=said.get("LogNamespace", ""),
    )
