"""A real window on a unix socket and on a port of the kernel's choice, with people to ask behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from trafico_monitor.daemon.views import IncidentReader
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.control import ControlRequest, ControlResponse
from trafico_monitor.model.download import UnderWay
from trafico_monitor.model.incident import Estado, Event, Incident
from trafico_monitor.model.installation import Assignable
from trafico_monitor.model.prediction import ForecastView
from trafico_monitor.model.uptime import Uptime
from trafico_monitor.pipeline.events import action_text, event_text, reason_text
from trafico_monitor.store.repository import Store
from trafico_monitor.web.app import Sources, WebApp
from trafico_monitor.web.ports import Gauges, Volume
from trafico_monitor.web.server import Places

SECONDS = 20.0  # for anything that is waited for
NOON = 1_766_700_000.0
EVENTS = {
    Estado.DETECTADO: "incident_detected",
    Estado.PENDIENTE: "incident_pending",
    Estado.REINTENTANDO: "incident_retrying",
    Estado.SOLUCIONADO: "incident_solved",
    Estado.FALLIDO: "incident_failed",
}


# The status of a service that has found nothing yet, with every field of daemon/status.py and daemon/views.py.
QUIET: dict[str, object] = {
    "at": NOON, "started_at": NOON - 60, "version": "2.0.0", "line": "", "unit": "", "server": "", "space": "",
    "checked_at": None, "heard_at": None,
    "process": {"rss": 1, "cpu_seconds": 0.5, "cpu": 0.0, "open_files": 9, "threads": 2},
    "host": {"cpus": 2, "load": [0.1, 0.2, 0.3], "memory_total": 2, "memory_available": 1},
    "mounts": [], "lag": 0.0, "unattributed": 0, "blindness": {"since": None, "reasons": [], "suppressed": 0},
    "reporting": {"exact": False, "library": None, "foreign": None}, "tasks": [], "open": 0, "orders": 0,
    "rescued": None, "missing": [], "forecast": {"text": "", "foreseen": []}, "outbox": {"waiting": 0, "error": ""},
    "channels": [], "silences": [], "alarms": [], "unanswered": [], "lost": [],
    "unit_name": "trafico-main.service", "unit_active": True, "unit_restarts": 0, "server_up": None,
}  # fmt: skip


class ScriptedDesk:
    """Answers every request with `reply`, once `gate` is open, and remembers it."""

    def __init__(self) -> None:
        self.asked: list[ControlRequest] = []
        self.reply = ControlResponse(True, "done", {"id": "7K2M9QXA"})
        self.gate = asyncio.Event()
        self.gate.set()

    async def ask(self, request: ControlRequest) -> ControlResponse:
        self.asked.append(request)
        await self.gate.wait()
        return self.reply


@dataclass
class Here:
    """The present, as a test sets it."""

    desk_now: ScriptedDesk | None = field(default_factory=ScriptedDesk)
    said: dict[str, object] = field(default_factory=lambda: dict(QUIET))
    under_way: list[UnderWay] = field(default_factory=list)
    disks: list[Volume] = field(default_factory=list)
    up: Sequence[Uptime] = ()
    shelf: Assignable | None = field(default_factory=Assignable)  # None: it cannot be looked at
    foreseen: ForecastView = field(default_factory=lambda: ForecastView(NOON))

    def status(self) -> Mapping[str, object]:
        return self.said

    def desk(self) -> ScriptedDesk | None:
        return self.desk_now

    async def downloads(self) -> Sequence[UnderWay]:
        return self.under_way

    def volumes(self) -> Sequence[Volume]:
        return self.disks

    async def forecast(self) -> ForecastView:
        return self.foreseen

    def uptime(self) -> Sequence[Uptime]:
        return self.up

    async def assignable(self) -> Assignable:
        if self.shelf is None:
            raise TimeoutError
        return self.shelf

    def action(self, incident: Incident, language: str) -> str:
        return action_text(incident, language)

    def reason(self, incident: Incident, language: str) -> str:
        return reason_text(incident.reason, language)

    def line(self, record: Event, language: str) -> str:
        return event_text(record, language)

    def gauges(self) -> Gauges:
        return Gauges(
            "1.0.0",
            NOON,
            0.25,
            {("timeout", "pendiente"): 2},
            1,
            3,
            False,
            1,
            7,
            ("suppressed",),
            self.disks,
            True,
            True,
            4,
        )


@dataclass(frozen=True)
class Said:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, object]:
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass
class Opened:
    window: WebApp
    here: Here
    socket: Path
    store: Store

    async def keep(self, *incidents: Incident, text: str = "⚠️ línea") -> None:
        """Store them as the service does, one record each."""
        records = tuple(Event(one.updated_at, EVENTS[one.estado], text, 4, "", one) for one in incidents)
        await self.store.commit(ChangeSet(incidents=incidents, records=records))
        self.window.stored(records)

    async def cookie(self) -> str:
        """That of a fresh session."""
        code = (await self.ask("POST", "/api/v1/codes")).json["code"]
        origin = f"http://127.0.0.1:{self.window.server.port}"
        said = await self.ask("POST", "/api/v1/session", {"code": code}, headers={"Origin": origin}, local=False)
        assert said.status == 201, said
        return said.headers["set-cookie"].partition(";")[0]

    async def connect(self, *, local: bool = True) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with asyncio.timeout(SECONDS):
            if local:
                return await asyncio.open_unix_connection(str(self.socket))
            return await asyncio.open_connection("127.0.0.1", self.window.server.port)

    async def raw(self, sent: bytes, *, local: bool = True) -> bytes:
        """Everything that comes back on a connection of its own, until the server closes it."""
        reader, writer = await self.connect(local=local)
        try:
            writer.write(sent)
            async with asyncio.timeout(SECONDS):
                return await reader.read()
        finally:
            writer.close()

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        local: bool = True,
    ) -> Said:
        """`body` is bytes, or what JSON is made of."""
        sent = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        host = "monitor" if local else f"127.0.0.1:{self.window.server.port}"
        all_headers = {"Host": host, "Connection": "close", **(headers or {})}
        if body is not None:
            all_headers = {"Content-Type": "application/json", "Content-Length": str(len(sent)), **all_headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in all_headers.items())
        return parsed(await self.raw(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + sent, local=local))


def parsed(answer: bytes) -> Said:
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return Said(int(first.split()[1]), headers, joined(body) if "transfer-encoding" in headers else body)


def joined(chunks: bytes) -> bytes:
    """The body that came in chunks (RFC 9112, section 7.1), to its last one."""
    size, _, rest = chunks.partition(b"\r\n")
    length = int(size, 16)
    return rest[:length] + joined(rest[length + 2 :]) if length else b""


@contextlib.asynccontextmanager
async def opened(
    folder: Path,
    *,
    origins: tuple[str, ...] = (),
    base_path: str = "",
    frame_ancestors: tuple[str, ...] = (),
    status_token: str = "",
    clock: Callable[[], float] = lambda: NOON,
) -> AsyncIterator[Opened]:
    """With a real database in `folder`."""
    here, socket = Here(), folder / "api.sock"
    store = await Store.open(folder / "state")
    window = WebApp(
        Places(socket, "127.0.0.1:0"),
        Sources(IncidentReader(folder / "state", clock), here, store),
        clock,
        origins=lambda: origins,
        base_path=lambda: base_path,
        frame_ancestors=lambda: frame_ancestors,
        status_token=lambda: status_token,
    )
    running = asyncio.create_task(window.run())
    try:
        async with asyncio.timeout(SECONDS):
            while not (socket.exists() and window.server.port):
                await asyncio.sleep(0.01)
        yield Opened(window, here, socket, store)
    finally:
        running.cancel()
        await asyncio.wait([running], timeout=SECONDS)
        await store.close()
        assert running.done()
