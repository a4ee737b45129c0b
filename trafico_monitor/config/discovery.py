"""Detection of unset configuration values: the project, its owner, the Bot API directory.

A detected value never replaces a configured one, and each missing value is a code in `Config.missing`: the service
runs without it and disables only what needs it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from ..host import accounts, blocking, docker, systemd
from ..model.installation import Installation
from . import dotenv_file, telegram_endpoints
from .schema import Config, settle

_PROPERTIES = ("LoadState", "WorkingDirectory", "User")
_SECONDS = 5.0
_IN_HOME = ".telegram-bot-api"


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Answers of systemd and Docker."""

    unit: Mapping[str, str] = field(default_factory=dict)
    mounts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Folder:
    """A directory as far as it can be seen: `hidden` when a parent does not let us look."""

    path: Path
    there: bool
    hidden: bool
    status: os.stat_result | None = None


async def discover(config: Config) -> tuple[Config, Installation | None]:
    """Given a loaded Config, return it completed, with the Site, or None without a project.

    Takes at most about 15 s, also when systemd, Docker or a file system does not answer.
    """
    unit = await systemd.show_unit(config.bot.system_unit, _PROPERTIES, seconds=_SECONDS)
    mounts: tuple[tuple[str, str], ...] = ()
    if config.bot_api.local and not config.bot_api.host_dir and config.bot_api.container:
        mounts = (await docker.inspect(config.bot_api.container, seconds=_SECONDS)).mounts
    around = HostFacts(unit or {}, mounts)
    try:
        return await blocking.run_blocking(lambda: complete(config, around), seconds=_SECONDS, name="discover")
    except TimeoutError:  # a dead file system under the project
        return replace(config, missing=(*config.missing, "models_hidden")), None


def complete(config: Config, around: HostFacts) -> tuple[Config, Installation | None]:
    """Completes the configuration from the file system and the answers of systemd and Docker."""
    config = _with_project(config, around.unit)
    dotenv_file.remember_secrets(config)
    missing: list[str] = []
    site: Installation | None = None
    models = config.models_path
    if models is None:
        missing.append("project")
    else:
        config, site = _with_site(config, models, around, missing)
    if config.bot.by_user and accounts.uid_of(config.project.owner) is None:
        missing.append("bots_user")
    missing += _without_alerts(config)
    codes = dict.fromkeys((*config.missing, *missing))
    return replace(config, missing=tuple(codes)), site


def _with_project(config: Config, unit: Mapping[str, str]) -> Config:
    if not config.project.dir:
        config = settle(config, {"project.dir": working_directory(unit)})
    return dotenv_file.fill(config)


def working_directory(unit: Mapping[str, str]) -> str:
    """The unit's WorkingDirectory= as an absolute path, or ""."""
    given = unit.get("WorkingDirectory", "").lstrip("!-")  # «!»: it need not exist
    if given == "~":
        account = accounts.by_name(unit.get("User") or "root")
        given = account.home if account else ""
    path = PurePosixPath(given)
    return str(path) if path.is_absolute() and len(path.parts) > 1 else ""


def _with_site(
    config: Config, models: Path, around: HostFacts, missing: list[str]
) -> tuple[Config, Installation | None]:
    folder = _look(models)
    if not folder.there:
        missing.append("models_hidden" if folder.hidden else "models")
    owner = _owner(config, folder, around.unit)
    if owner is None:
        missing.append("owner")
        return config, None
    bot_api = _bot_api(config, owner, folder.path, around.mounts, missing)
    found = {"project.owner": owner.name, "bot_api.host_dir": str(bot_api.path) if bot_api else ""}
    config = settle(config, found)
    token = config.telegram.token
    return config, Installation(
        models=folder.path,
        bot_api=bot_api.path if bot_api else None,
        uid=owner.uid,
        gid=owner.gid,
        container_dir=config.bot_api.container_dir,
        api_url=telegram_endpoints.file_server(config) if token else "",
        token=token,
        project=Path(os.path.realpath(config.project.dir)),
        min_age=config.quarantine.min_age,
    )


def bots_user(config: Config) -> int | None:
    """Returns the bot's user if there is no unit, without querying systemd; None if unknown."""
    if config.project.owner or config.models_path is None:
        return accounts.uid_of(config.project.owner)
    owner = _owner(config, _look(config.models_path), {})
    return owner.uid if owner else None


def _look(path: Path) -> _Folder:
    real = Path(os.path.realpath(path))
    try:
        status = real.stat()
    except PermissionError:
        return _Folder(real, there=False, hidden=True)
    except OSError:
        return _Folder(real, there=False, hidden=False)
    return _Folder(real, there=stat.S_ISDIR(status.st_mode), hidden=False, status=status)


def _owner(config: Config, models: _Folder, unit: Mapping[str, str]) -> accounts.Account | None:
    """Returns the owner of new files in models: the bot's user. None for an unknown name."""
    if config.project.owner:
        return accounts.by_name(config.project.owner)
    seen = models.status if models.there else None
    if seen is not None and seen.st_uid != 0:
        account = _account(seen.st_uid, seen.st_gid)
        # A set-group-ID folder hands its group on to everything made in it; so do we.
        return replace(account, gid=seen.st_gid) if seen.st_mode & stat.S_ISGID else account
    # Owned by root (made by hand with sudo, most likely): the bot cannot be meant by that.
    if unit.get("User"):
        return accounts.by_name(unit["User"])
    project = _look(Path(config.project.dir)).status or seen
    return _account(project.st_uid, project.st_gid) if project else None


def _account(uid: int, gid: int) -> accounts.Account:
    return accounts.by_uid(uid) or accounts.Account(str(uid), uid, gid)


def _bot_api(
    config: Config,
    owner: accounts.Account,
    models: Path,
    mounts: tuple[tuple[str, str], ...],
    missing: list[str],
) -> _Folder | None:
    if config.bot_api.host_dir:
        return _known(_look(Path(config.bot_api.host_dir)), missing, given=True)
    if not config.bot_api.local:
        return None
    mounted = mounted_from(mounts, config.bot_api.container_dir)
    path = mounted or (str(Path(owner.home) / _IN_HOME) if owner.home not in ("", "/") else "")
    folder = _look(Path(path)) if path else None
    # A mount of «/» or of a whole home would open everything below it to repairs.
    if folder is None or models.is_relative_to(folder.path):
        missing.append("bot_api_dir")
        return None
    return _known(folder, missing, given=bool(mounted))


def _known(folder: _Folder, missing: list[str], *, given: bool) -> _Folder | None:
    """Returns `folder` if it exists, or was configured; behind a closed home it is assumed to exist, because the
    root helper may reach it: `bot_api_hidden` reports that the service cannot."""
    if folder.hidden:
        missing.append("bot_api_hidden")
    elif not folder.there:
        missing.append("bot_api_dir")
        return folder if given else None
    return folder


def mounted_from(mounts: tuple[tuple[str, str], ...], inside: str) -> str:
    """Returns the host path of `inside`, from the mount with the nearest destination above it; or ""."""
    best: tuple[int, str] = (0, "")
    for source, destination in mounts:
        place = PurePosixPath(destination)
        if source.startswith("/") and destination and PurePosixPath(inside).is_relative_to(place):
            rest = PurePosixPath(inside).relative_to(place)
            best = max(best, (len(place.parts), str(PurePosixPath(source) / rest)))
    return best[1]


def _without_alerts(config: Config) -> list[str]:
    """Returns the settings missing for alerts, and for requesting a file again."""
    missing: list[str] = []
    telegram, others = config.telegram, telegram_endpoints.delivering(config)
    if not telegram.token:
        missing.append("bot_token" if telegram.alert_token or others else "token")
    if not telegram.admin_id and not others:
        missing.append("admin")
    if telegram_endpoints.alert_conflict(config):
        missing.append("alert_conflict")
    elif telegram_endpoints.alert_token(config) and not telegram_endpoints.alert_independent(config):
        missing.append("alert_path")
    return missing
