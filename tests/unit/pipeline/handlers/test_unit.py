"""The life of the unit, by what PID 1 of Debian 12 (systemd 252) and 13 (257) really wrote into the journal.

`pid_1.json` was recorded on booted machines: for each story the seconds since its first entry, and the entry's fields.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from tests.cases import each
from trafico_monitor.config.schema import Alerts
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.engine import RuleSet
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.journal.origin import Watch
from trafico_monitor.journal.parser import parse
from trafico_monitor.model.alert import Notification, Scope
from trafico_monitor.model.changeset import ChangeSet, Snapshot
from trafico_monitor.model.finding import Finding, FindingKind
from trafico_monitor.model.journal_entry import JournalEntry
from trafico_monitor.notify.routing import RoutingConfig
from trafico_monitor.pipeline.pipeline import Pipeline

UNIT = "trafico-main.service"
RECORDED: dict[str, dict[str, list[tuple[float, dict[str, str]]]]] = json.loads(
    (Path(__file__).parent / "pid_1.json").read_text()
)
DEBIANS = tuple(RECORDED)
NOON = 1_800_000_000.0
UNASKED = (
    "exit_0_by_itself",
    "exit_1_by_itself",
    "exit_0_restart_no",
    "exit_0_restart_on_failure",
    "kill_9_of_all",
    "systemctl_kill",
    "systemctl_restart_between_restarts",
)
ASKED = ("systemctl_stop", "systemctl_restart", "systemctl_stop_exit_7", "oneshot", "notify_systemctl_restart")


def story(debian: str, name: str, at: float = NOON) -> list[JournalEntry]:
    """The entries of a story that begins at `at`."""
    said = []
    for number, (seconds, fields) in enumerate(RECORDED[debian][name]):
        raw: dict[str, object] = {**fields, "_PID": "1", "UNIT": UNIT}
        entry = parse(raw, Watch(UNIT, "bot_central.py"), at=at + seconds, cursor=f"{name}:{at}:{number}")
        assert entry is not None
        said.append(entry)
    return said


@dataclass
class Watcher:
    """A pipeline with a clock, and all that it has told: `rung` are messages of their own, `edits` those that
    change one."""

    alerts: Alerts = field(default_factory=Alerts)
    now: float = NOON
    rung: list[Notification] = field(default_factory=list)
    edits: list[Notification] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        plan = RoutingConfig(self.alerts, ("admin",))
        self.pipeline = Pipeline(Detector(RuleSet(())), Tracker(), Limits(), "es", routing=plan)

    def hear(self, *entries: JournalEntry) -> None:
        """Each as it comes."""
        for entry in entries:
            self.wait(entry.at - self.now)
            self._keep(self.pipeline.consume((entry,), entry.cursor, self.now))

    def read(self, *entries: JournalEntry, now: float) -> None:
        """All at once, later: the monitor was away."""
        self.now = now
        self._keep(self.pipeline.consume(entries, entries[-1].cursor, now))
        self._keep(self.pipeline.tick(now))

    def find(self, code: str) -> None:
        self._keep(self.pipeline.observe((Finding(FindingKind.UNIT, self.now, rule=UNIT, code=code),), self.now))

    def ended(self, pid: int, last: bool = True) -> None:
        self._keep(self.pipeline.process_ended(UNIT, pid, self.now, last, self.now))

    def began(self, pid: int) -> None:
        self._keep(self.pipeline.process_began(UNIT, pid, self.now, self.now))

    def wait(self, seconds: float) -> None:
        end = self.now + max(0.0, seconds)
        while self.now < end:
            self.now = min(end, self.now + 0.25)
            self._keep(self.pipeline.tick(self.now))

    def restart(self) -> None:
        """kill -9 of the monitor: it goes on with what its last transaction stored."""
        memory = json.loads(json.dumps(self.pipeline.memory()))
        alarms, silences = self.pipeline.alerting.alerts, self.pipeline.alerting.active_silences(self.now)
        self.__post_init__()
        self.pipeline.restore(Snapshot(memory=memory, alarms=alarms, silences=silences))

    def _keep(self, changes: ChangeSet) -> None:
        if changes.memory is not None:
            assert json.loads(json.dumps(changes.memory))
        for notice in changes.notices:
            (self.edits if notice.only_edit else self.rung).append(notice)

    @property
    def codes(self) -> list[str]:
        return [one.code for one in self.rung]


@each("debian", DEBIANS)
@each("name", UNASKED)
def test_an_end_that_nobody_asked_for_is_told_once_whatever_its_exit_status(debian: str, name: str) -> None:
    watcher = Watcher()
    watcher.hear(*story(debian, name))
    watcher.wait(40)
    assert watcher.codes == ["unit_died"]
    assert UNIT in watcher.rung[0].fields["texto"]
    if "exit_0" in name:
        assert "nadie lo detuvo" in watcher.rung[0].fields["texto"]


@each("debian", DEBIANS)
@each("name", ASKED)
def test_what_somebody_asked_for_is_no_alarm(debian: str, name: str) -> None:
    watcher = Watcher()
    watcher.hear(*story(debian, name))
    if name == "systemctl_stop_exit_7":
        watcher.find("failed")  # the periodic look: its state
    watcher.wait(200)
    assert watcher.codes == []


@pytest.mark.parametrize("debian", DEBIANS)
def test_a_stop_and_a_restart_by_a_job_are_maintenance(debian: str) -> None:
    for name in ("systemctl_stop", "systemctl_restart"):
        watcher = Watcher()
        stopping = [one for one in story(debian, name) if "Stopping" in one.message]
        watcher.hear(*stopping)
        assert [one.scope for one in watcher.pipeline.alerting.active_silences(watcher.now)] == [Scope.MAINTENANCE]


@pytest.mark.parametrize("debian", DEBIANS)
def test_a_shutdown_is_asked_for_and_the_crash_before_it_is_not(debian: str) -> None:
    watcher = Watcher()
    watcher.hear(*story(debian, "reboot"))
    watcher.wait(100)
    assert watcher.codes == ["unit_died"]  # that of its first seconds


@pytest.mark.parametrize("debian", DEBIANS)
@pytest.mark.parametrize("name", ["crash_loop_exit_0", "crash_loop_exit_3"])
@pytest.mark.parametrize("at_once", [False, True], ids=["live", "backlog"])
def test_a_crash_loop_is_one_alarm_that_counts(debian: str, name: str, at_once: bool) -> None:
    watcher = Watcher()
    if at_once:
        watcher.read(*story(debian, name), now=NOON + 30)
    else:
        watcher.hear(*story(debian, name))
    watcher.wait(300)
    assert watcher.codes == ["unit_died"], "never «back» between two crashes, nor a second alarm"
    last = [*watcher.rung, *watcher.edits][-1]
    assert last.fields["caidas"] == "4 en 2 s"
    assert "ya no lo vuelve a arrancar" in last.fields["texto"]
    assert {one.thread for one in (*watcher.rung, *watcher.edits)} == {watcher.rung[0].thread}


@pytest.mark.parametrize("debian", DEBIANS)
def test_its_end_is_told_once_it_has_lived_for_a_while(debian: str) -> None:
    watcher = Watcher()
    for turn in range(7):  # seven restarts in forty seconds
        watcher.hear(*story(debian, "exit_0_by_itself", NOON + 5.5 * turn))
        watcher.restart()
    watcher.wait(50)
    assert watcher.codes == ["unit_died"]
    assert watcher.edits[-1].fields["caidas"] == "7 en 33 s"
    watcher.wait(20)
    assert watcher.codes == ["unit_died", "unit_back"]
    assert watcher.rung[-1].fields["caidas"] == "7 en 33 s"
    assert watcher.pipeline.alerting.alerts == ()
    watcher.wait(1000)
    watcher.hear(*story(debian, "exit_0_by_itself", watcher.now))
    assert watcher.codes == ["unit_died", "unit_back", "unit_died"]


def test_crashes_that_come_slower_than_the_hold_become_one_alarm_too() -> None:
    """Every 90 s: the second one tells how long a life of this bot has to be waited for."""
    watcher = Watcher()
    for turn in range(8):
        watcher.hear(*story("debian 13", "exit_0_by_itself", NOON + 90 * turn)[1 if turn else 0 :])
    watcher.wait(600)
    assert watcher.codes == ["unit_died", "unit_back", "unit_died", "unit_back"]
    assert watcher.rung[-1].fields["caidas"].startswith("8 en ")


@pytest.mark.parametrize("period", [5.5, 30, 60.3, 61, 65, 90, 119])
def test_a_recovery_is_told_when_it_lasted(period: float) -> None:
    """A crash loop from its first start on: «back» stands nowhere before the next crash, and once behind the last."""
    watcher = Watcher()
    for turn in range(6):
        start = NOON + period * turn
        began, ended = story("debian 13", "exit_0_by_itself", start)[0], story("debian 13", "exit_0_by_itself")
        watcher.hear(began, *(replace(one, at=start + period - 1 + (one.at - NOON) / 100) for one in ended[1:]))
    assert watcher.codes == ["unit_died"]
    watcher.hear(story("debian 13", "exit_0_by_itself", NOON + 6 * period)[0])
    watcher.wait(2 * period + 61)
    assert watcher.codes == ["unit_died", "unit_back"]
    assert watcher.rung[-1].fields["caidas"].startswith("6 en ")


def test_a_crash_soon_after_a_told_recovery_is_counted_with_those_before() -> None:
    """A bot that lived for hours begins to crash every 65 s: one recovery did not last, and no second is told."""
    watcher = Watcher()
    started, *ended = story("debian 13", "exit_0_by_itself")
    lives = (20_000.0, *(65.0,) * 5)
    for number, life in enumerate(lives):
        start = NOON + sum(lives[:number])
        watcher.hear(replace(started, at=start), *(replace(one, at=start + life - 1) for one in ended))
    assert watcher.codes == ["unit_died", "unit_back", "unit_died"]
    assert watcher.rung[-1].fields["caidas"].startswith("2 en ")
    assert watcher.edits[-1].fields["caidas"].startswith("6 en ")
    watcher.hear(replace(started, at=watcher.now + 1))
    watcher.wait(140)
    assert watcher.codes == ["unit_died", "unit_back", "unit_died", "unit_back"]


def test_a_unit_that_a_timer_starts_ends_by_itself_as_it_should() -> None:
    watcher = Watcher()
    watcher.pipeline.expect_ends(True)
    watcher.hear(*story("debian 13", "exit_0_restart_no"))
    assert watcher.codes == []
    watcher.hear(*story("debian 13", "exit_1_by_itself", NOON + 100)[:3])
    watcher.hear(*story("debian 13", "exit_0_restart_no", NOON + 200))
    assert watcher.codes == ["unit_died", "unit_back"], "a run that ends well is the end of the alarm"


def test_a_process_of_the_bot_that_ends_while_main_lives_is_told_and_its_return() -> None:
    watcher = Watcher()
    watcher.hear(*story("debian 13", "exit_0_by_itself")[:1])
    watcher.wait(600)  # longer than a crash loop is thought of
    watcher.ended(500)
    watcher.wait(1)
    assert watcher.codes == [], "a stop job may yet be told of"
    watcher.wait(1)
    assert watcher.codes == ["unit_died"]
    assert "500" in watcher.rung[0].fields["texto"]
    watcher.find("running")  # of the unit that is true
    watcher.wait(100)
    watcher.began(501)
    watcher.wait(59)
    assert watcher.codes == ["unit_died"]
    watcher.wait(2)
    assert watcher.codes == ["unit_died", "unit_back"]


@pytest.mark.parametrize("debian", DEBIANS)
def test_a_process_that_takes_main_with_it_is_one_end(debian: str) -> None:
    for early in (0.1, 3.0):  # before main.py has noticed, and so long before that it was told
        watcher = Watcher()
        started, *rest = story(debian, "exit_0_by_itself")
        watcher.hear(started)
        watcher.wait(rest[0].at - early - watcher.now)
        watcher.ended(500)
        watcher.hear(*rest)
        watcher.began(600)
        watcher.wait(30)
        assert watcher.codes == ["unit_died"]
        assert watcher.edits == []


@pytest.mark.parametrize("debian", DEBIANS)
def test_a_process_that_ends_with_a_stop_job_is_no_crash_though_the_kernel_is_faster(debian: str) -> None:
    watcher = Watcher()
    started, *rest = story(debian, "systemctl_restart")
    watcher.hear(started)
    watcher.wait(rest[0].at - 0.4 - watcher.now)
    watcher.ended(500)
    watcher.hear(*rest)
    watcher.began(600)
    watcher.wait(100)
    assert watcher.codes == []


def test_what_the_journal_lost_is_mended_by_the_periodic_look() -> None:
    watcher = Watcher()
    watcher.find("failed")
    watcher.find("failed")
    watcher.wait(20)
    watcher.find("running")  # perhaps from before
    watcher.wait(100)
    assert watcher.codes == ["unit_died"]
    watcher.find("running")
    watcher.wait(61)
    assert watcher.codes == ["unit_died", "unit_back"]


def test_a_control_process_that_fails_ends_nothing() -> None:
    """ExecReload= has the MESSAGE_ID of the main process's exit."""
    watcher = Watcher()
    text = f"{UNIT}: Control process exited, code=exited, status=1/FAILURE"
    raw: dict[str, object] = {"MESSAGE": text, "MESSAGE_ID": "98e322203f7a4ed290d09fe03c09fe15", "_PID": "1"}
    entry = parse({**raw, "UNIT": UNIT}, Watch(UNIT, ""), at=NOON, cursor="x")
    assert entry is not None
    watcher.hear(entry)
    watcher.wait(10)
    assert watcher.codes == []


def test_a_memory_of_the_version_before_is_understood() -> None:
    watcher = Watcher()
    watcher.pipeline.restore(Snapshot(memory={"unit_down": "failed"}))
    watcher.hear(*story("debian 13", "exit_0_by_itself")[:1])
    watcher.wait(61)
    assert watcher.codes == ["unit_back"]


def test_without_a_hold_every_start_ends_the_alarm() -> None:
    watcher = Watcher(Alerts(unit_settled=0))
    watcher.hear(*story("debian 13", "exit_1_by_itself"))
    assert watcher.codes == ["unit_died", "unit_back"]
