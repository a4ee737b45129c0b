"""Errors that no rule knows: found once each, grouped, and each with a rule that can be accepted."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import each
from tests.examples import examples
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.explain import faults
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.detection.unknown import (
    CHOOSE,
    HOUR,
    MOST_AN_HOUR,
    MOST_KINDS,
    MOST_SAMPLES,
    Novelty,
    UnknownErrors,
    masked,
    proposal,
)
from trafico_monitor.model.finding import Finding, FindingKind, UnknownKind
from trafico_monitor.model.journal_entry import JournalEntry

from . import episodes as e
from .test_lines import SHIPPED

TEXTS = {file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.toml")}
RULES = load(TEXTS)
OWN = "/home/ana/trafico/src/project/bot_central.py"
STRANGE = "ERROR:__main__:❌ El registro del vídeo 12 quedó a medias en /srv/x/12.mp4"


def unknown(lines: Iterable[str], restart_at: int = -1) -> list[Finding]:
    detector = Detector(RULES)
    found: list[Finding] = []
    for number, line in enumerate(lines):
        if number == restart_at:
            memory, detector = detector.snapshot(), Detector(RULES)
            detector.restore(memory)
        found += detector.feed(JournalEntry(line, 7, 1000.0 + number / 100, f"c{number}"))
    found += detector.settle(5000.0)
    return [finding for finding in found if finding.kind is FindingKind.UNKNOWN]


def traceback(exception: str) -> list[str]:
    return e.link(exception, (f"{e.SITE}/telegram/ext/_application.py", "process_update"), (OWN, "guardar"))


def test_an_error_line_that_no_rule_knows() -> None:
    [finding] = unknown(["INFO:x:a", STRANGE, "INFO:x:b"])
    assert (finding.message, finding.origin, finding.at) == (STRANGE, "c1", 1000.01)


def test_a_traceback_is_one_finding_with_its_last_line_and_the_deepest_own_frame() -> None:
    inner = e.link("LookupError: nada", *e.LIBRARY)
    lines = ["ERROR:__main__:❌ No sé qué ha pasado", *inner, e.CAUSE, *traceback("KeyError: 'modelo'"), "INFO:x:b"]
    [finding] = unknown(lines)
    assert finding.message == "KeyError: 'modelo'" and finding.code == "bot_central.py:guardar"
    assert finding.origin == "c0"


@each("restart_at", range(12))
def test_a_restart_at_any_line_changes_nothing(restart_at: int) -> None:
    lines = [STRANGE, "INFO:x:a", e.HEADER, *traceback("KeyError: 'modelo'"), "INFO:x:b"]
    assert [finding.message for finding in unknown(lines, restart_at)] == [STRANGE, "KeyError: 'modelo'"]


@pytest.mark.parametrize(
    "lines",
    [
        ["ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '/srv/modelos/luna/a.mp4'"],
        ["ERROR:database.contenidos_prd:❌ Modelo 'yic' no existe en tabla modelos"],
        ["INFO:__main__:❌ nothing of the level ERROR"],
        e.getting_file("telegram.error.TimedOut: Timed out", "httpx.ReadTimeout"),
        e.link("Boom: x", (f"{e.SITE}/supabase/client.py", "insert"), (OWN, "guardar")),
        ["ERROR:__main__:❌ Algo falló al copiar", "[Errno 13] Permission denied: '/srv/modelos/luna/a.mp4'"],
    ],
)
def test_what_a_rule_knows_or_another_subsystem_says_is_not_unknown(lines: list[str]) -> None:
    assert unknown([*lines, "INFO:x:b"]) == []


def test_the_rest_of_a_known_failure_is_not_unknown() -> None:
    failed = "ERROR:__main__:❌ Error al copiar: [Errno 13] Permission denied: '/srv/modelos/luna/a.mp4'"
    assert unknown([failed, *traceback("ErrorDeCopia: no se pudo"), "INFO:x:b"]) == []


@given(st.lists(st.text(max_size=60), max_size=30))
@settings(max_examples=examples(100))
def test_any_lines_leave_the_miner_alive_and_bounded(messages: list[str]) -> None:
    errors = UnknownErrors()
    for message in messages:
        kind, _ = errors.take(Finding(FindingKind.UNKNOWN, 1.0, message=message))
        assert len(kind.samples) <= MOST_SAMPLES
        text = proposal(kind)
        if text is not None:
            [rule] = load({"x.toml": text.replace(CHOOSE, "timeout")}).rules
            assert rule.matches == kind.samples


def take(errors: UnknownErrors, *messages: str, frame: str = "") -> list[tuple[UnknownKind, bool]]:
    return [
        errors.take(Finding(FindingKind.UNKNOWN, float(at), message=message, code=frame))
        for at, message in enumerate(messages)
    ]


def test_lines_that_differ_in_names_and_numbers_are_one_kind() -> None:
    seen = take(UnknownErrors(), *(STRANGE.replace("12", str(number)) for number in (1, 22, 333)))
    assert [new for _, new in seen] == [True, False, False]
    kind = seen[-1][0]
    assert (kind.count, kind.first, kind.last, len(kind.samples)) == (3, 0.0, 2.0, 3)
    assert "<NUM>" in kind.template and "<PATH>" in kind.template


def test_the_same_words_from_another_place_are_another_kind() -> None:
    errors = UnknownErrors()
    [(one, _)] = take(errors, "KeyError: 'x'", frame="a.py:f")
    [(other, new)] = take(errors, "KeyError: 'x'", frame="a.py:g")
    assert new and one.id != other.id and other.frame == "a.py:g" and other.template == "KeyError: 'x'"


def test_kinds_are_known_again_after_a_restart() -> None:
    errors = UnknownErrors()
    kinds = [kind for kind, _ in (*take(errors, STRANGE), *take(errors, "KeyError: 'x'", frame="a.py:f"))]
    again = UnknownErrors(kinds)
    [(kind, new)] = take(again, STRANGE.replace("12", "99"))
    [(other, newer)] = take(again, "KeyError: 'y'", frame="a.py:f")
    assert not new and not newer and (kind.id, other.id, kind.count) == (kinds[0].id, kinds[1].id, 2)


def test_a_flood_of_kinds_is_bounded() -> None:
    errors = UnknownErrors()
    ids = {kind.id for kind, _ in take(errors, *(f"ERROR:mod{chr(97 + n % 26)}{n}x: raro" for n in range(1000)))}
    [(kind, new)] = take(errors, "ERROR:nuevo: del todo distinto")
    assert new and kind.id not in ids and len(errors._kinds) <= MOST_KINDS + 1


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("peer 10.0.0.1:443 said 0xff", "peer <IP> said <HEX>"),
        ("in '/home/a b/c.txt' and /tmp/x.log.", "in <PATH> and <PATH>"),
        ("https://api.telegram.org/file/x 404", "<URL> <NUM>"),
        ("id 550e8400-e29b-41d4-a716-446655440000 of BAACAgQAAxkBAAIBY2Z0example", "id <ID> of <ID>"),
        ("2026-01-02 10:11:12,345 - took 12.5 s", "<TIME> - took <NUM> s"),
        ("copia 20260101_101010_abcdef.mp4 rara", "copia <FILE> rara"),
    ],
)
def test_what_differs_is_masked(line: str, expected: str) -> None:
    assert masked(line) == expected


def test_the_proposed_rule_is_accepted_as_it_is_once_its_type_is_chosen() -> None:
    for messages in (
        [STRANGE, STRANGE.replace("12", "7")],
        ["KeyError: 'modelo'", "KeyError: 'video'"],
        ["CRITICAL:x:a \"quoted\" \\ thing with \x7f and ''' in it"],
        ["ERROR:x:peer 10.0.0.1:443 answered 500 in 12.5 s", "ERROR:x:peer 10.0.0.2:80 answered 501 in 3 s"],
    ):
        kind = take(UnknownErrors(), *messages)[-1][0]
        text = proposal(kind)
        assert text is not None and CHOOSE in text
        rules = load({**TEXTS, "mine.toml": text.replace(CHOOSE, "corrupto")})
        assert [fault for fault in faults(rules) if fault.rule.file == "mine.toml"] == []
        assert all((rule := rules.decide(one)) is not None and rule.file == "mine.toml" for one in messages)
        assert unknown(messages) == [] or all(RULES.decide(one) is None for one in messages)


def test_samples_without_anything_in_common_give_no_rule() -> None:
    assert proposal(UnknownKind(1, "<*> <*>", 2, 0.0, 1.0, ("uno dos", "tres cuatro"))) is None


def test_a_handful_an_hour_is_told_and_the_rest_as_one_number() -> None:
    novelty = Novelty()
    told = [novelty.tell(1000.0 + at) for at in range(20)]
    assert told == [True] * MOST_AN_HOUR + [False] * (20 - MOST_AN_HOUR)
    assert novelty.digest(1500.0) == 0
    again = Novelty()
    again.restore(novelty.snapshot())
    assert again.digest(1001.0 + HOUR) == 20 - MOST_AN_HOUR and again.digest(1002.0 + HOUR) == 0
    assert not again.tell(1003.0 + HOUR) and again.tell(1003.0 + 3 * HOUR) is False
    assert again.digest(1003.0 + 3 * HOUR) == 2 and again.tell(1004.0 + 3 * HOUR)
