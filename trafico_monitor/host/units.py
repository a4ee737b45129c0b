"""What systemd says about a unit: `systemctl show`, with a deadline."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import subprocesses

_BOOTED = Path("/run/systemd/system")  # sd_booted(3)
_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"|(\S+)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r"}


def systemd_runs() -> bool:
    """True where systemd is PID 1 of this machine."""
    return _BOOTED.is_dir()


async def show(unit: str, properties: Sequence[str], *, seconds: float = 5.0) -> dict[str, str] | None:
    """The properties of `unit`, as text; None where systemd does not run or does not answer.

    A unit that does not exist is an answer: LoadState=not-found.
    """
    if not unit:  # systemctl would speak of the manager itself
        return None
    done = await subprocesses.run(
        ["systemctl", "show", "--no-pager", "--timestamp=unix", "-p", ",".join(properties), "--", unit],
        seconds=seconds,
    )
    return parse(done.output) if done.ok else None


def parse(output: str) -> dict[str, str]:
    """`systemctl show`'s lines as a dict; a value may itself contain `=`. One that is said more than
    once (EnvironmentFiles) has a line for each."""
    found: dict[str, str] = {}
    for line in output.splitlines():
        name, equals, value = line.partition("=")
        if equals:
            found[name] = f"{found[name]}\n{value}" if name in found else value
    return found


def words(value: str) -> list[str]:
    """The words of a property that is a list; systemctl quotes one with a blank, and escapes in quotes."""
    return [plain or _unescaped(quoted) for quoted, plain in _WORD.findall(value)]


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: _LETTERS.get(match[1], match[1]), text)


def environment(said: Mapping[str, str]) -> dict[str, str]:
    """The unit's Environment=, of which its EnvironmentFile= take precedence (systemd.exec(5))."""
    pairs = (word.partition("=") for word in words(said.get("Environment", "")))
    return {name: value for name, _, value in pairs}


def environment_files(said: Mapping[str, str]) -> list[Path]:
    """The unit's EnvironmentFile=, in their order: the last one that sets a variable decides."""
    lines = said.get("EnvironmentFiles", "").splitlines()
    return [Path(line.rpartition(" (ignore_errors=")[0] or line) for line in lines]
