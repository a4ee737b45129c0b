"""The root helper is slow, fails or is refused: tried again, told, and never passed over."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from trafico_monitor.control import decisions
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.incident import Estado
from trafico_monitor.pipeline.pipeline import Pipeline
from trafico_monitor.repair import ownership

from .life import incidents, live, records
from .place import BOT, MONITOR, Place, made
from .stories import STORIES, on, wrong

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.geteuid() != 0, reason="three users are needed: run it as root")]
BY_NAME = {story.name: story for story in STORIES}
FAILED = (4, "failed: system_error /srv/x")
BUSY_CONFIGURATION = (3, "refused: config_invalid /etc/trafico-monitor/config.toml")
NOT_PERMITTED = (1, "sudo: a password is required")
GONE = (1, "sudo: /usr/libexec/trafico-monitor/chown: command not found")


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with made() as small:
        yield small


@pytest.mark.parametrize("words", [(FAILED, FAILED), (NOT_PERMITTED, GONE), (BUSY_CONFIGURATION, FAILED)])
@pytest.mark.parametrize("name", ["create_folder", "retry_download", "rescue", "fix_owner"])
def test_what_fails_twice_is_done_the_third_time(
    place: Place, name: str, words: tuple[tuple[int, str], tuple[int, str]]
) -> None:
    story = BY_NAME[name]
    begin = on(place, story)
    place.tell_helper(*words)
    live(place, begin)
    assert wrong(place, story) == []
    assert place.calls > 2


@pytest.mark.parametrize("name", ["create_folder", "retry_download", "rescue", "fix_owner"])
def test_what_never_works_is_never_solved_and_told_with_its_reason(place: Place, name: str) -> None:
    begin = on(place, BY_NAME[name])
    place.tell_helper(*[NOT_PERMITTED] * 30)
    life = live(place, begin)
    (incident,) = incidents(place)
    assert (incident.estado, incident.reason) == (Estado.FALLIDO, "sudo_refused")
    (failed,) = [record for record in records(place) if record.event == "incident_failed"]
    assert "sudo no permite" in failed.text
    assert [code for code in life.told if code != "rescued"] == ["failed"]
    assert ("rescued" in life.told) == (name == "rescue"), "it lies there, whomever it belongs to"


def test_a_helper_that_takes_twenty_seconds_is_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its 30 seconds, twenty: compressed by ten."""
    monkeypatch.setattr(ownership, "SECONDS", ownership.SECONDS / 10)
    story = BY_NAME["create_folder"]
    begin = on(place, story)
    place.tell_helper(delay=2.0)
    live(place, begin)
    assert wrong(place, story) == []
    assert place.calls == 2  # the folder and the file, each at the first call


def test_a_helper_that_never_comes_back_proves_nothing_and_a_later_retry_finishes_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ownership, "SECONDS", 0.3)
    story = BY_NAME["create_folder"]
    begin = on(place, story)
    place.tell_helper(delay=30.0)
    live(place, begin)
    (incident,) = incidents(place)
    assert (incident.estado, incident.reason) == (Estado.FALLIDO, "owner_timeout")
    assert place.destination.parent.stat().st_uid != BOT.pw_uid
    monkeypatch.setattr(ownership, "SECONDS", 30.0)
    place.tell_helper()

    def ask(pipeline: Pipeline) -> ChangeSet:
        return decisions.retry(pipeline, incident, "cli:ana", time.time()).changes or ChangeSet()

    live(place, begin, first=ask)
    assert wrong(place, story) == []


def test_an_assignment_moves_nothing_that_it_cannot_give(place: Place) -> None:
    """It lies in `_rescatados` until the helper works, and then goes on from there."""
    story = BY_NAME["assign"]
    begin = on(place, story)
    os.chown(place.rescued, MONITOR.pw_uid, MONITOR.pw_gid)
    place.tell_helper(NOT_PERMITTED)
    live(place, begin)
    assert place.copies() == [place.rescued]
    assert [record.event for record in records(place)] == ["request_assign", "assign_failed"]
    live(place, begin, first=begin)
    assert story.wrong(place) == []
    assert [record.event for record in records(place)][2:] == ["request_assign", "assigned"]
