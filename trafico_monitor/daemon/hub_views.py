"""Read models of a hub for the API and the dashboard: all machines in figures, and the hub's own state."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from .. import __version__
from ..errors import FleetError
from ..messages.fleet import reason
from ..model.control import ControlService
from ..model.download import UnderWay
from ..model.incident import Event, Incident
from ..model.installation import Assignable
from ..model.prediction import ForecastView
from ..model.resource_usage import ResourceUsage
from ..model.uptime import Uptime
from ..pipeline.events import action_text, reason_text
from ..web.machines import totals
from ..web.ports import Gauges, Machines, Volume

# What a monitor says of its own bot, and a hub has not.
_NOT_HERE: Mapping[str, object] = {
    "unit": "", "unit_name": "", "unit_active": None, "unit_restarts": None, "server": "", "server_up": None,
    "space": "", "line": "", "mounts": [], "lag": 0.0, "unattributed": 0, "orders": 0, "rescued": None, "missing": [],
    "blindness": {"since": None, "reasons": [], "suppressed": 0},
    "reporting": {"exact": False, "library": None, "foreign": None},
    "forecast": {"text": "", "foreseen": []},
    "outbox": {"waiting": 0, "error": ""}, "channels": [], "silences": [], "alarms": [], "unanswered": [], "lost": [],
    "tasks": [], "checked_at": None, "heard_at": None, "process": None, "host": None,
}  # fmt: skip


class HubStatus:
    """The present of a hub. `own` is what the hub says of itself, by the keys of a monitor's status; `trouble` is why
    its database cannot be read now."""

    def __init__(
        self,
        machines: Machines,
        own: Callable[[], Mapping[str, object]],
        trouble: Callable[[], FleetError | None],
        desk: Callable[[], ControlService | None],
        language: Callable[[], str],
        clock: Callable[[], float],
        usage: Callable[[], ResourceUsage] = ResourceUsage,
    ) -> None:
        self._machines = machines
        self._own = own
        self._trouble = trouble
        self._desk = desk
        self._language = language
        self._clock = clock
        self._usage = usage
        self._started_at = clock()

    def status(self) -> Mapping[str, object]:
        """The hub's own state, and `hub`: its machines in figures."""
        own, error = self._own(), self._trouble()
        database = reason(error, self._language()) if error else ""
        found = totals(self._machines.machines(), self._machines.now, database)
        start = {"at": self._clock(), "started_at": self._started_at, "version": __version__, "open": found["open"]}
        return {**_NOT_HERE, **start, **own, "hub": found}

    def desk(self) -> ControlService | None:
        return self._desk()

    async def downloads(self) -> Sequence[UnderWay]:
        """None: they are the machines' own."""
        return ()

    def volumes(self) -> Sequence[Volume]:
        """None: the disks of the machines are in `status`."""
        return ()

    async def forecast(self) -> ForecastView:
        """Nothing: each machine foresees its own."""
        return ForecastView(self._clock())

    def uptime(self) -> Sequence[Uptime]:
        """None: each machine counts its own."""
        return ()

    async def assignable(self) -> Assignable:
        """Nothing: the files lie on the machines."""
        return Assignable()

    def action(self, incident: Incident, language: str) -> str:
        return action_text(incident, language)

    def reason(self, incident: Incident, language: str) -> str:
        return reason_text(incident.reason, language)

    def line(self, record: Event, language: str) -> str:
        """As its machine has written it."""
        return record.text

    def gauges(self) -> Gauges:
        said = self.status()
        outbox = said["outbox"] if isinstance(said["outbox"], Mapping) else {}
        counts: Counter[tuple[str, str]] = Counter()
        return Gauges(
            version=__version__,
            started_at=self._started_at,
            reader_lag=0.0,
            open=counts,
            orders=0,
            outbox=int(outbox.get("waiting", 0)),
            outbox_failing=bool(outbox.get("error")),
            downloads=0,
            suppressed=0,
            blind=(),
            volumes=(),
            usage=self._usage(),
        )
