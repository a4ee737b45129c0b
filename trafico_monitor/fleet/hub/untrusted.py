"""Values out of the fleet's database: each was written by a machine, and is a stranger's.

A machine's own monitor has redacted its texts already; they are redacted again here, for nothing makes a machine do
it. What is left is bounded: sizes and depth of JSON, lengths of texts and lists, finite numbers, types.
"""

from __future__ import annotations

import json
import math
import types
import typing
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar

from ...host.redact import redact
from ...host.untrusted_json import parse
from ...messages.format import shortened
from ...model.serialization import decode, storable

T = TypeVar("T")

MOST_TEXT = 4096  # characters of a text within a body
MOST_ITEMS = 200  # of a list or an object
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
