"""`/metrics`: counters of this run and gauges of now, in the text that Prometheus reads. Pure.

Counters begin at nought with the process, as is the convention: Prometheus knows a restart.
Nothing that comes from a line is a label: a stranger's names would make series without end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from ..model.event import Event
from ..model.finding import ErrorType
from ..model.incident import Estado
from ..model.task import RepairTask, TaskKind
from ..model.task_result import TaskResult
from ..model.verdict import Verdict
from .ports import Gauges

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (1, 2, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400)  # seconds from an error to its proof
_TYPES = tuple(each.value for each in ErrorType)
_ENDS = (Estado.SOLUCIONADO.value, Estado.FALLIDO.value)
_KINDS = tuple(each.value for each in TaskKind)
_OPEN = tuple(each.value for each in Estado if each.value not in _ENDS)

Sample = tuple[Mapping[str, str], float]


class Meter:
    """Counts what happens, from the records of each step and from every order that has run."""

    def __init__(self) -> None:
        self._opened: Counter[str] = Counter()
        self._closed: Counter[tuple[str, str]] = Counter()
        self._by_bot: Counter[str] = Counter()
        self._orders: Counter[tuple[str, str]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds: Counter[str] = Counter()
        self._downloads = 0

    def count(self, records: Iterable[Event]) -> None:
        for record in records:
            incident = record.incident
            if incident is None:
                self._downloads += record.event == "download_done"
            elif record.event == "incident_detected":
                self._opened[incident.error_type.value] += 1
            elif record.event in ("incident_solved", "incident_failed"):
                kind = incident.error_type.value
                self._closed[kind, incident.estado.value] += 1
                self._by_bot[kind] += incident.recovered_by_bot
                if incident.estado is Estado.SOLUCIONADO:
                    self._repaired(kind, max(0.0, (incident.closed_at or record.at) - incident.opened_at))

    def _repaired(self, kind: str, seconds: float) -> None:
        self._seconds[kind] += seconds  # type: ignore[assignment]  # a Counter adds floats as well
        for bound in (*BUCKETS, float("inf")):
            if seconds <= bound:
                self._buckets[kind, bound] += 1

    def order_done(self, order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        outcome = "proven" if verdict.proven else result.outcome.value
        self._orders[order.kind.value, outcome] += 1

    def exposition(self, now: Gauges) -> str:
        """All metrics as text."""
        return "".join((*self._counters(), *_gauges(now)))

    def _counters(self) -> Iterator[str]:
        yield from _metric(
            "incidents_opened_total",
            "counter",
            "Download errors found, by type.",
            (({"type": kind}, self._opened[kind]) for kind in _TYPES),
        )
        yield from _metric(
            "incidents_closed_total",
            "counter",
            "Incidents that ended, by type and state.",
            (({"type": kind, "estado": estado}, self._closed[kind, estado]) for kind in _TYPES for estado in _ENDS),
        )
        yield from _metric(
            "incidents_repaired_by_bot_total",
            "counter",
            "Incidents that the bot repaired by itself, by type.",
            (({"type": kind}, self._by_bot[kind]) for kind in _TYPES),
        )
        yield from _metric(
            "orders_total",
            "counter",
            "Corrections carried out, by kind and outcome; proven: looked at and found right.",
            (({"order": kind, "outcome": outcome}, n) for (kind, outcome), n in sorted(self._orders.items())),
        )
        yield from _metric(
            "downloads_completed_total",
            "counter",
            "Downloads that the bot said were complete.",
            (({}, self._downloads),),
        )
        yield from self._histogram()

    def _histogram(self) -> Iterator[str]:
        name = "trafico_monitor_repair_duration_seconds"
        yield f"# HELP {name} Time from an error's first line to its proven repair, by type.\n"
        yield f"# TYPE {name} histogram\n"
        for kind in _TYPES:
            for bound in (*BUCKETS, float("inf")):
                shown = "+Inf" if bound == float("inf") else str(bound)
                yield f'{name}_bucket{{type="{kind}",le="{shown}"}} {self._buckets[kind, bound]}\n'
            yield f'{name}_sum{{type="{kind}"}} {float(self._seconds[kind])!r}\n'
            yield f'{name}_count{{type="{kind}"}} {self._buckets[kind, float("inf")]}\n'


def _gauges(now: Gauges) -> Iterator[str]:
    yield from _metric("build_info", "gauge", "The version that runs.", (({"version": now.version}, 1),))
    yield from _metric("start_time_seconds", "gauge", "When the monitor started.", (({}, now.started_at),))
    yield from _metric(
        "incidents_open",
        "gauge",
        "Incidents that have not ended, by type and state.",
        (({"type": kind, "estado": estado}, now.open.get((kind, estado), 0)) for kind in _TYPES for estado in _OPEN),
    )
    yield from _metric("orders_under_way", "gauge", "Corrections waiting or being carried out.", (({}, now.orders),))
    yield from _metric("downloads_under_way", "gauge", "Downloads of the bot under way.", (({}, now.downloads),))
    yield from _metric(
        "reader_lag_seconds", "gauge", "Age of the last line read while others wait.", (({}, now.reader_lag),)
    )
    yield from _metric(
        "journal_lines_dropped_total", "counter", "Lines that journald dropped by rate limit.", (({}, now.suppressed),)
    )
    yield from _metric(
        "blind", "gauge", "1 for each reason why not every line is seen.", (({"reason": one}, 1) for one in now.blind)
    )
    yield from _metric("outbox_messages", "gauge", "Messages that wait to be sent.", (({}, now.outbox),))
    yield from _metric(
        "outbox_failing", "gauge", "1 when the last message was not taken.", (({}, int(now.outbox_failing)),)
    )
    yield from _metric(
        "channel_last_success_timestamp_seconds",
        "gauge",
        "When a channel last took a message, by channel; none for one that never did.",
        (({"channel": name}, at) for name, at in sorted(now.took.items())),
    )
    yield from _metric(
        "disk_free_bytes", "gauge", "Free space, by file system.", (({"path": v.path}, v.free) for v in now.volumes)
    )
    yield from _metric(
        "disk_size_bytes", "gauge", "Size, by file system.", (({"path": v.path}, v.total) for v in now.volumes)
    )
    if now.waiting is not None:
        yield from _metric("rescued_files", "gauge", "Videos that wait in _rescatados.", (({}, now.waiting.number),))
        yield from _metric("rescued_bytes", "gauge", "What they take.", (({}, now.waiting.size),))
        yield from _known("rescued_oldest_timestamp_seconds", "Since when the oldest waits.", now.waiting.oldest)
    yield from _known("bot_api_up", "1 when the local Bot API server answers.", now.server_up)
    yield from _known("unit_active", "1 when the bot's unit runs.", now.unit_active)
    yield from _known("unit_restarts", "How often systemd has restarted the bot's unit.", now.unit_restarts)


def _known(name: str, about: str, value: float | None) -> Iterator[str]:
    if value is not None:
        yield from _metric(name, "gauge", about, (({}, int(value)),))


def _metric(name: str, kind: str, about: str, samples: Iterable[Sample]) -> Iterator[str]:
    name = f"trafico_monitor_{name}"
    yield f"# HELP {name} {about}\n# TYPE {name} {kind}\n"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(said)}"' for label, said in labels.items())
        yield f"{name}{{{inside}}} {value!r}\n" if inside else f"{name} {value!r}\n"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
