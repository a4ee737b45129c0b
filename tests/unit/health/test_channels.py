"""What `check` says of channels and answers."""

from __future__ import annotations

import importlib.util

import pytest

from trafico_monitor.config.schema import Alerts, Channel, ChannelKind, Telegram
from trafico_monitor.preflight.alert_delivery import channels
from trafico_monitor.preflight.base import Level

BOT = "1234567890:AAExampleExampleExampleExampleExampl"
ALERTS = "2234567890:AAExampleExampleExampleExampleExampl"
MAIL = Channel("correo", ChannelKind.APPRISE, url="mailto://secret")


def test_the_bots_own_token_is_never_used_for_answers() -> None:
    (check,) = channels(Telegram(admin_id="99", token=BOT, alert_token=BOT), Alerts(), (), "es")
    assert check.level is Level.WARNING and "@BotFather" in check.text("es") and BOT not in check.text("es")
    assert "alert-token" in check.remedy("es")


@pytest.mark.parametrize(
    "telegram", [Telegram(admin_id="99", token=BOT, alert_token=ALERTS), Telegram(admin_id="99", token=BOT)]
)
def test_what_is_in_order_is_not_talked_about(telegram: Telegram) -> None:
    assert channels(telegram, Alerts(), (), "es") == []


def test_who_wants_no_answers_is_not_asked_for_a_token() -> None:
    assert channels(Telegram(token=BOT, alert_token=BOT), Alerts(answers=False), (), "es") == []


def test_a_channel_by_apprise_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    (check,) = channels(Telegram(), Alerts(), (MAIL,), "es")
    assert check.level is Level.OK and "correo" in check.text("es") and "secret" not in check.text("es")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    (check,) = channels(Telegram(), Alerts(), (MAIL,), "es")
    assert check.level is Level.CRITICAL and check.remedy("es") == "sudo apt install apprise"
