"""The monitored installation: the only directories that may be changed, and the rescued files in them."""

from __future__ import annotations

import shlex
from base64 import b32encode
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from unicodedata import bidirectional

CHOWN_HELPER = "/usr/libexec/trafico-monitor/chown"
RESCUED = "_rescatados"
QUARANTINE = "_cuarentena"


@dataclass(frozen=True, slots=True)
class Installation:
    """`models` and `bot_api` are the two directories, absolute and without links. `bot_api` is None if the host
    side of the container's directory is unknown. `uid`/`gid` are the bot's user, the owner of new files in
    `models`. `api_url` is the server for getFile, "" if it must not be called. Files written in the last `min_age`
    seconds are not quarantined."""

    models: Path
    bot_api: Path | None
    uid: int
    gid: int
    container_dir: str = "/var/lib/telegram-bot-api"
    api_url: str = ""
    token: str = field(default="", repr=False)
    chown_command: tuple[str, ...] = ("sudo", "-n", CHOWN_HELPER)
    project: Path | None = None
    min_age: float = 120.0


def roots_of(site: Installation) -> tuple[Path, ...]:
    """Returns the directories that may be changed."""
    return (site.models,) if site.bot_api is None else (site.models, site.bot_api)


_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


@dataclass(frozen=True, slots=True)
class RescuedFile:
    """`path` on the host, `size` in bytes on disk, `video` the intended name; from its note, the incident that
    rescued it ("") and the announced size (None)."""

    path: str
    size: int
    video: str
    incident: str = ""
    announced: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """Choices for a newly rescued video: its `size` in bytes (None: inaccessible), and, of `total` modelos, those
    that received a video most recently."""

    size: int | None
    modelos: tuple[str, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """Content of `_rescatados`: `size` in bytes, `oldest` the time of the oldest file (seconds since the epoch),
    `first` one that `assign` accepts ("" for none). `complete` False: these are lower bounds."""

    number: int = 0
    size: int = 0
    oldest: float | None = None
    first: str = ""
    complete: bool = True


@dataclass(frozen=True, slots=True)
class WaitingFile:
    """A file of `_rescatados` that `assign` accepts: `size` in bytes, waiting `since` (seconds since the epoch)."""

    file: str
    size: int
    since: float


@dataclass(frozen=True, slots=True)
class Assignable:
    """What an operator chooses from: of `total` waiting files the oldest ones, and the modelos, the most recent
    first."""

    files: tuple[WaitingFile, ...] = ()
    total: int = 0
    modelos: tuple[str, ...] = ()


def mark_of(file: str, incident: str) -> str:
    """Returns the identifier in a button for the `file` rescued by `incident`: eight letters, different for another
    file that gets the same name later."""
    return b32encode(blake2b(f"{incident}/{file}".encode("utf-8", "replace"), digest_size=5).digest()).decode("ascii")


def conversation(mark: str) -> str:
    """Returns the key of the notifications about the rescued file with that identifier."""
    return f"rescued.{mark}"


def shell_word(file: str) -> str:
    """Returns the name `file` quoted for `trafico-monitor assign` in a shell. A name that cannot be displayed
    unchanged is written in bytes ($'…' of bash and zsh)."""
    named = f"{RESCUED}/{file}" if file.startswith("-") else file
    if named.isprintable() and " ".join(named.split()) == named and not _turns(named):
        return shlex.quote(named)
    return "$'" + "".join(_spelled(letter) for letter in named) + "'"


def _turns(name: str) -> bool:
    return any(bidirectional(letter) in _RIGHT_TO_LEFT for letter in name)


def _spelled(letter: str) -> str:
    if letter.isascii() and (letter.isalnum() or letter in "._-/"):
        return letter
    return "".join(f"\\x{byte:02x}" for byte in letter.encode("utf-8", "replace"))
