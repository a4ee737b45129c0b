"""Text about a video that a repair put into `_rescatados`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..messages import catalogue, format, text
from ..model.alert import Notification, NotificationCode
from ..model.installation import mark_of, shell_word
from . import choosing
from .chatops.keyboard import Button
from .messages.markup import Line, line, name, verbatim, words

CODES = frozenset({NotificationCode.RESCUED, NotificationCode.RESCUED_PLACED, NotificationCode.RESCUED_LEFT})
_MOST_NAMED = 10
_LONGEST_COMMAND = 1200  # a name of 255 bytes, each spelled out


def lines(notice: Notification, language: str) -> Iterator[Line]:
    """What happened to which file, and what is to be done."""
    said = notice.fields
    yield line(f"notice.{notice.code}", language)
    yield line("notice.rescued.file", language, archivo=verbatim(said.get("archivo", ""), 300))
    if said.get("bytes", "").isdecimal():
        yield line("notice.rescued.size", language, size=words(format.size(int(said["bytes"]), language)))
    if said.get("incidente"):
        kind = f"notice.kind.{said.get('tipo', '')}"
        what = words(text(kind, language)) if kind in catalogue(language) else words("-")
        yield line("notice.rescued.incident", language, que=what, id=words(said["incidente"], 40))
    if notice.code is NotificationCode.RESCUED_PLACED:
        yield line("notice.modelo", language, modelo=name(said.get("modelo", ""), 80))
        yield line("notice.rescued.place", language, ruta=verbatim(said.get("ruta", ""), 600))
    if notice.code is NotificationCode.RESCUED:
        yield from _to_be_done(said, language)


def entry(notice: Notification, when: Line, language: str) -> Line:
    """`notice` in one line, as it stands among others, where no button is."""
    file = verbatim(notice.fields.get("archivo", ""), 300)
    if notice.code is not NotificationCode.RESCUED:
        return line(f"notice.digest.{notice.code}", language, hora=when, archivo=file)
    return line("notice.digest.rescued", language, hora=when, archivo=file, orden=_command(notice.fields))


def rows(notice: Notification, language: str) -> tuple[tuple[Button, ...], ...]:
    """The buttons beneath it: () where there is nothing to choose (any more)."""
    said = notice.fields
    names = [one for one in said.get("modelos", "").split("/") if choosing.offered(one)]
    if notice.code is not NotificationCode.RESCUED or not names:
        return ()
    total = said.get("total", "")
    mark = mark_of(said.get("archivo", ""), said.get("incidente", ""))
    return choosing.rows(mark, names, language, total=int(total) if total.isdecimal() else 0)


def _to_be_done(said: Mapping[str, str], language: str) -> Iterator[Line]:
    reason = f"reason.{said.get('motivo', '')}"
    if reason in catalogue(language):
        yield line("notice.reason", language, motivo=words(text(reason, language)))
    if said.get("dicho"):
        yield line("notice.rescued.said", language, modelo=name(said["dicho"], 80))
    names = [one for one in said.get("modelos", "").split("/") if one]
    if names:
        total = int(said["total"]) if said.get("total", "").isdecimal() else 0
        shown = [name(one, choosing.LONGEST_NAME) for one in names[:_MOST_NAMED]]
        if total > _MOST_NAMED:
            shown.append(line("notice.rescued.more", language, n=words(total - _MOST_NAMED)))
        listed = Line(", ".join(one.html for one in shown), ", ".join(one.plain for one in shown))
        yield line("notice.rescued.modelos", language, modelos=listed)
    yield line("notice.rescued.advice", language, orden=_command(said))


def _command(said: Mapping[str, str]) -> Line:
    return verbatim(f"sudo trafico-monitor assign {shell_word(said.get('archivo', ''))} MODELO", _LONGEST_COMMAND)
