"""What the window shows, gathered from the parts that know it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .desk import Desk


@dataclass(frozen=True, slots=True)
class Panel:
    """`snapshot` is how things stand now; `asked` the desk, None while nobody can be asked."""

    snapshot: Callable[[], Mapping[str, object]]
    asked: Callable[[], Desk | None]

    def status(self) -> Mapping[str, object]:
        return self.snapshot()

    def desk(self) -> Desk | None:
        return self.asked()
