"""Journal entries in the mission's timeline format: `[14:30:20] [MAIN] 🤖 Iniciando Bot Central...`. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..host.journal_writer import MESSAGE_IDS
from ..host.redact import redact
from ..host.untrusted_json import parse
from ..messages.format import printable, shortened

MONITOR = "trafico-monitor"  # SYSLOG_IDENTIFIER of the monitor's own records
BOT_MARK = "[MAIN] "
_EVENTS = {identity: event for event, identity in MESSAGE_IDS.items()}
# logging.basicConfig's form; what the reader wants is the message.
_PREFIX = re.compile(r"(?P<level>[A-Z]+):(?P<logger>[\w.]+):")
# Over nine in ten of the bot's lines: each question for news, with the token in its address.
_CHATTER = ("httpx", "httpcore", "apscheduler")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Line:
    """One output line. `event` is the monitor's kind of record, "" for the bot's own lines."""

    at: float
    text: str
    bot: bool
    event: str = ""

    def shown(self) -> str:
        """The line in the mission's format, in local time."""
        clock = datetime.fromtimestamp(self.at).astimezone().strftime("%H:%M:%S")
        return f"[{clock}] {BOT_MARK if self.bot else ''}{self.text}"


@dataclass(slots=True)
class Counted:
    """Downloads completed so far, according to the bot or the monitor."""

    events: dict[str, int] = field(default_factory=dict)

    def take(self, line: Line) -> None:
        if line.event:
            self.events[line.event] = self.events.get(line.event, 0) + 1

    def of(self, event: str) -> int:
        return self.events.get(event, 0)


def line_of(entry: bytes, bot_unit: str) -> Line | None:
    """Returns the output line for one line of `journalctl -o json`, or None.

    Tokens and terminal control sequences are removed; the bot's polling is skipped.
    """
    try:
        fields = parse(entry)
        if not isinstance(fields, dict):
            return None
        at = int(fields["__REALTIME_TIMESTAMP"]) / 1_000_000
    except (ValueError, KeyError, TypeError):
        return None
    message = _harmless(_text(fields.get("MESSAGE")))
    if not message.strip():
        return None
    if fields.get("_SYSTEMD_UNIT") == bot_unit:
        said = _without_prefix(message)
        return None if said is None else Line(at, said, bot=True)
    if fields.get("SYSLOG_IDENTIFIER") != MONITOR:
        return None
    return Line(at, message, bot=False, event=_event(fields))


def _event(fields: Mapping[str, object]) -> str:
    return _EVENTS.get(str(fields.get("MESSAGE_ID", "")), "")


def _without_prefix(message: str) -> str | None:
    found = _PREFIX.match(message)
    if found is None:
        return message
    if found["logger"].startswith(_CHATTER) and found["level"] in ("DEBUG", "INFO"):
        return None
    return message[found.end() :].lstrip() or None


def _text(message: object) -> str:
    """Returns MESSAGE as text: journalctl prints non-UTF-8 values as a list of bytes, repeated values as a list."""
    if isinstance(message, str):
        return message
    if isinstance(message, list) and all(isinstance(each, int) for each in message):
        return bytes(each & 0xFF for each in message).decode("utf-8", "replace")
    return str(message[0]) if isinstance(message, list) and message else ""


def _harmless(message: str) -> str:
    return shortened(printable(redact(message[: 4 * _LONGEST]), " ").rstrip(), _LONGEST)
