"""FastAPI router to trafico-monitor over its unix socket: app.include_router(monitor_router.router, prefix="/api")."""

import json
import os
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

SOCKET = os.environ.get("MONITOR_SOCKET", "/run/trafico-monitor/api.sock")
READ = re.compile(
    r"(incidents(/[0-9A-Za-z]{1,40})?|summary|series|downloads|health|forecast|status|ledger|records|events)"
)
PASSED = ("content-type", "etag", "cache-control", "retry-after")
TIMEOUT = httpx.Timeout(35.0, read=60.0)  # the stream says something every 15 s

router = APIRouter(prefix="/monitor", tags=["monitor"])


def current_user(x_forwarded_user: Annotated[str | None, Header()] = None) -> str | None:
    """The name of the panel's signed-in user, which the monitor records («cli:www-data por ana»). Replace it by your
    own sign-in; None: no name is recorded."""
    return x_forwarded_user


def problem(status: int, code: str, detail: str) -> Response:
    """A refusal as the monitor writes one (RFC 9457)."""
    said = {"type": f"urn:trafico-monitor:problem:{code}", "title": detail, "status": status, "detail": detail}
    return JSONResponse({**said, "code": code, "errors": {}}, status, media_type="application/problem+json")


@router.get("/{path:path}")
async def read(path: str, request: Request) -> Response:
    """The monitor's answer to a reading request, its stream and its refusals included."""
    if not READ.fullmatch(path):
        return problem(404, "not_found", "No existe")
    return await forward(request, f"{path}?{request.url.query}")


@router.post("/requests")
async def ask(request: Request, user: Annotated[str | None, Depends(current_user)]) -> Response:
    """A request to the monitor, such as {"kind": "retry", "incident": "T7F3K2AB", "reason": "…"}."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        return problem(403, "bad_origin", "No es de este panel")  # a form of a foreign page sends no JSON unasked
    given: Any = None
    with suppress(ValueError):
        given = json.loads(await request.body())
    if not isinstance(given, dict):
        return problem(422, "not_json", "Se espera un objeto JSON")
    given.pop("on_behalf_of", None)  # the browser does not name itself
    return await forward(request, "requests", given | ({"on_behalf_of": user} if user else {}))


async def forward(request: Request, path: str, body: dict[str, Any] | None = None) -> Response:
    """The monitor's answer; 503 `monitor_away` while it does not run."""
    names = ("accept-language", "if-none-match", "last-event-id")
    headers = {name: request.headers[name] for name in names if name in request.headers}
    headers["accept"] = "application/json, application/problem+json"
    client = httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=SOCKET), timeout=TIMEOUT)
    asked = client.build_request(request.method, f"http://monitor/api/v1/{path}", headers=headers, json=body)
    try:
        answer = await client.send(asked, stream=True)
    except httpx.HTTPError:
        await client.aclose()
        return problem(503, "monitor_away", "El monitor no responde")
    passed = {name: answer.headers[name] for name in PASSED if name in answer.headers}
    return StreamingResponse(pieces(client, answer), answer.status_code, passed)


async def pieces(client: httpx.AsyncClient, answer: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it comes. The end of the monitor is the end of the stream, not an error of the panel."""
    try:
        with suppress(httpx.HTTPError):
            async for piece in answer.aiter_raw():
                yield piece
    finally:
        await answer.aclose()
        await client.aclose()
