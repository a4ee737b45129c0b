"""The playbook's last column, and one incident as one conversation."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.notify.samples import NOON, failed, incident
from trafico_monitor.model.alert import Notification, Severity
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.notify.messages.render import render
from trafico_monitor.notify.triggers import (
    ALARM,
    FAILED,
    LIVE,
    RELIEF,
    notifications_for,
    notifications_of_acknowledgement,
)

R, C = Severity.RECOVERABLE, Severity.CRITICAL


def story(*states: Incident) -> list[tuple[str, Severity, int]]:
    """All that is told while an incident goes through `states`."""
    told: list[Notification] = []
    before: Incident | None = None
    for after in states:
        told += notifications_for(before, after, NOON)
        before = after
    return [(n.code, n.severity, n.thread) for n in told]


def retrying(error_type: ErrorType, attempt: int) -> Incident:
    return incident(error_type, estado=Estado.REINTENTANDO, attempt=attempt)


def solved(error_type: ErrorType, attempt: int = 1, *, by_bot: bool = False) -> Incident:
    return incident(error_type, estado=Estado.SOLUCIONADO, attempt=attempt, recovered_by_bot=by_bot)


@pytest.mark.parametrize("error_type", [ErrorType.TIMEOUT, ErrorType.RUTA_INEXISTENTE])
def test_timeouts_and_folders_that_are_repaired_are_not_told(error_type: ErrorType) -> None:
    states = [incident(error_type), *(retrying(error_type, n) for n in (1, 2, 3)), solved(error_type, 3)]
    assert story(*states) == []


@pytest.mark.parametrize("error_type", [ErrorType.TIMEOUT, ErrorType.RUTA_INEXISTENTE])
def test_timeouts_and_folders_are_told_when_they_fail(error_type: ErrorType) -> None:
    states = [incident(error_type), retrying(error_type, 3), failed(error_type=error_type)]
    assert story(*states) == [("failed", R, FAILED)]


def test_a_corrupt_file_is_one_message_from_the_start() -> None:
    kind = ErrorType.CORRUPTO
    assert story(incident(kind), retrying(kind, 1), retrying(kind, 2), solved(kind, 2)) == [
        ("detected", R, LIVE),
        ("retrying", R, LIVE),
        ("retrying", R, LIVE),
        ("solved", R, LIVE),
    ]


def test_a_corrupt_file_that_fails_is_a_new_message_and_the_old_one_says_so() -> None:
    kind = ErrorType.CORRUPTO
    assert story(incident(kind), retrying(kind, 1), failed(error_type=kind))[-2:] == [
        ("moved", R, LIVE),
        ("failed", R, FAILED),
    ]


def test_a_permission_problem_is_told_when_it_persists() -> None:
    kind = ErrorType.PERMISOS
    assert story(incident(kind), retrying(kind, 1), solved(kind)) == []
    assert story(incident(kind), retrying(kind, 1), retrying(kind, 2), solved(kind, 2)) == [
        ("retrying", R, LIVE),
        ("solved", R, LIVE),
    ]
    assert story(incident(kind), failed(error_type=kind)) == [("failed", R, FAILED)]


@pytest.mark.parametrize("error_type", [ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO])
def test_a_cause_rings_at_once_and_its_end_is_told(error_type: ErrorType) -> None:
    waiting = incident(error_type, estado=Estado.PENDIENTE, waiting_for=error_type)
    assert story(incident(error_type), waiting, retrying(error_type, 1), solved(error_type)) == [
        ("critical", C, ALARM),
        ("solved", R, RELIEF),
    ]


def test_an_error_that_turns_out_to_be_critical_rings() -> None:
    assert story(incident(), incident(ErrorType.DISCO_LLENO)) == [("critical", C, ALARM)]


def test_what_is_held_back_says_so_in_its_own_message_only() -> None:
    kind = ErrorType.CORRUPTO
    held = incident(kind, estado=Estado.PENDIENTE, waiting_for=ErrorType.DISCO_LLENO)
    assert story(incident(kind), held)[-1] == ("waiting", R, LIVE)
    assert story(incident(), incident(estado=Estado.PENDIENTE, waiting_for=ErrorType.DISCO_LLENO)) == []


@pytest.mark.parametrize("error_type", list(ErrorType))
def test_every_failure_is_told_once(error_type: ErrorType) -> None:
    ended = failed(error_type=error_type)
    for before in (None, incident(error_type), retrying(error_type, 3)):
        codes = [n.code for n in notifications_for(before, ended, NOON)]
        assert codes.count("failed") == 1
    assert notifications_for(ended, replace(ended, updated_at=NOON + 60), NOON + 60) == ()


def test_a_failure_that_ends_well_after_all_is_told() -> None:
    assert story(failed(), solved(ErrorType.TIMEOUT, by_bot=True)) == [
        ("failed", R, FAILED),
        ("solved_by_bot", R, RELIEF),
    ]


def test_the_bots_own_repair_is_told_as_such() -> None:
    assert story(incident(ErrorType.CORRUPTO), solved(ErrorType.CORRUPTO, by_bot=True))[-1][0] == "solved_by_bot"


@pytest.mark.parametrize("error_type", list(ErrorType))
def test_a_step_that_changes_nothing_visible_tells_nothing(error_type: ErrorType) -> None:
    now = retrying(error_type, 2)
    assert notifications_for(now, replace(now, count=9, updated_at=NOON + 60), NOON) == ()


def test_the_notice_carries_the_incident_as_it_is_now() -> None:
    after = incident(ErrorType.CORRUPTO)
    (told,) = notifications_for(None, after, NOON + 3)
    assert (told.key, told.at, told.incident) == (after.id, NOON + 3, after)


def test_what_a_person_has_tried_again_rings_anew_and_its_good_end_is_told() -> None:
    again = replace(retrying(ErrorType.TIMEOUT, 1), asked=1)
    assert notifications_for(failed(), again, NOON) == ()
    (lost,) = notifications_for(again, replace(failed(), asked=1), NOON)
    (won,) = notifications_for(again, replace(solved(ErrorType.TIMEOUT), asked=1), NOON)
    assert (lost.code, won.code) == ("failed", "solved")
    assert len({lost.thread, won.thread, FAILED, RELIEF, LIVE, ALARM}) == 6, "none of them edits an older message"


@pytest.mark.parametrize("stands", [failed(), incident(ErrorType.DISCO_LLENO), incident(ErrorType.CORRUPTO)])
def test_an_acknowledgement_is_written_into_the_message_that_told_of_it(stands: Incident) -> None:
    told = notifications_for(None, stands, NOON)[-1]
    known = replace(stands, acknowledged_by="cli:ana", acknowledged_at=NOON)
    (edit,) = notifications_of_acknowledgement(known, NOON + 60)
    assert (edit.key, edit.thread, edit.code, edit.severity) == (told.key, told.thread, told.code, told.severity)
    assert "cli:ana" in render(edit, "es", now=NOON + 60).plain


def test_nobody_is_told_that_something_untold_was_acknowledged() -> None:
    assert notifications_of_acknowledgement(incident(ErrorType.TIMEOUT), NOON) == ()
