"""The index leaves nothing out: among what it finds is whatever a look at every incident would find."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from trafico_monitor.incident.index import Index
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado, Incident

some = st.sampled_from
downloads = st.builds(
    Download,
    modelo=some([None, "luna", "sol"]),
    video=some([None, "a.mp4", "b.mp4", ""]),
    file_id=some([None, None, "F1", "F2"]),
    source=some([None, "/var/x/file_1.mp4", "/home/y/file_1.mp4", "C:\\x\\file_2.mp4"]),
    destination=some([None, "/m/a.mp4", "/m/b.mp4"]),
)
TYPES = some([ErrorType.TIMEOUT, ErrorType.PERMISOS, ErrorType.SERVIDOR_CAIDO])
incidents = st.builds(
    lambda name, kind, pid, download, bot_fix, at, estado: Incident(
        name,
        kind,
        at,
        at,
        estado,
        download,
        bot_fix=bot_fix,
        pid=pid,
        closed_at=None if estado is Estado.PENDIENTE else at,
    ),
    some([f"I{n}" for n in range(12)]),
    TYPES,
    some([1, 2]),
    downloads,
    st.booleans(),
    some([1000.0, 1030.0, 1100.0]),
    some([Estado.PENDIENTE, Estado.SOLUCIONADO]),
)
findings = st.builds(
    lambda kind, error, pid, download, at, code, number: Finding(
        kind, at, pid=pid, download=download, error_type=error, code=code, origin=f"o{number}", last=f"o{number}"
    ),
    some([FindingKind.FAILED, FindingKind.FAILED, FindingKind.FINISHED, FindingKind.STARTED, FindingKind.RECOVERED]),
    TYPES,
    some([1, 2]),
    downloads,
    some([1001.0, 1031.0, 1200.0]),
    some(["", "handler", "polling"]),
    st.integers(0, 30),
)


class Everything(Index):
    """The same with every incident for a candidate, as if there were no index."""

    def about(self, error_type: ErrorType, pid: int, download: Download) -> tuple[Incident, ...]:
        return tuple(self.values())[::-1]

    def alike(self, download: Download) -> tuple[Incident, ...]:
        return tuple(self.values())

    def outages(self) -> tuple[Incident, ...]:
        return tuple(one for one in self.values() if one.error_type is ErrorType.SERVIDOR_CAIDO)


@given(st.lists(st.one_of(incidents, findings, findings), max_size=40))
@settings(max_examples=examples(1500), deadline=None)
def test_the_tracker_decides_as_if_it_had_looked_at_every_incident(steps: list[Incident | Finding]) -> None:
    quick, thorough = Tracker(), Tracker()
    thorough._incidents = Everything()
    for step in steps:
        if isinstance(step, Incident):
            quick.put(step)
            thorough.put(step)
        else:
            assert set(map(repr, quick.observe(step))) == set(map(repr, thorough.observe(step)))
    assert quick.open_incidents() == thorough.open_incidents()
    assert quick.snapshot() == thorough.snapshot()


@given(st.lists(incidents, max_size=30))
@settings(max_examples=examples(300), deadline=None)
def test_it_holds_what_was_put_in_the_order_of_the_first_time(put: list[Incident]) -> None:
    index, plain = Index(), dict[str, Incident]()
    for one in put:
        index.put(one)
        plain[one.id] = one
    assert list(index.items()) == list(plain.items())
    assert index.open == tuple(one for one in plain.values() if one.open)
    for name in list(index):
        index.remove(name)
    assert not index and not index._places and not index._numbers


def test_what_was_closed_is_found_by_its_time_and_not_once_it_is_open_again() -> None:
    index = Index()
    for n in range(5):
        one = Incident(f"I{n}", ErrorType.TIMEOUT, n, n, Estado.SOLUCIONADO, closed_at=float(n))
        index.put(one)
    index.put(replace(index["I1"], estado=Estado.PENDIENTE, closed_at=None))
    assert index.closed_before(3.0) == ("I0", "I2")
