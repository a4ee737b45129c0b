"""Which token goes to which server."""

from __future__ import annotations

from dataclasses import replace

from trafico_monitor.config import Config, telegram_endpoints
from trafico_monitor.config.schema import Channel, ChannelKind, settle

BOT = "1234567890:AAExampleExampleExampleExampleExampl"
ALERT = "9876543210:BBExampleExampleExampleExampleExampl"
OTHER = "5555555555:CCExampleExampleExampleExampleExampl"
LOCAL = "http://127.0.0.1:8081"


def config(**values: object) -> Config:
    return settle(Config(), {key.replace("__", "."): value for key, value in values.items()})


def test_the_bots_token_goes_where_the_bot_goes() -> None:
    assert telegram_endpoints.file_server(config()) == LOCAL
    assert telegram_endpoints.file_server(config(bot_api__local=False)) == telegram_endpoints.PUBLIC


def test_without_an_alert_token_alerts_depend_on_the_bots_server() -> None:
    plain = config(telegram__token=BOT)
    assert (telegram_endpoints.alert_server(plain), telegram_endpoints.alert_token(plain)) == (LOCAL, BOT)
    assert not telegram_endpoints.alert_independent(plain)


def test_an_alert_token_makes_them_independent() -> None:
    separate = config(telegram__token=BOT, telegram__alert_token=ALERT)
    assert (telegram_endpoints.alert_server(separate), telegram_endpoints.alert_token(separate)) == (
        telegram_endpoints.PUBLIC,
        ALERT,
    )
    assert telegram_endpoints.alert_independent(separate)


def test_an_alert_token_on_the_watched_server_is_not_independent() -> None:
    same = config(telegram__alert_token=ALERT, telegram__api_url="http://localhost:8081")
    assert not telegram_endpoints.alert_independent(same)


def test_the_bots_token_is_never_used_on_a_second_server() -> None:
    for values in (
        {"telegram__api_url": telegram_endpoints.PUBLIC},
        {"telegram__api_url": telegram_endpoints.PUBLIC, "telegram__alert_token": BOT},
        {"telegram__api_url": LOCAL, "bot_api__local": False},
    ):
        torn = config(telegram__token=BOT, **values)
        assert telegram_endpoints.alert_conflict(torn)
        assert telegram_endpoints.alert_token(torn) == ""


def test_the_bots_token_given_twice_is_no_alert_token() -> None:
    twice = config(telegram__token=BOT, telegram__alert_token=BOT)
    assert (telegram_endpoints.alert_server(twice), telegram_endpoints.alert_token(twice)) == (LOCAL, BOT)
    assert not telegram_endpoints.alert_independent(twice)


def test_two_names_of_one_server_are_no_conflict() -> None:
    same = config(telegram__token=BOT, telegram__api_url="http://localhost:8081")
    assert not telegram_endpoints.alert_conflict(same)
    assert telegram_endpoints.alert_token(same) == BOT


def ready(*channels: Channel, **values: object) -> dict[str, tuple[str, str]]:
    """Token and server of each channel."""
    given = replace(config(**values), channels=channels)
    return {channel.name: (channel.token, channel.api_url) for channel in telegram_endpoints.channels(given)}


def test_the_channel_admin_is_that_of_telegram() -> None:
    assert ready(telegram__token=BOT) == {"admin": (BOT, LOCAL)}
    assert ready(telegram__token=BOT, telegram__alert_token=ALERT) == {"admin": (ALERT, telegram_endpoints.PUBLIC)}


def test_another_chat_uses_the_same_bot_and_another_bot_the_public_server() -> None:
    same, other = Channel("same", chat="1"), Channel("other", chat="2", token=OTHER)
    assert ready(same, other, telegram__token=BOT) == {
        "admin": (BOT, LOCAL),
        "same": (BOT, LOCAL),
        "other": (OTHER, telegram_endpoints.PUBLIC),
    }
    assert ready(same, telegram__alert_token=ALERT)["same"] == (ALERT, telegram_endpoints.PUBLIC)


def test_the_bots_token_is_not_used_elsewhere_by_any_channel() -> None:
    torn = Channel("torn", chat="1", token=BOT, api_url=telegram_endpoints.PUBLIC)
    mine = Channel("mine", chat="1", token=BOT)
    found = ready(torn, mine, telegram__token=BOT, telegram__alert_token=ALERT)
    assert (found["torn"][0], found["mine"]) == ("", (BOT, LOCAL))
    assert ready(Channel("torn", chat="1", api_url=telegram_endpoints.PUBLIC), telegram__token=BOT)["torn"][0] == ""


def test_a_second_channel_makes_the_alerts_independent() -> None:
    for channel in (
        Channel("other", chat="2", token=OTHER),
        Channel("mail", ChannelKind.APPRISE, url="mailtos://user@example.org"),
    ):
        assert telegram_endpoints.alert_independent(replace(config(telegram__token=BOT), channels=(channel,)))
    same = replace(config(telegram__token=BOT), channels=(Channel("same", chat="1"),))
    assert not telegram_endpoints.alert_independent(same)
