"""A download whose process has ended: found at once and once, whoever tells of the end, and never invented."""

from __future__ import annotations

import json
import math

import pytest

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.downloads import PROCESS_ENDED
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.incident.tracker import ChangeKind, Tracker
from trafico_monitor.model.finding import Cause, ErrorType, Finding, FindingKind
from trafico_monitor.model.journal_entry import JournalEntry

from . import episodes as e
from .test_lines import rules  # noqa: F401
from .test_reports import TELLS
from .test_stall_timeout import DONE, feed

ENDS = {
    "exit 0": [("Deactivated successfully.", "7ad2d189f7e94e70a38c781354912448")],
    "exit 1": [
        ("Main process exited, code=exited, status=1/FAILURE", "98e322203f7a4ed290d09fe03c09fe15"),
        ("Failed with result 'exit-code'.", "d9b373ed55a64feb8242e02dbe79a49c"),
    ],
    "killed": [
        ("Main process exited, code=killed, status=9/KILL", "98e322203f7a4ed290d09fe03c09fe15"),
        ("Failed with result 'signal'.", "d9b373ed55a64feb8242e02dbe79a49c"),
    ],
}
# With Type=notify, and with Type=simple.
POWER_LOST = (
    ("Starting trafico-main.service - Bot...", "7d4958e842da4a758f6c1cdc7b36dcc5"),
    ("Started trafico-main.service - Bot.", "39f53479d3a045ac8e11786248231fbf"),
)


@pytest.fixture
def detector(rules: RuleSet) -> Detector:  # noqa: F811
    return Detector(rules)


def report(event: str, number: int, at: float, pid: int = 100) -> JournalEntry:
    video = TELLS["TRAFICO_VIDEO"].replace("2026", f"{2026 + number}")
    told = {**TELLS, "TRAFICO_VIDEO": video, "TRAFICO_FILE_ID": f"BAAC{number}", "TRAFICO_EVENTO": event}
    told["TRAFICO_DESTINO"] = f"{e.MODELS}/luna/{video}"
    return JournalEntry(f"⏬ Descargando: {video}", pid, at, f"r:{number}:{event}:{pid}", fields=told)


def ends(how: str, at: float) -> list[JournalEntry]:
    return [
        e.manager(f"trafico-main.service: {text}", at + n / 1000, name) for n, (text, name) in enumerate(ENDS[how])
    ]


def left(found: list[Finding]) -> list[Finding]:
    return [one for one in found if one.code == PROCESS_ENDED]


@pytest.mark.parametrize("how", ENDS)
def test_each_download_under_way_is_a_failure_with_all_that_is_known(detector: Detector, how: str) -> None:
    feed(detector, [report("inicio", number, 1000.0 + number) for number in range(3)])
    assert not left(feed(detector, ends(how, 1010.0))), "its last words may come after PID 1's"
    found = list(detector.overdue(1011.6))
    assert [one.download.file_id for one in found] == ["BAAC0", "BAAC1", "BAAC2"]
    for one in found:
        assert (one.kind, one.error_type, one.cause) == (FindingKind.FAILED, ErrorType.OTRO, Cause.TEMPORARY)
        assert (one.rule, one.exact, one.actionable) == (PROCESS_ENDED, True, one.download)
        assert one.at == pytest.approx(1010.0, abs=0.01)
    assert not detector.overdue(math.inf) and not detector.under_way
    assert detector.snapshot()["processes"] == {}


def test_the_kernel_says_so_of_one_process_and_another_goes_on(detector: Detector) -> None:
    feed(detector, [report("inicio", 0, 1000.0), report("inicio", 1, 1000.0, pid=200)])
    assert detector.processes_under_way == {100, 200}
    detector.process_ended(100, 1003.0)
    assert detector.processes_under_way == {200}
    detector.process_ended(100, 1003.1)
    detector.process_ended(999, 1003.1)
    [found] = detector.overdue(1004.1)
    assert (found.download.file_id, found.pid) == ("BAAC0", 100)
    assert feed(detector, [report("fin", 1, 1004.2, pid=200)])[0].kind is FindingKind.FINISHED


@pytest.mark.parametrize("how", ENDS)
def test_last_words_that_come_after_the_end_close_the_download(detector: Detector, how: str) -> None:
    feed(detector, [*e.entries(e.starting("file_3.mp4")), report("inicio", 1, 1000.0)])
    said = [*ends(how, 1001.0), JournalEntry(DONE, 100, 1001.1, "late"), report("fin", 1, 1001.2)]
    found = feed(detector, said)
    assert [one.kind for one in found].count(FindingKind.FINISHED) == 2
    assert not left(list(detector.overdue(math.inf)))


def test_one_end_that_several_tell_of_is_found_once(detector: Detector) -> None:
    feed(detector, [report("inicio", 0, 1000.0)])
    detector.process_ended(100, 1001.0)
    found = feed(detector, [*ends("exit 1", 1001.2), e.manager(POWER_LOST[0][0], 1003.0, POWER_LOST[0][1])])
    assert len(left(found)) == 1
    assert not detector.overdue(math.inf)


@pytest.mark.parametrize("again", POWER_LOST)
def test_a_machine_that_lost_its_power_wrote_no_end(detector: Detector, again: tuple[str, str]) -> None:
    feed(detector, [report("inicio", 0, 1000.0)])
    found = feed(detector, [e.manager(again[0], 1100.0, again[1]), report("inicio", 1, 1105.0)])
    assert [one.download.file_id for one in left(found)] == ["BAAC0"]
    assert detector.processes_under_way == {100}, "the same number, in another life"


def test_what_has_ended_or_failed_before_is_not_found_again(detector: Detector) -> None:
    feed(detector, [report("inicio", 0, 1000.0), report("fin", 0, 1001.0)])
    feed(detector, [*e.entries(e.starting("file_9.mp4"), start=1002.0)])
    denied = f"ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '{e.SERVER}/file_9.mp4'"
    feed(detector, [JournalEntry(denied, 100, 1003.0, "denied"), *ends("exit 0", 1004.0)])
    assert not left(list(detector.overdue(math.inf)))


def test_what_another_process_takes_up_within_the_moment_is_told_there(detector: Detector) -> None:
    feed(detector, [report("inicio", 0, 1000.0)])
    detector.process_ended(100, 1001.0)
    found = feed(detector, [report("inicio", 0, 1001.3, pid=200), report("fin", 0, 1002.0, pid=200)])
    assert not left(found)
    assert not left(list(detector.overdue(math.inf)))


def test_a_restart_of_the_monitor_between_end_and_finding_loses_and_doubles_nothing(rules: RuleSet) -> None:  # noqa: F811
    first = Detector(rules)
    feed(first, [report("inicio", 0, 1000.0), *ends("exit 0", 1001.0)])
    second = Detector(rules)
    second.restore(json.loads(json.dumps(first.snapshot())))
    assert second.deadline < 1003.0
    assert [one.origin for one in second.overdue(1003.0)] == [one.origin for one in first.overdue(1003.0)]
    third = Detector(rules)
    third.restore(json.loads(json.dumps(second.snapshot())))
    assert not third.overdue(math.inf)


def test_a_single_record_may_be_a_strangers_line_break_and_is_not_acted_on(detector: Detector) -> None:
    feed(detector, [JournalEntry(f"INFO:__main__:📥 Copiando desde: {e.SERVER}/file_5.mp4", 100, 1000.0, "one")])
    feed(detector, ends("exit 0", 1001.0))
    [found] = detector.overdue(1003.0)
    assert found.download.source and not found.actionable.known


def test_all_of_a_process_are_incidents_of_their_own(detector: Detector) -> None:
    """Two that name nothing but their source have the same modelo; neither is the other once more."""
    tracker = Tracker()
    feed(detector, [report("inicio", number, 1000.0 + number) for number in range(50)][:32])
    feed(detector, ends("killed", 1100.0))
    found = detector.overdue(1102.0)
    changes = [change for one in found for change in tracker.observe(one)]
    assert [one.kind for one in changes] == [ChangeKind.OPENED] * 32
    assert len(tracker.open_incidents()) == 32


def test_the_success_of_the_restarted_bot_closes_the_incident(detector: Detector) -> None:
    tracker = Tracker()
    feed(detector, [report("inicio", 0, 1000.0), *ends("exit 0", 1001.0)])
    for one in detector.overdue(1003.0):
        tracker.observe(one)
    again = [report("inicio", 0, 1005.0, pid=300), report("fin", 0, 1006.0, pid=300)]
    changes = [change for one in feed(detector, again) for change in tracker.observe(one)]
    assert ChangeKind.REPAIRED_BY_BOT in [one.kind for one in changes]
    assert [one.recovered_by_bot for one in tracker.open_incidents()] == [True]
