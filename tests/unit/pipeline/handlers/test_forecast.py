"""What is fed to the predictors, what is said of it and told, and what becomes of it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest

from trafico_monitor.config.schema import Predict
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.host.journal_writer import entry_fields
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.alert import NotificationCode, Scope, Severity, Silence
from trafico_monitor.model.changeset import ChangeSet, Snapshot
from trafico_monitor.model.finding import Finding, FindingKind
from trafico_monitor.model.journal_entry import JournalEntry
from trafico_monitor.model.prediction import (
    DAY,
    KindState,
    PredictionKind,
    PredictionOutcome,
    ProbeSample,
    SaidPrediction,
    Samples,
    SpaceSample,
)
from trafico_monitor.notify.messages.render import render
from trafico_monitor.pipeline.pipeline import OperatorChange, Pipeline

NOW = 1_790_000_000.0
HOUR = 3600.0
GB = 1e9
TOLD = Predict(shadow_days=0)
UNIT = "trafico-main.service"


class Machine:
    """The real pipeline on a clock of the test's own; what it would store is kept here."""

    def __init__(self, settings: Predict = TOLD, now: float = NOW) -> None:
        self.settings, self.now = settings, now
        self.said: dict[str, SaidPrediction] = {}
        self.steps: list[ChangeSet] = []
        self.foresight: object = None
        self.start()

    def start(self, saved: Snapshot | None = None) -> None:
        self.pipeline = Pipeline(Detector(load({})), Tracker(), Limits(), "es", predict=self.settings, full=2 * GB)
        if saved is not None:
            self.pipeline.restore(saved, self.now)

    def restart(self, memory: Mapping[str, object] | None = None) -> None:
        """Killed here: the next one goes on from what was stored, and has lost the rest."""
        samples = [one.samples for one in self.steps]
        kept = json.loads(json.dumps(self.foresight)) if self.foresight else None
        at = kept["at"] if kept else 0.0
        saved = Snapshot(
            predictions=tuple(self.said.values()),
            samples=Samples(
                tuple(s for one in samples for s in one.spaces),
                tuple(s for one in samples for s in one.probes if s.at > at),
                tuple(s for one in samples for s in one.downloads if s.started + s.seconds > at),
                tuple(s for one in samples for s in one.deaths if s.at > at),
            ),
            foresight=kept,
            memory=memory,
        )
        self.start(saved)

    def keep(self, changes: ChangeSet) -> ChangeSet:
        self.steps.append(changes)
        self.said |= {one.id: one for one in changes.predictions}
        self.foresight = changes.foresight or self.foresight
        return changes

    def unit(self, code: str) -> ChangeSet:
        return self.keep(self.pipeline.observe((Finding(FindingKind.UNIT, self.now, code=code, rule=UNIT),), self.now))

    def dies(self, asked: bool = False) -> ChangeSet:
        self.unit("started")
        self.now += 60.0
        if asked:
            self.unit("stopping")
        return self.unit("failed")

    def tick(self, seconds: float = 60.0) -> ChangeSet:
        self.now += seconds
        return self.keep(self.pipeline.tick(self.now))

    def space(self, free: float, total: float = 100 * GB) -> ChangeSet:
        sample = Samples((SpaceSample("/srv", self.now, free, total),))
        found = Finding(FindingKind.SPACE, self.now, code="ok", message="libre", samples=sample)
        return self.keep(self.pipeline.observe((found,), self.now))

    def notices(self) -> list[tuple[str, str, int]]:
        return [(n.key, n.code.value, n.thread) for one in self.steps for n in one.notices if n.prediction is not None]

    def records(self) -> list[str]:
        return [record.event for one in self.steps for record in one.records if record.event.startswith("fores")]


def loop(machine: Machine, deaths: int = 4) -> Iterator[ChangeSet]:
    for _ in range(deaths):
        yield machine.dies()


def test_a_crash_loop_is_told_once_and_its_message_is_edited_when_it_has_come_true() -> None:
    machine = Machine()
    list(loop(machine))
    [said] = machine.said.values()
    assert said.prediction.kind is PredictionKind.LOOP and said.told and said.outcome is None
    assert machine.notices() == [(said.id, "foreseen", 0)]
    machine.tick()
    list(loop(machine, 1))
    machine.tick()
    [judged] = machine.said.values()
    assert judged.outcome is PredictionOutcome.CAME_TRUE and judged.id == said.id
    assert machine.notices() == [(said.id, "foreseen", 0), (said.id, "foreseen_over", 0)]
    over = next(n for one in machine.steps for n in one.notices if n.code is NotificationCode.FORESEEN_OVER)
    assert over.only_edit and over.severity is Severity.RECOVERABLE
    assert machine.records() == ["foreseen", "foreseen_judged"]
    assert "Resultado: se cumplió" in render(over, "es").plain


def test_the_records_carry_kind_probability_and_interval() -> None:
    machine = Machine()
    list(loop(machine))
    said = next(iter(machine.said.values())).prediction
    record = next(r for one in machine.steps for r in one.records if r.event == "foreseen")
    fields = entry_fields(record, 5)
    assert fields["MESSAGE_ID"] == "b3ecd6a0dff44deab174efebc1ac15ab"
    assert fields["TRAFICO_PREVISION"] == "loop" and fields["TRAFICO_PROBABILIDAD"] == f"{said.p:.2f}"
    assert (said.lo, said.hi) == (
        pytest.approx(float(fields["TRAFICO_DESDE"]), abs=1),
        pytest.approx(float(fields["TRAFICO_HASTA"]), abs=1),
    )
    assert record.incident is None  # nothing of it belongs into descarga_errors.json


def test_ends_that_somebody_asked_for_are_no_loop() -> None:
    machine = Machine()
    for _ in range(6):
        machine.dies(asked=True)
    assert machine.said == {} and [d.planned for one in machine.steps for d in one.samples.deaths] == [True] * 6


def test_in_the_first_days_it_is_said_and_shown_and_not_told() -> None:
    machine = Machine(Predict(shadow_days=7))
    list(loop(machine))
    [said] = machine.said.values()
    assert not said.told and machine.notices() == [] and machine.records() == ["foreseen"]
    view = machine.pipeline.foresight.view(machine.now)
    assert [one.id for one in view.foreseen] == [said.id]
    assert view.scores[list(PredictionKind).index(PredictionKind.LOOP)].state is KindState.SHADOW


def test_a_restart_keeps_the_days_of_the_shadow_and_says_nothing_twice() -> None:
    machine = Machine(Predict(shadow_days=7))
    machine.space(50 * GB)
    machine.now += 8 * DAY
    machine.tick()
    machine.restart()
    for _ in range(4):
        machine.dies()
        machine.restart()  # after each step
    [said] = machine.said.values()
    assert said.told and machine.notices() == [(said.id, "foreseen", 0)]
    machine.dies()
    machine.restart()
    machine.tick()
    machine.restart()
    machine.tick()
    assert machine.notices() == [(said.id, "foreseen", 0), (said.id, "foreseen_over", 0)]


def test_what_the_journal_tells_late_is_learnt_and_not_said() -> None:
    machine = Machine()
    late = machine.now
    for _ in range(4):
        late += 60
        found = [Finding(FindingKind.UNIT, late - 1, code="started", rule=UNIT)]
        found.append(Finding(FindingKind.UNIT, late, code="failed", rule=UNIT))
        machine.keep(machine.pipeline.observe(found, NOW + 5 * HOUR))
    assert machine.said == {} and machine.records() == []
    assert sum(len(one.samples.deaths) for one in machine.steps) == 4


def test_a_switched_off_foresight_keeps_the_history_and_says_nothing() -> None:
    machine = Machine(replace(TOLD, enabled=False))
    list(loop(machine))
    machine.space(50 * GB)
    assert machine.said == {} and len([d for one in machine.steps for d in one.samples.deaths]) == 4
    view = machine.pipeline.foresight.view(machine.now)
    assert {one.state for one in view.scores} == {KindState.OFF} and view.disks == ()


def test_a_probe_of_the_server_is_kept() -> None:
    machine = Machine()
    sample = Samples(probes=(ProbeSample(machine.now, 4.5, 404),))
    found = Finding(FindingKind.SERVER, machine.now, code="up", samples=sample)
    assert machine.keep(machine.pipeline.observe((found,), machine.now)).samples.probes == sample.probes


def test_a_silence_and_the_budget_hold_for_what_is_foreseen() -> None:
    machine = Machine()
    silence = Silence("S1", Scope.ALL, "", NOW - 1, NOW + DAY, "obras", "cli:root")
    machine.keep(machine.pipeline.apply(OperatorChange(silences=(silence,)), NOW))
    list(loop(machine))
    [notice] = [n for one in machine.steps for n in one.notices if n.prediction is not None]
    assert notice.only_edit  # no message of its own

    machine = Machine(replace(TOLD, alerts_per_week=0))
    list(loop(machine))
    assert [one.told for one in machine.said.values()] == [False] and machine.notices() == []


def test_a_kind_that_is_wrong_falls_silent_and_says_so() -> None:
    machine = Machine(replace(TOLD, alerts_per_week=1000))
    for _ in range(6):
        list(loop(machine))
        for _ in range(300):
            machine.tick(600.0)  # two days, and nothing follows: false
    told = [n.code for one in machine.steps for n in one.notices]
    assert NotificationCode.FORESIGHT_SILENCED in told and told.count(NotificationCode.FORESIGHT_SILENCED) == 1
    list(loop(machine))
    assert not list(machine.said.values())[-1].told
    silenced = next(n for one in machine.steps for n in one.notices if n.code is NotificationCode.FORESIGHT_SILENCED)
    assert "el bot se reinicia en bucle" in render(silenced, "es").plain


def filling(machine: Machine, free: float, to: float, an_hour: float = 0.25 * GB, every: float = 1800.0) -> float:
    """A disk that fills steadily, looked at every half hour; returns what is free at the end."""
    while free > to:
        free -= an_hour * every / HOUR
        machine.now += every
        machine.space(free)
        machine.tick(0.0)
    return free


@pytest.fixture(scope="module")
def filled() -> Machine:
    """Twelve days of steady filling, to 5 of 100 GB: more than is left until the limit goes in a day."""
    machine = Machine()
    filling(machine, 97 * GB, 5 * GB)
    return machine


@pytest.fixture
def machine(filled: Machine) -> Machine:
    return copy.deepcopy(filled)


def test_a_disk_that_fills_is_told_once_hours_before_and_closed_when_it_is_full(machine: Machine) -> None:
    free = filling(machine, 5 * GB, 2.3 * GB)
    [said] = [one for one in machine.said.values() if one.prediction.kind is PredictionKind.DISK]
    lead = (said.prediction.lo or 0.0, said.prediction.hi or 0.0)
    assert said.told and said.outcome is None and said.prediction.about == "/srv"
    assert 4 * HOUR < lead[0] - said.prediction.said_at <= lead[1] - said.prediction.said_at < 40 * HOUR
    told = [one for one in machine.notices() if one[1] == "foreseen"]
    assert told[0] == (said.id, "foreseen", 0) and len(set(told)) == 1
    first = next(n for one in machine.steps for n in one.notices if n.prediction is not None)
    shown = render(first, "es")
    assert "disco lleno" in shown.plain and "/srv" in shown.plain and "entre " in shown.plain
    assert "Qué hacer" in shown.plain and "%" in shown.plain and len(shown.html) < 4096
    machine.restart()
    filling(machine, free, 1.9 * GB)
    machine.tick()
    judged = machine.said[said.id]
    assert judged.outcome is PredictionOutcome.CAME_TRUE and judged.came_at is not None
    assert lead[0] <= judged.came_at <= lead[1]
    assert machine.notices()[-1] == (said.id, "foreseen_over", 0)
    assert machine.records() == ["foreseen", "foreseen_judged"]


def test_a_disk_that_is_emptied_after_all_edits_the_message_it_was_told_with(machine: Machine) -> None:
    [said] = machine.said.values()
    for _ in range(3):
        machine.now += HOUR
        machine.space(70 * GB)
        machine.tick()
    assert machine.said[said.id].outcome is PredictionOutcome.VOID  # a person made room: nobody can know
    last = [n for one in machine.steps for n in one.notices if n.prediction is not None][-1]
    assert last.key == said.id and "no se pudo comprobar" in render(last, "es").plain


def test_a_forecast_that_becomes_unlikely_edits_its_message(machine: Machine) -> None:
    [said] = machine.said.values()
    for _ in range(3):  # some room was made, less than what counts as another beginning
        machine.now += HOUR
        machine.space(12 * GB)
        machine.tick()
    edits = [n for one in machine.steps for n in one.notices if n.prediction is not None and n.fields.get("ahora")]
    assert {(n.key, n.thread) for n in edits} == {(said.id, 0)}
    assert "Ahora: " in render(edits[-1], "es").plain


def test_a_disk_that_is_another_one_after_a_restart_leads_to_no_absurd_forecast() -> None:
    machine = Machine()
    filling(machine, 97 * GB, 60 * GB)
    machine.now += HOUR
    machine.space(190 * GB, 200 * GB)
    machine.restart()
    for _ in range(30):
        machine.now += HOUR
        machine.space(190 * GB, 200 * GB)
        machine.tick()
    assert machine.said == {}
    machine.restart()
    machine.now += HOUR
    machine.space(40 * GB, 100 * GB)  # and back
    assert machine.said == {}


def download(
    machine: Machine, number: int, event: str, seconds: float, size: int = 500_000_000, **more: str
) -> ChangeSet:
    """A report of the instrumented bot; `seconds` have passed."""
    machine.now += seconds
    fields = {
        "TRAFICO_EVENTO": event, "TRAFICO_CONTRATO": "1", "TRAFICO_DESCARGA": f"{number:016x}",
        "TRAFICO_MODELO": "victor", "TRAFICO_VIDEO": f"v{number}.mp4", "TRAFICO_FILE_ID": f"BAAC{number}",
        "TRAFICO_DESTINO": f"/srv/victor/v{number}.mp4", "TRAFICO_FILE_SIZE": f"{size}", **more,
    }  # fmt: skip
    entry = JournalEntry(f"descarga {event}", 7, machine.now, f"{event}{number}-{machine.now}", fields=fields)
    return machine.keep(machine.pipeline.consume((entry,), entry.cursor, machine.now))


def samples(machine: Machine) -> list[tuple[float | None, float, str]]:
    return [(s.size, s.seconds, s.outcome) for one in machine.steps for s in one.samples.downloads]


def test_size_time_and_outcome_of_each_download_are_kept_and_learnt_from() -> None:
    machine = Machine()
    for number in range(12):
        download(machine, number, "inicio", 60.0)
        download(machine, number, "fin", 40.0)
    assert samples(machine) == [(500e6, 40.0, "ok")] * 12
    timeouts = [one.prediction for one in machine.said.values()]
    assert {one.kind for one in timeouts} == {PredictionKind.TIMEOUT} and len(timeouts) <= 2
    assert all(one.about.startswith("victor/v") and one.p < 0.5 for one in timeouts)
    assert machine.records() == [] and machine.notices() == []  # unlikely: kept for the score, not said aloud
    machine.tick()
    assert all(one.outcome is PredictionOutcome.FALSE for one in machine.said.values())


def test_a_download_under_way_is_not_said_anew_after_a_restart() -> None:
    machine = Machine()
    machine.space(0.9 * GB)
    download(machine, 1, "inicio", 60.0)
    [said] = machine.said.values()
    assert said.prediction.kind is PredictionKind.FIT and said.told and said.prediction.about == "victor/v1.mp4"
    memory = [one.memory for one in machine.steps if one.memory is not None][-1]
    machine.restart(memory)
    machine.tick()
    machine.space(0.8 * GB)
    machine.tick()
    assert machine.notices() == [(said.id, "foreseen", 0)]
    download(machine, 1, "fin", 5.0)
    machine.tick()
    assert machine.said[said.id].outcome is PredictionOutcome.FALSE
    assert machine.notices()[1:] == [(said.id, "foreseen_over", 0)]


def test_four_failures_of_ten_are_told() -> None:
    machine = Machine()
    machine.space(90 * GB)
    machine.now += 4 * DAY
    for number in range(10):
        download(machine, number, "inicio", 60.0)
        failed = number % 3 == 0
        words = {"TRAFICO_EXCEPCION": "mybot.Odd", "TRAFICO_TEXTO": "Odd: 3"} if failed else {}
        download(machine, number, "error" if failed else "fin", 40.0, **words)
    assert [one[2] for one in samples(machine)].count("failed") == 4
    [said] = [one for one in machine.said.values() if one.prediction.kind is PredictionKind.SHARE]
    assert said.told


def test_a_copy_that_receives_nothing_for_a_minute_is_told_as_stalled() -> None:
    machine = Machine()
    machine.space(90 * GB)
    download(machine, 1, "inicio", 60.0)
    [attempt] = machine.pipeline.detector.attempts
    for seen in range(8):
        machine.now += 10.0
        received = min(seen, 1) * 1_000_000  # some bytes, and then none
        machine.keep(machine.pipeline.arrived({attempt.report: received}, machine.now))
    [said] = [one for one in machine.said.values() if one.prediction.kind is PredictionKind.STALL]
    assert said.told and said.prediction.about == "victor/v1.mp4"


def test_a_hostile_name_breaks_no_text_of_a_prediction() -> None:
    machine = Machine()
    machine.space(0.9 * GB)
    name = "</b><a href='x'>1234567890:AAExampleExampleExampleExampleExampl\\n\\u202e" + "x" * 5000 + ".mp4"
    download(machine, 1, "inicio", 60.0, TRAFICO_VIDEO=name)
    notice = next(n for one in machine.steps for n in one.notices if n.prediction is not None)
    shown = render(notice, "es")
    assert "<a " not in shown.html and "AAExample" not in shown.html + shown.plain and len(shown.html) < 4096
    record = next(r for one in machine.steps for r in one.records if r.event == "foreseen")
    assert len(record.text) < 600 and record.text.isprintable()


def test_a_reload_takes_the_new_settings() -> None:
    machine = Machine(Predict(shadow_days=7))
    list(loop(machine))
    machine.pipeline.reload(Limits(), "es", "", predict=TOLD, full=1 * GB)
    machine.dies()
    machine.now += 30.0
    view = machine.pipeline.foresight.view(machine.now)
    assert {one.state for one in view.scores} <= {KindState.TOLD, KindState.LEARNING}


def test_a_disk_that_will_surely_be_full_within_hours_is_critical_and_answered_like_other_alerts() -> None:
    machine = Machine()
    free = filling(machine, 40 * GB, 24 * GB, an_hour=0.05 * GB, every=HOUR)
    while free > 2 * GB and not machine.said:  # a runaway, unlike every hour before
        free -= 0.12 * GB
        machine.now += 60.0
        machine.space(free)
        machine.tick(0.0)
    [said] = machine.said.values()
    assert said.told and (said.prediction.hi or 0.0) - said.prediction.said_at <= 6 * HOUR
    [notice] = [n for one in machine.steps for n in one.notices if n.prediction is not None]
    assert (notice.key, notice.severity) == ("forecast", Severity.CRITICAL)
    shown = render(notice, "es")
    assert "CRÍTICO" in shown.plain and "Casi seguro: disco lleno" in shown.plain
    assert shown.actions == (f"acknowledge:forecast-{notice.thread}",)
    machine.keep(machine.pipeline.acknowledge("forecast", "cli:root", machine.now, ()))
    [alert] = machine.pipeline.alerting.alerts
    assert alert.acknowledged_by == "cli:root"
    machine.now += 60.0
    machine.space(1.9 * GB)
    machine.tick()
    assert machine.said[said.id].outcome is PredictionOutcome.CAME_TRUE
    assert machine.pipeline.alerting.alerts == ()  # resolved


def test_the_message_of_a_drain_stays_as_sure_while_it_goes_on_also_over_a_restart() -> None:
    """The days before know nothing of it: their forecast must not take its word back."""
    machine = Machine()
    free = filling(machine, 40 * GB, 24 * GB, an_hour=0.05 * GB, every=HOUR)
    while free > 4 * GB:
        free -= 0.12 * GB
        machine.now += 60.0
        machine.space(free)
        machine.tick(0.0)
        if abs(free - 10 * GB) < 0.06 * GB:
            machine.restart()
    [said] = machine.said.values()
    [fan] = machine.pipeline.foresight.fans(machine.now)
    assert fan.probability == said.prediction.p and fan.full_at is not None
    assert fan.full_at - machine.now == pytest.approx(2 / 7.2 * HOUR, rel=0.1)
    assert [key for key, _, _ in machine.notices()] == ["forecast"]
    for _ in range(90):  # it has ended: the message says so
        machine.now += 60.0
        machine.space(free)
        machine.tick(0.0)
    assert "ahora" in [n for one in machine.steps for n in one.notices if n.prediction is not None][-1].fields
