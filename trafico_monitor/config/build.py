"""Puts checked values into the frozen schema. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from .alerts import Channel, Route
from .keys import NAMED
from .schema import Config

_MADE_OF = {"channels": Channel, "routes": Route}


def settle(config: Config, values: Mapping[str, object]) -> Config:
    """`config` with `values` (by `section.key`, already checked) in place."""
    changes: dict[str, Any] = {}
    for name in {key.partition(".")[0] for key in values}:
        if name in NAMED:
            changes[name] = _named(name, values)
            continue
        inner: dict[str, Any] = {
            key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{name}.")
        }
        changes[name] = replace(getattr(config, name), **inner) if inner else values[name]
    return replace(config, **changes)


def tables(section: str, values: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """The tables of a named section, `{name: {key: value}}`, in the order of their first key."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        if key.startswith(f"{section}."):
            _, name, last = key.split(".", 2)
            found.setdefault(name, {})[last] = value
    return found


def _named(section: str, values: Mapping[str, object]) -> tuple[Any, ...]:
    # A route without `to` is refused later, with a line of its own; here it only must not fail.
    needed: dict[str, Any] = {"to": ()} if section == "routes" else {}
    return tuple(_MADE_OF[section](name, **(needed | inner)) for name, inner in tables(section, values).items())


def known_keys() -> frozenset[str]:
    """Every `section.key` of the schema, for the test that holds schema and door together."""
    empty = Config()
    own = {"sources", "missing", "explicit", "refused_state"}
    names: set[str] = set()
    for part in fields(empty):
        section = getattr(empty, part.name)
        if part.name in NAMED:
            names |= {f"{part.name}.*.{inner.name}" for inner in fields(_MADE_OF[part.name]) if inner.name != "name"}
        elif hasattr(section, "__dataclass_fields__"):
            names |= {f"{part.name}.{inner.name}" for inner in fields(section)}
        elif part.name not in own:
            names.add(part.name)
    return frozenset(names)
