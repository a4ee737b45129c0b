"""The configuration as the rest of the program sees it: frozen, complete, in plain units. Pure.

A field says everything about its key: default, what may be written (`expect.<code>` in messages/) and whether
its value is a secret. Bytes are bytes, times seconds. Empty text means «find it out»: `config.discovery` says
from where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from ..host.accounts import SERVICE_USER
from ..model.finding import ErrorType
from . import validators as v

GB = 1000**3
MINUTE, HOUR, DAY = 60.0, 3600, 86400
ADMIN = "admin"  # the channel of `[telegram]`


class ChannelKind(str, Enum):
    TELEGRAM = "telegram"  # python-telegram-bot
    APPRISE = "apprise"  # e-mail, Slack, Discord and the rest: one URL each
    WEBHOOK = "webhook"  # JSON by POST, for the operator's own panel


@dataclass(frozen=True, slots=True)
class Key:
    """Definition of a key's values: `expect.<expected>` in messages/ with `fields` filled in. `convert` returns the
    schema's value, or raises ValueError."""

    expected: str
    convert: Callable[[object], object]
    secret: bool = False
    fields: Mapping[str, object] = field(default_factory=dict)


def _key(
    default: Any, expected: str, convert: Callable[[object], object], *, secret: bool = False, **more: Any
) -> Any:
    """A field of the schema with its `default` and its Key."""
    return field(default=default, repr=not secret, metadata={"key": Key(expected, convert, secret, more)})


def _whole(default: int, low: int, high: int) -> Any:
    return _key(default, "whole", v.whole(low, high), low=low, high=high)


def _seconds(default: float, high: int = DAY) -> Any:
    return _key(default, "seconds", v.seconds(0, high), low=0, high=high)


def _seconds_or_none(default: float, high: int = DAY) -> Any:
    return _key(default, "seconds_or_none", v.seconds_or_none(high), low=0, high=high)


def _boolean(default: bool) -> Any:
    return _key(default, "boolean", v.strict_boolean)


def _size(default: int) -> Any:
    return _key(default, "size", v.size)


def _path_or_empty() -> Any:
    return _key("", "path_or_empty", v.or_empty(v.absolute))


def _folder(default: str) -> Any:
    return _key(Path(default), "path", lambda value: Path(v.absolute(value)))


def _token() -> Any:
    return _key("", "token", v.or_empty(v.token), secret=True)


def _channels() -> Any:
    return _key((), "channels", v.several(v.label, 20))


def _words(code: str, default: object, allowed: Iterable[str], convert: Callable[[object], object]) -> Any:
    """A key that takes some of the `allowed` words, which the text names."""
    return _key(default, code, convert, words=", ".join(f'"{word}"' for word in allowed if word))


_KINDS = tuple(kind.value for kind in ChannelKind)
_TYPES = tuple(kind.value for kind in ErrorType)
_SEVERITIES = ("", "info", "recoverable", "critical")


@dataclass(frozen=True, slots=True)
class Project:
    dir: str = _path_or_empty()
    models_dir: str = _key("modelos", "beneath", v.beneath)  # relative to dir, or absolute
    env_file: str = _key("src/.env", "beneath_or_empty", v.or_empty(v.beneath))
    owner: str = _key("", "account", v.or_empty(v.account))  # "" = the owner of models_dir


@dataclass(frozen=True, slots=True)
class Bot:
    unit: str = _key("trafico-main.service", "unit", v.or_empty(v.unit))
    process: str = _key("bot_central.py", "text", v.text)  # only processes that run this program; "" = all
    user_unit: bool = _boolean(False)  # the unit is one of the bot user's own manager (systemctl --user)
    container: str = _key(
        "", "container", v.or_empty(v.container)
    )  # its lines, by Docker's or Podman's journald driver

    @property
    def system_unit(self) -> str:
        """The unit that the system's manager can be asked about; "" for none."""
        return "" if self.user_unit else self.unit

    @property
    def by_user(self) -> bool:
        """Whether the user tells the bot's lines from another's: nothing is read while that is unknown."""
        return self.user_unit or not (self.unit or self.container)


@dataclass(frozen=True, slots=True)
class Journal:
    namespace: str = _key("", "namespace", v.or_empty(v.namespace))
    directory: str = _path_or_empty()  # "" = the system journal


@dataclass(frozen=True, slots=True)
class Retry:
    max_attempts: int = _whole(3, 1, 20)
    backoff: tuple[float, ...] = _key((1.0, 2.0, 4.0), "pauses", v.pauses)
    late: tuple[float, ...] = _key((60.0, 300.0, 1800.0), "late_pauses", v.late_pauses)  # () = none


@dataclass(frozen=True, slots=True)
class Quarantine:
    keep_days: int = _whole(14, 1, 3650)  # what is not needed any more goes after so long
    keep_unsolved: bool = _boolean(True)  # what was never replaced stays beyond that, as the only copy
    min_age: float = _seconds_or_none(120.0, HOUR)  # since the last change before a file may be put aside


@dataclass(frozen=True, slots=True)
class Checks:
    interval: float = _seconds(30.0)
    disk_warning: int = _size(5 * GB)
    disk_critical: int = _size(2 * GB)
    server_attempts: int = _whole(3, 1, 100)
    server_interval: float = _seconds(10.0)
    unit_silence: float = _seconds_or_none(300.0)  # the bot's unit runs, and its bot says nothing; 0 = never judged


@dataclass(frozen=True, slots=True)
class Predict:
    """`[predict]`: docs/explanation/forecast.md has what each kind of prediction means, and how good it is."""

    enabled: bool = _boolean(True)
    disk_horizon: float = _seconds(float(DAY), 7 * DAY)
    disk_probability: float = _key(0.7, "share", v.share)  # of being full within the horizon, to be worth saying
    alerts_per_week: int = _whole(1, 0, 1000)  # false ones of all kinds; then the kind is shown and not told
    shadow_days: int = _whole(7, 0, 365)  # after the first start: predictions are shown and judged, not told


@dataclass(frozen=True, slots=True)
class BotApi:
    local: bool = _boolean(True)
    url: str = _key("http://127.0.0.1:8081", "url", v.url)
    container: str = _key("telegram-bot-api", "container", v.or_empty(v.container))
    host_dir: str = _path_or_empty()  # "" = from the container's mounts, else ~owner/.telegram-bot-api
    container_dir: str = _key("/var/lib/telegram-bot-api", "path", v.absolute)


@dataclass(frozen=True, slots=True)
class Telegram:
    admin_id: str = _key("", "admin", v.or_empty(v.admin))
    token: str = _token()
    alert_token: str = _token()
    api_url: str = _key("", "url", v.or_empty(v.url))  # "" = bot_api.url if local, else the public server


HUB_STATE = Path("/var/lib/trafico-monitor-hub")  # of a hub, in place of `Paths.state`


@dataclass(frozen=True, slots=True)
class Paths:
    state: Path = _folder("/var/lib/trafico-monitor")
    logs: Path = _folder("/var/log/trafico-monitor")


@dataclass(frozen=True, slots=True)
class Retention:
    """Open and unsent items are kept, whatever their age and size."""

    days: int = _whole(90, 0, 36500)  # of closed incidents and events in the database; 0 = for ever
    database: int = _size(GB)  # beyond it the oldest closed incidents go, whatever their age; 0 = any size
    log_size: int = _size(8 * 1000**2)  # of descarga_errors.json and of monitor.log before they are rotated
    log_files: int = _whole(5, 1, 1000)  # older ones of each that are kept


@dataclass(frozen=True, slots=True)
class Web:
    listen: str = _key("127.0.0.1:8787", "listen", v.listen)
    origins: tuple[str, ...] = _key((), "origins", v.several(v.origin, 20))  # pages that may ask: a panel, a proxy
    base_path: str = _key("", "base_path", v.or_empty(v.base_path))  # where a proxy serves it, such as "/monitor"
    frame_ancestors: tuple[str, ...] = _key((), "origins", v.several(v.origin, 20))  # pages that may frame it
    status_token: str = _key("", "status_token", v.or_empty(v.status_token), secret=True)  # of /status and /healthz


@dataclass(frozen=True, slots=True)
class Alerts:
    """`[alerts]`: timing and recipients. `quiet_from`/`quiet_until` are "HH:MM" local time, "" = never."""

    remind_every: float = _seconds_or_none(30 * MINUTE)  # 0 = no reminders
    escalate_to: tuple[str, ...] = _channels()  # in the order supervisor, dev
    # Without acknowledgement, since the alert.
    escalate_after: tuple[float, ...] = _key((15 * MINUTE, 30 * MINUTE), "moments", v.moments)
    fallback: str = _key("", "channel_or_empty", v.or_empty(v.label))  # takes over; "" = the first other one
    quiet_from: str = _key("", "time_of_day", v.or_empty(v.time_of_day))
    quiet_until: str = _key("", "time_of_day", v.or_empty(v.time_of_day))
    maintenance: float = _seconds_or_none(5 * MINUTE)  # how long a person's stop of the bot's unit counts as planned
    unit_settled: float = _seconds_or_none(MINUTE)  # life of the bot after a crash until the alert is over; 0 = none
    answers: bool = _boolean(True)  # obey /estado, /incidentes and buttons on the alert bot
    ping_url: str = _key("", "web_address_or_empty", v.or_empty(v.web_address), secret=True)  # Healthchecks style
    ping_every: float = _seconds(MINUTE, HOUR)


@dataclass(frozen=True, slots=True)
class Fleet:
    """`[fleet]` of a machine: where its records and heartbeat go. The key, or a password, is a credential of the unit
    (`fleet-key`, `fleet-password`). `trafico-monitor fleet join` writes all of it."""

    url: str = _key("", "database_or_empty", v.or_empty(v.database))  # "" = no fleet
    name: str = _key("", "machine_or_empty", v.or_empty(v.machine))
    certificate: str = _path_or_empty()
    ca: str = _path_or_empty()  # "" = the certificates that the system trusts
    every: float = _seconds(MINUTE, HOUR)
    names: bool = _boolean(True)  # False: modelo, video and whatever quotes them stay on this machine


@dataclass(frozen=True, slots=True)
class Hub:
    """`[hub]`: the shared view. A password is the credential `hub-password` of the hub's unit."""

    url: str = _key("", "database_or_empty", v.or_empty(v.database))
    public_url: str = _key("", "database_or_empty", v.or_empty(v.database))  # for the machines; "" = url
    ca: str = _path_or_empty()
    silent_after: float = _seconds(3 * MINUTE)
    escalate_unanswered: float = _seconds_or_none(15 * MINUTE)  # 0 = never
    skew: float = _seconds(MINUTE)  # difference of a machine's clock that is worth a message


@dataclass(frozen=True, slots=True)
class Channel:
    """`[channels.NAME]`. The channel `admin` is always there, made of `[telegram]`.

    A Telegram channel without `token` uses that of `[telegram]`; `api_url` "" is found out
    (`telegram_endpoints.channels`). `url` is Apprise's, or the webhook's address; both may hold a secret. `secret`
    signs the webhook's messages, "" for unsigned ones.
    """

    name: str
    kind: ChannelKind = _words(
        "one_of", ChannelKind.TELEGRAM, _KINDS, lambda value: ChannelKind(v.one_of(*_KINDS)(value))
    )
    chat: str = _key("", "chat", v.chat)
    token: str = _token()
    api_url: str = _key("", "url", v.or_empty(v.url))
    url: str = _key("", "address", v.address, secret=True)
    secret: str = _key("", "signing_secret", v.or_empty(v.signing_secret), secret=True)


@dataclass(frozen=True, slots=True)
class Route:
    """`[routes.NAME]`: notifications for which every condition holds go to the channels `to`. An empty
    condition always holds; a notification that no route takes goes to `admin`."""

    name: str
    to: tuple[str, ...] = _channels()  # none is refused by `problems.contradictions`
    severity: str = _words("one_of", "", _SEVERITIES, v.one_of(*_SEVERITIES))  # the least, "" for any
    types: tuple[str, ...] = _words("list_of", (), _TYPES, v.several(v.one_of(*_TYPES)))
    modelos: tuple[str, ...] = _key((), "list_of_text", v.several(v.text))


@dataclass(frozen=True, slots=True)
class Config:
    """`sources` names the files that were read; `missing` holds codes (`missing.<code>` in messages/) of missing
    settings, and of reasons to refuse repairs. `explicit` holds the keys (`section.key`) that were set explicitly:
    a detected value, or the project's `src/.env`, never replaces one of them."""

    language: str = _key("es", "language", v.one_of("es", "en"))
    project: Project = field(default_factory=Project)
    bot: Bot = field(default_factory=Bot)
    journal: Journal = field(default_factory=Journal)
    retry: Retry = field(default_factory=Retry)
    quarantine: Quarantine = field(default_factory=Quarantine)
    checks: Checks = field(default_factory=Checks)
    predict: Predict = field(default_factory=Predict)
    bot_api: BotApi = field(default_factory=BotApi)
    telegram: Telegram = field(default_factory=Telegram)
    paths: Paths = field(default_factory=Paths)
    retention: Retention = field(default_factory=Retention)
    web: Web = field(default_factory=Web)
    alerts: Alerts = field(default_factory=Alerts)
    fleet: Fleet = field(default_factory=Fleet)
    hub: Hub = field(default_factory=Hub)
    channels: tuple[Channel, ...] = ()  # as configured; `telegram_endpoints.channels` has them all, ready for use
    routes: tuple[Route, ...] = ()
    sources: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    explicit: frozenset[str] = frozenset()
    refused_state: str = ""  # the paths.state that was configured, where `paths` has another instead

    @property
    def models_path(self) -> Path | None:
        """The models directory, or None while no project is known."""
        if not self.project.dir:
            return None
        return Path(self.project.dir) / self.project.models_dir


def missing_fields(config: Config, user: str = SERVICE_USER) -> dict[str, str]:
    """The {fields} of `missing.<code>` and `fix.missing.<code>`: names and places, no secret."""
    folder = config.project.dir
    return {
        "user": user,
        "unit": config.bot.unit,
        "dir": folder,
        "models": str(config.models_path or ""),
        "env": str(PurePosixPath(folder) / config.project.env_file),
        "bot_api": config.bot_api.host_dir,
        "owner": config.project.owner,
        "refused": config.refused_state,
        "state": str(config.paths.state),
    }


# A section of these is a table of tables, each with a name that the operator gives; `*` in KEYS.
NAMED: Mapping[str, type] = MappingProxyType({"channels": Channel, "routes": Route})


def _keys_of(made_of: type, prefix: str) -> dict[str, Key]:
    return {f"{prefix}{part.name}": part.metadata["key"] for part in fields(made_of) if "key" in part.metadata}


def _all_keys() -> dict[str, Key]:
    found = _keys_of(Config, "")
    for part in fields(Config):
        if part.name in NAMED:
            found |= _keys_of(NAMED[part.name], f"{part.name}.*.")
        elif isinstance(part.default_factory, type):
            found |= _keys_of(part.default_factory, f"{part.name}.")
    return found


KEYS: Mapping[str, Key] = MappingProxyType(_all_keys())
SECTIONS = tuple(dict.fromkeys(name.partition(".")[0] for name in KEYS if "." in name))
# The mission's environment variables, in the process's environment and in src/.env.
VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "TELEGRAM_TOKEN": "telegram.token",
        "ADMIN_ID": "telegram.admin_id",
        "USE_LOCAL_BOT_API": "bot_api.local",
        "TELEGRAM_BOT_API_LOCAL_URL": "bot_api.url",
    }
)


# What the service reads at its start only: a reload leaves it as it is, and says so.
NEEDS_RESTART = frozenset(
    {
        *("paths.state", "paths.logs", "retention.log_size", "retention.log_files", "web.listen"),
        *("hub.url", "hub.ca"),
    }
)


def restart_needed(started: Config, now: Config) -> tuple[str, ...]:
    """The keys of NEEDS_RESTART that have changed since the start."""
    parts = ((name, *name.split(".")) for name in sorted(NEEDS_RESTART))
    return tuple(
        name
        for name, section, key in parts
        if getattr(getattr(started, section), key) != getattr(getattr(now, section), key)
    )


def general(name: str) -> str:
    """`name` as KEYS has it: the operator's own name in it is a `*`."""
    section, _, rest = name.partition(".")
    own, dot, last = rest.partition(".")
    return f"{section}.*.{last}" if section in NAMED and dot and own else name


def key_of(name: str) -> Key | None:
    """Returns the definition of the key `name`, also in a named table: `channels.dev.kind` is `channels.*.kind`."""
    return KEYS.get(general(name))


def variable(name: str) -> Key:
    """How the text of one of VARIABLES is to be taken: booleans are words there."""
    key = KEYS[VARIABLES[name]]
    return Key("boolean_word", v.boolean) if key.expected == "boolean" else key


def settle(config: Config, values: Mapping[str, object]) -> Config:
    """`config` with `values` (by `section.key`, already checked) in place. Tables of a named section come in the
    order of their first key."""
    sections: dict[str, Any] = {}
    for name, value in values.items():
        section, _, rest = name.partition(".")
        own, _, last = rest.rpartition(".")
        if not rest:
            sections[section] = value
        elif section in NAMED:
            sections.setdefault(section, {}).setdefault(own, {})[last] = value
        else:
            sections.setdefault(section, {})[rest] = value
    for section, inner in sections.items():
        if section in NAMED:
            sections[section] = tuple(NAMED[section](own, **table) for own, table in inner.items())
        elif isinstance(inner, dict):
            sections[section] = replace(getattr(config, section), **inner)
    return replace(config, **sections)
