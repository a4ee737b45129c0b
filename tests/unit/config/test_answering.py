"""Whose answers are taken, and when none are."""

from __future__ import annotations

import pytest

from trafico_monitor.config.schema import Channel, ChannelKind, Telegram
from trafico_monitor.config.telegram_endpoints import allowed_ids, why_no_answers
from trafico_monitor.messages import catalogue

BOT = "1234567890:AAExampleExampleExampleExampleExampl"
REISSUED = "1234567890:BBExampleExampleExampleExampleExampl"
ALERTS = "2234567890:AAExampleExampleExampleExampleExampl"


def test_the_administrator_and_the_chats_of_telegram_channels_may() -> None:
    channels = [
        Channel("night", chat=" 77 "),
        Channel("group", chat="-100200300"),
        Channel("news", chat="@news"),
        Channel("panel", ChannelKind.WEBHOOK, chat="88"),
        Channel("odd", chat="٣"),
        Channel("huge", chat="9" * 30),
    ]
    assert allowed_ids(Telegram(admin_id="99"), channels) == {99, 77, -100200300}


@pytest.mark.parametrize(
    ("telegram", "allowed", "code"),
    [
        (Telegram(token=BOT), {99}, "no_token"),
        (Telegram(token=BOT, alert_token=BOT), {99}, "same_bot"),
        (Telegram(token=BOT, alert_token=REISSUED), {99}, "same_bot"),
        (Telegram(token=BOT, alert_token=ALERTS), set(), "nobody"),
        (Telegram(token=BOT, alert_token=ALERTS), {-100}, "nobody"),
        (Telegram(token=BOT, alert_token=ALERTS), {99}, ""),
        (Telegram(alert_token=ALERTS), {99, -100}, ""),
    ],
)
def test_why_nobody_can_answer(telegram: Telegram, allowed: set[int], code: str) -> None:
    assert why_no_answers(telegram, frozenset(allowed)) == code
    assert not code or f"answers.off.{code}" in catalogue("es")
