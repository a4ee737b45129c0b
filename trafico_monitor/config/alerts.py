"""Who is told what, by which way and when: the part of the configuration that is about alerts."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

MINUTE = 60.0
ADMIN = "admin"  # the channel of `[telegram]`


class ChannelKind(str, Enum):
    TELEGRAM = "telegram"  # python-telegram-bot
    APPRISE = "apprise"  # e-mail, Slack, Discord and the rest: one URL each
    WEBHOOK = "webhook"  # JSON by POST, for the operator's own panel


@dataclass(frozen=True, slots=True)
class Channel:
    """`[channels.NAME]`. The channel `admin` is always there, made of `[telegram]`.

    A Telegram channel without `token` uses that of `[telegram]`; `api_url` "" is found out
    (`endpoints.channels`). `url` is Apprise's, or the webhook's address; both may hold a secret.
    """

    name: str
    kind: ChannelKind = ChannelKind.TELEGRAM
    chat: str = ""
    token: str = field(default="", repr=False)
    api_url: str = ""
    url: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """`[routes.NAME]`: notices for which every condition holds go to the channels `to`. An empty
    condition always holds; a notice that no route takes goes to `admin`."""

    name: str
    to: tuple[str, ...]
    severity: str = ""  # "" or the least: info, recoverable, critical
    types: tuple[str, ...] = ()  # of error_type
    modelos: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alerts:
    """`[alerts]`. Times in seconds; `quiet_from`/`quiet_until` "HH:MM" local time, "" = never."""

    remind_every: float = 30 * MINUTE  # 0 = no reminders
    escalate_to: tuple[str, ...] = ()  # channels, in the order supervisor, dev
    escalate_after: tuple[float, ...] = (15 * MINUTE, 30 * MINUTE)  # without acknowledgement, since the alert
    fallback: str = ""  # the channel that takes over when another is blocked; "" = the first other one
    quiet_from: str = ""
    quiet_until: str = ""
    maintenance: float = 5 * MINUTE  # how long a stop of the bot's unit by a person counts as planned
    unit_settled: float = MINUTE  # how long the bot lives after a crash until the alarm is over; 0 = at once
    answers: bool = True  # obey /estado, /incidentes and buttons on the alert bot
    ping_url: str = field(default="", repr=False)  # Healthchecks style; "" = none
    ping_every: float = MINUTE
