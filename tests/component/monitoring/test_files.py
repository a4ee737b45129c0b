"""Alert rules and dashboard, judged by Prometheus' own tool and held against what `/metrics` says."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.component.web.opened import Here
from trafico_monitor.model.prediction import ForecastView, KindScore, KindState, PredictionKind
from trafico_monitor.web.metrics import Metrics

FOLDER = Path(__file__).parents[3] / "packaging" / "monitoring"


def promtool(*words: str) -> None:
    done = subprocess.run(["promtool", *words], cwd=FOLDER, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def known() -> set[str]:
    forecast = ForecastView(0.0, scores=(KindScore(PredictionKind.DISK, KindState.TOLD),))
    text = Metrics().exposition(Here().gauges(), forecast)
    names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    return names | {f"{name}{end}" for name in names for end in ("_bucket", "_sum", "_count")}


def used(text: str) -> set[str]:
    return set(re.findall(r"\btrafico_monitor_\w+", text))


def test_the_rules_are_rules_and_fire_when_they_should() -> None:
    promtool("check", "rules", "trafico-monitor.rules.yml")
    promtool("test", "rules", "trafico-monitor.rules.test.yml")
    promtool("check", "config", "--syntax-only", "prometheus.yml")


def test_every_alert_has_its_place_in_the_runbook() -> None:
    rules = (FOLDER / "trafico-monitor.rules.yml").read_text()
    alerts = re.findall(r"- alert: (\w+)", rules)
    linked = re.findall(r'runbook_url: "\S*/examples/(\S+)#(\w+)"', rules)
    assert len(alerts) > 9 and linked == [("runbook.md", name.lower()) for name in alerts]
    assert re.findall(r"^## (\w+)", (FOLDER / "runbook.md").read_text(), re.MULTILINE) == alerts


def test_rules_and_dashboard_ask_for_metrics_that_there_are() -> None:
    for name in ("trafico-monitor.rules.yml", "grafana-dashboard.json"):
        found = used((FOLDER / name).read_text())
        assert found and found <= known(), name


def test_the_dashboard_is_one_that_grafana_can_import() -> None:
    board = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    assert board["title"] and board["schemaVersion"] >= 36
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    assert all(
        target["expr"].count("(") == target["expr"].count(")") for p in board["panels"] for target in p["targets"]
    )
