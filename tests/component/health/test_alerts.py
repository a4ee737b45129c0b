"""What `check` says of the channels: asked of a Bot API server, with the tokens of alert bots only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.standin.bot_api import BotApiServer
from trafico_monitor.config.schema import Alerts, BotApi, Channel, ChannelKind, Config, Route, Telegram
from trafico_monitor.preflight.alert_delivery import alerts
from trafico_monitor.preflight.base import CheckContext, Level, subject

BOT = "1234567890:AAExampleExampleExampleExampleExampl"
ALERT = "9876543210:BBExampleExampleExampleExampleExampl"
WRONG = "5555555555:CCExampleExampleExampleExampleExampl"
ADMIN, STRANGER = 123456789, 999


@pytest.fixture
def server(tmp_path: Path) -> Iterator[BotApiServer]:
    with BotApiServer(tmp_path / "files", control_port=0) as running:
        running.api.add_chat({"id": ADMIN})
        yield running


async def said(config: Config) -> dict[str, Level]:
    """Level of each finding, by code and channel."""
    found = await alerts(CheckContext(config, None, subject()))
    for check in found:
        for secret in (BOT, ALERT, WRONG, "hush"):
            assert secret not in check.text("es") + check.remedy("es")
    return {f"{check.code} {check.fields.get('channel', '')}".strip(): check.level for check in found}


def configured(server: BotApiServer, *channels: Channel, **changes: object) -> Config:
    telegram = Telegram(str(ADMIN), BOT, ALERT, server.url)
    return replace(Config(telegram=telegram, bot_api=BotApi(url="http://127.0.0.1:9"), channels=channels), **changes)


async def test_one_channel_that_works(server: BotApiServer) -> None:
    assert await said(configured(server)) == {
        "check.alerts admin": Level.OK,
        "check.alert_ways": Level.OK,
        "check.one_channel admin": Level.OK,
    }


async def test_each_channel_is_looked_at(server: BotApiServer) -> None:
    fault = {"method": "*", "kind": "status", "status": 401, "where": {"token": WRONG}}
    server.api.add_fault(fault)
    channels = (
        Channel("dev", chat=str(STRANGER)),
        Channel("boss", chat=str(ADMIN), token=WRONG, api_url=server.url),
        Channel("torn", chat=str(ADMIN), token=BOT, api_url="https://api.telegram.org"),
        Channel("mine", chat=str(ADMIN), token=BOT),
        Channel("hook", ChannelKind.WEBHOOK, url="https://hush.example/x"),
    )
    found = await said(configured(server, *channels, routes=(Route("a", ("dev", "boss", "torn", "mine")),)))
    assert found == {
        "check.alerts admin": Level.OK,
        "check.alerts_chat dev": Level.CRITICAL,
        "check.alerts_refused boss": Level.CRITICAL,
        "check.channel_no_token torn": Level.CRITICAL,
        "check.channel mine": Level.OK,
        "check.channel_spare hook": Level.OK,
        "check.channel hook": Level.OK,
        "check.alert_ways": Level.OK,
    }
    assert not [call for call in server.api.calls if call["token"] == BOT]


async def test_without_a_way_of_its_own_none_is_claimed(server: BotApiServer) -> None:
    telegram = Telegram(str(ADMIN), BOT)
    found = await said(Config(telegram=telegram, bot_api=BotApi(url=server.url)))
    assert found == {"check.one_channel admin": Level.OK}  # that there is none is one of the gaps
    hook = Channel("hook", ChannelKind.WEBHOOK, url="https://hush.example/x")
    config = Config(
        telegram=telegram, bot_api=BotApi(url=server.url), channels=(hook,), alerts=Alerts(fallback="hook")
    )
    assert await said(config) == {"check.channel hook": Level.OK, "check.alert_ways": Level.OK}
