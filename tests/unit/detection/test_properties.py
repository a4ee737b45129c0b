"""Any order, any bytes, any restart: the same incidents (issue: detection that can be trusted)."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.incident import Incident
from trafico_monitor.model.journal_entry import JournalEntry

from . import episodes as e
from .test_detector import HUNG_UP, REFUSED, TIMED_OUT
from .test_lines import SHIPPED

RULES = load({file.name: file.read_text(encoding="utf-8") for file in SHIPPED.glob("*.toml")})
DENIED = f"[Errno 13] Permission denied: '{e.SERVER}/file_1.mp4'"
FULL = f"[Errno 28] No space left on device: '{e.SERVER}/file_2.mp4' -> '{e.MODELS}/luna/20260101_101010_abcdef.mp4'"
STORIES = [
    [e.POLL, *e.starting("file_1.mp4"), *e.copy_failed(DENIED), e.POLL],
    [*e.starting("file_2.mp4"), *e.copy_failed(FULL), e.POLL, e.SEND],
    [e.POLL, *e.getting_file(*TIMED_OUT), e.SEND, *e.starting("file_4.mp4")],
    [*e.polling(*HUNG_UP), e.POLL, *e.sending(*TIMED_OUT)],
    [e.POLL, *e.polling(*REFUSED), *e.polling(*REFUSED)],
    [
        *e.starting("file_5.mp4"),
        "WARNING:__main__:⚠️ Error de permisos detectado, aplicando fix automático...",
        "INFO:__main__:✅ Archivo copiado exitosamente después de fix: 5665533 bytes",
    ],
]


def run(entries: list[JournalEntry], restart_at: int = -1) -> list[Incident]:
    """The incidents of `entries`; before entry `restart_at` everything goes through JSON."""
    detector, tracker = Detector(RULES), Tracker()
    seen: dict[str, Incident] = {}

    def observe(findings: tuple[object, ...]) -> None:
        for finding in findings:
            for change in tracker.observe(finding):  # type: ignore[arg-type]
                if change.incident is not None:
                    seen[change.incident.id] = change.incident

    for number, entry in enumerate(entries):
        if number == restart_at:
            memory = json.loads(json.dumps([detector.snapshot(), tracker.snapshot()]))
            detector, fresh = Detector(RULES), Tracker()
            detector.restore(memory[0])
            fresh.restore(tracker.open_incidents(), memory[1])
            tracker = fresh
        observe(detector.feed(entry))
    observe(detector.settle(float("inf")))
    return sorted(seen.values(), key=lambda incident: incident.id)


def essence(incidents: list[Incident]) -> list[Incident]:
    """Without the times, which the interleaving itself shifts."""
    return [replace(one, opened_at=0.0, updated_at=0.0, seen_at=0.0, closed_at=None) for one in incidents]


orders = st.lists(st.integers(0, 5), max_size=250)


@given(orders, st.permutations(range(len(STORIES))))
@settings(max_examples=examples(60), deadline=None)
def test_any_interleaving_gives_the_same_incidents(order: list[int], chosen: list[int]) -> None:
    stories = [STORIES[n] for n in chosen[:4]]
    apart = run([entry for n, story in enumerate(stories) for entry in e.interleaved([], [[]] * n + [story])])
    assert essence(run(e.interleaved(order, stories))) == essence(apart)


@given(orders, st.data())
@settings(max_examples=examples(80), deadline=None)
def test_a_restart_anywhere_changes_nothing(order: list[int], data: st.DataObject) -> None:
    entries = e.interleaved(order, STORIES)
    assert run(entries, data.draw(st.integers(0, len(entries)))) == run(entries)


@given(orders)
@settings(max_examples=20, deadline=None)
def test_twice_is_the_same(order: list[int]) -> None:
    entries = e.interleaved(order, STORIES)
    assert run(entries) == run(entries)


words = st.sampled_from(
    [
        e.TRACEBACK,
        e.CAUSE,
        e.HANDLING,
        e.HEADER,
        '  File "',
        "modelos/../..",
        "' -> '",
        "file_path=",
        "descargando ",
        "%s{0}",
        "Errno 13]",
    ]
)
junk = st.one_of(words, st.text(max_size=40), st.binary(max_size=40).map(lambda raw: raw.decode("utf-8", "replace")))


@given(st.lists(st.tuples(st.lists(junk, max_size=4).map("".join), st.integers(1, 3)), max_size=60))
@settings(max_examples=examples(150), deadline=None)
def test_any_bytes_leave_it_alive(lines: list[tuple[str, int]]) -> None:
    entries = [JournalEntry(line, pid, 1000.0 + n, f"c{n}") for n, (line, pid) in enumerate(lines)]
    for incident in run(entries):
        assert incident.download.modelo not in (".", "..")
    run(e.entries(e.getting_file(*TIMED_OUT)))
