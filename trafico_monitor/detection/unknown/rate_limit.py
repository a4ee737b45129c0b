"""When a new kind of unknown error is told: a handful an hour, and the rest as one number. Pure."""

from __future__ import annotations

from collections.abc import Mapping

MOST_AN_HOUR = 5
HOUR = 3600.0


class Novelty:
    """How many new kinds were told since the hour began, and how many were not."""

    def __init__(self) -> None:
        self._began = 0.0
        self._told = 0
        self.untold = 0

    def tell(self, now: float) -> bool:
        """True when a new kind may be told by itself; otherwise it is counted for `digest`."""
        if not 0 <= now - self._began < HOUR and not self.untold:
            self._began, self._told = now, 0
        if self._told < MOST_AN_HOUR:
            self._told += 1
            return True
        self.untold += 1
        return False

    def digest(self, now: float) -> int:
        """How many kinds the hour that has ended left untold; 0 while it goes on or when none was."""
        if not self.untold or 0 <= now - self._began < HOUR:
            return 0
        # Counted as told: a storm that goes on gives one digest an hour and nothing else.
        number, self.untold = self.untold, 0
        self._began, self._told = now, MOST_AN_HOUR if number > MOST_AN_HOUR else 0
        return number

    def snapshot(self) -> dict[str, object]:
        """JSON-able; `restore` takes it back."""
        return {"began": self._began, "told": self._told, "untold": self.untold}

    def restore(self, data: Mapping[str, object]) -> None:
        self._began = float(str(data.get("began", 0.0)))
        self._told = int(str(data.get("told", 0)))
        self.untold = int(str(data.get("untold", 0)))
