"""Every configuration key: what it may be, and whether its value must never be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from . import values as v


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
        "checks.interval": _SECONDS,
        "checks.disk_warning": _SIZE,
        "checks.disk_critical": _SIZE,
        "checks.server_attempts": Key("whole", v.whole(1, 100), fields=_between(1, 100)),
        "checks.server_interval": _SECONDS,
        "checks.unit_silence": _SECONDS,
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
    here = [key for key in KEYS if key.startswith(f"{section}.")]
    return next(iter(get_close_matches(name, here, 1, 0.75)), None) or _elsewhere(last)


def _elsewhere(last: str) -> str | None:
    """A key of any section whose own name is `last` or much like it."""
    by_last = {key.rpartition(".")[2]: key for key in reversed(list(KEYS))}
    close = get_close_matches(last, by_last, 1, 0.75)
    return by_last[close[0]] if close else None
