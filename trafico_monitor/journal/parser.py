"""Raw journal fields → JournalEntry: decoded, redacted and attributed by journald's trusted fields. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from ..host.redact import SECRET, redact, redact_raw
from ..host.torn import LineRedactor
from ..model.journal_entry import NO_FIELDS, JournalEntry, Origin

MESSAGE_LIMIT = 16 * 1024  # characters of a message that are kept
READ_LIMIT = 64 * 1024  # bytes of a value that are read; journald splits stdout lines at 48 K
SUPPRESSED = "a596d6fe7bfa4994828e72309e95d61e"  # SD_MESSAGE_JOURNAL_DROPPED of sd-messages.h

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
_PARTIAL_END = re.compile(r"(?<![0-9])[0-9]{5,}+[^ /'\"]{0,120}\Z")
_PARTIAL_START = re.compile(r"\A[^ /'\"]{6,}")  # fewer disclose nothing


@dataclass(frozen=True, slots=True)
class Watch:
    """Selection of entries: `unit` "" matches any unit, `process` "" every process of it.

    Any account can start a process with any command line: without a unit, only processes of `uid` match, and none if
    that is None. `own_pid` is the reading process, whose lines are always excluded.
    """

    unit: str
    process: str
    own_pid: int = 0
    uid: int | None = None


Door = Callable[[str, int], str]  # a raw text and its process → the text without secrets


def alone(text: str, _process: int) -> str:
    """Redacts a line without known neighbours."""
    return redact_raw(text)


def parse(
    raw: Mapping[str, object], watch: Watch, *, at: float, cursor: str = "", door: Door = alone
) -> JournalEntry | None:
    """Returns the entry, or None if `watch` does not select it.

    `raw` has the fields from python-systemd: bytes or str, or a list of them if a field occurs more than once. `at` is
    the journal's realtime in seconds since the epoch.
    """
    origin = origin_of(raw, watch)
    if origin is None:
        return None
    fields = _bot_fields(raw) if origin is Origin.BOT else _systemd_fields(raw)
    pid, value = pid_of(raw.get("_PID")), raw.get("MESSAGE", b"")
    text = message_text(value, pid, door)
    return JournalEntry(text, pid, at, cursor, origin, fields, shortened(value, text))


def origin_of(raw: Mapping[str, object], watch: Watch) -> Origin | None:
    """Returns the sender, from fields that only journald can set (they start with `_`), plus those that PID 1 and
    journald themselves add. None: not selected."""
    pid = pid_of(raw.get("_PID"))
    if pid == 1:
        said_of = _plain(raw.get("UNIT"))
        return Origin.MANAGER if watch.unit and said_of == watch.unit else None
    if _plain(raw.get("_TRANSPORT")) == "driver":
        return Origin.JOURNALD if _suppression(raw, watch.unit) else None
    if watch.unit and _plain(raw.get("_SYSTEMD_UNIT")) != watch.unit:
        return None
    if not watch.unit and (watch.uid is None or _plain(raw.get("_UID")) != str(watch.uid)):
        return None
    if not is_bot(_plain(raw.get("_CMDLINE")), pid, watch) or _own_line(raw):
        return None
    return Origin.BOT


def is_bot(cmdline: str, pid: int, watch: Watch) -> bool:
    """True if a process of the monitored unit with this command line is the bot.

    The monitor's own command line may contain the bot's name (`--process bot_central.py`).
    """
    if pid == watch.own_pid or "-m trafico_monitor" in cmdline:
        return False
    return watch.process in cmdline


def bot_entry(
    message: bytes,
    pid: int,
    at: float,
    cursor: str,
    *,
    continued: bool = False,
    broken: bool = False,
    door: Door = alone,
) -> JournalEntry:
    """Returns the entry of a line on the bot's standard output. In a line split by journald, the start of a
    `continued` piece may be the rest of a secret, and the end of a `broken` piece its first half."""
    text = message_text(message, pid, door)
    if continued:
        text = _PARTIAL_START.sub(SECRET, text)
    text = _PARTIAL_END.sub(SECRET, text) if broken else text
    return JournalEntry(text, pid, at, cursor, shortened=shortened(message, text))


def message_text(value: object, process: int = 0, door: Door = alone) -> str:
    """Returns MESSAGE as text: lossily decoded, without NUL, secrets and literal `<TOKEN>`, at most MESSAGE_LIMIT
    characters."""
    if isinstance(value, list):
        value = b"\n".join(_bytes(part) for part in value)
    data = _bytes(value)
    return _cut(door(_decoded(data), process), data)


def shortened(value: object, text: str) -> int:
    """Returns the number of characters that `text` lost compared with `value`; 0 for several lines."""
    data = _bytes(value)
    if "<" not in text and len(data) <= len(text):  # a removed secret leaves a stand-in, or fewer bytes
        return 0
    return 0 if b"\n" in data else max(0, len(_decoded(data)) - len(text))


def _cut(text: str, data: bytes) -> str:
    if len(data) <= MESSAGE_LIMIT:
        return text[:MESSAGE_LIMIT]
    # Redacting shortens, so the end of what was read may survive the cut below.
    return _PARTIAL_END.sub(SECRET, text)[:MESSAGE_LIMIT]


def pid_of(value: object) -> int:
    """Returns `_PID` as a number; 0 if it is missing or invalid."""
    digits = value if isinstance(value, int) else _plain(value)
    try:
        return int(digits)
    except ValueError:
        return 0


def _suppression(raw: Mapping[str, object], unit: str) -> bool:
    """journald's «Suppressed N messages from <unit>», the only trace of its rate limiting."""
    if _plain(raw.get("MESSAGE_ID")) != SUPPRESSED:
        return False
    return not unit or _plain(raw.get("MESSAGE")).endswith(f" from {unit}")


def _own_line(raw: Mapping[str, object]) -> bool:
    return _plain(raw.get("SYSLOG_IDENTIFIER")) == "trafico-monitor" or "TRAFICO_REGISTRO" in raw


def _bot_fields(raw: Mapping[str, object]) -> Mapping[str, str]:
    names = [name for name in raw if name.startswith(_BOT_PREFIX)][:_FIELD_COUNT]
    return {name: _field(raw[name]) for name in names} if names else NO_FIELDS


def _systemd_fields(raw: Mapping[str, object]) -> Mapping[str, str]:
    return {name: _field(raw[name]) for name in _SYSTEMD_FIELDS if name in raw}


def _field(value: object) -> str:
    # A `<TOKEN>` in a field stays one: no line can set a field, and `trafico_monitor.bot` redacts by itself.
    data = _bytes(_first(value))
    return _cut(redact(_decoded(data)), data)[:_FIELD_LIMIT]


def _plain(value: object) -> str:
    """Returns a field as text; the first of several values, "" for a missing one."""
    return _decoded(_bytes(_first(value)))


def _first(value: object) -> object:
    if isinstance(value, list):
        return value[0] if value else None
    return value


def _bytes(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if value is None:
        return b""
    if isinstance(value, UUID):  # python-systemd converts MESSAGE_ID
        return value.hex.encode()
    return str(value).encode("utf-8", "replace")


def _decoded(data: bytes) -> str:
    text = data[:READ_LIMIT].decode("utf-8", "replace")
    return text.replace("\0", "") if "\0" in text else text


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
