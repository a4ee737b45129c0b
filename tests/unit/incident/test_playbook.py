"""The playbook, row by row: which order follows, and that only a proof makes `solucionado`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from trafico_monitor.incident import policy
from trafico_monitor.incident.circuit_breaker import TRIES, CircuitBreaker
from trafico_monitor.incident.decision_context import Conditions, DecisionContext, Limits
from trafico_monitor.incident.policy import Decision
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.model.task import Evidence, Outcome, RepairTask, TaskKind, TaskResult, TaskStat, Verdict
from trafico_monitor.pipeline import events

NOW = 1_766_000_000.0
FREE = Conditions()
FULL = Conditions(disk_full=True)
DOWN = Conditions(server_down=True)
KNOWN = Download(modelo="victor", video="a.mp4", source="/x/videos/file_1.mp4", size=10)
PROOF = Verdict(True, (Evidence("file", "/m/victor/a.mp4"), Evidence("size", "10")))
NO_PROOF = Verdict(False, (Evidence("size", "4", ok=False),), reason="size_differs")


def incident(error_type: ErrorType, download: Download = KNOWN) -> Incident:
    return Incident("ABC23456", error_type, NOW, NOW, download=download, actionable=download)


def begun(error_type: ErrorType, download: Download = KNOWN, conditions: Conditions = FREE) -> Decision:
    return policy.begin(incident(error_type, download), DecisionContext(NOW, conditions))


def outcome(decision: Decision, result: Outcome, verdict: Verdict, conditions: Conditions = FREE) -> Decision:
    order = required(decision)
    answer = TaskResult(order.id, result, "" if result is Outcome.DONE else "why")
    return policy.after(decision.incident, order, answer, verdict, DecisionContext(NOW, conditions))


def required(decision: Decision) -> RepairTask:
    assert decision.order is not None
    return decision.order


def test_timeout_is_tried_three_times_after_1_2_and_4_seconds_and_then_fails() -> None:
    decision = begun(ErrorType.TIMEOUT)
    waits = []
    for attempt in (1, 2, 3):
        order = required(decision)
        assert (order.kind, order.attempt) == (TaskKind.RETRY_DOWNLOAD, attempt)
        assert decision.incident.estado is Estado.REINTENTANDO
        waits.append(order.due_at - NOW)
        decision = outcome(decision, Outcome.FAILED, NO_PROOF)
    assert waits == [1.0, 2.0, 4.0]
    assert (decision.incident.estado, decision.order) == (Estado.FALLIDO, None)
    assert decision.incident.attempt == 3


@pytest.mark.parametrize("error_type", list(ErrorType))
def test_nothing_is_solved_without_a_proof(error_type: ErrorType) -> None:
    decision = begun(error_type)
    for _ in range(20):
        assert decision.incident.estado is not Estado.SOLUCIONADO
        if decision.order is None:
            break
        decision = outcome(decision, Outcome.DONE, NO_PROOF)
    assert decision.incident.estado in (Estado.FALLIDO, Estado.PENDIENTE)


@pytest.mark.parametrize(
    ("error_type", "kinds"),
    [
        (ErrorType.TIMEOUT, [TaskKind.RETRY_DOWNLOAD]),
        (ErrorType.RUTA_INEXISTENTE, [TaskKind.CREATE_FOLDER, TaskKind.RETRY_DOWNLOAD]),
        (ErrorType.CORRUPTO, [TaskKind.QUARANTINE, TaskKind.RETRY_DOWNLOAD]),
        (ErrorType.PERMISOS, [TaskKind.FIX_OWNER, TaskKind.RETRY_DOWNLOAD]),
    ],
)
def test_each_row_gives_its_orders_in_turn_and_ends_with_the_proof(
    error_type: ErrorType, kinds: list[TaskKind]
) -> None:
    decision = begun(error_type)
    given = [required(decision).kind]
    for _ in kinds[1:]:
        decision = outcome(decision, Outcome.DONE, Verdict(False))
        given.append(required(decision).kind)
    decision = outcome(decision, Outcome.DONE, PROOF)
    assert given == kinds
    assert decision.incident.estado is Estado.SOLUCIONADO
    assert decision.incident.evidence == PROOF.evidence


def test_without_download_data_nothing_is_tried_and_the_reason_is_said() -> None:
    decision = begun(ErrorType.TIMEOUT, Download())
    assert decision.order is None
    assert (decision.incident.estado, decision.incident.reason) == (Estado.PENDIENTE, "no_download_data")


def test_missing_folder_without_download_data_is_solved_by_the_folder() -> None:
    decision = begun(ErrorType.RUTA_INEXISTENTE, Download(modelo="victor"))
    assert required(decision).kind is TaskKind.CREATE_FOLDER
    folder = Verdict(True, (Evidence("folder", "/m/victor"),))
    assert outcome(decision, Outcome.DONE, folder).incident.estado is Estado.SOLUCIONADO


def test_a_file_that_is_healthy_after_all_closes_a_corrupto_without_a_second_download() -> None:
    decision = begun(ErrorType.CORRUPTO)
    closed = outcome(decision, Outcome.REFUSED, PROOF)
    assert (closed.incident.estado, closed.order) == (Estado.SOLUCIONADO, None)


def test_what_is_in_quarantine_stays_for_its_time_also_after_the_proof() -> None:
    decision = begun(ErrorType.CORRUPTO)
    order = required(decision)
    put_aside = TaskResult(order.id, Outcome.DONE, quarantined="/m/_cuarentena/a.mp4")
    decision = policy.after(decision.incident, order, put_aside, Verdict(False), DecisionContext(NOW))
    failed = decision
    for _ in range(3):
        failed = outcome(failed, Outcome.FAILED, NO_PROOF)
    assert (failed.incident.estado, failed.order) == (Estado.FALLIDO, None)
    solved = outcome(decision, Outcome.DONE, PROOF)
    assert (solved.incident.estado, solved.order) == (Estado.SOLUCIONADO, None)
    assert solved.incident.quarantined == "/m/_cuarentena/a.mp4"


@pytest.mark.parametrize(("conditions", "cause"), [(FULL, ErrorType.DISCO_LLENO), (DOWN, ErrorType.SERVIDOR_CAIDO)])
def test_a_cause_holds_the_symptoms_back_without_burning_attempts(conditions: Conditions, cause: ErrorType) -> None:
    decision = begun(ErrorType.TIMEOUT, conditions=conditions)
    assert decision.order is None
    assert (decision.incident.waiting_for, decision.incident.attempt) == (cause, 0)
    freed = policy.cause_gone(decision.incident, 2, Evidence("space", "9 GB"), DecisionContext(NOW))
    assert required(freed).kind is TaskKind.RETRY_DOWNLOAD
    assert required(freed).due_at == NOW + 1.0 + 2 * policy.RESUME_SPACING


@pytest.mark.parametrize(
    ("blocked", "cause"),
    [
        (Outcome.BLOCKED_BY_SPACE, ErrorType.DISCO_LLENO),
        (Outcome.BLOCKED_BY_SERVER, ErrorType.SERVIDOR_CAIDO),
    ],
)
def test_an_attempt_that_a_cause_cut_short_is_given_back(blocked: Outcome, cause: ErrorType) -> None:
    decision = outcome(begun(ErrorType.TIMEOUT), blocked, Verdict(False))
    assert (decision.incident.waiting_for, decision.incident.attempt, decision.order) == (cause, 0, None)


def test_disk_full_waits_for_space_and_then_downloads_again() -> None:
    decision = begun(ErrorType.DISCO_LLENO)
    assert (decision.order, decision.incident.waiting_for) == (None, ErrorType.DISCO_LLENO)
    freed = policy.cause_gone(decision.incident, 0, Evidence("space", "9 GB"), DecisionContext(NOW))
    assert required(freed).kind is TaskKind.RETRY_DOWNLOAD
    assert outcome(freed, Outcome.DONE, PROOF).incident.estado is Estado.SOLUCIONADO


def test_disk_full_without_download_data_is_solved_by_the_space_alone() -> None:
    decision = begun(ErrorType.DISCO_LLENO, Download())
    freed = policy.cause_gone(decision.incident, 0, Evidence("space", "9 GB"), DecisionContext(NOW))
    assert freed.incident.estado is Estado.SOLUCIONADO
    assert freed.incident.evidence == (Evidence("space", "9 GB"),)


def test_the_server_is_probed_three_times_ten_seconds_apart_and_stays_pending() -> None:
    decision = begun(ErrorType.SERVIDOR_CAIDO, Download())
    gaps = []
    for attempt in (1, 2, 3):
        order = required(decision)
        assert (order.kind, order.attempt) == (TaskKind.WAIT_FOR_SERVER, attempt)
        gaps.append(order.due_at - NOW)
        decision = outcome(decision, Outcome.DONE, NO_PROOF)
    assert gaps == [0.0, 10.0, 10.0]
    assert (decision.incident.estado, decision.order) == (Estado.PENDIENTE, None)
    assert decision.incident.waiting_for is ErrorType.SERVIDOR_CAIDO


def test_a_server_that_answers_solves_the_outage_and_lets_its_download_go_on() -> None:
    answers = Verdict(True, (Evidence("server", "HTTP 404"),))
    alone = outcome(begun(ErrorType.SERVIDOR_CAIDO, Download()), Outcome.DONE, answers)
    assert alone.incident.estado is Estado.SOLUCIONADO
    lost = outcome(begun(ErrorType.SERVIDOR_CAIDO), Outcome.DONE, answers)
    assert required(lost).kind is TaskKind.RETRY_DOWNLOAD


@pytest.mark.parametrize("known", [Download(source="/x"), Download(video="a.mp4"), KNOWN])
def test_what_the_bot_repaired_is_looked_at_before_it_is_solved(known: Download) -> None:
    said = policy.repaired_by_bot(incident(ErrorType.PERMISOS, known), "copiado después de fix", DecisionContext(NOW))
    assert (required(said).kind, required(said).download, said.incident.open) == (TaskKind.CONFIRM, known, True)
    assert outcome(said, Outcome.DONE, PROOF).incident.estado is Estado.SOLUCIONADO


@pytest.mark.parametrize("told", [Download(), Download(source="/x"), Download(modelo="victor"), Download(file_id="B")])
def test_what_nobody_can_look_at_is_never_solved_by_the_bots_word(told: Download) -> None:
    """A source or a video that no second record names may be another one's."""
    broken = replace(incident(ErrorType.PERMISOS, told), actionable=Download(file_id=told.file_id))
    said = policy.repaired_by_bot(broken, "copiado después de fix", DecisionContext(NOW))
    assert (said.order, said.incident.estado, said.incident.reason) == (None, Estado.PENDIENTE, "not_looked_at")
    assert said.incident.evidence == (Evidence("bot_line", "copiado después de fix"),)
    assert not said.incident.recovered_by_bot


def test_a_look_that_finds_something_else_lets_our_own_repair_go_on() -> None:
    named = policy.repaired_by_bot(incident(ErrorType.PERMISOS), "copiado después de fix", DecisionContext(NOW))
    assert required(named).kind is TaskKind.CONFIRM
    assert outcome(named, Outcome.DONE, PROOF).incident.estado is Estado.SOLUCIONADO
    assert required(outcome(named, Outcome.FAILED, NO_PROOF)).kind is TaskKind.FIX_OWNER


UNKNOWN_SITE = Conditions(refusal="missing.project")


@pytest.mark.parametrize("download", [KNOWN, Download(source="/x"), Download()])
def test_nothing_is_believed_while_the_installation_is_not_known(download: Download) -> None:
    said = policy.repaired_by_bot(
        incident(ErrorType.PERMISOS, download), "copiado", DecisionContext(NOW, UNKNOWN_SITE)
    )
    assert (said.order, said.incident.estado, said.incident.reason) == (None, Estado.PENDIENTE, "missing.project")
    assert said.incident.recovered_by_bot
    known = policy.go_on(said.incident, DecisionContext(NOW + 60))
    if download != Download():
        assert required(known).kind is TaskKind.CONFIRM
    else:
        assert (known.order, known.incident.reason) == (None, "not_looked_at")
        assert known.incident.evidence == (Evidence("bot_line", "copiado"),)


@pytest.mark.parametrize(
    ("conditions", "result", "reason"),
    [
        (UNKNOWN_SITE, TaskResult("", Outcome.REFUSED, "no_site"), "missing.project"),
        (UNKNOWN_SITE, TaskResult("", Outcome.DONE), "missing.project"),
        (FREE, TaskResult("", Outcome.REFUSED, "no_site"), "no_site"),
    ],
)
@pytest.mark.parametrize("by_bot", [True, False])
def test_a_confirmation_that_nobody_could_look_at_solves_nothing(
    by_bot: bool, conditions: Conditions, result: TaskResult, reason: str
) -> None:
    asked = policy.repaired_by_bot(incident(ErrorType.TIMEOUT), "copiado", DecisionContext(NOW))
    doubtful = replace(asked.incident, recovered_by_bot=by_bot)
    seen = Verdict(False, reason="no_site")
    ended = policy.after(doubtful, required(asked), result, seen, DecisionContext(NOW, conditions))
    assert (ended.order, ended.incident.estado, ended.incident.reason) == (None, Estado.PENDIENTE, reason)


@pytest.mark.parametrize("error_type", [ErrorType.TIMEOUT, ErrorType.RUTA_INEXISTENTE, ErrorType.PERMISOS])
def test_an_order_that_met_an_unknown_installation_waits_for_it(error_type: ErrorType) -> None:
    decision = begun(error_type)
    lost = TaskResult("", Outcome.REFUSED, "no_site")
    ended = policy.after(
        decision.incident, required(decision), lost, Verdict(False, reason="no_site"), DecisionContext(NOW)
    )
    assert (ended.order, ended.incident.estado, ended.incident.reason) == (None, Estado.PENDIENTE, "no_site")
    assert required(policy.go_on(ended.incident, DecisionContext(NOW + 60))).kind in policy.plan(ended.incident)


def test_a_video_in_doubt_is_for_a_person_even_when_its_copy_is_whole() -> None:
    decision = begun(ErrorType.TIMEOUT)
    doubt = TaskResult("", Outcome.REFUSED, "delivered_elsewhere", path="/m/_rescatados/a.mp4", rescued=True)
    ended = policy.after(decision.incident, required(decision), doubt, PROOF, DecisionContext(NOW))
    assert (ended.incident.estado, ended.incident.reason) == (Estado.FALLIDO, "delivered_elsewhere")
    assert ended.incident.evidence == PROOF.evidence


class TestWhatIsLearntWhileAnOrderRuns:
    BETTER = replace(KNOWN, destination="modelos/victor/a.mp4")

    def test_a_first_step_that_was_taken_without_it_is_planned_anew(self) -> None:
        decision = begun(ErrorType.RUTA_INEXISTENTE, Download(modelo="victor"))
        better = replace(decision.incident, download=self.BETTER, actionable=self.BETTER)
        done = TaskResult("", Outcome.DONE, "folder_created")
        again = policy.after(better, required(decision), done, Verdict(True), DecisionContext(NOW))
        order = required(again)
        assert (order.kind, order.download) == (TaskKind.CREATE_FOLDER, self.BETTER)
        assert order.id != required(decision).id

    def test_another_type_has_another_plan(self) -> None:
        decision = begun(ErrorType.RUTA_INEXISTENTE)
        other = replace(decision.incident, error_type=ErrorType.PERMISOS)
        failed = TaskResult("", Outcome.REFUSED, "no_safe_folder")
        again = policy.after(other, required(decision), failed, Verdict(False), DecisionContext(NOW))
        assert required(again).kind is TaskKind.FIX_OWNER

    def test_a_later_step_is_refused_for_what_it_knew_and_tried_with_what_is_known_now(self) -> None:
        decision = begun(ErrorType.TIMEOUT)
        better = replace(decision.incident, download=self.BETTER, actionable=self.BETTER)
        refused = TaskResult("", Outcome.REFUSED, "path_outside")
        again = policy.after(better, required(decision), refused, Verdict(False), DecisionContext(NOW))
        assert (required(again).attempt, required(again).download) == (2, self.BETTER)

    def test_what_the_bot_says_meanwhile_is_looked_at_before_anything_is_repeated(self) -> None:
        decision = begun(ErrorType.TIMEOUT)
        said = policy.said_by_bot(decision.incident, "copiado", NOW)
        again = policy.after(
            said, required(decision), TaskResult("", Outcome.FAILED, "timeout"), NO_PROOF, DecisionContext(NOW)
        )
        assert required(again).kind is TaskKind.CONFIRM
        unnamed = replace(said, download=Download(source="/x"), actionable=Download(source="/x"))
        order = replace(required(decision), download=unnamed.actionable)
        ended = policy.after(
            unnamed, order, TaskResult("", Outcome.FAILED, "timeout"), Verdict(False), DecisionContext(NOW)
        )
        assert required(ended).kind is TaskKind.CONFIRM
        assert ended.incident.evidence == (Evidence("bot_line", "copiado"),)


def test_a_video_that_the_bot_may_not_read_is_handed_over_and_looked_at_again() -> None:
    decision = begun(ErrorType.TIMEOUT)
    shut = Verdict(False, (Evidence("owner", "root 0600", False),), "unreadable_by_bot")
    handed = policy.after(
        decision.incident, required(decision), TaskResult("", Outcome.DONE, "copied"), shut, DecisionContext(NOW)
    )
    assert required(handed).kind is TaskKind.FIX_OWNER
    assert required(outcome(handed, Outcome.DONE, Verdict(True))).kind is TaskKind.RETRY_DOWNLOAD


@pytest.mark.parametrize("known", [KNOWN, Download()])
def test_a_line_that_says_the_server_answers_is_only_a_reason_to_ask_it(known: Download) -> None:
    """A stranger's file name can hold those words, and the server can be gone again."""
    down = begun(ErrorType.SERVIDOR_CAIDO, known)
    asked = policy.server_answered(down.incident, NOW)
    assert (required(asked).kind, required(asked).due_at) == (TaskKind.WAIT_FOR_SERVER, NOW)
    still_down = outcome(asked, Outcome.DONE, Verdict(False, (Evidence("server", "refused", False),)))
    assert still_down.incident.open and still_down.incident.waiting_for is ErrorType.SERVIDOR_CAIDO
    up = outcome(asked, Outcome.DONE, Verdict(True, (Evidence("server", "up"),)))
    assert up.incident.evidence == (Evidence("server", "up"),)
    assert up.incident.open == known.known


def test_a_polling_bot_that_has_recovered_is_believed_when_the_server_answers() -> None:
    asked = policy.repaired_by_bot(incident(ErrorType.SERVIDOR_CAIDO, Download()), "200 OK", DecisionContext(NOW))
    up = outcome(asked, Outcome.DONE, Verdict(True, (Evidence("server", "up"),)))
    assert (up.incident.estado, up.incident.accion) == (Estado.SOLUCIONADO, "by_bot")
    lie = outcome(asked, Outcome.DONE, Verdict(False, (Evidence("server", "refused", False),)))
    assert lie.incident.open and not lie.incident.recovered_by_bot


def test_a_copy_that_is_not_permitted_is_followed_by_chown_at_every_attempt() -> None:
    """The file that an attempt finds unreadable is not the one that was handed over before: the
    server has fetched it anew, or it was not there yet."""
    decision = begun(ErrorType.TIMEOUT)
    for attempt in (1, 2):
        assert required(decision).attempt == attempt
        handed_over = outcome(decision, Outcome.BLOCKED_BY_OWNER, Verdict(False))
        assert required(handed_over).kind is TaskKind.FIX_OWNER
        decision = outcome(handed_over, Outcome.DONE, Verdict(False))
        assert required(decision).kind is TaskKind.RETRY_DOWNLOAD
    last = outcome(decision, Outcome.BLOCKED_BY_OWNER, Verdict(False))
    assert (last.incident.estado, last.order) == (Estado.FALLIDO, None)


def test_without_a_project_corrections_are_refused_with_that_reason() -> None:
    decision = begun(ErrorType.PERMISOS, conditions=Conditions(refusal="missing.project"))
    assert (decision.order, decision.incident.reason) == (None, "missing.project")
    assert decision.incident.estado is Estado.PENDIENTE


def test_the_bots_own_announced_repair_goes_first() -> None:
    own = replace(incident(ErrorType.PERMISOS), bot_fix=True)
    decision = policy.begin(own, DecisionContext(NOW))
    assert required(decision).due_at == NOW + policy.BOT_REPAIR_SECONDS


def test_order_ids_are_never_used_twice_by_one_incident() -> None:
    decision = begun(ErrorType.TIMEOUT)
    seen = {required(decision).id}
    for _ in range(2):
        decision = outcome(decision, Outcome.FAILED, NO_PROOF)
        assert required(decision).id not in seen
        seen.add(required(decision).id)


class TestABusyServer:
    """HTTP 429: asked again when it said, and no attempt is burnt."""

    def busy(self, decision: Decision, seconds: float, now: float = NOW) -> Decision:
        order = required(decision)
        result = TaskResult(order.id, Outcome.FAILED, "server_busy", retry_after=seconds)
        return policy.after(decision.incident, order, result, Verdict(False), DecisionContext(now))

    def test_the_same_attempt_when_it_said(self) -> None:
        decision = self.busy(begun(ErrorType.TIMEOUT), 17.0)
        order = required(decision)
        assert (order.kind, order.attempt, order.due_at) == (TaskKind.RETRY_DOWNLOAD, 1, NOW + 17)
        assert (decision.incident.attempt, decision.incident.estado) == (1, Estado.PENDIENTE)
        assert (decision.incident.accion, decision.incident.reason) == ("wait_turn", "server_busy")

    def test_however_often_it_says_so_no_attempt_is_burnt_and_the_hours_budget_lasts(self) -> None:
        decision, now = begun(ErrorType.TIMEOUT), NOW
        asked = [now]
        while now < NOW + 3 * 3600:
            decision = self.busy(decision, 1.0, now)
            now = required(decision).due_at
            asked.append(now)
        assert decision.incident.attempt == 1
        assert all(sum(0 <= at - one < 3600 for at in asked) <= 12 for one in asked)  # Budget, per download
        tried = [required(decision).attempt]
        for _ in range(2):
            decision = outcome(decision, Outcome.FAILED, NO_PROOF)
            tried.append(required(decision).attempt)
        assert tried == [1, 2, 3]
        assert required(decision).busy == 0

    def test_nobody_is_believed_who_asks_for_days(self) -> None:
        assert required(self.busy(begun(ErrorType.TIMEOUT), 1e9)).due_at == NOW + 3600


class TestWhereRetriesNeverWork:
    def test_the_first_try_is_made_and_no_other(self) -> None:
        failed = TaskStat(ErrorType.TIMEOUT, TaskKind.RETRY_DOWNLOAD, NOW, False, "why")
        ledger = CircuitBreaker()
        for _ in range(TRIES):
            ledger = ledger.with_attempt(failed)
        here = DecisionContext(NOW, ledger=ledger)
        decision = policy.begin(incident(ErrorType.TIMEOUT), here)
        order = required(decision)
        assert (order.kind, order.attempt) == (TaskKind.RETRY_DOWNLOAD, 1)
        result = TaskResult(order.id, Outcome.FAILED, "why")
        ended = policy.after(decision.incident, order, result, NO_PROOF, here)
        assert (ended.order, ended.incident.estado) == (None, Estado.FALLIDO)
        assert (ended.incident.accion, ended.incident.reason) == ("given_up_early", "why")
        other = policy.after(decision.incident, order, replace(result, reason="else"), NO_PROOF, here)
        assert required(other).attempt == 2


@pytest.mark.parametrize("error_type", [ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO])
def test_a_cause_that_is_gone_still_waits_for_the_other_one(error_type: ErrorType) -> None:
    waiting = replace(incident(error_type), waiting_for=error_type)
    other = {ErrorType.DISCO_LLENO: DOWN, ErrorType.SERVIDOR_CAIDO: FULL}[error_type]
    freed = policy.cause_gone(waiting, 0, Evidence("space", "9 GB"), DecisionContext(NOW, other))
    assert freed.order is None
    assert freed.incident.waiting_for not in (None, error_type)


class TestAnOriginalInQuarantine:
    ASIDE = Evidence("quarantine", "/m/_cuarentena/a.mp4 · 9 B · SHA-256 00")

    def failed(self, limits: Limits) -> Incident:
        here = DecisionContext(NOW, limits=limits)
        decision = policy.begin(incident(ErrorType.CORRUPTO), here)
        result = TaskResult("", Outcome.DONE, "quarantined", quarantined="/m/_cuarentena/a.mp4")
        decision = policy.after(decision.incident, required(decision), result, Verdict(False, (self.ASIDE,)), here)
        for _ in range(3):
            failure = TaskResult("", Outcome.FAILED, "source_missing")
            decision = policy.after(decision.incident, required(decision), failure, NO_PROOF, here)
        assert decision.order is None
        return decision.incident

    def test_the_failure_tells_where_it_is_and_that_it_stays(self) -> None:
        ended = self.failed(Limits())
        assert ended.quarantined == "/m/_cuarentena/a.mp4"
        assert self.ASIDE in ended.evidence
        assert ended.evidence[-1] == Evidence("kept_unsolved", "/m/_cuarentena/a.mp4")

    def test_or_until_when(self) -> None:
        kept = self.failed(Limits(keep_unsolved=86400.0)).evidence[-1]
        assert kept.what == "kept_until"
        day = datetime.fromtimestamp(NOW + 86400).astimezone().strftime("%Y-%m-%d %H:%M")
        assert kept.value == f"/m/_cuarentena/a.mp4 · {day}"

    def test_the_record_of_the_failure_says_so(self) -> None:
        told = events.incident_event(self.failed(Limits()), NOW, "es").text
        assert "/m/_cuarentena/a.mp4" in told and "no se borra" in told

    def test_a_folder_that_was_seen_stays_evidence_of_the_download_after_it(self) -> None:
        decision = begun(ErrorType.RUTA_INEXISTENTE)
        folder = Verdict(True, (Evidence("folder", "/m/victor"), Evidence("owner", "bot 0755")))
        decision = outcome(decision, Outcome.DONE, folder)
        solved = outcome(decision, Outcome.DONE, PROOF).incident
        assert [each.what for each in solved.evidence] == ["folder", "file", "size"]


FAILED = dict(estado=Estado.FALLIDO, attempt=3, reason="timeout", accion="given_up", closed_at=NOW)


@pytest.mark.parametrize("error_type", [ErrorType.TIMEOUT, ErrorType.RUTA_INEXISTENTE, ErrorType.CORRUPTO])
def test_a_person_gets_all_attempts_anew_and_at_once(error_type: ErrorType) -> None:
    closed = replace(incident(error_type), **FAILED, acknowledged_by="cli:root", acknowledged_at=NOW)  # type: ignore[arg-type]
    decision = policy.asked_again(closed, "cli:ana", DecisionContext(NOW + 60))
    again, order = decision.incident, required(decision)
    assert (again.estado, again.closed_at, again.reason) == (Estado.REINTENTANDO, None, "")
    assert (again.asked, again.asked_by, again.acknowledged_by) == (1, "cli:ana", "")
    assert (order.kind, order.due_at) == (policy.plan(closed)[0], NOW + 60)
    assert again.attempt == (1 if order.kind is TaskKind.RETRY_DOWNLOAD else 0)


def test_what_holds_the_others_back_holds_that_one_too() -> None:
    closed = replace(incident(ErrorType.TIMEOUT), **FAILED)  # type: ignore[arg-type]
    decision = policy.asked_again(closed, "cli:ana", DecisionContext(NOW, FULL))
    assert decision.order is None
    assert (decision.incident.estado, decision.incident.waiting_for) == (Estado.PENDIENTE, ErrorType.DISCO_LLENO)


def test_a_full_disk_that_is_over_is_not_waited_for_again() -> None:
    closed = replace(incident(ErrorType.DISCO_LLENO), **FAILED)  # type: ignore[arg-type]
    assert required(policy.asked_again(closed, "cli:ana", DecisionContext(NOW))).kind is TaskKind.RETRY_DOWNLOAD
