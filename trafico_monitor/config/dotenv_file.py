"""The project's own `src/.env`: read as the bot reads it, never written.

It belongs to the bot, not to the monitor: it only fills unset values, and an error in it is reported without stopping
the monitor.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..host import accounts, directory, redact
from ..host.directory import DirectoryRefused
from ..host.redact import remember
from .schema import VARIABLES, Config, settle, variable

_LARGEST = 64 * 1024  # bytes; the real one has a few hundred
_LONGEST = 4096  # characters of one value: `${A}${A}` line after line doubles without end
_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class EnvRefused(OSError):
    """The file is reached through a link, or is not the project's user's own."""


@dataclass(frozen=True, slots=True)
class ProjectEnv:
    """`values` by configuration key; `refused` names the variables with an unusable value; `secrets` are those of
    the whole file, including the bot's other services'."""

    values: dict[str, object] = field(default_factory=dict, repr=False)
    refused: tuple[str, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)


def path(config: Config) -> Path | None:
    """Returns the path of the project's .env; None while no project is known."""
    if not config.project.dir or not config.project.env_file:
        return None
    return Path(config.project.dir) / config.project.env_file


def read(config: Config) -> ProjectEnv:
    """The mission's variables in the project's .env. Raises OSError when it cannot be read,
    EnvRefused when it must not be."""
    given = variables(config)
    values: dict[str, object] = {}
    refused: list[str] = []
    for name, key in VARIABLES.items():
        value = given.get(name, "").strip()
        if not value:
            continue
        try:
            values[key] = variable(name).convert(value)
        except ValueError:
            refused.append(name)
    return ProjectEnv(values, tuple(refused), secrets_of_env(given))


def variables(config: Config) -> Mapping[str, str]:
    """Returns everything that the file sets, by name; raises as `read`.

    Uses python-dotenv, because the bot reads the same file with it: quotes, `export` and comments have the same
    meaning. `${...}` refers to another line of the file only, never to the environment of this process, or of root's
    `check`.
    """
    from dotenv import dotenv_values
    from dotenv.variables import parse_variables

    logging.getLogger("dotenv.main").setLevel(logging.ERROR)  # a foreign line there is not our news
    known: dict[str, str] = {}
    for name, value in dotenv_values(stream=io.StringIO(_content(config)), interpolate=False).items():
        # The library's expression for `${...}` takes quadratic time: minutes for a value of 64 KB.
        atoms = parse_variables(value) if value and len(value) <= _LONGEST else ()
        resolved = "".join(atom.resolve(known) for atom in atoms)
        known[name] = resolved if len(resolved) <= _LONGEST else ""
    return known


def fill(config: Config) -> Config:
    """Returns `config` completed with the project's .env for unset keys. Its secrets are redacted from now on.

    `missing` gets `env_unreadable`, `env_foreign` or `env_invalid`; a missing file is not reported (the missing token
    is).
    """
    file = path(config)
    if file is None or str(file) in config.sources:
        return config
    try:
        found = read(config)
    except (FileNotFoundError, NotADirectoryError):
        return config
    except OSError as error:
        code = "env_foreign" if isinstance(error, EnvRefused) else "env_unreadable"
        told = config.telegram.token and config.telegram.admin_id  # otherwise: nothing is missing
        return config if told else replace(config, missing=(*config.missing, code))
    remember(found.secrets)
    unset = {key: value for key, value in found.values.items() if key not in config.explicit}
    filled = settle(config, unset)
    missing = (*config.missing, "env_invalid") if found.refused else config.missing
    return replace(filled, sources=(*config.sources, str(file)), missing=missing)


def _content(config: Config) -> str:
    """Returns the file's text. The project's owner controls that name, and `sudo trafico-monitor check` reads it as
    root: only that user's own file is accepted, and never through a link."""
    with _folder(config) as (folder, closed), _opened(folder, config) as handle:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if not _may_be_read(status, config, closed):
            raise EnvRefused(errno.EPERM, "not the project's user's own", config.project.env_file)
        return os.read(handle, _LARGEST).decode("utf-8", "replace")


@contextmanager
def _folder(config: Config) -> Iterator[tuple[int, bool]]:
    """The file's directory, and whether only root and the service can put anything there."""
    file = path(config)
    if file is None:
        raise FileNotFoundError
    closed = directory.refusal(file.parent, directory.ours()) is None
    try:
        with directory.opened(file.parent, directory.ours() if closed else None) as folder:
            yield folder, closed
    except DirectoryRefused as refused:
        raise EnvRefused(errno.EPERM, str(refused), str(file)) from None


@contextmanager
def _opened(folder: int, config: Config) -> Iterator[int]:
    name = Path(config.project.env_file).name
    try:
        # Without blocking: a pipe of that name must not hang the start.
        handle = os.open(name, _FLAGS, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise EnvRefused(error.errno, "a symbolic link", config.project.env_file) from None
        raise
    try:
        yield handle
    finally:
        os.close(handle)


def _may_be_read(status: os.stat_result, config: Config, closed: bool) -> bool:
    """The project's user's own file; or root's, where that user could read it as well. Root's
    private file he may have moved there, with a directory that lay in his home."""
    users = _users(config)
    if status.st_uid:
        return status.st_uid in users
    if closed:
        return True
    return status.st_nlink == 1 and bool(status.st_mode & stat.S_IROTH) and _passable(config, users)


def _users(config: Config) -> frozenset[int]:
    """The owner of the project's directory, and the one that the configuration names."""
    with directory.opened(Path(config.project.dir), None) as folder:
        users = {os.fstat(folder).st_uid}
    named = accounts.by_name(config.project.owner) if config.project.owner else None
    return frozenset(users | {named.uid} if named else users) - {0}


def _passable(config: Config, users: frozenset[int]) -> bool:
    """True when every directory from the project down to the file lets its user through."""
    project, file = Path(config.project.dir), path(config)
    assert file is not None
    for folder in (project, *(one for one in file.parents if one.is_relative_to(project))):
        with directory.opened(folder, None) as opened:
            status = os.fstat(opened)
            if status.st_uid not in users and not status.st_mode & stat.S_IXOTH:
                return False
    return True


_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASS|PWD|HASH|CREDENTIAL|AUTH|SESSION", re.IGNORECASE)
_PLACE = re.compile(r"[~.]{0,2}/")
_BLOCK_LINE = 16  # characters: shorter lines of a key block give nothing away
# A path of a webhook's address is secret where it looks made up: «/services/» is a word of many lines.
_MADE_UP = re.compile(r"(?=[^0-9]*+[0-9])[A-Za-z0-9_-]{12,}")


def secrets_of_env(given: Mapping[str, str | None]) -> tuple[str, ...]:
    """Returns the secrets in a `.env`: values whose name says so, and the user information in an address. The name
    alone (`KEY_FILE`) does not make a path or an address secret: lines would lose their paths."""
    return tuple(secret for name, value in given.items() if value for secret in _of_value(name, value.strip()))


def _of_value(name: str, value: str) -> Iterator[str]:
    if "://" in value:
        yield from _of_address(value)
    elif _SECRET_NAME.search(name) and not _PLACE.match(value):
        yield value
        # A key block stands in the journal line by line, or with its breaks spelt out.
        yield from (line for line in re.split(r"\n|\\n", value) if _BLOCK_LINE <= len(line) < len(value))


def _of_address(address: str) -> Iterator[str]:
    """`user:password@host`: all of it, and the password as it is written and meant."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    user, at, _ = parts.netloc.rpartition("@")
    if at:
        password = user.partition(":")[2] or user
        yield from (address, user, password, unquote(password))


def remember_secrets(config: Config) -> None:
    """Let no text show the secrets of `config`, and know the bot's own token."""
    telegram = config.telegram
    addresses = [config.alerts.ping_url, *(channel.url for channel in config.channels)]
    found = [telegram.alert_token, *(each for one in config.channels for each in (one.token, one.secret)), *addresses]
    for address in filter(None, addresses):
        found += (*_of_address(address), *(part for part in re.split("[/?&=]", address) if _MADE_UP.fullmatch(part)))
    redact.remember(found, telegram.token)
