"""A signed webhook, as the checkers of docs/webhook.md see it: in Python and in Node."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.standin.receiver import Answer, Received, Receiver
from tests.unit.notify.samples import incident, notice
from trafico_monitor.config.schema import Channel, ChannelKind
from trafico_monitor.notify.channels import webhook
from trafico_monitor.notify.channels.factory import open_channel
from trafico_monitor.notify.messages.markup import Message
from trafico_monitor.notify.messages.render import render

PAGE = Path(__file__).parents[3] / "docs" / "webhook.md"
SECRET = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo="
OTHER = "whsec_" + "WFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFg="
Checker = Callable[[str, dict[str, str], bytes], bool]


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found.group(1)


def python_checker(folder: Path) -> Checker:
    names: dict[str, Checker] = {}
    exec(block("python"), names)
    return names["is_signed"]


def node_checker(folder: Path) -> Checker:
    (folder / "signed.mjs").write_text(block("js"), encoding="utf-8")
    (folder / "run.mjs").write_text(
        'import { isSigned } from "./signed.mjs";\n'
        "const [secret, headers, body] = JSON.parse(process.argv[2]);\n"
        'console.log(isSigned(secret, headers, Buffer.from(body, "latin1")));\n'
    )

    def check(secret: str, headers: dict[str, str], body: bytes) -> bool:
        given = json.dumps([secret, headers, body.decode("latin-1")])
        run = subprocess.run(
            ["node", folder / "run.mjs", given], capture_output=True, text=True, timeout=60, check=True
        )
        return run.stdout == "true\n"

    return check


def message() -> Message:
    what = notice(incident=incident())
    return replace(render(what, "es"), notice=what)


async def sent(secret: str, answers: list[Answer] | None = None) -> list[Received]:
    with Receiver() as receiver:
        receiver.answers = answers or []
        channel = open_channel(Channel("panel", ChannelKind.WEBHOOK, url=receiver.url, secret=secret), "es")
        for _ in range(2):
            await channel.deliver(message(), message_id=None)
        await channel.close()
        return receiver.received


@pytest.mark.parametrize("made", [python_checker, node_checker])
async def test_the_documented_checkers_take_what_was_sent_and_nothing_else(
    made: Callable[[Path], Checker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = made(tmp_path)
    got, again = await sent(SECRET)
    assert check(SECRET, got.headers, got.body) and check(SECRET, again.headers, again.body)
    assert got.headers["webhook-id"] == again.headers["webhook-id"] == got.headers["idempotency-key"]
    both = {**got.headers, "webhook-signature": "v1,AAAA v1a,xyz " + got.headers["webhook-signature"]}
    assert check(SECRET, both, got.body)
    for headers, body in (
        (got.headers, got.body + b" "),
        ({**got.headers, "webhook-id": "another"}, got.body),
        ({**got.headers, "webhook-timestamp": str(int(got.headers["webhook-timestamp"]) + 1)}, got.body),
        ({**got.headers, "webhook-timestamp": "soon"}, got.body),
        ({**got.headers, "webhook-signature": "v1,"}, got.body),
        ({}, got.body),
    ):
        assert not check(SECRET, headers, body), headers
    assert not check(OTHER, got.headers, got.body)
    long_ago = webhook.time.time() - 400
    monkeypatch.setattr(webhook.time, "time", lambda: long_ago)
    old, _ = await sent(SECRET)
    monkeypatch.undo()
    assert not check(SECRET, old.headers, old.body)


async def test_without_a_secret_nothing_is_signed() -> None:
    got, _ = await sent("")
    assert "webhook-signature" not in got.headers and "idempotency-key" in got.headers
