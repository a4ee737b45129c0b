"""The order of the stages: entry → finding → incident → task → result → verdict → events, notifications.

Pure: every step takes what happened and `now`, and returns the `ChangeSet` to be stored in one transaction;
the service starts its effects. `pipeline/handlers/` has one handler for each kind of finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..config.schema import Predict
from ..detection import stall_timeout as silence
from ..detection.detector import Detector
from ..detection.downloads import PROCESS_ENDED
from ..incident.decision_context import Limits
from ..incident.policy import Decision
from ..incident.recovery_queue import RecoveryQueue
from ..incident.task_table import TaskTable
from ..incident.tracker import Tracker
from ..model.alert import Notification, Silence
from ..model.changeset import ChangeSet, Snapshot
from ..model.download import same, same_content
from ..model.finding import ErrorType, Finding, FindingKind
from ..model.incident import Event, Incident
from ..model.journal_entry import JournalEntry
from ..model.task import Evidence, RepairTask, TaskResult, Verdict
from ..notify.engine import AlertEngine
from ..notify.routing import RoutingConfig
from ..prediction.forecaster import FULL
from . import events, fleet_events, instrumentation
from .changeset_builder import ChangeSetBuilder
from .handlers.forecast import ForecastHandler
from .handlers.incidents import IncidentHandler
from .handlers.inhibition import DiskHandler, Inhibitor, ServerHandler
from .handlers.results import CompletedHandler, ResultHandler
from .handlers.unit import UnitHandler
from .handlers.unknown_errors import UnknownErrorHandler
from .handlers.visibility import VisibilityGaps, VisibilityHandler
from .instrumentation import Instrumentation

if TYPE_CHECKING:
    from ..fleet.hub.judgement import Statement


@dataclass(frozen=True, slots=True)
class OperatorChange:
    """What follows from a person's request (`control/decisions.py` decides): `records` name the person. `decision`
    is about the incident that was `before`; `task` belongs to no playbook; `finished` is a task's id. `edits` replace
    the text of messages that were sent."""

    records: Sequence[Event] = ()
    before: Incident | None = None
    decision: Decision | None = None
    task: RepairTask | None = None
    finished: str = ""
    notifications: Sequence[Notification] = ()
    silences: Sequence[Silence] = ()
    edits: Sequence[Notification] = ()


class Pipeline:
    """The pure stages in their order, and their state between two steps."""

    def __init__(
        self,
        detector: Detector,
        tracker: Tracker,
        limits: Limits,
        language: str,
        refusal: str = "",
        routing: RoutingConfig | None = None,
        predict: Predict | None = None,
        full: float = FULL,
    ) -> None:
        """`predict`: None predicts nothing. `full`: free bytes below which a disk counts as full."""
        self.detector = detector
        self.tracker = tracker
        self.language = language
        self.blindness = VisibilityGaps()
        self.told = Instrumentation()
        self.alerting = AlertEngine(routing or RoutingConfig())
        self._resumption = RecoveryQueue()
        self.incidents = IncidentHandler(tracker, limits, refusal, self._resumption)
        self._causes = Inhibitor(self.incidents, self._resumption)
        self._results = ResultHandler(self.incidents, self._causes)
        self._unit = UnitHandler(self.blindness, self.alerting)
        self._sight = VisibilityHandler(self.blindness, detector.lose_sight)
        self._disk = DiskHandler()
        self._server = ServerHandler(self.incidents, self._causes)
        self._success = CompletedHandler()
        self._unknown = UnknownErrorHandler()
        self.foresight = ForecastHandler(self.alerting, predict or Predict(enabled=False), full)
        self._consequences: dict[FindingKind, Callable[[Finding, ChangeSetBuilder, float], None]] = {
            FindingKind.UNIT: self._unit.observe,
            FindingKind.BLIND: self._sight.observe,
            FindingKind.SPACE: self._disk.observe,
            FindingKind.SERVER: self._server.observe,
            FindingKind.FINISHED: self._success.observe,
            FindingKind.UNKNOWN: self._unknown.observe,
        }
        self._fleet: Mapping[str, object] = {}  # a hub's
        self._memory_mark = (-1, -1, -1)

    @property
    def orders(self) -> TaskTable:
        """What has been ordered and is not done."""
        return self.incidents.orders

    def delivered(self, identity: str) -> str:
        """The modelo that a file of the server was delivered to, "" when that is not known."""
        return self.incidents.deliveries.modelo(identity)

    def bot_downloads_again(self, order: RepairTask) -> bool:
        """True while the bot downloads the video of `order` in an attempt that began after its incident."""
        mine = order.download
        return any(
            one.at > order.since and (same(one.download, mine) or same_content(one.download, mine))
            for one in self.detector.attempts
        )

    @property
    def server(self) -> str:
        """What the last look at the Bot API server found: up or down."""
        return self._server.state

    # Steps: each returns what is to be stored.

    def consume(self, entries: Iterable[JournalEntry], cursor: str, now: float) -> ChangeSet:
        """Consume entries of the journal, in its order; `cursor` is that of the last one read."""
        step = ChangeSetBuilder(self.language)
        self.detector.look_at_clock(now)
        for entry in entries:
            told = instrumentation.hear(self.told, entry)
            step.remembers, self.told = step.remembers or told is not self.told, told
            if entry.at > self.detector.deadline:
                for finding in self.detector.overdue(entry.at):
                    self._observe(finding, step, now)
            for finding in self.detector.feed(entry):
                self._observe(finding, step, now)
            self.foresight.follow(self.detector.attempts, step, now)
            self.foresight.heard(entry, step, now)
        return self._close(step, now, cursor)

    def tick(self, now: float) -> ChangeSet:
        """Evaluate deadlines: finished tracebacks, stalled downloads, incidents that nothing can repair. Not to be
        called while the reader is behind `now`."""
        step = ChangeSetBuilder(self.language)
        self.detector.look_at_clock(now)
        for finding in (*self.detector.settle(now), *self.detector.overdue(now)):
            self._observe(finding, step, now)
        self._sight.expire(step, now)
        self._unit.expire(step, now)
        self.foresight.died(self._unit.take_deaths(), step, now)
        self._unknown.tell_untold(step, now)
        self.foresight.follow(self.detector.attempts, step, now)
        self.foresight.tick(step, now)
        self.incidents.leave(step, now)
        self.incidents.go_on(step, now)
        return self._close(step, now)

    def observe(self, findings: Sequence[Finding], now: float) -> ChangeSet:
        """Take in findings that do not come from the journal: those of the periodic checks."""
        step = ChangeSetBuilder(self.language)
        for finding in findings:
            self._observe(finding, step, now)
        return self._close(step, now)

    def arrived(self, sizes: Mapping[str, int], now: float) -> ChangeSet:
        """So many bytes lie at the places of `detector.copying`."""
        step = ChangeSetBuilder(self.language)
        self.detector.arrived(sizes, now)
        self.foresight.arrived(sizes, step, now)
        return self._close(step, now)

    def process_ended(self, unit: str, pid: int, at: float, last: bool, now: float) -> ChangeSet:
        """The kernel says that the process `pid` of the bot, of `unit`, ended at `at`; `last`: no other of the bot is
        known to live."""
        step = ChangeSetBuilder(self.language)
        for finding in self.detector.process_ended(pid, at):
            self._observe(finding, step, now)
        if last:
            self._unit.observe(Finding(FindingKind.UNIT, at, pid=pid, code="process_gone", rule=unit), step, now)
        return self._close(step, now)

    def process_began(self, unit: str, pid: int, at: float, now: float) -> ChangeSet:
        """The process `pid` of the bot speaks, where none was known to live."""
        step = ChangeSetBuilder(self.language)
        self._unit.observe(Finding(FindingKind.UNIT, at, pid=pid, code="process_back", rule=unit), step, now)
        return self._close(step, now)

    def expect_ends(self, periodic: bool) -> None:
        """A timer starts the bot's unit (`periodic`): that it ends by itself is no news."""
        self._unit.expect_ends(periodic)

    def begin_task(self, order: RepairTask) -> RepairTask | None:
        """The task as it is to be carried out now; None when another has replaced it. From here on it runs to
        its end, whatever is learnt of its incident meanwhile."""
        return self.orders.begin(order.id)

    def finish_task(self, order: RepairTask, result: TaskResult, verdict: Verdict, now: float) -> ChangeSet:
        """A task has run and its effect has been verified."""
        step = ChangeSetBuilder(self.language)
        if order.id not in self.orders:
            return step.changes(None, None)  # overtaken: another order took its place meanwhile
        self._results.take(order, result, verdict, step, now)
        return self._close(step, now)

    def apply(self, change: OperatorChange, now: float) -> ChangeSet:
        """Apply what a person has asked for."""
        step = ChangeSetBuilder(self.language, records=list(change.records), notices=list(change.notifications))
        self.alerting.set_silences(change.silences)
        step.silences |= {silence.id: silence for silence in change.silences}
        if change.finished:
            self.incidents.done(change.finished, step)
        if change.task is not None:
            self.incidents.order(change.task, step)
        if change.decision is not None:
            self.incidents.apply(change.before, change.decision, step, now)
        changes = self._close(step, now)
        return replace(changes, notices=(*changes.notices, *self.alerting.update(change.edits).notifications))

    def acknowledge(self, key: str, by: str, now: float, records: Sequence[Event]) -> ChangeSet:
        """Acknowledge an alert that has no incident."""
        step = ChangeSetBuilder(self.language, records=list(records))
        step.take_in(self.alerting.acknowledge(key, by, now), now)
        return step.changes(None, None)

    def set_disk_full(self, full: bool, evidence: Evidence, now: float, looked_at: float | None = None) -> ChangeSet:
        """The result of the disk check at `looked_at`, for tasks that would write."""
        self.incidents.conditions = replace(self.incidents.conditions, disk_full=full)
        step = ChangeSetBuilder(self.language)
        if not full:
            seen = (evidence, now if looked_at is None else looked_at)
            self._causes.release(ErrorType.DISCO_LLENO, seen, step, now)
        self.incidents.hold_late(step, now)
        return self._close(step, now)

    def disk_usage(self, fields: Mapping[str, str], now: float) -> ChangeSet:
        """Add the disk usage report to the open low-space notifications (`DiskHandler.explain`)."""
        step = ChangeSetBuilder(self.language)
        rung = self.alerting.update(self._disk.explain(fields, self.tracker.open_incidents(), step, now))
        changes = self._close(step, now)
        alarms = (*changes.alarms, *rung.alerts.values())
        return replace(changes, notices=(*changes.notices, *rung.notifications), alarms=alarms)

    def notify(self, notifications: Sequence[Notification], now: float, records: Sequence[Event] = ()) -> ChangeSet:
        """Record and send events and notifications of the service itself."""
        return self._close(ChangeSetBuilder(self.language, notices=list(notifications), records=list(records)), now)

    def tell_fleet(self, statements: Sequence[Statement], memory: Mapping[str, object], now: float) -> ChangeSet:
        """Record and send what a hub has judged; `memory` is that of its judgement."""
        self._fleet, step = memory, ChangeSetBuilder(self.language, remembers=True)
        edited = self.alerting.update(fleet_events.add(statements, step, now))
        changes = self._close(step, now)
        alarms = (*changes.alarms, *edited.alerts.values())
        return replace(changes, notices=(*changes.notices, *edited.notifications), alarms=alarms)

    def evaluate_alerts(self, now: float) -> ChangeSet:
        """Evaluate silences that end and alerts that nobody has acknowledged. Unlike `tick` it is called also
        while the reader is behind: the clock on the wall goes on."""
        step = ChangeSetBuilder(self.language)
        step.take_in(self.alerting.tick(now, self.tracker.get), now)
        return step.changes(None, None)

    def _observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        if finding.code == silence.CODE:
            finding = replace(finding, message=events.silence_text(finding, self.language))
        elif finding.code == PROCESS_ENDED:
            finding = replace(finding, message=events.process_ended_text(finding, self.language))
        follow = self._consequences.get(finding.kind)
        if follow is not None:
            follow(finding, step, now)
        self.incidents.observe(finding, step, now)
        self.foresight.observe(finding, step, now)
        self.foresight.died(self._unit.take_deaths(), step, now)

    def _close(self, step: ChangeSetBuilder, now: float, cursor: str | None = None) -> ChangeSet:
        """The end of every step: its notifications pass the alert engine."""
        notices, step.notices = step.notices, []
        step.take_in(self.alerting.notify(notices, now), now)
        return step.changes(cursor, self._memory_if_changed(step))

    # What stays as it is when the configuration changes, and when the monitor starts again.

    def reload(
        self,
        limits: Limits,
        language: str,
        refusal: str,
        routing: RoutingConfig | None = None,
        predict: Predict | None = None,
        full: float = FULL,
    ) -> None:
        """New configuration; open incidents, contexts and orders stay as they are."""
        self.foresight.reload(predict or Predict(enabled=False), full)
        self.language = language
        self.alerting.reload(routing or self.alerting.routing)
        self.incidents.limits = limits
        self.incidents.conditions = replace(self.incidents.conditions, refusal=refusal)
        self.incidents.look_again()

    def restore(self, saved: Snapshot, now: float = 0.0) -> None:
        """Go on where the last transaction ended."""
        memory = saved.memory or {}
        self.detector.restore(saved.part("detector"))
        self.incidents.restore(saved)
        self._resumption.restore(saved.part("resumption"))
        self._unknown.restore(saved.unknown, saved.part("novelty"))
        self._disk.level = str(memory.get("space", "ok"))
        self._server.restore(str(memory.get("server", "up")))
        self._unit.restore(saved.part("unit"), str(memory.get("unit_down", "")))
        self.blindness.restore(saved.part("blindness"))
        self.told = instrumentation.restored(saved.part("told"))
        self.alerting.restore(saved.alarms, saved.silences, saved.held)
        self.foresight.restore(saved, now)
        self._fleet = saved.part("fleet")

    def memory(self) -> dict[str, object]:
        """All that a restart needs beside the incidents and the orders, as JSON-able values."""
        return {
            "detector": self.detector.snapshot(),
            **self.incidents.snapshot(),
            "resumption": self._resumption.snapshot(),
            "novelty": self._unknown.snapshot(),
            "space": self._disk.level,
            "server": self._server.state,
            "unit": self._unit.snapshot(),
            "blindness": self.blindness.snapshot(),
            "told": instrumentation.snapshot(self.told),
            **({"fleet": self._fleet} if self._fleet else {}),
        }

    def _memory_if_changed(self, step: ChangeSetBuilder) -> dict[str, object] | None:
        mark = (self.detector.changes, self.tracker.changes, self._unit.changes)
        if mark == self._memory_mark and not step.memorable:
            return None
        self._memory_mark = mark
        return self.memory()
