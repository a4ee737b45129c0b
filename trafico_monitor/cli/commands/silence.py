"""`trafico-monitor silence`: no alerts for a time; `--list` and `--end ID`."""

from __future__ import annotations

import argparse
import time

from ...messages import text
from ...model.alert import Silence
from ...model.finding import ErrorType
from ..client import UsageError, ask
from ..common import add_config, clock, print_json, printable, records_of, silence_as_json
from ..main import language
from ..output import say, table
from ..timespec import span


def add_arguments(parser: argparse.ArgumentParser) -> None:
    spoken = language()
    add_config(parser)
    parser.add_argument("duration", nargs="?", metavar="DURATION", help=text("option.duration", spoken))
    parser.add_argument("--reason", metavar="TEXT", help=text("option.silence.reason", spoken))
    scope = parser.add_mutually_exclusive_group()
    types = [each.value for each in ErrorType]
    scope.add_argument("--type", choices=types, help=text("option.silence.type", spoken))
    scope.add_argument("--modelo", metavar="MODELO", help=text("option.silence.modelo", spoken))
    scope.add_argument("--incident", metavar="ID", help=text("option.silence.incident", spoken))
    scope.add_argument("--list", action="store_true", help=text("option.silence.list", spoken))
    scope.add_argument("--end", metavar="ID", help=text("option.silence.end", spoken))


def run(args: argparse.Namespace) -> int:
    """Begin, list or end silences."""
    spoken = language()
    if args.list or args.end:
        if args.duration or args.reason:
            raise UsageError(text("silence.usage", spoken))
        return _list(args, spoken) if args.list else ask(args, "end_silence", value=args.end)
    if not args.duration or not (args.reason or "").strip():
        raise UsageError(text("silence.usage", spoken))
    scope = next((name for name in ("type", "modelo", "incident") if getattr(args, name) is not None), "all")
    value = getattr(args, scope) if scope != "all" else None
    seconds = span(args.duration, spoken)
    return ask(args, "silence", scope=scope, value=value, seconds=seconds, reason=args.reason)


def _list(args: argparse.Namespace, spoken: str) -> int:
    with records_of(args.config) as records:
        found = records.silences(time.time())
    if args.json:
        for silence in found:
            print_json(silence_as_json(silence))
        return 0
    if not found:
        say(text("silence.none", spoken))
        return 0
    rows = [[text(f"silence.head.{name}", spoken) for name in _COLUMNS]]
    rows += [[_row(silence, spoken)[name] for name in _COLUMNS] for silence in found]
    print("\n".join(table(rows, least=(8, 19, 28, 16, 0), cuttable=(2, 3))))
    return 0


_COLUMNS = ("id", "hasta", "ambito", "por", "motivo")


def _row(silence: Silence, spoken: str) -> dict[str, str]:
    return {
        "id": printable(silence.id),
        "hasta": clock(silence.until, spoken),
        "ambito": printable(text(f"scope.{silence.scope.value}", spoken, valor=silence.value)),
        "por": printable(silence.by),
        "motivo": printable(silence.reason),
    }
