"""The API and the service go by one definition of a request: from HTTP through to the decision, at the bounds and
between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio

from tests.component.web.opened import Opened, opened
from trafico_monitor.model.alert import Scope
from trafico_monitor.model.control import ControlRequest, RequestKind

from .conftest import ANA, FAILED, NOW, Office

DAY = 86400
PATH = "/api/v1/requests"
SILENCE: dict[str, object] = {"kind": "silence", "scope": "all", "seconds": 3600, "reason": "cambio de disco"}
MODELO: dict[str, object] = {**SILENCE, "scope": "modelo"}
RETRY: dict[str, object] = {"kind": "retry"}


@pytest_asyncio.fixture
async def window(office: Office, tmp_path: Path) -> AsyncIterator[Opened]:
    """A server whose requests go to the real processor."""
    (tmp_path / "web").mkdir()
    async with opened(tmp_path / "web") as there:
        there.here.desk_now = office.desk  # type: ignore[assignment]
        yield there


def request(body: dict[str, object]) -> ControlRequest:
    """The same request as another way in (the alert bot) makes it, unchecked."""
    fields = {name: value for name, value in body.items() if name not in ("kind", "scope")}
    scope = Scope(body.get("scope", "all"))
    return ControlRequest(RequestKind(body["kind"]), ANA, NOW, scope=scope, **fields)  # type: ignore[arg-type]


VALID = [
    *({**SILENCE, "seconds": seconds} for seconds in (60, 60.001, 61, DAY, 7 * DAY - 1, 7 * DAY)),
    *({**SILENCE, "reason": reason} for reason in ("x", "x" * 199, "x" * 200, "ñ" * 200, " x ", "Ж", "\u4e2d")),
    *({**SILENCE, "scope": "type", "value": kind} for kind in ("timeout", "otro")),
    *({**MODELO, "value": name} for name in ("v", "Ana María", "x" * 255, "ñ" * 127, "x._", "👩\u200d💻")),
    *({**SILENCE, "scope": "incident", "value": name} for name in ("A", "#abcdef23", "ABCDEF23")),
    *({**RETRY, "incident": "A", "reason": reason} for reason in ("", "x" * 200)),
]
REFUSED = [
    *(({**SILENCE, "seconds": seconds}, "seconds") for seconds in (-1, 0, 1, 59, 59.999, 7 * DAY + 0.001, 30 * DAY)),
    *(({**SILENCE, "reason": reason}, "reason") for reason in ("", " ", "\u200b", "\u3000", "x" * 201, "x" * 500)),
    ({**SILENCE, "scope": "maintenance"}, "scope"),
    ({**SILENCE, "value": "x"}, "value"),
    ({**SILENCE, "scope": "type", "value": "maintenance"}, "value"),
    *(({**MODELO, "value": name}, "value") for name in ("_rescatados", ".x", "a/b", "..", "x" * 256, "ñ" * 128)),
    *(({**SILENCE, "scope": "incident", "value": name}, "value") for name in ("#", "ABCDEFGH2", "a-b", "..", "ñ")),
    *(({**RETRY, "incident": name}, "incident") for name in ("", "ABCDEFGH2", "unit-2", "%", "A_")),
    ({**RETRY, "incident": "A", "reason": "x" * 201}, "reason"),
    ({"kind": "assign", "file": "a.mp4", "modelo": "_x"}, "modelo"),
    ({"kind": "assign", "file": "a.mp4", "modelo": "a/b"}, "modelo"),
]


async def test_what_the_api_takes_the_service_takes(window: Opened, office: Office) -> None:
    wrong = []
    for body in VALID:
        said, reply = await window.ask("POST", PATH, body), await office.desk.ask(request(body))
        if said.status == 422 or str(said.json["code"]).startswith("invalid") or reply.code.startswith("invalid"):
            wrong.append((body, said.status, said.json["code"], reply.code))
    assert wrong == []
    assert await office.store.silences(NOW)


async def test_what_the_service_refuses_the_api_refuses_and_names_the_field(window: Opened, office: Office) -> None:
    wrong = []
    for body, field in REFUSED:
        said, reply = await window.ask("POST", PATH, body), await office.desk.ask(request(body))
        fields = said.json["fields"]
        if said.json["code"] != "invalid" or fields.keys() != {field} or not reply.code.startswith("invalid"):  # type: ignore[attr-defined]
            wrong.append((body, said.status, said.json["code"], fields, reply.code))
    assert wrong == []
    assert (await office.incident(FAILED.id)).asked == 0 and await office.store.silences(NOW) == ()


async def test_the_document_has_the_bounds_of_the_definition(window: Opened) -> None:
    document = (await window.ask("GET", "/api/v1/openapi.json")).json
    schemas: Any = document["components"]["schemas"]  # type: ignore[index]
    places = [one["$ref"].rpartition("/")[2] for one in schemas["SilenceRequest"]["oneOf"]]
    silences = [schemas[name]["properties"] for name in places]
    assert {one["scope"]["enum"][0] for one in silences} == {"all", "type", "modelo", "incident"}
    for one in silences:
        assert (one["seconds"]["minimum"], one["seconds"]["maximum"]) == (60, 7 * DAY)
        assert (one["reason"]["minLength"], one["reason"]["maxLength"]) == (1, 200)
