"""A time during which somebody does not want to be told of something. Always with an end."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Scope(str, Enum):
    ALL = "all"
    TYPE = "type"  # value: an error_type
    MODELO = "modelo"
    INCIDENT = "incident"
    MAINTENANCE = "maintenance"  # the bot's unit is being restarted on purpose


@dataclass(frozen=True, slots=True)
class Silence:
    """`id` is short and unique; times are seconds since the epoch; `by` says who asked for it.
    `silenced` counts the notices that it has kept back. Ending one is moving its `until`;
    `reported` says that its end has been told."""

    id: str
    scope: Scope
    value: str
    since: float
    until: float
    reason: str
    by: str
    silenced: int = 0
    reported: bool = False
