"""A kind of error that no rule knows, as the log-template miner sees it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UnknownKind:
    """`template` holds `<*>` and masks such as `<NUM>` where its lines differ; `frame` is the own
    frame that a traceback ended in (`file.py:function`), "" for a line. `samples` are redacted."""

    id: int
    template: str
    count: int = 1
    first: float = 0.0  # seconds since the epoch
    last: float = 0.0
    samples: tuple[str, ...] = ()
    frame: str = ""
