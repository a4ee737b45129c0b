"""The watched installation: the only places that may be touched, and the rescued files that wait there."""

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
    """`models` and `bot_api` are the two directories; absolute, without links. `bot_api` is None
    when the host side of the container's directory is not known. `uid`/`gid` own what is made
    in `models`: the bot's user. `api_url` is where getFile goes, "" when it may not be asked. What was written in
    the last `min_age` seconds is not put into quarantine."""

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
    """The directories that may be touched."""
    return (site.models,) if site.bot_api is None else (site.models, site.bot_api)


_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})


@dataclass(frozen=True, slots=True)
class RescuedFile:
    """`path` on the host, `size` in bytes as it lies there, `video` the name that it is to have;
    by its note the incident that rescued it ("") and the size that was announced (None)."""

    path: str
    size: int
    video: str
    incident: str = ""
    announced: int | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """What there is to choose from for a video that has just been rescued: its `size` in bytes (None: it cannot be
    seen), and of `total` modelos those that got a video last."""

    size: int | None
    modelos: tuple[str, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """What lies in `_rescatados`: `size` in bytes, `oldest` the time (seconds since the epoch) since which one has
    been there, `first` one that `assign` takes ("" for none). With `complete` False there are at least so many."""

    number: int = 0
    size: int = 0
    oldest: float | None = None
    first: str = ""
    complete: bool = True


def mark_of(file: str, incident: str) -> str:
    """What a button means by the `file` that `incident` has rescued: eight letters, so that another file that gets
    its name later is not meant."""
    return b32encode(blake2b(f"{incident}/{file}".encode("utf-8", "replace"), digest_size=5).digest()).decode("ascii")


def conversation(mark: str) -> str:
    """The key of the notices about the rescued file of that mark."""
    return f"rescued.{mark}"


def shell_word(file: str) -> str:
    """The name `file` for `trafico-monitor assign`, to be pasted into a shell. One that would not be shown as it is,
    or be changed by showing it, is spelled out in bytes ($'…' of bash and zsh)."""
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
