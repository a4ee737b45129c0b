"""How things stand: one sentence and its parts, as the dashboard has them (static/now.js). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..messages import text
from ..messages.format import clock, moment, size
from .ports import Volume

BEHIND_SECONDS = 5.0
_SHOWN_DISKS = 3
_SAME_DAY = 20 * 3600.0
_ALERTS_NEED = frozenset({"admin", "token", "alert_conflict"})

Status = Mapping[str, Any]


class Tone(StrEnum):
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    IDLE = "idle"


@dataclass(frozen=True, slots=True)
class Part:
    """Something that has to work, and how it does, in words."""

    name: str
    tone: Tone
    value: str


@dataclass(frozen=True, slots=True)
class Verdict:
    tone: Tone
    sentence: str
    more: str
    parts: tuple[Part, ...]


def judge(status: Status, volumes: Sequence[Volume], language: str) -> Verdict:
    """What does not work, then what waits for a person, then what the monitor is busy with."""
    parts = tuple(_parts(status, volumes, language))
    broken = ", ".join(one.name for one in parts if one.tone is Tone.BAD)
    weak = ", ".join(one.name for one in parts if one.tone is Tone.WARN)
    names = ", ".join(text(f"short.{code}", language) for code in status["missing"])
    lacking = text("ui.verdict.missing", language, que=names) if names else ""
    rescued = status["rescued"]
    said = [
        text("ui.verdict.broken", language, que=broken) if broken else "",
        _several("ui.verdict.failed", len(status["lost"]), language),
        _several("ui.verdict.open", status["open"], language),
        _several("ui.verdict.alarms", sum(not one["acknowledged_by"] for one in status["alarms"]), language),
        _several("ui.rescued.waiting", rescued["files"] if rescued else 0, language),
        text("ui.verdict.weak", language, que=weak) if weak else "",
        lacking if any(code != "alert_path" for code in status["missing"]) else "",
    ]
    sentence, *more = [one for one in said if one] or [""]
    more += [_silenced("ui.verdict.silenced", status, language)]
    more += [_several("ui.verdict.orders", status["orders"], language), "" if sentence == lacking else lacking]
    return Verdict(
        Tone.BAD if broken else Tone.WARN if sentence else Tone.GOOD,
        sentence or text("ui.verdict.good", language),
        " · ".join(dict.fromkeys(one for one in more if one)) or text("ui.verdict.watching", language),
        parts,
    )


def _parts(status: Status, volumes: Sequence[Volume], language: str) -> Iterable[Part]:
    def part(name: str, tone: Tone, value: str, **fields: object) -> Part:
        return Part(text(name, language), tone, text(value, language, **fields))

    unit, server = status["unit_active"], status["server_up"]
    yield part("ui.unit", *_yes_or_no(unit, "ui.unit.up", "ui.unit.down", "ui.unknown"))
    yield part("ui.server", *_yes_or_no(server, "ui.server.up", "ui.server.down", "ui.server.none"))
    for one in volumes[:_SHOWN_DISKS]:
        tone = {"ok": Tone.GOOD, "warning": Tone.WARN, "critical": Tone.BAD}[one.level]
        disk = part("ui.disk", tone, "ui.disk.free", libre=size(one.free, language))
        yield Part(f"{disk.name} {one.path}", tone, disk.value) if len(volumes) > 1 else disk
    if status["blindness"]["reasons"]:
        yield part("ui.reading", Tone.BAD, "ui.reading.blind")
    elif status["lag"] > BEHIND_SECONDS:
        yield part("ui.reading", Tone.WARN, "ui.reading.behind", tiempo=f"{status['lag']:.0f} s")
    else:
        yield part("ui.reading", Tone.GOOD, "ui.reading.live")
    yield _alerts(status, language)


def _yes_or_no(known: bool | None, yes: str, no: str, unknown: str) -> tuple[Tone, str]:
    return (Tone.IDLE, unknown) if known is None else (Tone.GOOD, yes) if known else (Tone.BAD, no)


def _alerts(status: Status, language: str) -> Part:
    """A channel with a remark that has never delivered lacks a setting: the others are all there is."""
    known, outbox = status["channels"], status["outbox"]
    channels = [one for one in known if one["last_success"] or not one["remark"]]
    ailing = [one for one in channels if one["unusable"] or one["last_error"]]
    waiting = _several("ui.alerts.waiting", outbox["waiting"], language, none=True)
    name, silent = text("ui.alerts", language), _silenced("ui.until", status, language)
    if ailing:
        told = len(ailing) < len(channels) or all(one["stand_in"] for one in ailing)
        return Part(name, Tone.WARN if told else Tone.BAD, waiting)
    if not channels and outbox["error"]:
        return Part(name, Tone.BAD, waiting)
    if not channels if known else _ALERTS_NEED & set(status["missing"]):
        return Part(name, Tone.WARN, text("ui.alerts.none", language))
    if silent:
        return Part(name, Tone.IDLE, f"{text('ui.alerts.silenced', language)} {silent}")
    return Part(name, Tone.GOOD, waiting if outbox["waiting"] else text("ui.alerts.done", language))


def _silenced(code: str, status: Status, language: str) -> str:
    until = next((one["until"] for one in status["silences"] if one["scope"] == "all"), None)
    if until is None:
        return ""
    return text(
        code, language, hora=clock(until) if until - status["at"] < _SAME_DAY else moment(until, day=True)[:-3]
    )


def _several(code: str, number: int, language: str, *, none: bool = False) -> str:
    return text(f"{code}.{'one' if number == 1 else 'many'}", language, n=number) if number or none else ""
