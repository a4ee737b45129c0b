"""`trafico-monitor forecast`: what is foreseen now, and what would have been foreseen in a recorded past."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ...errors import MonitorError
from ...messages import forecast as words
from ...messages import text
from ...model.prediction import ForecastView, KindScore, Prediction, SaidPrediction
from ..output import clock, language, print_json, printable, say, table
from ..records import configured, open_records
from ..timespec import parse

if TYPE_CHECKING:
    from ...prediction.backtest import History

MOST_BYTES = 256 * 1024 * 1024  # years of samples
_SCORE_LEAST, _SCORE_NUMBERS = (10, 12, 6, 7, 6, 7, 8, 5, 7), (2, 3, 4, 5, 6, 7, 8)


def forecast(config: Path | None, as_json: bool, history: str | None, since: str | None) -> int:
    """Print the present forecast; with `history` (a file, `-`, or "" for the monitor's own past) or `since` a
    backtest."""
    if history and since:
        raise click.UsageError(text("forecast.exclusive", language()))
    if history is None and since is None:
        _show(config, as_json)
    else:
        _evaluate(config, as_json, history or "", since)
    return 0


def _show(config: Path | None, as_json: bool) -> None:
    with open_records(config) as records:
        view = records.forecast() or ForecastView(time.time())
    if as_json:
        print_json(view.as_json())
        return
    spoken = language()
    say(text("forecast.title", spoken, hora=clock(view.at, spoken)), style="bold")
    if not view.foreseen:
        say(f"  {printable(words.summary(view, spoken))}", "    ")
    for one in view.foreseen:
        _print_said(one, spoken)
    if view.disks:
        say("\n" + text("forecast.disks", spoken), style="bold")
        for fan in view.disks:
            say(f"  {printable(fan.path)}: {words.disk(fan, spoken)}", "    ")
    print_scores(view.scores, spoken, text("forecast.scores", spoken))


def _print_said(said: SaidPrediction, spoken: str) -> None:
    one = said.prediction
    told = text("foreseen.told" if said.told else "foreseen.shown", spoken)
    say(f"  {printable(words.headline(one, spoken))}", "    ")
    say(f"    {words.chance(one, spoken)}, {words.interval(one, spoken)}", "    ")
    say("    " + " · ".join(filter(None, (printable(words.reason(one, spoken)), told))), "    ")


def print_scores(scores: Sequence[KindScore], spoken: str, title: str = "") -> None:
    """Print how good each kind was, if anything is known of it."""
    if scores:
        if title:
            say("\n" + title, style="bold")
        head, *rows = words.score_table(scores, spoken)
        named = [(text(f"foreseen.short.{kind}", spoken), *rest) for kind, *rest in rows]
        table([(f"  {first}", *rest) for first, *rest in (head, *named)], _SCORE_LEAST, _SCORE_NUMBERS)


def _evaluate(config: Path | None, as_json: bool, history: str, since: str | None) -> None:
    from ...prediction.backtest import replay

    said, scores = replay(_read(Path(history))) if history else _own_past(config, since)
    if as_json:
        for prediction in said:
            print_json(prediction.as_json())
        return
    spoken = language()
    head = tuple(text(f"forecast.head.{name}", spoken) for name in ("said_at", "kind", "p", "interval"))
    table([head, *(_row(prediction, spoken) for prediction in said)], (19, 8, 5, 0), right=(2,))
    print_scores(scores, spoken, text("forecast.backtest.scores", spoken))


def _own_past(config: Path | None, since: str | None) -> tuple[Sequence[Prediction], Sequence[KindScore]]:
    from ...prediction.backtest import History, replay

    start = parse(since, time.time(), language()) if since else 0.0
    with open_records(config) as records:
        samples = records.samples(start)
    known = configured(config)
    return replay(History.of_samples(samples), known.predict, float(known.checks.disk_critical))


def _read(path: Path) -> History:
    from ...host import untrusted_json
    from ...prediction.backtest import History

    try:
        given = untrusted_json.parse(sys.stdin.read() if str(path) == "-" else path.read_bytes(), most=MOST_BYTES)
        if not isinstance(given, dict):
            raise ValueError("expected one object")
        return History.from_json(given)
    except (OSError, ValueError) as error:
        raise MonitorError(text("forecast.unreadable", language(), path=path, error=error)) from error


def _row(prediction: Prediction, spoken: str) -> tuple[str, ...]:
    ends = [
        text("forecast.open", spoken) if end is None else words.moment(end) for end in (prediction.lo, prediction.hi)
    ]
    return (words.moment(prediction.said_at), prediction.kind.value, f"{prediction.p:.2f}", " – ".join(ends))
