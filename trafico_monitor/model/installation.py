"""The watched installation with everything found out: the only places that may be touched."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

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
