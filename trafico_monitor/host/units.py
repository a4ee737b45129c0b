"""What systemd says about a unit: `systemctl show`, with a deadline."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from . import process

_BOOTED = Path("/run/systemd/system")  # sd_booted(3)


def systemd_runs() -> bool:
    """True where systemd is PID 1 of this machine."""
    return _BOOTED.is_dir()


async def show(unit: str, properties: Sequence[str], *, seconds: float = 5.0) -> dict[str, str] | None:
    """The properties of `unit`, as text; None where systemd does not run or does not answer.

    A unit that does not exist is an answer: LoadState=not-found.
    """
    if not unit:  # systemctl would speak of the manager itself
        return None
    done = await process.run(
        ["systemctl", "show", "--no-pager", "-p", ",".join(properties), "--", unit], seconds=seconds
    )
    return parse(done.output) if done.ok else None


def parse(output: str) -> dict[str, str]:
    """`systemctl show`'s lines as a dict; a value may itself contain `=`."""
    pairs = (line.partition("=") for line in output.splitlines())
    return {name: value for name, equals, value in pairs if equals}


def words(value: str) -> list[str]:
    """The words of a property that is a list; systemctl quotes one with a blank as a shell does."""
    try:
        return shlex.split(value)
    except ValueError:
        return value.split()
