"""`/metrics`: counters of this run and gauges of now, for prometheus_client to write out.

Counters begin at zero with the process, as is the convention: Prometheus recognises a restart. They are kept as plain
counts: a `Counter` of the library would add a `_created` series to each. No text from a log line is a label: a
stranger's names would create series without end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from ..messages import catalogue
from ..model.alert import ALARM_KEYS, Scope
from ..model.finding import ErrorType
from ..model.incident import Estado, Event
from ..model.prediction import ForecastView, KindState, PredictionKind
from ..model.resource_usage import HostUsage, ProcessUsage
from ..model.task import Outcome, RepairTask, TaskKind, TaskResult, Verdict
from .ports import Gauges

BUCKETS = (1, 2, 5, 10, 30, 60, 300, 900, 3600, 21600, 86400, float("inf"))  # seconds from an error to its proof
_PREFIX = "trafico_monitor_"
_TYPES = tuple(each.value for each in ErrorType)
_ENDS = (Estado.SOLUCIONADO.value, Estado.FALLIDO.value)
_OPEN = tuple(each.value for each in Estado if each.value not in _ENDS)

# Samples from the start: without a zero before it, `increase` does not see the first of its kind.
_KINDS = tuple(each.value for each in TaskKind)
_OUTCOMES = ("proven", *(each.value for each in Outcome))
_BLIND = tuple(sorted(code.removeprefix("blind.") for code in catalogue("en") if code.startswith("blind.")))

_NONE = ForecastView(0.0)


class Metrics:
    """Counts from the records of each step and from every order that has run."""

    def __init__(self) -> None:
        self._opened: Counter[str] = Counter()
        self._closed: Counter[tuple[str, str]] = Counter()
        self._by_bot: Counter[str] = Counter()
        self._orders: Counter[tuple[str, str]] = Counter()
        self._buckets: Counter[tuple[str, float]] = Counter()
        self._seconds = dict.fromkeys(_TYPES, 0.0)
        self._downloads = 0

    def count(self, records: Iterable[Event]) -> None:
        """Counts the stored records of one step."""
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
        self._seconds[kind] += seconds
        for bound in BUCKETS:
            self._buckets[kind, bound] += seconds <= bound

    def order_done(self, order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        """Counts an order by its kind and outcome; `proven` when the verdict proves it."""
        outcome = "proven" if verdict.proven else result.outcome.value
        self._orders[order.kind.value, outcome] += 1

    def exposition(self, now: Gauges, forecast: ForecastView = _NONE) -> str:
        """The text of all metrics: the counters of this run, the gauges of `now`, and what is foreseen."""
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector((*self._counters(), *_gauges(now), *_forecast(forecast))))
        return generate_latest(registry).decode()

    def _counters(self) -> Iterator[Metric]:
        yield _counter(
            "incidents_opened",
            "Download errors found, by type.",
            {(kind,): self._opened[kind] for kind in _TYPES},
            "type",
        )
        yield _counter(
            "incidents_closed",
            "Incidents that ended, by type and state.",
            {(kind, estado): self._closed[kind, estado] for kind in _TYPES for estado in _ENDS},
            "type",
            "estado",
        )
        yield _counter(
            "incidents_repaired_by_bot",
            "Incidents that the bot repaired by itself, by type.",
            {(kind,): self._by_bot[kind] for kind in _TYPES},
            "type",
        )
        yield _counter(
            "orders",
            "Corrections carried out, by kind and outcome; proven: looked at and found right.",
            {(kind, outcome): self._orders[kind, outcome] for kind in _KINDS for outcome in _OUTCOMES},
            "order",
            "outcome",
        )
        yield _counter("downloads_completed", "Downloads that the bot said were complete.", {(): self._downloads})
        histogram = HistogramMetricFamily(
            f"{_PREFIX}repair_duration_seconds",
            "Time from an error's first line to its proven repair, by type.",
            labels=("type",),
        )
        for kind in _TYPES:
            bounds = [
                ("+Inf" if bound == BUCKETS[-1] else str(bound), self._buckets[kind, bound]) for bound in BUCKETS
            ]
            histogram.add_metric([kind], bounds, self._seconds[kind])
        yield histogram


class _Collector(Collector):
    """One collection of metrics that are known already."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Sequence[Metric]:
        return self._metrics


def _gauges(now: Gauges) -> Iterator[Metric]:
    yield _gauge("build_info", "The version that runs.", {(now.version,): 1}, "version")
    yield _gauge("start_time_seconds", "When the monitor started.", {(): now.started_at})
    yield _gauge(
        "incidents_open",
        "Incidents that have not ended, by type and state.",
        {(kind, estado): now.open.get((kind, estado), 0) for kind in _TYPES for estado in _OPEN},
        "type",
        "estado",
    )
    yield _gauge("orders_under_way", "Corrections waiting or being carried out.", {(): now.orders})
    yield _gauge("downloads_under_way", "Downloads of the bot under way.", {(): now.downloads})
    yield _gauge("reader_lag_seconds", "Age of the last line read while others wait.", {(): now.reader_lag})
    yield _counter("journal_lines_dropped", "Lines that journald dropped by rate limit.", {(): now.suppressed})
    blind: dict[tuple[str, ...], float] = {(one,): one in now.blind for one in (*_BLIND, *now.blind)}
    yield _gauge("blind", "1 for each reason why not every line is seen.", blind, "reason")
    yield from _known("last_line_timestamp_seconds", "When the bot last logged a line.", now.last_line)
    yield from _known("database_bytes", "Size of the monitor's database.", now.database)
    alarms = _labelled({one: now.alarms.get(one, 0) for one in ALARM_KEYS})
    yield _gauge("alarms", "Alarms that have rung and are not over, by what they are about.", alarms, "alarm")
    silences = _labelled({one.value: now.silences.get(one.value, 0) for one in Scope})
    yield _gauge("silences", "Silences that hold, by scope.", silences, "scope")
    yield _gauge("outbox_messages", "Messages that wait to be sent.", {(): now.outbox})
    yield _gauge("outbox_failing", "1 when the last message was not taken.", {(): now.outbox_failing})
    yield _gauge(
        "channel_last_success_timestamp_seconds",
        "When a channel last took a message, by channel; none for one that never did.",
        {(name,): at for name, at in sorted(now.took.items())},
        "channel",
    )
    yield _gauge("disk_free_bytes", "Free space, by file system.", {(v.path,): v.free for v in now.volumes}, "path")
    yield _gauge("disk_size_bytes", "Size, by file system.", {(v.path,): v.total for v in now.volumes}, "path")
    waiting = now.waiting
    if waiting is not None:
        yield _gauge("rescued_files", "Videos that wait in _rescatados.", {(): waiting.number})
        yield _gauge("rescued_bytes", "What they take.", {(): waiting.size})
        yield from _known("rescued_oldest_timestamp_seconds", "Since when the oldest waits.", waiting.oldest)
    yield from _known("bot_api_up", "1 when the local Bot API server answers.", now.server_up)
    yield _gauge("unit_configured", "1 when systemd is asked about a unit of the bot.", {(): now.unit_configured})
    yield from _known("unit_active", "1 when the bot's unit runs.", now.unit_active)
    yield from _known("unit_restarts", "How often systemd has restarted the bot's unit.", now.unit_restarts)
    if now.usage.process is not None:
        yield from _process(now.usage.process, now.started_at)
    if now.usage.host is not None:
        yield from _host(now.usage.host)


def _forecast(view: ForecastView) -> Iterator[Metric]:
    """Predictions of now, and how those of the past came out, by kind; none of a kind that is off."""
    scores = {one.kind.value: one for one in view.scores if one.state is not KindState.OFF}
    if not scores:
        return
    likely = dict.fromkeys(scores, 0.0)
    chances = [(one.prediction.kind.value, one.prediction.p) for one in view.foreseen]
    for kind, p in (*chances, *((PredictionKind.DISK.value, fan.probability) for fan in view.disks)):
        likely[kind] = max(likely.get(kind, 0.0), p)
    told = {kind: one.state is KindState.TOLD for kind, one in scores.items()}
    left = {fan.path: max(0.0, fan.full_at - view.at) for fan in view.disks if fan.full_at is not None}
    about = "Seconds until free space meets the limit, by path; none for one that does not within 7 days."
    yield _gauge("forecast_probability", "Probability of what is foreseen, by kind.", _labelled(likely), "kind")
    yield _gauge(
        "forecast_told", "1 where the administrator is told of predictions, by kind.", _labelled(told), "kind"
    )
    yield _gauge("forecast_disk_full_seconds", about, _labelled(left), "path")
    for name, about in _JUDGED.items():
        counts = {kind: getattr(one, name) for kind, one in scores.items()}
        yield _counter(f"forecast_{name}", about, _labelled(counts), "kind")


def _labelled(values: Mapping[str, float]) -> Mapping[tuple[str, ...], float]:
    return {(label,): value for label, value in values.items()}


_JUDGED: Mapping[str, str] = {
    "said": "Predictions said, by kind.",
    "came_true": "Predictions that came true, by kind.",
    "false": "Predictions that did not come true, by kind.",
    "missed": "What happened without a prediction, by kind.",
}


def _process(usage: ProcessUsage, started_at: float) -> Iterator[Metric]:
    """The process by the names that client libraries give every process (without a prefix)."""
    start, about = "process_start_time_seconds", "Start time of the process since unix epoch in seconds."
    yield GaugeMetricFamily(start, about, started_at)
    memory = "process_resident_memory_bytes"
    yield GaugeMetricFamily(memory, "Resident memory size in bytes.", usage.rss)
    seconds = "Total user and system CPU time spent in seconds."
    yield CounterMetricFamily("process_cpu_seconds", seconds, usage.cpu_seconds)
    yield GaugeMetricFamily("process_open_fds", "Number of open file descriptors.", usage.open_files)
    yield GaugeMetricFamily("process_threads", "Number of threads.", usage.threads)


def _host(usage: HostUsage) -> Iterator[Metric]:
    yield _gauge("host_cpus", "CPUs of the host.", {(): usage.cpus})
    for minutes, load in zip((1, 5, 15), usage.load, strict=True):
        yield _gauge(f"host_load{minutes}", f"Load of the host over {minutes} min.", {(): load})
    yield _gauge("host_memory_bytes", "Memory of the host.", {(): usage.memory_total})
    yield _gauge("host_memory_available_bytes", "Memory that programs could still take.", {(): usage.memory_available})


def _known(name: str, about: str, value: float | None) -> Iterator[Metric]:
    if value is not None:
        yield _gauge(name, about, {(): int(value)})


def _gauge(name: str, about: str, samples: Mapping[tuple[str, ...], float], *labels: str) -> Metric:
    return _filled(GaugeMetricFamily(_PREFIX + name, about, labels=labels), samples)


def _counter(name: str, about: str, samples: Mapping[tuple[str, ...], float], *labels: str) -> Metric:
    return _filled(CounterMetricFamily(_PREFIX + name, about, labels=labels), samples)


def _filled(
    family: GaugeMetricFamily | CounterMetricFamily, samples: Mapping[tuple[str, ...], float]
) -> GaugeMetricFamily | CounterMetricFamily:
    for values, number in samples.items():
        family.add_metric(values, number)
    return family
