"""Raw journal fields → JournalEntry: decoded, redacted and attributed by journald's trusted fields. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from ..host.redact import SECRET, redact, redact_raw
from ..host.torn import LineRedactor
from ..model.journal_entry import NO_FIELDS, JournalEntry, Origin
from .origin import Senders, Watch, as_bytes, container_pid, decoded, first, of_container, pid_of, plain

MESSAGE_LIMIT = 16 * 1024  # characters of a message that are kept

_FIELD_LIMIT = 4096
_FIELD_COUNT = 32
_BOT_PREFIX = "TRAFICO_"
_SYSTEMD_FIELDS = (
    "MESSAGE_ID",
    "EXIT_CODE",
    "EXIT_STATUS",
    "N_RESTARTS",
    "UNIT_RESULT",
    "JOB_RESULT",
    "JOB_TYPE",
    "N_DROPPED",
)
# What a cut inside a bot token leaves on either side of it: too short for `redact` to know it, and
# perhaps with invisible characters inside. More than the token may go; the line is broken anyway.
_PARTIAL_TAIL = 120
_PARTIAL_END = re.compile(rf"(?<![0-9])[0-9]{{5,}}+[^ /'\"]{{0,{_PARTIAL_TAIL}}}\Z")
_PARTIAL_START = re.compile(r"\A[^ /'\"]{6,}")  # fewer disclose nothing


Door = Callable[[str, int], str]  # a raw text and its process → the text without secrets


def alone(text: str, _process: int) -> str:
    """Redacts a line without known neighbours."""
    return redact_raw(text)


def parse(
    raw: Mapping[str, object],
    watch: Watch,
    *,
    at: float,
    cursor: str = "",
    door: Door = alone,
    senders: Senders | None = None,
) -> JournalEntry | None:
    """Returns the entry, or None if `watch` does not select it.

    `raw` has the fields from python-systemd: bytes or str, or a list of them if a field occurs more than once. `at` is
    the journal's realtime in seconds since the epoch. `senders` knows the processes of earlier entries.
    """
    origin = (senders or Senders(watch)).of(raw)
    if origin is None:
        return None
    if origin is Origin.BOT and watch.container and of_container(raw, watch):
        return _of_container(raw, at, cursor, door)
    pid, value = pid_of(raw.get("_PID")), raw.get("MESSAGE", b"")
    text = message_text(value, pid, door)
    return JournalEntry(text, pid, at, cursor, origin, _fields(raw, origin), shortened(value, text))


def _of_container(raw: Mapping[str, object], at: float, cursor: str, door: Door) -> JournalEntry:
    """A line of a container's output. Docker splits it at 16 KiB, and Podman leaves its line break."""
    message = as_bytes(first(raw.get("MESSAGE"))).removesuffix(b"\n")
    continued = plain(raw.get("CONTAINER_PARTIAL_ORDINAL")) not in ("", "1")
    broken = plain(raw.get("CONTAINER_PARTIAL_MESSAGE")) == "true"
    return bot_entry(message, container_pid(raw), at, cursor, continued=continued, broken=broken, door=door)


def _fields(raw: Mapping[str, object], origin: Origin) -> Mapping[str, str]:
    if origin is Origin.CHILD:
        return NO_FIELDS
    return _bot_fields(raw) if origin is Origin.BOT else _systemd_fields(raw)


def bot_entry(
    message: bytes,
    pid: int,
    at: float,
    cursor: str,
    *,
    continued: bool = False,
    broken: bool = False,
    door: Door = alone,
    origin: Origin = Origin.BOT,
) -> JournalEntry:
    """Returns the entry of a line on the bot's standard output, or on a child's. In a line that was split, the start
    of a `continued` piece may be the rest of a secret, and the end of a `broken` piece its first half."""
    text = message_text(message, pid, door)
    if continued:
        text = _PARTIAL_START.sub(SECRET, text)
    text = _without_partial_end(text) if broken else text
    return JournalEntry(text, pid, at, cursor, origin, shortened=shortened(message, text))


def message_text(value: object, process: int = 0, door: Door = alone) -> str:
    """Returns MESSAGE as text: lossily decoded, without NUL, secrets and literal `<TOKEN>`, at most MESSAGE_LIMIT
    characters."""
    if isinstance(value, list):
        value = b"\n".join(as_bytes(part) for part in value)
    data = as_bytes(value)
    return _cut(door(decoded(data), process), data)


def shortened(value: object, text: str) -> int:
    """Returns the number of characters that `text` lost compared with `value`; 0 for several lines."""
    data = as_bytes(value)
    if "<" not in text and len(data) <= len(text):  # a removed secret leaves a stand-in, or fewer bytes
        return 0
    return 0 if b"\n" in data else max(0, len(decoded(data)) - len(text))


def _cut(text: str, data: bytes) -> str:
    if len(data) <= MESSAGE_LIMIT:
        return text[:MESSAGE_LIMIT]
    # Redacting shortens, so the end of what was read may survive the cut below.
    return _without_partial_end(text)[:MESSAGE_LIMIT]


def _without_partial_end(text: str) -> str:
    # Digits that end further up are followed by more than `_PARTIAL_END` takes.
    first = len(text[:-_PARTIAL_TAIL].rstrip("0123456789"))
    match = _PARTIAL_END.search(text, first)
    return text if match is None else text[: match.start()] + SECRET


def _bot_fields(raw: Mapping[str, object]) -> Mapping[str, str]:
    names = [name for name in raw if name.startswith(_BOT_PREFIX)][:_FIELD_COUNT]
    return {name: _field(raw[name]) for name in names} if names else NO_FIELDS


def _systemd_fields(raw: Mapping[str, object]) -> Mapping[str, str]:
    return {name: _field(raw[name]) for name in _SYSTEMD_FIELDS if name in raw}


def _field(value: object) -> str:
    # A `<TOKEN>` in a field stays one: no line can set a field, and `trafico_monitor.bot` redacts by itself.
    data = as_bytes(first(value))
    return _cut(redact(decoded(data)), data)[:_FIELD_LIMIT]


# A plain file is one process of the bot, one entry per line. In the short format each line has
# its own process, and PID 1 is systemd about the unit.

APART_SECONDS = 0.005
PLAIN_PID = 2
# The short format has no year; a leap year knows every date.
_YEAR = 2024
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SHORT = re.compile(
    r"(?P<month>[A-Z][a-z]{2}) (?P<day>[ 0-9]\d) (?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.\d{1,6})? "
    r"(?P<host>\S{1,255}) (?P<name>[^\[\]:]{1,255}?)(?:\[(?P<pid>\d{1,10})\])?: ?(?P<message>.*)",
    re.DOTALL,
)
_ORIGINS = {"systemd": Origin.MANAGER, "systemd-journald": Origin.JOURNALD}


def entries(lines: Iterable[str], base: float = 0.0) -> Iterator[JournalEntry]:
    """Yields redacted entries of `lines` (without line ends), with cursors `line:N` from 1.

    Empty lines and journalctl's own remarks (`-- Boot … --`) are skipped. `base` is the time of the first line if the
    lines have no timestamps, in seconds since the epoch; they are 5 ms apart.
    """
    at, door = base, LineRedactor()
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip("\r\n").replace("\0", "")
        if not line.strip() or (line.startswith("-- ") and line.endswith(" --")):
            continue
        cursor = f"line:{number}"
        match = _SHORT.fullmatch(line)
        if match is None:
            at += APART_SECONDS
            text = door.line(line, PLAIN_PID)
            yield JournalEntry(text, PLAIN_PID, at, cursor, shortened=max(0, len(line) - len(text)))
            continue
        at = max(at, _time(match, at))
        name = match["name"].strip()
        pid = int(match["pid"] or 0)
        text = door.line(match["message"], pid)
        shortened = max(0, len(match["message"]) - len(text))
        yield JournalEntry(text, pid, at, cursor, _origin(name, pid), shortened=shortened)


def _origin(name: str, pid: int) -> Origin:
    if name == "systemd" and pid != 1:
        return Origin.BOT  # a user manager is not PID 1
    return _ORIGINS.get(name, Origin.BOT)


def _time(match: re.Match[str], otherwise: float) -> float:
    try:
        moment = datetime(
            _YEAR,
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            int(match["second"]),
            tzinfo=UTC,
        )
    except ValueError:
        return otherwise
    return moment.timestamp()
