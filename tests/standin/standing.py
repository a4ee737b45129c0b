"""What the server remembers of bots that are answered to: presses, commands, webhooks."""

from __future__ import annotations

import json
import re
import threading
from typing import Any

from .telegram_rules import ApiError, bad_request

Json = dict[str, Any]
MAX_ANSWER = 200  # characters of a press's answer, core.telegram.org/bots/api#answercallbackquery
COMMAND = re.compile(r"[a-z0-9_]{1,32}")


class Standing:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made = 0
        self._queries: set[str] = set()
        self._webhooks: dict[str, str] = {}
        self.answers: list[Json] = []
        self.commands: list[Json] = []

    def new_query(self, *, old: bool = False) -> str:
        with self._lock:
            self._made += 1
            query = f"query{self._made}"
            if not old:
                self._queries.add(query)
            return query

    def answer_query(self, params: dict[str, str]) -> bool:
        """A press is answered once, and not after the phone has given up."""
        query, said = params.get("callback_query_id", ""), params.get("text", "")
        with self._lock:
            if query not in self._queries:
                raise bad_request("query is too old and response timeout expired or query ID is invalid")
            if len(said) > MAX_ANSWER:
                raise bad_request("MESSAGE_TOO_LONG")
            self._queries.discard(query)
            self.answers.append({"query": query, "text": said, "alert": params.get("show_alert", "") == "true"})
        return True

    def set_commands(self, token: str, params: dict[str, str]) -> bool:
        commands, scope = json.loads(params.get("commands", "[]")), json.loads(params.get("scope", "{}"))
        for one in commands:
            if not COMMAND.fullmatch(one.get("command", "")):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(one.get("description", "")) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands.append({"token": token, "scope": scope, "commands": commands})
        return True

    def set_webhook(self, token: str, url: str) -> bool:
        with self._lock:
            self._webhooks[token] = url
        return True

    def may_poll(self, token: str) -> None:
        if self._webhooks.get(token):
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the"
                " webhook first",
            )
