"""Causes that `check` finds before they bite, on real files, a real full disk, a real server."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.standin.bot_api import BotApiServer
from trafico_monitor.config import Config
from trafico_monitor.config.schema import settle
from trafico_monitor.health.unit import UnitState
from trafico_monitor.host.docker import Container, Status
from trafico_monitor.model.installation import Installation
from trafico_monitor.preflight import alert_delivery, bot, host, project
from trafico_monitor.preflight.base import CheckContext, CheckResult, Level, subject

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
ALERT = "1987654321:AAExampleExampleExampleExampleExampl"


def only(checks: list[CheckResult]) -> CheckResult:
    assert len(checks) == 1, checks
    return checks[0]


def of_the_bot(checks: list[CheckResult]) -> CheckResult:
    """What was found out by asking; the rest says which ways there are."""
    return only([check for check in checks if check.code.startswith("check.alerts")])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BotApiServer]:
    with BotApiServer(tmp_path / "api", control_port=0) as running:
        yield running


@pytest.fixture
def alerting(server: BotApiServer) -> CheckContext:
    """An alert bot of its own on the stand-in."""
    values = {"telegram.token": TOKEN, "telegram.alert_token": ALERT, "telegram.admin_id": "99"}
    return CheckContext(settle(Config(), {**values, "telegram.api_url": server.url}), None, subject())


class TestAlertBot:
    async def test_it_answers_and_knows_the_administrator(self, alerting: CheckContext, server: BotApiServer) -> None:
        server.api.chats[99] = {"id": 99, "type": "private"}
        assert of_the_bot(await alert_delivery.alerts(alerting)).level is Level.OK
        asked = {(call["method"].lower(), call["token"]) for call in server.api.calls}
        assert asked == {("getme", ALERT), ("getchat", ALERT)}  # and never with the bot's own token

    @pytest.mark.parametrize(
        ("fault", "level", "code"),
        [
            ({"method": "getMe", "status": 401}, Level.CRITICAL, "check.alerts_refused"),
            ({"method": "getMe", "status": 404}, Level.CRITICAL, "check.alerts_refused"),
            ({"method": "getMe", "status": 502}, Level.WARNING, "check.alerts_status"),
            ({"method": "getChat", "status": 400}, Level.CRITICAL, "check.alerts_chat"),
        ],
    )
    async def test_what_it_answers(
        self, fault: dict[str, object], level: Level, code: str, alerting: CheckContext, server: BotApiServer,
        caplog: pytest.LogCaptureFixture,
    ) -> None:  # fmt: skip
        caplog.set_level(logging.DEBUG)
        server.api.chats[99] = {"id": 99, "type": "private"}
        server.api.add_fault({"kind": "status", **fault})
        found = of_the_bot(await alert_delivery.alerts(alerting))
        assert (found.level, found.code) == (level, code)
        assert ALERT not in found.text("es") + found.remedy("es") + caplog.text

    async def test_a_server_that_is_not_there(self, alerting: CheckContext, server: BotApiServer) -> None:
        server.listen({"open": False})
        assert of_the_bot(await alert_delivery.alerts(alerting)).code == "check.alerts_unreachable"


class TestLocalMode:
    def test_without_the_local_server(self) -> None:
        context = CheckContext(settle(Config(), {"bot_api.local": False}), None, subject())
        found = only(bot.local_mode(context, None))
        assert (found.level, found.code) == (Level.WARNING, "check.not_local")
        assert "20 MB" in found.text("es") and "USE_LOCAL_BOT_API=true" in found.remedy("es")

    def test_a_server_that_was_started_without_it(self) -> None:
        context = CheckContext(Config(), None, subject())
        found = only(bot.local_mode(context, Container(Status.RUNNING, local=False)))
        assert found.code == "check.container_not_local" and "TELEGRAM_LOCAL=1" in found.remedy("es")
        assert bot.local_mode(context, Container(Status.RUNNING, local=True)) == []
        assert bot.local_mode(context, Container(Status.RUNNING, local=None)) == []


class TestDisk:
    @pytest.fixture
    def disk(self, tmp_path: Path) -> Iterator[Path]:
        folder = tmp_path / "project"
        folder.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], timeout=20)
        assert mounted.returncode == 0, "this test mounts a tmpfs: run it as root"
        (folder / "modelos").mkdir()
        yield folder
        subprocess.run(["umount", folder], check=True, timeout=20)

    async def test_a_project_on_a_nearly_full_disk(self, disk: Path, tmp_path: Path) -> None:
        values = {"checks.disk_warning": 9_000_000, "checks.disk_critical": 2_000_000}
        paths = {"paths.state": tmp_path, "paths.logs": tmp_path}
        context = CheckContext(
            settle(Config(), {**values, **paths}), Installation(disk / "modelos", None, 0, 0), subject()
        )
        assert only(await host.space(context)).level is Level.OK
        for megabytes, level in ((10, Level.WARNING), (16, Level.CRITICAL)):
            with (disk / "fill").open("wb") as file:
                file.truncate(0)
            subprocess.run(["fallocate", "-l", f"{megabytes * 1000**2}", str(disk / "fill")], timeout=20)
            found = only(await host.space(context))
            assert (found.level, str(disk) in found.text("es")) == (level, True)


class TestLeftovers:
    @pytest.fixture
    def context(self, tmp_path: Path) -> CheckContext:
        models = tmp_path / "modelos"
        models.mkdir()
        return CheckContext(Config(), Installation(models, None, 0, 0), subject())

    async def test_nothing_is_nothing(self, context: CheckContext) -> None:
        assert await project.waiting_files(context) == []

    async def test_rescued_videos_wait_for_assign(self, context: CheckContext) -> None:
        assert context.site is not None
        folder = context.site.models / "_rescatados"
        folder.mkdir()
        for name in ("b c.mp4", "b c.mp4.json", "d.mp4", ".trafico-0.part"):
            (folder / name).touch()
        found = only(await project.waiting_files(context))
        assert (found.level, found.fields["n"]) == (Level.WARNING, 2)
        assert found.remedy("es") == "sudo trafico-monitor assign 'b c.mp4' MODELO"

    async def test_what_is_in_quarantine_is_told(self, context: CheckContext) -> None:
        assert context.site is not None
        folder = context.site.models / "_cuarentena"
        folder.mkdir()
        (folder / "victor__a.mp4.I1").write_bytes(b"x" * 5000)
        (folder / "victor__a.mp4.I1.json").touch()
        found = only(await project.waiting_files(context))
        assert (found.level, found.text("es")) == (Level.OK, f"Cuarentena: 1 archivos corruptos (5.0 kB) en {folder}")


def test_a_unit_that_does_not_come_back() -> None:
    state = UnitState("trafico-main.service", True, "loaded", "active", "running", restart="no")
    found = only(bot.unit(CheckContext(Config(), None, subject()), state))
    assert (found.level, found.code, found.fix) == (Level.WARNING, "check.unit_restart", "fix.unit_restart")
    assert only(bot.unit(CheckContext(Config(), None, subject()), replace(state, restart="always"))).level is Level.OK
