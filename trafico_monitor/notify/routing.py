"""Which channels a notice goes to. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from ..config import telegram_endpoints
from ..config.alerts import ADMIN, Alerts, Route
from ..config.schema import Config
from ..model.alert import Notification, Severity
from ..model.finding import ErrorType

# What the service tells by itself belongs to the type of error that it comes before, or causes.
_OF_SERVICE = {"space": ErrorType.DISCO_LLENO, "server": ErrorType.SERVIDOR_CAIDO}


@dataclass(frozen=True, slots=True)
class RoutingConfig:
    """Who is told what, by which way and when, of the configuration. `channels` are all there
    are, `independent` those that do not need the watched Bot API server."""

    alerts: Alerts = field(default_factory=Alerts)
    channels: tuple[str, ...] = (ADMIN,)
    routes: tuple[Route, ...] = ()
    independent: tuple[str, ...] = ()


def plan_of(config: Config) -> RoutingConfig:
    channels = telegram_endpoints.channels(config)
    independent = tuple(channel.name for channel in channels if telegram_endpoints.independent(channel, config))
    return RoutingConfig(config.alerts, tuple(channel.name for channel in channels), config.routes, independent)


def resolve_channels(notice: Notification, plan: RoutingConfig) -> tuple[str, ...]:
    """The channels of every route that takes `notice`; `admin` where none does. That the server is
    down is also told by a way that does not need it, if there is one."""
    to = _united(channel for route in plan.routes if _takes(route, notice) for channel in route.to) or (ADMIN,)
    if topic(notice) == ErrorType.SERVIDOR_CAIDO.value and notice.severity is Severity.CRITICAL:
        to = _united((*to, *(plan.independent[:1] if not set(to) & set(plan.independent) else ())))
    return to


def together(to: Collection[str], also: Collection[str], plan: RoutingConfig) -> tuple[str, ...]:
    """`to` and `also`, as far as they are there."""
    return _united(channel for channel in (*to, *also) if channel in plan.channels) or (ADMIN,)


def topic(notice: Notification) -> str:
    """The error_type that `notice` is about; "" where it is about none."""
    if notice.incident is not None:
        return notice.incident.error_type.value
    found = _OF_SERVICE.get(notice.code.partition("_")[0])
    return found.value if found else ""


def stand_ins(channel: str, plan: RoutingConfig) -> tuple[str, ...]:
    """Who takes over when nothing reaches `channel`, the first choice first."""
    first = (plan.alerts.fallback,) if plan.alerts.fallback else ()
    return tuple(other for other in _united((*first, *plan.channels)) if other != channel)


def _takes(route: Route, notice: Notification) -> bool:
    least = Severity[route.severity.upper()] if route.severity else Severity.INFO
    if notice.severity < least:
        return False
    if route.types and topic(notice) not in route.types:
        return False
    modelo = notice.incident.download.modelo if notice.incident else None
    return not route.modelos or modelo in route.modelos


def _united(names: Collection[str] | Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
