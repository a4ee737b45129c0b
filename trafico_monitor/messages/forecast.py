"""Predictions in words: the command line, the alerts, the reports and the API say the same. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from ..model.prediction import (
    DiskFan,
    ForecastView,
    KindScore,
    KindState,
    Prediction,
    PredictionOutcome,
    SaidPrediction,
)
from . import format, text

_SIZES = frozenset({"free", "size", "drain"})  # fields of a reason, in bytes
_DURATIONS = frozenset({"seconds"})


def headline(prediction: Prediction, language: str) -> str:
    """Returns `disco lleno: /home`: its kind, and the path, download or unit that it is about."""
    kind = text(f"foreseen.kind.{prediction.kind.value}", language)
    return text("foreseen.about", language, clase=kind, sobre=prediction.about) if prediction.about else kind


def chance(prediction: Prediction, language: str) -> str:
    """Returns `probable (82 %)`."""
    word = text(f"foreseen.{prediction.likelihood}", language)
    return text("foreseen.chance", language, palabra=word, p=_percent(prediction.p))


def interval(prediction: Prediction, language: str) -> str:
    """Returns the 80 % interval of the moment at which it comes true, or the end of its horizon, in local time."""
    lo, hi, until = prediction.lo, prediction.hi, prediction.until
    if lo is None:
        return text("foreseen.before", language, hasta=moment(until if hi is None else hi))
    if hi is None:
        return text("foreseen.from", language, desde=moment(lo))
    return text("foreseen.between", language, desde=moment(lo), hasta=moment(hi))


def reason(prediction: Prediction, language: str) -> str:
    """Returns what drives the prediction, "" where it does not say."""
    fields = {name: _value(name, value, language) for name, value in prediction.fields}
    return text(prediction.reason, language, **fields) if prediction.reason else ""


def outcome(said: SaidPrediction, language: str) -> str:
    """Returns `se cumplió el 1.12.2026 14:30`, "" before it is judged."""
    if said.outcome is None:
        return ""
    if said.outcome is PredictionOutcome.CAME_TRUE and said.came_at is not None:
        return text("foreseen.outcome.came_true_at", language, hora=moment(said.came_at))
    return text(f"foreseen.outcome.{said.outcome.value}", language)


def sentence(prediction: Prediction, language: str) -> str:
    """Returns headline, probability and interval in one line."""
    return " · ".join((headline(prediction, language), chance(prediction, language), interval(prediction, language)))


def summary(view: ForecastView, language: str) -> str:
    """Returns the likeliest prediction in one line, or why there is none."""
    if view.foreseen:
        likeliest = max(view.foreseen, key=lambda one: one.prediction.p).prediction
        others = len(view.foreseen) - 1
        more = text("foreseen.more", language, n=others) if others else ""
        return sentence(likeliest, language) + more
    states = {one.state for one in view.scores}
    if states == {KindState.OFF}:
        return text("foreseen.off", language)
    if view.since is None:
        return text("foreseen.none.new", language)
    return text("foreseen.none", language, desde=moment(view.since))


def disk(fan: DiskFan, language: str) -> str:
    """Returns when the file system is expected to be full, with its interval and probability."""
    code = "never" if fan.full_at is None else "at" if fan.full_lo is None or fan.full_hi is None else "between"
    ends = {"hora": fan.full_at, "desde": fan.full_lo, "hasta": fan.full_hi}
    fields = {name: moment(at) for name, at in ends.items() if at is not None}
    fields |= {"limite": format.size(fan.limit, language), "plazo": f"{fan.horizon / 3600:.0f} h"}
    return text(f"foreseen.full.{code}", language, **fields, p=_percent(fan.probability))


HEAD = ("kind", "state", "said", "came_true", "false", "missed", "false_per_week", "brier", "coverage")


def score_row(score: KindScore, language: str) -> tuple[str, ...]:
    """Returns the columns of HEAD, `–` where nothing was judged yet."""
    rates = ((score.false_per_week, "{:.2f}"), (score.brier, "{:.3f}"), (score.coverage, "{:.0%}"))
    return (
        score.kind.value,
        text(f"foreseen.state.{score.state.value}", language),
        *(str(count) for count in (score.said, score.came_true, score.false, score.missed)),
        *("–" if value is None else form.format(value) for value, form in rates),
    )


def score_table(scores: Sequence[KindScore], language: str) -> list[tuple[str, ...]]:
    """Returns the head and a row for each kind."""
    head = tuple(text(f"foreseen.head.{name}", language) for name in HEAD)
    return [head, *(score_row(one, language) for one in scores)]


def moment(at: float) -> str:
    """Returns local date and time, or seconds for a time that no calendar has."""
    try:
        return format.date_time(at)
    except (OverflowError, ValueError, OSError):
        return f"{at:.0f}"


def _percent(share: float) -> str:
    return f"{100 * share:.0f}"


def _value(name: str, value: float | str, language: str) -> str:
    if isinstance(value, str):
        return value
    if name in _SIZES:
        return format.size(value, language)
    return format.duration(value, language) if name in _DURATIONS else f"{value:.0f}"
