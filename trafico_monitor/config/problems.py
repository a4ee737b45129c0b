"""Configuration errors: one line each (file, key, expected value, found value), and contradictions between values.
Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches

from .. import messages
from ..host.redact import redact
from ..messages.format import printable, shortened
from . import validators
from .schema import ADMIN, KEYS, SECTIONS, ChannelKind, Config, Key, general

_LONGEST = 60
_USER = re.compile(r"//[^/@\s]*@")  # a password in an address
_NEEDS = {ChannelKind.TELEGRAM: "chat", ChannelKind.APPRISE: "url", ChannelKind.WEBHOOK: "url"}


@dataclass(frozen=True, slots=True)
class Problem:
    """`code` is `config.<code>` in messages/; `source` the file or the environment variable."""

    source: str
    code: str
    fields: dict[str, str] = field(default_factory=dict)
    expected: Key | None = None

    def line(self, language: str) -> str:
        """The one line that the operator reads; it holds no secret and no control character."""
        fields = dict(self.fields)
        if self.expected is not None:
            code = f"expect.{self.expected.expected}"
            fields["expected"] = messages.text(code, language, **self.expected.fields)
        return messages.text(f"config.{self.code}", language, source=self.source, **fields)


def bad_value(source: str, name: str, key: Key, value: object) -> Problem:
    """`name` was given something that it cannot be."""
    return Problem(source, "bad_value", {"key": name, "found": shown(value, secret=key.secret)}, key)


def unknown_key(source: str, name: str) -> Problem:
    """There is no key or section `name`; the nearest known one is named, if any is near."""
    near = _nearest(name)
    code = "unknown_key_near" if near else "unknown_key"
    return Problem(source, code, {"key": plain(name), "near": near or ""})


def shown(value: object, *, secret: bool = False) -> str:
    """`value` as it may be shown: short, on one line, never a secret."""
    if secret:
        return "***"
    written = json.dumps(value, ensure_ascii=False, default=str)
    return plain(_USER.sub("//…@", redact(written)))


def plain(text: str) -> str:
    """`text` on one line, without anything that a terminal obeys, cut to a sensible length."""
    return shortened(printable(redact(text)), _LONGEST)


def _nearest(name: str) -> str | None:
    """Returns the known key or section most similar to `name`."""
    section, _, last = name.rpartition(".")
    if not section:
        return _closest(name, [*SECTIONS, "language"], 0.6) or _elsewhere(name)
    pattern = general(name).rpartition(".")[0]
    here = [section + key.removeprefix(pattern) for key in KEYS if key.startswith(f"{pattern}.")]
    return _closest(name, here, 0.75) or _elsewhere(last)


def _elsewhere(last: str) -> str | None:
    """Returns a key of any section whose own name is `last` or similar."""
    by_last = {key.rpartition(".")[2]: key.replace("*", "NAME") for key in reversed(list(KEYS))}
    return by_last.get(_closest(last, list(by_last), 0.75) or "")


def _closest(word: str, known: list[str], cutoff: float) -> str | None:
    return next(iter(get_close_matches(word, known, 1, cutoff)), None)


def contradictions(config: Config, origin: Mapping[str, str], broken: Collection[str] = ()) -> list[Problem]:
    """Every contradiction in `config`; `origin` says which file or variable set each key. Of keys and
    tables that are `broken` nothing is said: there a mistake is known already."""
    parts = (_bot, _disk, _channels, _routes, _escalation, _quiet_hours)
    return [problem for part in parts for problem in part(config, _Origin(origin, broken))]


class _Origin:
    """Where a key was set, so that a problem names the file that has to be changed."""

    def __init__(self, origin: Mapping[str, str], broken: Collection[str]) -> None:
        self._origin = origin
        self.broken = broken

    def of(self, *names: str) -> str:
        """Returns the source of the first of `names` (a key, or a common prefix) that is set."""
        for name in names:
            for key, source in self._origin.items():
                if key == name or key.startswith(f"{name}."):
                    return source
        return ""


def _bot(config: Config, origin: _Origin) -> Iterator[Problem]:
    named = config.bot.unit or config.bot.process or config.bot.container
    if not named and not {"bot.unit", "bot.process", "bot.container"} & set(origin.broken):
        yield Problem(origin.of("bot.process", "bot.unit"), "nobody_named", {"key": "bot.process"})


def _disk(config: Config, origin: _Origin) -> Iterator[Problem]:
    checks, name = config.checks, "checks.disk_critical"
    if checks.disk_critical > checks.disk_warning:
        fields = {"critical": str(checks.disk_critical), "warning": str(checks.disk_warning)}
        yield Problem(origin.of(name, "checks.disk_warning"), "order", {"key": name, **fields})


def _channels(config: Config, origin: _Origin) -> Iterator[Problem]:
    for channel in config.channels:
        table, needed = f"channels.{channel.name}", _NEEDS[channel.kind]
        if table in origin.broken:
            continue
        if not getattr(channel, needed):
            fields = {"key": f"{table}.{needed}", "kind": channel.kind.value}
            yield Problem(origin.of(table), "channel_lacks", fields, KEYS[f"channels.*.{needed}"])
        elif channel.kind is ChannelKind.WEBHOOK:
            try:
                validators.web_address(channel.url)
            except ValueError:
                expected = Key("web_address", validators.web_address, secret=True)
                yield bad_value(origin.of(f"{table}.url"), f"{table}.url", expected, channel.url)


def _routes(config: Config, origin: _Origin) -> Iterator[Problem]:
    for route in config.routes:
        name = f"routes.{route.name}.to"
        if not route.to and f"routes.{route.name}" not in origin.broken:
            yield bad_value(origin.of(name, f"routes.{route.name}"), name, KEYS["routes.*.to"], [])
        yield from _unknown(config, name, route.to, origin)


def _escalation(config: Config, origin: _Origin) -> Iterator[Problem]:
    alerts, name = config.alerts, "alerts.escalate_after"
    if len(alerts.escalate_to) > len(alerts.escalate_after):
        fields = {"key": name, "n": str(len(alerts.escalate_to)), "found": str(len(alerts.escalate_after))}
        yield Problem(origin.of(name, "alerts.escalate_to"), "escalation", fields)
    yield from _unknown(config, "alerts.escalate_to", alerts.escalate_to, origin)
    yield from _unknown(config, "alerts.fallback", (alerts.fallback,) if alerts.fallback else (), origin)


def _unknown(config: Config, key: str, names: tuple[str, ...], origin: _Origin) -> Iterator[Problem]:
    known = (ADMIN, *(channel.name for channel in config.channels))
    for name in names:
        if name not in known and f"channels.{name}" not in origin.broken:
            yield Problem(origin.of(key), "no_channel", {"key": key, "found": name, "known": ", ".join(known)})


def _quiet_hours(config: Config, origin: _Origin) -> Iterator[Problem]:
    begin, end = config.alerts.quiet_from, config.alerts.quiet_until
    if {"alerts.quiet_from", "alerts.quiet_until"} & set(origin.broken):
        return
    if bool(begin) != bool(end):
        given, lacking = ("quiet_from", "quiet_until") if begin else ("quiet_until", "quiet_from")
        fields = {"key": f"alerts.{lacking}", "other": f"alerts.{given}"}
        yield Problem(origin.of(f"alerts.{given}"), "quiet_half", fields)
    elif begin and begin == end:
        fields = {"key": "alerts.quiet_until", "found": end}
        yield Problem(origin.of("alerts.quiet_until"), "quiet_equal", fields)
