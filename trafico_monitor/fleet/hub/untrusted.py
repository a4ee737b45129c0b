"""Values out of the fleet's database: each was written by a machine, and is a stranger's.

A machine's own monitor has redacted its texts already; they are redacted again here, for nothing makes a machine do
it. What is left is bounded: sizes and depth of JSON, lengths of texts and lists, finite numbers, types.
"""

from __future__ import annotations

import json
import math
import types
import typing
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from ...host.redact import redact
from ...host.untrusted_json import parse
from ...messages.format import shortened
from ...model.fleet import Heartbeat
from ...model.incident import Incident
from ...model.serialization import decode, storable

T = TypeVar("T")

MOST_TEXT = 4096  # characters of a text within a body
MOST_ITEMS = 200  # of a list or an object
MOST_NAME = 300
MOST_DISKS = 20
MOST_COUNT = 2**53 - 1  # what JavaScript counts to
LARGEST = 2.0**63
FIRST, LAST = 0.0, 4_102_444_800.0  # 1970 and 2100, in seconds since the epoch


def clean(value: str, most: int = MOST_TEXT) -> str:
    """`value` redacted, of at most `most` characters, and storable."""
    return shortened(redact(storable(value[: 4 * most])), most)


def decode_untrusted(kind: type[T], value: str) -> T:
    """The dataclass `kind` of JSON that a stranger has written, with clean texts. Raises ValueError for a body that is
    not one: of the wrong shape or types, too deep, or with a number that is none."""
    built = decode(kind, json.dumps(_cleaned(parse(value))))
    if not _conforms(kind, built):
        raise ValueError(f"not a {kind.__name__}")
    return built


def sound_heartbeat(said: Heartbeat) -> Heartbeat:
    """`said` with times, counts, shares and lists that every reader can show."""
    counts = ("open", "failed", "solved", "unanswered", "waiting", "pending", "refused", "last_seq")
    times = ("sent_at", "started_at", "unanswered_since", "certificate_until")
    disks = tuple(
        replace(
            one,
            path=shortened(one.path, MOST_NAME),
            free=_count(one.free),
            total=_count(one.total),
            full_at=sound_time(one.full_at),
            probability=_share(one.probability),
        )
        for one in said.disks[:MOST_DISKS]
    )
    sound: dict[str, Any] = {name: _count(getattr(said, name)) for name in counts}
    sound |= {name: sound_time(getattr(said, name)) for name in times}
    return replace(
        said,
        **sound,
        disks=disks,
        success_rate=_share(said.success_rate),
        lag=max(0.0, said.lag),
        unhealthy=tuple(shortened(one, MOST_NAME) for one in said.unhealthy[:MOST_DISKS]),
        set_aside=tuple(_count(one) for one in said.set_aside),
        version=shortened(said.version, 40),
        container=shortened(said.container, 80),
        address=shortened(said.address, MOST_NAME),
    )


def sound_incident(said: Incident, machine: str) -> Incident:
    """`said` as an incident of `machine`, with times and counts that every reader can show."""
    size = said.download.size
    return replace(
        said,
        machine=machine,
        download=replace(said.download, size=None if size is None else _count(size)),
        opened_at=sound_time(said.opened_at) or 0.0,
        updated_at=sound_time(said.updated_at) or 0.0,
        closed_at=sound_time(said.closed_at),
        acknowledged_at=sound_time(said.acknowledged_at),
        late_at=sound_time(said.late_at) or 0.0,
        not_before=sound_time(said.not_before) or 0.0,
        attempt=_count(said.attempt),
        max_attempts=_count(said.max_attempts),
        count=_count(said.count),
    )


def sound_time(at: Any) -> Any:
    """`at`, in seconds since the epoch, within the years that calendars know; None for None."""
    return None if at is None else min(max(at, FIRST), LAST)


def _count(number: int) -> int:
    return min(max(0, number), MOST_COUNT)


def _share(value: float | None) -> float | None:
    return None if value is None else min(max(value, 0.0), 1.0)


def _cleaned(value: object) -> object:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(name), 80): _cleaned(held) for name, held in list(value.items())[:MOST_ITEMS]}
    if isinstance(value, list):
        return [_cleaned(held) for held in value[:MOST_ITEMS]]
    if isinstance(value, int | float) and not (math.isfinite(value) and abs(value) < LARGEST):
        raise ValueError("a number beyond all measure")
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _conforms(hint: Any, value: object) -> bool:
    """Whether `value` is of the type that `hint` says, as far as the model's dataclasses go."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return any(_conforms(one, value) for one in inner)
    if origin is tuple:
        of = inner[0] if inner[-1] is Ellipsis else None
        return isinstance(value, tuple) and (of is None or all(_conforms(of, held) for held in value))
    if origin is not None:  # Mapping[str, str]
        return isinstance(value, dict) and all(isinstance(held, str) for held in value.values())
    if is_dataclass(hint):
        known = _hints(typing.cast(type, hint))
        return isinstance(value, typing.cast(type, hint)) and all(
            _conforms(known[one.name], getattr(value, one.name)) for one in fields(hint)
        )
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return isinstance(value, hint)
    return type(value) is hint
