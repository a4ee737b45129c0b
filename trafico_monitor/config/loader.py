"""Loads files, credentials and environment variables into one validated Config.

Precedence, each overriding the previous: defaults, the project's `src/.env`, config.toml, conf.d/*.toml by name,
credentials, environment. An empty text means that the value is detected, and overrides nothing.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ..errors import ConfigError
from ..host import credentials, directory
from ..messages import text
from . import dotenv_file, problems
from .problems import Problem, bad_value, plain, unknown_key
from .schema import ADMIN, HUB_STATE, KEYS, NAMED, SECTIONS, VARIABLES, Config, Key, Paths, key_of, settle, variable
from .validators import is_label

DEFAULT_PATH = Path("/etc/trafico-monitor/config.toml")
HUB_PATH = Path("/etc/trafico-monitor/hub.toml")
# What is other than a monitor's where a hub's file does not say. There is no bot, and no Bot API server of its own.
_OF_HUB: Mapping[str, object] = {
    "paths.state": HUB_STATE,
    "paths.logs": Path("/var/log/trafico-monitor-hub"),
    "web.listen": "127.0.0.1:8788",
    "bot_api.local": False,
    "predict.enabled": False,
}


@dataclass(slots=True)
class _Gathered:
    """Values read so far with their sources, and all errors."""

    values: dict[str, object] = field(default_factory=dict)
    origin: dict[str, str] = field(default_factory=dict)
    sources: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def take(self, source: str, name: str, key: Key, value: object, said: str = "") -> None:
        """Check one value; `said` is the name it went by, when it is not the key's own."""
        try:
            converted = key.convert(value)
        except ValueError:
            self.problems.append(bad_value(source, said or name, key, value))
            return
        self.values[name] = converted
        self.origin[name] = source

    def broken(self) -> frozenset[str]:
        """The keys and named tables (`channels.dev`) that hold a mistake: one line about each is
        enough."""
        return frozenset(".".join(one.fields.get("key", "").split(".")[:2]) for one in self.problems)


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ, *, serving: bool = False) -> Config:
    """The configuration of this machine.

    Given the main file (None: the installed one, which need not exist) and the environment,
    return the Config; raise ConfigError with one line for each mistake, all of them at once.
    `serving` is for the service itself (`own_places.settle_state`).
    Its secrets are redacted from now on.
    """
    gathered = _Gathered()
    for file in _files(path or DEFAULT_PATH, "conf.d", gathered):
        _read_file(file, gathered, optional=path is None and file == DEFAULT_PATH)
    _read_credentials(environ, gathered)
    _read_environment(environ, gathered)
    config = settle(Config(), gathered.values)
    if config.bot.container and "bot.unit" not in gathered.values:
        config = settle(config, {"bot.unit": ""})  # a container needs no unit
    _refuse_mistakes(gathered, config, environ)
    config = replace(config, sources=tuple(gathered.sources), explicit=_explicit(gathered))
    config = settle_state(dotenv_file.fill(config), environ, serving=serving)
    dotenv_file.remember_secrets(config)
    return config


def load_hub(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Config:
    """The configuration of the hub of a fleet: `path` (None: the installed one) and hub.d/*.toml beside it, and the
    credentials of its own unit. Raises ConfigError, also without a database."""
    gathered, main = _Gathered(), path or HUB_PATH
    for file in _files(main, "hub.d", gathered):
        _read_file(file, gathered, optional=file == HUB_PATH)  # `hub setup` writes hub.d alone
    _read_credentials(environ, gathered, credentials.HUB_SERVICE)
    _read_environment(environ, gathered)
    config = settle(settle(Config(), _OF_HUB), gathered.values)
    _refuse_mistakes(gathered, config, environ)
    if not config.hub.url:
        raise ConfigError(text("hub.no_database", config.language, fichero=main))
    config = replace(config, sources=tuple(gathered.sources), explicit=_explicit(gathered))
    dotenv_file.remember_secrets(config)
    return config


def _explicit(gathered: _Gathered) -> frozenset[str]:
    return frozenset(name for name, value in gathered.values.items() if value != "")


def _refuse_mistakes(gathered: _Gathered, config: Config, environ: Mapping[str, str]) -> None:
    gathered.problems += problems.contradictions(config, gathered.origin, gathered.broken())
    if gathered.problems:
        language = config.language if "language" in gathered.values else _spoken(environ)
        raise ConfigError("\n".join(one.line(language) for one in gathered.problems))


def _files(main: Path, drop_in_folder: str, gathered: _Gathered) -> list[Path]:
    drop_ins: list[Path] = []
    try:
        # By name, as systemd's drop-ins; an editor's .swp or a name without .toml is not one.
        drop_ins = sorted(f for f in (main.parent / drop_in_folder).iterdir() if f.name.endswith(".toml"))
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:
        gathered.problems.append(_unreadable(main.parent / drop_in_folder, error))
    return [main, *(f for f in drop_ins if not f.name.startswith("."))]


def _read_file(file: Path, gathered: _Gathered, *, optional: bool) -> None:
    try:
        table = tomllib.loads(file.read_bytes().decode("utf-8"))
    except OSError as error:
        if not (optional and isinstance(error, FileNotFoundError)):
            gathered.problems.append(_unreadable(file, error))
        return
    except ValueError as error:  # TOMLDecodeError, UnicodeDecodeError: both say where
        detail = plain(str(error)) if isinstance(error, tomllib.TOMLDecodeError) else "UTF-8"
        gathered.problems.append(Problem(str(file), "not_toml", {"detail": detail}))
        return
    gathered.sources.append(str(file))
    for name, value in table.items():
        if name in NAMED:
            _read_named(str(file), name, value, gathered)
        elif name in SECTIONS:
            _read_section(str(file), name, value, gathered)
        elif name in KEYS:
            gathered.take(str(file), name, KEYS[name], value)
        else:
            gathered.problems.append(unknown_key(str(file), name))


def _read_section(source: str, section: str, table: object, gathered: _Gathered) -> None:
    if not isinstance(table, dict):
        gathered.problems.append(bad_value(source, section, Key("section", str), table))
        return
    for last, value in table.items():
        name = f"{section}.{last}"
        key = key_of(name)
        if key is not None:
            gathered.take(source, name, key, value)
        else:
            gathered.problems.append(unknown_key(source, name))


def _read_named(source: str, section: str, table: object, gathered: _Gathered) -> None:
    if not isinstance(table, dict):
        gathered.problems.append(bad_value(source, section, Key("named_section", str, secret=True), table))
        return
    for name, inner in table.items():
        place = f"{section}.{name}"
        if not isinstance(inner, dict):
            # `[channels]` with a key directly below it: the name is what was forgotten.
            gathered.problems.append(bad_value(source, plain(place), Key("named_section", str, secret=True), inner))
        elif not is_label(name):
            gathered.problems.append(bad_value(source, section, Key("label", str), name))
        elif (section, name) == ("channels", ADMIN):
            gathered.problems.append(Problem(source, "admin_channel", {"key": place}))
        else:
            _read_section(source, place, inner, gathered)


def _read_credentials(environ: Mapping[str, str], gathered: _Gathered, service: str = credentials.SERVICE) -> None:
    try:
        found = credentials.read(environ, service)
    except OSError as error:
        gathered.problems.append(_unreadable(Path(error.filename or "$CREDENTIALS_DIRECTORY"), error))
        return
    given = {
        "telegram-token": ("telegram.token", found.telegram_token),
        "alert-token": ("telegram.alert_token", found.alert_token),
        "admin-id": ("telegram.admin_id", found.admin_id),
    }
    for name, (key, value) in given.items():
        if value:
            source = str((found.directory or Path()) / name)
            gathered.take(source, key, KEYS[key], value)
            gathered.sources.append(source)


def _read_environment(environ: Mapping[str, str], gathered: _Gathered) -> None:
    for name, key in VARIABLES.items():
        value = environ.get(name, "").strip()
        if value:
            gathered.take("$" + name, key, variable(name), value)
            gathered.sources.append("$" + name)


def _spoken(environ: Mapping[str, str]) -> str:
    """The caller's language, for mistakes in a configuration that does not say one."""
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "en" if locale.startswith("en") else Config().language


def _unreadable(file: Path, error: OSError) -> Problem:
    return Problem(str(file), "unreadable", {"detail": error.strerror or type(error).__name__})


# Whoever can write to the database decides what the service does: a state directory that somebody
# else than root and the service owns, or can exchange, is not used.

_DATABASE = "monitor.db"


def packaged_state(environ: Mapping[str, str] = os.environ) -> Path:
    """systemd's StateDirectory=, or the usual place outside of a unit."""
    return _first(environ.get("STATE_DIRECTORY", "")) or Paths().state


def packaged_logs(environ: Mapping[str, str] = os.environ) -> Path:
    """systemd's LogsDirectory=, or the usual place outside of a unit."""
    return _first(environ.get("LOGS_DIRECTORY", "")) or Paths().logs


def settle_state(config: Config, environ: Mapping[str, str], *, serving: bool) -> Config:
    """Returns `config` with a usable state directory. `missing` gets `state_refused` if it differs from the configured
    one.

    With `serving`, the rights of the calling service decide. A command cannot know the service's user for certain, so
    it uses the location where a refusing service has put its database.
    """
    instead = packaged_state(environ)
    state = config.paths.state
    if state == instead or directory.refusal(state, directory.ours()) is None:
        return config
    if not serving and not (instead / _DATABASE).exists():
        return config
    paths = replace(config.paths, state=instead)
    return replace(config, paths=paths, missing=(*config.missing, "state_refused"), refused_state=str(state))


def _first(listed: str) -> Path | None:
    return Path(first) if (first := listed.split(":")[0]) else None
