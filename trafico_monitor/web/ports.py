"""Interfaces of the web application to the rest of the program; the service implements them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..model.alert import Silence
from ..model.control import ControlService
from ..model.download import UnderWay
from ..model.fleet import Machine
from ..model.incident import Event, Incident, IncidentFilter
from ..model.installation import Assignable, Waiting
from ..model.prediction import ForecastView
from ..model.resource_usage import ResourceUsage
from ..model.uptime import Uptime

Numbered = tuple[int, Event]  # a record with its place in the monitor's story
Hour = tuple[int, str, str, int]  # a span's first second; type, modelo or seconds; the value; how many


class Records(Protocol):
    """The stored records. Each method has a deadline of its own and raises StoreError."""

    async def page(self, wanted: IncidentFilter, limit: int) -> Sequence[Incident]: ...

    async def count(self, wanted: IncidentFilter) -> int:
        """The number of matching incidents, on every page."""
        ...

    async def story(self, name: str, machine: str = "") -> tuple[Incident, Sequence[Numbered]] | None:
        """The incident of that id. Where several machines of a hub have one, `machine` tells, or AmbiguousIncident."""
        ...

    async def records_after(self, seq: int, limit: int) -> Sequence[Numbered]: ...

    async def latest_records(self, limit: int) -> Sequence[Numbered]: ...

    async def hours(self, since: float, until: float, step: int, offset: int) -> Sequence[Hour]:
        """The hours that begin in [since, until), summed up in spans of `step` seconds that begin
        `offset` seconds before those of UTC."""
        ...

    async def ledger(self, since: float) -> Sequence[Mapping[str, object]]: ...

    async def silences(self) -> Sequence[Silence]: ...


@dataclass(frozen=True, slots=True)
class Volume:
    """A file system and its last day: `free` bytes at the times of `history`."""

    path: str
    free: int
    total: int
    level: str
    history: tuple[tuple[float, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Gauges:
    """Measurements of now. None for an unknown one: a metric that is missing is better than a wrong one."""

    version: str
    started_at: float
    reader_lag: float
    open: Mapping[tuple[str, str], int]  # (error_type, estado)
    orders: int
    outbox: int
    outbox_failing: bool
    downloads: int
    suppressed: int  # lines that journald dropped
    blind: Sequence[str]  # codes of why not every line is seen
    volumes: Sequence[Volume]
    server_up: bool | None = None
    unit_active: bool | None = None
    unit_restarts: int | None = None
    took: Mapping[str, float] = field(default_factory=dict)  # channel → when it last took a message
    waiting: Waiting | None = None  # what lies in `_rescatados`
    usage: ResourceUsage = field(default_factory=ResourceUsage)
    last_line: float | None = None  # when the bot last logged a line
    database: int | None = None  # bytes
    alarms: Mapping[str, int] = field(default_factory=dict)  # alarms without an incident, by their kind
    silences: Mapping[str, int] = field(default_factory=dict)  # by scope
    unit_configured: bool = True  # systemd is asked about a unit of the bot


class Machines(Protocol):
    """The machines of a fleet, known to a hub without asking anybody."""

    @property
    def now(self) -> float:
        """The clock by which machines are judged: the database's, in seconds since the epoch."""
        ...

    @property
    def read_at(self) -> float:
        """The time of the last look at the database, by that clock."""
        ...

    def machines(self) -> Sequence[Machine]:
        """All of them, by name."""
        ...

    def machine(self, name: str) -> Machine | None: ...


class Present(Protocol):
    """The present state, known to the service without asking anybody."""

    def status(self) -> Mapping[str, object]: ...

    def desk(self) -> ControlService | None:
        """The control service; None while the monitor starts or stops."""
        ...

    async def downloads(self) -> Sequence[UnderWay]: ...

    def volumes(self) -> Sequence[Volume]: ...

    async def forecast(self) -> ForecastView:
        """What is foreseen now, and how good predictions have been."""
        ...

    def uptime(self) -> Sequence[Uptime]:
        """Of bot, server and monitor."""
        ...

    async def assignable(self) -> Assignable:
        """The rescued files, and the modelos that they could belong to. Raises OSError, a TimeoutError too."""
        ...

    def action(self, incident: Incident, language: str) -> str:
        """`accion` in words."""
        ...

    def reason(self, incident: Incident, language: str) -> str: ...

    def line(self, record: Event, language: str) -> str:
        """The record's line of the log, in that language."""
        ...

    def gauges(self) -> Gauges: ...
