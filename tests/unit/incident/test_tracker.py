"""One incident per failure."""

from __future__ import annotations

import json
from base64 import b32encode
from dataclasses import replace
from hashlib import blake2b

import pytest

from trafico_monitor.incident.tracker import LATE_SECONDS, OUTAGE_SECONDS, ChangeKind, Tracker, incident_id
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado, Incident

LUNA = Download(modelo="luna", video="a.mp4", source="/srv/file_1.mp4")
SOL = Download(modelo="sol", video="b.mp4", source="/srv/file_2.mp4")


def failed(kind: ErrorType = ErrorType.TIMEOUT, at: float = 100.0, origin: str = "", **fields: object) -> Finding:
    known: dict[str, object] = {"pid": 5, "origin": origin or f"c{at}", "last": f"c{at}", "message": kind.value}
    known["actionable"] = fields.get("download", Download())
    return Finding(FindingKind.FAILED, at, error_type=kind, **{**known, **fields})  # type: ignore[arg-type]


def finding(kind: FindingKind, at: float, **fields: object) -> Finding:
    return Finding(kind, at, **{"pid": 5, "origin": f"c{at}", **fields})  # type: ignore[arg-type]


@pytest.fixture
def tracker() -> Tracker:
    return Tracker()


def kinds(tracker: Tracker, *findings: Finding) -> list[ChangeKind]:
    return [change.kind for one in findings for change in tracker.observe(one)]


def test_the_same_failure_again_is_counted(tracker: Tracker) -> None:
    assert kinds(tracker, failed(at=100, download=LUNA), failed(at=140, download=LUNA)) == [
        ChangeKind.OPENED,
        ChangeKind.REPEATED,
    ]
    [incident] = tracker.open_incidents()
    assert incident.count == 2 and incident.first == "c100" and incident.last == "c140"


def test_the_rest_of_a_failure_refines_it(tracker: Tracker) -> None:
    first = failed(ErrorType.RUTA_INEXISTENTE, origin="o", download=Download(source="/srv/file_1.mp4"))
    assert kinds(tracker, first, failed(ErrorType.RUTA_INEXISTENTE, 101, "o", download=LUNA)) == [
        ChangeKind.OPENED,
        ChangeKind.REFINED,
    ]
    [incident] = tracker.open_incidents()
    assert incident.download == LUNA and incident.count == 1


def test_a_repetition_that_names_where_to_download_from_is_news(tracker: Tracker) -> None:
    """A traceback without names first, then the bot's own report of the same failure."""
    nameless, named = failed(at=100), failed(at=101, download=LUNA)
    assert kinds(tracker, nameless, named) == [ChangeKind.OPENED, ChangeKind.REFINED]
    [incident] = tracker.open_incidents()
    assert incident.download == LUNA
    assert kinds(tracker, failed(at=102, download=LUNA)) == [ChangeKind.REPEATED]


def test_two_downloads_are_two_incidents(tracker: Tracker) -> None:
    assert kinds(tracker, failed(at=100, download=LUNA), failed(at=101, download=SOL)) == [ChangeKind.OPENED] * 2


def test_two_handlers_without_names_are_two_incidents(tracker: Tracker) -> None:
    assert kinds(tracker, failed(at=100, code="handler"), failed(at=101, code="handler")) == [ChangeKind.OPENED] * 2


def test_after_a_new_beginning_it_is_another_failure(tracker: Tracker) -> None:
    begun = finding(FindingKind.STARTED, 101)
    assert kinds(tracker, failed(at=100), begun, failed(at=102)).count(ChangeKind.OPENED) == 2


def test_an_outage_is_one_incident_whoever_sees_it(tracker: Tracker) -> None:
    down = ErrorType.SERVIDOR_CAIDO
    seen = [failed(down, 100.0 + 7 * n, pid=n, code="polling" if n else "handler") for n in range(5)]
    assert kinds(tracker, *seen) == [ChangeKind.OPENED, *[ChangeKind.REPEATED] * 4]
    assert kinds(tracker, failed(down, 128 + OUTAGE_SECONDS + 1)) == [ChangeKind.OPENED]


def test_downloads_lost_in_one_outage_are_all_kept(tracker: Tracker) -> None:
    down = ErrorType.SERVIDOR_CAIDO
    assert kinds(tracker, failed(down, 100, download=LUNA), failed(down, 101, download=SOL)) == [ChangeKind.OPENED] * 2


@pytest.mark.parametrize(("code", "recovered"), [("polling", True), ("handler", False)])
def test_polling_again_repairs_an_outage_but_no_download(tracker: Tracker, code: str, recovered: bool) -> None:
    tracker.observe(failed(ErrorType.SERVIDOR_CAIDO, code=code))
    tracker.observe(finding(FindingKind.RECOVERED, 110, error_type=ErrorType.SERVIDOR_CAIDO))
    assert tracker.open_incidents()[0].recovered_by_bot is recovered


def test_a_success_of_the_same_download_repairs_it(tracker: Tracker) -> None:
    tracker.observe(failed(at=100, origin="o"))
    tracker.observe(failed(at=101, download=SOL, pid=6))
    assert kinds(tracker, finding(FindingKind.FINISHED, 102, origin="o")) == [ChangeKind.REPAIRED_BY_BOT]
    named = finding(FindingKind.FINISHED, 103, origin="", pid=9, download=replace(SOL, source=None))
    assert kinds(tracker, named) == [ChangeKind.REPAIRED_BY_BOT]


def test_a_success_of_another_download_repairs_nothing(tracker: Tracker) -> None:
    tracker.observe(failed(at=100, download=LUNA))
    # The same file of the server, but nobody says that it is the same video.
    other = finding(FindingKind.FINISHED, 102, origin="", download=Download(source=LUNA.source))
    assert kinds(tracker, other) == [ChangeKind.FINISHED]


def test_what_the_announced_repair_ended_in_is_the_failure(tracker: Tracker) -> None:
    announced = failed(ErrorType.PERMISOS, 100, bot_fix=True, download=Download(source=LUNA.source))
    assert kinds(tracker, announced, failed(ErrorType.DISCO_LLENO, 101, download=LUNA)) == [
        ChangeKind.OPENED,
        ChangeKind.REFINED,
    ]
    [incident] = tracker.open_incidents()
    assert incident.error_type is ErrorType.DISCO_LLENO and incident.download.modelo == "luna"


def test_a_repair_announced_under_version_one_is_known_by_the_rules_name(tracker: Tracker) -> None:
    announced = failed(ErrorType.PERMISOS, 100, rule="permisos_bot_fix", download=Download(source=LUNA.source))
    tracker.observe(announced)
    after = Tracker()
    after.restore(tracker.open_incidents(), tracker.snapshot())
    assert kinds(after, failed(ErrorType.DISCO_LLENO, 101, download=LUNA)) == [ChangeKind.REFINED]


def test_a_late_repeat_does_not_open_a_closed_one_again(tracker: Tracker) -> None:
    [opened] = tracker.observe(failed(at=100, download=LUNA))
    assert isinstance(opened.incident, Incident)
    tracker.put(replace(opened.incident, estado=Estado.SOLUCIONADO, closed_at=105.0))
    assert kinds(tracker, failed(at=106, download=LUNA)) == [ChangeKind.REPEATED]
    assert kinds(tracker, failed(at=105 + LATE_SECONDS + 1, download=LUNA)) == [ChangeKind.OPENED]


def test_names_are_the_same_every_time() -> None:
    name = incident_id("s=abc;i=1", ErrorType.TIMEOUT)
    assert name == incident_id("s=abc;i=1", ErrorType.TIMEOUT) and len(name) == 8 and name.isalnum()
    assert name != incident_id("s=abc;i=2", ErrorType.TIMEOUT)
    for n in range(200):  # records of older versions name their incidents so
        digest = blake2b(f"c{n}\0timeout".encode(), digest_size=5).digest()
        assert incident_id(f"c{n}", ErrorType.TIMEOUT) == b32encode(digest).decode()


def test_memory_survives_a_restart(tracker: Tracker) -> None:
    tracker.observe(failed(ErrorType.SERVIDOR_CAIDO, code="polling", origin="o"))
    tracker.observe(finding(FindingKind.STARTED, 101))
    fresh = Tracker()
    fresh.restore(tracker.open_incidents(), json.loads(json.dumps(tracker.snapshot())))
    assert fresh.snapshot() == tracker.snapshot()
    [change] = fresh.observe(finding(FindingKind.RECOVERED, 110))
    assert change.kind is ChangeKind.REPAIRED_BY_BOT


def test_two_videos_that_one_outage_cost_are_both_kept(tracker: Tracker) -> None:
    """Also those that nothing but their names are known of: only a person can have them sent again."""
    down = ErrorType.SERVIDOR_CAIDO
    names = [replace(Download(), video=name) for name in ("a.mp4", "b.mp4")]
    found = [failed(down, 100.0 + n, download=each, pid=5 + n) for n, each in enumerate([Download(), *names])]
    again = failed(down, 110.0, download=names[1], pid=9)
    assert kinds(tracker, *found, again) == [
        ChangeKind.OPENED, ChangeKind.REPEATED, ChangeKind.OPENED, ChangeKind.REPEATED,
    ]  # fmt: skip
    assert [one.download.video for one in tracker.open_incidents()] == ["a.mp4", "b.mp4"]
