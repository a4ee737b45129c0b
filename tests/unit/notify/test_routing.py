"""Which channels a notice goes to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.unit.notify.samples import failed, incident, notice
from trafico_monitor.config.schema import Alerts, BotApi, Channel, ChannelKind, Config, Route, Telegram
from trafico_monitor.model.alert import Notification, Severity
from trafico_monitor.model.finding import ErrorType
from trafico_monitor.model.prediction import Prediction, PredictionKind, SaidPrediction
from trafico_monitor.notify.routing import RoutingConfig, fallbacks, resolve_channels, routing_of

CHANNELS = ("admin", "dev", "mail")
CORRUPT = notice("failed", incident=failed(error_type=ErrorType.CORRUPTO))
DOWN = notice("critical", Severity.CRITICAL, incident=incident(ErrorType.SERVIDOR_CAIDO))
FULL = notice("space_critical", Severity.CRITICAL, key="space")
START = notice("start", Severity.INFO, key="service")


def sent(told: Notification, *routes: Route, independent: tuple[str, ...] = ()) -> tuple[str, ...]:
    return resolve_channels(told, RoutingConfig(Alerts(), CHANNELS, routes, independent))


def test_without_a_route_everything_goes_to_the_administrator() -> None:
    assert [sent(one) for one in (CORRUPT, DOWN, FULL, START)] == [("admin",)] * 4


def test_a_route_takes_what_meets_all_its_conditions() -> None:
    assert sent(CORRUPT, Route("a", ("dev",), severity="recoverable")) == ("dev",)
    assert sent(CORRUPT, Route("a", ("dev",), severity="critical")) == ("admin",)
    assert sent(START, Route("a", ("dev",), severity="recoverable")) == ("admin",)
    assert sent(CORRUPT, Route("a", ("dev",), types=("corrupto",), modelos=("victor",))) == ("dev",)
    assert sent(CORRUPT, Route("a", ("dev",), types=("corrupto",), modelos=("luna",))) == ("admin",)
    assert sent(CORRUPT, Route("a", ("dev",), types=("timeout", "permisos"))) == ("admin",)


def test_every_route_that_takes_it_counts_and_each_channel_once() -> None:
    assert sent(DOWN, Route("a", ("dev", "admin")), Route("b", ("mail", "dev"))) == ("dev", "admin", "mail")


def test_news_of_the_service_belong_to_the_type_that_they_are_about() -> None:
    assert sent(FULL, Route("a", ("dev",), types=("disco_lleno",))) == ("dev",)
    assert sent(START, Route("a", ("dev",), types=("disco_lleno",))) == ("admin",)
    assert sent(FULL, Route("a", ("dev",), modelos=("victor",))) == ("admin",)


@pytest.mark.parametrize("kind", PredictionKind)
def test_what_is_foreseen_belongs_to_the_type_that_it_would_lead_to(kind: PredictionKind) -> None:
    foreseen = SaidPrediction("P1", Prediction(kind, 0, 1, 0.9), told=True)
    told = replace(notice("foreseen", key="P1"), prediction=foreseen)
    types = [one.value for one in ErrorType if sent(told, Route("a", ("dev",), types=(one.value,))) == ("dev",)]
    assert types == {"disk": ["disco_lleno"], "fit": ["disco_lleno"], "timeout": ["timeout"], "stall": ["timeout"],
                     "server": ["servidor_caido"]}.get(kind.value, ["otro"])  # fmt: skip


def test_that_the_server_is_down_also_goes_a_way_that_does_not_need_it() -> None:
    assert sent(DOWN, independent=("mail",)) == ("admin", "mail")
    assert sent(DOWN, independent=("admin", "mail")) == ("admin",)
    assert sent(CORRUPT, independent=("mail",)) == ("admin",)
    assert sent(replace(DOWN, severity=Severity.RECOVERABLE), independent=("mail",)) == ("admin",)


def test_who_stands_in_for_whom() -> None:
    assert fallbacks("admin", RoutingConfig(Alerts(), CHANNELS)) == ("dev", "mail")
    assert fallbacks("mail", RoutingConfig(Alerts(), CHANNELS)) == ("admin", "dev")
    assert fallbacks("admin", RoutingConfig(Alerts(fallback="mail"), CHANNELS)) == ("mail", "dev")
    assert fallbacks("mail", RoutingConfig(Alerts(fallback="mail"), CHANNELS)) == ("admin", "dev")


def test_the_plan_of_a_configuration() -> None:
    token = "1234567890:AAExampleExampleExampleExampleExampl"
    mail = Channel("mail", ChannelKind.APPRISE, url="mailtos://x@example.org")
    config = Config(bot_api=BotApi(), telegram=Telegram("1", token), channels=(Channel("dev", chat="2"), mail))
    plan = routing_of(config)
    assert (plan.channels, plan.independent) == (("admin", "dev", "mail"), ("mail",))
