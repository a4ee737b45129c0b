"""Program of a process, read from its command line as journald writes it (`_CMDLINE`) or /proc does. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST = 4096  # characters of a command line that are read
_PYTHONS = ("python", "pypy")  # the beginnings of their names: python3.13t, python3-dbg
_SHELL = re.compile(r"(?:ba|da|z|k)?sh")
# python(1): letters may stand in one word (-um); what follows one of these is its value, or else the next word.
_VALUED, _VALUED_LONG = "[cmWX]", "--check-hash-based-pycs"


@dataclass(frozen=True, slots=True)
class Program:
    """`name` is a script or executable, a module's dotted name, or the code of `-c`; `before` are the words up to it,
    `arguments` those after."""

    name: str = ""
    module: bool = False
    code: bool = False
    python: bool = False
    before: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()

    @property
    def base(self) -> str:
        """The last component of the name."""
        return self.name if self.code else self.name.rpartition("." if self.module else "/")[2]

    @property
    def script(self) -> str:
        """The file that a Python interpreter was started with; "" for any other program, code and modules."""
        return self.name if self.python and self.before and not (self.code or self.module) else ""


def split(line: str) -> list[str]:
    """Returns the words of a `_CMDLINE`, which journald quotes for a shell; of one that is cut, those between
    blanks."""
    text = line[:_LONGEST]
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def program(words: Sequence[str]) -> Program:
    """Returns what the interpreter among `words` runs, or the executable itself."""
    first = words[0].rpartition("/")[2] if words else ""
    python, shell = first.startswith(_PYTHONS), bool(_SHELL.fullmatch(first))
    at = 1
    while (python or shell) and at < len(words):
        word = words[at]
        flags = word.lstrip("-") if word.startswith("-") and not word.startswith("--") else ""
        option = re.search(_VALUED if python else "c", flags)
        if option and option[0] in "cm":
            return _inline(words, at, flags, option.start(), python)
        if option or (python and word == _VALUED_LONG):
            at += 1 if option and option.end() < len(flags) else 2
        elif word.startswith("-") and word != "-":
            at += 1
        else:
            return Program(word, python=python, before=tuple(words[:at]), arguments=tuple(words[at + 1 :]))
    return Program(words[0] if words else "", python=python, arguments=tuple(words[1:]))


def _inline(words: Sequence[str], at: int, flags: str, place: int, python: bool) -> Program:
    """The module or code that follows an option, in the same word or in the next one."""
    module, rest = python and flags[place] == "m", flags[place + 1 :] if python else ""
    end = at + 1 if rest else at + 2
    name = rest or " ".join(words[at + 1 : at + 2])
    if not python:  # what a shell is told to run it starts as another process, or becomes
        return Program(words[0], arguments=tuple(words[1:]))
    return Program(name, module, not module, True, tuple(words[:at]), tuple(words[end:]))
