"""Predictions in words: the command line, the alerts, the reports and the API say the same. Pure."""

from __future__ import annotations

from ..model.prediction import Prediction, PredictionOutcome, SaidPrediction
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
    return text("foreseen.chance", language, palabra=word, p=f"{100 * prediction.p:.0f}")


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


def moment(at: float) -> str:
    """Returns local date and time, or seconds for a time that no calendar has."""
    try:
        return format.date_time(at)
    except (OverflowError, ValueError, OSError):
        return f"{at:.0f}"


def _value(name: str, value: float | str, language: str) -> str:
    if isinstance(value, str):
        return value
    if name in _SIZES:
        return format.size(value, language)
    return format.duration(value, language) if name in _DURATIONS else f"{value:.0f}"
