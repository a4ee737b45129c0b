"""`trafico-monitor report`: the mission's analysis after a test, by type, modelo and hour."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from ..chronicle import reason_text
from ..cli import language
from ..messages import text
from ..model.incident import Estado
from ..store.ledger import Worth
from ..store.queries import Summary
from .moment import parse
from .records import add_config, clock, print_json, printable, records_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config(parser)
    parser.add_argument("--since", metavar="TIME", help=text("option.since", language()))


def run(args: argparse.Namespace) -> int:
    """Print the summary of what was opened since a time, or since the beginning."""
    spoken = language()
    since = parse(args.since, time.time(), spoken) if args.since else 0.0
    with records_of(args.config) as records:
        summary = records.summary(since)
    if args.json:
        print_json(_as_json(summary, since))
    else:
        _print(summary, since, spoken)
    return 0


def _print(summary: Summary, since: float, spoken: str) -> None:
    start = clock(since, spoken) if since else text("report.always", spoken)
    print(text("report.title", spoken, desde=start))
    counts = {estado.value: _of(summary, estado) for estado in Estado}
    closed = counts["solucionado"] + counts["fallido"]
    print(text("report.total", spoken, total=summary.total, abiertos=summary.total - closed, **counts))
    _table(
        "report.by_type", ((f"{kind} · {estado}", n) for (kind, estado), n in sorted(summary.types.items())), spoken
    )
    unknown = text("unknown", spoken)
    _table("report.by_modelo", ((printable(name or unknown), n) for name, n in _ranked(summary.modelos)), spoken)
    _table("report.by_hour", ((clock(hour, spoken)[:-6], n) for hour, n in summary.hours.items()), spoken)
    _print_ledger(summary.ledger, spoken)
    if summary.median_seconds is not None:
        times = {"mediana": f"{summary.median_seconds:.0f}", "media": f"{summary.mean_seconds:.0f}"}
        print("\n" + text("report.repair", spoken, **times))


def _table(title: str, rows: Iterable[tuple[str, int]], spoken: str) -> None:
    listed = list(rows)
    if listed:
        print("\n" + text(title, spoken))
        for name, number in listed:
            print(f"  {number:6}  {name}")


_LEDGER = ("tipo", "orden", "probadas", "bien", "mal", "mediana", "p95", "motivo")
_ROW = "  {tipo:17} {orden:16} {probadas:>9} {bien:>7} {mal:>7} {mediana:>9} {p95:>9}  {motivo}"


def _print_ledger(ledger: Iterable[Worth], spoken: str) -> None:
    """What each correction was good for."""
    listed = list(ledger)
    if not listed:
        return
    print("\n" + text("report.ledger", spoken))
    print(_ROW.format(**{name: text(f"head.{name}", spoken) for name in _LEDGER}).rstrip())
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
        print(_ROW.format(**fields).rstrip())


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
