"""What waits for getUpdates."""

from __future__ import annotations

import threading
import time
from typing import Any

from .telegram_rules import ApiError

MAX_POLL = 50.0  # seconds of one getUpdates, as the real server caps it


class Updates:
    """What waits for getUpdates. An update without a token goes to whoever asks first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[str | None, dict[str, Any]]] = []
        self._next_id = 1
        self._turn: dict[str, int] = {}
        self._closed = False

    def put(self, token: str | None, content: dict[str, Any]) -> dict[str, Any]:
        with self._changed:
            update = {"update_id": self._next_id, **content}
            self._next_id += 1
            self._waiting.append((token, update))
            self._changed.notify_all()
        return update

    def get(self, token: str, offset: int, limit: int, timeout: float) -> list[dict[str, Any]]:
        """One token has one consumer: a newer call ends the older one with 409."""
        deadline = time.monotonic() + min(timeout, MAX_POLL)
        with self._changed:
            turn = self._turn[token] = self._turn.get(token, 0) + 1
            self._changed.notify_all()
            if offset > 0:
                self._waiting = [w for w in self._waiting if w[0] != token or w[1]["update_id"] >= offset]
            while not (found := self._claimed(token)) and not self._closed:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
                if self._turn[token] != turn:
                    raise ApiError(409, "Conflict: terminated by other getUpdates request")
            return found[:limit]

    def _claimed(self, token: str) -> list[dict[str, Any]]:
        self._waiting = [(token if owner is None else owner, update) for owner, update in self._waiting]
        return [update for owner, update in self._waiting if owner == token]

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
