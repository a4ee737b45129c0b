"""The ways in which the stand-in server can be told to fail."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from http import HTTPStatus
from typing import Any

from .telegram_rules import ApiError

LONGEST_WAIT = 600.0  # seconds; no thread is ever held longer than this, whatever a fault says
KINDS = {"stall", "slow", "hang", "refuse", "status", "garbage", "truncate", "damage", "missing"}
SPOILING = {"truncate", "damage", "missing"}  # the answer is right, the file is not


@dataclass(slots=True)
class Fault:
    """One order to misbehave.

    `method` is a Bot API method, `file` (the download URL without --local) or `*`; `where` narrows
    it to calls whose parameters (or `token`) have these values; `times` None means until cleared.
    kinds: stall (nothing for `seconds`, then closed) · slow (right answer after `seconds`) ·
    hang (nothing until cleared) · refuse (closed at once) · status (`status` 502 as nginx's page,
    others as JSON; retry_after with 429, migrate_to_chat_id with 400) · garbage (200, no JSON, or `body`) ·
    truncate (`keep` bytes are delivered, the full size announced) · damage (same size, destroyed
    index) · missing (getFile answers, the file is not there).
    """

    method: str
    kind: str
    times: int | None = None
    seconds: float = 1.0
    status: int = 502
    description: str = ""
    body: str = ""
    retry_after: float = 0
    migrate_to_chat_id: int = 0
    keep: int = 0
    where: dict[str, str] = field(default_factory=dict)
    used: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    def fits(self, method: str, params: Mapping[str, str], token: str) -> bool:
        if self.times is not None and self.used >= self.times:
            return False
        if self.method != "*" and self.method.lower() != method.lower():
            return False
        known = {**params, "token": token}
        return all(known.get(name) == str(value) for name, value in self.where.items())

    def wait(self, seconds: float) -> None:
        self.released.wait(min(seconds, LONGEST_WAIT))

    def error(self) -> ApiError:
        described = {
            401: "Unauthorized",
            403: "Forbidden: bot was blocked by the user",
            429: f"Too Many Requests: retry after {self.retry_after}",
        }
        text = self.description or described.get(self.status) or HTTPStatus(self.status).phrase
        if self.migrate_to_chat_id:
            return ApiError(
                400,
                "Bad Request: group chat was upgraded to a supergroup chat",
                migrate_to_chat_id=self.migrate_to_chat_id,
            )
        if self.status == 429:
            return ApiError(429, text, retry_after=self.retry_after)
        return ApiError(self.status, text)

    def as_json(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "released"}
