"""What no key can tell alone: values that do not fit together. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from . import validators
from .alerts import ADMIN, Channel, ChannelKind
from .errors import Problem
from .keys import KEYS, Key
from .schema import Config

_NEEDS = {ChannelKind.TELEGRAM: "chat", ChannelKind.APPRISE: "url", ChannelKind.WEBHOOK: "url"}


def problems(config: Config, origin: Mapping[str, str], broken: Collection[str] = ()) -> list[Problem]:
    """Every contradiction in `config`; `origin` says which file or variable set each key. Of keys and
    tables that are `broken` nothing is said: there a mistake is known already."""
    parts = (_bot, _disk, _channels, _routes, _escalation, _quiet_hours)
    return [problem for part in parts for problem in part(config, _Places(origin, broken))]


class _Places:
    """Where a key was set, so that a problem names the file that has to be changed."""

    def __init__(self, origin: Mapping[str, str], broken: Collection[str]) -> None:
        self._origin = origin
        self.broken = broken

    def of(self, *names: str) -> str:
        """The first of `names` (a key, or the beginning of several) that somebody has set."""
        for name in names:
            for key, source in self._origin.items():
                if key == name or key.startswith(f"{name}."):
                    return source
        return ""


def _bot(config: Config, places: _Places) -> Iterator[Problem]:
    if not config.bot.unit and not config.bot.process and not {"bot.unit", "bot.process"} & set(places.broken):
        yield Problem(places.of("bot.process", "bot.unit"), "nobody_named", {"key": "bot.process"})


def _disk(config: Config, places: _Places) -> Iterator[Problem]:
    checks, name = config.checks, "checks.disk_critical"
    if checks.disk_critical > checks.disk_warning:
        fields = {"critical": str(checks.disk_critical), "warning": str(checks.disk_warning)}
        yield Problem(places.of(name, "checks.disk_warning"), "order", {"key": name, **fields})


def _channels(config: Config, places: _Places) -> Iterator[Problem]:
    for channel in config.channels:
        table, needed = f"channels.{channel.name}", _NEEDS[channel.kind]
        if table in places.broken:
            continue
        if not getattr(channel, needed):
            fields = {"key": f"{table}.{needed}", "kind": channel.kind.value}
            yield Problem(places.of(table), "channel_lacks", fields, KEYS[f"channels.*.{needed}"])
        elif channel.kind is ChannelKind.WEBHOOK and not _fits(validators.web_address, channel):
            expected = Key("web_address", validators.web_address)
            yield Problem(places.of(f"{table}.url"), "bad_value", {"key": f"{table}.url", "found": "***"}, expected)


def _fits(convert: Callable[[object], str], channel: Channel) -> bool:
    try:
        convert(channel.url)
    except ValueError:
        return False
    return True


def _routes(config: Config, places: _Places) -> Iterator[Problem]:
    for route in config.routes:
        name = f"routes.{route.name}.to"
        if not route.to and f"routes.{route.name}" not in places.broken:
            fields = {"key": name, "found": "[]"}
            yield Problem(places.of(name, f"routes.{route.name}"), "bad_value", fields, KEYS["routes.*.to"])
        yield from _unknown(config, name, route.to, places)


def _escalation(config: Config, places: _Places) -> Iterator[Problem]:
    alerts, name = config.alerts, "alerts.escalate_after"
    if len(alerts.escalate_to) > len(alerts.escalate_after):
        fields = {"key": name, "n": str(len(alerts.escalate_to)), "found": str(len(alerts.escalate_after))}
        yield Problem(places.of(name, "alerts.escalate_to"), "escalation", fields)
    yield from _unknown(config, "alerts.escalate_to", alerts.escalate_to, places)
    yield from _unknown(config, "alerts.fallback", (alerts.fallback,) if alerts.fallback else (), places)


def _unknown(config: Config, key: str, names: tuple[str, ...], places: _Places) -> Iterator[Problem]:
    known = (ADMIN, *(channel.name for channel in config.channels))
    for name in names:
        if name not in known and f"channels.{name}" not in places.broken:
            yield Problem(places.of(key), "no_channel", {"key": key, "found": name, "known": ", ".join(known)})


def _quiet_hours(config: Config, places: _Places) -> Iterator[Problem]:
    alerts = config.alerts
    begin, end = alerts.quiet_from, alerts.quiet_until
    if {"alerts.quiet_from", "alerts.quiet_until"} & set(places.broken):
        return
    if bool(begin) != bool(end):
        given, lacking = ("quiet_from", "quiet_until") if begin else ("quiet_until", "quiet_from")
        fields = {"key": f"alerts.{lacking}", "other": f"alerts.{given}"}
        yield Problem(places.of(f"alerts.{given}"), "quiet_half", fields)
    elif begin and begin == end:
        fields = {"key": "alerts.quiet_until", "found": end}
        yield Problem(places.of("alerts.quiet_until"), "quiet_equal", fields)
