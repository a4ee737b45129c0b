"""Every incident from its first sign to its end: what is decided about it, ordered, recorded and told. Pure."""

from __future__ import annotations

from dataclasses import replace

from ...incident import policy
from ...incident.circuit_breaker import CircuitBreaker
from ...incident.decision_context import Conditions, DecisionContext, Limits
from ...incident.deliveries import Deliveries
from ...incident.late_attempts import LateHistory
from ...incident.policy import Decision
from ...incident.recovery_queue import RecoveryQueue
from ...incident.retry_budget import SPENT, RetryBudget
from ...incident.task_table import TaskTable
from ...incident.tracker import Change, ChangeKind, Tracker
from ...messages import text
from ...model.alert import Notification, NotificationCode, Severity
from ...model.changeset import Snapshot
from ...model.finding import ErrorType, Finding
from ...model.incident import Estado, Incident
from ...model.task import RepairTask, TaskKind, TaskStat
from ...notify.triggers import notifications_for
from .. import events
from ..changeset_builder import ChangeSetBuilder

# Without anything to download again from, an incident waits this long for the bot's own success
# (its read timeout is 120 s: design document, section 4, and facts, section 1).
BOT_GRACE_SECONDS = 120.0
# How often those that wait for the hour to pass are looked at; at once when something was given back.
LOOK_SECONDS = 5.0


REPEAT_SECONDS = 300.0
MOST_REPEATED = 1000  # incidents whose repetitions are remembered


class IncidentHandler:
    """All of them, and what decisions about them depend on. `resumption` is told of those that end."""

    def __init__(self, tracker: Tracker, limits: Limits, refusal: str, resumption: RecoveryQueue) -> None:
        self.tracker = tracker
        self.limits = limits
        self.conditions = Conditions(refusal=refusal)
        self.orders = TaskTable()
        self.budget = RetryBudget()
        self.ledger = CircuitBreaker()
        self.late = LateHistory()
        self.deliveries = Deliveries()
        self._held_back: dict[str, None] = {}
        self._looked_at = 0.0
        self._freed = False
        self._told_sightless = False
        self._repeated: dict[str, tuple[float, int]] = {}  # incident → when its count was last recorded, and which
        self._resumption = resumption

    def situation(self, now: float) -> DecisionContext:
        """All that a decision depends on at `now`."""
        return DecisionContext(now, self.conditions, self.limits, self.ledger, self.late)

    def observe(self, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """What the finding changes: none, one or several incidents."""
        for change in self.tracker.observe(finding):
            self._react(change, step, now)

    def leave(self, step: ChangeSetBuilder, now: float) -> None:
        """Those that nothing can repair have waited long enough for the bot to do it."""
        for incident in self.tracker.open_incidents():
            if _left_alone(incident) and now - incident.updated_at > BOT_GRACE_SECONDS:
                self.apply(incident, policy.give_up(incident, incident.reason, self.situation(now)), step, now)

    def apply(self, before: Incident | None, decision: Decision, step: ChangeSetBuilder, now: float) -> None:
        """`decision` about the incident that stood as `before` holds from now on."""
        decision = self._afford(decision, step, now)
        incident, order = decision.incident, decision.order
        self.tracker.put(incident)
        step.incidents[incident.id] = incident
        if not incident.open:
            self._resumption.ended(incident.id)
        self._mind(incident)
        if _sightless(incident):
            self._tell_sightless(incident, step, now)
        if order is not None or not incident.open:
            for old in self._waiting(incident):
                self.done(old.id, step)
        if order is not None:
            self.order(order, step)
        if before is None or _told_apart(before, incident):
            step.records.append(events.incident_event(incident, now, step.language))
            step.notices.extend(notifications_for(before, incident, now))

    def order(self, order: RepairTask, step: ChangeSetBuilder) -> None:
        """`order` is given."""
        self.orders[order.id] = order
        step.orders[order.id] = order

    def done(self, order_id: str, step: ChangeSetBuilder) -> None:
        """The order has been carried out, or overtaken."""
        self.orders.pop(order_id, None)
        step.orders.pop(order_id, None)
        step.finished.append(order_id)

    def count(self, attempt: TaskStat | None, step: ChangeSetBuilder, late_wait: float = 0.0, why: str = "") -> None:
        """What an order has been good for goes into the ledger. A late one (`late_wait`, after a failure for `why`)
        has a history of its own: its failures do not show that the quick ones are useless."""
        if attempt is None:
            return
        step.attempts.append(attempt)
        if late_wait:
            kind, now = attempt.error_type, attempt.at
            self.late = self.late.with_outcome(kind, why, late_wait, now, attempt.worked)
        if attempt.worked or not late_wait:
            self.ledger = self.ledger.with_attempt(attempt)

    def hold_late(self, step: ChangeSetBuilder, now: float) -> None:
        """Late attempts that a cause makes pointless wait for its end instead of meeting it."""
        for order in [one for one in self.orders.values() if one.late_wait]:
            cause, incident = self.conditions.cause_for(order.kind), self.tracker.get(order.incident_id)
            if cause is not None and incident is not None and order in self._waiting(incident):
                self.done(order.id, step)
                self.apply(incident, policy.held(incident, cause, now), step, now)

    def snapshot(self) -> dict[str, object]:
        """What a restart needs beside the incidents and the orders, by its names in the memory."""
        return {
            "tracker": self.tracker.snapshot(),
            "budget": self.budget.snapshot(),
            "ledger": self.ledger.snapshot(),
            "late": self.late.snapshot(),
            "deliveries": self.deliveries.snapshot(),
        }

    def restore(self, saved: Snapshot) -> None:
        """Go on where the last transaction ended."""
        self.tracker.restore(saved.incidents, saved.part("tracker"))
        self.budget.restore(saved.part("budget"))
        self.ledger = CircuitBreaker.restored(saved.part("ledger"))
        self.late = LateHistory.restored(saved.part("late"))
        self.deliveries.restore(saved.part("deliveries"))
        self.orders = TaskTable(saved.orders)
        for incident in self.tracker.open_incidents():
            self._mind(incident)

    def go_on(self, step: ChangeSetBuilder, now: float) -> None:
        """Let those go on that were held back for themselves alone, oldest first, as far as there is
        something left for them."""
        if not self._held_back or not (self._freed or not 0 <= now - self._looked_at < LOOK_SECONDS):
            return
        self._freed, self._looked_at = False, now
        for incident in self.tracker.open_incidents():
            if incident.id not in self._held_back or self.orders.of(incident.id):
                continue
            if _sightless(incident) and self.conditions.refusal:
                continue
            decision = policy.go_on(incident, self.situation(now))
            asked = incident.asked > 0
            if decision.order and self.budget.refusal(decision.order, incident.pid, now, asked=asked):
                continue
            self.apply(incident, decision, step, now)

    def look_again(self) -> None:
        """Something may be left now that was not before."""
        self._told_sightless = False
        self._freed = True

    def proven(self, incident: Incident, order: RepairTask) -> None:
        """A video that was to go where `incident` says is there: its folder is no empty one."""
        for download in (order.download, incident.actionable):
            self.budget.give_back(TaskKind.CREATE_FOLDER, download, incident.id)
        self._freed = True

    def _react(self, change: Change, step: ChangeSetBuilder, now: float) -> None:
        incident = change.incident
        if incident is None:
            return
        match change.kind:
            case ChangeKind.OPENED:
                self.apply(None, Decision(incident), step, now)
                self.apply(incident, policy.begin(incident, self.situation(now)), step, now)
            case ChangeKind.REPEATED:
                step.incidents[incident.id] = incident
                self._tell_repeated(incident, change.finding.at, step)
            case ChangeKind.CONTEXT:
                step.incidents[incident.id] = incident
            case ChangeKind.REFINED:
                self._refine(incident, step, now)
            case ChangeKind.REPAIRED_BY_BOT if incident.open:
                self._believe(incident, change.finding, step, now)
            case ChangeKind.SERVER_ANSWERED if incident.open and incident.waiting_for is ErrorType.SERVIDOR_CAIDO:
                if not self.under_way(incident):
                    self.apply(incident, policy.server_answered(incident, now), step, now)

    def _refine(self, incident: Incident, step: ChangeSetBuilder, now: float) -> None:
        """More is known than when the incident was opened: what has not begun is planned anew. The
        end of an order that has begun is judged by it (`policy.after`)."""
        step.incidents[incident.id] = incident
        if not incident.open or self.under_way(incident):
            return
        if incident.attempt == 0 and incident.estado in (Estado.DETECTADO, Estado.PENDIENTE):
            self.apply(incident, policy.begin(incident, self.situation(now)), step, now)
            return
        for order in self._waiting(incident):
            self.order(policy.refreshed(order, incident), step)

    def _believe(self, incident: Incident, finding: Finding, step: ChangeSetBuilder, now: float) -> None:
        """The bot says that it has succeeded. An order that has begun ends first; a success of another
        size than was announced is none."""
        line, said, announced = finding.message, finding.download.size, incident.download.size
        if said is not None and announced is not None and said != announced:
            self.apply(incident, Decision(replace(incident, recovered_by_bot=False, success=None)), step, now)
        elif self.under_way(incident):
            self.apply(incident, Decision(policy.said_by_bot(incident, line, now)), step, now)
        else:
            self.apply(incident, policy.repaired_by_bot(incident, line, self.situation(now)), step, now)

    def under_way(self, incident: Incident) -> bool:
        """Whether a step of its playbook is being carried out: it ends before another is given."""
        return any(_of_playbook(one) and self.orders.has_begun(one.id) for one in self.orders.of(incident.id))

    def _waiting(self, incident: Incident) -> list[RepairTask]:
        """The steps of its playbook that were given and have not begun."""
        return [o for o in self.orders.of(incident.id) if _of_playbook(o) and not self.orders.has_begun(o.id)]

    def _afford(self, decision: Decision, step: ChangeSetBuilder, now: float) -> Decision:
        """`decision`, with its order only where the budget has something left for it."""
        incident, order = decision.incident, decision.order
        if order is None:
            return decision
        reason = self.budget.refusal(order, incident.pid, now, asked=incident.asked > 0)
        if not reason:
            self.budget.spend(order, incident.pid, now)
            return decision
        self._tell_spent(order.kind, reason, step, now)
        return policy.out_of_budget(incident, order, reason, now)

    def _tell_spent(self, kind: TaskKind, reason: str, step: ChangeSetBuilder, now: float) -> None:
        if not self.budget.is_to_be_told(kind, reason, now):
            return
        order, why = text(f"ui.order.{kind.value}", step.language), text(f"reason.{reason}", step.language)
        fields = {"texto": text("budget.spent", step.language, orden=order, motivo=why)}
        step.event("budget_spent", now, 4, **fields)
        thread = int(now) * 100 + list(TaskKind).index(kind)  # each kind is a message of its own
        code = NotificationCode.BUDGET_SPENT
        step.notices.append(Notification("budget", code, Severity.RECOVERABLE, now, thread, fields=fields))

    def _tell_repeated(self, incident: Incident, at: float, step: ChangeSetBuilder) -> None:
        """The count, each time that it has doubled or REPEAT_SECONDS after it was last recorded: a bot may fail every
        few seconds for hours."""
        told, count = self._repeated.get(incident.id, (-REPEAT_SECONDS, 1))
        if 0 <= at - told < REPEAT_SECONDS and incident.count < 2 * count:
            return
        self._repeated[incident.id] = at, incident.count
        if len(self._repeated) > MOST_REPEATED:
            del self._repeated[next(iter(self._repeated))]
        step.records.append(events.repeat_event(incident, at, step.language))

    def _tell_sightless(self, incident: Incident, step: ChangeSetBuilder, now: float) -> None:
        """One message for all that wait for the configuration, until that is read again."""
        if self._told_sightless or not incident.open:
            return
        self._told_sightless = True
        fields = {"falta": text("short.project", step.language)}
        code = NotificationCode.NOT_CONFIGURED
        step.notices.append(Notification("setup", code, Severity.RECOVERABLE, now, int(now), fields=fields))

    def _mind(self, incident: Incident) -> None:
        """Remember those that go on by themselves."""
        if incident.open and incident.waiting_for is None and (incident.reason in SPENT or _sightless(incident)):
            self._held_back[incident.id] = None
        else:
            self._held_back.pop(incident.id, None)


def _of_playbook(order: RepairTask) -> bool:
    """False for what no later decision about the incident overtakes: a person's order."""
    return order.kind is not TaskKind.ASSIGN


def _sightless(incident: Incident) -> bool:
    """Held back because the installation was not known."""
    return incident.reason == policy.NO_SITE or incident.reason.startswith("missing.")


def _left_alone(incident: Incident) -> bool:
    return (
        incident.estado is Estado.PENDIENTE
        and incident.reason in ("no_download_data", "single_record", policy.NOT_LOOKED_AT)
        and incident.waiting_for is None
    )


def _told_apart(before: Incident, after: Incident) -> bool:
    return (before.estado, before.accion, before.attempt, before.waiting_for) != (
        after.estado,
        after.accion,
        after.attempt,
        after.waiting_for,
    )
