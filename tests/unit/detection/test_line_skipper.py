"""A reader that passes lines over comes to the same findings as one that hands every line on."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import each
from tests.examples import examples
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.prefilter import LineSkipper
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.journal.parser import bot_entry
from trafico_monitor.journal.reader import LONG
from trafico_monitor.model.finding import Finding
from trafico_monitor.model.journal_entry import JournalEntry, Origin

from . import episodes as e
from .test_lines import CASES, SHIPPED
from .test_prefilter import EXAMPLES, LITERALS
from .test_properties import STORIES

RULES = load({file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.toml")})
TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
DULL = [
    e.POLL.replace("<TOKEN>", TOKEN),
    e.SEND.replace("<TOKEN>", TOKEN.replace(":", "%3A")),
    'INFO:httpx:HTTP Request: POST http://127.0.0.1:8081/bot<TOKEN>/getMe "HTTP/1.1 200 OK"',
    "connection established",
    'INFO:httpx:HTTP Request: GET http://127.0.0.1/timeout?no space left on device "HTTP/1.1 200 OK"',
    "INFO:__main__:🔍 Cargando mapeo",
    "✅ Mapeo cargado: 7 modelos encontrados",
    "una línea que sigue a otra",
    "   ",
    "\u3000",
    "",
    "\x00",
    "    await self._process(update)",
    '  File "/home/ana/trafico/src/project/bot_central.py", line 12, in video_handler',
]
ENDED = "trafico-main.service: Deactivated successfully."


@dataclass(frozen=True)
class Said:
    """One line of a process (0: of PID 1); `settle`: time passes before it."""

    pid: int
    line: str
    settle: float = 0.0


class Reader:
    """What `journal.reader` does with a stdout line and a message of PID 1."""

    def __init__(self, detector: Detector, passing: LineSkipper | None) -> None:
        self.detector = detector
        self.passing = passing
        self.findings: list[Finding] = []
        self.fed = 0

    def read(self, said: Said, at: float, cursor: str) -> None:
        if said.settle:
            self.findings += self.detector.settle(at)
        entry = self._entry(said, at, cursor)
        if entry is None:
            return
        if self.passing is not None:
            self.passing.kept(entry)
        self.fed += 1
        if entry.at > self.detector.deadline:
            self.findings += self.detector.overdue(entry.at)
        self.findings += self.detector.feed(entry)

    def _entry(self, said: Said, at: float, cursor: str) -> JournalEntry | None:
        raw = said.line.encode("utf-8", "replace")
        if not said.pid:
            return JournalEntry(ENDED, 1, at, cursor, Origin.MANAGER)
        passing = self.passing
        if passing is not None and passing.calm:
            begin, end = passing.answered
            if (raw.startswith(begin) and raw.endswith(end) and len(raw) <= LONG) or passing.dull(raw):
                return None
        if passing is not None and passing.dull(raw) and passing.may_pass(raw, said.pid):
            return None
        return bot_entry(raw, said.pid, at, cursor)


def findings(
    story: list[Said], *, skip: bool, restart_at: int = -1, sample_at: int = -1, sampled: int = 0
) -> tuple[list[Finding], int]:
    detector = Detector(RULES)
    reader = Reader(detector, detector.passing() if skip else None)
    at = 1000.0
    for number, said in enumerate(story):
        if number == restart_at:
            memory = json.loads(json.dumps(detector.snapshot()))
            detector = Detector(RULES)
            detector.restore(memory)
            reader.detector, reader.passing = detector, detector.passing() if skip else None
        if number == sample_at and reader.passing is not None:
            reader.passing.sample(sampled)
        at += 0.01 + said.settle
        reader.read(said, at, f"c{number}")
    reader.findings += detector.settle(at + 1000)
    reader.findings += detector.overdue(at + 10_000)
    return reader.findings, reader.fed


line = st.one_of(
    st.sampled_from(DULL),
    st.sampled_from(DULL),
    st.sampled_from([text for _, text in CASES] + EXAMPLES),
    st.sampled_from([text for story in STORIES for text in story]),
    st.sampled_from([e.TRACEBACK, e.CAUSE, e.HANDLING, e.HEADER, "RuntimeError: nobody knows this one"]),
    st.sampled_from(LITERALS),
    st.text(max_size=30),
)
said = st.builds(
    Said,
    st.sampled_from([0, 7, 7, 7, 7, 8, 8, 9]),
    line,
    st.sampled_from([0.0] * 12 + [0.1, 2.0, 6.0, 700.0]),
)


@given(st.lists(said, max_size=60), st.integers(-1, 60))
@settings(max_examples=examples(300), deadline=None)
def test_any_stream_gives_the_same_findings(story: list[Said], restart_at: int) -> None:
    everything, _ = findings(story, skip=False, restart_at=restart_at)
    assert findings(story, skip=True, restart_at=restart_at)[0] == everything


@given(st.lists(said, max_size=60), st.integers(0, 60), st.integers(1, 20))
@settings(max_examples=examples(200), deadline=None)
def test_a_sample_of_dull_lines_changes_no_finding(story: list[Said], sample_at: int, sampled: int) -> None:
    everything, _ = findings(story, skip=False)
    assert findings(story, skip=True, sample_at=sample_at, sampled=sampled)[0] == everything


def test_a_sample_is_so_many_dull_lines_and_then_all_are_passed_over_again() -> None:
    usual = [Said(7, DULL[n % 2 * 5]) for n in range(1000)]
    assert findings(usual, skip=True)[1] == 0
    assert findings(usual, skip=True, sample_at=300, sampled=200)[1] == 200


@pytest.mark.slow
@given(st.lists(st.integers(0, 5), max_size=300), st.permutations(range(len(STORIES))), st.integers(-1, 200))
@settings(max_examples=examples(60), deadline=None)
def test_real_stories_among_dull_lines(order: list[int], chosen: list[int], restart_at: int) -> None:
    stories = [STORIES[n] for n in chosen[:3]] + [DULL * 4, DULL * 3]
    story = [Said(entry.pid, entry.message) for entry in e.interleaved(order, stories)]
    everything, _ = findings(story, skip=False, restart_at=restart_at)
    assert findings(story, skip=True, restart_at=restart_at)[0] == everything


DOWN = [text for text in STORIES[4] if text != e.POLL]
POLL = DULL[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "story",
    [
        [*(Said(7, text) for text in DOWN), Said(7, DULL[5]), Said(8, POLL), Said(7, DULL[5]), Said(7, POLL)],
        [*(Said(7, text) for text in DOWN), Said(7, DULL[5]), Said(0, ""), Said(8, DULL[5]), Said(8, POLL)],
        [*(Said(7, text) for text in STORIES[0]), Said(7, "\u3000"), Said(7, "  una más"), Said(7, e.TRACEBACK)],
        [Said(7, e.TRACEBACK), Said(7, "\u3000"), Said(7, "TimeoutError: timed out"), Said(7, DULL[5])],
    ],
)
def test_what_is_open_is_ended_by_the_right_line(story: list[Said]) -> None:
    for restart_at in range(-1, len(story)):
        everything, _ = findings(story, skip=False, restart_at=restart_at)
        assert everything and findings(story, skip=True, restart_at=restart_at)[0] == everything


def test_nearly_all_of_a_usual_journal_is_passed_over() -> None:
    usual = [Said(7 + n % 2, DULL[n % 2 * 5]) for n in range(1000)]
    failing = [Said(7, text) for text in STORIES[0]]
    found, fed = findings([*usual, *failing, *usual, *failing, *usual], skip=True)
    assert fed < 2 * len(failing) + 20 and len(found) > 2


@each("dull", DULL)
def test_a_line_is_asked_for_once_by_its_form(dull: str) -> None:
    passing = Detector(RULES).passing()
    raw = dull.encode()
    assert passing.dull(raw) == passing.dull(raw)


def test_new_rules_are_asked_at_once() -> None:
    detector = Detector(RULES)
    passing = detector.passing()
    assert passing.dull(b"INFO:__main__:la palabra nueva")
    own = '[[rule]]\nname = "own"\nerror_type = "timeout"\nliterals = ["palabra nueva"]\n'
    detector.rules = load({"own.toml": own})
    passing.use(detector.new_dull())
    assert not passing.dull(b"INFO:__main__:la palabra nueva")
