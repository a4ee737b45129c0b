#!/usr/bin/env python3
"""Shell completion generated from the command line: `completion.py` writes packaging/completion/*.

Called by `make completion`; a test compares the files with its output. The description of each option is in the
caller's language, as in `--help`.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "packaging" / "completion"
HEAD = "# Made by packaging/completion.py from the command line itself: `make completion`."
PROGRAM = "trafico-monitor"


@dataclass(frozen=True)
class Option:
    names: tuple[str, ...]
    takes: str  # "" nothing, "file", "dir", "word", or the choices
    choices: tuple[str, ...]
    words: dict[str, str]  # by language


@dataclass(frozen=True)
class Command:
    """`path` is `rules test`; `inner` its own commands with their words."""

    path: tuple[str, ...]
    words: dict[str, str]
    options: list[Option] = field(default_factory=list)
    inner: dict[str, dict[str, str]] = field(default_factory=dict)
    file: bool = False  # takes a file as an argument


def parsers(language: str) -> dict[tuple[str, ...], argparse.ArgumentParser]:
    """Returns every parser by its path, in that language."""
    from trafico_monitor.cli import main

    os.environ["LC_ALL"] = f"{language}.UTF-8"
    found: dict[tuple[str, ...], argparse.ArgumentParser] = {(): main._parser([])}
    for name in main.COMMANDS:
        whole = main._parser([name])
        _collect((name,), _inner(whole)[name], found)
    return found


def _collect(
    path: tuple[str, ...], parser: argparse.ArgumentParser, found: dict[tuple[str, ...], argparse.ArgumentParser]
) -> None:
    found[path] = parser
    for name, below in _inner(parser).items():
        _collect((*path, name), below, found)


def _inner(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def _words(parser: argparse.ArgumentParser) -> dict[str, str]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            return {choice.dest: choice.help or "" for choice in action._choices_actions}
    return {}


def commands() -> list[Command]:
    spoken = {language: parsers(language) for language in ("es", "en")}
    made: list[Command] = []
    for path in spoken["es"]:
        both = {language: all_of[path] for language, all_of in spoken.items()}
        inner = {name: {language: _words(both[language])[name] for language in both} for name in _words(both["es"])}
        pairs = list(zip(both["es"]._actions, both["en"]._actions, strict=True))
        options = [_option(es, en) for es, en in pairs if es.option_strings]
        files = any(
            "FILE" in str(es.metavar) or "ARCHIVO" in str(es.metavar) for es, _ in pairs if not es.option_strings
        )
        said = {language: str(parser.description).replace("\n", " ") for language, parser in both.items()}
        made.append(Command(path, said, options, inner, files))
    return made


def _option(es: argparse.Action, en: argparse.Action) -> Option:
    takes = ""
    if es.nargs != 0:
        mark = str(es.metavar)
        takes = "dir" if mark == "DIR" else "file" if "FILE" in mark else "word"
    words = {"es": str(es.help or ""), "en": str(en.help or "")}
    return Option(tuple(es.option_strings), takes, tuple(map(str, es.choices or ())), words)


# --- bash ------------------------------------------------------------------------------------


def bash(all_of: list[Command]) -> str:
    lines = [HEAD, "_trafico_monitor() {", "\tlocal current=${COMP_WORDS[COMP_CWORD]}",
             "\tlocal previous=${COMP_WORDS[COMP_CWORD-1]}",
             "\tlocal path= word i", "\tfor ((i = 1; i < COMP_CWORD; i++)); do", "\t\tword=${COMP_WORDS[i]}",
             '\t\tcase "$path $word" in']  # fmt: skip
    lines += [
        f'\t\t\t"{" ".join(("", *c.path[:-1]))} {c.path[-1]}") path="{" ".join(("", *c.path))}" ;;'
        for c in all_of
        if c.path
    ]
    lines += ["\t\tesac", "\tdone", '\tcase "$path:$previous" in']
    for command in all_of:
        path = " ".join(("", *command.path))
        for option in command.options:
            names = "|".join(f'"{path}:{name}"' for name in option.names)
            if option.choices:
                lines.append(
                    f'\t\t{names}) COMPREPLY=($(compgen -W "{" ".join(option.choices)}" -- "$current")); return ;;'
                )
            elif option.takes in ("file", "dir"):
                flag = "-d" if option.takes == "dir" else "-f"
                lines.append(f'\t\t{names}) COMPREPLY=($(compgen {flag} -- "$current")); return ;;')
            elif option.takes:
                lines.append(f"\t\t{names}) return ;;")
    lines += ["\tesac", '\tcase "$path" in']
    for command in all_of:
        path = " ".join(("", *command.path))
        words = " ".join([*command.inner, *(name for option in command.options for name in option.names)])
        files = ' $(compgen -f -- "$current")' if command.file else ""
        lines.append(f'\t\t"{path}") COMPREPLY=($(compgen -W "{words}" -- "$current"){files}) ;;')
    return "\n".join([*lines, "\tesac", "}", f"complete -o filenames -F _trafico_monitor {PROGRAM}", ""])


# --- zsh -------------------------------------------------------------------------------------


def zsh(all_of: list[Command]) -> str:
    lines = [f"#compdef {PROGRAM}", HEAD, "",
             "_trafico_monitor_says() {", "\t[[ ${LC_ALL:-${LC_MESSAGES:-$LANG}} == en* ]] && REPLY=$2 || REPLY=$1",
             "}", ""]  # fmt: skip
    for command in all_of:
        lines += [f"{_function(command.path)}() {{", "\tlocal REPLY; local -a options commands"]
        for option in command.options:
            lines.append(f"\t_trafico_monitor_says {_quoted(option.words['es'])} {_quoted(option.words['en'])}")
            group = f"({' '.join(option.names)})" if len(option.names) > 1 else ""
            for name in option.names:
                value = ""
                if option.choices:
                    value = f":value:({' '.join(option.choices)})"
                elif option.takes:
                    value = {"dir": ":folder:_files -/", "file": ":file:_files"}.get(option.takes, ":value:")
                taken = _quoted(value) if value else ""
                said = '"[${REPLY//[\\[\\]:]/ }]"'
                lines.append(f"\toptions+=({_quoted(group + name)}{said}{taken})")
        if command.inner:
            for name, words in command.inner.items():
                lines.append(f"\t_trafico_monitor_says {_quoted(words['es'])} {_quoted(words['en'])}")
                lines.append(f'\tcommands+=("{name}:$REPLY")')
            lines += ["\tlocal state; local -a line words_left",
                      "\t_arguments -C $options '1: :->command' '*:: :->rest'",
                      "\tcase $state in",
                      "\t\tcommand) _describe command commands ;;",
                      "\t\trest) case $line[1] in"]  # fmt: skip
            lines += [f"\t\t\t{name}) {_function((*command.path, name))} ;;" for name in command.inner]
            lines += ["\t\tesac ;;", "\tesac"]
        else:
            rest = " '*:file:_files'" if command.file else ""
            lines.append(f"\t_arguments $options{rest}")
        lines += ["}", ""]
    return "\n".join([*lines, '_trafico_monitor "$@"', ""])


def _function(path: tuple[str, ...]) -> str:
    return "_".join(("_trafico_monitor", *path)).replace("-", "_")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# --- fish ------------------------------------------------------------------------------------


def fish(all_of: list[Command]) -> str:
    lines = [HEAD, f"complete -c {PROGRAM} -f", "",
             "function __trafico_monitor_path", "\tset -l words (commandline -opc)", "\tset -l path",
             "\tfor word in $words[2..-1]", "\t\tswitch \"$path $word\""]  # fmt: skip
    lines += [
        f"\t\t\tcase '{' '.join(('', *c.path))}'\n\t\t\t\tset path '{' '.join(('', *c.path))}'"
        for c in all_of
        if c.path
    ]
    lines += ["\t\tend", "\tend", '\ttest "$path" = "$argv[1]"', "end", "",
              "set -l english 0",
              "string match -q 'en*' -- \"$LC_ALL$LC_MESSAGES$LANG\"; and set english 1", ""]  # fmt: skip
    for language in ("es", "en"):
        lines.append("if test $english = 0" if language == "es" else "else")
        for command in all_of:
            where = f"-n '__trafico_monitor_path \"{' '.join(('', *command.path)) if command.path else ''}\"'"
            for name, words in command.inner.items():
                lines.append(f"\tcomplete -c {PROGRAM} {where} -a {name} -d {_fish(words[language])}")
            for option in command.options:
                flags = " ".join(f"-l {n[2:]}" if n.startswith("--") else f"-s {n[1:]}" for n in option.names)
                value = f" -x -a '{' '.join(option.choices)}'" if option.choices else ""
                value = (
                    value
                    or {"dir": " -x -a '(__fish_complete_directories)'", "file": " -r -F", "word": " -x", "": ""}[
                        option.takes
                    ]
                )
                lines.append(f"\tcomplete -c {PROGRAM} {where} {flags}{value} -d {_fish(option.words[language])}")
            if command.file:
                lines.append(f"\tcomplete -c {PROGRAM} {where} -F")
    return "\n".join([*lines, "end", ""])


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def written() -> dict[Path, str]:
    """Returns every file with its content."""
    all_of = commands()
    return {
        FOLDER / PROGRAM: bash(all_of),
        FOLDER / f"_{PROGRAM}": zsh(all_of),
        FOLDER / f"{PROGRAM}.fish": fish(all_of),
    }


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    for path, content in written().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
