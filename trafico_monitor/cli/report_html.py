"""`report --format html`: one file that needs nothing else, with charts, the story and the proof. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape

from ..messages import text
from ..model.finding import ErrorType
from ..model.incident import Estado, Incident
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

_STYLE = """
:root{--g:#f5f6f8;--c:#fff;--i:#16202c;--s:#566272;--l:#dfe3e8;--a:#0f766e;--good:#157347;--bad:#b3261e;
color-scheme:light dark}
@media(prefers-color-scheme:dark){:root{--g:#0e141b;--c:#161e28;--i:#e8edf3;--s:#9fadbd;--l:#2a3644;--a:#5eead4;
--good:#63d495;--bad:#ff9a92}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1000px;padding:28px 20px 60px;background:var(--g);color:var(--i);
font:15px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;font-variant-numeric:tabular-nums}
h1{font-size:28px;letter-spacing:-.02em;margin:0 0 4px;line-height:1.2}
h2{font-size:17px;margin:0 0 12px}
.s{color:var(--s)}
section{background:var(--c);border:1px solid var(--l);border-radius:14px;padding:18px 20px;margin-top:16px;
break-inside:avoid}
.k{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:10px 24px;margin:0}
.k dt{color:var(--s);font-size:13px}
.k dd{margin:0;font-size:26px;font-weight:660;letter-spacing:-.02em}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--s);font:11px system-ui,sans-serif}
table{width:100%;border-collapse:collapse;font-size:14px}
th{text-align:left;color:var(--s);font-weight:550;font-size:12.5px}
th,td{padding:6px 8px;border-bottom:1px solid var(--l);vertical-align:top;overflow-wrap:anywhere}
tr:last-child td{border:0}
.n{text-align:right;white-space:nowrap}
.b{display:grid;grid-template-columns:minmax(90px,170px) 1fr 52px;gap:4px 12px;align-items:center;font-size:14px}
.b span{overflow-wrap:anywhere}
.bar{display:flex;height:14px;border-radius:4px;overflow:hidden}
.bar i{display:block}
.lg{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;color:var(--s);margin-top:10px}
.lg i{display:inline-block;width:10px;height:10px;border-radius:3px;margin-right:6px}
details{border-bottom:1px solid var(--l);padding:7px 0}
details:last-child{border:0}
summary{cursor:pointer;overflow-wrap:anywhere}
.e{font-weight:600}
.solucionado{color:var(--good)}
.fallido{color:var(--bad)}
ul{margin:8px 0;padding-left:20px;overflow-wrap:anywhere}
pre{background:var(--g);border-radius:8px;padding:10px;white-space:pre-wrap;overflow-wrap:anywhere;font-size:12.5px;
margin:8px 0}
.w{overflow-x:auto}
@media print{body{background:#fff;padding:0}section{border-color:#bbb}details>*{display:block}}
"""


def render(
    summary: Summary, incidents: Sequence[Incident], since: float, now: float, spoken: str, waiting: str = ""
) -> str:
    """The page. `incidents` are the newest, as many as are to be told one by one; `waiting` is what waits in
    `_rescatados`, "" for nothing."""
    first = since or min((float(hour) for hour in summary.hours), default=now)
    title = text("report.html.title", spoken)
    parts = (
        f"<h1>{_e(title)}</h1><p class=s>{_e(_moment(first))} – {_e(_moment(now))}</p>",
        _figures(summary, spoken),
        f"<section><p>📦 {_e(waiting)}</p></section>" if waiting else "",
        _section("report.html.when", _timeline(summary.hours, first, now, spoken), spoken),
        _section("report.html.types", _by_type(summary, spoken), spoken),
        _section("report.html.modelos", _by_modelo(summary.modelos, spoken), spoken),
        _section("report.html.ledger", _ledger(summary, spoken), spoken),
        _section("report.html.story", _story(incidents, summary.total, spoken), spoken),
    )
    return (
        f'<!doctype html>\n<html lang="{spoken}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Nothing is loaded from anywhere, and no name in it can make that happen.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{_e(title)}</title><style>{_STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _section(code: str, inside: str, spoken: str) -> str:
    return f"<section><h2>{_e(text(code, spoken))}</h2>{inside or _none(spoken)}</section>"


def _none(spoken: str) -> str:
    return f"<p class=s>{_e(text('report.html.none', spoken))}</p>"


def _figures(summary: Summary, spoken: str) -> str:
    ends: Counter[str] = Counter()
    for (_, estado), number in summary.types.items():
        ends[estado] += number
    ended = ends["solucionado"] + ends["fallido"]
    figures = (
        ("total", str(summary.total)),
        ("solved", f"{ends['solucionado'] / ended:.0%}" if ended else "–"),
        ("failed", str(ends["fallido"])),
        ("open", str(summary.total - ended)),
        ("median", _seconds(summary.median_seconds)),
    )
    listed = "".join(f"<div><dt>{_e(text(f'report.html.{n}', spoken))}</dt><dd>{v}</dd></div>" for n, v in figures)
    return f"<section><dl class=k>{listed}</dl></section>"


def _timeline(hours: Mapping[int, int], first: float, now: float, spoken: str) -> str:
    """Bars by the hour, by the day where those would be too many."""
    if not hours:
        return ""
    step = HOUR if now - first <= MOST_BARS * HOUR else DAY
    while (now - first) / step > MOST_BARS:
        step *= 2
    offset = int(datetime.fromtimestamp(now).astimezone().utcoffset().total_seconds())  # type: ignore[union-attr]
    counted: Counter[int] = Counter()
    for hour, number in hours.items():
        counted[(hour + offset) // step] += number
    places = range(min(int(first + offset) // step, *counted), int(now + offset) // step + 1)
    return _bars([(place * step - offset, counted[place]) for place in places], step, spoken)


def _bars(values: Sequence[tuple[int, int]], step: int, spoken: str) -> str:
    wide, high, left, ground = 940.0, 180.0, 40.0, 156.0
    most = max(number for _, number in values) or 1
    each = (wide - left) / len(values)
    drawn = []
    for place, (at, number) in enumerate(values):
        if number:
            tall = (ground - 10) * number / most
            said = _e(f"{_label(at, step)}: {number}")
            drawn.append(
                f'<rect x="{left + place * each + each * 0.1:.1f}" y="{ground - tall:.1f}" width="{each * 0.8:.1f}"'
                f' height="{tall:.1f}" rx="2" fill="var(--a)"><title>{said}</title></rect>'
            )
    apart = max(1, round(len(values) / 8))
    marks = "".join(
        f'<text x="{left + place * each + each / 2:.1f}" y="{high - 6}" text-anchor="middle">'
        f"{_e(_label(at, step))}</text>"
        for place, (at, _) in enumerate(values)
        if place % apart == apart // 2
    )
    lines = "".join(
        f'<line x1="{left}" x2="{wide}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--l)"/>'
        f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{number}</text>'
        for number, y in ((0, ground), (most, 10.0))
    )
    about = _e(text("report.html.bars", spoken, total=sum(number for _, number in values), maximo=most))
    inside = f"{lines}{''.join(drawn)}{marks}"
    return f'<svg viewBox="0 0 {wide:.0f} {high:.0f}" role="img" aria-label="{about}">{inside}</svg>'


def _by_type(summary: Summary, spoken: str) -> str:
    kinds = [each.value for each in ErrorType]
    totals = {kind: sum(n for (name, _), n in summary.types.items() if name == kind) for kind in kinds}
    most = max(totals.values(), default=0)
    rows = []
    for kind in sorted((k for k in kinds if totals[k]), key=lambda k: -totals[k]):
        shares = [(estado, summary.types.get((kind, estado), 0)) for estado in COLOURS]
        rows.append(_bar(text(f"type.{kind}", spoken), shares, most, spoken))
    seen = {estado for (_, estado), n in summary.types.items() if n}
    legend = "".join(
        f'<span><i style="background:{colour}"></i>{_e(text(f"ui.estado.{estado}", spoken))}</span>'
        for estado, colour in COLOURS.items()
        if estado in seen
    )
    return f"<div class=b>{''.join(rows)}</div><div class=lg>{legend}</div>" if rows else ""


def _bar(name: str, shares: Iterable[tuple[str, int]], most: int, spoken: str) -> str:
    held = [(estado, number) for estado, number in shares if number]
    total = sum(number for _, number in held)
    inside = "".join(
        f'<i style="background:{COLOURS.get(estado, "var(--a)")};width:{100 * number / total:.2f}%"'
        f' title="{_e(text(f"ui.estado.{estado}", spoken)) if estado else ""} {number}"></i>'
        for estado, number in held
    )
    return (
        f'<span>{_e(name)}</span><span class=bar style="width:{max(1.0, 100 * total / most):.2f}%">{inside}</span>'
        f"<span class=n>{total}</span>"
    )


def _by_modelo(modelos: Mapping[str, int], spoken: str) -> str:
    ranked = sorted(modelos.items(), key=lambda each: (-each[1], each[0]))
    most = ranked[0][1] if ranked else 1
    rows = [
        _bar(_clean(name) or text("unknown", spoken), (("", n),), most, spoken) for name, n in ranked[:MOST_MODELOS]
    ]
    rest = sum(number for _, number in ranked[MOST_MODELOS:])
    if rest:
        rows.append(_bar(text("ui.others", spoken), (("", rest),), max(most, rest), spoken))
    return f"<div class=b>{''.join(rows)}</div>" if rows else ""


def _ledger(summary: Summary, spoken: str) -> str:
    if not summary.ledger:
        return ""
    head = "".join(
        f"<th{' class=n' if right else ''}>{_e(text(f'ui.column.{name}', spoken))}</th>"
        for name, right in (
            ("type", 0), ("order", 0), ("tried", 1), ("worked", 1), ("median", 1), ("p95", 1), ("why", 0),
        )
    )  # fmt: skip
    rows = []
    for worth in summary.ledger:
        why = ", ".join(f"{reason_text(code, spoken)} ({n})" for code, n in list(worth.reasons.items())[:2])
        cells = (
            (text(f"type.{worth.error_type}", spoken), False),
            (text(f"ui.order.{worth.order}", spoken), False),
            (str(worth.tried), True),
            (f"{worth.worked / worth.tried:.0%}" if worth.tried else "–", True),
            (_seconds(worth.median_seconds), True),
            (_seconds(worth.p95_seconds), True),
            (why or "–", False),
        )
        rows.append("".join(f"<td{' class=n' if right else ''}>{_e(value)}</td>" for value, right in cells))
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return f"<div class=w><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _story(incidents: Sequence[Incident], total: int, spoken: str) -> str:
    told = "".join(_incident(one, spoken) for one in incidents)
    if len(incidents) < total:
        told += f"<p class=s>{_e(text('report.html.newest', spoken, n=len(incidents), total=total))}</p>"
    return told if incidents else ""


def _incident(one: Incident, spoken: str) -> str:
    unknown = text("unknown", spoken)
    estado = text(f"ui.estado.{one.estado.value}", spoken)
    took = (
        f" · {_seconds(one.closed_at - one.opened_at)}" if one.closed_at and one.estado is Estado.SOLUCIONADO else ""
    )
    head = (
        f"{_e(_moment(one.opened_at))} · {_e(text(f'type.{one.error_type.value}', spoken))} · "
        f"{_e(_clean(one.download.modelo or unknown))} · {_e(_clean(one.download.video or unknown))} · "
        f"<span class='e {one.estado.value}'>{_e(estado)}</span>{_e(took)}"
    )
    action = action_text(one, spoken)
    reason = reason_text(one.reason, spoken)
    proof = "".join(
        f"<li>{'✓' if e.ok else '✗'} {_e(text(f'evidence.{e.what}', spoken))}: {_e(_clean(e.value))}</li>"
        for e in one.evidence
    )
    lines = "\n".join(_clean(line) for line in (one.lines or (one.error_message,)))
    return (
        f"<details><summary>{head}</summary><p class=s>#{_e(one.id)} · {_e(action)}"
        f"{_e(f' · {reason}') if reason else ''}</p>"
        f"{f'<ul>{proof}</ul>' if proof else ''}<pre>{_e(lines)}</pre></details>"
    )


def _e(value: str) -> str:
    return escape(value, quote=True)


def _clean(value: str) -> str:
    """Without what a page would obey and nobody would see: control and direction characters."""
    return "".join(c if c.isprintable() else "�" for c in value)


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _label(at: int, step: int) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M" if step == HOUR else "%d/%m")


def _seconds(value: float | None) -> str:
    if value is None:
        return "–"
    if value < 60:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 2 * HOUR else f"{value / HOUR:.1f} h"
