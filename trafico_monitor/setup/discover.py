"""Inspects the machine and returns Facts. Changes nothing."""

from __future__ import annotations

import asyncio
import grp
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from glob import escape
from pathlib import Path

from ..config import dotenv_file
from ..config.discovery import mounted_from
from ..config.loader import load
from ..config.schema import VARIABLES, Bot, Config
from ..errors import ConfigError
from ..health.processes import BotProcess, container_of, find_bot_processes
from ..host import accounts, docker, subprocesses, systemd
from ..host.accounts import SERVICE_USER, Account
from ..host.untrusted_json import objects
from ..journal.origin import commands_of, proposal
from . import acl, path_safety, unit_discovery, unit_files
from .model import BotUser, Facts, FoundContainer, FoundFile, FoundUnit, Wishes
from .state_file import Ledger

_PYTHON_SECONDS = 20.0
_JOURNAL_SECONDS = 10.0
_HOME_FOLDER = ".telegram-bot-api"
_LARGEST = 64 * 1024
PROGRAM = "main.py"


async def look(project: str, user: Account, wishes: Wishes, ledger: Ledger) -> Facts:
    """Returns everything that the plan needs. `project` and `user` come from `path_safety.judge`.

    Raises ConfigError if the present configuration is invalid: it must be corrected first.
    """
    config, explicit = _configuration()
    # The user stands in the configuration only after the first setup.
    config = replace(config, project=replace(config.project, dir=project, owner=user.name))
    env = dotenv_file.path(config)
    env = env if env is not None and os.path.lexists(env) else None
    named = wishes.unit or str(explicit.get("bot.unit") or "")
    runs = processes(project, user.uid)
    container, found = await asyncio.gather(
        _container(config),
        unit_discovery.search(project, named, user, (run.service for run in runs), _adopted(config)),
    )
    interpreter, has_telegram = await python_of(project, user)
    models = str(Path(project) / config.project.models_dir)
    api = _bot_api(config, user, container)
    there = await systemd.show_unit(
        unit_files.SERVICE, ("LoadState", "UnitFileState", "ActiveState", "ReadWritePaths")
    )
    monitor = there or {}
    adopted = next((unit.name for unit in found if unit.name == _adopted(config)), "")
    bot_name = named or adopted or unit_files.UNIT
    bot = await systemd.show_unit(bot_name, ("UnitFileState", "ActiveState")) or {}
    # What an earlier setup has made of it is no name of a program.
    process_there = _has_program(project, str(explicit.get("bot.process", Bot().process)))
    facts = Facts(
        project=project,
        user=BotUser(user.name, user.uid, user.gid, user.home),
        python=interpreter,
        has_telegram=has_telegram,
        env=str(env) if env else "",
        env_names=_names(config) if env else frozenset(),
        models=models,
        models_there=Path(models).is_dir(),
        bot_api=api,
        container=container,
        units=tuple(found),
        adopted=adopted,
        loose=loose(runs, found),
        user_unit=next((run.user_service for run in runs if run.user_service), ""),
        bot_container=container_of(project, {PROGRAM, Path(config.bot.process or PROGRAM).name}),
        explicit=explicit,
        monitor_there=monitor.get("LoadState") == "loaded" and accounts.by_name(SERVICE_USER) is not None,
        monitor_groups=_groups(SERVICE_USER),
        monitor_enabled=monitor.get("UnitFileState", ""),
        monitor_active=monitor.get("ActiveState", ""),
        docker_there=_group_exists("docker"),
        writable=tuple(path.lstrip("-+") for path in systemd.split_words(monitor.get("ReadWritePaths", ""))),
        bot_enabled=bot.get("UnitFileState", ""),
        bot_active=bot.get("ActiveState", ""),
        shared=path_safety.shared(project, user, config.language),
        process_there=process_there,
        printing="" if process_there else await _printing(bot_name),
    )
    own, foreign = _ways(facts)
    files = _files(facts, bot_name, ledger)
    return replace(facts, files=files, closed=_closed(facts), passages=own, blocked=foreign)


def _configuration() -> tuple[Config, dict[str, object]]:
    """Returns the configuration, and the values in an administrator's own files (without setup's drop-in)."""
    config = load()
    own = _set_by(Path(unit_files.DROP_IN))
    explicit: dict[str, object] = {}
    for name in config.explicit:
        value: object = config
        for part in name.split("."):
            value = getattr(value, part)
        if not (name in own and own[name] == value):
            explicit[name] = value
    return config, explicit


def _adopted(config: Config) -> str:
    """Returns the configured unit, whoever wrote it; "" for the one that setup would create."""
    return config.bot.unit if config.bot.unit != unit_files.UNIT else ""


def _set_by(file: Path) -> dict[str, object]:
    import tomllib

    try:
        tables = tomllib.loads(file.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: {error}") from None
    found: dict[str, object] = {}
    for name, value in tables.items():
        found |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
    return found


def _names(config: Config) -> frozenset[str]:
    """Returns the variables with a usable value in the .env; values never leave this function."""
    try:
        values = dotenv_file.read(config).values
    except OSError:
        return frozenset()
    return frozenset(name for name, key in VARIABLES.items() if key in values)


async def _container(config: Config) -> FoundContainer | None:
    """Returns the Bot API server's container: by its configured name, else by its image."""
    if not config.bot_api.local:
        return None
    wanted = config.bot_api.container
    for name in dict.fromkeys([wanted, *await docker.names_like("telegram-bot-api")]):
        if not name:
            continue
        seen = await docker.inspect(name)
        if seen.status in (docker.Status.MISSING, docker.Status.NO_DOCKER, docker.Status.NO_ANSWER):
            continue
        inside = config.bot_api.container_dir
        return FoundContainer(name, seen.status is docker.Status.RUNNING, mounted_from(seen.mounts, inside))
    return None


def _bot_api(config: Config, user: Account, container: FoundContainer | None) -> str:
    if config.bot_api.host_dir:
        return config.bot_api.host_dir
    if not config.bot_api.local:
        return ""
    if container is not None and container.host_dir:
        return container.host_dir
    usual = Path(user.home) / _HOME_FOLDER
    return str(usual) if user.home and usual.is_dir() and not usual.is_symlink() else ""


async def python_of(project: str, user: Account) -> tuple[str, bool]:
    """Returns the interpreter for main.py: the first with python-telegram-bot, tested as the bot's user."""
    choices = path_safety.python_of(project)
    before = accounts.prefix(user) or []
    for python in choices:
        # As the user, in his folder: what a project's venv runs on being asked is his code.
        done = await subprocesses.run([*before, python, "-c", "import telegram"], seconds=_PYTHON_SECONDS)
        if done.ok:
            return python, True
    return choices[0], False


def processes(project: str, uid: int) -> list[BotProcess]:
    """Returns the processes of the project's user that run this main.py. Any user can imitate one."""
    return [process for process in find_bot_processes(project, (PROGRAM,), (uid,)) if process.program == PROGRAM]


def loose(found: Iterable[BotProcess], known: Sequence[FoundUnit]) -> tuple[int, ...]:
    """Returns those of `processes` that belong to none of the units found."""
    names = [*(unit.name for unit in known), unit_files.UNIT]
    return tuple(sorted(process.pid for process in found if not any(map(process.in_unit, names))))


def _has_program(project: str, name: str) -> bool:
    last = escape(Path(name).name)
    names = (last, f"{last.removesuffix('.py')}/__main__.py")  # a file, or a package (python -m)
    return not last or any(any(Path(project).glob(above + one)) for above in ("", "*/", "*/*/") for one in names)


async def _printing(unit: str) -> str:
    """Returns the program of which the journal has the most lines of `unit`; "" for none."""
    show = ["journalctl", "-q", "--no-pager", "-n", "200", "-o", "json", "--output-fields=_CMDLINE"]
    done = await subprocesses.run([*show, f"_SYSTEMD_UNIT={unit}"], seconds=_JOURNAL_SECONDS)
    return proposal(commands_of(objects(done.output)))


def _groups(user: str) -> frozenset[str]:
    return frozenset(group.gr_name for group in grp.getgrall() if user in group.gr_mem)


def _group_exists(name: str) -> bool:
    try:
        return bool(grp.getgrnam(name))
    except KeyError:
        return False


def _files(facts: Facts, bot_unit: str, ledger: Ledger) -> Mapping[str, FoundFile]:
    paths = [
        unit_files.DROP_IN,
        unit_files.SANDBOX,
        unit_files.unit_path(bot_unit),
        unit_files.unit_path(unit_files.UNIT),
    ]
    for unit in dict.fromkeys((bot_unit, unit_files.UNIT, *(unit.name for unit in facts.units))):
        paths += [unit_files.adoption_path(unit), unit_files.instrument_path(unit), unit_files.environment_path(unit)]
    last: dict[str, str] = {}
    for entry in ledger.entries:
        if not entry.undone:
            last[entry.change.target] = entry.change.content
    return {path: found_file(Path(path), last.get(path)) for path in dict.fromkeys(paths)}


def found_file(path: Path, written: str | None) -> FoundFile:
    """Returns a file that setup may want to write; `written` is its last content of setup's."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return FoundFile(link=True)
        content = path.read_bytes()[:_LARGEST].decode("utf-8", "replace")
    except FileNotFoundError:
        return FoundFile()
    return FoundFile(content, ours=content == written)


def _places(facts: Facts) -> dict[str, str]:
    places = {"models": facts.models, "bot_api": facts.bot_api, "env": facts.env}
    return {name: path for name, path in places.items() if path}


def _closed(facts: Facts) -> frozenset[str]:
    """Returns the places to which the monitor, or the bot, lacks the required access."""
    return frozenset(name for name, path in _places(facts).items() if not acl.is_open(name, path))


def _ways(facts: Facts) -> tuple[tuple[str, ...], dict[str, tuple[str, str]]]:
    """Returns closed parent folders of the places: the bot user's own, and others' by place."""
    monitor = accounts.by_name(SERVICE_USER)
    if monitor is None:
        return (), {}
    own: list[str] = []
    foreign: dict[str, tuple[str, str]] = {}
    for name, path in _places(facts).items():
        way = acl.way(path, facts.user.uid, monitor.uid)
        own += way.own
        if way.foreign:
            owner = accounts.by_uid(Path(way.foreign[0]).lstat().st_uid)
            foreign[name] = (way.foreign[0], owner.name if owner else "?")
    return tuple(dict.fromkeys(own)), foreign
