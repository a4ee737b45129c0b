"""Every incident from its first sign to its end: what is decided about it, ordered, recorded and told. Pure."""

from __future__ import annotations

from .. import chronicle
from ..incident import policy
from ..incident.budget import Budget, budget_key
from ..incident.change import Change, ChangeKind
from ..incident.ledger import Ledger
from ..incident.orderbook import OrderBook
from ..incident.policy import Decision
from ..incident.resumption import Resumption
from ..incident.situation import Conditions, Limits, Situation
from ..incident.tracker import Tracker
from ..model.attempt import Attempt
from ..model.changes import Saved
from ..model.finding import ErrorType, Finding
from ..model.incident import Estado, Incident
from ..model.order import Order, OrderKind
from ..notify.routing import notices_for
from .step import Step

# Without anything to download again from, an incident waits this long for the bot's own success
# (its read timeout is 120 s: design document, section 4, and facts, section 1).
BOT_GRACE_SECONDS = 120.0


class Incidents:
    """All of them, and what decisions about them depend on. `resumption` is told of those that end."""

    def __init__(self, tracker: Tracker, limits: Limits, refusal: str, resumption: Resumption) -> None:
        self.tracker = tracker
        self.limits = limits
        self.conditions = Conditions(refusal=refusal)
        self.orders = OrderBook()
        self.budget = Budget()
        self.ledger = Ledger()
        self._resumption = resumption

    def situation(self, now: float) -> Situation:
        """All that a decision depends on at `now`."""
        return Situation(now, self.conditions, self.limits, self.ledger)

    def observe(self, finding: Finding, step: Step, now: float) -> None:
        """What the finding changes: none, one or several incidents."""
        for change in self.tracker.observe(finding):
            self._react(change, step, now)

    def leave(self, step: Step, now: float) -> None:
        """Those that nothing can repair have waited long enough for the bot to do it."""
        for incident in self.tracker.open_incidents():
            if _left_alone(incident) and now - incident.updated_at > BOT_GRACE_SECONDS:
                self.apply(incident, policy.give_up(incident, incident.reason, self.situation(now)), step, now)

    def apply(self, before: Incident | None, decision: Decision, step: Step, now: float) -> None:
        """`decision` about the incident that stood as `before` holds from now on."""
        incident, order = decision.incident, decision.order
        if order is not None and order.kind is OrderKind.RETRY_DOWNLOAD and not self._affordable(order, now):
            incident, order = policy.give_up(incident, "budget_spent", self.situation(now)).incident, None
        self.tracker.put(incident)
        step.incidents[incident.id] = incident
        if not incident.open:
            self._resumption.ended(incident.id)
        if order is not None or not incident.open:
            for old in self._waiting(incident):
                self.done(old.id, step)
        if order is not None:
            self.order(order, step)
        if before is None or _told_apart(before, incident):
            step.records.append(chronicle.of_incident(incident, now, step.language))
            step.notices.extend(notices_for(before, incident, now))

    def order(self, order: Order, step: Step) -> None:
        """`order` is given."""
        self.orders[order.id] = order
        step.orders[order.id] = order

    def done(self, order_id: str, step: Step) -> None:
        """The order has been carried out, or overtaken."""
        self.orders.pop(order_id, None)
        step.orders.pop(order_id, None)
        step.finished.append(order_id)

    def count(self, attempt: Attempt | None, step: Step) -> None:
        """What an order has been good for goes into the ledger."""
        if attempt is not None:
            self.ledger = self.ledger.with_attempt(attempt)
            step.attempts.append(attempt)

    def snapshot(self) -> dict[str, object]:
        """What a restart needs beside the incidents and the orders, by its names in the memory."""
        return {
            "tracker": self.tracker.snapshot(),
            "budget": self.budget.snapshot(),
            "ledger": self.ledger.snapshot(),
        }

    def restore(self, saved: Saved) -> None:
        """Go on where the last transaction ended."""
        self.tracker.restore(saved.incidents, saved.part("tracker"))
        self.budget.restore(saved.part("budget"))
        self.ledger = Ledger.restored(saved.part("ledger"))
        self.orders = OrderBook(saved.orders)

    def _react(self, change: Change, step: Step, now: float) -> None:
        incident = change.incident
        if incident is None:
            return
        match change.kind:
            case ChangeKind.OPENED:
                self.apply(None, Decision(incident), step, now)
                self.apply(incident, policy.begin(incident, self.situation(now)), step, now)
            case ChangeKind.REPEATED:
                step.incidents[incident.id] = incident
                step.records.append(chronicle.of_repeat(incident, change.finding.at, step.language))
            case ChangeKind.REFINED:
                self._refine(incident, step, now)
            case ChangeKind.REPAIRED_BY_BOT if incident.open:
                self._believe(incident, change.finding.message, step, now)
            case ChangeKind.SERVER_ANSWERED if incident.open and incident.waiting_for is ErrorType.SERVIDOR_CAIDO:
                if not self.under_way(incident):
                    self.apply(incident, policy.server_answered(incident, now), step, now)

    def _refine(self, incident: Incident, step: Step, now: float) -> None:
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

    def _believe(self, incident: Incident, line: str, step: Step, now: float) -> None:
        """The bot says that it has succeeded. An order that has begun ends first."""
        if self.under_way(incident):
            self.apply(incident, Decision(policy.said_by_bot(incident, line, now)), step, now)
        else:
            self.apply(incident, policy.repaired_by_bot(incident, line, self.situation(now)), step, now)

    def under_way(self, incident: Incident) -> bool:
        """Whether a step of its playbook is being carried out: it ends before another is given."""
        return any(_of_playbook(one) and self.orders.has_begun(one.id) for one in self.orders.of(incident.id))

    def _waiting(self, incident: Incident) -> list[Order]:
        """The steps of its playbook that were given and have not begun."""
        return [o for o in self.orders.of(incident.id) if _of_playbook(o) and not self.orders.has_begun(o.id)]

    def _affordable(self, order: Order, now: float) -> bool:
        return self.budget.spend(budget_key(order.download, order.incident_id), now)


def _of_playbook(order: Order) -> bool:
    """False for what no later decision about the incident overtakes: a person's order, and the
    tidying up after the proof."""
    return order.kind not in (OrderKind.ASSIGN, OrderKind.DROP_QUARANTINE)


def _left_alone(incident: Incident) -> bool:
    return (
        incident.estado is Estado.PENDIENTE
        and incident.reason in ("no_download_data", "single_record")
        and incident.waiting_for is None
    )


def _told_apart(before: Incident, after: Incident) -> bool:
    return (before.estado, before.accion, before.attempt, before.waiting_for) != (
        after.estado,
        after.accion,
        after.attempt,
        after.waiting_for,
    )
