"""Frozen dataclasses of the model ↔ JSON text, by their type hints.

An unknown key is ignored and a missing one takes its default: a database outlives the version that wrote it, in both
directions.
"""

from __future__ import annotations

import contextlib
import json
import types
import typing
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def encode(value: object) -> str:
    """JSON text of a dataclass of the model; fields that hold their default are left out."""
    return storable(json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":")))


def storable(text: str) -> str:
    """Returns `text` in a form that SQLite accepts: a lone surrogate becomes `?`. Otherwise a step that cannot be
    stored would be repeated forever."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def decode(kind: type[T], text: str) -> T:
    """The dataclass `kind` that `encode` wrote. Raises ValueError for anything else."""
    try:
        return typing.cast(T, _built(kind, json.loads(text)))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"not a stored {kind.__name__}: {error}") from error


def readable(kind: type[T], rows: Iterable[Sequence[str]]) -> Iterator[T]:
    """Yields the readable ones of `rows` (JSON text in the first column): a single invalid row must not prevent the
    service from starting."""
    for row in rows:
        with contextlib.suppress(ValueError):
            yield decode(kind, row[0])


_AS_THEY_ARE = frozenset({str, int, float, bool, type(None)})


def _plain(value: object) -> object:
    if type(value) in _AS_THEY_ARE:  # not an Enum of text
        return value
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {
            name: _plain(held)
            for name, default in _shape(type(value))
            if (held := getattr(value, name)) != default or default is MISSING
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(held) for key, held in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(held) for held in value]
    return value


@cache
def _shape(kind: type) -> tuple[tuple[str, object], ...]:
    # A default that a factory makes is compared too: all of them are values.
    return tuple(
        (f.name, f.default_factory() if f.default_factory is not MISSING else f.default) for f in fields(kind)
    )


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _built(kind: Any, value: Any) -> object:
    origin = typing.get_origin(kind)
    if origin in (typing.Union, types.UnionType):
        if value is None:
            return None
        return _built(next(k for k in typing.get_args(kind) if k is not type(None)), value)
    if origin is tuple:
        return tuple(_built(typing.get_args(kind)[0], held) for held in value)
    if origin is not None:  # Mapping[str, str]
        return dict(value)
    if is_dataclass(kind):
        hints = _hints(typing.cast(type, kind))
        return kind(**{name: _built(hints[name], held) for name, held in value.items() if name in hints})  # type: ignore[operator]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    return float(value) if kind is float else value
