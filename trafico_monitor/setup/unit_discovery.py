"""Discovery of the units that run this project's bot: candidates from files and processes, facts from systemd."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import Protocol

from ..host import systemd
from ..host.accounts import Account
from ..host.safe_open import beginning
from . import path_safety
from .model import FoundUnit
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
    """Returns the names of service units whose file, drop-in or start script mentions the project."""
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
    """File system queries of `unit_command`."""

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
    """Returns every loadable unit that runs the bot of `project`, and `named` if it is one. `services` hold the
    user's processes that run main.py, and `adopted` is the unit used by an earlier setup. A unit that starts
    another program of the project is returned only if none starts the bot."""
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
    """Returns what the unit starts of `project`: its main.py, by any means, or another program."""
    if not _lasts(said):
        return None
    line = "\n".join(_arguments(said))
    return started(line, said.get("WorkingDirectory", "").lstrip("!-"), project, ProjectFiles(project))


def as_unit(name: str, said: Mapping[str, str], what: Started) -> FoundUnit:
    """Returns systemd's answer as a FoundUnit."""
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
        output=what.output,
    )


def python_path(said: Mapping[str, str]) -> tuple[str, bool]:
    """Returns the PYTHONPATH of the unit's program, and whether an EnvironmentFile= sets it. Ignores files written
    by setup."""
    found, by_file = systemd.environment(said).get("PYTHONPATH", ""), False
    files = (Path(one) for named in systemd.environment_files(said) for one in sorted(glob.glob(str(named))))  # noqa: PTH207
    for file in files:
        if file.name != ENVIRONMENT:
            for value in _values(beginning(file), "PYTHONPATH"):
                found, by_file = value, True
    return found, by_file


def _values(text: str, variable: str) -> Iterator[str]:
    """Yields each value of `variable` in the environment file `text` (systemd.exec(5))."""
    for line in text.replace("\\\n", "").split("\n"):
        name, equals, value = line.partition("=")
        match = _VALUE.fullmatch(value.strip(" \t")) if equals and name.strip(" \t") == variable else None
        if match is not None:
            quoted, literal, plain = match.groups("")
            yield literal or re.sub(r"\\(.)", r"\1", quoted or plain)


def _arguments(said: Mapping[str, str]) -> list[str]:
    """Yields the command lines of `systemctl show --property ExecStart`."""
    commands = said.get("ExecStart", "").split("argv[]=")[1:]
    return [line.partition(" ; ignore_errors=")[0] for line in commands]


def obstacles(said: Mapping[str, str], what: Started) -> tuple[str, ...]:
    """Returns the reasons why a variable of the unit does not reach its program: its command, or its other
    settings."""
    found = list(what.obstacles)
    if "PYTHONPATH" in systemd.split_words(said.get("UnsetEnvironment", "")):
        found.append("overwritten")
    if said.get("RootDirectory") or said.get("RootImage"):
        found.append("container")
    return tuple(dict.fromkeys(found))


# A shell is not imitated: what a script decides by itself is told by the text that names the program.

_NESTED = 3  # a unit's wrapper may call a wrapper
_WORDS = 200  # of one command; somebody else's script may have a line of any length
# A folder that is gone into, or kept in a variable for that; not one that a program is merely given.
_INTO = (
    r"""(?:\b(?:cd|pushd)\s+(?:--\s+)?|--(?:directory|project|chdir)[ =]|-C\s+|(?:^|[\s;&("'])\w+=)"""
    r"""["']?{}/?(?=[\s"';&)]|$)"""
)
_SPLIT = re.compile(r"&&|\|\||[;|&\n]")
_OUTPUT = re.compile(r"""(?<!\|)\|&?(?!\|)\s*[^\s"'|;]+|&?>>?\s*(?!&|\s*/dev/(?:null|stdout|stderr))[^\s"'|;&]+""")
_SHELL = re.compile(r"(?:ba|da|z|k|fi)?sh|su|runuser|script")
_COMMAND = re.compile(r"-[A-Za-z]*c|--command")
_PYTHON = re.compile(r"(?:python|pypy)[\d.]*")
_RUNNERS = frozenset({"uv", "poetry", "pipenv", "pdm", "hatch", "rye"})  # «uv run X»: in the project's environment
_CONTAINERS = frozenset(
    {"docker", "docker-compose", "podman", "nerdctl", "lxc-attach", "systemd-nspawn", "machinectl", "chroot", "bwrap"}
)  # fmt: skip
_BOT = re.compile(r"bot_central|telegram|aiogram|pyrogram|telethon|^[ \t]*(?:from|import) main\b", re.MULTILINE)
_USERS = frozenset({"sudo", "doas", "pkexec", "ssh"})  # each begins a fresh environment, PYTHONPATH before all
_LOGINS = frozenset({"su", "runuser"})  # only as a login


class Files(Protocol):
    """What the file system has to say; "" and False for what cannot be looked at."""

    def script(self, path: str) -> str: ...  # the text of a file that begins with `#!`; each is given once
    def module(self, name: str) -> str: ...  # the project's own text behind `python -m name`
    def command(self, path: str) -> bool: ...  # a program in the bin folder of an environment of the project
    def installed(self, name: str) -> str: ...  # the path of that program there


@dataclass(frozen=True, slots=True)
class Started:
    """`main`: it is main.py; `bot`: it is that, or speaks of a Telegram library. `obstacles`: why a variable of
    the unit does not reach the interpreter, as codes of messages/ (`setup.note.instrument_…`); `instrumented`:
    the command does it itself; `output`: the pipe or the file that its output goes into, "" for none."""

    main: bool
    bot: bool
    obstacles: tuple[str, ...] = ()
    instrumented: bool = False
    output: str = ""


def started(line: str, folder: str, project: str, files: Files, depth: int = _NESTED) -> Started | None:
    """What `line`, run in `folder`, starts of `project`; None when that is nothing.

    `line` is a command line, or the text of a script. main.py comes before what else might be it.
    """
    here = folder == project or re.search(_INTO.format(re.escape(project)), line, re.MULTILINE) is not None
    look = _Look(project if here else folder, project, files, here, depth)
    found = [
        replace(one, output=one.output or _output(text, words))
        for text in line.replace("\\\n", " ").splitlines()
        for words in commands(text)
        if (one := look.of(words)) is not None
    ]
    best = max(found, key=lambda one: (one.main, one.bot), default=None)
    overwritten = _overwritten(line)
    return replace(best, obstacles=(*best.obstacles, *overwritten)) if best is not None and overwritten else best


def _output(line: str, words: Sequence[str]) -> str:
    """`| tee` or `> bot.log` behind the command `words` of `line`; "" where its output is the unit's."""
    parts = (part for part in re.split(r"&&|\|\||;", line) if all(word in part for word in words[-2:]))
    found = _OUTPUT.search(next(parts, ""))
    return " ".join(found[0].split()).strip("\"'") if found else ""


def commands(text: str) -> Iterator[list[str]]:
    """The words of each simple command, behind those of the shell or the `su` that runs it."""
    joined = text.replace("\\\n", " ")
    for line in joined.splitlines():
        if line.lstrip().startswith("#") and not line.startswith("#!"):
            continue
        before, inside = _around(line)
        for part in _SPLIT.split(inside):
            words = [word.strip("\"'()") for word in part.split(None, _WORDS)[:_WORDS]]
            if any(words):
                yield [*before, *filter(None, words)]


def _around(line: str) -> tuple[list[str], str]:
    """«su - ana -c» and what it runs; systemctl shows a command line without the quotes around that."""
    words = line.split(None, _WORDS)[:_WORDS]
    shell = next((number for number, word in enumerate(words) if _SHELL.fullmatch(_base(word))), len(words))
    for number, word in enumerate(words[shell:], shell):
        if _COMMAND.fullmatch(word):
            return words[: number + 1], line.split(None, number + 1)[number + 1] if number + 1 < len(words) else ""
    return [], line


@dataclass(frozen=True, slots=True)
class _Look:
    """`here`: the words are about the project, so that a relative path is one of it."""

    folder: str
    project: str
    files: Files
    here: bool
    depth: int

    def of(self, words: Sequence[str]) -> Started | None:
        """What one simple command starts."""
        for number, word in enumerate(words):
            found = self._at(word, words[:number], words[number + 1 :])
            if found is not None:
                return found
        return None

    def _at(self, word: str, before: Sequence[str], after: Sequence[str]) -> Started | None:
        path = self._path(word)
        runs = "run" in before and bool(_RUNNERS & set(map(_base, before)))
        if self._is_main(word):
            return self._program(before, self.files.script(f"{self.project}/main.py"), main=True)
        if word == "-m" and self.here and (runs or any(_PYTHON.fullmatch(_base(one)) for one in before)):
            text = self.files.module(after[0]) if after else ""
            return self._program(before, "", main=after[0] == "main", speaks=text) if text else None
        if runs and self.here and "/" not in word:
            path = self.files.installed(word)
        text = self.files.script(path) if path else ""
        if path and self.files.command(path):
            imported = re.search(r"^from ([\w.]+) import", text, re.MULTILINE)
            speaks = self.files.module(imported[1]) if imported else ""
            return self._program(before, text, main=bool(imported and imported[1] == "main"), speaks=speaks)
        shell = any(_SHELL.fullmatch(_base(one)) for one in _shebang(text))
        return self._wrapper(path, text, before) if shell and self.depth else None

    def _program(self, before: Sequence[str], text: str, *, main: bool, speaks: str = "") -> Started:
        interpreted = any(_PYTHON.fullmatch(_base(word)) for word in before)
        words = [*before, *([] if interpreted else _shebang(text))]
        return Started(main, main or _BOT.search(speaks) is not None, *_reach(words))

    def _wrapper(self, path: str, text: str, before: Sequence[str]) -> Started | None:
        folder = self.project if path.startswith(f"{self.project}/") else self.folder
        inner = started(text, folder, self.project, self.files, self.depth - 1)
        if inner is None or inner.instrumented:
            return inner
        obstacles, instrumented = _reach(before)
        both = dict.fromkeys((*obstacles, *inner.obstacles))
        return replace(inner, obstacles=tuple(both), instrumented=instrumented)

    def _is_main(self, word: str) -> bool:
        if word.startswith("/"):
            return word == f"{self.project}/main.py"
        return self.here and _base(word) == "main.py"  # «main.py», «./main.py», «$DIR/main.py»

    def _path(self, word: str) -> str:
        """The file that `word` names; a variable in front («$(dirname "$0")/run») stands for the folder."""
        if word.startswith("/") or "/" not in word:
            return word if "/" in word else ""
        return str(PurePosixPath(self.folder or "/") / (_base(word) if "$" in word else word))


def _base(word: str) -> str:
    return word.rpartition("/")[2]


def _shebang(text: str) -> list[str]:
    first = text.partition("\n")[0]
    return first[2:].split() if first.startswith("#!") else []


def _reach(before: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """Why the environment does not get past these words to the program after them; and whether
    `trafico-monitor instrument` among them makes it anew, from where only what follows counts."""
    words = [_base(word) for word in before]
    at = next((n for n, pair in enumerate(pairwise(words)) if pair == ("trafico-monitor", "instrument")), -1)
    found = [code for number in range(at + 1, len(words)) for code in _keeps(words, before, number)]
    return tuple(dict.fromkeys(found)), at >= 0


def _keeps(words: Sequence[str], before: Sequence[str], number: int) -> Iterator[str]:
    word, rest = words[number], list(before[number + 1 :])
    if word in _CONTAINERS:
        yield "container"
    elif word in _USERS or (word in _LOGINS and {"-", "-l", "--login"} & set(rest)):
        yield "user"
    elif word == "systemd-run" or (word == "env" and {"-i", "-", "--ignore-environment"} & set(rest)):
        yield "cleared"
    elif _PYTHON.fullmatch(word):
        options = next((rest[:n] for n, one in enumerate(rest) if not one.startswith("-")), rest)
        if any(re.fullmatch(r"-[A-Za-z]*[IES][A-Za-z]*", one) for one in options):
            yield "isolated"


def _overwritten(text: str) -> tuple[str, ...]:
    """The code of a PYTHONPATH that is set without what it was."""
    for line in text.splitlines():
        if line.lstrip().startswith("#"):
            continue
        words = line.replace(";", " ").split()
        taken = "PYTHONPATH" in words and not {"unset", "-u", "--unset"}.isdisjoint(words)
        if taken or "--unset=PYTHONPATH" in words or "-uPYTHONPATH" in words:
            return ("overwritten",)
        found = re.search(r"(?<![\w$])PYTHONPATH=(\S*)", line)
        if found and not re.search(r"\$\{?PYTHONPATH\b", found[1]):
            return ("overwritten",)
    return ()
