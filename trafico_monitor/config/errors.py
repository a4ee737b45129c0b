"""One clear line for one mistake in the configuration: file, key, what is expected, what is there."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from .. import messages
from ..host.redact import redact
from .keys import Key, nearest

_LONGEST = 60
_USER = re.compile(r"//[^/@\s]*@")  # a password in an address


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
    near = nearest(name)
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
    safe = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in redact(text))
    return safe if len(safe) <= _LONGEST else safe[: _LONGEST - 1] + "…"
