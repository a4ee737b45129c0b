"""Downloads with telethon 1 from the peer on loopback: telethon_bot.py MODELS.

Real: TelegramClient.download_media and download_file, the iterator of pieces, retries, the files. In place of
MTProtoSender (handshake, encryption, connection) stands a sender that asks the peer.
"""

from __future__ import annotations

import asyncio
import datetime
import io
import os
import sys
from pathlib import Path
from typing import Any

from peer import SIZE, Refused, Wire, say, serve
from telethon import TelegramClient, errors, types
from telethon.sessions import MemorySession

MODELS = Path(sys.argv[1])
NAMES = ("whole", "flood", "refused", "dropped", "short", "into_folder", "in_memory", "thumb", "nothing", "low_level")


class Sender:
    """What TelegramClient wants of MTProtoSender to send a request and have its answer."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def send(self, request: Any, ordered: bool = False) -> asyncio.Future[Any]:
        return asyncio.ensure_future(self._answer(request))

    async def _answer(self, request: Any) -> Any:
        name = NAMES[request.location.id]
        try:
            data = await self._wire.ask(name, request.offset, request.limit)
        except Refused:
            if name == "flood":
                raise errors.FloodWaitError(request, capture=77) from None
            raise errors.FileReferenceInvalidError(request) from None
        return types.upload.File(types.storage.FileMp4(), 0, data)


def message(name: str) -> types.Message:
    now = datetime.datetime.now(datetime.UTC)
    video = types.DocumentAttributeVideo(duration=4, w=1, h=1)
    document = types.Document(
        id=NAMES.index(name), access_hash=1, file_reference=b"r", date=now, mime_type="video/mp4", size=SIZE, dc_id=0,
        attributes=[video], thumbs=[types.PhotoSize("m", 1, 1, 500)],
    )  # fmt: skip
    media = None if name == "nothing" else types.MessageMediaDocument(document=document)
    return types.Message(id=1, peer_id=types.PeerUser(77), from_id=types.PeerUser(77), date=now, media=media)


async def fetch(client: TelegramClient, name: str, seen: list[Any]) -> Any:
    ruta = MODELS / "yic" / f"{name}.mp4"
    if name == "into_folder":
        return os.path.relpath(await client.download_media(message(name), str(ruta.parent) + "/"), MODELS)[:3]
    if name == "in_memory":
        out = io.BytesIO()
        await client.download_media(message(name), out)
        return [len(await client.download_media(message(name), bytes)), len(out.getvalue())]
    if name == "thumb":
        return await client.download_media(message(name), str(ruta), thumb=0) == str(ruta)
    if name == "low_level":
        location = types.InputDocumentFileLocation(NAMES.index(name), 1, b"r", "")
        return await client.download_file(location, str(ruta), file_size=SIZE)
    got = await client.download_media(
        message(name), str(ruta), progress_callback=lambda now, total: seen.append((now, total))
    )
    return [got == str(ruta), os.path.getsize(ruta)] if got else got


async def main() -> None:
    (MODELS / "yic").mkdir(parents=True, exist_ok=True)
    wire = Wire(await serve())
    client = TelegramClient(MemorySession(), 1, "hash", flood_sleep_threshold=0, request_retries=1)
    client._sender = Sender(wire)
    for name in NAMES:
        seen: list[Any] = []
        try:
            say(name=name, result=await fetch(client, name, seen), seen=[seen[0], seen[-1]] if seen else [])
        except Exception as error:
            client._flood_waited_requests.clear()
            say(name=name, error=f"{type(error).__module__}.{type(error).__name__}: {error}", seen=len(seen))


asyncio.run(main())
