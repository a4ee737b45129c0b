"""Everything between «this is to be told» and the outbox: to whom, and whether now. Pure.

A notice is addressed (addressing), kept back by a silence or a maintenance (silencing) or until
the quiet hours end (quiet_hours), and what rings is an alarm until it is solved (escalation). The
state is alarms, silences and held notices; what a step changes of it is stored with the step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from ..model.alert import Alert, Notification, Scope, Severity, Silence
from ..model.incident import Incident
from . import escalation, reminders
from .mute_times import quiet_until
from .routing import RoutingConfig, resolve_channels, together
from .silences import DIED, SETTLING_SECONDS, STARTED, STOPPED, holds, maintenance, of_the_new_run, silencing
from .triggers import ANSWERED_AT, ANSWERED_BY, ENDS, MOVED, RESCUED, rings

Current = Callable[[str], Incident | None]


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """Something for the record. `code` has a MESSAGE_ID; `notice` or `silence` is what it is about."""

    code: str
    notice: Notification | None = None
    silence: Silence | None = None
    channel: str = ""


@dataclass(slots=True)
class AlertChanges:
    """What one step leads to: `notices` are addressed, the rest is state as it stands now."""

    notices: list[Notification] = field(default_factory=list)
    alarms: dict[str, Alert] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    held: dict[tuple[str, int], Notification] = field(default_factory=dict)
    unheld: list[tuple[str, int]] = field(default_factory=list)
    events: list[AlertEvent] = field(default_factory=list)


class AlertEngine:
    def __init__(self, plan: RoutingConfig) -> None:
        self.plan = plan
        self._alarms: dict[str, Alert] = {}
        self._silences: dict[str, Silence] = {}
        self._held: dict[tuple[str, int], Notification] = {}
        self._next = 0.0  # nothing is due before

    def use(self, plan: RoutingConfig) -> None:
        """The configuration was read again."""
        self.plan = plan
        self._next = 0.0

    def restore(self, alarms: Iterable[Alert], silences: Iterable[Silence], held: Iterable[Notification]) -> None:
        """Go on where the last transaction ended."""
        self._alarms = {alarm.key: alarm for alarm in alarms}
        self._silences = {silence.id: silence for silence in silences}
        self._held = {(notice.key, notice.thread): notice for notice in held}
        self._next = 0.0

    @property
    def alarms(self) -> tuple[Alert, ...]:
        return tuple(self._alarms.values())

    def silences(self, now: float) -> tuple[Silence, ...]:
        """Those that hold at `now`."""
        return tuple(one for one in self._silences.values() if holds(one, now))

    # Steps.

    def tell(self, notices: Iterable[Notification], now: float) -> AlertChanges:
        """What becomes of `notices` at `now`."""
        told = AlertChanges()
        for notice in notices:
            self._tell(notice, told, now)
        return told

    def learn(self, silences: Iterable[Silence]) -> None:
        """Silences that a person has begun or ended; whoever calls stores them."""
        for silence in silences:
            known = self._silences.get(silence.id)
            self._silences[silence.id] = replace(silence, silenced=known.silenced) if known else silence
            self._next = 0.0

    def standing(self, name: str) -> Alert | None:
        """The alarm without an incident that `name` means: its key, or its whole name, which is that
        of this alarm only. An incident is acknowledged by its own id."""
        wanted = name.strip().removeprefix("#").lower()
        own = (one for one in self._alarms.values() if one.notice.incident is None)
        return next((one for one in own if wanted in (one.key, one.name)), None)

    def acknowledge(self, key: str, by: str, at: float) -> AlertChanges:
        """Somebody knows of the alarm `key` (an incident's says so itself): no more reminders and no
        further channels until it ends; what rings anew is a new alarm. Its message says who."""
        told = AlertChanges()
        alarm = self._alarms.get(key)
        if alarm is not None and not alarm.acknowledged_by:
            known = replace(alarm, acknowledged_by=by, acknowledged_at=at)
            known = replace(known, notice=_with_answer(known))
            told.notices.append(replace(known.notice, to=self._rung(known), only_edit=True))
            self._put(known, told)
        return told

    def edit(self, notices: Iterable[Notification]) -> AlertChanges:
        """More is known of what has rung: for whoever was rung, and with who has answered. Nothing rings,
        and no reminder begins anew."""
        told = AlertChanges()
        for notice in notices:
            alarm = self._alarms.get(notice.key)
            if alarm is not None and alarm.notice.thread == notice.thread:
                known = replace(alarm, notice=replace(notice, to=alarm.notice.to))
                known = replace(known, notice=_with_answer(known))
                notice = replace(known.notice, to=self._rung(known))
                self._put(known, told)
            told.notices.append(replace(notice, only_edit=True))
        return told

    def _rung(self, alarm: Alert) -> tuple[str, ...]:
        return together(alarm.notice.to, alarm.reached, self.plan)

    def unit(self, code: str, unit: str, at: float, now: float) -> AlertChanges:
        """PID 1 about the bot's unit. A stop that somebody asked for (`stopping`) is maintenance,
        until it runs again, or dies, or `alerts.maintenance` is over."""
        told, going_on = AlertChanges(), maintenance(self._silences.values(), now)
        until = at + self.plan.alerts.maintenance
        if code == "stopping" and until > now:  # not one that is long over, read late
            name = going_on.id if going_on else f"M{int(at)}"
            begun = going_on or Silence(name, Scope.MAINTENANCE, unit, at, until, STOPPED, "systemd")
            self._mute(replace(begun, until=until, reason=STOPPED), told)
            if going_on is None:
                told.events.append(AlertEvent("maintenance", silence=begun))
        elif going_on is not None and code == "started":
            until = min(going_on.until, at + SETTLING_SECONDS)
            self._mute(replace(going_on, until=until, reason=STARTED), told)
        elif going_on is not None and code == "died":
            self._mute(replace(going_on, until=now, reason=DIED), told)
        return told

    def pass_time(self, now: float, current: Current) -> AlertChanges:
        """Silences that are over, alarms that nobody has answered. `current` gives an incident
        as it stands, None for one that has been forgotten."""
        told = AlertChanges()
        if now < self._next:
            return told
        for silence in [one for one in self._silences.values() if one.until <= now]:
            self._end(silence, told, now, current)
        for alarm in self.alarms:
            self._mind(alarm, told, now, current)
        # In this order: whoever is rung now need not be reminded now.
        self._remind(told, now, current)
        for alarm in [alarm for alarm in self.alarms if self._stands(alarm, now, current)]:
            self._escalate(alarm, told, now, current)
        self._next = self._next_time(now)
        return told

    # One notice.

    def _tell(self, notice: Notification, told: AlertChanges, now: float) -> None:
        alarm, end = self._alarms.get(notice.key), notice.code in ENDS
        to = resolve_channels(notice, self.plan)
        if alarm is not None and (end or rings(notice)):
            to = together(to, alarm.reached, self.plan)  # whoever was rung is told the rest
        notice = replace(notice, to=to)
        if alarm is not None and _acknowledges(notice, alarm):
            assert notice.incident is not None
            told.notices.append(replace(notice, only_edit=True))
            self._put(replace(alarm, notice=notice, acknowledged_by=notice.incident.acknowledged_by), told)
        elif (silence := silencing(notice, self._silences.values(), now)) is not None:
            self._keep_back(notice, silence, told, now)
        elif not self._held_for_maintenance(notice, alarm, told, now):
            self._emit(notice, alarm, told, now)

    def _emit(self, notice: Notification, alarm: Alert | None, told: AlertChanges, now: float) -> None:
        until = self._quiet_until(now)
        critical = alarm is not None and not alarm.muted and escalation.is_critical(alarm)
        if until is not None and notice.severity is Severity.RECOVERABLE and not critical:
            notice = replace(notice, hold=until)
        told.notices.append(notice)
        if rings(notice):
            self._put(escalation.rung(notice, alarm, notice.hold or now), told)
        elif notice.code in ENDS and alarm is not None:
            self._put(replace(alarm, over=True), told)

    def _keep_back(self, notice: Notification, silence: Silence, told: AlertChanges, now: float) -> None:
        # What is shown already stays true, without ringing. What waits for a person is told when it is over.
        late = {"hold": silence.until} if notice.code == RESCUED else {"only_edit": True}
        told.notices.append(replace(notice, **late))
        self._mute(replace(silence, silenced=silence.silenced + 1), told)
        told.events.append(AlertEvent("notice_silenced", notice, silence))
        alarm = self._alarms.get(notice.key)
        if rings(notice):
            self._put(escalation.rung(notice, alarm, now, muted=True), told)
        elif notice.code in ENDS and alarm is not None:
            self._put(replace(alarm, over=True), told)

    def _held_for_maintenance(self, notice: Notification, alarm: Alert | None, told: AlertChanges, now: float) -> bool:
        """True when `notice` waits for the end of a maintenance, or is not worth telling any more
        because what it ends was waiting."""
        during = maintenance(self._silences.values(), now)
        if during is None or notice.severity is not Severity.RECOVERABLE or of_the_new_run(notice, during):
            return False
        if notice.code == RESCUED:
            return False  # it does not come to an end by itself
        if alarm is not None and alarm.reached and escalation.is_critical(alarm):
            return False
        if notice.code in ENDS:
            if (alarm is not None and alarm.reached) or not self._drop_held(notice.key, told):
                return False
            self._mute(replace(during, silenced=during.silenced + 1), told)
        elif notice.code != MOVED:
            self._held[notice.key, notice.thread] = told.held[notice.key, notice.thread] = notice
        told.notices.append(replace(notice, only_edit=True))
        return True

    def _drop_held(self, key: str, told: AlertChanges) -> bool:
        gone = [place for place in self._held if place[0] == key]
        for place in gone:
            del self._held[place]
            told.held.pop(place, None)
        told.unheld += gone
        return bool(gone)

    # What time does.

    def _end(self, silence: Silence, told: AlertChanges, now: float, current: Current) -> None:
        del self._silences[silence.id]
        told.silences[silence.id] = over = replace(silence, reported=True)
        if silence.scope is not Scope.MAINTENANCE:
            told.events.append(AlertEvent("silence_over", silence=over))
            if silence.silenced:
                self._tell(_report(over, now), told, now)
            return
        told.events.append(AlertEvent("maintenance_over", silence=over))
        for place, notice in list(self._held.items()):
            del self._held[place]
            told.unheld.append(place)
            self._tell(_now_as(notice, current), told, now)
        if silence.reason == STOPPED:
            fields = {"unidad": silence.value, "desde": f"{silence.since:.0f}"}
            stopped = Notification(
                "unit", "unit_stopped", Severity.RECOVERABLE, now, int(silence.since), fields=fields
            )
            self._tell(stopped, told, now)

    def _mind(self, alarm: Alert, told: AlertChanges, now: float, current: Current) -> None:
        muted = silencing(alarm.notice, self._silences.values(), now) is not None
        if alarm.muted and not muted:
            self._ring_after_silence(alarm, told, now, current)
            return
        if muted != alarm.muted:
            self._put(replace(alarm, muted=True), told)
            return
        ended = alarm.acknowledged_by or alarm.notice.code == "failed"
        if ended and now - alarm.since > escalation.LONGEST_SECONDS and not _is_open(alarm, current):
            self._put(replace(alarm, over=True), told)

    def _ring_after_silence(self, alarm: Alert, told: AlertChanges, now: float, current: Current) -> None:
        """The silence is over and the trouble is not: it rings now, and counts from now."""
        if not alarm.reached:
            self._put(replace(alarm, muted=False), told)
            if alarm.acknowledged_by and alarm.notice.incident is None:
                return  # whoever looked it up knows
            self._tell(_now_as(alarm.notice, current), told, now)
            return
        base = now - self.plan.alerts.remind_every
        self._put(replace(alarm, muted=False, since=now, base=base), told)

    def _stands(self, alarm: Alert, now: float, current: Current) -> bool:
        """Whether somebody is still to be told of `alarm` again."""
        if alarm.muted or alarm.over or alarm.acknowledged_by or now < alarm.since:
            return False
        if self._quiet_until(now) is not None and not escalation.is_critical(alarm):
            return False
        # A failed download that a person has had tried again is being seen to.
        return not (alarm.notice.code == "failed" and _is_open(alarm, current))

    def _escalate(self, alarm: Alert, told: AlertChanges, now: float, current: Current) -> None:
        after, turn = escalation.escalate(alarm, self.plan.alerts, now)
        if after is alarm:
            return
        self._put(after, told)
        turn = tuple(name for name in turn if name in self.plan.channels)
        if turn:
            notice = _now_as(alarm.notice, current)
            fields = {**notice.fields, "sin_respuesta": f"{now - alarm.since:.0f}"}
            news = replace(notice, at=now, to=turn, hold=0.0, fields=fields)
            # Whoever has it sees how long it has waited; whoever read it in a digest is not told anew.
            told.notices += [replace(news, only_edit=True), news]
            told.events += [AlertEvent("escalated", notice, channel=name) for name in turn]

    def _remind(self, told: AlertChanges, now: float, current: Current) -> None:
        alerts = self.plan.alerts
        standing = [alarm for alarm in self.alarms if self._stands(alarm, now, current)]
        due = [alarm for alarm in standing if escalation.is_reminder_due(alarm, alerts, now)]
        if not due:
            return
        spoken_of = standing if len(standing) > escalation.FEW else due
        about = [(alarm, _now_as(alarm.notice, current)) for alarm in spoken_of]
        told.notices += reminders.of(about, self.plan.channels, now)
        for alarm in spoken_of:
            self._put(escalation.reminded(alarm, alerts, now), told)

    def _next_time(self, now: float) -> float:
        times = [one.until for one in self._silences.values()]
        times += [escalation.next_time(alarm, self.plan.alerts) for alarm in self._alarms.values() if not alarm.muted]
        soonest = min(times, default=float("inf"))
        # What is due and could not be done waits for the end of the quiet hours, or for a person.
        return soonest if soonest > now else now + 1.0

    def _quiet_until(self, now: float) -> float | None:
        return quiet_until(now, self.plan.alerts.quiet_from, self.plan.alerts.quiet_until)

    def _put(self, alarm: Alert, told: AlertChanges) -> None:
        if alarm.over:
            self._alarms.pop(alarm.key, None)
        else:
            self._alarms[alarm.key] = alarm
        told.alarms[alarm.key] = alarm
        self._next = 0.0

    def _mute(self, silence: Silence, told: AlertChanges) -> None:
        self._silences[silence.id] = told.silences[silence.id] = silence
        self._next = 0.0


def _acknowledges(notice: Notification, alarm: Alert) -> bool:
    """True for the alarm's own message, written anew because somebody has answered it."""
    known = notice.incident is not None and bool(notice.incident.acknowledged_by)
    return known and not alarm.acknowledged_by and notice.thread == alarm.notice.thread


def _with_answer(alarm: Alert) -> Notification:
    """The alarm's notice; one without an incident, which would say so itself, with who has answered."""
    if alarm.notice.incident is not None or not alarm.acknowledged_by:
        return alarm.notice
    known = {ANSWERED_BY: alarm.acknowledged_by, ANSWERED_AT: f"{alarm.acknowledged_at or 0.0:.0f}"}
    return replace(alarm.notice, fields={**alarm.notice.fields, **known})


def _now_as(notice: Notification, current: Current) -> Notification:
    """`notice` with its incident as it stands now."""
    incident = None if notice.incident is None else current(notice.incident.id)
    return notice if incident is None else replace(notice, incident=incident)


def _is_open(alarm: Alert, current: Current) -> bool:
    incident = None if alarm.notice.incident is None else current(alarm.notice.incident.id)
    return incident.open if incident is not None else alarm.notice.incident is None


def _report(silence: Silence, now: float) -> Notification:
    fields = {
        "silenciados": str(silence.silenced),
        "motivo": silence.reason,
        "desde": f"{silence.since:.0f}",
        "hasta": f"{silence.until:.0f}",
    }
    return Notification("muted", "muted", Severity.INFO, now, int(silence.since), fields=fields)
