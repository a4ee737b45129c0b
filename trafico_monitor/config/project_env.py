"""The project's own `src/.env`: read as the bot reads it, and never written.

It belongs to the bot and not to the monitor: it only fills what nobody has set, and a mistake in
it is told but does not stop the monitor.
"""

from __future__ import annotations

import io
import logging
import os
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path

from .build import settle
from .keys import VARIABLES, variable
from .schema import Config

_LARGEST = 256 * 1024  # bytes; the real one has a few hundred


@dataclass(frozen=True, slots=True)
class ProjectEnv:
    """`values` by configuration key; `refused` names the variables whose value cannot be used."""

    values: dict[str, object] = field(default_factory=dict, repr=False)
    refused: tuple[str, ...] = ()


def path(config: Config) -> Path | None:
    """Where the project's .env lies; None while no project is known."""
    if not config.project.dir or not config.project.env_file:
        return None
    return Path(config.project.dir) / config.project.env_file


def read(file: Path) -> ProjectEnv:
    """The mission's variables in `file`. Raises OSError when it cannot be read.

    python-dotenv, because the bot reads the very same file with it: quotes, `export`, comments
    and `${…}` mean the same to both.
    """
    from dotenv import dotenv_values

    logging.getLogger("dotenv.main").setLevel(logging.ERROR)  # a foreign line there is not our news
    given = dotenv_values(stream=io.StringIO(_content(file)))
    values: dict[str, object] = {}
    refused: list[str] = []
    for name, key in VARIABLES.items():
        value = (given.get(name) or "").strip()
        if not value:
            continue
        try:
            values[key] = variable(name).convert(value)
        except ValueError:
            refused.append(name)
    return ProjectEnv(values, tuple(refused))


def fill(config: Config) -> Config:
    """`config` with what its project's .env says about keys that nobody has set.

    `missing` gets `env_unreadable` or `env_invalid`; a file that is not there is no news (the
    missing token is).
    """
    file = path(config)
    if file is None or str(file) in config.sources:
        return config
    try:
        found = read(file)
    except (FileNotFoundError, NotADirectoryError):
        return config
    except OSError:
        told = config.telegram.token and config.telegram.admin_id  # otherwise: nothing is missing
        return config if told else replace(config, missing=(*config.missing, "env_unreadable"))
    unset = {key: value for key, value in found.values.items() if key not in config.explicit}
    filled = settle(config, unset)
    missing = (*config.missing, "env_invalid") if found.refused else config.missing
    return replace(filled, sources=(*config.sources, str(file)), missing=missing)


def _content(file: Path) -> str:
    # Opened without blocking: a pipe of that name, in a directory that is not ours, must not
    # hang the start; `sudo trafico-monitor check` reads it as root.
    handle = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError(f"{file}: not a regular file")
        return opened.read(_LARGEST).decode("utf-8", "replace")
