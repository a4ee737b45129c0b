"""Causes before symptoms, through the whole pipeline: what waits, who goes on, who stops again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.rule_files import PACKAGED, read_rule_files
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.recovery_queue import AT_ONCE
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.changeset import ChangeSet, Snapshot
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado
from trafico_monitor.model.journal_entry import JournalEntry
from trafico_monitor.model.task import Evidence, Outcome, RepairTask, TaskKind, TaskResult, Verdict
from trafico_monitor.notify.messages.render import render
from trafico_monitor.pipeline.pipeline import Pipeline

NOW = 1_766_000_000.0
FULL, FREE = Evidence("space", "0 GB", False), Evidence("space", "9 GB")
PROOF = Verdict(True, (Evidence("file", "/m/a.mp4"),))
Answer = Callable[[RepairTask], tuple[TaskResult, Verdict]]


def new() -> Pipeline:
    return Pipeline(Detector(load({})), Tracker(), Limits(), "es")


def failed(number: int, error_type: ErrorType = ErrorType.TIMEOUT) -> Finding:
    download = Download(modelo="victor", video=f"{number:02}.mp4", source=f"/x/videos/file_{number:02}.mp4")
    return Finding(
        FindingKind.FAILED,
        NOW + number / 100,
        100 + number,
        download,
        error_type,
        "r",
        origin=f"s{number}",
        actionable=download,
    )


class Machine:
    """Carries out what the pipeline orders, in the order in which it is due, by an own clock."""

    def __init__(self, pipeline: Pipeline, answer: Answer) -> None:
        self.pipeline, self.answer = pipeline, answer
        self.now = NOW + 10
        self.ran: list[RepairTask] = []
        self.most = 0

    def run(self) -> None:
        while self.pipeline.orders:
            self.most = max(self.most, len(self.pipeline.orders))
            order = min(self.pipeline.orders.values(), key=lambda one: (one.due_at, one.id))
            self.now = max(self.now, order.due_at)
            self.ran.append(order)
            self.pipeline.finish_task(order, *self.answer(order), self.now)


def works(order: RepairTask) -> tuple[TaskResult, Verdict]:
    return TaskResult(order.id, Outcome.DONE, "copied"), PROOF


def blocked(order: RepairTask) -> tuple[TaskResult, Verdict]:
    return TaskResult(order.id, Outcome.BLOCKED_BY_SPACE, "no_space"), Verdict(False)


@pytest.fixture
def fifty() -> Pipeline:
    """Fifty downloads that failed while the disk was full."""
    pipeline = new()
    pipeline.set_disk_full(True, FULL, NOW)
    pipeline.observe([failed(number) for number in range(50)], NOW + 1)
    assert not pipeline.orders
    assert {one.waiting_for for one in pipeline.tracker.open_incidents()} == {ErrorType.DISCO_LLENO}
    return pipeline


def videos(orders: list[RepairTask]) -> list[str | None]:
    return [order.download.video for order in orders]


def test_all_fifty_go_on_oldest_first_and_a_few_at_a_time(fifty: Pipeline) -> None:
    machine = Machine(fifty, works)
    fifty.set_disk_full(False, FREE, machine.now)
    machine.run()
    ran = videos(machine.ran)
    assert len(ran) == 50
    assert all(abs(place - ran.index(f"{place:02}.mp4")) <= AT_ONCE for place in range(50))
    assert machine.most == AT_ONCE
    assert not fifty.tracker.open_incidents()


def test_a_disk_that_fills_up_again_after_two_stops_the_rest_before_they_try(fifty: Pipeline) -> None:
    left = iter([works, works])
    machine = Machine(fifty, lambda order: next(left, blocked)(order))
    fifty.set_disk_full(False, FREE, machine.now)
    machine.run()
    assert len(machine.ran) <= 2 + AT_ONCE
    waiting = fifty.tracker.open_incidents()
    assert len(waiting) == 48
    assert {(one.attempt, one.estado, one.waiting_for) for one in waiting} == {
        (0, Estado.PENDIENTE, ErrorType.DISCO_LLENO)
    }
    fifty.set_disk_full(True, FULL, machine.now + 30)
    machine.run()
    assert len(machine.ran) <= 2 + AT_ONCE
    machine.answer, machine.now = works, machine.now + 60
    fifty.set_disk_full(False, FREE, machine.now)
    machine.run()
    assert not fifty.tracker.open_incidents()


def test_a_video_that_does_not_fit_keeps_nobody_back_and_does_not_try_for_ever(fifty: Pipeline) -> None:
    machine = Machine(fifty, lambda order: (blocked if order.download.video == "00.mp4" else works)(order))
    for _ in range(120):  # an hour of rounds
        fifty.set_disk_full(False, FREE, machine.now)
        machine.run()
        machine.now += 30
    assert [one.download.video for one in fifty.tracker.open_incidents()] == ["00.mp4"]
    assert videos(machine.ran).count("00.mp4") <= 10
    machine.answer, machine.now = works, machine.now + 3600
    fifty.set_disk_full(False, FREE, machine.now)
    machine.run()
    assert not fifty.tracker.open_incidents()


def test_a_restart_half_way_goes_on_where_it_was(fifty: Pipeline) -> None:
    machine = Machine(fifty, works)
    first = fifty.set_disk_full(False, FREE, machine.now)
    assert len(first.orders) == AT_ONCE
    memory = json.loads(json.dumps(fifty.memory()))
    again = new()
    again.restore(Snapshot(fifty.tracker.open_incidents(), tuple(fifty.orders.values()), "", memory))
    machine = Machine(again, works)
    machine.run()  # what had been given; the rest waits until it has been looked at
    assert len(machine.ran) == AT_ONCE
    again.set_disk_full(False, FREE, machine.now)
    machine.run()
    assert not again.tracker.open_incidents()


def server(code: str, at: float) -> Finding:
    return Finding(FindingKind.SERVER, at, message=code, code=code)


def test_an_outage_is_never_ended_by_what_was_seen_before_it() -> None:
    """The server answered at the last look; then the bot says that it does not."""
    pipeline = new()
    pipeline.observe((server("up", NOW - 5),), NOW - 5)
    pipeline.observe((failed(1), failed(2, ErrorType.SERVIDOR_CAIDO)), NOW)
    retry = next(order for order in pipeline.orders.values() if order.kind is TaskKind.RETRY_DOWNLOAD)
    pipeline.finish_task(retry, *works(retry), NOW + 2)
    late = pipeline.observe((server("up", NOW - 1),), NOW + 3)  # a look that had begun before
    outage = next(one for one in pipeline.tracker.open_incidents() if one.error_type is ErrorType.SERVIDOR_CAIDO)
    assert outage.waiting_for is ErrorType.SERVIDOR_CAIDO and not late.orders
    pipeline.observe((server("up", NOW + 30),), NOW + 30)
    resumed = [order for order in pipeline.orders.values() if order.kind is TaskKind.RETRY_DOWNLOAD]
    assert [order.incident_id for order in resumed] == [outage.id]


def test_a_dead_server_met_by_one_holds_the_others() -> None:
    pipeline = new()
    pipeline.observe([failed(number) for number in range(5)], NOW)
    first = min(pipeline.orders.values(), key=lambda one: one.id)
    pipeline.finish_task(
        first, TaskResult(first.id, Outcome.BLOCKED_BY_SERVER, "server_unreachable"), Verdict(False), NOW + 1
    )
    held = pipeline.observe([failed(number) for number in range(10, 20)], NOW + 2)
    assert not held.orders
    pipeline.observe((server("up", NOW + 3),), NOW + 3)
    machine = Machine(pipeline, works)
    machine.run()
    pipeline.observe((server("up", NOW + 60),), NOW + 60)
    machine.run()
    assert not pipeline.tracker.open_incidents()


def test_a_server_that_answers_everything_but_one_download_is_not_down_for_ever() -> None:
    pipeline = new()
    pipeline.observe((failed(1),), NOW)

    def unreachable(order: RepairTask) -> tuple[TaskResult, Verdict]:
        return TaskResult(order.id, Outcome.BLOCKED_BY_SERVER, "server_unreachable"), Verdict(False)

    machine = Machine(pipeline, unreachable)
    for _ in range(240):
        machine.run()
        machine.now += 30
        pipeline.observe((server("up", machine.now),), machine.now)
    assert not pipeline.tracker.open_incidents()
    (ended,) = pipeline.tracker.snapshot()["origins"].values()  # type: ignore[attr-defined]
    incident = pipeline.tracker.get(ended)
    assert incident is not None
    assert (incident.estado, incident.attempt, incident.reason) == (Estado.FALLIDO, 3, "server_unreachable")


def test_what_was_tried_and_what_ended_a_cause_is_counted(fifty: Pipeline) -> None:
    machine = Machine(fifty, works)
    fifty.observe((failed(60, ErrorType.DISCO_LLENO),), NOW + 2)
    released: ChangeSet = fifty.set_disk_full(False, FREE, machine.now)
    assert not released.attempts  # its turn has not come yet
    counted = []
    while fifty.orders:
        order = min(fifty.orders.values(), key=lambda one: (one.due_at, one.id))
        counted += fifty.finish_task(order, *works(order), max(machine.now, order.due_at)).attempts
    kinds = [(one.error_type, one.kind, one.worked) for one in counted]
    assert kinds.count((ErrorType.TIMEOUT, TaskKind.RETRY_DOWNLOAD, True)) == 50
    assert kinds.count((ErrorType.DISCO_LLENO, TaskKind.WAIT_FOR_SPACE, True)) == 1
    assert kinds.count((ErrorType.DISCO_LLENO, TaskKind.RETRY_DOWNLOAD, True)) == 1


def test_what_takes_the_space_is_told_where_it_was_told_that_it_is_short() -> None:
    pipeline = new()
    short = pipeline.observe((Finding(FindingKind.SPACE, NOW, code="critical", message="0 GB"),), NOW)
    opened = pipeline.observe((failed(1, ErrorType.DISCO_LLENO), failed(2, ErrorType.DISCO_LLENO)), NOW + 1)
    told = pipeline.disk_usage({"uso": "modelos 40 GB", "liberable": "8 GB"}, NOW + 5)
    first = {(one.key, one.code, one.thread) for one in (*short.notices, *opened.notices)}
    assert len(told.notices) == 2
    for one in told.notices:
        assert (one.key, one.code, one.thread) in first  # the same message, edited
        assert one.only_edit and one.fields["uso"] == "modelos 40 GB"
    assert told.notices[0].fields["texto"] == "0 GB"
    assert "modelos 40 GB" in told.records[0].text
    pipeline.observe((Finding(FindingKind.SPACE, NOW + 9, code="ok"),), NOW + 9)
    again = pipeline.disk_usage({"uso": "x", "liberable": ""}, NOW + 10)
    assert len(again.notices) == 1
    assert "nada se puede borrar" in again.records[0].text and again.records[0].event == "space_used"


def test_the_same_error_every_few_seconds_is_not_recorded_every_few_seconds() -> None:
    pipeline, recorded = new(), []
    pipeline.set_disk_full(True, FULL, NOW)
    for number in range(1200):  # an hour
        finding = replace(failed(1, ErrorType.DISCO_LLENO), at=NOW + 3 * number, origin=f"s{number}")
        changes = pipeline.observe([finding], finding.at)
        recorded += [(finding.at, one.text) for one in changes.records if one.event == "repeated"]
    (incident,) = pipeline.tracker.open_incidents()
    assert incident.count == 1200
    assert 10 <= len(recorded) <= 25
    assert "(2 veces)" in recorded[0][1] and NOW + 3600 - recorded[-1][0] <= 303


def test_downloads_that_wait_for_the_configuration_are_told_in_one_message() -> None:
    """A message says that something waits for the operator: nothing else would, until they look."""
    pipeline = Pipeline(Detector(load({})), Tracker(), Limits(), "es", "missing.project")
    told = [one for n in range(5) for one in pipeline.observe([failed(n)], NOW + n).notices if not one.only_edit]
    assert [one.code for one in told] == ["not_configured"]
    assert "sudo trafico-monitor check" in render(told[0], "es").plain
    assert {one.estado for one in pipeline.tracker.open_incidents()} == {Estado.PENDIENTE}
    pipeline.reload(Limits(), "es", "missing.project")
    assert [one.code for one in pipeline.observe([failed(9)], NOW + 9).notices] == ["not_configured"]


IN_A_HANDLER = """\
ERROR:telegram.ext.Application:No error handlers are registered, logging exception.
Traceback (most recent call last):
  File "/home/v/venv/lib/python3.11/site-packages/telegram/request/_httpxrequest.py", line 279, in do_request
    res = await self._client.request(
httpx.ConnectError: All connection attempts failed

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/home/v/venv/lib/python3.11/site-packages/telegram/ext/_application.py", line 1298, in process_update
    await coroutine
  File "/home/v/100trafico/src/project/bot_central.py", line 209, in video_handler
    {frame}
  File "/home/v/venv/lib/python3.11/site-packages/telegram/_bot.py", line 4047, in {function}
    result = await self._post(
telegram.error.NetworkError: httpx.ConnectError: All connection attempts failed
"""


@pytest.mark.parametrize(
    ("frame", "function", "estado"),
    [
        pytest.param("file = await video.get_file()", "get_file", Estado.PENDIENTE, id="a download is lost"),
        pytest.param("await message.reply_text(x)", "send_message", Estado.SOLUCIONADO, id="an answer is lost"),
    ],
)
def test_an_outage_that_ended_a_nameless_download_is_not_solved_by_a_server_that_answers(
    frame: str, function: str, estado: Estado
) -> None:
    """The traceback of a handler names no video, and one is lost: nobody may say that all is well."""
    pipeline = Pipeline(Detector(load(read_rule_files((PACKAGED,)))), Tracker(), Limits(), "es")
    lines = IN_A_HANDLER.format(frame=frame, function=function).splitlines()
    entries = [JournalEntry(line, 7, NOW, f"s=1;i={number:x}") for number, line in enumerate(lines, 1)]
    changes = [pipeline.consume(entries, entries[-1].cursor, NOW), pipeline.tick(NOW + 2)]
    for code, at in (("down", NOW + 3), ("up", NOW + 6)):
        changes.append(pipeline.observe((Finding(FindingKind.SERVER, at, code=code, message=code),), at))
        changes.append(pipeline.tick(at + 1))
    ended = {incident.id: incident.estado for change in changes for incident in change.incidents}
    assert list(ended.values()) == [estado]
