"""`trafico-monitor report`: the mission's analysis after a test, by type, modelo and hour."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from ...messages import forecast as words
from ...messages import text
from ...model.incident import Estado
from ...pipeline.events import reason_text
from ...store.read_repository import Summary, Worth
from ..output import clock, language, print_json, printable, say, table
from ..records import open_records, rescued, rescued_text
from ..timespec import parse
from .forecast import print_scores

MOST_TOLD = 500  # incidents that the HTML tells one by one


def report(config: Path | None, as_json: bool, since: str | None, style: str | None) -> int:
    """Print the summary of the incidents opened since a time, or since the beginning, in the `style` (text,
    json, html)."""
    spoken, now = language(), time.time()
    start = parse(since, now, spoken) if since else 0.0
    with open_records(config) as records:
        summary = records.summary(start)
        told = records.incidents(since=start, limit=MOST_TOLD) if style == "html" else ()
        waits = rescued(records.status())
        forecast = records.forecast()
    if style == "html":
        from ..report_html import render

        waiting = rescued_text(waits, spoken) if waits else ""
        print(render(summary, told, start, now, spoken, waiting, forecast), end="")
    elif as_json or style == "json":
        foreseen = forecast.without_disks() if forecast is not None else None
        print_json({**_as_json(summary, start), "rescued": waits, "forecast": foreseen})
    else:
        print_summary(summary, start, spoken)
        if forecast is not None:
            say("\n" + text("report.forecast", spoken), style="bold")
            say(f"  {printable(words.summary(forecast, spoken))}", "    ")
            print_scores(forecast.scores, spoken)
        if waits is not None:
            say(f"\n📦 {rescued_text(waits, spoken)}", "   ")
    return 0


def print_summary(summary: Summary, since: float, spoken: str) -> None:
    """The summary as people read it."""
    start = clock(since, spoken) if since else text("report.always", spoken)
    say(text("report.title", spoken, desde=start), style="bold")
    counts = {estado.value: _of(summary, estado) for estado in Estado}
    closed = counts["solucionado"] + counts["fallido"]
    say(text("report.total", spoken, total=summary.total, abiertos=summary.total - closed, **counts))
    types = ((f"{text(f'type.{kind}', spoken)} · {estado}", n) for (kind, estado), n in sorted(summary.types.items()))
    _print_counts("report.by_type", types, spoken)
    unknown = text("unknown", spoken)
    _print_counts("report.by_modelo", ((name or unknown, n) for name, n in _ranked(summary.modelos)), spoken)
    _print_counts("report.by_hour", ((clock(hour, spoken)[:-6], n) for hour, n in summary.hours.items()), spoken)
    _print_ledger(summary.ledger, spoken)
    if summary.median_seconds is not None:
        times = {"mediana": f"{summary.median_seconds:.0f}", "media": f"{summary.mean_seconds:.0f}"}
        say("\n" + text("report.repair", spoken, **times))


def _print_counts(title: str, rows: Iterable[tuple[str, int]], spoken: str) -> None:
    listed = list(rows)
    if listed:
        say("\n" + text(title, spoken), style="bold")
        for name, number in listed:
            say(f"  {number:6}  {printable(name)}", " " * 10)


_LEDGER = ("tipo", "orden", "probadas", "bien", "mal", "mediana", "p95", "motivo")
_LEAST, _NUMBERS = (19, 16, 9, 7, 7, 9, 9, 0), (2, 3, 4, 5, 6)


def _print_ledger(ledger: Iterable[Worth], spoken: str) -> None:
    """Prints the statistics of each kind of repair."""
    listed = list(ledger)
    if not listed:
        return
    say("\n" + text("report.ledger", spoken), style="bold")
    rows = [[text(f"head.{name}", spoken) for name in _LEDGER]]
    for worth in listed:
        common = next(iter(worth.reasons), "")
        fields = {
            "tipo": text(f"type.{worth.error_type}", spoken),
            "orden": text(f"ui.order.{worth.order}", spoken),
            "probadas": worth.tried,
            "bien": worth.worked,
            "mal": worth.failed,
            "mediana": _seconds(worth.median_seconds),
            "p95": _seconds(worth.p95_seconds),
            "motivo": reason_text(common, spoken),
        }
        rows.append([str(fields[name]) for name in _LEDGER])
    for row in rows:
        row[0], row[-1] = f"  {row[0]}", f" {row[-1]}" if row[-1] else ""
    table(rows, _LEAST, _NUMBERS)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f} s"


def _ranked(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def _of(summary: Summary, estado: Estado) -> int:
    return sum(number for (_, state), number in summary.types.items() if state == estado.value)


def _as_json(summary: Summary, since: float) -> dict[str, object]:
    types: dict[str, dict[str, int]] = {}
    for (kind, estado), number in summary.types.items():
        types.setdefault(kind, {})[estado] = number
    return {
        "since": since,
        "total": summary.total,
        "by_type": types,
        "by_modelo": {name or None: number for name, number in summary.modelos.items()},
        "by_hour": {str(hour): number for hour, number in summary.hours.items()},
        "mean_seconds": summary.mean_seconds,
        "median_seconds": summary.median_seconds,
        "ledger": [{**asdict(worth), "tried": worth.tried} for worth in summary.ledger],
    }
