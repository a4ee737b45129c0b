"""Units of the bot's user and containers on a real journald: their lines count, and nobody can forge them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.component.journal.test_follow import NAME, Follower
from tests.journal_fixtures import UNIT, BotProcess, PrivateJournald, private_journald
from trafico_monitor.journal.reader import read_all
from trafico_monitor.model.journal_entry import JournalEntry, Origin

OWNER, STRANGER = 4711, 4712
CONTAINER = "trafico-bot"


@pytest.fixture(scope="module")
def journald() -> Iterator[PrivateJournald]:
    with private_journald(NAME) as running:
        yield running


def in_user_unit(uid: int, unit: str = UNIT) -> str:
    """The control group of a unit of that user's manager, as seen from the system's services."""
    return f"../user.slice/user-{uid}.slice/user@{uid}.service/app.slice/{unit}"


def said(entries: list[JournalEntry]) -> list[tuple[str, Origin]]:
    return [(entry.message, entry.origin) for entry in entries]


def test_a_unit_of_the_owners_manager_is_followed_and_a_strangers_is_not(journald: PrivateJournald) -> None:
    follower = Follower(uid=OWNER, of_user=True).ready()
    with (
        BotProcess(journald, unit=in_user_unit(OWNER), uid=OWNER) as bot,
        BotProcess(journald, unit=in_user_unit(OWNER), process="other.py", uid=OWNER) as child,
        BotProcess(journald, unit=in_user_unit(STRANGER), uid=STRANGER) as stranger,
        BotProcess(journald, unit=in_user_unit(OWNER, "web.service"), uid=OWNER) as other,
        BotProcess(journald, uid=OWNER) as of_system,
    ):
        for one in (stranger, other, of_system):
            one.say("forged")
            one.send([("MESSAGE", "forged"), ("_SYSTEMD_USER_UNIT", UNIT), ("USER_UNIT", UNIT), ("_UID", str(OWNER))])
        child.say("of a child")
        bot.say("genuine")
        follower.wait_for("genuine")
        journald.sync()
        read = list(read_all(namespace=NAME, unit=UNIT, process="bot_central.py", uid=OWNER, of_user=True))
    follower.stop()
    assert said(follower.entries) == said(read) == [("of a child", Origin.CHILD), ("genuine", Origin.BOT)]
    assert follower.batches[-1].speakers <= {bot.pid}


def test_a_containers_lines_are_dockers_and_not_those_of_whoever_names_it(journald: PrivateJournald) -> None:
    fields = [("CONTAINER_NAME", CONTAINER), ("CONTAINER_ID", "ca4521981f7f"), ("PRIORITY", "3")]
    follower = Follower(unit="", uid=OWNER, container=CONTAINER).ready()
    with (
        BotProcess(journald, unit="docker.service", process="dockerd") as docker,
        BotProcess(journald, unit="session-3.scope", process="dockerd", uid=STRANGER) as stranger,
        BotProcess(journald, unit="session-4.scope", uid=OWNER) as owner,
        BotProcess(journald, unit="cron.service", process="job.py") as job,
    ):
        for forger in (stranger, owner, job):
            forger.send([("MESSAGE", "forged"), *fields, ("_UID", "0"), ("_SYSTEMD_UNIT", "docker.service")])
            forger.say("not of a container")
        docker.send([("MESSAGE", "of another"), ("CONTAINER_NAME", "db"), ("CONTAINER_ID", "0a4521981f7f")])
        docker.send([("MESSAGE", "genuine"), *fields])
        follower.wait_for("genuine")
    follower.stop()
    assert said(follower.entries) == [("genuine", Origin.BOT)]
    assert not any(batch.speakers for batch in follower.batches), "a container is no process of this machine"
