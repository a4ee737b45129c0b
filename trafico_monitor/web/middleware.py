"""Each request passes here first: is it one, is it meant for this monitor, who asks, and may a page of theirs ask?"""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable
from email.utils import formatdate
from hmac import compare_digest
from urllib.parse import parse_qsl, unquote

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..host.accounts import name_of
from .auth import SessionStore
from .openapi import Operation
from .protocol import BODY_BYTES, ClientProtocol
from .responses import Problem, language_of, wants_details

# Nothing of another host is ever asked for, no script or style stands in the page itself, and no
# text becomes mark-up (trusted types).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'; frame-ancestors "
)
ALWAYS = {
    "content-security-policy": f"{POLICY}'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "vary": "origin, accept, accept-language",
}
_READING = frozenset({"GET", "HEAD"})
# What a Host header may be (RFC 9110, section 7.2), by hand: urlsplit raises for some that are none.
_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._-]{1,255}))(?::(?P<port>[0-9]{0,5}))?")

Origins = Callable[[], tuple[str, ...]]


def connection_of(request: Request) -> ClientProtocol:
    """The connection that the request came by."""
    connection: ClientProtocol = request.state.connection
    return connection


class SecurityHeaders:
    """ASGI middleware: the headers that every answer has, and those for a page of a named origin (CORS). `ancestors`
    are the origins whose pages may show the dashboard in a frame (`web.frame_ancestors`)."""

    def __init__(self, app: ASGIApp, origins: Origins, ancestors: Origins) -> None:
        self._app, self._origins, self._ancestors = app, origins, ancestors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        origin = request.headers.get("origin", "")
        shared = not connection_of(request).local and origin in self._origins()

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(ALWAYS)
                headers["date"] = formatdate(usegmt=True)
                if ancestors := self._ancestors():
                    del headers["x-frame-options"]  # it knows no list
                    headers["content-security-policy"] = POLICY + " ".join(ancestors)
                if shared:
                    headers["access-control-allow-origin"] = origin
                    headers["access-control-allow-credentials"] = "true"
                    headers["access-control-expose-headers"] = "etag, retry-after"
            await send(message)

        await self._app(scope, receive, send_with_headers)


class BasePath:
    """ASGI middleware: serves the application below `base_path` too, whether or not a proxy takes it off. A page's
    addresses are relative, so the path itself leads to the one that ends in a slash."""

    def __init__(self, app: ASGIApp, base_path: Callable[[], str]) -> None:
        self._app, self._base_path = app, base_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        base = self._base_path()
        if base and scope["path"] == base:
            await Response(status_code=308, headers={"location": f"{base}/"})(scope, receive, send)
            return
        scope["root_path"] = base
        await self._app(scope, receive, send)


class RequestTarget:
    """ASGI middleware: refuses a target that is no path, or not UTF-8, and a body that is too large."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        refusal = None
        if not _is_path(scope["raw_path"].decode("ascii"), scope["query_string"].decode("ascii")):
            refusal = Problem(400, "bad_request")
        try:
            scope["state"]["body"] = await request.body()
        except ClientDisconnect:
            return
        if len(scope["state"]["body"]) > BODY_BYTES:
            refusal = Problem(413, "too_large", headers={"connection": "close"})
        answer = refusal.response(language_of(request), details=wants_details(request)) if refusal else self._app
        await answer(scope, receive, send)


def _is_path(raw: str, query: str) -> bool:
    try:
        path = unquote(raw, errors="strict")
        parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=32)
    except ValueError:
        return False
    return path.startswith("/") and not any(ord(c) < 32 or ord(c) == 127 for c in path)


class AccessControl:
    """`origins` (`web.origins`) and `status_token` are those of the configuration, asked anew for every request."""

    def __init__(self, sessions: SessionStore, origins: Origins, status_token: Callable[[], str]) -> None:
        self._sessions = sessions
        self._origins = origins
        self._status_token = status_token

    async def admit(self, request: Request, operation: Operation) -> str:
        """Who asks, "" where nobody has to sign in. Raises Problem for whoever may not."""
        connection = connection_of(request)
        if connection.local:
            return f"cli:{await asyncio.to_thread(name_of, connection.uid)}"
        if operation.by_token and self._bears(request):
            connection.known = True
            return ""  # whatever its Host says: a page of a stranger does not know the token
        refusal = self._refusal(request)
        if refusal is not None:
            raise Problem(403, refusal)
        if operation.local:
            raise Problem(403, "only_local")
        if operation.open:
            return ""
        session = await self._sessions.session(request.cookies)
        if session is None:
            raise Problem(401, "status_token" if operation.by_token else "sign_in")
        connection.known = True
        return session.by

    def _bears(self, request: Request) -> bool:
        """True for a request that brings the status token."""
        wanted = self._status_token()
        given = request.headers.get("authorization", "").removeprefix("Bearer ") or request.query_params.get(
            "token", ""
        )
        return bool(wanted) and compare_digest(given.encode("utf-8", "replace"), wanted.encode())

    async def admits(self, request: Request) -> bool:
        """True while whoever was admitted may go on: the session of a stream may have ended since."""
        return connection_of(request).local or await self._sessions.session(request.cookies) is not None

    def _refusal(self, request: Request) -> str | None:
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if not known_host(host, self._origins()):
            return "bad_host"
        if origin is not None and not known_origin(origin, host, self._origins()):
            return "bad_origin"
        if origin is None and request.method not in _READING:
            # Every browser names the page that sends; who is none can use the socket.
            return None if request.headers.get("sec-fetch-site") == "same-origin" else "bad_origin"
        return None

    def preflight(self, request: Request, methods: str) -> Response:
        """The answer to a browser that asks before it lets a page of another origin ask (CORS)."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin", "")
        local = connection_of(request).local
        if local or not known_host(host, self._origins()) or origin not in self._origins():
            raise Problem(403, "bad_origin")
        allowed = {
            "access-control-allow-methods": methods,
            "access-control-allow-headers": "content-type, accept-language, if-none-match, last-event-id",
            "access-control-max-age": "600",
        }
        return Response(status_code=204, headers=allowed)

    def https(self, request: Request) -> bool:
        """True when the host of the request is reached by https: then a cookie goes no other way."""
        return f"https://{request.headers.get('host', '').lower()}" in self._origins()


async def problem(request: Request, error: Exception) -> Response:
    """The answer to an error. The only one of Starlette's own is that for an unknown path."""
    found = error if isinstance(error, Problem) else Problem(404, "not_found")
    return found.response(language_of(request), details=wants_details(request))


def known_host(host: str, origins: tuple[str, ...]) -> bool:
    """True when a request for `host` is meant for this monitor. Every name that only DNS knows is refused unless
    the configuration names it: a page of a stranger may have its name point to 127.0.0.1."""
    parts = _HOST.fullmatch(host)
    if parts is None or int(parts["port"] or 0) > 0xFFFF:
        return False
    v6, name = parts["v6"], parts["name"]
    if (name or "").lower() == "localhost" or host.lower() in {origin.partition("://")[2] for origin in origins}:
        return True
    try:
        ipaddress.IPv6Address(v6) if v6 else ipaddress.IPv4Address(name)
    except ValueError:
        return False
    return True


def known_origin(origin: str, host: str, origins: tuple[str, ...]) -> bool:
    """True when a page of `origin` may ask: it is the monitor's own, or named by the configuration."""
    scheme, _, named = origin.lower().partition("://")
    return origin in origins or (scheme in ("http", "https") and bool(host) and named == host.lower())
