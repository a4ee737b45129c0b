"""The order of the stages: entry → finding → incident → order → result → verdict → records, notices.

Nothing here waits or touches the machine: every step takes what happened and `now`, and returns
the `Changes` to be kept in one transaction. The service does the effects.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from . import blindness, chronicle
from .blindness import Blind, Blindness
from .detection import silence
from .detection.detector import Detector
from .detection.novelty import Novelty
from .detection.unknown import UnknownErrors
from .incident import policy
from .incident.budget import Budget
from .incident.change import Change, ChangeKind
from .incident.ledger import Ledger, attempt_of
from .incident.orderbook import OrderBook
from .incident.policy import Decision
from .incident.resumption import MET_TOO_OFTEN, Resumption
from .incident.situation import Conditions, Limits, Situation
from .incident.tracker import Tracker
from .messages import text
from .model.alarm import Alarm
from .model.attempt import Attempt
from .model.changes import Changes, Saved
from .model.download import Download
from .model.entry import Entry
from .model.finding import ErrorType, Finding, FindingKind
from .model.incident import Estado, Incident
from .model.notice import Notice, Severity
from .model.order import Order, OrderKind
from .model.record import Record
from .model.result import Outcome, Result
from .model.silence import Silence
from .model.unknown import UnknownKind
from .model.verdict import Evidence, Verdict
from .notify.addressing import Plan
from .notify.alerting import Alerting, Told
from .notify.routing import ALARM, notices_for

# Without anything to download again from, an incident waits this long for the bot's own success
# (its read timeout is 120 s: design document, section 4, and facts, section 1).
BOT_GRACE_SECONDS = 120.0
SAID_TWICE_SECONDS = 10.0
# Messages about one ailing thing (unit, disk) are edited for this long, then new.
THREAD_SECONDS = 600.0
_DIED = frozenset({"failed", "oom", "start_limit"})
_GONE = _DIED | {"stopping", "stopped", "succeeded"}


@dataclass(slots=True)
class _Step:
    """What one step has gathered; the last state of an incident wins."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    unknown: dict[int, UnknownKind] = field(default_factory=dict)
    attempts: list[Attempt] = field(default_factory=list)
    alarms: dict[str, Alarm] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    held: dict[tuple[str, int], Notice] = field(default_factory=dict)
    unheld: list[tuple[str, int]] = field(default_factory=list)

    def take_in(self, told: Told, records: Iterable[Record]) -> None:
        """What became of notices; those that were given are told for."""
        self.notices += told.notices
        self.alarms |= told.alarms
        self.silences |= told.silences
        self.unheld += told.unheld
        self.held = {place: one for place, one in self.held.items() if place not in told.unheld} | told.held
        self.records += records

    def changes(self, cursor: str | None, memory: dict[str, object] | None) -> Changes:
        return Changes(
            incidents=tuple(self.incidents.values()),
            records=tuple(self.records),
            orders=tuple(self.orders.values()),
            finished=tuple(self.finished),
            notices=tuple(self.notices),
            unknown=tuple(self.unknown.values()),
            alarms=tuple(self.alarms.values()),
            silences=tuple(self.silences.values()),
            held=tuple(self.held.values()),
            unheld=tuple(self.unheld),
            attempts=tuple(self.attempts),
            cursor=cursor,
            memory=memory,
        )


class Pipeline:
    """The pure stages in their order, and the little that lives between two steps."""

    def __init__(
        self,
        detector: Detector,
        tracker: Tracker,
        limits: Limits,
        language: str,
        refusal: str = "",
        plan: Plan | None = None,
    ) -> None:
        self.detector = detector
        self.tracker = tracker
        self.limits = limits
        self.language = language
        self.conditions = Conditions(refusal=refusal)
        self.budget = Budget()
        self.ledger = Ledger()
        self._resumption = Resumption()
        # Causes that were seen not to hold: what showed it, and when that was looked at.
        self._gone: dict[ErrorType, tuple[Evidence, float]] = {}
        self.unknown = UnknownErrors()
        self._novelty = Novelty()
        self.orders = OrderBook()
        self.space = "ok"
        self._space_told: Notice | None = None  # while it is short: the message that says so
        self.server = "up"
        self.blindness = Blindness()
        self.alerting = Alerting(plan or Plan())
        self._unit_down = ""  # the code of its death
        self._last_done = (0, "", 0.0)  # process, video, time
        self._memory_mark = (-1, -1)

    # Steps: each returns what is to be kept.

    def take(self, entries: Iterable[Entry], cursor: str, now: float) -> Changes:
        """Entries of the journal, in its order; `cursor` is that of the last one looked at."""
        step = _Step()
        self.detector.look_at_clock(now)
        for entry in entries:
            if entry.at > self.detector.deadline:
                for finding in self.detector.overdue(entry.at):
                    self._observe(finding, step, now)
            for finding in self.detector.feed(entry):
                self._observe(finding, step, now)
        return self._close(step, now, cursor)

    def pass_time(self, now: float) -> Changes:
        """Close what only time closes: finished tracebacks, downloads that say nothing any more,
        incidents that nothing can repair. Not to be called while the reader is behind `now`."""
        step = _Step()
        self.detector.look_at_clock(now)
        for finding in (*self.detector.settle(now), *self.detector.overdue(now)):
            self._observe(finding, step, now)
        self._see_again(self.blindness.expire(now), now, step)
        self._tell_untold(step, now)
        for incident in self.tracker.open_incidents():
            if _left_alone(incident) and now - incident.updated_at > BOT_GRACE_SECONDS:
                self._apply(incident, policy.give_up(incident, incident.reason, self._at(now)), step, now)
        return self._close(step, now)

    def observe(self, findings: Sequence[Finding], now: float) -> Changes:
        """Findings that do not come from the journal: the periodic checks."""
        step = _Step()
        for finding in findings:
            self._observe(finding, step, now)
        return self._close(step, now)

    def finish(self, order: Order, result: Result, verdict: Verdict, now: float) -> Changes:
        """An order has run and its effect has been looked at."""
        step = _Step()
        if order.id not in self.orders:
            return step.changes(None, None)  # overtaken: another order took its place meanwhile
        self._done(order.id, step)
        incident = self.tracker.get(order.incident_id)
        if incident is not None:
            if incident.open and order.kind is not OrderKind.DROP_QUARANTINE:
                result = self._meet(incident, result, now)
                decision = policy.after(incident, order, result, verdict, self._at(now))
                self._apply(incident, decision, step, now)
            self._count(attempt_of(incident, order, result, verdict, now), step)
        self._resume(step, now)
        return self._close(step, now)

    def asked(
        self,
        records: Sequence[Record],
        now: float,
        *,
        before: Incident | None = None,
        decision: Decision | None = None,
        order: Order | None = None,
        finished: str = "",
        notices: Sequence[Notice] = (),
        silences: Sequence[Silence] = (),
    ) -> Changes:
        """What a person asked for (`asked.py` decides): `records` say who. `decision` is about the
        incident that stood as `before`; `order` belongs to no playbook; `finished` is one's id."""
        step = _Step(records=list(records), notices=list(notices))
        self.alerting.learn(silences)
        step.silences |= {silence.id: silence for silence in silences}
        if finished:
            self._done(finished, step)
        if order is not None:
            self.orders[order.id] = order
            step.orders[order.id] = order
        if decision is not None:
            self._apply(before, decision, step, now)
        return self._close(step, now)

    def acknowledged(self, key: str, by: str, now: float, records: Sequence[Record]) -> Changes:
        """Somebody knows of an alarm that no incident stands behind."""
        step = _Step(records=list(records))
        self._told(self.alerting.acknowledge(key, by, now), step, now)
        return step.changes(None, None)

    def set_disk_full(self, full: bool, evidence: Evidence, now: float, looked_at: float | None = None) -> Changes:
        """What the last look at the disks, at `looked_at`, means for orders that would write."""
        self.conditions = replace(self.conditions, disk_full=full)
        step = _Step()
        if not full:
            self._release(ErrorType.DISCO_LLENO, (evidence, now if looked_at is None else looked_at), step, now)
        return self._close(step, now)

    def tell(self, notices: Sequence[Notice], now: float, records: Sequence[Record] = ()) -> Changes:
        """What the service itself has to say."""
        return self._close(_Step(notices=list(notices), records=list(records)), now)

    def mind_alerts(self, now: float) -> Changes:
        """Silences that end, alarms that nobody answers. Unlike `pass_time` it is called also
        while the reader is behind: the clock on the wall goes on."""
        step = _Step()
        self._told(self.alerting.pass_time(now, self.tracker.get), step, now)
        return step.changes(None, None)

    def reload(self, limits: Limits, language: str, refusal: str, plan: Plan | None = None) -> None:
        """New configuration; open incidents, contexts and orders stay as they are."""
        self.limits = limits
        self.alerting.use(plan or self.alerting.plan)
        self.language = language
        self.conditions = replace(self.conditions, refusal=refusal)

    def restore(self, saved: Saved) -> None:
        """Go on where the last transaction ended."""
        memory = dict(saved.memory or {})
        self.detector.restore(_section(memory, "detector"))
        self.tracker.restore(saved.incidents, _section(memory, "tracker"))
        self.budget.restore(_section(memory, "budget"))
        self.ledger = Ledger.restored(_section(memory, "ledger"))
        self._resumption.restore(_section(memory, "resumption"))
        self.unknown = UnknownErrors(saved.unknown)
        self._novelty.restore(_section(memory, "novelty"))
        self.space = str(memory.get("space", "ok"))
        self.server = str(memory.get("server", "up"))
        self._unit_down = str(memory.get("unit_down", ""))
        self.blindness.restore(_section(memory, "blindness"))
        self.alerting.restore(saved.alarms, saved.silences, saved.held)
        self.orders = OrderBook(saved.orders)
        self.conditions = replace(self.conditions, server_down=self.server == "down")

    def memory(self) -> dict[str, object]:
        """All that a restart needs beside the incidents and the orders, as JSON-able values."""
        return {
            "detector": self.detector.snapshot(),
            "tracker": self.tracker.snapshot(),
            "budget": self.budget.snapshot(),
            "ledger": self.ledger.snapshot(),
            "resumption": self._resumption.snapshot(),
            "novelty": self._novelty.snapshot(),
            "space": self.space,
            "server": self.server,
            "unit_down": self._unit_down,
            "blindness": self.blindness.snapshot(),
        }

    # Findings, one kind after the other.

    def _observe(self, finding: Finding, step: _Step, now: float) -> None:
        if finding.code == silence.CODE:
            finding = replace(finding, message=chronicle.silence_text(finding, self.language))
        act = self._actions.get(finding.kind)
        if act is not None:
            act(self, finding, step, now)
        for change in self.tracker.observe(finding):
            self._react(change, step, now)

    def _on_unit(self, finding: Finding, step: _Step, now: float) -> None:
        thread = 2 * int(finding.at // THREAD_SECONDS)
        if finding.code in _GONE:
            self.blindness.end(blindness.UNIT_SILENT)  # it says nothing because it is not there
        self._mind_maintenance(finding, step, now)
        if finding.code in _DIED:
            if finding.code == self._unit_down or (self._unit_down and finding.code == "failed"):
                return  # known: systemd says it in several ways, and the periodic check again
            self._unit_down = finding.code
            self._event("unit_died", finding, step, 3, unidad=finding.rule or "", texto=finding.message)
            self._tell("unit", "unit_died", Severity.CRITICAL, finding, step, thread)
        elif finding.code == "started" and self._unit_down:
            self._unit_down = ""
            self._event("unit_back", finding, step, 5, unidad=finding.rule or "")
            self._tell("unit", "unit_back", Severity.RECOVERABLE, finding, step, thread + 1)
        elif finding.code in ("started", "stopped"):
            self._event(f"unit_{finding.code}", finding, step, 6, unidad=finding.rule or "")

    def _mind_maintenance(self, finding: Finding, step: _Step, now: float) -> None:
        code, unit = ("died" if finding.code in _DIED else finding.code), finding.rule or ""
        if code == "stopping" and self._unit_down:
            return  # it is being stopped because it has died
        self._told(self.alerting.unit(code, unit, finding.at, now), step, now)

    def _on_blind(self, finding: Finding, step: _Step, now: float) -> None:
        ended = blindness.ENDS.get(finding.code)
        if ended is not None:
            gone = self.blindness.end(ended)
            self._see_again((gone,) if gone else (), finding.at, step)
        elif finding.code == "reopened":  # nothing was lost by it
            self._event("blind", finding, step, 6, texto=self._blind_text(finding.code, finding.message))
        elif self.blindness.begin(finding) is not None:
            self._go_blind(finding, step)

    def _go_blind(self, finding: Finding, step: _Step) -> None:
        if finding.code == "cursor_gap":
            self.detector.lose_sight()
        detail = self._blind_text(finding.code, finding.message)
        told = replace(finding, message=detail)
        if finding.code == blindness.UNIT_SILENT:
            self._event("unit_silent", finding, step, 4, unidad=finding.rule or "", texto=detail)
            self._tell("silence", "unit_silent", Severity.RECOVERABLE, told, step, int(finding.at))
            return
        self._event("blind", finding, step, 4, texto=detail)
        # One message tells all that holds: another reason must not take the place of the first.
        reasons = [self._blind_text(one.code, one.detail) for one in self.blindness.now.values() if not _of_unit(one)]
        told = replace(finding, message="; ".join(reasons))
        self._tell("blind", "blind", Severity.RECOVERABLE, told, step, self.blindness.thread(finding.at))

    def _see_again(self, gone: Sequence[Blind], at: float, step: _Step) -> None:
        """Reasons are over: recorded, and told in the message that told of them."""
        for one in gone:
            code = "unit_speaks" if _of_unit(one) else "sighted"
            fields = {"texto": self._blind_text(one.code, one.detail), "segundos": f"{max(0.0, at - one.since):.0f}"}
            fields["unidad"] = one.unit
            step.records.append(chronicle.of_event(code, at, self.language, 5, **fields))
            if _of_unit(one):
                talk = int(one.since)
                step.notices.append(Notice("silence", code, Severity.RECOVERABLE, at, talk, fields=fields))
            elif all(map(_of_unit, self.blindness.now.values())):
                told = {**fields, "desde": str(one.since), "hasta": str(at)}
                told["perdidas"] = str(one.dropped) if one.dropped else ""
                talk = self.blindness.talk
                step.notices.append(Notice("blind", code, Severity.RECOVERABLE, at, talk, fields=told))

    def _blind_text(self, code: str, detail: str) -> str:
        return text(f"blind.{code}", self.language, texto=detail)

    def _on_space(self, finding: Finding, step: _Step, now: float) -> None:
        if finding.code == self.space:
            return
        worse = {"ok": 0, "warning": 1, "critical": 2}
        self.space = finding.code
        code = f"space_{finding.code}"
        event = {"warning": "space_low", "critical": "space_critical", "ok": "space_ok"}[finding.code]
        self._event(event, finding, step, 6 - 2 * worse[finding.code], code=code, texto=finding.message)
        severity = Severity.CRITICAL if finding.code == "critical" else Severity.RECOVERABLE
        self._tell("space", code, severity, finding, step, int(finding.at))
        self._space_told = step.notices[-1] if finding.code != "ok" else None

    def tell_room(self, fields: Mapping[str, str], now: float) -> Changes:
        """What takes the space, and what could go, is known by now: told in the messages that say
        that it is short, while it is."""
        step = _Step()
        told: list[Notice] = [] if self._space_told is None else [self._space_told]
        full = (one for one in self.tracker.open_incidents() if one.error_type is ErrorType.DISCO_LLENO)
        for incident in itertools.islice(full, 1):  # the oldest: once is enough
            told.append(Notice(incident.id, "critical", Severity.CRITICAL, now, ALARM, incident))
        edits = [replace(one, fields={**one.fields, **fields}, only_edit=True) for one in told]
        # What has rung is not to ring once more, nor to begin its reminders anew.
        rung = self.alerting.edit(one for one in edits if one.severity is Severity.CRITICAL)
        step.notices += [one for one in edits if one.severity is not Severity.CRITICAL]
        if told:
            step.records.append(chronicle.of_event("space_used", now, self.language, 6, **fields))
        changes = self._close(step, now)
        alarms = (*changes.alarms, *rung.alarms.values())
        return replace(changes, notices=(*changes.notices, *rung.notices), alarms=alarms)

    def _on_server(self, finding: Finding, step: _Step, now: float) -> None:
        changed, self.server = finding.code != self.server, finding.code
        down = finding.code == "down"
        self.conditions = replace(self.conditions, server_down=down)
        if changed:
            self._event(f"server_{finding.code}", finding, step, 3 if down else 5, texto=finding.message)
        if not down:
            self._release(ErrorType.SERVIDOR_CAIDO, (Evidence("server", finding.message), finding.at), step, now)
        elif changed:
            failed = replace(
                finding,
                kind=FindingKind.FAILED,
                error_type=ErrorType.SERVIDOR_CAIDO,
                rule="health_server",
                origin=finding.origin or f"health:{finding.at:.3f}",
            )
            self._observe(failed, step, now)

    def _on_finished(self, finding: Finding, step: _Step, now: float) -> None:
        # The bot says it twice: «Archivo copiado …» and «Descarga completa …».
        said = (finding.pid, finding.download.video or "", finding.at)
        again = said[:2] == self._last_done[:2] and said[1] and said[2] - self._last_done[2] < SAID_TWICE_SECONDS
        self._last_done = said
        if not again:
            step.records.append(chronicle.of_download(finding, self.language))

    def _on_unknown(self, finding: Finding, step: _Step, now: float) -> None:
        kind, new = self.unknown.take(finding)
        step.unknown[kind.id] = kind
        if new and self._novelty.tell(now):
            shown = f"{kind.template} ({kind.frame})" if kind.frame else kind.template
            self._event("unknown_error", finding, step, 4, texto=chronicle.short(shown))
            told = replace(finding, message=shown)
            thread = int(finding.at) * 1000 + kind.id % 1000  # the same when the line is read again
            self._tell("unknown", "unknown_error", Severity.RECOVERABLE, told, step, thread)

    def _tell_untold(self, step: _Step, now: float) -> None:
        number = self._novelty.digest(now)
        if number:
            finding = Finding(FindingKind.UNKNOWN, now)
            self._event("unknown_error", finding, step, 4, "unknown_more", clases=str(number))
            fields = {"clases": str(number)}
            step.notices.append(Notice("unknown", "unknown_more", Severity.RECOVERABLE, now, int(now), fields=fields))

    _actions: dict[FindingKind, Callable[[Pipeline, Finding, _Step, float], None]] = {  # noqa: RUF012
        FindingKind.UNIT: _on_unit,
        FindingKind.BLIND: _on_blind,
        FindingKind.SPACE: _on_space,
        FindingKind.SERVER: _on_server,
        FindingKind.FINISHED: _on_finished,
        FindingKind.UNKNOWN: _on_unknown,
    }

    # Changes of incidents.

    def _react(self, change: Change, step: _Step, now: float) -> None:
        incident = change.incident
        if incident is None:
            return
        match change.kind:
            case ChangeKind.OPENED:
                self._apply(None, Decision(incident), step, now)
                self._apply(incident, policy.begin(incident, self._at(now)), step, now)
            case ChangeKind.REPEATED:
                step.incidents[incident.id] = incident
                step.records.append(chronicle.of_repeat(incident, change.finding.at, self.language))
            case ChangeKind.REFINED:
                self._refine(incident, step, now)
            case ChangeKind.REPAIRED_BY_BOT if incident.open:
                decision = policy.repaired_by_bot(incident, change.finding.message, now)
                self._apply(incident, decision, step, now)
            case ChangeKind.SERVER_ANSWERED if incident.open and incident.waiting_for is ErrorType.SERVIDOR_CAIDO:
                self._apply(incident, policy.server_answered(incident, now), step, now)

    def _refine(self, incident: Incident, step: _Step, now: float) -> None:
        """More is known than when the incident was opened: what has not begun is planned anew."""
        step.incidents[incident.id] = incident
        untouched = incident.attempt == 0 and incident.estado in (Estado.DETECTADO, Estado.PENDIENTE)
        if incident.open and untouched:
            self._apply(incident, policy.begin(incident, self._at(now)), step, now)

    def _at(self, now: float) -> Situation:
        return Situation(now, self.conditions, self.limits, self.ledger)

    def _meet(self, incident: Incident, result: Result, now: float) -> Result:
        """An order ran into a cause: it holds from now on, until the next look says otherwise."""
        if result.outcome is Outcome.BLOCKED_BY_SPACE:
            self._resumption.met(incident.id, now)
            self.conditions = replace(self.conditions, disk_full=True)
        elif result.outcome is Outcome.BLOCKED_BY_SERVER:
            if self._resumption.met(incident.id, now) > MET_TOO_OFTEN:
                return replace(result, outcome=Outcome.FAILED)
            self.conditions = replace(self.conditions, server_down=True)
        return result

    def _count(self, attempt: Attempt | None, step: _Step) -> None:
        if attempt is not None:
            self.ledger = self.ledger.with_attempt(attempt)
            step.attempts.append(attempt)

    def _release(self, cause: ErrorType, seen: tuple[Evidence, float], step: _Step, now: float) -> None:
        self._gone[cause] = seen
        self._resume(step, now)

    def _resume(self, step: _Step, now: float) -> None:
        """Let those go on whose cause is gone and whose turn has come."""
        holding = {
            ErrorType.DISCO_LLENO: self.conditions.disk_full,
            ErrorType.SERVIDOR_CAIDO: self.conditions.server_down,
        }
        free = {cause: seen for cause, seen in self._gone.items() if not holding[cause]}
        waiting = [
            one
            for one in self.tracker.open_incidents()
            if one.waiting_for in free and _seen_after(one, free[one.waiting_for][1], now)
        ]
        for place, incident in enumerate(self._resumption.next(waiting, self.orders.values(), now)):
            cause = incident.waiting_for
            assert cause is not None
            decision = policy.cause_gone(incident, place, free[cause][0], self._at(now))
            if incident.error_type is cause:
                kind = OrderKind.WAIT_FOR_SPACE if cause is ErrorType.DISCO_LLENO else OrderKind.WAIT_FOR_SERVER
                self._count(Attempt(cause, kind, now, True, seconds=max(0.0, now - incident.opened_at)), step)
            self._apply(incident, decision, step, now)

    def _apply(self, before: Incident | None, decision: Decision, step: _Step, now: float) -> None:
        incident, order = decision.incident, decision.order
        if order is not None and order.kind is OrderKind.RETRY_DOWNLOAD and not self._affordable(order, now):
            incident, order = policy.give_up(incident, "budget_spent", self._at(now)).incident, None
        self.tracker.put(incident)
        step.incidents[incident.id] = incident
        if not incident.open:
            self._resumption.ended(incident.id)
        if order is not None or not incident.open:
            for old in [o.id for o in self.orders.of(incident.id) if _of_playbook(o)]:
                self._done(old, step)
        if order is not None:
            self.orders[order.id] = order
            step.orders[order.id] = order
        if before is None or _told_apart(before, incident):
            step.records.append(chronicle.of_incident(incident, now, self.language))
            step.notices.extend(notices_for(before, incident, now))

    def _affordable(self, order: Order, now: float) -> bool:
        return self.budget.spend(budget_key(order.download, order.incident_id), now)

    def _done(self, order_id: str, step: _Step) -> None:
        self.orders.pop(order_id, None)
        step.orders.pop(order_id, None)
        step.finished.append(order_id)

    def _event(self, event: str, finding: Finding, step: _Step, priority: int, code: str = "", **fields: str) -> None:
        step.records.append(chronicle.of_event(event, finding.at, self.language, priority, code, **fields))

    def _tell(self, key: str, code: str, severity: Severity, finding: Finding, step: _Step, thread: int) -> None:
        fields = {"texto": finding.message, "unidad": finding.rule or ""}
        step.notices.append(Notice(key, code, severity, finding.at, thread, fields=fields))

    def _close(self, step: _Step, now: float, cursor: str | None = None) -> Changes:
        """The end of every step: what it has to tell goes its way."""
        notices, step.notices = step.notices, []
        self._told(self.alerting.tell(notices, now), step, now)
        return step.changes(cursor, self._memory_if_changed(step))

    def _told(self, told: Told, step: _Step, now: float) -> None:
        step.take_in(told, [chronicle.of_alerting(event, now, self.language) for event in told.events])

    def _memory_if_changed(self, step: _Step) -> dict[str, object] | None:
        mark = (self.detector.changes, self.tracker.changes)
        if mark == self._memory_mark and not (
            step.incidents or step.records or step.orders or step.finished or step.unknown
        ):
            return None
        self._memory_mark = mark
        return self.memory()


def budget_key(download: Download, incident_id: str) -> str:
    """What the attempts at one download are counted under, whatever incidents it opens."""
    return download.file_id or download.destination or download.source or incident_id


def _of_playbook(order: Order) -> bool:
    """False for what no later decision about the incident overtakes: a person's order, and the
    tidying up after the proof."""
    return order.kind not in (OrderKind.ASSIGN, OrderKind.DROP_QUARANTINE)


def _of_unit(blind: Blind) -> bool:
    return blind.code == blindness.UNIT_SILENT


def _seen_after(incident: Incident, looked_at: float, now: float) -> bool:
    """Whether it was looked at since `incident` last heard of its cause: what was seen before
    proves nothing. (A time still to come is a clock that was set back.)"""
    return incident.updated_at <= looked_at or incident.updated_at > now


def _left_alone(incident: Incident) -> bool:
    return (
        incident.estado is Estado.PENDIENTE and incident.reason == "no_download_data" and incident.waiting_for is None
    )


def _told_apart(before: Incident, after: Incident) -> bool:
    return (before.estado, before.accion, before.attempt, before.waiting_for) != (
        after.estado,
        after.accion,
        after.attempt,
        after.waiting_for,
    )


def _section(memory: dict[str, object], name: str) -> dict[str, object]:
    value = memory.get(name)
    return value if isinstance(value, dict) else {}
