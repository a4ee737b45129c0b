"""Every configuration key: what it may be, and whether its value must never be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from ..model.finding import ErrorType
from . import validators as v
from .alerts import ChannelKind


@dataclass(frozen=True, slots=True)
class Key:
    """`expected` is a code (`expect.<code>` in messages/), with `fields` to be filled in."""

    expected: str
    convert: Callable[[object], object]
    secret: bool = False
    fields: Mapping[str, object] = field(default_factory=dict)


def _between(low: int, high: int) -> dict[str, object]:
    return {"low": low, "high": high}


def _folder(value: object) -> Path:
    return Path(v.absolute(value))


_PATH = Key("path_or_empty", v.or_empty(v.absolute))
_SECONDS = Key("seconds", v.seconds(0, 86400), fields=_between(0, 86400))
_SIZE = Key("size", v.size)
_DAY = 86400
_KINDS = tuple(kind.value for kind in ChannelKind)
_TYPES = tuple(kind.value for kind in ErrorType)
_SEVERITIES = ("", "info", "recoverable", "critical")
_CHANNELS = Key("channels", v.several(v.label, 20))


def _kind(value: object) -> ChannelKind:
    return ChannelKind(v.one_of(*_KINDS)(value))


def _seconds_or_none(high: int) -> Key:
    return Key("seconds_or_none", v.seconds_or_none(high), fields=_between(0, high))


def _words(*allowed: str) -> dict[str, object]:
    return {"words": ", ".join(f'"{word}"' for word in allowed)}


# A section of these is a table of tables, each with a name that the operator gives; `*` in KEYS.
NAMED = ("channels", "routes")

KEYS: Mapping[str, Key] = MappingProxyType(
    {
        "language": Key("language", v.one_of("es", "en")),
        "project.dir": _PATH,
        "project.models_dir": Key("beneath", v.beneath),
        "project.env_file": Key("beneath_or_empty", v.or_empty(v.beneath)),
        "project.owner": Key("account", v.or_empty(v.account)),
        "bot.unit": Key("unit", v.or_empty(v.unit)),
        "bot.process": Key("text", v.text),
        "journal.namespace": Key("namespace", v.or_empty(v.namespace)),
        "journal.directory": _PATH,
        "retry.max_attempts": Key("whole", v.whole(1, 20), fields=_between(1, 20)),
        "retry.backoff": Key("pauses", v.pauses),
        "quarantine.keep_days": Key("whole", v.whole(1, 3650), fields=_between(1, 3650)),
        "quarantine.keep_unsolved": Key("boolean", v.strict_boolean),
        "quarantine.min_age": _seconds_or_none(3600),
        "checks.interval": _SECONDS,
        "checks.disk_warning": _SIZE,
        "checks.disk_critical": _SIZE,
        "checks.server_attempts": Key("whole", v.whole(1, 100), fields=_between(1, 100)),
        "checks.server_interval": _SECONDS,
        "checks.unit_silence": _seconds_or_none(_DAY),
        "bot_api.local": Key("boolean", v.strict_boolean),
        "bot_api.url": Key("url", v.url),
        "bot_api.container": Key("container", v.or_empty(v.container)),
        "bot_api.host_dir": _PATH,
        "bot_api.container_dir": Key("path", v.absolute),
        "telegram.admin_id": Key("admin", lambda value: "" if value == "" else v.admin(value)),
        "telegram.token": Key("token", v.or_empty(v.token), secret=True),
        "telegram.alert_token": Key("token", v.or_empty(v.token), secret=True),
        "telegram.api_url": Key("url", v.or_empty(v.url)),
        "paths.state": Key("path", _folder),
        "paths.logs": Key("path", _folder),
        "retention.days": Key("whole", v.whole(0, 36500), fields=_between(0, 36500)),
        "retention.database": _SIZE,
        "retention.log_size": _SIZE,
        "retention.log_files": Key("whole", v.whole(1, 1000), fields=_between(1, 1000)),
        "web.listen": Key("listen", v.listen),
        "web.origins": Key("origins", v.several(v.origin, 20)),
        "alerts.remind_every": _seconds_or_none(_DAY),
        "alerts.escalate_to": _CHANNELS,
        "alerts.escalate_after": Key("moments", v.moments),
        "alerts.fallback": Key("channel_or_empty", v.or_empty(v.label)),
        "alerts.quiet_from": Key("time_of_day", v.or_empty(v.time_of_day)),
        "alerts.quiet_until": Key("time_of_day", v.or_empty(v.time_of_day)),
        "alerts.maintenance": _seconds_or_none(_DAY),
        "alerts.unit_settled": _seconds_or_none(_DAY),
        "alerts.answers": Key("boolean", v.strict_boolean),
        "alerts.ping_url": Key("web_address_or_empty", v.or_empty(v.web_address), secret=True),
        "alerts.ping_every": Key("seconds", v.seconds(0, 3600), fields=_between(0, 3600)),
        "channels.*.kind": Key("one_of", _kind, fields=_words(*_KINDS)),
        "channels.*.chat": Key("chat", v.chat),
        "channels.*.token": Key("token", v.or_empty(v.token), secret=True),
        "channels.*.api_url": Key("url", v.or_empty(v.url)),
        "channels.*.url": Key("address", v.address, secret=True),
        "routes.*.to": _CHANNELS,
        "routes.*.severity": Key("one_of", v.one_of(*_SEVERITIES), fields=_words(*_SEVERITIES[1:])),
        "routes.*.types": Key("list_of", v.several(v.one_of(*_TYPES)), fields=_words(*_TYPES)),
        "routes.*.modelos": Key("list_of_text", v.several(v.text)),
    }
)

# The mission's environment variables, in the process's environment and in src/.env.
VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "TELEGRAM_TOKEN": "telegram.token",
        "ADMIN_ID": "telegram.admin_id",
        "USE_LOCAL_BOT_API": "bot_api.local",
        "TELEGRAM_BOT_API_LOCAL_URL": "bot_api.url",
    }
)
SECTIONS = tuple(dict.fromkeys(name.partition(".")[0] for name in KEYS if "." in name))


def key_of(name: str) -> Key | None:
    """What the key `name` may be, also in a named table: `channels.dev.kind` is `channels.*.kind`."""
    return KEYS.get(general(name))


def general(name: str) -> str:
    """`name` as KEYS has it: the operator's own name in it is a `*`."""
    section, _, rest = name.partition(".")
    own, dot, last = rest.partition(".")
    return f"{section}.*.{last}" if section in NAMED and dot and own else name


def variable(name: str) -> Key:
    """How the text of one of VARIABLES is to be taken: booleans are words there."""
    key = KEYS[VARIABLES[name]]
    return Key("boolean_word", v.boolean) if key.expected == "boolean" else key


def nearest(name: str) -> str | None:
    """The known key or section that somebody who wrote `name` most probably meant."""
    section, _, last = name.rpartition(".")
    if not section:
        known = [*SECTIONS, "language"]
        return next(iter(get_close_matches(name, known, 1)), None) or _elsewhere(name)
    pattern = general(name).rpartition(".")[0]
    here = [section + key.removeprefix(pattern) for key in KEYS if key.startswith(f"{pattern}.")]
    return next(iter(get_close_matches(name, here, 1, 0.75)), None) or _elsewhere(last)


def _elsewhere(last: str) -> str | None:
    """A key of any section whose own name is `last` or much like it."""
    by_last = {key.rpartition(".")[2]: key.replace("*", "NAME") for key in reversed(list(KEYS))}
    close = get_close_matches(last, by_last, 1, 0.75)
    return by_last[close[0]] if close else None
