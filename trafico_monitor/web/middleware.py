"""Every request passes here first: is it meant for us, who asks, and may a page of theirs ask?"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace

from ..model.validation import Schema, Text
from .auth import SessionStore, https, known_host, known_origin, set_cookie
from .control import object_of
from .exchange import Answer, Asked, Headers, as_json, problem
from .routes import Route

logger = logging.getLogger(__name__)

# Nothing of another host is ever asked for, no script or style stands in the page itself, and no
# text becomes mark-up (trusted types).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
ALWAYS: Headers = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
)
_READING = frozenset({"GET", "HEAD"})
CODE = Schema({"code": Text("code", most=100, least=1, pattern=r"[A-Za-z0-9_-]{1,100}")}, frozenset({"code"}))


class Middleware:
    """`origins` are those of the configuration (`web.origins`), asked anew for every request."""

    def __init__(self, access: SessionStore, origins: Callable[[], tuple[str, ...]]) -> None:
        self._access = access
        self._origins = origins

    async def let_in(self, asked: Asked, route: Route) -> tuple[Asked, Answer | None]:
        """The request with who asks; or the answer that it gets instead."""
        if asked.peer.local:
            return replace(asked, by=f"cli:{asked.peer.name}"), None
        refusal = self._refusal(asked, route)
        if refusal is not None:
            return asked, problem(403, refusal, asked.language)
        if route.local:
            return asked, problem(403, "only_local", asked.language)
        session = None if route.open else await self._access.session(asked.headers)
        if session is None and not route.open:
            return asked, problem(401, "sign_in", asked.language)
        return replace(asked, by=session.by if session else ""), None

    def _refusal(self, asked: Asked, route: Route) -> str | None:
        host, origin = asked.headers.get("host", ""), asked.headers.get("origin")
        if not known_host(host, self._origins()):
            return "bad_host"
        if origin is not None and not known_origin(origin, host, self._origins()):
            return "bad_origin"
        if origin is None and asked.method not in _READING:
            # Every browser names the page that sends; who is none can use the socket.
            return None if asked.headers.get("sec-fetch-site") == "same-origin" else "bad_origin"
        return None

    def preflight(self, asked: Asked, methods: tuple[str, ...]) -> Answer:
        """What a browser asks before it lets a page of another origin ask (CORS)."""
        host, origin = asked.headers.get("host", ""), asked.headers.get("origin", "")
        if asked.peer.local or not known_host(host, self._origins()) or origin not in self._origins():
            return problem(403, "bad_origin", asked.language)
        allowed: Headers = (
            ("access-control-allow-methods", ", ".join(methods)),
            ("access-control-allow-headers", "content-type, accept-language, last-event-id"),
            ("access-control-max-age", "600"),
        )
        return Answer(204, headers=allowed)

    def dressed(self, answer: Answer, asked: Asked) -> Answer:
        """`answer` with the headers that every one has, and those for a page of another origin."""
        origin = asked.headers.get("origin", "")
        shared: Headers = ()
        if not asked.peer.local and origin in self._origins():
            shared = (("access-control-allow-origin", origin), ("access-control-allow-credentials", "true"))
        return replace(answer, headers=(*answer.headers, *ALWAYS, ("vary", "origin, accept-language"), *shared))

    def give_code(self, asked: Asked, where: Mapping[str, object]) -> Answer:
        """For the command line; `where` says how the dashboard is reached."""
        code, until = self._access.code(asked.by)
        return as_json({"code": code, "until": until, **where}, 201)

    async def sign_in(self, asked: Asked) -> Answer:
        values, mistakes = CODE.check(object_of(asked) or {})
        entered = None if mistakes else await self._access.enter(str(values["code"]))
        if entered is None:
            return problem(403, "bad_code", asked.language)
        value, session = entered
        cookie = set_cookie(value, secure=https(asked.headers.get("host", ""), self._origins()))
        return as_json({"by": session.by, "until": session.until}, 201, (cookie,))

    async def who(self, asked: Asked) -> Answer:
        return as_json({"by": asked.by})

    async def sign_out(self, asked: Asked) -> Answer:
        await self._access.leave(asked.headers)
        cookie = set_cookie("", secure=https(asked.headers.get("host", ""), self._origins()))
        return as_json({"ok": True}, headers=(cookie,))

    async def sign_all_out(self, asked: Asked) -> Answer:
        ended = await self._access.close_all()
        logger.info("web: %s ended %d sessions", asked.by, ended)
        return as_json({"ended": ended})
