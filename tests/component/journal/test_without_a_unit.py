"""A bot that somebody starts by hand has no unit: its user tells it from whoever has the same command line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.component.journal.test_follow import NAME, Follower
from tests.journal_fixtures import BotProcess, PrivateJournald, private_journald
from trafico_monitor.journal.reader import read_all

OWNER, STRANGER = 4711, 4712


@pytest.fixture(scope="module")
def journald() -> Iterator[PrivateJournald]:
    with private_journald(NAME) as running:
        yield running


def test_the_live_reader_hears_the_owner_alone(journald: PrivateJournald) -> None:
    follower = Follower(unit="", uid=OWNER).ready()
    with (
        BotProcess(journald, unit="session-3.scope", uid=STRANGER) as stranger,
        BotProcess(journald, unit="session-4.scope", uid=OWNER) as bot,
        BotProcess(journald, unit="session-4.scope", process="other.py", uid=OWNER) as other,
    ):
        stranger.say("ERROR:__main__:❌ forged")
        stranger.send([("MESSAGE", "forged, natively"), ("TRAFICO_EVENTO", "error"), ("_UID", str(OWNER))])
        other.say("another program of his")
        bot.say("genuine")
        follower.wait_for("genuine")
        stranger.say("forged again")
        bot.say("the last one")
        follower.wait_for("the last one")
    follower.stop()
    assert follower.messages == ["genuine", "the last one"]


def test_a_look_back_too(journald: PrivateJournald) -> None:
    with (
        BotProcess(journald, unit="a.scope", uid=OWNER) as bot,
        BotProcess(journald, unit="b.scope", uid=STRANGER) as stranger,
    ):
        bot.say("mine")
        stranger.say("his")
        journald.sync()
        for uid, expected in ((OWNER, ["mine"]), (STRANGER, ["his"]), (None, [])):
            found = read_all(namespace=NAME, unit="", process="bot_central.py", uid=uid)
            assert [one.message for one in found if one.message in ("mine", "his")] == expected
