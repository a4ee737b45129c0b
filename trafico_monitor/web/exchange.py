"""One question and its answer, as the handlers see them: no sockets here."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote

from ..messages import LANGUAGES, text

JSON_TYPE = "application/json; charset=utf-8"
Headers = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Peer:
    """Who is at the other end. `name` is the user's on the unix socket, told by the kernel;
    "" on the listener, where a session has to say it."""

    local: bool
    name: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A whole request. Header names are lower case; `query` holds the parameters in their order."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes
    peer: Peer
    language: str = "es"
    by: str = ""  # who asks, once the door has let them in
    given: Mapping[str, str] = field(default_factory=dict)  # the parts of the path that a route names


@dataclass(frozen=True, slots=True)
class Answer:
    """`stream` is sent after the head, piece by piece, until it ends or nobody takes it. `by` is who was let in."""

    status: int
    body: bytes = b""
    content_type: str = JSON_TYPE
    headers: Headers = ()
    stream: AsyncIterator[bytes] | None = None
    by: str = ""


def target(raw: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Path and parameters of a request target. Raises ValueError for what is not a path, or not UTF-8."""
    path, _, query = raw.partition("?")
    if not path.startswith("/"):
        raise ValueError("not a path")
    decoded = unquote(path, errors="strict")
    if any(ord(c) < 32 or ord(c) == 127 for c in decoded):
        raise ValueError("control character")
    pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=32)
    return decoded, tuple(pairs)


def language_of(headers: Mapping[str, str], otherwise: str) -> str:
    """The first language of Accept-Language that there are texts in."""
    for part in headers.get("accept-language", "")[:200].split(","):
        spoken = part.partition(";")[0].strip().lower()[:2]
        if spoken in LANGUAGES:
            return spoken
    return otherwise


def as_json(value: object, status: int = 200, headers: Headers = ()) -> Answer:
    """An answer with a JSON value, never kept by anybody on the way."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")
    return Answer(status, body + b"\n", headers=(("cache-control", "no-store"), *headers))


def problem(status: int, code: str, language: str, fields: Mapping[str, str] | None = None, **said: str) -> Answer:
    """What went wrong, as every error of the API says it: `code` is `web.<code>` in messages/."""
    words = text(f"web.{code}", language, **said)
    extra: Headers = (("retry-after", "1"),) if status == 503 else ()
    return as_json({"ok": False, "code": code, "text": words, "fields": dict(fields or {})}, status, extra)
