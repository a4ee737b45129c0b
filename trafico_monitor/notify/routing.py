"""The channels of a notification. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ..config import telegram_endpoints
from ..config.schema import ADMIN, Alerts, Config, Route
from ..model.alert import Notification, Severity
from ..model.finding import ErrorType
from ..model.prediction import PredictionKind

# A notification of the service itself belongs to the error type that it precedes or causes.
_OF_SERVICE = {"space": ErrorType.DISCO_LLENO, "server": ErrorType.SERVIDOR_CAIDO}
# What is foreseen belongs to the error type that it would lead to, `otro` where it is none of the six.
_OF_FORECAST = {
    PredictionKind.DISK: ErrorType.DISCO_LLENO,
    PredictionKind.FIT: ErrorType.DISCO_LLENO,
    PredictionKind.TIMEOUT: ErrorType.TIMEOUT,
    PredictionKind.STALL: ErrorType.TIMEOUT,
    PredictionKind.SERVER: ErrorType.SERVIDOR_CAIDO,
}


@dataclass(frozen=True, slots=True)
class RoutingConfig:
    """The part of the configuration that the alert engine needs. `channels` are all there are, `independent`
    those that do not need the watched Bot API server."""

    alerts: Alerts = field(default_factory=Alerts)
    channels: tuple[str, ...] = (ADMIN,)
    routes: tuple[Route, ...] = ()
    independent: tuple[str, ...] = ()


def routing_of(config: Config) -> RoutingConfig:
    channels = telegram_endpoints.channels(config)
    independent = tuple(channel.name for channel in channels if telegram_endpoints.independent(channel, config))
    return RoutingConfig(config.alerts, tuple(channel.name for channel in channels), config.routes, independent)


def resolve_channels(notification: Notification, routing: RoutingConfig) -> tuple[str, ...]:
    """The channels of every matching route; `admin` where none matches. A notification that the server is down
    also goes to one channel that does not need it, if there is one."""
    routes = (route for route in routing.routes if _matches(route, notification))
    to = _unique(channel for route in routes for channel in route.to) or (ADMIN,)
    if topic(notification) == ErrorType.SERVIDOR_CAIDO.value and notification.severity is Severity.CRITICAL:
        to = _unique((*to, *(routing.independent[:1] if not set(to) & set(routing.independent) else ())))
    return to


def merge_channels(to: Collection[str], also: Collection[str], routing: RoutingConfig) -> tuple[str, ...]:
    """`to` and `also`, without channels that are not configured any more."""
    return _unique(channel for channel in (*to, *also) if channel in routing.channels) or (ADMIN,)


def topic(notification: Notification) -> str:
    """The error_type that `notification` is about; "" where it is about none."""
    if notification.incident is not None:
        return notification.incident.error_type.value
    if notification.prediction is not None:
        return _OF_FORECAST.get(notification.prediction.prediction.kind, ErrorType.OTRO).value
    if notification.key.startswith("cause_"):
        return notification.key.removeprefix("cause_")
    error_type = _OF_SERVICE.get(notification.code.partition("_")[0])
    return error_type.value if error_type else ""


def fallbacks(channel: str, routing: RoutingConfig) -> tuple[str, ...]:
    """The channels that replace `channel` while nothing reaches it, the first choice first."""
    first = (routing.alerts.fallback,) if routing.alerts.fallback else ()
    return tuple(other for other in _unique((*first, *routing.channels)) if other != channel)


def _matches(route: Route, notification: Notification) -> bool:
    least = Severity[route.severity.upper()] if route.severity else Severity.INFO
    if notification.severity < least:
        return False
    if route.types and topic(notification) not in route.types:
        return False
    modelo = notification.incident.download.modelo if notification.incident else None
    return not route.modelos or modelo in route.modelos


def _unique(names: Collection[str] | Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
