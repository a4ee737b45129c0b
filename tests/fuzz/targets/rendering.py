"""Every message: mark-up that Telegram takes, at most 4096 units, nothing that leads out of it."""

from __future__ import annotations

from datetime import UTC

from tests.standin.telegram_rules import rendered_text
from trafico_monitor.host.redact import redact
from trafico_monitor.messages import catalogue
from trafico_monitor.model.alert import Notification, NotificationCode, Severity
from trafico_monitor.model.control import ControlResponse
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.model.task import Evidence
from trafico_monitor.notify.chatops import replies
from trafico_monitor.notify.messages.markup import LONGEST_MESSAGE, Message, units
from trafico_monitor.notify.messages.render import render, render_digest

from ..feed import SECRET, Feed

LONGEST = 2048
CODES = tuple(NotificationCode)
FIELDS = tuple(
    sorted(code.removeprefix("notice.field.") for code in catalogue("es") if code.startswith("notice.field."))
)
REASONS = ("", "no_download_data", "file_too_big", "missing.project", "no_space", "bogus", "<b>")
ACTIONS = ("", "none", "by_bot", "given_up", "retry", "copy", "<i>", "folder")
REPLIES = tuple(sorted(code.removeprefix("request.") for code in catalogue("es") if code.startswith("request.")))


def fuzz(data: bytes) -> None:
    feed = Feed(data)
    language = feed.pick(("es", "en"))
    kind = feed.below(6)
    if kind <= 2:
        _check(render(_notice(feed), language, now=feed.number() if feed.chance() else None, zone=UTC))
    elif kind == 3:
        _check(render_digest([_notice(feed) for _ in range(1 + feed.below(90))], language, UTC))
    elif kind == 4:
        _check(replies.incidents_message([_incident(feed) for _ in range(feed.below(30))], language, UTC))
    else:
        status = {
            feed.pick(("unit", "server", "space", "open", "missing", "channels", "outbox")): _any(feed)
            for _ in range(6)
        }
        _check(replies.status_message(status, language))
        reply = ControlResponse(
            feed.chance(),
            feed.pick((*REPLIES, "bogus", "<b>")),
            {name: feed.text(4) for name in ("id", "estado", "motivo", "quien")},
        )
        _check_text(replies.reply_line(reply, language).html)


def _any(feed: Feed) -> object:
    options = (
        feed.text(4), 7, -1.5, None, True, [feed.text(2)],
        {"name": feed.text(2), "waiting": 3, "error": feed.text(3)},
    )  # fmt: skip
    return [feed.pick(options)] if feed.chance() else feed.pick(options)


def _notice(feed: Feed) -> Notification:
    incident = _incident(feed) if feed.chance() else None
    fields = {feed.pick(FIELDS): feed.text(4) if feed.chance() else str(feed.number()) for _ in range(feed.below(8))}
    about = tuple(_notice(feed) for _ in range(feed.below(3))) if feed.chance(16) else ()
    return Notification(
        feed.text(2),
        feed.pick(CODES),
        Severity(feed.below(3)),
        abs(feed.number()) % 4e9,
        feed.below(9),
        incident,
        fields,
        about,
    )


def _incident(feed: Feed) -> Incident:
    def maybe() -> str | None:
        return feed.text(4) if feed.chance(3) else feed.pick((None, "victor", "20251225_143020_a3f2b1.mp4"))

    at = abs(feed.number()) % 4e9
    return Incident(
        id=feed.text(1) if feed.chance(4) else "T7F3K2AB",
        error_type=feed.pick(tuple(ErrorType)),
        opened_at=at,
        updated_at=at + feed.below(9),
        estado=feed.pick(tuple(Estado)),
        download=Download(maybe(), maybe(), source=maybe()),
        error_message=feed.text(8),
        count=feed.below(1 << 20),
        attempt=feed.below(9),
        accion=feed.pick(ACTIONS),
        reason=feed.pick(REASONS),
        waiting_for=feed.pick((None, *ErrorType)),
        evidence=tuple(
            Evidence(feed.pick(("file", "size", "<b>")), feed.text(3), feed.chance()) for _ in range(feed.below(20))
        ),
        closed_at=feed.pick((None, at + 7)),
        acknowledged_by=feed.text(2),
        acknowledged_at=feed.pick((None, at)),
    )


def _check(message: Message) -> None:
    assert units(message.html) <= LONGEST_MESSAGE and units(message.plain) <= LONGEST_MESSAGE
    assert message.plain.strip()
    _check_text(message.html)
    seen = rendered_text(message.html, "HTML")
    assert (
        seen.replace("\u2068", "").replace("\u2069", "").split()
        == message.plain.replace("\u2068", "").replace("\u2069", "").split()
    )


def _check_text(marked: str) -> None:
    rendered_text(marked or "x", "HTML")
    assert SECRET not in marked and redact(marked) == marked, marked
    marked.encode("utf-8")
    assert "\x1b" not in marked and "\u202e" not in marked
