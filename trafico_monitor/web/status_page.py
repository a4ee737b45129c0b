"""A small page without names of videos, a badge, and a health check: for a wall, Homepage and Uptime Kuma.

Whoever knows `web.status_token` sees them without a session: `?token=`, or `Authorization: Bearer`.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from string import Template

from starlette.requests import Request
from starlette.responses import Response

from ..messages import LANGUAGES, text
from ..messages.format import moment
from ..model.uptime import Day, Uptime
from ..model.validation import Schema, Text
from .api import parameters
from .ports import Present
from .responses import json_response, language_of
from .verdict import Part, Tone, Verdict, judge

STATUS = Schema({"token": Text("text", most=200), "language": Text("text", one_of=LANGUAGES)})
SHOWN_DAYS = 30
GOOD_SHARE, WEAK_SHARE = 0.999, 0.95
_WORDS = {Tone.GOOD: "pass", Tone.WARN: "warn", Tone.BAD: "fail"}
_COLOURS = {Tone.GOOD: "#157347", Tone.WARN: "#8a5300", Tone.BAD: "#b3261e"}
_KEPT = {"cache-control": "no-store"}
_PAGE = Template("""<!doctype html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>$title</title>
<link rel="icon" href="static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="static/app.css">
<link rel="stylesheet" href="static/operating.css">
<script src="static/status.js" type="module"></script>
</head>
<body class="status-page">
<header class="top"><div class="brand">
<img src="static/icon.svg" alt="" width="30" height="30"><h1>$title</h1>
</div></header>
<main>
<p class="error" id="lost" role="alert" hidden>$lost</p>
<section class="verdict"><p class="big $tone">$sentence</p><p class="small">$more</p></section>
<ul class="tiles">$parts</ul>
$uptime</main>
<footer class="foot">$at</footer>
</body>
</html>
""")
_PART = """<li class="tile {tone}"><p class="name"><span class="mark" aria-hidden="true"></span>{name}\
<span class="hidden"> ({word})</span></p><p class="value">{value}</p></li>"""
_ROW = """<div class="uptime-row"><p><b>{name}</b><span>{words}</span></p>\
<div class="bars" role="img" aria-label="{name}: {words}">{bars}</div></div>"""
_BADGE = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" \
aria-label="{label}: {words}">\
<title>{label}: {words}</title><rect width="{width}" height="20" rx="4" fill="#4b5768"/>\
<path d="M{left} 0h{right}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4h-{right}z" fill="{colour}"/>\
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">\
<text x="6" y="14" textLength="{of_label}">{label}</text>\
<text x="{at_words}" y="14" textLength="{of_words}">{words}</text></g></svg>"""
_LETTER = 6.6  # pixels, on the average


class StatusPage:
    """Each answer tells how things are at its moment. No cache keeps it."""

    def __init__(self, present: Present, clock: Callable[[], float]) -> None:
        self._present, self._clock = present, clock

    async def health(self, request: Request) -> Response:
        """200 while all that has to work does (`pass`, or `warn`: something waits for a person), 503 while it does
        not (`fail`)."""
        language, said = self._asked(request), self._present.status()
        verdict = judge(said, self._present.volumes(), language)
        rescued, disks = said["rescued"], [one.free for one in self._present.volumes()]
        found = {
            "status": _WORDS[verdict.tone],
            "text": verdict.sentence,
            "more": verdict.more,
            "open": said["open"],
            "lost": len(_list(said["lost"])),
            "rescued": rescued["files"] if isinstance(rescued, dict) else 0,
            "bot": said["unit_active"],
            "server": said["server_up"],
            "disk_free": min(disks, default=None),
            "version": said["version"],
            "at": self._clock(),
        }
        return json_response(found, 503 if verdict.tone is Tone.BAD else 200)

    async def badge(self, request: Request) -> Response:
        """A picture with the state in a word or two."""
        language = self._asked(request)
        verdict = judge(self._present.status(), self._present.volumes(), language)
        label, words = "trafico-monitor", text(f"ui.badge.{verdict.tone}", language)
        of_label, of_words = round(len(label) * _LETTER), round(len(words) * _LETTER)
        left = of_label + 12
        drawn = _BADGE.format(
            width=left + of_words + 12, left=left, right=of_words + 8, label=label, words=escape(words),
            colour=_COLOURS[verdict.tone], of_label=of_label, of_words=of_words, at_words=left + 6,
        )  # fmt: skip
        return Response(drawn, headers=_KEPT, media_type="image/svg+xml")

    async def page(self, request: Request) -> Response:
        """The verdict, its parts and the last days, to look at."""
        language, now = self._asked(request), self._clock()
        verdict = judge(self._present.status(), self._present.volumes(), language)
        return Response(_page(verdict, self._uptime(language), language, now), headers=_KEPT, media_type="text/html")

    def _uptime(self, language: str) -> str:
        rows = "".join(_row(one, language) for one in self._present.uptime())
        title = escape(text("ui.uptime", language))
        return f'<section class="card"><div class="head"><h2>{title}</h2></div>{rows}</section>' if rows else ""

    def _asked(self, request: Request) -> str:
        return str(parameters(request, STATUS).get("language", language_of(request)))


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _page(verdict: Verdict, uptime: str, language: str, now: float) -> str:
    return _PAGE.substitute(
        language=language,
        title=escape(text("ui.title", language)),
        lost=escape(text("ui.status.lost", language, hora=moment(now))),
        tone=verdict.tone,
        sentence=escape(verdict.sentence),
        more=escape(verdict.more),
        parts="".join(_part(one, language) for one in verdict.parts),
        uptime=uptime,
        at=escape(text("ui.status.at", language, hora=moment(now, day=True))),
    )


def _part(one: Part, language: str) -> str:
    word = text(f"ui.tone.{one.tone}", language)
    return _PART.format(tone=one.tone, name=escape(one.name), value=escape(one.value), word=escape(word))


def _row(one: Uptime, language: str) -> str:
    days = one.days[-SHOWN_DAYS:]
    name = text({"bot": "ui.unit", "server": "ui.server", "monitor": "ui.resources"}[one.part], language)
    words = text("ui.uptime.share", language, parte=_percent(Uptime(one.part, days).share, language), n=len(days))
    bars = "".join(f'<span class="{_tone(day)}"></span>' for day in days)
    return _ROW.format(name=escape(name), words=escape(words), bars=bars)


def _tone(day: Day) -> Tone:
    share = Uptime("", (day,)).share
    if share is None:
        return Tone.IDLE
    return Tone.GOOD if share >= GOOD_SHARE else Tone.WARN if share >= WEAK_SHARE else Tone.BAD


def _percent(share: float | None, language: str) -> str:
    """Never 100 % of what was down for a moment."""
    if share is None:
        return "–"
    shown = "100" if share == 1 else f"{min(99.99, int(share * 10000) / 100):.2f}"
    return f"{shown.replace('.', text('notice.decimal', language))} %"
