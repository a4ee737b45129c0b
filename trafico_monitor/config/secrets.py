"""Which values of the configuration and of the project's `.env` are secrets that no text may show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from ..host import redact
from .schema import Config

_SECRET_NAME = re.compile(r"KEY|TOKEN|SECRET|PASS|PWD|HASH|CREDENTIAL|AUTH|SESSION", re.IGNORECASE)
_PLACE = re.compile(r"[~.]{0,2}/")
_BLOCK_LINE = 16  # characters: shorter lines of a key block give nothing away
# A path of a webhook's address is secret where it looks made up: «/services/» is a word of many lines.
_MADE_UP = re.compile(r"(?=[^0-9]*+[0-9])[A-Za-z0-9_-]{12,}")


def of_env(given: Mapping[str, str | None]) -> tuple[str, ...]:
    """The secrets in a `.env`: values whose name says so, and what stands before the host in an address.
    A path or an address is none by its name alone (`KEY_FILE`): lines would lose the places they name."""
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


def remember(config: Config) -> None:
    """Let no text show the secrets of `config`, and know the bot's own token."""
    telegram = config.telegram
    addresses = [config.alerts.ping_url, *(channel.url for channel in config.channels)]
    found = [telegram.alert_token, *(channel.token for channel in config.channels), *addresses]
    for address in filter(None, addresses):
        found += (*_of_address(address), *(part for part in re.split("[/?&=]", address) if _MADE_UP.fullmatch(part)))
    redact.remember(found, telegram.token)
