"""Validators of configuration values. Pure: text or TOML value in, value of the schema out.

Every function returns the value in the schema's form or raises ValueError. The key in `schema` describes the expected
value, never the exception, which could contain a secret.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from itertools import pairwise
from pathlib import PurePosixPath
from urllib.parse import SplitResult, urlsplit

from ..host.redact import SECRET, TOKEN, redact

_SIZE = re.compile(r"\s*+(\d{1,18}(?:\.\d{1,6})?)\s*+([kKMGT]i?)?[bB]?\s*+", re.ASCII)
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_LARGEST = 2**63 - 1
_UNIT = re.compile(r"[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]+)?", re.ASCII)
_UNIT_KINDS = (".service", ".scope")
_ADMIN = re.compile(r"-?[1-9]\d{0,18}", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9_.-]{1,253}", re.ASCII)
_STATUS_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")
_BASE_PATH = re.compile(r"(/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,40}){1,8}")
_CHAT_NAME = re.compile(r"@[A-Za-z][A-Za-z0-9_]{3,31}", re.ASCII)
_LABEL = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}", re.ASCII)
_TOKEN = re.compile(r"[0-9]{5,20}:[A-Za-z0-9_-]{30,}")
_TRUE = frozenset({"true", "1", "yes", "on", "si", "sí"})
_FALSE = frozenset({"false", "0", "no", "off"})


def _require(condition: object) -> None:
    if not condition:
        raise ValueError


def text(value: object) -> str:
    """Any line of text without control characters."""
    if not isinstance(value, str) or len(value) > 4096 or any(ord(c) < 32 or ord(c) == 127 for c in value):
        raise ValueError
    return value


def one_of(*allowed: str) -> Callable[[object], str]:
    """One of a few words."""

    def convert(value: object) -> str:
        _require(text(value) in allowed)
        return text(value)

    return convert


def boolean(value: object) -> bool:
    """true or false; as text (an environment variable) also yes/no, on/off, 1/0."""
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    _require(word in _TRUE | _FALSE)
    return word in _TRUE


def strict_boolean(value: object) -> bool:
    """A TOML boolean; the text "false" is a mistake there, and a dangerous one."""
    if not isinstance(value, bool):
        raise ValueError
    return value


def _number(value: object) -> int | float:
    """A number; true is not 1."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError
    return value


def whole(low: int, high: int) -> Callable[[object], int]:
    """A whole number between `low` and `high`."""

    def convert(value: object) -> int:
        number = _number(value)
        if not isinstance(number, int) or not low <= number <= high:
            raise ValueError
        return number

    return convert


def seconds(low: float, high: float) -> Callable[[object], float]:
    """A number of seconds, more than 0 and between `low` and `high`."""

    def convert(value: object) -> float:
        number = _number(value)
        _require(low <= number <= high and number > 0)
        return float(number)

    return convert


def share(value: object) -> float:
    """A number above 0, at most 1."""
    number = _number(value)
    _require(0 < number <= 1)
    return float(number)


def seconds_or_none(high: float) -> Callable[[object], float]:
    """A number of seconds up to `high`; 0 stands for «never»."""
    positive = seconds(0, high)
    return lambda value: 0.0 if _number(value) == 0 else positive(value)


def _list(value: object, low: int, high: int) -> list[object]:
    if not isinstance(value, list) or not low <= len(value) <= high:
        raise ValueError
    return value


def moments(value: object) -> tuple[float, ...]:
    """A list of 1 to 10 numbers of seconds, each more than the one before, at most a week."""
    found = tuple(map(seconds(0, 7 * 86400), _list(value, 1, 10)))
    _require(all(earlier < later for earlier, later in pairwise(found)))
    return found


def pauses(value: object) -> tuple[float, ...]:
    """A list of 1 to 20 pauses in seconds, each at most an hour."""
    return tuple(map(seconds(0, 3600), _list(value, 1, 20)))


def late_pauses(value: object) -> tuple[float, ...]:
    """A list of at most 6 pauses in seconds, each at least one second and at most a day; none is allowed."""
    return tuple(map(seconds(1, 86400), _list(value, 0, 6)))


def several(convert: Callable[[object], str], most: int = 100) -> Callable[[object], tuple[str, ...]]:
    """A list of at most `most` texts, each as `convert` wants it, none twice."""

    def convert_all(value: object) -> tuple[str, ...]:
        found = tuple(map(convert, _list(value, 0, most)))
        _require(len(set(found)) == len(found))
        return found

    return convert_all


def size(value: object) -> int:
    """Bytes: a whole number, or a text such as "5GB", "500 MB", "1.5 GiB" (GB = 1000³)."""
    if not isinstance(value, str):
        return whole(0, _LARGEST)(value)
    match = _SIZE.fullmatch(value)
    if match is None:
        raise ValueError
    unit = (match[2] or "").lower()
    return whole(0, _LARGEST)(round(float(match[1]) * (1024 if "i" in unit else 1000) ** _POWER[unit[:1]]))


def absolute(value: object) -> str:
    """An absolute path that is not the root and does not climb; without a slash at the end."""
    path = PurePosixPath(text(value))
    # A directory that may be written and chowned in must never be the whole machine.
    _require(path.is_absolute() and len(path.parts) >= 2 and ".." not in path.parts)
    return str(path)


def beneath(value: object) -> str:
    """A path relative to the project (not the project itself, not above it), or an absolute one."""
    path = PurePosixPath(text(value))
    if path.is_absolute():
        return absolute(value)
    _require(path.parts and ".." not in path.parts)
    return str(path)


def or_empty(convert: Callable[[object], str]) -> Callable[[object], str]:
    """`convert`, or "" for «find it out» or «none»."""
    return lambda value: "" if value == "" else convert(value)


def matching(pattern: re.Pattern[str]) -> Callable[[object], str]:
    """A text of which `pattern` matches the whole."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or pattern.fullmatch(value) is None:
            raise ValueError
        return value

    return convert


account = matching(re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,62}\$?|\d{1,10}", re.ASCII))
label = matching(_LABEL)
host_name = matching(re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII))
# The name of a role of PostgreSQL and a CN, written as a host's name is.
machine = matching(re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII))
time_of_day = matching(re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII))
address = matching(re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,40}://[^\s\x00-\x1f\x7f]+"))
container = matching(re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}", re.ASCII))
namespace = matching(re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII))


def is_label(value: str) -> bool:
    """Whether `value` can be the name of a channel or a route."""
    return _LABEL.fullmatch(value) is not None


def unit(value: object) -> str:
    """A unit that can be one process's: a service or a scope; «name» alone is name.service."""
    name = text(value)
    if not name.endswith(_UNIT_KINDS):
        name += ".service"
    stem = name.rpartition(".")[0]
    _require(len(name) <= 255 and _UNIT.fullmatch(stem) and not stem.startswith("-"))
    return name


def admin(value: object) -> str:
    """A chat's number, given as number or text; a group's is negative."""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or _ADMIN.fullmatch(value.strip()) is None:
        raise ValueError
    return value.strip()


def chat(value: object) -> str:
    """A chat's number, or the @name of a public channel."""
    if isinstance(value, str) and _CHAT_NAME.fullmatch(value.strip()):
        return value.strip()
    return admin(value)


def token(value: object) -> str:
    """A bot token, written as Telegram gives it. Only what the redactor knows for one is taken: another
    could leak."""
    given = text(value).strip()
    _require(redact(given) in (TOKEN, SECRET) and _TOKEN.fullmatch(given))
    return given


def _http(given: str) -> SplitResult:
    """The parts of an http(s) address with a host."""
    parts = urlsplit(given)
    # .port raises ValueError beyond 65535
    _require(parts.scheme in ("http", "https") and parts.hostname and parts.port != 0)
    return parts


def url(value: object) -> str:
    """An http(s) address with a host, without user, query or fragment; no slash at the end.

    python-telegram-bot appends `/bot<token>` to it; where somebody has copied the bot's own
    `base_url` with its `/bot`, that is taken off.
    """
    given = text(value).strip()
    parts = _http(given)
    host = parts.hostname or ""
    _require(not parts.query and not parts.fragment and "@" not in parts.netloc)
    _require(":" in host or _HOST.fullmatch(host))
    return given.rstrip("/").removesuffix("/bot").rstrip("/")


def web_address(value: object) -> str:
    """An http(s) address with a host, with path and query as given: it may hold a secret."""
    _http(address(value))
    return address(value)


def database(value: object) -> str:
    """The address of a PostgreSQL database: postgresql://[user@]host[:port]/name, or postgresql:///name?host=/folder
    for a unix socket. Without a password, which is a credential of the unit."""
    given = text(value).strip()
    parts = urlsplit(address(given))
    _require(parts.scheme in ("postgresql", "postgres") and len(parts.path) > 1 and not parts.fragment)
    _require(parts.password is None and "password=" not in parts.query and parts.port != 0)
    return given


def listen(value: object) -> str:
    """host:port, [::1]:port, or "" for none; port 0 lets the kernel choose."""
    given = text(value)
    if given == "":
        return ""
    host, _, port = given.rpartition(":")
    inner = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    bracketed = inner is not host
    _require(port.isascii() and port.isdecimal() and int(port) <= 65535 and bracketed == (":" in inner))
    _require(bracketed or _HOST.fullmatch(host))
    return given


def signing_secret(value: object) -> str:
    """A symmetric secret of Standard Webhooks: `whsec_` and 24 to 64 bytes in base64."""
    given = text(value)
    _require(given.startswith("whsec_") and 24 <= len(b64decode(given.removeprefix("whsec_"), validate=True)) <= 64)
    return given


def status_token(value: object) -> str:
    """16 to 128 letters, digits, - and _: it stands in an address."""
    given = text(value)
    _require(_STATUS_TOKEN.fullmatch(given))
    return given


def base_path(value: object) -> str:
    """A path of plain components with a slash before each and none at the end."""
    given = text(value)
    _require(_BASE_PATH.fullmatch(given))
    return given


def origin(value: object) -> str:
    """An address as a browser names a page's: scheme, host, and the port if it is not the usual."""
    given = url(value).lower()
    parts = urlsplit(given)
    _require(not parts.path and not given.endswith({"http": ":80", "https": ":443"}[parts.scheme]))
    return given
