"""Handler: life cycle of the bot's unit: an unrequested end, recovery, a stop for maintenance. Pure.

An end is unexpected unless a stop job came before it, whatever the exit status: main.py exits with 0 when its child
dies. PID 1 reports the same end in several ways, and the health check once more. Consecutive ends are one alert that
counts, until the bot has run for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from ...messages import format, text
from ...model.alert import Notification, NotificationCode, Severity
from ...model.finding import Finding, FindingKind
from ...model.prediction import DeathSample
from ...notify.engine import AlertEngine
from ..changeset_builder import ChangeSetBuilder
from . import visibility
from .visibility import VisibilityGaps

# The kernel tells of a process at once, and journald of the stop job that it belongs to up to 430 ms later
# (facts, section 2).
STOP_JOB_SECONDS = 1.5
# No life of a crash loop is waited for longer than this.
LONGEST_HOLD = 600.0
# An answer of systemctl that is older than the end that the journal tells of proves nothing: one round later it does.
STALE_SECONDS = 30.0
_ENDS = frozenset({"exited", "failed", "oom", "succeeded", "start_limit", "start_failed", "spawn_failed", "resources"})
_PROCESS = "process_gone"
_WORDS = {"succeeded": "unit.ended_unasked", "start_limit": "unit.given_up"}


@dataclass(slots=True)
class _Life:
    """Known state of the unit. Until the first message about it, it counts as running: its end is news."""

    alive: bool = True
    began: float = 0.0  # when it last came to life; 0: not known
    ended: float = 0.0
    asked: bool = False  # a stop job came after its last start
    restarted: bool = False  # it lives because it was started again after such an end
    activating: bool = False  # starting, and not started: this is how a oneshot lives
    restarting: bool = False  # systemd has scheduled its restart
    periodic: bool = False  # a timer starts it: it ends by itself as it should
    gone: float = 0.0  # when its last process of the bot ended; 0: none, or told
    gone_pid: int = 0
    unit: str = ""
    down: str = ""  # the code of the end that the alarm began with; "": no alarm stands
    since: float = 0.0  # when the first of these ends was; one soon after a recovery is counted with them
    alarm: float = 0.0  # when the alarm began: its message; 0: `since`
    ends: int = 0
    hold: float = 0.0  # how long it has to live until the alarm is over
    back: float = 0.0  # when a recovery was told


class UnitHandler:
    """`changes` grows whenever `snapshot` would differ."""

    def __init__(self, seen: VisibilityGaps, alerting: AlertEngine) -> None:
        self.changes = 0
        self.deaths: list[DeathSample] = []  # until the pipeline takes them
        self._life = _Life()
        self._blindness = seen
        self._alerting = alerting

    @property
    def down(self) -> str:
        """Code of the end that started the active alert, "" if there is none."""
        return self._life.down

    def take_deaths(self) -> list[DeathSample]:
        """The ends since the last call."""
        deaths, self.deaths = self.deaths, []
        return deaths

    def snapshot(self) -> dict[str, object]:
        return asdict(self._life)

    def restore(self, saved: Mapping[str, object], down: str = "") -> None:
        """Go on with `saved`; `down` is all that 1.0.0 kept."""
        known = {one.name: saved[one.name] for one in fields(_Life) if one.name in saved}
        self._life = _Life(**known) if known else _Life(alive=not down, down=down)  # type: ignore[arg-type]

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """Applies a report of systemd, the kernel, or the health check about the unit."""
        life, code, at = self._life, finding.code, finding.at
        if code == "running" and (life.alive or life.down == _PROCESS or at - life.ended < STALE_SECONDS):
            return
        life.unit = finding.rule or life.unit
        self.changes += 1
        self._recover(step, at)
        if code in _ENDS or code in ("stopping", "stopped"):
            self._blindness.end(visibility.UNIT_SILENT)  # it says nothing because it is not there
        match code:
            case "stopping":
                life.asked, life.gone = True, 0.0
                if not life.down:
                    step.take_in(self._alerting.unit_stopping(life.unit, at, now), now)
            case "stopped":
                life.asked = life.asked or not life.restarting
                if life.asked:
                    step.event("unit_stopped", at, 6, unidad=life.unit)
            case "restart_scheduled":
                life.restarting = True
            case "starting":
                self._begin(at)
                life.activating = True
            case "started":
                self._begin(at)
                step.event("unit_started", at, 6, unidad=life.unit)
                step.take_in(self._alerting.unit_started(at, now), now)
            case "finished":
                life.alive = False
            case "running":
                self._begin(at)
            case "process_gone":
                life.gone, life.gone_pid = at, finding.pid
            case "process_back":
                self._process_is_back(finding, step, now)
            case _ if code in _ENDS:
                self._end(finding, step, now)
        self._recover(step, now)

    def expect_ends(self, periodic: bool) -> None:
        """A timer starts the unit, or none does."""
        self._life.periodic = periodic

    def expire(self, step: ChangeSetBuilder, now: float) -> None:
        """Applies timeouts at `now`: a process is gone without a stop job; the unit has run long enough."""
        life = self._life
        if life.gone and now - life.gone > STOP_JOB_SECONDS:
            self._end_of_process(step, now)
        self._recover(step, now)

    def _begin(self, at: float) -> None:
        life = self._life
        if life.alive and life.activating:  # started, after starting
            life.activating = False
            return
        life.restarted = bool(life.down)
        life.alive, life.began = True, at
        life.asked = life.restarting = life.activating = False
        life.gone = 0.0

    def _end(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        life = self._life
        as_it_should = finding.code == "succeeded" and (life.activating or life.periodic)
        again, life.gone = not life.alive, 0.0
        if finding.code == "start_limit" and life.down:
            self._tell(finding, step, now)  # systemd gives it up
        if as_it_should and not again:  # no matter for how short a time
            life.hold, life.activating = 0.0, False
            self._recover(step, finding.at)
        life.alive = life.activating = False
        life.ended = life.ended if again else finding.at
        if life.asked and not again:
            self.deaths.append(DeathSample(finding.at, True))
        if not (again or life.asked or as_it_should):
            self._count(finding, step, now)

    def _process_is_back(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """A process of the bot speaks: that of a new run, or main.py has started it again."""
        life = self._life
        if life.gone and not life.asked:
            self._end_of_process(step, now)
        life.gone = 0.0
        if not life.alive and life.down == _PROCESS:
            self._begin(finding.at)

    def _end_of_process(self, step: ChangeSetBuilder, now: float) -> None:
        life, language = self._life, step.language
        at, life.gone = life.gone, 0.0
        if not life.alive or life.asked:
            return
        life.alive = False
        words = text("unit.process_gone", language, pid=life.gone_pid)
        self.changes += 1
        self._count(Finding(FindingKind.UNIT, at, message=words, code=_PROCESS, rule=self._life.unit), step, now)

    def _count(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """Counts an unrequested end."""
        life = self._life
        lived = finding.at - life.began if life.began else 0.0
        settled = self._alerting.routing.alerts.unit_settled
        lasted = not life.back or finding.at - life.back >= life.hold
        # What ends soon ends soon again: a recovery is told once it has lasted twice as long.
        soon = settled and (life.restarted or lived < 2 * settled)
        life.hold = max(settled, min(2 * lived, LONGEST_HOLD)) if soon else settled
        new = not life.down
        if new:
            life.down, life.alarm = finding.code, finding.at
        if new and lasted:
            life.since, life.ends = finding.at, 0
        life.ended, life.ends = finding.at, life.ends + 1
        self.deaths.append(DeathSample(finding.at, False))
        step.take_in(self._alerting.unit_died(now), now)
        step.event("unit_died", finding.at, 3, unidad=life.unit, texto=self._why(finding, step))
        self._tell(finding, step, now, new=new)

    def _why(self, finding: Finding, step: ChangeSetBuilder) -> str:
        code = _WORDS.get(finding.code, "unit.ended")
        return text(code, step.language, texto=finding.message)

    def _tell(self, finding: Finding, step: ChangeSetBuilder, now: float, *, new: bool = False) -> None:
        """The first end sends an alert; each following one is counted in its message."""
        life = self._life
        told = {"texto": self._why(finding, step), "unidad": life.unit, "caidas": self._counted(step)}
        began = life.alarm or life.since
        code, thread = NotificationCode.UNIT_DIED, 2 * int(began)
        notice = Notification("unit", code, Severity.CRITICAL, began, thread, fields=told)
        place = (notice.key, notice.thread)
        waiting = [n for n, one in enumerate(step.notices) if (one.key, one.thread) == place]
        if waiting:  # told with this very step
            step.notices[waiting[0]] = notice
        elif not new:
            step.take_in(self._alerting.update((notice,)), now)
        else:
            step.notices.append(notice)

    def _counted(self, step: ChangeSetBuilder) -> str:
        life = self._life
        if life.ends < 2:
            return ""
        duration = format.duration(life.ended - life.since, step.language)
        return text("unit.ends", step.language, veces=life.ends, duracion=duration)

    def _recover(self, step: ChangeSetBuilder, now: float) -> None:
        """The alarm is over once the bot has lived for as long as it has to."""
        life = self._life
        if not life.down or not life.alive or life.activating or life.gone or now < life.began + life.hold:
            return
        at = life.began + life.hold
        told = {"unidad": self._life.unit, "caidas": self._counted(step)}
        step.event("unit_back", at, 5, unidad=self._life.unit)
        thread = 2 * int(life.alarm or life.since) + 1
        code = NotificationCode.UNIT_BACK
        step.notices.append(Notification("unit", code, Severity.RECOVERABLE, at, thread, fields=told))
        life.down, life.back = "", at
        self.changes += 1
