"""`trafico-monitor forecast`: the predictions that a recorded history would have led to."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from ...errors import MonitorError
from ...host import untrusted_json
from ...messages import text
from ...model.prediction import Prediction
from ...prediction.backtest import History, backtest
from ..output import clock, language, print_json, table

MOST_BYTES = 256 * 1024 * 1024  # years of samples


def forecast(history: Path | None, as_json: bool) -> int:
    """Print each prediction that `history` would have led to, with what was known by then."""
    if history is None:
        raise click.UsageError(text("forecast.needs_history", language()))
    said = list(backtest(_read(history)))
    if as_json:
        for prediction in said:
            print_json(prediction.as_json())
    else:
        spoken = language()
        head = tuple(text(f"forecast.head.{name}", spoken) for name in ("said_at", "kind", "p", "interval"))
        table([head, *(_row(prediction, spoken) for prediction in said)], (19, 8, 5, 0), right=(2,))
    return 0


def _read(path: Path) -> History:
    try:
        given = untrusted_json.parse(sys.stdin.read() if str(path) == "-" else path.read_bytes(), most=MOST_BYTES)
        if not isinstance(given, dict):
            raise ValueError("expected one object")
        return History.from_json(given)
    except (OSError, ValueError) as error:
        raise MonitorError(text("forecast.unreadable", language(), path=path, error=error)) from error


def _row(prediction: Prediction, spoken: str) -> tuple[str, ...]:
    ends = [
        text("forecast.open", spoken) if end is None else _moment(end, spoken)
        for end in (prediction.lo, prediction.hi)
    ]
    return (_moment(prediction.said_at, spoken), prediction.kind.value, f"{prediction.p:.2f}", " – ".join(ends))


def _moment(at: float, spoken: str) -> str:
    """Local time, or seconds where the history has times that no calendar knows."""
    try:
        datetime.fromtimestamp(at, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{at:.0f}"
    return clock(at, spoken)
