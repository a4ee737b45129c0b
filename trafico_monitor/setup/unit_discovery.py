"""Which units run this project's bot? The files and the processes tell whom to ask, systemd answers."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..host import systemd
from ..host.accounts import Account
from ..host.safe_open import beginning
from . import path_safety
from .facts import FoundUnit
from .unit_command import Started, started
from .unit_files import ENVIRONMENT

FOLDERS = tuple(
    # A transient unit (a trial's, systemd-run's) is gone with the next boot: nothing to build on.
    map(Path, ("/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system",
               "/usr/lib/systemd/system"))
)  # fmt: skip
PROPERTIES = (
    "LoadState", "FragmentPath", "User", "WorkingDirectory", "ExecStart", "Environment", "Restart", "StandardOutput",
    "UnitFileState", "ActiveState", "LogNamespace", "EnvironmentFiles", "UnsetEnvironment", "RootDirectory",
    "RootImage",
)  # fmt: skip
_SCRIPTS = 100  # that are looked into for one unit
_MODULES = 20  # files of a package
_SCRIPT = re.compile(r"^ExecStart=[-@:+!|]*(/\S+)", re.MULTILINE)
_VALUE = re.compile(r"""(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|(.*))""")
_JOURNAL = frozenset({"journal", "journal+console", "inherit", ""})


def candidates(project: str, folders: tuple[Path, ...] = FOLDERS) -> list[str]:
    """The names of the service units whose file, a drop-in of it, or the script that it starts speaks of the
    project."""
    found: dict[str, None] = {}
    for folder in folders:
        for file in (*folder.glob("*.service"), *folder.glob("*.service.d/*.conf")):
            name = file.name if file.suffix == ".service" else file.parent.name.removesuffix(".d")
            if "@." in name or name in found:
                continue
            content = beginning(file)
            if project in content or any(project in _script(path) for path in _SCRIPT.findall(content)):
                found[name] = None
    return sorted(found)


def _script(path: str) -> str:
    text = beginning(Path(path))
    return text if text.startswith("#!") else ""


@dataclass(slots=True)
class ProjectFiles:
    """What `unit_command` asks of the file system."""

    project: str
    _read: set[str] = field(default_factory=set)  # scripts may call one another, again and again

    def script(self, path: str) -> str:
        if path in self._read or len(self._read) >= _SCRIPTS:
            return ""
        text = _script(path)
        if text:
            self._read.add(path)
        return text

    def module(self, name: str) -> str:
        if not re.fullmatch(r"\w+(\.\w+)*", name):
            return ""
        for folder in (Path(self.project), Path(self.project, "src")):
            below = folder.joinpath(*name.split("."))
            files = [below.with_suffix(".py"), *sorted(below.glob("*.py"))[:_MODULES]]
            text = "\n".join(filter(None, map(beginning, files)))
            if text:
                return text
        return ""

    def command(self, path: str) -> bool:
        name = path.rpartition("/")[2]
        known = path in {f"{folder}/{name}" for folder in self._bins()}
        return known and not re.match(r"python|pypy|pip|activate|uv$", name) and os.access(path, os.X_OK)

    def installed(self, name: str) -> str:
        return next((f"{folder}/{name}" for folder in self._bins() if self.command(f"{folder}/{name}")), "")

    def _bins(self) -> list[str]:
        return [python.rpartition("/")[0] for python in path_safety.environments(self.project)]


async def search(
    project: str, named: str, user: Account, services: Iterable[str] = (), adopted: str = ""
) -> list[FoundUnit]:
    """Every loadable unit that runs the bot of `project`, also `named`, when it is one. `services` hold
    the user's processes that run main.py, and `adopted` is what an earlier setup has taken for it. A unit that
    starts something else of the project is only given where none starts the bot."""
    running = sorted({name for name in services if name and "@" not in name})
    found: list[FoundUnit] = []
    for name in dict.fromkeys([*candidates(project), *running, *filter(None, (named, adopted))]):
        said = await systemd.show_unit(name, PROPERTIES)
        if said is None or not _lasts(said):
            continue
        what = runs_project(said, project)
        if name == adopted or (name in running and said.get("User") == user.name):  # cron's would be root's
            what = what or Started(True, True)
            what = Started(what.main, True, what.obstacles, what.instrumented)
        if what is not None:
            found.append(as_unit(name, said, what))
    for sure in ([one for one in found if one.main], [one for one in found if one.bot]):
        if sure and not any(one.name in (named, adopted) for one in found if one not in sure):
            return sure
    return found


def _lasts(said: Mapping[str, str]) -> bool:
    return said.get("LoadState") == "loaded" and not said.get("FragmentPath", "").startswith("/run/systemd/transient/")


def runs_project(said: Mapping[str, str], project: str) -> Started | None:
    """What the unit of systemd's answer starts of `project`: its main.py, by whatever way, or something else."""
    if not _lasts(said):
        return None
    line = "\n".join(_arguments(said))
    return started(line, said.get("WorkingDirectory", "").lstrip("!-"), project, ProjectFiles(project))


def as_unit(name: str, said: Mapping[str, str], what: Started) -> FoundUnit:
    """systemd's answer as a FoundUnit."""
    variables = systemd.environment(said)
    path, by_file = python_path(said)
    arguments = _arguments(said)
    return FoundUnit(
        name=name,
        user=said.get("User", ""),
        active=said.get("ActiveState", ""),
        enabled=said.get("UnitFileState", ""),
        restart=said.get("Restart", ""),
        unbuffered=bool(variables.get("PYTHONUNBUFFERED")) or any(" -u " in f" {argv} " for argv in arguments),
        journal=said.get("StandardOutput", "") in _JOURNAL,
        namespace=said.get("LogNamespace", ""),
        main=what.main,
        bot=what.bot,
        python_path=path,
        python_path_by_file=by_file,
        obstacles=obstacles(said, what),
        instrumented=what.instrumented,
    )


def python_path(said: Mapping[str, str]) -> tuple[str, bool]:
    """What the unit gives its program as PYTHONPATH, and whether one of its EnvironmentFile= says it.
    Files that setup has written are passed over."""
    found, by_file = systemd.environment(said).get("PYTHONPATH", ""), False
    files = (Path(one) for named in systemd.environment_files(said) for one in sorted(glob.glob(str(named))))  # noqa: PTH207
    for file in files:
        if file.name != ENVIRONMENT:
            for value in _values(beginning(file), "PYTHONPATH"):
                found, by_file = value, True
    return found, by_file


def _values(text: str, variable: str) -> Iterator[str]:
    """What the environment file `text` (systemd.exec(5)) gives to `variable`, each time."""
    for line in text.replace("\\\n", "").split("\n"):
        name, equals, value = line.partition("=")
        match = _VALUE.fullmatch(value.strip(" \t")) if equals and name.strip(" \t") == variable else None
        if match is not None:
            quoted, literal, plain = match.groups("")
            yield literal or re.sub(r"\\(.)", r"\1", quoted or plain)


def _arguments(said: Mapping[str, str]) -> list[str]:
    """The command lines of `systemctl show --property ExecStart`."""
    commands = said.get("ExecStart", "").split("argv[]=")[1:]
    return [line.partition(" ; ignore_errors=")[0] for line in commands]


def obstacles(said: Mapping[str, str], what: Started) -> tuple[str, ...]:
    """Why a variable of the unit does not reach its program: by its command, or by its other settings."""
    found = list(what.obstacles)
    if "PYTHONPATH" in systemd.split_words(said.get("UnsetEnvironment", "")):
        found.append("overwritten")
    if said.get("RootDirectory") or said.get("RootImage"):
        found.append("container")
    return tuple(dict.fromkeys(found))
