"""Read models of a hub for the API and the dashboard: the hub's own state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from .. import __version__
from ..errors import FleetError
from ..fleet.hub.overview import Overview
from ..model.control import ControlService
from ..model.download import UnderWay
from ..model.incident import Incident
from ..model.prediction import ForecastView
from ..model.resource_usage import ResourceUsage
from ..pipeline.events import action_text, reason_text
from ..web.ports import Gauges, Volume

# What a monitor says of its own bot, and a hub has not.
_NOT_HERE: Mapping[str, object] = {
    "unit": "", "unit_name": "", "unit_active": None, "unit_restarts": None, "server": "", "server_up": None,
    "space": "", "mounts": [], "lag": 0.0, "unattributed": 0, "orders": 0, "rescued": None, "open": 0,
    "checked_at": None, "heard_at": None,
    "blindness": {"since": None, "reasons": [], "suppressed": 0},
    "reporting": {"exact": False, "library": None, "foreign": None},
    "forecast": {"text": "", "foreseen": []},
}  # fmt: skip


class HubStatus:
    """The present of a hub. `own` is what the hub says of itself, by the keys of a monitor's status."""

    def __init__(
        self,
        machines: Overview,
        own: Callable[[], Mapping[str, object]],
        trouble: Callable[[], FleetError | None],
        desk: Callable[[], ControlService | None],
        language: Callable[[], str],
        clock: Callable[[], float],
        usage: Callable[[], ResourceUsage] = ResourceUsage,
    ) -> None:
        self._own = own
        self._desk = desk
        self._clock = clock
        self._usage = usage
        self._started_at = clock()

    def status(self) -> Mapping[str, object]:
        return {**_NOT_HERE, **self._own()}

    def desk(self) -> ControlService | None:
        return self._desk()

    async def downloads(self) -> Sequence[UnderWay]:
        return ()

    def volumes(self) -> Sequence[Volume]:
        return ()

    async def forecast(self) -> ForecastView:
        return ForecastView(self._clock())

    def action(self, incident: Incident, language: str) -> str:
        return action_text(incident, language)

    def reason(self, incident: Incident, language: str) -> str:
        return reason_text(incident.reason, language)

    def gauges(self) -> Gauges:
        return Gauges(
            version=__version__,
            started_at=self._started_at,
            reader_lag=0.0,
            open={},
            orders=0,
            outbox=0,
            outbox_failing=False,
            downloads=0,
            suppressed=0,
            blind=(),
            volumes=(),
            usage=self._usage(),
        )
