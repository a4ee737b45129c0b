"""Parser for untrusted JSON, of bounded size and depth; the only one in the program.

`json.loads` raises RecursionError, not ValueError, for a text nested a thousand levels deep, and accepts one nested
nine hundred levels deep on which later code fails.
"""

from __future__ import annotations

import json

MOST_BYTES = 4 * 1024 * 1024  # the longest known answer, 100 updates of the Bot API, has about 1 MB
DEEPEST = 64  # the Bot API's own objects nest about 10 deep


def parse(text: str | bytes, *, most: int = MOST_BYTES) -> object:
    """Returns the value of one JSON text. Raises ValueError for anything else: invalid JSON, more than `most` bytes
    (or characters), or nested deeper than DEEPEST."""
    if len(text) > most:
        raise ValueError(f"JSON of {len(text)} bytes, at most {most} are taken")
    try:
        value: object = json.loads(text)
    except RecursionError:
        raise ValueError("JSON nested too deep") from None
    if _too_deep(value):
        raise ValueError("JSON nested too deep")
    return value


def objects(text: str) -> list[dict[str, object]]:
    """Returns the objects of a text with one on each line, as journalctl writes entries. All else is left out, also a
    last line that is cut."""
    found: list[dict[str, object]] = []
    for line in text.splitlines():
        try:
            value = parse(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _too_deep(value: object) -> bool:
    level: list[object] = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level if isinstance(outer, dict | list)
                 for inner in (outer.values() if isinstance(outer, dict) else outer)]  # fmt: skip
        if not level:
            return False
    return True
