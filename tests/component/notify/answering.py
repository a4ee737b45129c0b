"""Twins of what the alert bot talks to: desk, view and small memory; and the bot itself, running."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.component.notify.conftest import ADMIN
from tests.standin.bot_api import BotApiServer
from tests.unit.notify.samples import NOON, incident
from trafico_monitor.errors import StoreError
from trafico_monitor.model.alert import Notification
from trafico_monitor.model.control import ControlRequest, ControlResponse
from trafico_monitor.model.incident import Incident
from trafico_monitor.notify.chatops.bot import AlertBot

ALERT_TOKEN = "2234567890:AAExampleExampleExampleExampleExampl"
GROUP = -100200300
STRANGER = 666
ID = "T7F3K2AB"


@dataclass
class MemoryDesk:
    """Notes what is asked; says yes, or as told. `hold` keeps every reply back."""

    asked: list[ControlRequest] = field(default_factory=list)
    reply: ControlResponse = field(default_factory=lambda: ControlResponse(True, "accepted", {"id": ID}))
    error: Exception | None = None
    hold: asyncio.Event | None = None

    async def ask(self, request: ControlRequest) -> ControlResponse:
        self.asked.append(request)
        if self.hold is not None:
            await self.hold.wait()
        if self.error is not None:
            raise self.error
        return self.reply


@dataclass
class MemoryView:
    open: list[Incident] = field(default_factory=lambda: [incident()])
    said: dict[str, object] = field(default_factory=lambda: {"unit": "trafico-main.service", "open": 1})
    messages: dict[str, Notification] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def status(self) -> Mapping[str, object]:
        return self.said

    def open_incidents(self) -> Sequence[Incident]:
        return self.open

    async def told(self, key: str) -> Notification | None:
        return self.messages.get(key)

    async def modelos(self) -> Sequence[str]:
        return self.names


@dataclass
class MemoryKept:
    values: dict[str, str] = field(default_factory=dict)
    broken: bool = False

    async def keep(self, name: str, value: str) -> None:
        if self.broken:
            raise StoreError("database or disk is full")
        self.values[name] = value

    async def kept(self, name: str) -> str:
        if self.broken:
            raise StoreError("database or disk is full")
        return self.values.get(name, "")


class World:
    """An alert bot and what is around it. `now` is its clock, the stand-in's messages are of NOON."""

    def __init__(self, server: BotApiServer) -> None:
        self.server, self.now = server, NOON
        self.desk, self.view, self.kept = MemoryDesk(), MemoryView(), MemoryKept()
        self.notes: list[tuple[str, Mapping[str, str]]] = []
        self.allowed = frozenset({ADMIN, GROUP})
        server.api.add_chat({"id": GROUP})
        server.api.add_chat({"id": STRANGER})

    def answers(self) -> AlertBot:
        return AlertBot(
            ALERT_TOKEN,
            self.server.url,
            self.allowed,
            self.desk,
            self.view,
            self.kept,
            lambda: self.now,
            "es",
            note=lambda code, fields: self.notes.append((code, fields)),
        )

    @contextlib.asynccontextmanager
    async def listening(self, *, fresh: bool = True) -> AsyncIterator[AlertBot]:
        """The bot runs; `fresh`: what comes from now on is known to be new."""
        made = self.answers()
        running = asyncio.create_task(made.run())
        if fresh:
            await self.until(lambda: len(self.polls()) >= 2)
        try:
            yield made
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def until(self, seen: Callable[[], object], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not seen():
                await asyncio.sleep(0.005)

    async def has_listened(self) -> None:
        """Everything that was said before this call has been seen to."""
        count = len(self.polls())
        marker = self.write("/ayuda", date=int(self.now))
        await self.until(lambda: any(p["params"].get("offset") == str(marker["update_id"] + 1) for p in self.polls()))
        assert len(self.polls()) > count

    # What people do.

    def write(self, text: str, user: int = ADMIN, **more: Any) -> dict[str, Any]:
        known = {"from": {"id": user}, "token": ALERT_TOKEN, "date": int(self.now), "text": text}
        return self.server.api.queue_text(known | more)

    def press(self, data: str, message_id: int, user: int = ADMIN, **more: Any) -> dict[str, Any]:
        order = {"from": {"id": user}, "data": data, "message_id": message_id, **more}
        return self.server.api.queue_callback(order)

    # What was seen.

    def polls(self) -> list[dict[str, Any]]:
        return [c for c in list(self.server.api.calls) if c["method"].lower() == "getupdates"]

    def said(self, chat: int | None = None) -> list[str]:
        sent = [
            m for m in list(self.server.api.messages) if m["method"] == "sendMessage" and m["token"] == ALERT_TOKEN
        ]
        return [m["rendered"] for m in sent if chat in (None, m["chat_id"])]

    def toasts(self) -> list[dict[str, Any]]:
        return list(self.server.api.standing.answers)
