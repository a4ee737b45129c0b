"""What a field of a request may be: one description that both checks it and documents it. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_DIGITS = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Words:
    """Text in one line. `expected` is `web.expect.<code>` in messages/."""

    expected: str = "text"
    most: int = 200
    least: int = 0
    pattern: str = ""
    one_of: tuple[str, ...] = ()

    def check(self, value: object) -> str:
        """`value` as it is used. Raises ValueError when it is something else."""
        if not isinstance(value, str) or not self.least <= len(value) <= self.most:
            raise ValueError
        if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) <= 0xDFFF for c in value):
            raise ValueError
        if self.one_of and value not in self.one_of:
            raise ValueError
        if self.pattern and re.fullmatch(self.pattern, value, re.ASCII) is None:
            raise ValueError
        return value

    def schema(self) -> dict[str, object]:
        if self.one_of:
            return {"type": "string", "enum": list(self.one_of)}
        pattern = f"^{self.pattern}$" if self.pattern else r"^[^\x00-\x1f\x7f]*$"
        return {"type": "string", "minLength": self.least, "maxLength": self.most, "pattern": pattern}


@dataclass(frozen=True, slots=True)
class Number:
    low: float
    high: float
    whole: bool = False
    expected: str = "number"

    def check(self, value: object) -> float:
        """A number; of a parameter also its digits. true is not 1."""
        if isinstance(value, str) and len(value) <= 40 and _DIGITS.fullmatch(value):
            value = float(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError
        if not self.low <= value <= self.high or (self.whole and value != int(value)):
            raise ValueError
        return int(value) if self.whole else float(value)

    def schema(self) -> dict[str, object]:
        return {"type": "integer" if self.whole else "number", "minimum": self.low, "maximum": self.high}


Kind = Words | Number


@dataclass(frozen=True, slots=True)
class Form:
    """An object's fields. Those in `needed` must be there; what is not named must not."""

    fields: Mapping[str, Kind]
    needed: frozenset[str] = field(default_factory=frozenset)

    def check(self, given: Mapping[str, object]) -> tuple[dict[str, str | float], dict[str, str]]:
        """The checked values, and for each mistake the code of what is expected."""
        values: dict[str, str | float] = {}
        mistakes = {name: "missing" for name in self.needed if name not in given}
        for name, value in given.items():
            kind = self.fields.get(name)
            if kind is None:
                mistakes[name[:60]] = "unknown"
                continue
            try:
                values[name] = kind.check(value)
            except ValueError:
                mistakes[name] = kind.expected
        return values, mistakes

    def schema(self) -> dict[str, object]:
        return {
            "type": "object",
            "properties": {name: kind.schema() for name, kind in self.fields.items()},
            "required": sorted(self.needed),
            "additionalProperties": False,
        }
