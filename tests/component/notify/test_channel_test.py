"""One message through every channel at once: each is told of by itself."""

from __future__ import annotations

import asyncio

import pytest

from tests.unit.notify.samples import NOON, TOKEN, notice
from trafico_monitor.errors import DeliveryError
from trafico_monitor.notify.delivery import manager
from trafico_monitor.notify.messages.markup import Message
from trafico_monitor.notify.messages.render import render

from .outbox import ScriptedChannel


class Hanging(ScriptedChannel):
    async def deliver(self, message: Message, *, message_id: str | None) -> str:
        await asyncio.Event().wait()
        return ""


async def test_every_channel_says_how_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manager, "TEST_SECONDS", 0.2)
    channels = [
        ScriptedChannel("admin"),
        ScriptedChannel("blocked", down=DeliveryError(f"bot{TOKEN}: blocked")),
        ScriptedChannel("broken", down=ValueError(TOKEN)),
        Hanging("hanging"),
    ]
    message = render(notice("test", key="test"), "es", now=NOON)
    heard = await manager.send_test_message(channels, message, "es")
    assert [name for name, _, _ in heard] == ["admin", "blocked", "broken", "hanging"]
    troubles = [trouble for _, _, trouble in heard]
    assert troubles[0] == "" and all(troubles[1:]) and TOKEN not in str(troubles)
    assert "0 s" in troubles[3] and all(seconds >= 0 for _, seconds, _ in heard)


async def test_without_channels_there_is_nothing_to_hear() -> None:
    assert await manager.send_test_message([], render(notice("test"), "es", now=NOON), "es") == ()
