"""Downloads that the bot's own process reports: exact places, one incident each, and text is context."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import Cause, ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Incident
from trafico_monitor.model.journal_entry import JournalEntry

from . import episodes as e
from .test_lines import rules  # noqa: F401

SERVER = "/var/lib/telegram-bot-api/<TOKEN>/videos"
SIZE = 5_665_533
TIMED_OUT = ("telegram.error.TimedOut", "TimedOut: Timed out", "")
DENIED = ("PermissionError", "PermissionError: [Errno 13] Permission denied", "13")
REFUSED = ("telegram.error.NetworkError", "NetworkError: httpx.ConnectError", "111")
ODD = ("mybot.Strange", "Strange: el dado salió 3", "")


def report(event: str, number: int, at: float, pid: int = 100, message: str = "", **more: str) -> JournalEntry:
    """One entry of the instrumentation about the download `number`; an empty value leaves a field out."""
    video = f"20260101_101010_{number:06x}.mp4"
    fields = {
        "TRAFICO_EVENTO": event,
        "TRAFICO_CONTRATO": "1",
        "TRAFICO_DESCARGA": f"{number:016x}",
        "TRAFICO_MODELO": "luna",
        "TRAFICO_VIDEO": video,
        "TRAFICO_DESTINO": f"{e.MODELS}/luna/{video}",
        "TRAFICO_ORIGEN": f"{SERVER}/file_{number}.mp4",
        "TRAFICO_FILE_ID": f"BAAC{number}",
        "TRAFICO_FILE_UNIQUE_ID": f"AgAD{number}",
        "TRAFICO_FILE_SIZE": str(SIZE),
        **more,
    }
    known = {name: value for name, value in fields.items() if value}
    return JournalEntry(message or f"{event} {video}", pid, at, f"r:{number}:{event}:{at}", fields=known)


def error(number: int, at: float, raised: tuple[str, str, str] = TIMED_OUT, **more: str) -> JournalEntry:
    name, text, errno = raised
    said = {"TRAFICO_EXCEPCION": name, "TRAFICO_TEXTO": text, "TRAFICO_ERRNO": errno}
    return report("error", number, at, message=f"❌ Error al descargar: {text}", **said, **more)


def text(lines: Sequence[str], at: float, pid: int = 100) -> list[JournalEntry]:
    return [JournalEntry(line, pid, at + n * 1e-4, f"t:{at}:{n}") for n, line in enumerate(lines)]


def place(number: int) -> str:
    return f"{e.MODELS}/luna/20260101_101010_{number:06x}.mp4"


def feed(detector: Detector, entries: Iterable[JournalEntry]) -> list[Finding]:
    return [finding for entry in entries for finding in detector.feed(entry)]


def tracked(found: Iterable[Finding]) -> list[Incident]:
    tracker = Tracker()
    for finding in found:
        tracker.observe(finding)
    return list(tracker.open_incidents())


def kinds(found: Iterable[Finding]) -> list[FindingKind]:
    return [finding.kind for finding in found]


@pytest.fixture
def detector(rules: RuleSet) -> Detector:  # noqa: F811
    return Detector(rules)


def test_from_beginning_to_end(detector: Detector) -> None:
    story = [report("inicio", 1, 1.0), report("copiando", 1, 2.0), report("fin", 1, 3.0, TRAFICO_BYTES=str(SIZE))]
    began, ended = feed(detector, story)
    assert (began.kind, ended.kind) == (FindingKind.STARTED, FindingKind.FINISHED)
    assert ended.exact and ended.download == Download(
        "luna", "20260101_101010_000001.mp4", "BAAC1", SIZE, f"{SERVER}/file_1.mp4", place(1), "AgAD1"
    )
    assert not detector.attempts


@pytest.mark.parametrize(
    ("raised", "kind", "cause"),
    [
        (TIMED_OUT, ErrorType.TIMEOUT, Cause.NONE),
        (DENIED, ErrorType.PERMISOS, Cause.NONE),
        (REFUSED, ErrorType.SERVIDOR_CAIDO, Cause.NONE),
        (ODD, ErrorType.OTRO, Cause.UNKNOWN),
    ],
)
def test_an_exception_is_a_failure_that_may_be_acted_on(
    detector: Detector, raised: tuple[str, str, str], kind: ErrorType, cause: Cause
) -> None:
    _, failed = feed(detector, [report("inicio", 1, 1.0), error(1, 2.0, raised)])
    assert (failed.kind, failed.error_type, failed.cause, failed.exact) == (FindingKind.FAILED, kind, cause, True)
    assert failed.actionable == failed.download and failed.actionable.destination == place(1)
    assert failed.exception == raised[0]


def test_it_is_known_though_its_beginning_is_not(detector: Detector) -> None:
    [failed] = feed(detector, [error(1, 2.0)])
    assert failed.actionable.destination == place(1) and failed.actionable.file_id == "BAAC1"


@pytest.mark.parametrize("gap", [0.0005, 0.3, 5.0])
@pytest.mark.parametrize("raised", [TIMED_OUT, DENIED, ODD])
@pytest.mark.parametrize("said", ["one line", "traceback", "nothing known"])
def test_text_about_a_reported_failure_is_context(
    detector: Detector, gap: float, raised: tuple[str, str, str], said: str
) -> None:
    lines = {
        "one line": [f"ERROR:__main__:❌ Error descargando video: {raised[1]}"],
        "traceback": e.getting_file("telegram.error.TimedOut: Timed out", "httpx.ReadTimeout"),
        "nothing known": ["ERROR:__main__:❌ Algo raro pasó con el archivo"],
    }[said]
    story = [report("inicio", 1, 1.0), error(1, 2.0, raised), *text([*lines, e.POLL], 2.0 + gap)]
    found = [*feed(detector, story), *detector.settle(float("inf"))]
    assert set(kinds(found)) <= {FindingKind.STARTED, FindingKind.FAILED, FindingKind.CONTEXT}
    [incident] = tracked(found)
    assert incident.count == 1 and incident.actionable.destination == place(1)
    if said == "traceback" or (said == "one line" and raised is not ODD):
        assert lines[-1][:40] in "\n".join(incident.lines)


def test_text_that_journald_puts_first_is_the_same_failure(detector: Detector) -> None:
    lines = ["ERROR:__main__:❌ Error descargando video: Timed out"]
    story = [report("inicio", 1, 1.0), report("inicio", 2, 1.1), *text(lines, 2.0), error(1, 2.001), error(2, 2.5)]
    incidents = tracked(feed(detector, story))
    assert [one.actionable.destination for one in incidents] == [place(1), place(2)]


def test_text_begins_ends_and_repairs_nothing(detector: Detector) -> None:
    lines = [
        "INFO:__main__:📥 Video recibido de sol",
        "INFO:__main__:✅ Video recibido: 20260101_101010_ffffff.mp4",
        "INFO:__main__:⏬ Descargando: 5 MB",
        "INFO:__main__:✅ Archivo copiado exitosamente: 5665533 bytes",
    ]
    story = [report("inicio", 1, 1.0), report("inicio", 2, 1.5), *text(lines, 2.0), error(1, 3.0), *text(lines, 4.0)]
    found = feed(detector, story)
    assert kinds(found) == [FindingKind.STARTED, FindingKind.STARTED, FindingKind.FAILED]
    [incident] = tracked(found)
    assert not incident.recovered_by_bot
    assert [one.download.destination for one in detector.attempts] == [place(2)]


def test_a_strangers_words_are_told_and_nothing_may_be_done_about_them(detector: Detector) -> None:
    lines = [f"ERROR:__main__:❌ Error descargando {place(1)}: [Errno 13] Permission denied: '{place(1)}'"]
    found = feed(detector, [report("inicio", 1, 1.0), *text(lines, 2.0)])
    [failed] = [one for one in found if one.kind is FindingKind.FAILED]
    assert failed.actionable == Download()
    [ended] = feed(detector, [report("fin", 1, 3.0)])
    assert ended.origin == failed.origin  # what was told is over


def test_let_go_after_text_told_of_a_failure(detector: Detector) -> None:
    """The bot sees that the file is not there, says so and goes back to its loop: no exception."""
    lines = ["ERROR:__main__:❌ Archivo corrupto"]
    found = feed(detector, [report("inicio", 1, 1.0), *text(lines, 2.0), report("soltado", 1, 2.1)])
    [incident] = tracked(found)
    assert incident.error_type is ErrorType.CORRUPTO and incident.actionable.destination == place(1)


@pytest.mark.parametrize("place_known", [True, False])
def test_let_go_without_a_word(detector: Detector, place_known: bool) -> None:
    """With a destination the video was to be kept: where it does not come, it is missed."""
    left_out = {} if place_known else {"TRAFICO_DESTINO": "", "TRAFICO_VIDEO": ""}
    begun, gone = (report(event, 1, at, **left_out) for event, at in (("inicio", 1.0), ("soltado", 2.0)))
    feed(detector, [begun, gone])
    late = detector.overdue(70.0)
    assert [one.error_type for one in late] == [ErrorType.OTRO] * place_known


@pytest.mark.parametrize("first", ["said", "let go"])
def test_a_copy_by_a_program_that_is_not_seen_ends_with_the_bots_word(detector: Detector, first: str) -> None:
    said = text(["INFO:__main__:✅ Archivo copiado exitosamente: 5665533 bytes"], 2.0)
    gone = [report("soltado", 1, 2.0)]
    found = feed(detector, [report("inicio", 1, 1.0), *(said + gone if first == "said" else gone + said)])
    assert kinds(found) == [FindingKind.STARTED, FindingKind.FINISHED] and not detector.overdue(1e9)


def test_fewer_bytes_than_announced_are_corrupt_at_once(detector: Detector) -> None:
    found = feed(detector, [report("inicio", 1, 1.0), report("copiado", 1, 2.0, TRAFICO_BYTES="900000")])
    failed = found[-1]
    assert (failed.error_type, failed.rule, failed.exact) == (ErrorType.CORRUPTO, "copied_short", True)
    whole = report("copiado", 2, 3.0, TRAFICO_BYTES=str(SIZE))
    assert kinds(feed(detector, [report("inicio", 2, 2.5), whole])) == [FindingKind.STARTED]


@pytest.mark.parametrize(("event", "after"), [("progreso", 60.0), ("copiando", 60.3), ("inicio", 191.4)])
def test_what_stands_still_is_late(detector: Detector, event: str, after: float) -> None:
    feed(detector, [report("inicio", 1, 1.0), report(event, 1, 10.0, TRAFICO_BYTES="5")])
    assert not detector.overdue(10.0 + after - 1)
    [late] = detector.overdue(10.0 + after + 1)
    assert late.error_type is ErrorType.TIMEOUT and late.exact and late.actionable.destination == place(1)
    [failed] = feed(detector, [error(1, 10.0 + after + 2)])
    assert failed.origin == late.origin


def test_a_copy_whose_bytes_are_seen_to_come_is_not_late_however_slow(detector: Detector) -> None:
    feed(detector, [report("inicio", 1, 1.0), report("copiando", 1, 10.0)])
    assert detector.copying == {f"{1:016x}": place(1)}
    for seconds in range(20, 600, 10):
        detector.arrived({f"{1:016x}": seconds}, float(seconds))
        assert not detector.overdue(seconds + 1.0)
    detector.arrived({f"{1:016x}": 590}, 640.0)  # no more of them
    [late] = detector.overdue(651.0)
    assert late.error_type is ErrorType.TIMEOUT
    assert not detector.copying


def test_another_attempt_of_the_bots_own_is_the_same_download(detector: Detector) -> None:
    story = [report("inicio", 1, 1.0), error(1, 2.0, DENIED), report("copiando", 1, 7.0), error(1, 7.1, TIMED_OUT)]
    found = feed(detector, story)
    [incident] = tracked(found)
    assert incident.error_type is ErrorType.TIMEOUT
    [ended] = feed(detector, [report("fin", 1, 9.0)])
    assert ended.origin == found[1].origin and ended.repaired


def test_the_latest_place_holds(detector: Detector) -> None:
    moved = {"TRAFICO_MODELO": "sol", "TRAFICO_DESTINO": f"{e.MODELS}/sol/b.mp4", "TRAFICO_VIDEO": "b.mp4"}
    story = [report("inicio", 1, 1.0), report("copiando", 1, 2.0, **moved), error(1, 3.0, **moved)]
    failed = feed(detector, story)[-1]
    assert (failed.actionable.modelo, failed.actionable.destination) == ("sol", f"{e.MODELS}/sol/b.mp4")


def test_a_copy_in_another_process_is_tied_by_the_servers_file(detector: Detector) -> None:
    elsewhere = {"TRAFICO_DESCARGA": "f" * 16, "TRAFICO_FILE_ID": "", "TRAFICO_FILE_SIZE": ""}
    story = [
        report("inicio", 1, 1.0),
        report("inicio", 2, 1.0),
        report("copiando", 1, 2.0, pid=200, **elsewhere),
        report("fin", 1, 3.0, pid=200, **elsewhere),
        report("soltado", 1, 4.0),
    ]
    found = feed(detector, story)
    assert kinds(found) == [FindingKind.STARTED, FindingKind.STARTED, FindingKind.FINISHED]
    assert [one.report for one in detector.attempts] == [f"{2:016x}"]


@pytest.mark.parametrize(
    "fields",
    [
        {"TRAFICO_VIDEO": "20260101_1010"},  # cut
        {"TRAFICO_DESTINO": f"{e.MODELS}/luna/"},
        {"TRAFICO_DESTINO": f"{e.MODELS}/sol/20260101_101010_000001.mp4"},
        {"TRAFICO_DESTINO": "20260101_101010_000001.mp4"},
        {"TRAFICO_DESTINO": f"{e.MODELS}/luna/\ufffd.mp4", "TRAFICO_VIDEO": "\ufffd.mp4"},
    ],
)
def test_a_place_that_is_not_of_one_piece_is_none(detector: Detector, fields: dict[str, str]) -> None:
    [failed] = feed(detector, [error(1, 1.0, **fields)])
    assert (failed.actionable.destination, failed.actionable.video) == (None, None)
    assert failed.actionable.file_id == "BAAC1"


@pytest.mark.parametrize("modelo", ["_rescatados", ".x", "a/b", "\ufffd", "m" * 128])
def test_a_modelo_that_is_none_is_not_taken(detector: Detector, modelo: str) -> None:
    [failed] = feed(detector, [error(1, 1.0, TRAFICO_MODELO=modelo, TRAFICO_DESTINO="")])
    assert failed.actionable.modelo is None


def test_with_a_library_that_is_not_known_text_counts_all_the_same(detector: Detector) -> None:
    library = {"TRAFICO_DESCARGA": "", "TRAFICO_BIBLIOTECA": "pyrogram 99"}
    lines = ["INFO:__main__:📥 Video recibido de sol"]
    assert not feed(detector, [report("activo", 0, 0.5, **library), *text(lines, 0.7)])
    assert kinds(feed(detector, [report("ajeno", 0, 1.0, **library), *text(lines, 2.0)])) == [FindingKind.STARTED]


def test_one_file_sent_to_two_modelos_is_two_incidents_and_sent_again_to_one_ends_it(detector: Detector) -> None:
    file = {"TRAFICO_FILE_ID": "BAAC", "TRAFICO_FILE_UNIQUE_ID": "AgAD", "TRAFICO_ORIGEN": f"{SERVER}/file_1.mp4"}
    name = "20260101_101010_000002.mp4"
    sol = {**file, "TRAFICO_MODELO": "sol", "TRAFICO_DESTINO": f"{e.MODELS}/sol/{name}"}
    story = [
        report("inicio", 1, 1.0, **file),
        report("inicio", 2, 1.0, **sol),
        error(1, 2.0, **file),
        error(2, 2.0, **sol),
    ]
    tracker = Tracker()
    for finding in feed(detector, story):
        tracker.observe(finding)
    assert [one.actionable.modelo for one in tracker.open_incidents()] == ["luna", "sol"]
    for finding in feed(detector, [report("inicio", 3, 30.0, **file), report("fin", 3, 40.0, **file)]):
        tracker.observe(finding)
    assert [one.recovered_by_bot for one in tracker.open_incidents()] == [True, False]


@pytest.mark.slow
@given(st.integers(0, 2**32), st.integers(1, 50), st.sampled_from([TIMED_OUT, DENIED, REFUSED, ODD]))
def test_fifty_at_once_with_their_text_in_any_order_are_told_apart(
    rules: RuleSet,  # noqa: F811
    seed: int,
    most: int,
    raised: tuple[str, str, str],
) -> None:
    """Each fails or ends; each prints what bots print, without a name. The monitor is started anew in between."""
    chance = random.Random(seed)
    stories = []
    for number in range(most):
        fails = chance.random() < 0.5
        at = chance.uniform(0, 3)
        ends = error(number, at + 1, raised) if fails else report("fin", number, at + 1)
        said = (
            f"❌ Error descargando video: {raised[1]}" if fails else "✅ Archivo copiado exitosamente: 5665533 bytes"
        )
        line = JournalEntry(
            f"{'ERROR' if fails else 'INFO'}:__main__:{said}", 100, at + 1 + chance.uniform(-0.005, 0.2), f"t:{number}"
        )
        stories.append((fails, [report("inicio", number, at), ends, line]))
    entries = sorted((entry for _, story in stories for entry in story), key=lambda entry: entry.at)
    detector, tracker = Detector(rules), Tracker()
    for entry in entries:
        if chance.random() < 0.1:
            fresh = Detector(rules)
            fresh.restore(json.loads(json.dumps(detector.snapshot())))
            detector = fresh
        for finding in detector.feed(entry):
            tracker.observe(finding)
    incidents = tracker.open_incidents()
    expected = sorted(place(number) for number, (fails, _) in enumerate(stories) if fails)
    assert sorted(one.actionable.destination or "" for one in incidents) == expected
    assert not any(one.recovered_by_bot for one in incidents) and not detector.attempts
