"""What a Bot API server may answer that is no answer: a trouble with a name, never an exception."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.fuzz.babbler import Babbler
from trafico_monitor.action.bot_api import ServerFile, Trouble, get_file
from trafico_monitor.errors import DeliveryError
from trafico_monitor.model.site import Site
from trafico_monitor.notify.message import Message
from trafico_monitor.notify.telegram import TelegramChannel

from .conftest import TOKEN

FILE = {"file_id": "x", "file_unique_id": "y"}
SHAPES = [
    "true", "[]", "7", '"x"', "{}", '{"ok": true}', '{"ok": true, "result": null}', '{"ok": true, "result": "x"}',
    '{"ok": true, "result": {}}', '{"ok": true, "result": [1]}', "{", "\x00",
]  # fmt: skip
REFUSALS = [f'{{"parameters": {{"retry_after": {n}}}}}' for n in ("1e400", "-1", 10**30, "[]")]
REFUSALS += ["[]", "true", '{"parameters": "x"}', '{"parameters": {"retry_after": "x"}}', '{"description": 7}', ""]


@pytest.fixture
def server() -> Iterator[Babbler]:
    babbler = Babbler()
    yield babbler
    babbler.close()


@pytest.fixture
def asked(site: Site, server: Babbler) -> Site:
    return replace(site, api_url=server.url)


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_answer_of_another_shape_is_a_trouble(asked: Site, server: Babbler, shape: str) -> None:
    server.body = shape.encode()
    assert isinstance(await get_file(asked, "BAAC", 5.0), Trouble)
    channel = TelegramChannel(TOKEN, "4242", server.url)
    with pytest.raises(DeliveryError):
        await channel.deliver(Message("x", "x"), message_id=None)
    await channel.close()


@pytest.mark.parametrize("status", [400, 404, 429, 500])
@pytest.mark.parametrize("shape", REFUSALS)
async def test_a_refusal_of_another_shape_is_one_too(asked: Site, server: Babbler, shape: str, status: int) -> None:
    server.status, server.body = status, shape.encode()
    told = await get_file(asked, "BAAC", 5.0)
    assert isinstance(told, Trouble) and 0 <= told.retry_after <= 86400
    channel = TelegramChannel(TOKEN, "4242", server.url)
    with pytest.raises(DeliveryError) as refused:
        await channel.deliver(Message("x", "x"), message_id=None)
    assert 0 <= refused.value.retry_after < 1e6
    await channel.close()


@pytest.mark.parametrize("path", [7, [], {}, True, "", None, ["/etc/passwd"]])
async def test_a_path_that_is_none_is_no_path(asked: Site, server: Babbler, path: object) -> None:
    server.body = json.dumps({"ok": True, "result": {**FILE, "file_path": path, "file_size": 5}}).encode()
    assert isinstance(await get_file(asked, "BAAC", 5.0), Trouble)


@pytest.mark.parametrize("size", ["7", [], -1, 1.5, True, {}])
async def test_a_size_that_is_none_is_not_known(asked: Site, server: Babbler, size: object) -> None:
    server.body = json.dumps({"ok": True, "result": {**FILE, "file_path": "/x/y.mp4", "file_size": size}}).encode()
    answer = await get_file(asked, "BAAC", 5.0)
    assert isinstance(answer, ServerFile) and answer.size is None
