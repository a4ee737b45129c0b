"""Downloads with pyrogram 2, or a fork of that name, from the peer on loopback: pyrogram_bot.py MODELS.

Real: Client.download_media, handle_download, get_file, Session.invoke and send with retries, packing and
encryption, the files. Not there: the handshake (Session.start), and the connection, which asks the peer and puts
what it says where the session's receiver would.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

asyncio.set_event_loop(asyncio.new_event_loop())  # pyrogram 2.0 wants one when it is imported

import pyrogram  # noqa: E402
from peer import SIZE, Refused, Wire, say, serve  # noqa: E402
from pyrogram import enums, raw, types  # noqa: E402
from pyrogram.file_id import FileId, FileType  # noqa: E402
from pyrogram.session import Session  # noqa: E402

MODELS = Path(sys.argv[1])
NAMES = ("whole", "flood", "refused", "dropped", "short", "in_memory", "in_background", "followed", "stopped")


class Connection:
    """In place of a session's TCP connection to a datacentre."""

    def __init__(self, session: Session, wire: Wire) -> None:
        self.protocol = self
        self.crypto_executor = None  # the loop's own
        self._session, self._wire, self._asked = session, wire, dict[int, Any]()
        factory = session.msg_factory
        if hasattr(factory, "create"):  # a fork's
            create = factory.create

            async def created(query: Any) -> Any:
                return self._remember(await create(query), query)

            factory.create = created
        else:
            session.msg_factory = lambda query: self._remember(factory(query), query)

    def _remember(self, message: Any, query: Any) -> Any:
        self._asked[message.msg_id] = query
        return message

    async def send(self, _encrypted: bytes) -> None:
        number, query = self._asked.popitem()
        name = NAMES[query.location.id]
        answer: Any
        try:
            data = await self._wire.ask(name, query.offset, query.limit)
            answer = raw.types.upload.File(type=raw.types.storage.FileMp4(), mtime=0, bytes=data)
        except Refused:
            code, text = (420, "FLOOD_WAIT_77") if name == "flood" else (400, "FILE_REFERENCE_INVALID")
            answer = raw.types.RpcError(error_code=code, error_message=text)
        self._session.results[number].value = answer
        self._session.results[number].event.set()


def stand_in(wire: Wire) -> None:
    async def start(self: Any) -> None:
        self.connection = Connection(self, wire)
        self.is_started.set()

    async def stop(self: Any) -> None:
        self.is_started.clear()

    Session.start, Session.stop = start, stop
    if hasattr(pyrogram.Client, "get_session"):  # a fork keeps its sessions

        async def get_session(self: Any, *_: Any, **__: Any) -> Any:
            made = Session(self, 2, "127.0.0.1", 1, b"k" * 256, False, is_media=True)
            await made.start()
            return made

        pyrogram.Client.get_session = get_session


def video(name: str) -> types.Video:
    file_id = FileId(
        file_type=FileType.VIDEO, dc_id=2, media_id=NAMES.index(name), access_hash=1, file_reference=b"r"
    ).encode()
    known = {"file_id": file_id, "file_unique_id": f"unique-{name}", "width": 1, "height": 1, "duration": 4}
    more = {"codec": "h264"} if "codec" in types.Video.__init__.__code__.co_varnames else {}
    return types.Video(**known, **more, file_size=SIZE, mime_type="video/mp4")


async def fetch(client: Any, name: str, seen: list[Any]) -> Any:
    ruta = str(MODELS / "yic" / f"{name}.mp4")
    sender = types.User(id=77, is_self=False, first_name="Ana")
    message = types.Message(id=1, from_user=sender, video=video(name), media=enums.MessageMediaType.VIDEO)
    if name == "in_memory":
        return len((await client.download_media(message, in_memory=True)).getbuffer())
    if name == "in_background":
        said = await client.download_media(message, file_name=ruta, block=False)
        while not Path(ruta).exists():
            await asyncio.sleep(0.01)
        return said
    if name == "followed":

        async def progress(now: int, total: int, more: str) -> None:
            seen.append([now, total, more])

        got = await client.download_media(message, file_name=ruta, progress=progress, progress_args=("more",))
    elif name == "stopped":

        def stop(now: int, total: int) -> None:
            raise pyrogram.StopTransmission

        got = await client.download_media(message, file_name=ruta, progress=stop)
    else:
        got = await client.download_media(message, file_name=ruta)
    return [got == ruta, os.path.getsize(ruta)] if got else got


async def main() -> None:
    (MODELS / "yic").mkdir(parents=True, exist_ok=True)
    stand_in(Wire(await serve()))
    client = pyrogram.Client("test", api_id=1, api_hash="hash", in_memory=True, workdir=str(MODELS.parent))
    client.loop = asyncio.get_running_loop()
    await client.storage.open()
    await client.storage.dc_id(2)
    await client.storage.test_mode(False)
    await client.storage.auth_key(b"k" * 256)
    for name in NAMES:
        seen: list[Any] = []
        try:
            say(name=name, result=await fetch(client, name, seen), seen=seen)
        except Exception as error:
            say(name=name, error=f"{type(error).__module__}.{type(error).__name__}: {error}", seen=seen)


asyncio.get_event_loop().run_until_complete(main())
