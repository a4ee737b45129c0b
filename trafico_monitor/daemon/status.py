"""How the monitor stands: the unit's status line, `trafico-monitor status`, and why it is not well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import psutil

from .. import __version__
from ..config.schema import Config
from ..health.resources import ResourceProbe
from ..health.scheduler import CheckRun
from ..host.redact import redact
from ..messages import text
from ..model.incident import Estado
from ..model.installation import shell_word
from ..notify.delivery.manager import DeliveryManager
from ..notify.messages.render import headline
from ..pipeline import instrumentation
from ..pipeline.events import task_name
from ..pipeline.pipeline import Pipeline
from ..pipeline.run_stats import RunStats
from ..repair.dispatcher import Dispatcher
from .degraded_mode import DegradedMode
from .supervisor import Trouble


@dataclass(frozen=True, slots=True)
class StatusReporter:
    """Reads from those who know; keeps nothing. `checked` is the last round of checks, None before the first;
    `lag` is how old the last line taken in is while others wait behind it, `troubles` are the tasks that fail
    again and again."""

    config: Callable[[], Config]
    pipeline: Pipeline
    tally: RunStats
    post_office: DeliveryManager
    dispatcher: Dispatcher
    upkeep: DegradedMode
    checked: Callable[[], CheckRun | None]
    lag: Callable[[], float]
    clock: Callable[[], float]
    started_at: float
    resources: ResourceProbe
    troubles: Callable[[], Sequence[Trouble]] = tuple

    def line(self) -> str:
        """One line for systemd: what fails of the monitor's own comes before all else."""
        return "; ".join(filter(None, (self.upkeep.line, self._failing()))) or self._counts()

    def _failing(self) -> str:
        language = self.config().language
        names = ", ".join(task_name(one.task, language) for one in self.troubles())
        return text("status.task_failing", language, tarea=names) if names else ""

    def _counts(self) -> str:
        config = self.config()
        lacking = ", ".join(text(f"short.{code}", config.language) for code in config.missing)
        return text(
            "status.notify",
            config.language,
            unidad=self.watched(),
            abiertos=len(self.pipeline.tracker.open_incidents()),
            solucionados=self.tally.ended(Estado.SOLUCIONADO),
            fallidos=self.tally.ended(Estado.FALLIDO),
            falta=text("status.notify.missing", config.language, falta=lacking) if lacking else "",
        )

    def snapshot(self) -> dict[str, object]:
        """Everything that `status` shows, as JSON-able values."""
        checked = self.checked()
        seen: Mapping[str, str] = checked.shown if checked else {}
        return {
            "at": self.clock(),
            "started_at": self.started_at,
            "version": __version__,
            "line": self.line(),
            "unit": seen.get("unit", ""),
            "server": seen.get("server", ""),
            "space": seen.get("space", ""),
            **asdict(self.resources.read()),
            "mounts": [asdict(mount) for mount in checked.mounts] if checked else [],
            "lag": self.lag(),
            "blindness": self._blindness(),
            "reporting": self._reporting(),
            "tasks": [asdict(one) for one in self.troubles()],
            "open": len(self.pipeline.tracker.open_incidents()),
            "orders": self.dispatcher.under_way,
            "rescued": self._rescued(),
            "missing": list(self.config().missing),
            "outbox": self._outbox(),
            "channels": [asdict(one) for one in self.post_office.status.values()],
            "silences": self._silences(),
            "alarms": self._alarms(),
            "unanswered": [one.key for one in self.pipeline.alerting.alerts if not one.acknowledged_by],
        }

    def unwell(self) -> str:
        """Why the monitor is not well, in words; "" when it is."""
        language = self.config().language
        blind = self.pipeline.blindness.now.values()
        reasons = [text(f"blind.{one.code}", language, texto=one.detail) for one in blind]
        return "; ".join(filter(None, (self.upkeep.line, self._failing(), *reasons)))

    def watched(self) -> str:
        """The bot's unit, or in words that it is not known."""
        config = self.config()
        return config.bot.unit or text("unit.unknown", config.language, proceso=config.bot.process)

    def _rescued(self) -> dict[str, object] | None:
        """What waits for a person to say whose it is, with the command for one of them."""
        checked = self.checked()
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

    def _outbox(self) -> dict[str, object]:
        """All channels together; the error is the first channel's that has one."""
        status = self.post_office.status.values()
        error = next((one.last_error for one in status if one.last_error), "")
        return {"waiting": sum(one.waiting for one in status), "error": error}

    def _silences(self) -> list[dict[str, object]]:
        silences = self.pipeline.alerting.active_silences(self.clock())
        return [{**asdict(one), "scope": one.scope.value} for one in silences]

    def _alarms(self) -> list[dict[str, object]]:
        """What has rung and is not over, and no incident stands behind: unit, disk, our own files."""
        return [
            {
                "id": one.key,
                "code": one.notice.code.value,
                "text": headline(one.notice, self.config().language).plain,
                "since": one.notice.at,
                "acknowledged_by": one.acknowledged_by or None,
                "acknowledged_at": one.acknowledged_at,
            }
            for one in self.pipeline.alerting.alerts
            if one.notice.incident is None
        ]

    def _reporting(self) -> dict[str, object]:
        """Whether the bot tells of its downloads exactly, by the unit as it was at the last look."""
        told, checked = self.pipeline.told, self.checked()
        began = checked.unit.began if checked and checked.unit else 0.0
        return instrumentation.standing(told, began, lives=psutil.pid_exists(told.pid))

    def _blindness(self) -> dict[str, object]:
        """What the monitor does not see, since when, and how many lines journald has dropped."""
        seen, language = self.pipeline.blindness, self.config().language
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
