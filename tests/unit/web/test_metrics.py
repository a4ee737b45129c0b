"""The text that Prometheus reads, judged by Prometheus' own tool."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.component.web.opened import EVENTS, NOON, Here
from tests.component.web.samples import HOSTILE, sample
from trafico_monitor.messages import catalogue
from trafico_monitor.model.alert import ALARM_KEYS, Scope
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.incident import Estado, Event
from trafico_monitor.model.installation import Waiting
from trafico_monitor.model.prediction import DiskFan, ForecastView, KindScore, KindState, Prediction, PredictionKind
from trafico_monitor.model.prediction import SaidPrediction as Said
from trafico_monitor.model.resource_usage import HostUsage, ProcessUsage, ResourceUsage
from trafico_monitor.model.task import Outcome, RepairTask, TaskKind, TaskResult, Verdict
from trafico_monitor.web.metrics import Metrics
from trafico_monitor.web.ports import Gauges, Volume

BEFORE = Path(__file__).with_name("exposition_of_1.0.0.txt")
GAUGES = replace(Here().gauges(), volumes=(Volume('/srv/"a\\b\n', 5, 10, "ok"),))
FORECAST = ForecastView(
    NOON,
    (
        Said("P2", Prediction(PredictionKind.TIMEOUT, NOON, NOON + 60, 0.4, about=HOSTILE), told=False),
        Said("P1", Prediction(PredictionKind.TIMEOUT, NOON, NOON + 60, 0.9, about=HOSTILE), told=False),
    ),
    (
        KindScore(PredictionKind.DISK, KindState.TOLD, 9, 6, 2, 1),
        KindScore(PredictionKind.TIMEOUT, KindState.SHADOW),
        KindScore(PredictionKind.LOOP, KindState.OFF),
    ),
    (
        DiskFan("/srv", 10.0, 2.0, 0.82, full_at=NOON + 3600),
        DiskFan("/home", 10.0, 2.0, 0.1),
        DiskFan("/", 10.0, 2.0, 0.2, full_at=NOON - 5),
    ),
)


def filled() -> Metrics:
    metrics = Metrics()
    for n in range(30):
        one = sample(n, download=Download(HOSTILE, HOSTILE))
        metrics.count([Event(NOON, "incident_detected", "", 4, "", replace(one, estado=Estado.DETECTADO))])
        metrics.count([Event(NOON, EVENTS[one.estado], "", 4, "", one)])
    metrics.count([Event(NOON, "download_done", "")])
    order = RepairTask("a/1", "a", TaskKind.RETRY_DOWNLOAD, ErrorType.TIMEOUT, NOON)
    metrics.order_done(order, TaskResult("a/1", Outcome.DONE), Verdict(True))
    metrics.order_done(order, TaskResult("a/1", Outcome.FAILED), Verdict(False))
    return metrics


def values(text: str) -> dict[str, float]:
    """Each sample by its name and labels, those in alphabetical order."""
    samples = (one for family in text_string_to_metric_families(text) for one in family.samples)
    return {one.name + _labels(one.labels): one.value for one in samples}


def _labels(labels: dict[str, str]) -> str:
    inside = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    return f"{{{inside}}}" if inside else ""


def described(text: str) -> dict[str, tuple[str, str]]:
    families = text_string_to_metric_families(text)
    return {family.name: (family.type, family.documentation) for family in families}


def test_every_metric_of_the_first_release_keeps_name_help_type_and_labels() -> None:
    """The file is what 1.0.0 answers for the same counts and gauges."""
    waiting = Waiting(3, 8_320_605, NOON, "a.mp4")
    text = filled().exposition(replace(GAUGES, took={"admin": NOON, 'x"\n': 1.0}, waiting=waiting))
    before = BEFORE.read_text()
    now, then = values(text), values(before)
    assert len(then) > 150 and {name: now.get(name) for name in then} == then
    assert described(before).items() <= described(text).items()


@pytest.mark.parametrize("metrics", [Metrics(), filled()], ids=["empty", "filled"])
def test_promtool_finds_nothing_to_say(metrics: Metrics) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"],
        input=metrics.exposition(GAUGES, FORECAST),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_counted() -> None:
    found = values(filled().exposition(GAUGES))
    name = "trafico_monitor_"
    opened = [value for line, value in found.items() if line.startswith(f"{name}incidents_opened_total")]
    assert sum(opened) >= 30 and len(opened) == len(ErrorType)
    assert found[f'{name}incidents_closed_total{{estado="solucionado",type="corrupto"}}'] >= 0
    assert found[f'{name}orders_total{{order="retry_download",outcome="proven"}}'] == 1
    assert found[f'{name}orders_total{{order="retry_download",outcome="failed"}}'] == 1
    assert found[f"{name}downloads_completed_total"] == 1
    assert found[f'{name}incidents_open{{estado="pendiente",type="timeout"}}'] == 2
    assert found[f"{name}reader_lag_seconds"] == 0.25 and found[f"{name}unit_restarts"] == 4


def test_what_is_foreseen_and_how_it_came_out() -> None:
    name = "trafico_monitor_forecast_"
    found = {
        line.removeprefix(name): value
        for line, value in values(Metrics().exposition(GAUGES, FORECAST)).items()
        if line.startswith(name)
    }
    assert found == {
        'probability{kind="disk"}': 0.82,
        'probability{kind="timeout"}': 0.9,
        'told{kind="disk"}': 1,
        'told{kind="timeout"}': 0,
        'disk_full_seconds{path="/srv"}': 3600,
        'disk_full_seconds{path="/"}': 0,
        **{
            f'{outcome}_total{{kind="{kind}"}}': number
            for kind, numbers in (("disk", (9, 6, 2, 1)), ("timeout", (0, 0, 0, 0)))
            for outcome, number in zip(("said", "came_true", "false", "missed"), numbers, strict=True)
        },
    }
    assert "trafico_monitor_forecast" not in Metrics().exposition(GAUGES), "off, or not begun: not counted"


def test_when_a_channel_last_took_a_message() -> None:
    found = values(Metrics().exposition(replace(GAUGES, took={"admin": NOON, 'x"\n': 1.0})))
    name = "trafico_monitor_channel_last_success_timestamp_seconds"
    assert found[f'{name}{{channel="admin"}}'] == NOON and len([one for one in found if one.startswith(name)]) == 2


def test_the_histogram_only_grows() -> None:
    found = values(filled().exposition(GAUGES))
    for kind in (each.value for each in ErrorType):
        bucket, of_kind = "trafico_monitor_repair_duration_seconds_bucket", f'type="{kind}"}}'
        counts = [value for line, value in found.items() if line.startswith(bucket) and line.endswith(of_kind)]
        assert counts == sorted(counts)
        assert counts[-1] == found[f'trafico_monitor_repair_duration_seconds_count{{type="{kind}"}}']


def test_every_metric_is_documented() -> None:
    usage = ResourceUsage(ProcessUsage(1, 1.0, 0.1, 1, 1), HostUsage(1, (0.5, 0.5, 0.5), 1, 1))
    now = replace(
        GAUGES, usage=usage, waiting=Waiting(1, 1, NOON, "a"), took={"admin": NOON}, last_line=NOON, database=1
    )
    names = re.findall(r"^# TYPE (\S+)", filled().exposition(now, FORECAST), re.MULTILINE)
    page = (Path(__file__).parents[3] / "docs/reference/metrics.md").read_text()
    documented = page.replace("`…load", "`trafico_monitor_host_load")
    assert len(names) > 35 and [name for name in names if f"`{name}`" not in documented] == []


def test_every_known_combination_has_a_sample_from_the_start() -> None:
    """`increase` and `== 1` need the zero before it."""
    found = values(Metrics().exposition(replace(GAUGES, blind=())))
    for name, labels in {
        "orders_total": len(TaskKind) * (len(Outcome) + 1),
        "incidents_opened_total": len(ErrorType),
        "blind": len([code for code in catalogue("es") if code.startswith("blind.")]),
        "alarms": len(ALARM_KEYS),
        "silences": len(Scope),
    }.items():
        samples = [value for line, value in found.items() if line.startswith(f"trafico_monitor_{name}{{")]
        assert samples == [0.0] * labels, name


def test_the_present_of_the_bot_and_of_the_monitors_own_files() -> None:
    now = replace(GAUGES, last_line=NOON, database=7, alarms={"unit": 1}, silences={"all": 2}, unit_configured=False)
    found = values(Metrics().exposition(now))
    name = "trafico_monitor_"
    assert (found[f"{name}last_line_timestamp_seconds"], found[f"{name}database_bytes"]) == (NOON, 7)
    assert (found[f'{name}alarms{{alarm="unit"}}'], found[f'{name}silences{{scope="all"}}']) == (1, 2)
    assert found[f"{name}unit_configured"] == 0
    assert f"{name}last_line_timestamp_seconds" not in values(Metrics().exposition(GAUGES))


def test_no_name_of_a_line_is_a_label() -> None:
    """Neither a stranger's text nor series without end."""
    text = filled().exposition(GAUGES, FORECAST)
    assert HOSTILE not in text and "alert" not in text
    labels = set(re.findall(r'[{,](\w+)="', text))
    known = {"type", "estado", "order", "outcome", "le", "version", "reason", "path", "kind", "alarm", "scope"}
    assert labels == known


@pytest.mark.parametrize("waiting", [Waiting(), Waiting(3, 8_320_605, NOON, "a.mp4")])
def test_what_waits_for_a_person_is_counted_and_named_nowhere(waiting: Waiting) -> None:
    text = Metrics().exposition(replace(GAUGES, waiting=waiting))
    found = values(text)
    assert found["trafico_monitor_rescued_files"] == waiting.number
    assert found["trafico_monitor_rescued_bytes"] == waiting.size
    assert found.get("trafico_monitor_rescued_oldest_timestamp_seconds") == (waiting.oldest and int(waiting.oldest))
    assert "a.mp4" not in text
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert "rescued" not in Metrics().exposition(replace(GAUGES, waiting=None)), "not looked at: not counted"


def test_what_nobody_knows_is_left_out() -> None:
    blind: Gauges = replace(GAUGES, server_up=None, unit_active=None, unit_restarts=None)
    text = Metrics().exposition(blind)
    assert not any(f"trafico_monitor_{name} " in text for name in ("bot_api_up", "unit_active", "unit_restarts"))


def test_what_the_monitor_takes_and_the_host_has() -> None:
    process = ProcessUsage(rss=52_000_000, cpu_seconds=3.25, cpu=0.01, open_files=31, threads=7)
    host = HostUsage(cpus=2, load=(0.5, 0.25, 0.125), memory_total=4_000_000_000, memory_available=1_500_000_000)
    text = Metrics().exposition(replace(GAUGES, usage=ResourceUsage(process, host)))
    found = {
        name.removeprefix("trafico_monitor_"): value
        for name, value in values(text).items()
        if name.startswith(("process_", "trafico_monitor_host_"))
    }
    assert found == {
        "process_start_time_seconds": NOON,
        "process_resident_memory_bytes": 52e6,
        "process_cpu_seconds_total": 3.25,
        "process_open_fds": 31,
        "process_threads": 7,
        "host_cpus": 2,
        "host_load1": 0.5,
        "host_load5": 0.25,
        "host_load15": 0.125,
        "host_memory_bytes": 4e9,
        "host_memory_available_bytes": 1.5e9,
    }
    assert "process_" not in Metrics().exposition(GAUGES), "not known: left out"
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
