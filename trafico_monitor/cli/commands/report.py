"""`trafico-monitor report`: the mission's analysis after a test, by type, modelo and hour."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from ...messages import text
from ...model.incident import Estado
from ...pipeline.events import reason_text
from ...store.read_repository import Summary, Worth
from ..common import add_config, clock, print_json, printable, records_of
from ..main import language
from ..output import say
from ..output import table as in_columns
from ..report_html import render
from ..timespec import parse
from .waiting import line, rescued

MOST_TOLD = 500  # incidents that the HTML tells one by one


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--since", metavar="TIME", help=text("option.since", language()))
    parser.add_argument("--format", choices=("text", "json", "html"), help=text("option.format", language()))


def run(args: argparse.Namespace) -> int:
    """Print the summary of what was opened since a time, or since the beginning."""
    spoken = language()
    since = parse(args.since, time.time(), spoken) if args.since else 0.0
    with records_of(args.config) as records:
        summary = records.summary(since)
        told = records.incidents(since=since, limit=MOST_TOLD) if args.format == "html" else ()
        waits = rescued(records.status())
    if args.format == "html":
        waiting = line(waits, spoken) if waits is not None else ""
        print(render(summary, told, since, time.time(), spoken, waiting), end="")
    elif args.json or args.format == "json":
        print_json({**_as_json(summary, since), "rescued": waits})
    else:
        print_summary(summary, since, spoken)
        if waits is not None:
            say(f"\n📦 {line(waits, spoken)}", "   ")
    return 0


def print_summary(summary: Summary, since: float, spoken: str) -> None:
    """The summary as people read it."""
    start = clock(since, spoken) if since else text("report.always", spoken)
    say(text("report.title", spoken, desde=start))
    counts = {estado.value: _of(summary, estado) for estado in Estado}
    closed = counts["solucionado"] + counts["fallido"]
    say(text("report.total", spoken, total=summary.total, abiertos=summary.total - closed, **counts))
    _table(
        "report.by_type", ((f"{kind} · {estado}", n) for (kind, estado), n in sorted(summary.types.items())), spoken
    )
    unknown = text("unknown", spoken)
    _table("report.by_modelo", ((printable(name or unknown), n) for name, n in _ranked(summary.modelos)), spoken)
    _table("report.by_hour", ((clock(hour, spoken)[:-6], n) for hour, n in summary.hours.items()), spoken)
    _print_ledger(summary.ledger, spoken)
    if summary.median_seconds is not None:
        times = {"mediana": f"{summary.median_seconds:.0f}", "media": f"{summary.mean_seconds:.0f}"}
        say("\n" + text("report.repair", spoken, **times))


def _table(title: str, rows: Iterable[tuple[str, int]], spoken: str) -> None:
    listed = list(rows)
    if listed:
        print("\n" + text(title, spoken))
        for name, number in listed:
            say(f"  {number:6}  {name}", " " * 10)


_LEDGER = ("tipo", "orden", "probadas", "bien", "mal", "mediana", "p95", "motivo")
_LEAST, _NUMBERS = (19, 16, 9, 7, 7, 9, 9, 0), (2, 3, 4, 5, 6)


def _print_ledger(ledger: Iterable[Worth], spoken: str) -> None:
    """What each correction was good for."""
    listed = list(ledger)
    if not listed:
        return
    say("\n" + text("report.ledger", spoken))
    rows = [[text(f"head.{name}", spoken) for name in _LEDGER]]
    for worth in listed:
        common = next(iter(worth.reasons), "")
        fields = {
            "tipo": worth.error_type,
            "orden": worth.order,
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
    print("\n".join(in_columns(rows, _LEAST, _NUMBERS)))


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
