"""Who may look and act on the listener: a code from the command line, then a cookie.

The unix socket needs none of it: the kernel says who is there, and its folder is closed to others.
A code works once and for minutes; a session is known by the hash of its cookie alone, so that
nobody who reads the database can take one over.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import json
import logging
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

from .ports import Memory

logger = logging.getLogger(__name__)

COOKIE = "trafico_monitor"
CODE_SECONDS = 600.0
SESSION_SECONDS = 30 * 86400.0
MOST_CODES = 16
MOST_SESSIONS = 64
_KEPT = "web.sessions"
# What a Host header may be (RFC 9110, section 7.2), by hand: urlsplit raises for some that are none.
_HOST = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._-]{1,255}))(?::(?P<port>[0-9]{0,5}))?")


@dataclass(frozen=True, slots=True)
class Session:
    """`by` is recorded with what is done in it: who asked for the code, and which session."""

    by: str
    until: float


class SessionStore:
    def __init__(self, memory: Memory, clock: Callable[[], float]) -> None:
        self._memory = memory
        self._clock = clock
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

    async def enter(self, code: str) -> tuple[str, Session] | None:
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

    async def session(self, headers: Mapping[str, str]) -> Session | None:
        """That of the request's cookie."""
        value = _cookie(headers)
        if not value:
            return None
        found = (await self._known()).get(_digest(value))
        return found if found is not None and found.until > self._clock() else None

    async def leave(self, headers: Mapping[str, str]) -> None:
        async with self._changing:
            sessions = await self._known()
            if sessions.pop(_digest(_cookie(headers)), None) is not None:
                await self._keep(sessions)

    async def close_all(self) -> int:
        """Every session ends, every code too."""
        async with self._changing:
            sessions = await self._known()
            ended = len(sessions)
            self._codes.clear()
            sessions.clear()
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


def _cookie(headers: Mapping[str, str]) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")[:4096]).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def set_cookie(value: str, *, secure: bool) -> tuple[str, str]:
    """The header that gives the cookie; with "" the one that takes it away."""
    age = int(SESSION_SECONDS) if value else 0
    flags = "; Secure" if secure else ""
    return "set-cookie", f"{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{flags}"


def known_host(host: str, origins: tuple[str, ...]) -> bool:
    """Whether a request for `host` is meant for us. Every name that only DNS knows is refused unless
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
    """Whether a page of `origin` may ask us: it is our own, or named by the configuration."""
    scheme, _, named = origin.lower().partition("://")
    return origin in origins or (scheme in ("http", "https") and bool(host) and named == host.lower())


def https(host: str, origins: tuple[str, ...]) -> bool:
    """Whether that host is reached by https: then the cookie goes no other way."""
    return f"https://{host.lower()}" in origins
