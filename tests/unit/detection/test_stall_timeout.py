"""A download that says nothing any more: found once, by journal time, and never invented."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from trafico_monitor.detection import stall_timeout
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.incident.tracker import ChangeKind, Tracker
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Incident
from trafico_monitor.model.journal_entry import NO_FIELDS, JournalEntry
from trafico_monitor.pipeline.dry_run import simulate

from . import episodes as e
from .test_lines import rules  # noqa: F401
from .test_properties import RULES

DONE = "INFO:__main__:✅ Archivo copiado exitosamente: 5665533 bytes"
LIMIT = stall_timeout.limit(5665533)
START = 1000.0


@pytest.fixture
def detector(rules: RuleSet) -> Detector:  # noqa: F811
    return Detector(rules)


def feed(detector: Detector, entries: list[JournalEntry]) -> list[Finding]:
    """As the pipeline feeds: an entry's time first, then the entry."""
    found: list[Finding] = []
    for entry in entries:
        if entry.at > detector.deadline:
            found += detector.overdue(entry.at)
        found += detector.feed(entry)
    return found


def silent(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.code == stall_timeout.CODE]


def test_a_download_without_an_end_is_one_timeout_with_all_that_is_known(detector: Detector) -> None:
    lines = ["INFO:__main__:📥 Video recibido de luna", *e.starting("file_3.mp4")]
    feed(detector, e.entries(["INFO:__main__:✅ Video recibido: 20260101_101010_abcdef.mp4", *lines[1:]]))
    assert detector.under_way and not detector.overdue(START + LIMIT - 1)
    [found] = detector.overdue(START + LIMIT + 1)
    assert (found.kind, found.error_type, found.rule) == (FindingKind.FAILED, ErrorType.TIMEOUT, stall_timeout.RULE)
    assert found.download.video == "20260101_101010_abcdef.mp4" and found.download.size == 5665533
    assert found.download.source == f"{e.SERVER}/file_3.mp4" and "Copiando desde" in found.message
    assert found.at == pytest.approx(START + LIMIT, abs=1) and found.waited == pytest.approx(LIMIT)
    assert not detector.overdue(math.inf) and not detector.under_way and detector.deadline == math.inf


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        ("INFO:__main__:⏬ Descargando: 250 MB", 180 + 251_000_000 / 500_000),
        ("INFO:__main__:📥 Descargando vía HTTP...", stall_timeout.UNKNOWN_SECONDS),
        ("INFO:__main__:📥 Video recibido de luna", stall_timeout.UNKNOWN_SECONDS),
        ("✅ Video recibido: 20260101_101010_abcdef.mp4", stall_timeout.UNKNOWN_SECONDS),
        ("INFO:__main__:📥 Descargando modelos/luna/20260101_101010_abcdef.mp4", stall_timeout.UNKNOWN_SECONDS),
        (f"INFO:__main__:📥 Copiando desde: {e.SERVER}/file_3.mp4", stall_timeout.UNKNOWN_SECONDS),
    ],
)
def test_every_beginning_counts_and_the_limit_grows_with_the_size(
    detector: Detector, line: str, seconds: float
) -> None:
    feed(detector, e.entries([line]))
    assert detector.deadline == START + seconds
    assert not detector.overdue(START + seconds)
    [found] = detector.overdue(START + seconds + 0.1)
    assert found.download.size is None  # «250 MB» is no announced size


def test_a_structured_beginning_counts(detector: Detector) -> None:
    fields = {"TRAFICO_EVENTO": "inicio", "TRAFICO_FILE_ID": "AgAD", "TRAFICO_FILE_SIZE": str(100_000_000)}
    feed(detector, [JournalEntry("inicio", 100, START, "a", fields=fields)])
    [found] = detector.overdue(START + 381)
    assert found.download.file_id == "AgAD" and found.origin == "a"


def test_an_absurd_size_does_not_mean_never() -> None:
    assert stall_timeout.limit(10**15) == stall_timeout.limit(stall_timeout.MOST_BYTES) < 3 * 3600


@pytest.mark.parametrize(
    "more",
    [
        [DONE],
        ["✅ Descarga exitosa: 250 MB"],
        ["✅ Descarga completa: 20260101_101010_abcdef.mp4"],
        e.copy_failed(f"[Errno 13] Permission denied: '{e.SERVER}/file_3.mp4'"),
        e.getting_file("telegram.error.TimedOut: Timed out", "httpx.ReadTimeout"),
    ],
)
def test_what_ended_or_failed_is_not_silent(detector: Detector, more: list[str]) -> None:
    feed(detector, e.entries([*e.starting("file_3.mp4"), *more]))
    detector.settle(START + 10)
    assert not detector.overdue(math.inf)


def test_the_end_of_the_unit_is_no_silence(detector: Detector) -> None:
    feed(
        detector,
        [
            *e.entries(e.starting("file_3.mp4")),
            e.manager("trafico-main.service: Failed with result 'oom-kill'.", START + 9),
        ],
    )
    assert not silent(list(detector.overdue(math.inf)))


def test_every_further_word_gives_it_its_time_again(detector: Detector) -> None:
    first, size, copying = e.starting("file_3.mp4")
    feed(
        detector,
        [
            JournalEntry(first, 100, START, "a"),
            JournalEntry(size, 100, START + 150, "b"),
            JournalEntry(copying, 100, START + 300, "c"),
        ],
    )
    assert not detector.overdue(START + 300 + LIMIT)
    [found] = detector.overdue(START + 301 + LIMIT)
    assert found.origin == "a"


def test_the_end_of_the_lines_alone_is_no_silence(rules: RuleSet) -> None:  # noqa: F811
    lines = e.entries([e.POLL, *e.starting("file_3.mp4"), e.POLL])
    assert simulate(lines, rules) == ()
    [one] = simulate([*lines, JournalEntry(e.POLL, 100, START + 3600, "z")], rules)
    assert one.incident.error_type is ErrorType.TIMEOUT and one.orders == ("retry_download",)
    [other] = simulate([*lines, JournalEntry("anything of another process", 7, START + 3600, "z")], rules)
    assert other.incident.id == one.incident.id


def test_when_the_bot_finishes_after_all_it_has_repaired_it(rules: RuleSet) -> None:  # noqa: F811
    lines = [*e.entries(e.starting("file_3.mp4")), JournalEntry(DONE, 100, START + 900, "z")]
    [one] = simulate(lines, rules)
    assert one.incident.recovered_by_bot and one.incident.estado.value == "solucionado"


def test_the_error_that_comes_at_last_is_the_same_incident(rules: RuleSet) -> None:  # noqa: F811
    late = e.entries(e.copy_failed(f"[Errno 13] Permission denied: '{e.SERVER}/file_3.mp4'"), start=START + 900)
    named = [JournalEntry(one.message, one.pid, one.at, f"late{n}") for n, one in enumerate(late)]
    [one] = simulate([*e.entries(e.starting("file_3.mp4")), *named], rules)
    assert one.incident.error_type is ErrorType.PERMISOS and one.incident.count == 1


def test_the_traceback_that_comes_at_last_is_the_same_incident(rules: RuleSet) -> None:  # noqa: F811
    story = e.getting_file("telegram.error.TimedOut: Timed out", "httpx.ReadTimeout")
    late = [JournalEntry(line, 100, START + 900 + n / 200, f"late{n}") for n, line in enumerate(story)]
    [one] = simulate([*e.entries(e.starting("file_3.mp4")), *late], rules)
    assert one.incident.error_type is ErrorType.TIMEOUT and one.incident.download.size == 5665533


def test_the_success_of_another_download_repairs_no_silence(rules: RuleSet) -> None:  # noqa: F811
    later = [*e.starting("file_4.mp4", 777), "INFO:__main__:✅ Archivo copiado exitosamente: 777 bytes"]
    more = ["✅ Descarga completa: 20260101_101010_abcdef.mp4"]
    entries = [JournalEntry(line, 100, START + 900 + n, f"l{n}") for n, line in enumerate([*later, *more])]
    [one] = simulate([*e.entries(e.starting("file_3.mp4")), *entries], rules)
    assert not one.incident.recovered_by_bot and one.incident.download.source == f"{e.SERVER}/file_3.mp4"


def test_its_own_success_is_known_by_its_size_among_others(rules: RuleSet) -> None:  # noqa: F811
    lines = [*e.starting("file_4.mp4", 777), DONE]
    entries = [JournalEntry(line, 100, START + 900 + n, f"l{n}") for n, line in enumerate(lines)]
    [one] = simulate([*e.entries(e.starting("file_3.mp4")), *entries], rules)
    assert one.incident.recovered_by_bot and one.incident.download.source == f"{e.SERVER}/file_3.mp4"


def test_as_many_ends_as_beginnings_leave_nobody_silent(detector: Detector) -> None:
    two = [*e.starting("file_3.mp4"), *e.starting("file_4.mp4")]
    feed(detector, e.entries([*two, DONE, DONE]))
    assert not detector.overdue(math.inf) and not detector.under_way


def test_one_end_for_two_is_no_proof_of_silence(detector: Detector) -> None:
    feed(detector, e.entries([*e.starting("file_3.mp4"), *e.starting("file_4.mp4"), DONE]))
    assert not detector.overdue(math.inf)


def test_the_name_of_what_has_just_ended_is_no_beginning(detector: Detector) -> None:
    name = "✅ Video recibido: 20260101_101010_abcdef.mp4"
    feed(detector, e.entries([*e.starting("file_3.mp4"), DONE, name]))
    assert not detector.overdue(math.inf)
    feed(detector, e.entries(["⏬ Descargando: 250 MB"], start=START + 2))  # it is one after all
    assert silent(list(detector.overdue(START + 10_000)))


def test_what_names_nothing_explains_no_failure_and_gives_way(detector: Detector) -> None:
    lines = ["⏬ Descargando: 250 MB", *e.starting("file_3.mp4"), DONE]
    found = feed(detector, e.entries(lines))
    assert [one.kind for one in found] == [FindingKind.STARTED, FindingKind.FINISHED]
    assert not detector.overdue(math.inf)


def test_another_process_that_takes_it_up_tells_what_becomes_of_it(detector: Detector) -> None:
    again = [
        JournalEntry(line, 200, START + 60 + n, f"n{n}") for n, line in enumerate([*e.starting("file_3.mp4"), DONE])
    ]
    feed(detector, [*e.entries(e.starting("file_3.mp4")), *again])
    assert not detector.overdue(math.inf)


@pytest.mark.parametrize("jumped", [7200.0, -7200.0])
def test_a_clock_that_jumps_is_not_silence(detector: Detector, jumped: float) -> None:
    feed(detector, e.entries(e.starting("file_3.mp4")))
    detector.look_at_clock(START + 1)
    detector.look_at_clock(START + 1 + jumped)
    assert not detector.overdue(START + 100 + jumped)
    assert detector.overdue(START + LIMIT + jumped + 2)


def test_after_lost_lines_silence_proves_nothing(detector: Detector) -> None:
    feed(detector, e.entries(e.starting("file_3.mp4")))
    detector.lose_sight()
    assert not detector.overdue(math.inf)


def test_deadlines_survive_a_restart(rules: RuleSet) -> None:  # noqa: F811
    lines = [
        *e.entries(["⏬ Descargando: 250 MB"], pid=99),
        *e.entries(e.starting("file_3.mp4")),
        JournalEntry(e.POLL, 100, START + 3600, "z"),
        JournalEntry(DONE, 100, START + 3601, "y"),
    ]

    def run(restart_at: int) -> list[tuple[str, ChangeKind]]:
        detector, tracker = Detector(rules), Tracker()
        seen: list[tuple[str, ChangeKind]] = []
        for number, entry in enumerate(lines):
            if number == restart_at:
                memory = json.loads(json.dumps([detector.snapshot(), tracker.snapshot()]))
                detector, fresh = Detector(rules), Tracker()
                detector.restore(memory[0])
                fresh.restore(tracker.open_incidents(), memory[1])
                tracker = fresh
            for finding in feed(detector, [entry]):
                seen += [(c.incident.id, c.kind) for c in tracker.observe(finding) if c.incident]
        return seen

    assert len(run(-1)) == 3
    assert all(run(n) == run(-1) for n in range(len(lines)))


def test_uninteresting_lines_cost_nothing_more(detector: Detector) -> None:
    feed(detector, e.entries(e.starting("file_3.mp4")))
    before = detector.changes, detector.deadline
    feed(detector, [JournalEntry(e.POLL, 100, START + 10 + n, f"p{n}", fields=NO_FIELDS) for n in range(5)])
    assert (detector.changes, detector.deadline) == before


BITS = [
    *e.starting("file_3.mp4"),
    *e.starting("file_4.mp4", 777),
    "⏬ Descargando: 250 MB",
    "✅ Video recibido: 20260101_101010_abcdef.mp4",
    "📥 Video recibido de luna",
    DONE,
    "INFO:__main__:✅ Archivo copiado exitosamente: 777 bytes",
    "✅ Descarga completa: 20260101_101010_abcdef.mp4",
    f"ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '{e.SERVER}/file_3.mp4'",
    e.POLL,
]
PAUSES = st.sampled_from([0.005, 1.0, 30.0, 200.0, 2500.0])
moments = st.tuples(st.sampled_from(BITS), st.sampled_from([100, 200]), PAUSES)


@given(st.lists(moments, max_size=25), st.integers(0, 24))
@settings(max_examples=examples(150), deadline=None)
def test_a_restart_at_any_moment_changes_no_silence(told: list[tuple[str, int, float]], cut: int) -> None:
    at, lines = START, []
    for number, (line, pid, later) in enumerate(told):
        at += later
        lines.append(JournalEntry(line, pid, at, f"c{number}"))

    def run(restart_at: int) -> dict[str, Incident]:
        detector, tracker = Detector(RULES), Tracker()
        seen: dict[str, Incident] = {}
        for number, entry in enumerate(lines):
            if number == restart_at:
                memory = json.loads(json.dumps([detector.snapshot(), tracker.snapshot()]))
                detector, fresh = Detector(RULES), Tracker()
                detector.restore(memory[0])
                fresh.restore(tracker.open_incidents(), memory[1])
                tracker = fresh
            for finding in feed(detector, [entry]):
                seen |= {c.incident.id: c.incident for c in tracker.observe(finding) if c.incident}
        return seen

    assert run(cut) == run(-1)
