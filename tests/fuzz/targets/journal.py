"""Raw journal fields and text files: whatever they hold becomes an Entry or nothing."""

from __future__ import annotations

from uuid import UUID

from trafico_monitor.host.redact import redact
from trafico_monitor.journal.origin import Watch
from trafico_monitor.journal.parser import MESSAGE_LIMIT, bot_entry, entries, parse
from trafico_monitor.model.journal_entry import JournalEntry, Origin

from ..feed import SECRET, TOKEN, Feed

LONGEST = 2048
NAMES = (
    "MESSAGE", "_PID", "_SYSTEMD_UNIT", "_CMDLINE", "UNIT", "_TRANSPORT", "MESSAGE_ID", "SYSLOG_IDENTIFIER",
    "EXIT_STATUS", "TRAFICO_EVENTO", "TRAFICO_FILE_ID", "TRAFICO_DESTINO", "TRAFICO_REGISTRO", "N_DROPPED",
    "_LINE_BREAK", "_UID",
)  # fmt: skip
WORDS = (
    "trafico-main.service", "bot_central.py", "python bot_central.py", "1", "77", "1000", "stdout", "driver",
    "trafico-monitor", "a596d6fe7bfa4994828e72309e95d61e", "Suppressed 7 messages from trafico-main.service",
    "-m trafico_monitor", "ERROR:__main__:❌ Error al copiar: ", "Dec 25 14:30:20 host python3[77]: ",
    "Feb 30 99:99:99 h systemd[1]: ", "-- Boot 1 --", "x" * 5000,
)  # fmt: skip
WATCHES = (Watch("trafico-main.service", "bot_central.py", 5), Watch("", "", 0, 1000), Watch("", "bot", 77))


def fuzz(data: bytes) -> None:
    feed = Feed(data)
    kind = feed.below(4)
    if kind == 0:
        _fields(feed)
    elif kind == 1:
        for entry in entries(feed.text(40, WORDS).split("\n"), feed.number()):
            _check(entry)
    elif kind == 2:
        _check(bot_entry(feed.rest(), 7, 0.0, "c", continued=feed.chance()))
    else:
        _broken_line(feed)


def _fields(feed: Feed) -> None:
    raw = {feed.pick(NAMES): _value(feed) for _ in range(feed.below(12))}
    watch = feed.pick(WATCHES)
    entry = parse(raw, watch, at=feed.number(), cursor="c")
    if entry is None:
        return
    _check(entry)
    # Only journald's own fields say who wrote it.
    if watch.unit and entry.origin is Origin.BOT:
        first = raw["_SYSTEMD_UNIT"][0] if isinstance(raw["_SYSTEMD_UNIT"], list) else raw["_SYSTEMD_UNIT"]
        assert _text(first).replace("\0", "") == watch.unit


def _value(feed: Feed) -> object:
    kind = feed.below(8)
    if kind == 0:
        return [_value(feed) for _ in range(feed.below(3))]
    if kind == 1:
        return feed.take(200)
    if kind == 2:
        return feed.below(70000)
    if kind == 3:
        return UUID(int=feed.below(1 << 20))
    text = feed.text(8, WORDS)
    return text if kind == 4 else text.encode("utf-8", "replace")


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _broken_line(feed: Feed) -> None:
    """journald breaks a long line anywhere: no piece may keep most of a token."""
    line = ("x" * feed.below(300) + " " + TOKEN + feed.pick((" ", "/", "'", "\n", "")) + feed.text(3)).encode(
        "utf-8", "replace"
    )
    place = line.index(TOKEN.encode()) + feed.below(len(TOKEN) + 1)
    one = bot_entry(line[:place] if feed.chance() else b"y" * MESSAGE_LIMIT + line[:place], 7, 0.0, "c", broken=True)
    two = bot_entry(line[place:], 7, 0.0, "d", continued=True)
    _check(one), _check(two)
    for size in range(12, len(SECRET) + 1):
        for start in range(len(SECRET) - size + 1):
            piece = SECRET[start : start + size]
            assert piece not in one.message and piece not in two.message, (one.message[-60:], two.message[:60])


def _check(entry: JournalEntry) -> None:
    assert isinstance(entry.message, str) and len(entry.message) <= max(MESSAGE_LIMIT, 200_000)
    for said in (entry.message, *entry.fields.values()):
        assert SECRET not in said, said
        assert "\0" not in said
        assert redact(said) == said
    assert all(len(value) <= 4096 for value in entry.fields.values())
