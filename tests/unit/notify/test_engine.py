"""What becomes of notices: silences, maintenance, quiet hours, escalation and reminders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.unit.notify.samples import NOON, incident
from trafico_monitor.config.schema import Alerts, Route
from trafico_monitor.model.alert import Notification, NotificationCode, Scope, Severity, Silence
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.model.serialization import decode, encode
from trafico_monitor.notify.engine import AlertChanges, AlertEngine
from trafico_monitor.notify.routing import RoutingConfig
from trafico_monitor.notify.triggers import notifications_for, notifications_of_acknowledgement

CHANNELS = ("admin", "supervisor", "dev")
ESCALATING = Alerts(remind_every=1800, escalate_to=("supervisor", "dev"), escalate_after=(900, 1800))


class Desk:
    """Incidents that live, what is told of them, and a clock. `restart` goes on with what is stored."""

    def __init__(self, alerts: Alerts = ESCALATING, *routes: Route) -> None:
        self.plan = RoutingConfig(alerts, CHANNELS, routes)
        self.alerting = AlertEngine(self.plan)
        self.incidents: dict[str, Incident] = {}
        self.stored: dict[str, dict[Any, str]] = {"alarms": {}, "silences": {}, "held": {}}
        self.now = NOON

    def change(self, key: str, **changes: Any) -> list[Notification]:
        before = self.incidents.get(key)
        after = replace(before, **changes) if before else incident(**{"id": key, "opened_at": self.now} | changes)
        self.incidents[key] = after
        return self.tell(*notifications_for(before, after, self.now))

    def tell(self, *notices: Notification) -> list[Notification]:
        return self._keep(self.alerting.notify(notices, self.now))

    def wait(self, seconds: float) -> list[Notification]:
        """What is told in the meantime, looked at every second."""
        heard: list[Notification] = []
        for _ in range(int(seconds)):
            self.now += 1
            heard += self._keep(self.alerting.tick(self.now, self.incidents.get))
        return heard

    def acknowledge(self, key: str) -> list[Notification]:
        self.incidents[key] = replace(self.incidents[key], acknowledged_by="cli:root", acknowledged_at=self.now)
        return self.tell(*notifications_of_acknowledgement(self.incidents[key], self.now))

    def silence(self, scope: Scope, value: str = "", seconds: float = 3600) -> Silence:
        silence = Silence("S1", scope, value, self.now, self.now + seconds, "pruebas", "cli:root")
        self.alerting.set_silences((silence,))
        self.stored["silences"][silence.id] = encode(silence)
        return silence

    def unit(self, code: str, ago: float = 0) -> list[Notification]:
        at, now = self.now - ago, self.now
        match code:
            case "stopping":
                return self._keep(self.alerting.unit_stopping("trafico-main.service", at, now))
            case "started":
                return self._keep(self.alerting.unit_started(at, now))
            case "died":
                return self._keep(self.alerting.unit_died(now))
        return []

    def restart(self) -> None:
        from trafico_monitor.model.alert import Alert

        self.alerting = AlertEngine(self.plan)
        self.alerting.restore(
            [decode(Alert, body) for body in self.stored["alarms"].values()],
            [one for body in self.stored["silences"].values() if not (one := decode(Silence, body)).reported],
            [decode(Notification, body) for body in self.stored["held"].values()],
        )

    def _keep(self, told: AlertChanges) -> list[Notification]:
        """What rings or is edited; state goes the way of the store."""
        for alarm in told.alerts.values():
            self.stored["alarms"].pop(alarm.key, None)
            if not alarm.over:
                self.stored["alarms"][alarm.key] = encode(alarm)
        for place in told.released:
            self.stored["held"].pop(place, None)
        self.stored["held"] |= {place: encode(one) for place, one in told.deferred.items()}
        self.stored["silences"] |= {name: encode(one) for name, one in told.silences.items()}
        return [one for one in told.notifications if not one.only_edit]


def down(desk: Desk, key: str = "D") -> list[Notification]:
    return desk.change(key, error_type=ErrorType.SERVIDOR_CAIDO)


def solve(desk: Desk, key: str = "D") -> list[Notification]:
    return desk.change(key, estado=Estado.SOLUCIONADO, closed_at=desk.now)


def fail(desk: Desk, key: str = "F") -> list[Notification]:
    return desk.change(key, estado=Estado.FALLIDO, accion="given_up", closed_at=desk.now)


def shown(notices: list[Notification]) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.code, one.to) for one in notices]


# Inhibition: one cause is one critical message.


def full(desk: Desk, key: str = "A") -> list[Notification]:
    video = Download(modelo="victor", video=f"{key}.mp4", file_id=key)
    return desk.change(key, error_type=ErrorType.DISCO_LLENO, waiting_for=ErrorType.DISCO_LLENO, download=video)


def space(desk: Desk, code: str = "space_critical") -> list[Notification]:
    severity = Severity.CRITICAL if code == "space_critical" else Severity.RECOVERABLE
    return desk.tell(Notification("space", NotificationCode(code), severity, desk.now, int(desk.now)))


@pytest.mark.parametrize("restarting", [False, True])
@pytest.mark.parametrize("first", [full, space])
def test_a_full_disk_rings_once_whoever_tells_of_it(
    first: Callable[[Desk], list[Notification]], restarting: bool
) -> None:
    desk = Desk()
    assert len(first(desk)) == 1
    if restarting:
        desk.restart()
    desk.wait(2)
    again = [*full(desk), *(space(desk) if first is full else [])]
    again += [one for number in range(5) for one in full(desk, f"B{number}")]
    assert again == []
    (leader,) = [alert for alert in desk.alerting.alerts if alert.reached]
    assert leader.notice.fields["en_espera"] == "6"
    assert not [one for one in desk.wait(600) if one.severity is Severity.CRITICAL]


def test_a_dead_server_rings_once_and_another_cause_rings_all_the_same() -> None:
    desk = Desk()
    assert shown(down(desk)) == [("critical", ("admin",))]
    assert down(desk, "E") == down(desk, "F") == []
    assert shown(full(desk)) == [("critical", ("admin",))]
    solve(desk)
    assert shown(down(desk, "G")) == [("critical", ("admin",))], "the next outage"


def test_a_space_that_stays_critical_rings_once_the_video_is_done() -> None:
    desk = Desk()
    full(desk)
    assert space(desk) == []
    desk.wait(2)
    assert desk.change("A", estado=Estado.SOLUCIONADO, closed_at=desk.now)
    assert shown(desk.wait(3)) == [("space_critical", ("admin",))]
    assert space(desk, "space_ok")
    full(desk, "C"), space(desk), space(desk, "space_ok")
    assert not [one for one in desk.wait(5) if one.code == "space_critical"], "the space is there again"


def test_a_channel_that_has_not_been_told_of_the_cause_is_told() -> None:
    desk = Desk(ESCALATING, Route("victor", modelos=("victor",), to=("dev",)))
    assert shown(space(desk)) == [("space_critical", ("admin",))]
    assert shown(full(desk)) == [("critical", ("dev",))]


def test_a_cause_that_somebody_has_silenced_inhibits_nothing() -> None:
    desk = Desk()
    desk.silence(Scope.INCIDENT, "A")
    assert full(desk) == []
    assert shown(space(desk)) == [("space_critical", ("admin",))]


# Escalation and reminders.


@pytest.mark.parametrize("restarting", [False, True])
def test_an_alert_without_an_answer_goes_on_to_the_next_at_exactly_its_time(restarting: bool) -> None:
    desk = Desk()
    assert shown(down(desk)) == [("critical", ("admin",))]
    heard: dict[float, list[tuple[str, tuple[str, ...]]]] = {}
    for _ in range(7300 // 100):
        if restarting:
            desk.restart()
        before = desk.now
        for told in desk.wait(100):
            heard.setdefault(told.at - NOON, []).append((told.code, told.to))
        assert desk.now == before + 100
    assert heard == {
        900: [("critical", ("supervisor",))],
        1800: [("reminder", ("admin", "supervisor")), ("critical", ("dev",))],
        3600: [("reminder", CHANNELS)],
        5400: [("reminder", CHANNELS)],
        7200: [("reminder", CHANNELS)],
    }


def test_an_answer_ends_it_and_the_solution_goes_to_everyone_who_was_rung() -> None:
    desk = Desk()
    down(desk)
    desk.wait(1000)
    assert desk.acknowledge("D") == []  # the message is edited, nobody is rung
    assert desk.wait(20_000) == []
    assert shown(solve(desk)) == [("solved", ("admin", "supervisor"))]
    assert desk.stored["alarms"] == {}


def test_the_solution_ends_it() -> None:
    desk = Desk()
    down(desk)
    desk.wait(1000)
    assert shown(solve(desk)) == [("solved", ("admin", "supervisor"))]
    assert desk.wait(20_000) == []


def test_a_failed_download_rings_and_is_reminded_of_for_a_day_at_most() -> None:
    desk = Desk(Alerts(remind_every=3600))
    assert shown(fail(desk)) == [("failed", ("admin",))]
    heard = desk.wait(2 * 86400)
    assert [told.at - NOON for told in heard] == [3600 * n for n in range(1, 25)]
    assert desk.stored["alarms"] == {}


def test_one_that_a_person_has_had_tried_again_is_being_seen_to() -> None:
    desk = Desk()
    fail(desk)
    desk.change("F", estado=Estado.REINTENTANDO, asked=1, closed_at=None)
    assert desk.wait(4000) == []
    assert shown(fail(desk)) == [("failed", ("admin",))]
    assert shown(desk.wait(901)) == [("failed", ("supervisor",))]


def test_a_failure_after_an_answer_rings_once_and_is_not_reminded_of() -> None:
    desk = Desk()
    down(desk)
    desk.acknowledge("D")
    assert shown(fail(desk, "D")) == [("failed", ("admin",))]
    assert desk.wait(20_000) == []


def test_many_alarms_are_one_reminder() -> None:
    desk = Desk(Alerts(remind_every=1800))
    for n in range(40):
        fail(desk, f"F{n}")
        desk.wait(18)
    heard = desk.wait(3600)
    assert [(told.code, len(told.about)) for told in heard] == [("reminder", 40)] * 2
    assert heard[0].at - NOON == 1800 and heard[1].at - NOON == 3600


def test_no_reminders_when_none_are_wanted() -> None:
    desk = Desk(Alerts(remind_every=0))
    down(desk)
    assert desk.wait(10_000) == []


def test_after_a_long_time_off_there_is_one_reminder_and_the_rhythm_stays() -> None:
    desk = Desk(Alerts(remind_every=1800))
    down(desk)
    desk.now += 10_000
    desk.restart()
    assert [told.at - NOON for told in desk.wait(2700)] == [10_001, 10_800, 12_600]


def test_the_service_s_own_alarms_escalate_too() -> None:
    desk = Desk()
    died = Notification("unit", NotificationCode.UNIT_DIED, Severity.CRITICAL, NOON, 2, fields={"unidad": "x.service"})
    desk.tell(died)
    (told,) = desk.wait(901)
    assert (told.code, told.to, told.fields["sin_respuesta"]) == ("unit_died", ("supervisor",), "900")
    back = Notification("unit", NotificationCode.UNIT_BACK, Severity.RECOVERABLE, desk.now, 3)
    assert shown(desk.tell(back)) == [("unit_back", ("admin", "supervisor"))]


def test_an_escalation_that_has_been_told_already_rings_nobody_twice() -> None:
    desk = Desk(ESCALATING, Route("all", ("admin", "supervisor")))
    down(desk)
    assert shown(desk.wait(1799)) == []
    assert shown(desk.wait(1)) == [("reminder", ("admin", "supervisor")), ("critical", ("dev",))]


# Silences.


@pytest.mark.parametrize(
    ("scope", "value", "matches"),
    [
        (Scope.ALL, "", True),
        (Scope.TYPE, "servidor_caido", True),
        (Scope.TYPE, "timeout", False),
        (Scope.MODELO, "victor", True),
        (Scope.MODELO, "luna", False),
        (Scope.INCIDENT, "D", True),
        (Scope.INCIDENT, "E", False),
    ],
)
def test_a_silence_keeps_back_what_it_matches_also_what_is_critical(scope: Scope, value: str, matches: bool) -> None:
    desk = Desk()
    desk.silence(scope, value)
    assert (down(desk) == []) is matches


def test_what_was_silenced_is_counted_and_what_still_stands_rings_when_it_ends() -> None:
    desk = Desk()
    desk.silence(Scope.ALL, seconds=3600)
    down(desk)
    fail(desk)
    desk.change("gone", error_type=ErrorType.DISCO_LLENO)
    assert solve(desk, "gone") == []
    assert desk.wait(3599) == []
    assert decode(Silence, desk.stored["silences"]["S1"]).silenced == 4
    heard = desk.wait(1)
    assert [told.code for told in heard] == ["muted", "critical", "failed"]
    assert heard[0].fields["silenciados"] == "4" and heard[0].severity is Severity.INFO
    assert shown(desk.wait(900)) == [("critical", ("supervisor",)), ("failed", ("supervisor",))]


def test_a_silence_stops_reminders_and_they_come_back_after_it() -> None:
    desk = Desk(Alerts(remind_every=1800))
    down(desk)
    desk.silence(Scope.INCIDENT, "D", 3600)
    assert desk.wait(3599) == []
    assert [told.code for told in desk.wait(1)] == ["reminder"]
    assert [told.at - NOON for told in desk.wait(1801)] == [3600 + 1800]


def test_a_silence_that_is_ended_early_is_over() -> None:
    desk = Desk()
    begun = desk.silence(Scope.ALL)
    down(desk)
    desk.wait(60)
    desk.alerting.set_silences((replace(begun, until=desk.now),))
    assert [told.code for told in desk.wait(1)] == ["muted", "critical"]
    assert decode(Silence, desk.stored["silences"]["S1"]).reported


def test_a_silence_that_ended_while_the_monitor_was_off_is_reported() -> None:
    desk = Desk()
    desk.silence(Scope.ALL, seconds=60)
    down(desk)
    desk.now += 7200
    desk.restart()
    assert [told.code for told in desk.wait(1)] == ["muted", "critical"]
    desk.restart()
    assert desk.wait(5) == []


def test_a_silence_lets_what_is_shown_already_stay_true() -> None:
    desk = Desk()
    desk.change("C", error_type=ErrorType.CORRUPTO)
    desk.silence(Scope.ALL)
    desk.incidents["C"] = replace(desk.incidents["C"], estado=Estado.SOLUCIONADO, closed_at=desk.now)
    told = desk.alerting.notify(
        notifications_for(incident(ErrorType.CORRUPTO), desk.incidents["C"], desk.now), desk.now
    )
    assert [(one.code, one.only_edit) for one in told.notifications] == [("solved", True)]
    assert [event.code for event in told.events] == ["notice_silenced"]


def test_a_test_message_is_never_silenced() -> None:
    desk = Desk()
    desk.silence(Scope.ALL)
    assert shown(desk.tell(Notification("test", NotificationCode.TEST, Severity.INFO, NOON))) == [("test", ("admin",))]


# Quiet hours.


def local(hour: int, minute: int = 0) -> float:
    return datetime(2025, 12, 25, hour, minute).timestamp()


QUIET = replace(ESCALATING, quiet_from="22:00", quiet_until="08:00")


def test_quiet_hours_hold_what_is_recoverable_until_their_end() -> None:
    desk = Desk(QUIET)
    desk.now = local(23)
    (held,) = desk.change("C", error_type=ErrorType.CORRUPTO)
    assert held.hold == local(8) + 86400
    (critical,) = down(desk)
    (start,) = desk.tell(Notification("service", NotificationCode.START, Severity.INFO, desk.now))
    assert (critical.hold, start.hold) == (0.0, 0.0)
    desk.now = local(8) + 86400
    (day,) = desk.change("E", error_type=ErrorType.CORRUPTO)
    assert day.hold == 0.0


def test_who_got_up_for_an_alarm_is_told_of_its_end_at_night() -> None:
    desk = Desk(QUIET)
    desk.now = local(23)
    down(desk)
    (relief,) = solve(desk)
    assert relief.hold == 0.0


def test_at_night_only_what_is_critical_escalates_and_the_rest_from_the_morning_on() -> None:
    desk = Desk(QUIET)
    desk.now = local(23)
    (held,) = fail(desk)
    assert desk.wait(3600) == []
    down(desk)
    assert shown(desk.wait(1800)) == [
        ("critical", ("supervisor",)),
        ("reminder", ("admin", "supervisor")),
        ("critical", ("dev",)),
    ]
    solve(desk)
    desk.now = held.hold - 1
    assert desk.wait(900) == []
    assert shown(desk.wait(1)) == [("failed", ("supervisor",))]


# Maintenance.


def test_a_stop_by_a_person_holds_news_until_the_unit_runs_again() -> None:
    desk = Desk()
    desk.unit("stopping")
    fail(desk)
    assert desk.change("C", error_type=ErrorType.CORRUPTO) == []
    assert solve(desk, "C") == []
    desk.unit("stopped")
    desk.restart()
    assert desk.wait(100) == []
    desk.unit("started")
    assert desk.wait(14) == []
    assert shown(desk.wait(1)) == [("failed", ("admin",))]  # the other one is not worth a word any more
    assert desk.wait(600) == [] and desk.stored["held"] == {}


def test_what_goes_wrong_after_the_new_start_is_news() -> None:
    desk = Desk()
    desk.unit("stopping")
    desk.wait(5)
    desk.unit("started")
    desk.wait(2)
    assert shown(desk.change("C", error_type=ErrorType.CORRUPTO)) == [("detected", ("admin",))]


def test_what_is_critical_is_told_during_a_maintenance() -> None:
    desk = Desk()
    desk.unit("stopping")
    assert shown(down(desk)) == [("critical", ("admin",))]
    assert shown(solve(desk)) == [("solved", ("admin",))]


def test_a_stop_that_lasts_longer_is_told_once_it_has() -> None:
    desk = Desk(Alerts(maintenance=300))
    desk.unit("stopping")
    desk.change("C", error_type=ErrorType.CORRUPTO)
    assert desk.wait(299) == []
    assert [told.code for told in desk.wait(1)] == ["detected", "unit_stopped"]
    assert desk.wait(1000) == []


def test_a_death_ends_the_maintenance() -> None:
    desk = Desk()
    desk.unit("stopping")
    fail(desk)
    desk.unit("died")
    assert [told.code for told in desk.wait(1)] == ["failed"]


def test_no_maintenance_when_none_is_wanted() -> None:
    desk = Desk(Alerts(maintenance=0))
    desk.unit("stopping")
    assert shown(fail(desk)) == [("failed", ("admin",))]


def test_the_end_of_what_was_told_before_is_told_during_a_maintenance() -> None:
    desk = Desk()
    fail(desk)
    desk.unit("stopping")
    assert shown(solve(desk, "F")) == [("solved", ("admin",))]


def test_a_stop_that_is_read_long_afterwards_is_no_maintenance() -> None:
    desk = Desk()
    desk.unit("stopping", ago=4000)
    desk.unit("started", ago=3900)
    assert desk.wait(5) == [] and shown(fail(desk)) == [("failed", ("admin",))]


def test_a_restart_that_is_read_late_is_over_when_it_was() -> None:
    desk = Desk()
    desk.unit("stopping", ago=100)
    desk.unit("started", ago=90)
    assert desk.wait(5) == [] and shown(fail(desk)) == [("failed", ("admin",))]


# Alarms that no incident stands behind.


def died(desk: Desk, thread: int = 2) -> list[Notification]:
    told = Notification(
        "unit",
        NotificationCode.UNIT_DIED,
        Severity.CRITICAL,
        desk.now,
        thread,
        fields={"unidad": "trafico-main.service"},
    )
    return desk.tell(told)


def back(desk: Desk, thread: int = 3) -> list[Notification]:
    return desk.tell(Notification("unit", NotificationCode.UNIT_BACK, Severity.RECOVERABLE, desk.now, thread))


@pytest.mark.parametrize("restarting", [False, True])
def test_an_alarm_of_the_unit_is_acknowledged_until_it_ends(restarting: bool) -> None:
    desk = Desk()
    assert shown(died(desk)) == [("unit_died", ("admin",))]
    assert shown(desk.wait(900)) == [("unit_died", ("supervisor",))]
    told = desk.alerting.acknowledge("unit", "cli:ana", desk.now)
    (edited,) = told.notifications
    assert (edited.only_edit, edited.thread, edited.to) == (True, 2, ("admin", "supervisor"))
    assert edited.fields["enterado_por"] == "cli:ana" and edited.fields["unidad"] == "trafico-main.service"
    assert desk._keep(told) == []
    if restarting:
        desk.restart()
    assert desk.wait(20_000) == []
    assert shown(back(desk)) == [("unit_back", ("admin", "supervisor"))]
    desk.now += 60
    assert shown(died(desk, 4)) == [("unit_died", ("admin",))], "another death is another alarm"
    (alarm,) = desk.alerting.alerts
    assert alarm.acknowledged_by == ""
    assert shown(desk.wait(900)) == [("unit_died", ("supervisor",))]


def test_an_alarm_that_becomes_worse_rings_although_somebody_knew() -> None:
    desk = Desk()
    died(desk)
    desk._keep(desk.alerting.acknowledge("unit", "cli:ana", desk.now))
    assert shown(died(desk, 4)) == [("unit_died", ("admin",))]
    assert shown(desk.wait(900)) == [("unit_died", ("supervisor",))]


def test_acknowledging_twice_changes_nothing_and_what_does_not_stand_is_not_found() -> None:
    desk = Desk()
    died(desk)
    down(desk)
    desk._keep(desk.alerting.acknowledge("unit", "cli:ana", desk.now))
    again = desk.alerting.acknowledge("unit", "cli:eva", desk.now)
    assert (again.notifications, again.alerts) == ([], {})
    found = [desk.alerting.find_alert(name) for name in ("unit", "#UNIT", " unit-2 ", "UNIT-2")]
    assert [alarm.acknowledged_by for alarm in found if alarm is not None] == ["cli:ana"] * 4
    for name in ("unit-4", "space", "", "D", "d-1", "unit-"):
        assert desk.alerting.find_alert(name) is None, "another alarm, or an incident, which has an id of its own"


def test_what_was_acknowledged_during_a_silence_does_not_ring_when_it_ends() -> None:
    desk = Desk()
    desk.silence(Scope.ALL, seconds=3600)
    assert died(desk) == []
    desk._keep(desk.alerting.acknowledge("unit", "cli:ana", desk.now))
    assert [told.code for told in desk.wait(20_000)] == ["muted"]
    (alarm,) = desk.alerting.alerts
    assert (alarm.acknowledged_by, alarm.muted) == ("cli:ana", False)


def test_what_is_known_later_is_told_to_everyone_who_was_rung_together_with_who_answered() -> None:
    desk = Desk()
    full = Notification(
        "space", NotificationCode.SPACE_CRITICAL, Severity.CRITICAL, desk.now, 7, fields={"texto": "0 GB"}
    )
    desk.tell(full)
    desk.wait(900)
    desk._keep(desk.alerting.acknowledge("space", "cli:ana", desk.now))
    told = desk.alerting.update([replace(full, fields={**full.fields, "uso": "modelos 40 GB"})])
    assert desk._keep(told) == [], "nothing rings"
    (edited,) = told.notifications
    assert edited.to == ("admin", "supervisor")
    assert (edited.fields["uso"], edited.fields["enterado_por"]) == ("modelos 40 GB", "cli:ana")
    assert desk.wait(20_000) == []
    stale = desk.alerting.update([replace(full, thread=6)])
    assert "enterado_por" not in stale.notifications[0].fields and stale.alerts == {}
