"""One message through every channel at once, to hear which of them work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Protocol

from ...errors import DeliveryError
from ...host.redact import redact
from ...messages import text
from ..messages.markup import Message

SECONDS = 15.0  # for each; a channel has deadlines of its own, this is for one that lacks them


class Channel(Protocol):
    @property
    def name(self) -> str: ...
    async def deliver(self, message: Message, *, message_id: str | None) -> str: ...


async def send_test_message(
    channels: Iterable[Channel], message: Message, language: str
) -> tuple[tuple[str, float, str], ...]:
    """Of each channel its name, the seconds that it took, and what was wrong ("" for nothing)."""
    return tuple(await asyncio.gather(*(_one(channel, message, language) for channel in channels)))


async def _one(channel: Channel, message: Message, language: str) -> tuple[str, float, str]:
    begun, trouble = time.monotonic(), ""
    try:
        async with asyncio.timeout(SECONDS):
            await channel.deliver(message, message_id=None)
    except TimeoutError:
        trouble = text("notice.trouble.deadline", language, servidor=channel.name, segundos=f"{SECONDS:.0f}")
    except DeliveryError as error:
        trouble = redact(str(error))
    except Exception as error:  # a fault in one client library says nothing of the other channels
        trouble = redact(f"{type(error).__name__}: {error}")
    return channel.name, time.monotonic() - begun, trouble
