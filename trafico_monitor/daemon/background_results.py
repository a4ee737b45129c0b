"""What those beside the main line have found, met or done goes into the pipeline, or on record, and is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from ..config.schema import Config
from ..messages import text
from ..model.alert import Notification, NotificationCode, Severity
from ..model.changeset import ChangeSet
from ..model.finding import ErrorType
from ..model.incident import Event, Incident
from ..model.installation import Installation
from ..pipeline import events
from ..pipeline.pipeline import Pipeline
from ..repair.path_policy import resolve_destination
from ..repair.quarantine_retention import Expired
from ..store.repository import Store
from .committer import Committer
from .supervisor import Trouble

WAITING_LOOKED_AT = 50  # the oldest downloads in wait tell which file systems are meant


class Reports:
    """What `rounds`, `room`, `tidying`, `upkeep` and the companions ask for and report."""

    def __init__(
        self,
        config: Callable[[], Config],
        site: Callable[[], Installation | None],
        pipeline: Pipeline,
        store: Store,
        keeper: Committer,
        clock: Callable[[], float],
    ) -> None:
        self._config = config
        self._site = site
        self._pipeline = pipeline
        self._store = store
        self._keeper = keeper
        self._clock = clock

    def awaited_folders(self) -> list[Path]:
        """Where downloads that wait for space are to be written."""
        site = self._site()
        if site is None:
            return []
        waiting = [i for i in self._pipeline.tracker.open_incidents() if i.waiting_for is ErrorType.DISCO_LLENO]
        places = [resolve_destination(incident.download, site) for incident in waiting[:WAITING_LOOKED_AT]]
        return [place.parent for place in places if place is not None]

    async def incident(self, name: str) -> Incident | None:
        """The incident of exactly that id, from the store. A note beside a file has it: anything may stand there."""
        if not (name.isascii() and name.isalnum()):
            return None
        return next((one for one in await self._store.named(name) if one.id == name), None)

    async def room_seen(self, fields: dict[str, str]) -> None:
        """What takes the space, and what could go."""
        await self._keeper.keep(self._pipeline.tell_room(fields, self._clock()))

    async def tidied(self, gone: tuple[Expired, ...]) -> None:
        """Files that have left the quarantine for good."""
        config, now = self._config(), self._clock()
        days, language = config.quarantine.keep_days, config.language
        records = [
            events.of_expired(str(one.path), one.incident, one.size, one.why, days, now, language) for one in gone
        ]
        await self._keeper.keep(ChangeSet(records=tuple(records)))

    async def told(self, records: tuple[Event, ...], notices: tuple[Notification, ...]) -> None:
        """What is to be recorded and told as it stands."""
        await self._keeper.keep(self._pipeline.tell(notices, self._clock(), records))

    async def recorded(self, records: tuple[Event, ...]) -> None:
        """What is only to be recorded."""
        await self._keeper.keep(ChangeSet(records=records))

    async def task_seen(self, trouble: Trouble, over: bool) -> None:
        """A task of the monitor's own fails again and again, or no longer does."""
        config, now = self._config(), self._clock()
        code = NotificationCode.TASK_BACK if over else NotificationCode.TASK_FAILING
        fields = {
            "tarea": events.task_name(trouble.task, config.language),
            "fallos": str(trouble.failures),
            "error": trouble.error,
            "segundos": f"{max(0.0, now - trouble.since):.0f}",
        }
        record = events.of_event(code.value, now, config.language, 5 if over else 3, **fields)
        shown = {"tarea": fields["tarea"]}
        if not over:
            shown |= {"motivo": trouble.error, "texto": text("tasks.advice", config.language)}
        thread = int(trouble.since)  # its end is written into the same message
        notice = Notification(f"task {trouble.task}", code, Severity.RECOVERABLE, now, thread, fields=shown)
        await self.told((record,), (notice,))

    def met(self, event: str, code: str, fields: Mapping[str, str]) -> Event:
        """What a companion has met, for the record."""
        language = self._config().language
        words = text(code, language, **fields)
        return events.of_event(event, self._clock(), language, 4, code="missing", texto=words)
