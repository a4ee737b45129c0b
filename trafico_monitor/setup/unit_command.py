"""Which program of the project a command line starts, through wrappers too, and whether a variable reaches it.

A shell is not imitated: what a script decides by itself is told by the text that names the program.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Protocol

_NESTED = 3  # a unit's wrapper may call a wrapper
_WORDS = 200  # of one command; somebody else's script may have a line of any length
# A folder that is gone into, or kept in a variable for that; not one that a program is merely given.
_INTO = (
    r"""(?:\b(?:cd|pushd)\s+(?:--\s+)?|--(?:directory|project|chdir)[ =]|-C\s+|(?:^|[\s;&("'])\w+=)"""
    r"""["']?{}/?(?=[\s"';&)]|$)"""
)
_SPLIT = re.compile(r"&&|\|\||[;|&\n]")
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
    the command does it itself."""

    main: bool
    bot: bool
    obstacles: tuple[str, ...] = ()
    instrumented: bool = False


def started(line: str, folder: str, project: str, files: Files, depth: int = _NESTED) -> Started | None:
    """What `line`, run in `folder`, starts of `project`; None when that is nothing.

    `line` is a command line, or the text of a script. main.py comes before what else might be it.
    """
    here = folder == project or re.search(_INTO.format(re.escape(project)), line, re.MULTILINE) is not None
    look = _Look(project if here else folder, project, files, here, depth)
    found = [one for words in commands(line) if (one := look.of(words)) is not None]
    best = max(found, key=lambda one: (one.main, one.bot), default=None)
    overwritten = _overwritten(line)
    return replace(best, obstacles=(*best.obstacles, *overwritten)) if best is not None and overwritten else best


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
