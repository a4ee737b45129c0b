"""Monitor status: the systemd status line, the `status` snapshot, the reasons for being unhealthy, and the
watchdog."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from .. import __version__
from ..errors import StoreError
from ..health.processes import exists
from ..health.resources import ResourceProbe
from ..health.scheduler import CheckRun
from ..host.redact import redact
from ..host.systemd import Notifier, watchdog_interval
from ..messages import forecast, text
from ..model.incident import Estado
from ..model.installation import shell_word
from ..model.resource_usage import ResourceUsage
from ..notify.delivery.manager import DeliveryManager
from ..notify.messages.render import headline
from ..pipeline import instrumentation
from ..pipeline.events import task_name
from ..pipeline.lifecycle_events import RunStats
from ..repair.dispatcher import Dispatcher
from .context import AppContext
from .degraded_mode import DegradedMode
from .ingest_loop import STUCK_SECONDS

EVERY = 10.0  # seconds


class ServiceStatus:
    """The status of any service of the program: its tasks, channels, silences and alarms."""

    def __init__(self, context: AppContext, deliveries: DeliveryManager, degraded: DegradedMode) -> None:
        self._context = context
        self._deliveries = deliveries
        self._degraded = degraded
        self._resources = ResourceProbe()

    def resources(self) -> ResourceUsage:
        return self._resources.read()

    def line(self) -> str:
        """The status line for systemd: failures of the service itself first."""
        return "; ".join(filter(None, (self._degraded.line, self._failing()))) or self._counts()

    def snapshot(self) -> dict[str, object]:
        """All that `status` shows, as JSON-able values."""
        return {
            "at": self._context.clock(),
            "started_at": self._context.started_at,
            "version": __version__,
            "line": self.line(),
            **asdict(self._resources.read()),
            "tasks": [asdict(one) for one in self._context.supervisor.troubles],
            "missing": list(self._context.config().missing),
            "outbox": self._outbox(),
            "channels": [asdict(one) for one in self._deliveries.status.values()],
            "silences": self._silences(),
            "alarms": self._alarms(),
            "unanswered": [one.key for one in self._context.pipeline.alerting.alerts if not one.acknowledged_by],
        }

    def unhealthy(self) -> str:
        """The reasons for being unhealthy, in words; "" when healthy."""
        return "; ".join(filter(None, (self._degraded.line, self._failing(), *self._reasons())))

    def watched(self) -> str:
        """What the service watches, in words."""
        raise NotImplementedError

    def _counts(self) -> str:
        raise NotImplementedError

    def _reasons(self) -> Sequence[str]:
        return ()

    def _failing(self) -> str:
        language = self._context.language()
        names = ", ".join(task_name(one.task, language) for one in self._context.supervisor.troubles)
        return text("status.task_failing", language, tarea=names) if names else ""

    def _outbox(self) -> dict[str, object]:
        """All channels together; the error is the first channel's that has one."""
        status = self._deliveries.status.values()
        error = next((one.last_error for one in status if one.last_error), "")
        return {"waiting": sum(one.waiting for one in status), "error": error}

    def _silences(self) -> list[dict[str, object]]:
        silences = self._context.pipeline.alerting.active_silences(self._context.clock())
        return [{**asdict(one), "scope": one.scope.value} for one in silences]

    def _alarms(self) -> list[dict[str, object]]:
        """What has rung and is not over, and no incident stands behind: unit, disk, our own files."""
        return [
            {
                "id": one.key,
                "code": one.notice.code.value,
                "text": headline(one.notice, self._context.language()).plain,
                "since": one.notice.at,
                "acknowledged_by": one.acknowledged_by or None,
                "acknowledged_at": one.acknowledged_at,
            }
            for one in self._context.pipeline.alerting.alerts
            if one.notice.incident is None
        ]


class StatusReporter(ServiceStatus):
    """Reads what the other parts know. `lag` is the consumer lag in seconds, `unattributed` the number of
    the unit's lines since the start whose process is unknown, `heard` the time of the bot's last line since then."""

    def __init__(
        self,
        context: AppContext,
        stats: RunStats,
        deliveries: DeliveryManager,
        dispatcher: Dispatcher,
        degraded: DegradedMode,
        lag: Callable[[], float],
        unattributed: Callable[[], int],
        heard: Callable[[], float | None],
        fleet: Callable[[], Mapping[str, object]],
    ) -> None:
        super().__init__(context, deliveries, degraded)
        self._stats = stats
        self._dispatcher = dispatcher
        self._lag = lag
        self._unattributed = unattributed
        self._heard = heard
        self._fleet = fleet
        self._checked: CheckRun | None = None  # the last periodic checks

    def observe(self, checked: CheckRun) -> None:
        """Take over the results of the periodic checks."""
        self._checked = checked

    def _counts(self) -> str:
        config = self._context.config()
        lacking = ", ".join(text(f"short.{code}", config.language) for code in config.missing)
        return text(
            "status.notify",
            config.language,
            unidad=self.watched(),
            abiertos=len(self._context.pipeline.tracker.open_incidents()),
            solucionados=self._stats.ended(Estado.SOLUCIONADO),
            fallidos=self._stats.ended(Estado.FALLIDO),
            falta=text("status.notify.missing", config.language, falta=lacking) if lacking else "",
        )

    def snapshot(self) -> dict[str, object]:
        """All that `trafico-monitor status` shows, as JSON-able values."""
        checked = self._checked
        seen: Mapping[str, str] = checked.shown if checked else {}
        return {
            **super().snapshot(),
            "checked_at": checked.at if checked else None,
            "heard_at": None if (heard := self._heard()) is None else heard // 60 * 60,  # a change once a minute
            "unit": seen.get("unit", ""),
            "server": seen.get("server", ""),
            "space": seen.get("space", ""),
            "mounts": [asdict(mount) for mount in checked.mounts] if checked else [],
            "lag": self._lag(),
            "unattributed": self._unattributed(),
            "blindness": self._blindness(),
            "reporting": self._reporting(),
            "open": len(self._context.pipeline.tracker.open_incidents()),
            "orders": self._dispatcher.under_way,
            "rescued": self._rescued(),
            "forecast": self._forecast(),
            "lost": self._lost(),
            **self._fleet(),
        }

    def _reasons(self) -> Sequence[str]:
        language = self._context.language()
        blind = self._context.pipeline.blindness.now.values()
        return [text(f"blind.{one.code}", language, texto=one.detail) for one in blind]

    def watched(self) -> str:
        """The bot's unit, or words for an unknown one."""
        config = self._context.config()
        return config.bot.unit or text("unit.unknown", config.language, proceso=config.bot.process)

    def _rescued(self) -> dict[str, object] | None:
        """What waits for a person to say whose it is, with the command for one of them."""
        checked = self._checked
        waiting = checked.waiting if checked else None
        if waiting is None:
            return None
        command = f"sudo trafico-monitor assign {shell_word(waiting.first)} MODELO" if waiting.first else ""
        return {
            "files": waiting.number,
            "bytes": waiting.size,
            "oldest": waiting.oldest,
            "complete": waiting.complete,
            "fix": redact(command),
        }

    def _forecast(self) -> dict[str, object]:
        """What is foreseen, and the likeliest of it in words."""
        view = self._context.pipeline.foresight.view(self._context.clock())
        foreseen = [one.as_json() for one in view.foreseen]
        return {"text": forecast.summary(view, self._context.language()), "foreseen": foreseen}

    def _lost(self) -> list[str]:
        """Incidents that ended `fallido` and that nobody has acknowledged: their videos wait for a person."""
        tracker, found = self._context.pipeline.tracker, []
        for alert in self._context.pipeline.alerting.alerts:
            incident = tracker.get(alert.key) or alert.notice.incident
            if incident is not None and incident.estado is Estado.FALLIDO and not alert.acknowledged_by:
                found.append(incident.id)
        return found

    def _reporting(self) -> dict[str, object]:
        """Whether the bot tells of its downloads exactly, by the unit as it was at the last look."""
        told, checked = self._context.pipeline.told, self._checked
        began = checked.unit.began if checked and checked.unit else 0.0
        return instrumentation.standing(told, began, lives=exists(told.pid))

    def _blindness(self) -> dict[str, object]:
        """What the monitor does not see, since when, and how many lines journald has dropped."""
        seen, language = self._context.pipeline.blindness, self._context.language()
        reasons = [
            {
                "code": one.code,
                "since": one.since,
                "last": one.last,
                "count": one.count,
                "text": text(f"blind.{one.code}", language, texto=one.detail),
            }
            for one in sorted(seen.now.values(), key=lambda one: one.since)
        ]
        since = reasons[0]["since"] if reasons else None
        return {"since": since, "reasons": reasons, "suppressed": seen.dropped}


class WatchdogTask:
    """Sends watchdog pings and the status line to systemd, and saves the status snapshot. `advancing`: the ingest
    loop makes progress; without it there is no ping."""

    def __init__(
        self, context: AppContext, notifier: Notifier, status: ServiceStatus, advancing: Callable[[], bool]
    ) -> None:
        self._notifier = notifier
        self._status = status
        self._store = context.store
        self._advancing = advancing
        self._saving_since: float | None = None

    async def watch(self) -> None:
        """Send watchdog pings while the service makes progress, for ever. Apart from `run`: a status that cannot be
        built is no standstill."""
        interval = min(watchdog_interval() or EVERY, EVERY)
        while True:
            if self._advancing() and not self._store_hangs():
                self._notifier.watchdog()
            await asyncio.sleep(interval)

    async def run(self) -> None:
        """Send and save the status every ten seconds, for ever."""
        while True:
            self.send_status()
            await self.save()
            await asyncio.sleep(EVERY)

    def ready(self) -> None:
        """Tell systemd that a start or a reload is complete."""
        self._notifier.ready()
        self.send_status()

    def send_status(self) -> None:
        """Send the status line."""
        self._notifier.status(self._status.line())

    async def save(self) -> None:
        """Save the snapshot for `trafico-monitor status`."""
        self._saving_since = time.monotonic()
        try:
            with contextlib.suppress(StoreError):
                await self._store.save_status(self._status.snapshot())
        finally:
            self._saving_since = None

    def _store_hangs(self) -> bool:
        return self._saving_since is not None and time.monotonic() - self._saving_since > STUCK_SECONDS
