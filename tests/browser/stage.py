"""A window in a thread of its own, with a database full of whatever a test wants to see."""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import threading
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from tests.component.web.opened import Opened, opened
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download, Phase, UnderWay
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
from trafico_monitor.model.task import Evidence, TaskKind, TaskStat
from trafico_monitor.pipeline.events import incident_event
from trafico_monitor.web.ports import Volume

T = TypeVar("T")
SECONDS = 60.0
DAY = 86400.0
GB = 1000**3
MODELOS = ("victor", "ana", "lucia", "marcos", "noa", "yic", "alba", "irene", "sara", "dani", None)
LINES = (
    "ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: "
    "'/home/victor/.telegram-bot-api/<TOKEN>/videos/file_9.mp4'",
    "Traceback (most recent call last):",
    '  File "/home/victor/100-trafico/100trafico/src/project/bot_central.py", line 214, in recibir_video',
    "    shutil.copy(origen, destino)",
    "PermissionError: [Errno 13] Permission denied",
)
PROOF = (
    Evidence("file", "modelos/victor/20251225_143020_a3f2b1.mp4"),
    Evidence("size", "5665533 bytes"),
    Evidence("media", "mp4, h264, 12.4 s"),
    Evidence("owner", "victor"),
)


def story(number: int, at: float, estado: Estado, luck: random.Random) -> Incident:
    kind = luck.choices(list(ErrorType), (9, 3, 4, 8, 1, 2, 2))[0]
    took = luck.choice((3.0, 6.0, 7.0, 9.0, 14.0, 42.0, 180.0))
    hexes = f"{luck.getrandbits(24):06x}"
    stamp = time.strftime("%Y%m%d_%H%M%S", time.localtime(at))
    return Incident(
        f"{number:07X}Q",
        kind,
        at,
        at + took,
        estado,
        Download(luck.choice(MODELOS), f"{stamp}_{hexes}.mp4", size=luck.randrange(4, 400) * 1_000_003),
        LINES[0],
        LINES,
        "permisos_copia",
        attempt=luck.randrange(1, 4),
        accion="retry",
        reason="" if estado is Estado.SOLUCIONADO else "timeout" if estado is Estado.FALLIDO else "",
        evidence=PROOF if estado is Estado.SOLUCIONADO else PROOF[:1] if estado is Estado.FALLIDO else (),
        closed_at=at + took if estado in CLOSED else None,
    )


def a_month(count: int, now: float) -> Iterator[Incident]:
    """The newest first; the first three are open."""
    luck = random.Random(100)
    for number in range(count):
        open_one = (Estado.REINTENTANDO, Estado.PENDIENTE, Estado.DETECTADO)[number] if number < 3 else None
        estado = open_one or (Estado.FALLIDO if luck.random() < 0.07 else Estado.SOLUCIONADO)
        at = now - 20 - 30 * DAY * (number / max(count, 1)) ** 1.7 - luck.random() * 600
        yield story(number, at, estado, luck)


class Stage:
    window: Opened

    def __init__(
        self,
        folder: Path,
        incidents: int = 0,
        origins: tuple[str, ...] = (),
        base_path: str = "",
        frame_ancestors: tuple[str, ...] = (),
        status_token: str = "",
    ) -> None:
        self._ready, self._folder, self._origins = threading.Event(), folder, origins
        self._base_path, self._frame_ancestors, self._status_token = base_path, frame_ancestors, status_token
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._ready.wait(SECONDS)
        self.now = time.time()
        if incidents:
            self.fill(incidents)

    async def _run(self) -> None:
        self._end = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        async with self._opened() as window:
            self.window = window
            self.url = f"http://127.0.0.1:{window.window.server.port}"
            self._ready.set()
            await self._end.wait()

    @contextlib.asynccontextmanager
    async def _opened(self) -> AsyncIterator[Opened]:
        async with opened(
            self._folder,
            clock=time.time,
            origins=self._origins,
            base_path=self._base_path,
            frame_ancestors=self._frame_ancestors,
            status_token=self._status_token,
        ) as window:
            window.here.said = calm(time.time())
            window.here.disks = [Volume("/home", 212 * GB, 500 * GB, "ok", falling(212 * GB, 0.05 * GB))]
            yield window

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)

    def fill(self, count: int) -> None:
        found = list(a_month(count, self.now))
        for begin in range(0, count, 2000):
            part = found[begin : begin + 2000]
            self.do(self.window.store.commit(ChangeSet(incidents=tuple(part), attempts=tuple(map(tried, part)))))
        told = sorted(found[:40], key=lambda one: one.opened_at)
        records = [record for one in told for record in history(one)]
        self.do(self.window.store.commit(ChangeSet(records=tuple(sorted(records, key=lambda one: one.at)))))

    def happen(self, incident: Incident) -> None:
        """As the service does it: stored, then said."""
        record = incident_event(incident, incident.updated_at, "es")

        async def keep() -> None:
            await self.window.store.commit(ChangeSet(incidents=(incident,), records=(record,)))
            self.window.window.stored((record,))

        self.do(keep())

    def link(self) -> str:
        return f"{self.url}/#code={self.do(self.window.ask('POST', '/api/v1/codes')).json['code']}"

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """A monitor that stands still: its connections are open, and nothing comes."""
        thaw = threading.Event()
        self._loop.call_soon_threadsafe(thaw.wait, SECONDS)
        try:
            yield
        finally:
            thaw.set()

    def close(self) -> None:
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join(SECONDS)


def history(one: Incident) -> list[Any]:
    steps = [replace(one, estado=Estado.DETECTADO, closed_at=None, evidence=(), updated_at=one.opened_at)]
    if one.estado is not Estado.DETECTADO:
        steps.append(
            replace(steps[0], estado=Estado.REINTENTANDO, updated_at=one.opened_at + 1, accion="retry", attempt=1)
        )
    if not one.open:
        steps.append(one)
    return [incident_event(step, step.updated_at, "es") for step in steps]


def tried(one: Incident) -> TaskStat:
    kind = TaskKind.FIX_OWNER if one.error_type is ErrorType.PERMISOS else TaskKind.RETRY_DOWNLOAD
    if one.estado is Estado.SOLUCIONADO:
        return TaskStat(one.error_type, kind, one.updated_at, True, seconds=one.updated_at - one.opened_at)
    return TaskStat(one.error_type, kind, one.updated_at, False, "timeout")


def falling(free: int, an_hour: float) -> tuple[tuple[float, int], ...]:
    now = time.time()
    return tuple((now - 300 * n, round(free + an_hour * n / 12)) for n in range(287, -1, -1))


def foresight(now: float) -> ForecastView:
    """A disk that will be full within hours, one that will not, and a score for each kind."""
    hours = range(1, 169)
    at = tuple(now + 3600 * n for n in hours)

    def path(free: float, an_hour: float) -> tuple[float, ...]:
        return tuple(max(0.0, (free - an_hour * n) * GB + 4 * GB * math.sin(n / 4)) for n in hours)

    disk = Prediction(PredictionKind.DISK, now - 900, now + DAY, 0.82, now + 11 * 3600, now + 27 * 3600, "/home",
                      "forecast.disk", (("free", 212 * GB), ("drain", 13 * GB)))  # fmt: skip
    server = Prediction(PredictionKind.SERVER, now - 60, now + 7200, 0.9, now, now + 7200, "", "forecast.server.slow")
    scores = [KindScore(kind, KindState.SHADOW) for kind in PredictionKind]
    scores[0] = KindScore(PredictionKind.DISK, KindState.TOLD, 11, 8, 2, 1, 0.16, 0.0912, 0.79)
    return ForecastView(
        now,
        (SaidPrediction("P2", server, told=False), SaidPrediction("P1", disk, told=True)),
        tuple(scores),
        (
            DiskFan("/home", 500 * GB, 2 * GB, 0.82, at, path(212, 17), path(212, 13), path(212, 8),
                    now + 16 * 3600, now + 11 * 3600, now + 27 * 3600),
            DiskFan("/", 100 * GB, 2 * GB, 0.0, at, path(60, 0.1), path(60, 0.05), path(60, 0)),
        ),
        now - 20 * DAY,
    )  # fmt: skip


def calm(now: float) -> dict[str, object]:
    return {
        "at": now,
        "version": "1.0.0",
        "started_at": now - 5 * DAY,
        "line": "",
        "unit": "active (running), NRestarts=0",
        "unit_name": "trafico-main.service",
        "unit_active": True,
        "unit_restarts": 0,
        "server": "http://127.0.0.1:8081 responde (HTTP 404) en 3 ms",
        "server_up": True,
        "space": "212 GB libres",
        "lag": 0.0,
        "blindness": {"since": None, "reasons": [], "suppressed": 0},
        "open": 0,
        "orders": 0,
        "missing": [],
        "outbox": {"waiting": 0, "error": ""},
        "lost": [],
        "rescued": None,
        "alarms": [],
        "channels": [],
        "silences": [],
    }


def busy(now: float) -> list[UnderWay]:
    return [
        UnderWay(
            Download("ana", "20251225_180011_77ab01.mp4"), now - 42, now - 2, Phase.COPYING, 262_000_000, 171_000_000
        ),
        UnderWay(Download("lucia", "20251225_180102_c0ffee.mp4"), now - 11, now - 11, Phase.RECEIVING, 1_450_000_000),
        UnderWay(
            Download("noa", "20251225_175900_f00d11.mp4"),
            now - 4,
            now - 4,
            Phase.RETRYING,
            88_000_000,
            30_000_000,
            "0000000Q",
            2,
        ),
    ]
