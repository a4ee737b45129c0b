"""What a Bot API server may answer that is no answer: a trouble with a name, never an exception."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.fuzz.babbler import Babbler
from trafico_monitor.errors import DeliveryError
from trafico_monitor.model.installation import Installation
from trafico_monitor.notify.channels.telegram import TelegramChannel
from trafico_monitor.notify.messages.markup import Message
from trafico_monitor.repair.bot_api import ServerFile, Trouble, get_file

from .conftest import TOKEN

FILE = {"file_id": "x", "file_unique_id": "y"}
SHAPES = [
    "true", "[]", "7", '"x"', "{}", '{"ok": true}', '{"ok": true, "result": null}', '{"ok": true, "result": "x"}',
    '{"ok": true, "result": {}}', '{"ok": true, "result": [1]}', "{", "\x00",
]  # fmt: skip
# Nested deeper than the interpreter follows, deeper than anybody needs, and as deep as it goes along.
NESTED = ["[" * 200_000, "[" * 950 + "]" * 950, '{"ok": true, "result": ' * 950 + "1" + "}" * 950]
NESTED += [
    '{"ok": true, "result": ' + '{"reply_to_message": ' * depth + "1" + "}" * (depth + 1) for depth in (55, 300)
]
MESSAGE = '"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}'
NESTED += ['{"ok": true, "result": ' + f'{{{MESSAGE}, "reply_to_message": ' * 60 + "1" + "}" * 61]
REFUSALS = [f'{{"parameters": {{"retry_after": {n}}}}}' for n in ("1e400", "-1", 10**30, "[]")]
REFUSALS += ["[]", "true", '{"parameters": "x"}', '{"parameters": {"retry_after": "x"}}', '{"description": 7}', ""]


@pytest.fixture
def server() -> Iterator[Babbler]:
    babbler = Babbler()
    yield babbler
    babbler.close()


@pytest.fixture
def asked(site: Installation, server: Babbler) -> Installation:
    return replace(site, api_url=server.url)


@pytest.mark.parametrize("shape", SHAPES)
async def test_an_answer_of_another_shape_is_a_trouble(asked: Installation, server: Babbler, shape: str) -> None:
    server.body = shape.encode()
    assert isinstance(await get_file(asked, "BAAC", 5.0), Trouble)
    channel = TelegramChannel(TOKEN, "4242", server.url)
    with pytest.raises(DeliveryError):
        await channel.deliver(Message("x", "x"), message_id=None)
    await channel.close()


@pytest.mark.slow
@pytest.mark.parametrize("status", [200, 400, 429, 502])
@pytest.mark.parametrize("number", range(len(NESTED)))
async def test_an_answer_nested_deep_is_a_trouble_like_others(
    asked: Installation, server: Babbler, number: int, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.status, server.body = status, NESTED[number].encode()
    told = await get_file(asked, "BAAC", 5.0)
    assert isinstance(told, Trouble) and told.reason != "internal" and len(told.detail) <= 300
    channel = TelegramChannel(TOKEN, "4242", server.url)
    with pytest.raises(DeliveryError):
        await channel.deliver(Message("x", "x"), message_id=None)
    await channel.close()
    assert "[[[[" not in caplog.text and "Traceback" not in caplog.text


async def test_an_answer_without_an_end_is_left_off(asked: Installation, server: Babbler) -> None:
    server.body = b'{"ok": true, "result": "' + b"x" * 50_000_000 + b'"}'
    told = await get_file(asked, "BAAC", 5.0)
    assert isinstance(told, Trouble) and told.reason == "server_error" and "too long" in told.detail
    channel = TelegramChannel(TOKEN, "4242", server.url)
    with pytest.raises(DeliveryError) as refused:
        await channel.deliver(Message("x", "x"), message_id=None)
    assert not refused.value.unusable
    await channel.close()


async def test_a_packed_answer_is_not_unpacked(asked: Installation, server: Babbler) -> None:
    """50 KB of it would be 50 MB of text."""
    server.kind = "application/json\r\nContent-Encoding: gzip"
    server.body = gzip.compress(b'{"ok": true, "result": "' + b"x" * 50_000_000 + b'"}')
    told = await get_file(asked, "BAAC", 5.0)
    assert isinstance(told, Trouble) and told.reason == "server_error" and "packed" in told.detail


@pytest.mark.parametrize("status", [400, 404, 429, 500])
@pytest.mark.parametrize("shape", REFUSALS)
async def test_a_refusal_of_another_shape_is_one_too(
    asked: Installation, server: Babbler, shape: str, status: int
) -> None:
    server.status, server.body = status, shape.encode()
    told = await get_file(asked, "BAAC", 5.0)
    assert isinstance(told, Trouble) and 0 <= told.retry_after <= 86400
    channel = TelegramChannel(TOKEN, "4242", server.url)
    with pytest.raises(DeliveryError) as refused:
        await channel.deliver(Message("x", "x"), message_id=None)
    assert 0 <= refused.value.retry_after < 1e6
    await channel.close()


@pytest.mark.parametrize("path", [7, [], {}, True, "", None, ["/etc/passwd"]])
async def test_a_path_that_is_none_is_no_path(asked: Installation, server: Babbler, path: object) -> None:
    server.body = json.dumps({"ok": True, "result": {**FILE, "file_path": path, "file_size": 5}}).encode()
    assert isinstance(await get_file(asked, "BAAC", 5.0), Trouble)


@pytest.mark.parametrize("size", ["7", [], -1, 1.5, True, {}])
async def test_a_size_that_is_none_is_not_known(asked: Installation, server: Babbler, size: object) -> None:
    server.body = json.dumps({"ok": True, "result": {**FILE, "file_path": "/x/y.mp4", "file_size": size}}).encode()
    answer = await get_file(asked, "BAAC", 5.0)
    assert isinstance(answer, ServerFile) and answer.size is None
