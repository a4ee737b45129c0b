"""Incidents to look at."""

from __future__ import annotations

from dataclasses import replace

from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import CLOSED, Estado, Incident
from trafico_monitor.model.prediction import (
    DiskFan,
    ForecastView,
    KindScore,
    KindState,
    Prediction,
    PredictionKind,
    SaidPrediction,
)
from trafico_monitor.model.task import Evidence

from .opened import NOON

TYPES, ESTADOS, MODELOS = list(ErrorType), list(Estado), ("victor", "ana", None)
FORESEEN = ForecastView(
    NOON,
    (
        SaidPrediction(
            "P1",
            Prediction(PredictionKind.DISK, NOON, NOON + 86400, 0.82, NOON + 60, None, "/home", "forecast.disk",
                       (("free", 41.2e9), ("drain", 3e9))),
            told=True,
        ),
        SaidPrediction("P2", Prediction(PredictionKind.STALL, NOON, NOON + 60, 0.9, about="a.mp4"), told=False),
    ),
    tuple(KindScore(kind, KindState.SHADOW, 3, 2, 1, 0, 0.1, 0.2, 0.8) for kind in PredictionKind),
    (DiskFan("/home", 5e11, 2e9, 0.82, (NOON + 3600,), (1.5,), (2.5,), (3.5,), NOON + 5400, NOON + 60, None),),
    NOON - 86400,
)  # fmt: skip
HOSTILE = '<img src=x onerror="alert(1)">\u202e&amp;{{7*7}}.mp4'


def sample(number: int, **more: object) -> Incident:
    """Two at each time, ten minutes apart, the first ones at NOON and the others before."""
    at, estado = NOON - 600.0 * (number // 2), ESTADOS[number % 5]
    made = Incident(
        f"{number:08X}",
        TYPES[number % 6],
        at,
        at + 7.0,
        estado,
        Download(MODELOS[number % 3], f"20251225_143020_{number:06x}.mp4", size=5_665_533),
        "ERROR:__main__:❌ Error al copiar archivo",
        ("ERROR:__main__:❌ Error al copiar archivo", "httpx.ReadTimeout"),
        "timeout_line",
        closed_at=at + 7.0 if estado in CLOSED else None,
        evidence=(Evidence("size", "5665533 bytes"), Evidence("media", "moov", estado is Estado.SOLUCIONADO)),
        accion="retry",
        attempt=number % 4,
    )
    return replace(made, **more)  # type: ignore[arg-type]
