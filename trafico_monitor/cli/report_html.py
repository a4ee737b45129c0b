"""`report --format html`: a self-contained page with charts, history and proof. Pure.

The page is `templates/report.html.j2`; this module computes its values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..messages import forecast as words
from ..messages import text
from ..messages.format import date_time, printable
from ..model.finding import ErrorType
from ..model.incident import Incident
from ..model.prediction import ForecastView
from ..pipeline.events import action_text, reason_text
from ..store.read_repository import Summary

HOUR, DAY = 3600, 86400
MOST_BARS = 120
MOST_MODELOS = 20
COLOURS: Mapping[str, str] = {
    "solucionado": "#2e9e63",
    "fallido": "#d2483f",
    "reintentando": "#4b82e6",
    "pendiente": "#8a94a0",
    "detectado": "#dd9a22",
}
_WIDTH, _HEIGHT, _LEFT, _TOP, _GROUND = 940, 180, 40, 10, 156  # of the chart


def render(
    summary: Summary,
    incidents: Sequence[Incident],
    since: float,
    now: float,
    spoken: str,
    waiting: str = "",
    forecast: ForecastView | None = None,
) -> str:
    """The page. `incidents` are the newest, as many as are to be told one by one; `waiting` is what waits in
    `_rescatados`, "" for nothing; `forecast` None where there is none yet."""
    first = since or min((float(hour) for hour in summary.hours), default=now)
    seen = {estado for (_, estado), number in summary.types.items() if number}
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            t=partial(_text, spoken),
            reason=lambda code: reason_text(code, spoken),
            action=lambda incident: action_text(incident, spoken),
            spoken=spoken,
            first=first,
            now=now,
            waiting=waiting,
            forecast=None if forecast is None else _forecast(forecast, spoken),
            figures=_figures(summary),
            chart=_chart(summary.hours, first, now),
            types=_types(summary, spoken),
            legend=[(estado, colour) for estado, colour in COLOURS.items() if estado in seen],
            modelos=_modelos(summary.modelos, spoken),
            ledger=summary.ledger,
            incidents=incidents,
            total=summary.total,
        )
    )


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(Path(__file__).parent / "templates")
    made = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_clean,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"moment": partial(date_time, seconds=True), "seconds": _seconds}
    return made


def _text(spoken: str, code: str, **fields: object) -> str:
    return text(code, spoken, **fields)


def _clean(value: object) -> object:
    """Without what a page would obey and nobody would see: control and direction characters."""
    return printable(value) if type(value) is str else value


def _figures(summary: Summary) -> Sequence[tuple[str, str]]:
    ends: Counter[str] = Counter()
    for (_, estado), number in summary.types.items():
        ends[estado] += number
    ended = ends["solucionado"] + ends["fallido"]
    return (
        ("total", str(summary.total)),
        ("solved", f"{ends['solucionado'] / ended:.0%}" if ended else "–"),
        ("failed", str(ends["fallido"])),
        ("open", str(summary.total - ended)),
        ("median", _seconds(summary.median_seconds)),
    )


def _forecast(view: ForecastView, spoken: str) -> Mapping[str, object]:
    """What was foreseen when the page was made, and the score of each kind."""
    foreseen = [
        (words.sentence(one, spoken), words.reason(one, spoken)) for one in (s.prediction for s in view.foreseen)
    ]
    disks = [(fan.path, words.disk(fan, spoken)) for fan in view.disks]
    head, *rows = words.score_table(view.scores, spoken)
    scores = [head, *((text(f"foreseen.kind.{kind}", spoken), *rest) for kind, *rest in rows)]
    return {"summary": words.summary(view, spoken), "foreseen": foreseen, "disks": disks, "scores": scores}


def _chart(hours: Mapping[int, int], first: float, now: float) -> Mapping[str, object] | None:
    """Bars by the hour, by the day where those would be too many; None where there are none."""
    if not hours:
        return None
    step = HOUR if now - first <= MOST_BARS * HOUR else DAY
    while (now - first) / step > MOST_BARS:
        step *= 2
    offset = int(datetime.fromtimestamp(now).astimezone().utcoffset().total_seconds())  # type: ignore[union-attr]
    counted: Counter[int] = Counter()
    for hour, number in hours.items():
        counted[(hour + offset) // step] += number
    places = range(min(int(first + offset) // step, *counted), int(now + offset) // step + 1)
    most, each = max(counted.values()) or 1, (_WIDTH - _LEFT) / len(places)
    apart = max(1, round(len(places) / 8))
    bars, marks = [], []
    for place, at in enumerate(places):
        label, x = _label(at * step - offset, step), _LEFT + place * each
        if number := counted[at]:
            tall = (_GROUND - _TOP) * number / most
            bars.append({"x": f"{x + each * 0.1:.1f}", "y": f"{_GROUND - tall:.1f}", "width": f"{each * 0.8:.1f}",
                         "height": f"{tall:.1f}", "label": label, "number": number})  # fmt: skip
        if place % apart == apart // 2:
            marks.append((f"{x + each / 2:.1f}", label))
    frame = {"width": _WIDTH, "height": _HEIGHT, "left": _LEFT, "top": _TOP, "ground": _GROUND}
    return {**frame, "bars": bars, "marks": marks, "most": most, "total": sum(counted.values())}


def _types(summary: Summary, spoken: str) -> Sequence[Mapping[str, object]]:
    """The types, the most frequent first, each with its incidents by estado."""
    rows = []
    for kind in (each.value for each in ErrorType):
        counted = {estado: summary.types.get((kind, estado), 0) for estado in COLOURS}
        parts = [(n, COLOURS[estado], text(f"ui.estado.{estado}", spoken)) for estado, n in counted.items() if n]
        if parts:
            rows.append(_row(text(f"type.{kind}", spoken), *parts))
    return sorted(rows, key=lambda row: -int(str(row["total"])))


def _modelos(modelos: Mapping[str, int], spoken: str) -> Sequence[Mapping[str, object]]:
    """The modelos with most incidents, and the others together."""
    ranked = sorted(modelos.items(), key=lambda each: (-each[1], each[0]))
    named = [(name or text("unknown", spoken), number) for name, number in ranked[:MOST_MODELOS]]
    rest = sum(number for _, number in ranked[MOST_MODELOS:])
    named += [(text("ui.others", spoken), rest)] if rest else []
    return [_row(name, (number, "var(--a)", "")) for name, number in named]


def _row(name: str, *parts: tuple[int, str, str]) -> Mapping[str, object]:
    shown = [{"n": number, "colour": colour, "title": title} for number, colour, title in parts]
    return {"name": name, "parts": shown, "total": sum(number for number, _, _ in parts)}


def _label(at: int, step: int) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M" if step == HOUR else "%d/%m")


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    if value < 60:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 2 * HOUR else f"{value / HOUR:.1f} h"
