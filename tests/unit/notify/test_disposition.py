"""The decision about one notification, as a table, and what holds for every state."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.notify.samples import NOON, incident
from trafico_monitor.messages import catalogue
from trafico_monitor.model.alert import Alert, Notification, NotificationCode, Scope, Severity, Silence
from trafico_monitor.model.incident import Estado
from trafico_monitor.notify import escalation
from trafico_monitor.notify.disposition import Action, Disposition, Reason, alert_after, classify
from trafico_monitor.notify.silences import SETTLING_SECONDS, MuteTimes

Code = NotificationCode
NONE = MuteTimes()
ALWAYS = MuteTimes("00:00", "23:59")
SILENCE = Silence("SAAAAA", Scope.ALL, "", NOON - 60, NOON + 3600, "night", "cli:ana")
STOPPED = Silence("M1", Scope.MAINTENANCE, "u.service", NOON - 60, NOON + 300, "stopped", "systemd")
STARTED = replace(STOPPED, reason="started", until=NOON + SETTLING_SECONDS)
OWN = incident(id="I1")


def told(code: Code, severity: Severity = Severity.RECOVERABLE, thread: int = 0) -> Notification:
    return Notification("I1", code, severity, NOON, thread, OWN)


def firing(code: Code = Code.FAILED, *, reached: bool = True, muted: bool = False) -> Alert:
    severity = Severity.CRITICAL if code is Code.CRITICAL else Severity.RECOVERABLE
    return Alert("I1", told(code, severity), NOON, NOON, ("admin",) if reached else (), muted=muted)


@pytest.mark.parametrize(
    ("notification", "alert", "silences", "mute_times", "deferred", "action", "reason"),
    [
        (told(Code.FAILED), None, (), NONE, False, Action.SEND, Reason.DUE),
        (told(Code.FAILED), None, (), ALWAYS, False, Action.HOLD_UNTIL, Reason.MUTE_TIME),
        (told(Code.CRITICAL, Severity.CRITICAL), None, (), ALWAYS, False, Action.SEND, Reason.DUE),
        (told(Code.START, Severity.INFO), None, (), ALWAYS, False, Action.SEND, Reason.DUE),
        (told(Code.SOLVED), firing(Code.CRITICAL), (), ALWAYS, False, Action.SEND, Reason.DUE),
        (told(Code.SOLVED), firing(Code.CRITICAL, muted=True), (), ALWAYS, False, Action.HOLD_UNTIL, Reason.MUTE_TIME),
        (told(Code.CRITICAL, Severity.CRITICAL), None, (SILENCE,), NONE, False, Action.SUPPRESS_SILENCED,
         Reason.SILENCED),
        (told(Code.RESCUED), None, (SILENCE,), NONE, False, Action.HOLD_UNTIL, Reason.SILENCED),
        (told(Code.TEST, Severity.INFO), None, (SILENCE,), NONE, False, Action.SEND, Reason.DUE),
        (told(Code.FAILED), None, (STOPPED, SILENCE), NONE, False, Action.SUPPRESS_SILENCED, Reason.SILENCED),
        (told(Code.FAILED), None, (STOPPED,), NONE, False, Action.HOLD_FOR_MAINTENANCE, Reason.MAINTENANCE),
        (told(Code.FAILED), None, (STARTED,), NONE, False, Action.SEND, Reason.DUE),
        (told(Code.MOVED), None, (STOPPED,), NONE, False, Action.EDIT_ONLY, Reason.MAINTENANCE),
        (told(Code.RESCUED), None, (STOPPED,), NONE, False, Action.SEND, Reason.DUE),
        (told(Code.SOLVED), None, (STOPPED,), NONE, True, Action.DROP, Reason.NEVER_SENT),
        (told(Code.SOLVED), None, (STOPPED,), NONE, False, Action.SEND, Reason.DUE),
        (told(Code.SOLVED), firing(), (STOPPED,), NONE, True, Action.SEND, Reason.DUE),
        (told(Code.FAILED), firing(Code.CRITICAL), (STOPPED,), NONE, False, Action.SEND, Reason.DUE),
        (told(Code.CRITICAL, Severity.CRITICAL), None, (STOPPED,), NONE, False, Action.SEND, Reason.DUE),
    ],
)  # fmt: skip
def test_the_table(
    notification: Notification, alert: Alert | None, silences: tuple[Silence, ...], mute_times: MuteTimes,
    deferred: bool, action: Action, reason: Reason,
) -> None:  # fmt: skip
    found = classify(notification, alert, silences, mute_times, NOON, deferred=deferred)
    assert (found.action, found.reason) == (action, reason)
    until = {Reason.SILENCED: SILENCE.until, Reason.MUTE_TIME: mute_times.until(NOON)}.get(reason)
    assert found.until == (until if action is Action.HOLD_UNTIL else 0.0)
    assert (found.silence is None) == (reason in (Reason.DUE, Reason.MUTE_TIME))


def test_an_acknowledgement_edits_the_alert_s_own_message_also_in_a_silence() -> None:
    known = replace(told(Code.FAILED), incident=replace(OWN, acknowledged_by="cli:ana", estado=Estado.FALLIDO))
    found = classify(known, firing(), (SILENCE,), NONE, NOON)
    assert (found.action, found.reason) == (Action.EDIT_ONLY, Reason.ACKNOWLEDGED)
    after = alert_after(known, found, firing(), NOON)
    assert after is not None and (after.acknowledged_by, after.since) == ("cli:ana", NOON)
    another = classify(replace(known, thread=5), firing(), (), NONE, NOON)
    assert another.action is Action.SEND, "another message of the same incident"


states = st.builds(
    lambda code, severity, thread: told(code, severity, thread),
    st.sampled_from(Code), st.sampled_from(Severity), st.integers(0, 3),
)  # fmt: skip
alerts = st.none() | st.builds(firing, st.sampled_from(Code), reached=st.booleans(), muted=st.booleans())
kept_back = st.lists(st.sampled_from([SILENCE, STOPPED, STARTED]), unique=True).map(tuple)


@given(states, alerts, kept_back, st.sampled_from([NONE, ALWAYS]), st.booleans())
def test_what_holds_in_every_state(
    notification: Notification, alert: Alert | None, silences: tuple[Silence, ...], mute_times: MuteTimes,
    deferred: bool,
) -> None:  # fmt: skip
    found = classify(notification, alert, silences, mute_times, NOON, deferred=deferred)
    if SILENCE not in silences and notification.severity is not Severity.RECOVERABLE:
        assert found == Disposition(Action.SEND, Reason.DUE), "only a silence keeps back what is not recoverable"
    if found.action in (Action.HOLD_FOR_MAINTENANCE, Action.DROP):
        assert notification.severity is Severity.RECOVERABLE and notification.code is not Code.RESCUED
    if not silences and mute_times is NONE:
        assert found.action is Action.SEND, "nothing keeps it back"
    after = alert_after(notification, found, alert, NOON)
    if after is not None and not after.over:
        assert after.key == notification.key
        assert after.muted == (found.reason is Reason.SILENCED), "a silenced alert fires when the silence ends"
    if found.action is Action.SEND and notification.code.fires:
        assert after == escalation.fired(notification, alert, NOON)
    if notification.code.resolves and alert is not None and found.reason in (Reason.DUE, Reason.SILENCED):
        assert after is not None and after.over, "a resolution ends the alert, sent or not"


def test_every_code_has_its_text_and_no_code_both_fires_and_resolves() -> None:
    wrong = [code for code in Code if code.fires and code.resolves]
    silent = [code for code in Code for language in ("es", "en") if f"notice.{code}" not in catalogue(language)]
    assert (wrong, silent) == ([], [])
