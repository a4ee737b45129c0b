"""Field definitions of a request: one description validates a value and documents it (OpenAPI). Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_DIGITS = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Text:
    """Text on one line, of `least` to `most` characters. `expected` is `web.expect.<code>` in messages/."""

    expected: str = "text"
    most: int = 200
    least: int = 0
    most_bytes: int = 0  # in UTF-8; 0 for any
    pattern: str = ""
    one_of: tuple[str, ...] = ()

    def check(self, value: object) -> str:
        """Returns the value. Raises ValueError if it is invalid."""
        if not isinstance(value, str) or not self.least <= len(value) <= self.most:
            raise ValueError
        if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise ValueError
        if self.most_bytes and len(value.encode()) > self.most_bytes:
            raise ValueError
        if self.one_of and value not in self.one_of:
            raise ValueError
        if self.pattern and re.fullmatch(self.pattern, value, re.ASCII) is None:
            raise ValueError
        return value

    def schema(self) -> dict[str, object]:
        """Returns the JSON schema of valid values."""
        if self.one_of:
            return {"type": "string", "enum": list(self.one_of)}
        pattern = f"^(?:{self.pattern})$" if self.pattern else r"^[^\x00-\x1f\x7f]*$"
        return {"type": "string", "minLength": self.least, "maxLength": self.most, "pattern": pattern}


@dataclass(frozen=True, slots=True)
class Number:
    """A number from `low` to `high`, both inclusive."""

    low: float
    high: float
    whole: bool = False
    expected: str = "number"

    def check(self, value: object) -> float:
        """Returns the number, also from a parameter's text; true is not 1. Raises ValueError."""
        if isinstance(value, str) and len(value) <= 40 and _DIGITS.fullmatch(value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError
        if not self.low <= value <= self.high or (self.whole and value != int(value)):
            raise ValueError
        return int(value) if self.whole else float(value)

    def schema(self) -> dict[str, object]:
        """Returns the JSON schema of valid numbers."""
        return {"type": "integer" if self.whole else "number", "minimum": self.low, "maximum": self.high}


@dataclass(frozen=True, slots=True)
class Boolean:
    """True or false; in a parameter the word for it."""

    expected: str = "boolean"

    def check(self, value: object) -> bool:
        """Returns the value. Raises ValueError if it is neither."""
        if isinstance(value, str):
            value = {"true": True, "false": False}.get(value)
        if not isinstance(value, bool):
            raise ValueError
        return value

    def schema(self) -> dict[str, object]:
        """Returns the JSON schema of a boolean."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Schema:
    """The fields of an object. `required` fields must be present; unknown fields are refused."""

    fields: Mapping[str, Text | Number | Boolean]
    required: frozenset[str] = field(default_factory=frozenset)

    def check(self, given: Mapping[str, object]) -> tuple[dict[str, str | float], dict[str, str]]:
        """Returns the valid values, and the code of the expected value for each invalid field."""
        values: dict[str, str | float] = {}
        wrong = {name: "missing" for name in self.required if name not in given}
        for name, value in given.items():
            kind = self.fields.get(name)
            if kind is None:
                wrong[name[:60]] = "unknown"
                continue
            try:
                values[name] = kind.check(value)
            except ValueError:
                wrong[name] = kind.expected
        return values, wrong

    def schema(self) -> dict[str, object]:
        """Returns the JSON schema of valid objects."""
        return {
            "type": "object",
            "properties": {name: kind.schema() for name, kind in self.fields.items()},
            "required": sorted(self.required),
            "additionalProperties": False,
        }
