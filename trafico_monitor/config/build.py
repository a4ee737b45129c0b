"""Puts checked values into the frozen schema. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from .schema import Config


def settle(config: Config, values: Mapping[str, object]) -> Config:
    """`config` with `values` (by `section.key`, already checked) in place."""
    changes: dict[str, Any] = {}
    for name in {key.partition(".")[0] for key in values}:
        inner: dict[str, Any] = {
            key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{name}.")
        }
        changes[name] = replace(getattr(config, name), **inner) if inner else values[name]
    return replace(config, **changes)


def known_keys() -> frozenset[str]:
    """Every `section.key` of the schema, for the test that holds schema and door together."""
    empty = Config()
    own = {"sources", "missing", "explicit"}
    names: set[str] = set()
    for part in fields(empty):
        section = getattr(empty, part.name)
        if hasattr(section, "__dataclass_fields__"):
            names |= {f"{part.name}.{inner.name}" for inner in fields(section)}
        elif part.name not in own:
            names.add(part.name)
    return frozenset(names)
