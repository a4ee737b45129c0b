"""`--help` in the caller's language, on 80 columns, and the exit status of a mistake in the words."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from ..messages import text
from .output import WIDTH

USAGE = 64  # EX_USAGE: 2 means «critical» of `check`


class Parser(argparse.ArgumentParser):
    """argparse's own, with our texts where it has English ones. `language` is given once for the
    whole command line; the parsers of the commands take it from `spoken`."""

    spoken = "es"

    def __init__(self, **given: Any) -> None:
        description = given.get("description")
        if description:
            given["description"] = textwrap.fill(description, WIDTH - 2)
        if given.get("epilog"):
            given["epilog"] = "\n".join(part for line in given["epilog"].splitlines() for part in _narrow(line))
        super().__init__(**{"formatter_class": Formatter, "add_help": False, **given})
        self._positionals.title = text("help.arguments", self.spoken)
        self._optionals.title = text("help.options", self.spoken)
        self.add_argument("-h", "--help", action="help", help=text("help.help", self.spoken))

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        hint = text("help.hint", self.spoken, order=self.prog)
        self.exit(USAGE, f"{self.prog}: {message}\n{hint}\n")


def _narrow(line: str) -> list[str]:
    """A line of the examples on 80 columns: what explains a long command goes below it."""
    if len(line) <= WIDTH - 2:
        return [line]
    found = _EXPLAINED.fullmatch(line)
    if found is not None:
        return [found["command"], *textwrap.wrap(found["words"], WIDTH - 2, **_BELOW)]
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(line, WIDTH - 2, initial_indent=indent, subsequent_indent=indent * 2, **_WORDS)


_EXPLAINED = re.compile(r"(?P<command>  \S.*?\S) {2,}(?P<words>\S.*)")
_WORDS: dict[str, Any] = {"break_long_words": False, "break_on_hyphens": False}
_BELOW: dict[str, Any] = {"initial_indent": " " * 6, "subsequent_indent": " " * 6, **_WORDS}
_SHORT = 24  # as long as a list of choices may be where the option is named


class Formatter(argparse.RawDescriptionHelpFormatter):
    """80 columns at most: terminals that are wider are read no better for it."""

    def __init__(self, prog: str) -> None:
        width = min(shutil.get_terminal_size().columns, WIDTH) - 2
        super().__init__(prog, max_help_position=18, width=width)
        self._action_max_length = 13  # the longest command's name and its indent, which argparse forgets

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[Any],
        prefix: str | None = None,
    ) -> None:
        if prefix is None:
            prefix = text("help.usage", Parser.spoken) + " "
        super().add_usage(usage, actions, groups, prefix)

    def format_help(self) -> str:
        """argparse wraps everything but the alternatives of the usage."""
        lines = super().format_help().splitlines()
        return "\n".join(part for line in lines for part in _alternatives(line)) + "\n"

    def _metavar_formatter(self, action: argparse.Action, default_metavar: str) -> Callable[[int], tuple[str, ...]]:
        if _is_long(action):
            return lambda size: (default_metavar,) * size
        return super()._metavar_formatter(action, default_metavar)

    def _expand_help(self, action: argparse.Action) -> str:
        said = super()._expand_help(action)
        return f"{said}: {', '.join(map(str, action.choices or ()))}" if _is_long(action) else said


def _is_long(action: argparse.Action) -> bool:
    """True for choices that would not fit into the usage; their names go into the help."""
    commands = isinstance(action, argparse._SubParsersAction)
    return (
        bool(action.choices)
        and action.metavar is None
        and not commands
        and (len(",".join(map(str, action.choices or ()))) > _SHORT)
    )


def _alternatives(line: str) -> list[str]:
    """A line of alternatives, `[--a | --b]`, on 80 columns."""
    if len(line) <= WIDTH - 2 or " | --" not in line:
        return [line]
    indent = " " * (len(line) - len(line.lstrip()))
    tied = re.sub(r"(?<=\w) (?=[A-Z])| (?=\|)", "\N{NO-BREAK SPACE}", line.strip())
    wrapped = textwrap.wrap(tied, WIDTH - 2, initial_indent=indent, subsequent_indent=indent + " ", **_WORDS)
    return [part.replace("\N{NO-BREAK SPACE}", " ") for part in wrapped]
