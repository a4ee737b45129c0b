"""The OpenAPI document is complete: every answer has a named schema that the answer keeps to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from trafico_monitor.model.control_schema import REQUESTS, SILENCES
from trafico_monitor.model.download import Download, Phase, UnderWay
from trafico_monitor.web.ports import Volume

from .opened import NOON, SECONDS, Opened, opened
from .samples import FORESEEN, sample

BASE = "/api/v1"


async def document(window: Opened) -> Any:
    return (await window.ask("GET", f"{BASE}/openapi.json")).json


def parts(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every object of the document, with its path in it."""
    if isinstance(value, dict):
        yield path, value
    for key, part in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from parts(part, f"{path}/{key}")


def validator(said: Any, name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": said["components"]})


async def test_every_schema_with_fields_has_a_name_and_all_of_its_fields(window: Opened) -> None:
    said = await document(window)
    unnamed = [
        path
        for path, one in parts(said)
        if "properties" in one and not (path.startswith("/components/schemas/") and path.count("/") == 3)
    ]
    assert unnamed == []
    open_ended = [
        name
        for name, one in said["components"]["schemas"].items()
        if one.get("type") == "object" and "additionalProperties" not in one
    ]
    assert open_ended == [] and len(said["components"]["schemas"]) > 60


async def test_every_schema_is_used(window: Opened) -> None:
    said = await document(window)
    used = {word for _, one in parts(said) for word in one.values() if isinstance(word, str)}
    assert [name for name in said["components"]["schemas"] if f"#/components/schemas/{name}" not in used] == []


async def test_every_operation_has_an_id_a_security_and_a_named_answer(window: Opened) -> None:
    said = await document(window)
    operations = [one for path in said["paths"].values() for one in path.values()]
    ids = [one["operationId"] for one in operations]
    assert len(ids) == len(set(ids)) and "getIncidentsById" in ids and "postRequests" in ids
    for one in operations:
        assert one["security"] and one["description"] and one["tags"], one["operationId"]
        for status, answer in one["responses"].items():
            if status == "304":
                continue
            if "$ref" in answer:
                answer = said["components"]["responses"][answer["$ref"].rpartition("/")[2]]
            for media, content in answer["content"].items():
                assert content["schema"]["$ref"].startswith("#/components/schemas/"), (one["operationId"], media)
    assert said["servers"] and said["components"]["securitySchemes"]["session"]["name"] == "trafico_monitor"


async def test_the_hidden_operations_are_those_of_the_page_alone(window: Opened) -> None:
    said = await document(window)
    known = {each.path for each in window.window._operations}
    assert known - set(said["paths"]) == {"/", "/static/{name}"}
    assert f"{BASE}/events" in said["paths"] and "notification" in said["webhooks"]


async def test_a_request_is_told_by_its_kind_and_a_silence_by_its_scope(window: Opened) -> None:
    said = await document(window)
    schemas = said["components"]["schemas"]
    kinds = schemas["PostRequestsBody"]["discriminator"]
    assert kinds["propertyName"] == "kind" and set(kinds["mapping"]) == {*(one.value for one in REQUESTS), "silence"}
    scopes = schemas["SilenceRequest"]["discriminator"]
    assert scopes["propertyName"] == "scope" and set(scopes["mapping"]) == {one.value for one in SILENCES}
    assert schemas["StreamMessage"]["discriminator"]["propertyName"] == "event"
    checked = validator(said, "PostRequestsBody")
    checked.validate({"kind": "silence", "scope": "type", "value": "timeout", "seconds": 60, "reason": "x"})
    assert not checked.is_valid({"kind": "silence", "scope": "all", "seconds": 60})


async def test_a_boolean_parameter_is_a_boolean(window: Opened) -> None:
    said = await document(window)
    by_name = {one["name"]: one["schema"] for one in said["paths"][f"{BASE}/incidents"]["get"]["parameters"]}
    assert by_name["open"] == {"type": "boolean"}


@pytest.mark.parametrize("name", ["status", "health", "incidents", "downloads", "forecast", "records", "ledger"])
async def test_an_answer_keeps_to_its_schema(window: Opened, name: str) -> None:
    await window.keep(*(sample(number) for number in range(6)))
    window.here.foreseen = FORESEEN
    window.here.disks = [Volume("/home", 1, 2, "ok", ((NOON, 1),))]
    window.here.under_way = [UnderWay(Download("ana", "a.mp4"), NOON, NOON, Phase.RECEIVING, None)]
    said = await document(window)
    content = said["paths"][f"{BASE}/{name}"]["get"]["responses"]["200"]["content"]["application/json"]
    answer = (await window.ask("GET", f"{BASE}/{name}")).json
    validator(said, content["schema"]["$ref"].rpartition("/")[2]).validate(answer)


async def test_the_messages_of_the_stream_keep_to_theirs(window: Opened) -> None:
    window.here.disks = [Volume("/home", 1, 2, "ok", ((NOON, 1),))]
    said = await document(window)
    reader, writer = await window.connect()
    writer.write(f"GET {BASE}/events HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    found: dict[str, dict[str, Any]] = {}
    async with asyncio.timeout(SECONDS):
        head = await reader.readuntil(b"event: hello\n")
        assert b"text/event-stream" in head
        await window.keep(sample(1))
        while not {"record", "now"} <= set(found):
            lines = (await reader.readuntil(b"\n\n")).decode().splitlines()
            fields = dict(line.split(": ", 1) for line in lines if not line.startswith(":") and ": " in line)
            if "event" in fields:
                found[fields["event"]] = {**fields, "data": json.loads(fields["data"])}
    writer.close()
    for message in found.values():
        validator(said, "StreamMessage").validate(message)


async def test_an_error_is_told_as_problem_details_to_who_asks_for_them(window: Opened) -> None:
    """RFC 9457 beside the form of 1.0.0, for a refusal of the server, of a check, and of the service."""
    desk = window.here.desk_now
    assert desk is not None
    desk.reply = replace(desk.reply, ok=False, code="unknown_incident", fields={"id": "ABC"})
    said = await document(window)
    for method, path, body, status in (
        ("GET", f"{BASE}/nothing", None, 404),
        ("GET", f"{BASE}/incidents?open=1", None, 422),
        ("GET", f"{BASE}/%ff", None, 400),
        ("POST", f"{BASE}/requests", {"kind": "retry", "incident": "ABC"}, 404),
    ):
        own = await window.ask(method, path, body)
        assert (own.status, own.headers["content-type"]) == (status, "application/json; charset=utf-8")
        validator(said, "Error").validate(own.json)
        headers = {"Accept": "application/problem+json, application/json"}
        problem = await window.ask(method, path, body, headers=headers)
        assert (problem.status, problem.headers["content-type"]) == (status, "application/problem+json; charset=utf-8")
        validator(said, "ProblemDetails").validate(problem.json)
        assert (problem.json["status"], problem.json["code"]) == (status, own.json["code"])
        assert (problem.json["detail"], problem.json["errors"]) == (own.json["text"], own.json["fields"])


async def test_who_is_not_signed_in_is_told_how(window: Opened) -> None:
    said = await window.ask("GET", f"{BASE}/incidents", local=False)
    assert (said.status, said.headers["www-authenticate"].split()[0]) == (401, "Cookie")


@pytest.mark.parametrize("name", ["incidents", "downloads", "records", "ledger", "openapi.json", "texts/es"])
async def test_a_list_that_has_not_changed_is_not_sent_again(window: Opened, name: str) -> None:
    await window.keep(sample(1))
    first = await window.ask("GET", f"{BASE}/{name}")
    tag = {"If-None-Match": f'"other", {first.headers["etag"]}'}
    again = await window.ask("GET", f"{BASE}/{name}", headers=tag)
    assert (first.status, again.status, again.body) == (200, 304, b"")
    assert again.headers["etag"] == first.headers["etag"] and "no-store" not in first.headers["cache-control"]


async def test_a_list_that_has_changed_is_sent_again(window: Opened) -> None:
    first = await window.ask("GET", f"{BASE}/incidents")
    await window.keep(sample(1))
    again = await window.ask("GET", f"{BASE}/incidents", headers={"If-None-Match": first.headers["etag"]})
    assert again.status == 200 and again.headers["etag"] != first.headers["etag"]


async def test_every_answer_has_its_date(window: Opened) -> None:
    for path in ("/", "/static/app.js", f"{BASE}/status", f"{BASE}/nothing"):
        assert (await window.ask("GET", path)).headers["date"].endswith(" GMT"), path
    assert b"\r\ndate: " in await window.raw(b"NONSENSE\r\n\r\n")


async def test_a_base_path_works_whether_or_not_the_proxy_takes_it_off(tmp_path: Path) -> None:
    async with opened(tmp_path, base_path="/video/monitor") as window:
        for path in ("/video/monitor/", "/"):
            assert b"static/app.js" in (await window.ask("GET", path)).body
        for path in (f"/video/monitor{BASE}/status", f"{BASE}/status", "/video/monitor/static/app.js"):
            assert (await window.ask("GET", path)).status == 200, path
        leads = await window.ask("GET", "/video/monitor")
        assert (leads.status, leads.headers["location"]) == (308, "/video/monitor/")
        assert (await window.ask("GET", "/video/monitors/")).status == 404
        code = (await window.ask("POST", f"{BASE}/codes")).json
        assert str(code["address"]).endswith("/video/monitor")
        host = f"127.0.0.1:{window.window.server.port}"
        entered = await window.ask(
            "POST",
            f"/video/monitor{BASE}/session",
            {"code": code["code"]},
            headers={"Origin": f"http://{host}"},
            local=False,
        )
        assert "; Path=/video/monitor;" in entered.headers["set-cookie"]
        assert (await document(window))["servers"][0]["url"] == "/video/monitor"


async def test_no_page_frames_the_dashboard_but_those_that_are_named(tmp_path: Path) -> None:
    for ancestors, policy in (((), "'none'"), (("https://panel.example",), "https://panel.example")):
        folder = tmp_path / str(len(ancestors))
        folder.mkdir()
        async with opened(folder, frame_ancestors=ancestors) as window:
            headers = (await window.ask("GET", "/")).headers
        assert headers["content-security-policy"].endswith(f"frame-ancestors {policy}")
        assert headers.get("x-frame-options") == (None if ancestors else "DENY")
