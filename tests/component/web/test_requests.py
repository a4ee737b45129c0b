"""What people ask over the socket, and how they are answered."""

from __future__ import annotations

import getpass

import pytest

from trafico_monitor.model.alert import Scope
from trafico_monitor.model.control import ControlRequest, ControlResponse, RequestKind

from .opened import NOON, Opened

PATH = "/api/v1/requests"


def only(window: Opened) -> ControlRequest:
    assert window.here.desk_now is not None
    (request,) = window.here.desk_now.asked
    return request


async def test_a_request_reaches_the_desk_with_who_asked_and_when(window: Opened) -> None:
    said = await window.ask("POST", PATH, {"kind": "retry", "incident": "#7k2m9qxa", "reason": "prueba"})
    assert said.status == 200
    assert said.json == {"ok": True, "code": "done", "text": "request.done", "fields": {"id": "7K2M9QXA"}}
    by = f"cli:{getpass.getuser()}"
    assert only(window) == ControlRequest(RequestKind.RETRY, by, NOON, incident="7K2M9QXA", reason="prueba")


async def test_a_request_says_for_whom_it_is_made(window: Opened) -> None:
    said = await window.ask("POST", PATH, {"kind": "retry", "incident": "7K2M9QXA", "on_behalf_of": " ana\u00a0 "})
    assert said.status == 200
    assert (only(window).on_behalf_of, only(window).by) == ("ana", f"cli:{getpass.getuser()}")
    for name in ("", " ", "\u200b", "x" * 65, "a\nb", 7):
        refused = await window.ask("POST", PATH, {"kind": "test", "on_behalf_of": name})
        assert (refused.status, list(refused.json["fields"])) == (422, ["on_behalf_of"]), name  # type: ignore[call-overload]


async def test_a_silence_carries_scope_value_and_seconds(window: Opened) -> None:
    asked = {"kind": "silence", "scope": "type", "value": "timeout", "seconds": 3600, "reason": "prueba"}
    assert (await window.ask("POST", PATH, asked)).status == 200
    request = only(window)
    assert (request.scope, request.value, request.seconds) == (Scope.TYPE, "timeout", 3600.0)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (ControlResponse(True, "retried"), 200),
        (ControlResponse(False, "closed"), 409),
        (ControlResponse(False, "unknown_incident"), 404),
    ],
)
async def test_the_answer_says_what_became_of_it(window: Opened, reply: ControlResponse, status: int) -> None:
    assert window.here.desk_now is not None
    window.here.desk_now.reply = reply
    said = await window.ask("POST", PATH, {"kind": "test"})
    assert (said.status, said.json["ok"], said.json["code"]) == (status, reply.ok, reply.code)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "kind"),
        ({"kind": "format_disk"}, "kind"),
        ({"kind": ["retry"]}, "kind"),
        ({"kind": "retry"}, "incident"),
        ({"kind": "retry", "incident": "../../etc"}, "incident"),
        ({"kind": "retry", "incident": 7}, "incident"),
        ({"kind": "retry", "incident": "7K2M9QXA", "seconds": 5}, "seconds"),
        ({"kind": "retry", "incident": "7K2M9QXA", "reason": "a\nb"}, "reason"),
        ({"kind": "retry", "incident": "7K2M9QXA", "by": "root"}, "by"),
        ({"kind": "silence", "scope": "all"}, "seconds"),
        ({"kind": "silence", "scope": "all", "seconds": True}, "seconds"),
        ({"kind": "silence", "scope": "all", "seconds": 1e9}, "seconds"),
        ({"kind": "silence", "scope": "all", "seconds": 60, "value": "x"}, "value"),
        ({"kind": "silence", "scope": "type", "seconds": 60, "value": "all of them"}, "value"),
        ({"kind": "silence", "scope": "modelo", "seconds": 60}, "value"),
        ({"kind": "assign", "file": "a.mp4"}, "modelo"),
        ({"kind": "assign", "file": "\ud800", "modelo": "x"}, "file"),
    ],
)
async def test_what_is_not_understood_is_refused_field_by_field(window: Opened, body: object, field: str) -> None:
    said = await window.ask("POST", PATH, body)
    assert said.status == 422
    fields = said.json["fields"]
    assert isinstance(fields, dict) and field in fields
    assert window.here.desk_now is not None and not window.here.desk_now.asked


@pytest.mark.parametrize("body", [b"", b"[]", b"nul", b"\xff", b"[" * 30_000, b'{"kind": NaN}'])
async def test_what_is_no_object_is_refused(window: Opened, body: bytes) -> None:
    assert (await window.ask("POST", PATH, body)).status == 422


async def test_another_content_type_is_refused(window: Opened) -> None:
    """A form of a foreign page can only send such: no browser may be talked into a request."""
    said = await window.ask("POST", PATH, b'{"kind": "test"}', headers={"Content-Type": "text/plain"})
    assert said.status == 422


async def test_nobody_to_ask_is_said(window: Opened) -> None:
    window.here.desk_now = None
    said = await window.ask("POST", PATH, {"kind": "test"})
    assert (said.status, said.headers["retry-after"]) == (503, "1")


async def test_the_caller_chooses_the_language(window: Opened) -> None:
    said = await window.ask("POST", PATH, {}, headers={"Accept-Language": "en-GB,es;q=0.5"})
    assert "invalid" in str(said.json["text"])


async def test_a_request_goes_on_when_its_client_has_gone(window: Opened) -> None:
    desk = window.here.desk_now
    assert desk is not None
    desk.gate.clear()
    _, writer = await window.connect()
    writer.write(
        b"POST /api/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b'Content-Length: 15\r\n\r\n{"kind":"test"}'
    )
    while not desk.asked:
        await window.ask("GET", "/api/v1/status")
    writer.transport.abort()
    desk.gate.set()
    assert (await window.ask("GET", "/api/v1/status")).status == 200
