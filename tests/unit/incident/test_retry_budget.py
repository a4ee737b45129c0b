"""The guard against loops and floods: so many orders an hour for one thing, one process, the machine."""

from __future__ import annotations

import json

import pytest

from trafico_monitor.incident.retry_budget import DOWNLOAD, HOUR, MACHINE, PROCESS, SHARES, RetryBudget, Share
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.task import RepairTask, TaskKind

SMALL = dict.fromkeys(TaskKind, Share(download=2, process=3, hour=5)) | {
    TaskKind.CREATE_FOLDER: Share(download=9, process=3, hour=5, once=True)
}


def order(name: str, kind: TaskKind = TaskKind.RETRY_DOWNLOAD) -> RepairTask:
    download = Download("luna", f"{name}.mp4", destination=f"/m/{name}/a.mp4")
    return RepairTask(f"{name}/1", name, kind, ErrorType.TIMEOUT, 0.0, download=download)


def spent(budget: RetryBudget, name: str, now: float, pid: int = 1, kind: TaskKind = TaskKind.RETRY_DOWNLOAD) -> str:
    """Why it is refused; given when it is not."""
    reason = budget.refusal(order(name, kind), pid, now)
    if not reason:
        budget.spend(order(name, kind), pid, now)
    return reason


def test_every_kind_of_order_has_its_share() -> None:
    assert set(SHARES) == set(TaskKind)
    for share in SHARES.values():
        assert min(share.download, share.process) > 0 and share.process <= share.hour


@pytest.mark.parametrize("kind", [kind for kind in TaskKind if kind is not TaskKind.CREATE_FOLDER])
def test_one_download_gets_no_more_than_its_share_in_an_hour(kind: TaskKind) -> None:
    budget = RetryBudget(SMALL)
    assert [spent(budget, "a", at, kind=kind) for at in (0, 1, 2)] == ["", "", DOWNLOAD]
    assert spent(budget, "b", 2, kind=kind) == ""
    assert spent(budget, "a", HOUR, kind=kind) == ""


@pytest.mark.parametrize("kind", list(TaskKind))
def test_a_process_of_the_bot_and_the_machine_get_no_more_than_theirs(kind: TaskKind) -> None:
    budget = RetryBudget(SMALL)
    assert [spent(budget, name, 0, kind=kind) for name in "abcd"] == ["", "", "", PROCESS]
    assert [spent(budget, name, 1, pid=2, kind=kind) for name in "efg"] == ["", "", MACHINE]
    assert [spent(budget, name, HOUR, kind=kind) for name in "hijk"] == ["", "", "", PROCESS]


def test_the_kinds_are_counted_apart() -> None:
    budget = RetryBudget(SMALL)
    for name in "abc":
        spent(budget, name, 0)
    assert spent(budget, "a", 0, kind=TaskKind.FIX_OWNER) == ""


def test_a_folder_counts_once_however_many_downloads_go_there() -> None:
    budget = RetryBudget(SMALL)
    folders = [spent(budget, name, 0, kind=TaskKind.CREATE_FOLDER) for name in "aaaabbbbcd"]
    assert folders == [""] * 9 + [PROCESS]


def test_a_folder_that_has_its_video_counts_no_more() -> None:
    budget = RetryBudget(SMALL)
    for name in "abcdefgh":
        assert spent(budget, name, 0, kind=TaskKind.CREATE_FOLDER) == ""
        budget.give_back(TaskKind.CREATE_FOLDER, order(name).download, name)


def test_one_file_of_the_server_goes_to_no_more_places_than_one_download_has_orders() -> None:
    budget = RetryBudget(SMALL)
    reasons = []
    for number in range(3):
        download = Download(source="/api/videos/file_1.mp4", destination=f"/m/luna/{number}.mp4")
        one = RepairTask(
            f"{number}/1", str(number), TaskKind.RETRY_DOWNLOAD, ErrorType.TIMEOUT, 0.0, download=download
        )
        reasons.append(budget.refusal(one, number, 0))
        budget.spend(one, number, 0)
    assert reasons == ["", "", DOWNLOAD]


def test_what_was_spent_and_told_survives_a_restart() -> None:
    budget = RetryBudget(SMALL)
    for name in "abc":
        spent(budget, name, 10)
    assert budget.is_to_be_told(TaskKind.RETRY_DOWNLOAD, PROCESS, 10)
    again = RetryBudget(SMALL)
    again.restore(json.loads(json.dumps(budget.snapshot())))
    assert spent(again, "d", 20) == PROCESS
    assert not again.is_to_be_told(TaskKind.RETRY_DOWNLOAD, PROCESS, 20)
    assert again.is_to_be_told(TaskKind.RETRY_DOWNLOAD, PROCESS, 10 + HOUR)
    assert again.is_to_be_told(TaskKind.RETRY_DOWNLOAD, MACHINE, 20)
    assert not again.is_to_be_told(TaskKind.RETRY_DOWNLOAD, DOWNLOAD, 20)


@pytest.mark.parametrize(
    "memory", [{"a/b.mp4": [1.0, 2.0]}, {"told": 3, "retry_download": [[1], "x", None, [1, 2, 3]]}]
)
def test_a_memory_of_another_version_is_no_obstacle(memory: dict[str, object]) -> None:
    budget = RetryBudget(SMALL)
    budget.restore(memory)
    assert spent(budget, "a", 0) == ""


def test_a_person_may_have_a_spent_download_tried_again_whenever_he_asks() -> None:
    budget = RetryBudget(SMALL)
    for now in range(5):
        while not spent(budget, "a", now):
            pass
        budget.grant(order("a").download, "a")
        assert budget.refusal(order("a"), 1, now, asked=True) == ""


def test_a_process_that_has_spent_its_share_does_not_hold_up_a_person() -> None:
    budget = RetryBudget(SMALL)
    for name in "abc":
        spent(budget, name, 0)
    assert budget.refusal(order("d"), 1, 0) == PROCESS
    assert budget.refusal(order("d"), 1, 0, asked=True) == ""


def test_a_clock_that_was_set_back_gives_nobody_less() -> None:
    budget = RetryBudget(SMALL)
    for name in "abc":
        spent(budget, name, 90_000)
    assert spent(budget, "d", 10) == ""
