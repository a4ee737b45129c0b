"""Sessions of the dashboard: a code from the command line opens one, a cookie carries it.

The unix socket needs none of it: the kernel says who is there, and its folder is closed to others.
A code works once and for minutes; a session is known by the hash of its cookie alone, so that
nobody who reads the database can take one over.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ..model.control import KeyValueStore
from ..model.validation import Schema, Text
from .responses import Problem, json_object, json_response

logger = logging.getLogger(__name__)

COOKIE = "trafico_monitor"
CODE_SECONDS = 600.0
SESSION_SECONDS = 30 * 86400.0
MOST_CODES = 16
MOST_SESSIONS = 64
CODE = Schema({"code": Text("code", most=100, least=1, pattern=r"[A-Za-z0-9_-]{1,100}")}, frozenset({"code"}))
_KEPT = "web.sessions"


@dataclass(frozen=True, slots=True)
class Session:
    """`by` names the session in the records of its actions: the user who asked for the code, and the session."""

    by: str
    until: float


class SessionStore:
    """`ended` is called after a session was ended: its streams have to end too."""

    def __init__(self, memory: KeyValueStore, clock: Callable[[], float], ended: Callable[[], None]) -> None:
        self._memory = memory
        self._clock = clock
        self._ended = ended
        self._codes: dict[str, Session] = {}
        self._sessions: dict[str, Session] | None = None
        self._changing = asyncio.Lock()

    def code(self, by: str) -> tuple[str, float]:
        """A code that opens one session for whoever brings it, and until when (seconds since the epoch)."""
        now = self._clock()
        self._codes = {key: held for key, held in self._codes.items() if held.until > now}
        while len(self._codes) >= MOST_CODES:
            del self._codes[next(iter(self._codes))]
        code, until = secrets.token_urlsafe(24), now + CODE_SECONDS
        self._codes[_digest(code)] = Session(by, until)
        return code, until

    async def log_in(self, code: str) -> tuple[str, Session] | None:
        """The cookie's value and the session that `code` opens; None when it opens none."""
        given = self._codes.pop(_digest(code), None)
        if given is None or given.until <= self._clock():
            return None
        value = secrets.token_urlsafe(32)
        who = given.by.rpartition(":")[2]
        session = Session(f"panel:{who}/{_digest(value)[:6]}", self._clock() + SESSION_SECONDS)
        async with self._changing:
            sessions = await self._known()
            while len(sessions) >= MOST_SESSIONS:
                del sessions[next(iter(sessions))]
            sessions[_digest(value)] = session
            await self._keep(sessions)
        logger.info("web: %s signed in", session.by)
        return value, session

    async def session(self, cookies: Mapping[str, str]) -> Session | None:
        """The session of a request's cookies; None when they open none."""
        value = cookies.get(COOKIE, "")
        if not value:
            return None
        found = (await self._known()).get(_digest(value))
        return found if found is not None and found.until > self._clock() else None

    async def log_out(self, cookies: Mapping[str, str]) -> None:
        """End the session of a request's cookies."""
        async with self._changing:
            sessions = await self._known()
            known = sessions.pop(_digest(cookies.get(COOKIE, "")), None) is not None
            self._ended()
            if known:
                await self._keep(sessions)

    async def close_all(self) -> int:
        """End every session and every code; the number of sessions that ended."""
        async with self._changing:
            sessions = await self._known()
            ended = len(sessions)
            self._codes.clear()
            sessions.clear()
            self._ended()
            await self._keep(sessions)
            return ended

    async def _known(self) -> dict[str, Session]:
        if self._sessions is None:
            self._sessions = _read(await self._memory.kept(_KEPT), self._clock())
        return self._sessions

    async def _keep(self, sessions: Mapping[str, Session]) -> None:
        held = {key: [one.by, one.until] for key, one in sessions.items()}
        await self._memory.keep(_KEPT, json.dumps(held))


def _read(stored: str, now: float) -> dict[str, Session]:
    try:
        held = json.loads(stored or "{}")
        read = {str(key): Session(str(by), float(until)) for key, (by, until) in held.items()}
    except (ValueError, TypeError, AttributeError):
        return {}
    return {key: one for key, one in read.items() if one.until > now}


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "replace")).hexdigest()


class SessionEndpoints:
    """Endpoints for signing in and out. `where` gives the dashboard's address, `https` tells requests by https; the
    cookie is for `base_path` and what is below."""

    def __init__(
        self,
        store: SessionStore,
        where: Callable[[], Mapping[str, object]],
        https: Callable[[Request], bool],
        base_path: Callable[[], str],
    ) -> None:
        self._store, self._where, self._https, self._base_path = store, where, https, base_path

    async def give_code(self, request: Request) -> Response:
        """A code for the command line."""
        code, until = self._store.code(request.state.by)
        return json_response({"code": code, "until": until, **self._where()}, 201)

    async def log_in(self, request: Request) -> Response:
        """A session for a code."""
        values, wrong = CODE.check(json_object(request) or {})
        entered = None if wrong else await self._store.log_in(str(values["code"]))
        if entered is None:
            raise Problem(403, "bad_code")
        value, session = entered
        return self._with_cookie(json_response({"by": session.by, "until": session.until}, 201), request, value)

    async def who(self, request: Request) -> Response:
        """The name that is recorded with what is done in this session."""
        return json_response({"by": request.state.by})

    async def log_out(self, request: Request) -> Response:
        """End this session."""
        await self._store.log_out(request.cookies)
        return self._with_cookie(json_response({"ok": True}), request, "")

    async def log_all_out(self, request: Request) -> Response:
        """End every session."""
        ended = await self._store.close_all()
        logger.info("web: %s ended %d sessions", request.state.by, ended)
        return json_response({"ended": ended})

    def _with_cookie(self, response: Response, request: Request, value: str) -> Response:
        """`response` with the cookie; with "" it takes the cookie away."""
        age = int(SESSION_SECONDS) if value else 0
        flags = "; Secure" if self._https(request) else ""
        place = f"Path={self._base_path() or '/'}; Max-Age={age}"
        response.headers["set-cookie"] = f"{COOKIE}={value}; {place}; HttpOnly; SameSite=Strict{flags}"
        return response
