"""The running hub: each message once, by the real client library; a restart and a lost database change nothing."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.component.fleet.hub.machines import beat, record
from tests.component.fleet.hub.running import ADMIN, SECONDS, RunningHub, write_config
from tests.component.fleet.hub.test_overview import incident
from tests.journal_fixtures import wait_until
from tests.postgresql import Cluster
from tests.standin.bot_api import BotApiServer
from trafico_monitor.errors import FleetError
from trafico_monitor.fleet.database import Endpoint
from trafico_monitor.model.fleet import Heartbeat

SILENT = 6.0


@pytest.fixture
def bot(tmp_path: Path) -> Iterator[BotApiServer]:
    with BotApiServer(tmp_path / "files") as server:
        server.api.add_chat({"id": ADMIN})
        yield server


def told(bot: BotApiServer, words: str, *, ringing: bool = True) -> list[str]:
    """The messages that hold `words`; `ringing`: those of their own, not edits."""
    methods = ("sendMessage",) if ringing else ("sendMessage", "editMessageText")
    return [m["rendered"] for m in bot.api.messages if m["method"] in methods and words in m["rendered"]]


class Beating:
    """Machines that send a heartbeat each second, until `only` says that fewer do."""

    def __init__(self, owner: Endpoint, *names: str, heartbeat: Heartbeat | None = None) -> None:
        self.names, self._owner, self._end, self._heartbeat = names, owner, Event(), heartbeat
        self._thread = Thread(target=self._run)

    def _run(self) -> None:
        while not self._end.wait(1.0):
            with suppress(FleetError):  # its server may be stopped meanwhile
                if self.names:
                    asyncio.run(beat(self._owner, *self.names, heartbeat=self._heartbeat))

    def __enter__(self) -> Beating:
        asyncio.run(beat(self._owner, *self.names, heartbeat=self._heartbeat))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(SECONDS)


def test_silence_is_told_once_over_a_kill_and_a_restart_and_acknowledged_by_name(
    server: Cluster, owner: Endpoint, bot: BotApiServer, tmp_path: Path
) -> None:
    config = write_config(tmp_path, server, bot, SILENT)
    with Beating(owner, "m01", "m02", "m03") as fleet:
        hub = RunningHub(tmp_path, config)
        wait_until(lambda: "3 machines" in str(hub.status()["line"]), "the fleet is read", SECONDS)
        fleet.names = ("m03",)
        wait_until(lambda: told(bot, "Silent"), "told", SECONDS)
        wait_until(lambda: hub.status()["outbox"]["waiting"] == 0, "known to be sent", SECONDS)
        hub.kill()
        assert len(told(bot, "Silent")) == 1
        assert "m01, m02" in told(bot, "Silent")[0] and "2 of 3" in told(bot, "Silent")[0]
        with RunningHub(tmp_path, config) as hub:
            wait_until(lambda: "2 silent" in str(hub.status()["line"]), "the fleet is read again", SECONDS)
            assert hub.status()["unanswered"] == ["machines"]
            assert "machines" in hub.command("ack", "machines").stdout
            wait_until(lambda: hub.status()["unanswered"] == [], "acknowledged", SECONDS)
            fleet.names = ("m01", "m02", "m03")
            wait_until(lambda: told(bot, "send heartbeats again"), "told of the return", SECONDS)
            wait_until(lambda: hub.log.count("sends heartbeats again") == 2, "recorded", SECONDS)
            assert len(told(bot, "Silent")) == 1, "neither the kill nor the restart tells anything twice"
            assert hub.log.count("has been silent") == 2


def test_a_common_cause_is_one_message_that_names_what_is_shared(
    server: Cluster, owner: Endpoint, bot: BotApiServer, tmp_path: Path
) -> None:
    config = write_config(tmp_path, server, bot, 600.0)
    with Beating(owner, "m01", "m02", "m03", "m04"), RunningHub(tmp_path, config) as hub:
        wait_until(lambda: "4 machines" in str(hub.status()["line"]), "the fleet is read", SECONDS)
        for name in ("m01", "m02", "m03"):
            asyncio.run(record(owner, name, 1, "incident_detected", incident=incident(f"T{name}")))
        wait_until(lambda: told(bot, "probably a common cause"), "told", SECONDS)
        (message,) = told(bot, "probably a common cause")
        assert "m01, m02, m03" in message and "modelo «anna»" in message and "x.Y" in message
        asyncio.run(record(owner, "m04", 1, "incident_detected", incident=incident("Tm04")))
        wait_until(lambda: told(bot, "m01, m02, m03, m04", ringing=False), "edited", SECONDS)
        assert len(told(bot, "probably a common cause")) == 1


def test_a_lost_database_is_told_instead_and_its_return_silences_nobody(
    bot: BotApiServer, tmp_path: Path, own_server: Cluster, own_fleet: Endpoint
) -> None:
    config = write_config(tmp_path, own_server, bot, SILENT)
    with Beating(own_fleet, "m01", "m02") as fleet, RunningHub(tmp_path, config, impatient=True) as hub:
        wait_until(lambda: "2 machines" in str(hub.status()["line"]), "the fleet is read", SECONDS)
        fleet.names = ()
        own_server.stop("immediate")
        silent = time.monotonic() + 2 * SILENT
        wait_until(lambda: told(bot, "cannot read its database"), "told", SECONDS)
        wait_until(lambda: "without its database" in str(hub.status()["line"]), "shown", SECONDS)
        wait_until(lambda: time.monotonic() > silent, "longer than a machine may be silent", SECONDS)
        assert not told(bot, "Silent")
        back = time.monotonic()
        own_server.start()
        wait_until(lambda: told(bot, "reads its database again"), "told of the return", SECONDS)
        asyncio.run(beat(own_fleet, "m01"))
        wait_until(lambda: told(bot, "m02"), "m02 has not come back", SECONDS)
        assert time.monotonic() - back >= SILENT, "each has silent_after from the return"
        assert len(told(bot, "cannot read its database")) == 1


@pytest.mark.parametrize("text", ["", "[hub]\nurl = 'mysql://x'\n", "[hub]\nurl = 5\n"])
def test_a_hub_without_a_database_does_not_start_and_says_why(tmp_path: Path, text: str) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "trafico_monitor", "hub", "run", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 78 and "url" in done.stderr and "Traceback" not in done.stderr
