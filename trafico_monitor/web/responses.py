"""JSON answers of the API, and its errors in the caller's language."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from hashlib import blake2b
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..messages import LANGUAGES, text

SELDOM_SECONDS = 60.0
PROBLEM = "application/problem+json"
PROBLEM_TYPE = "urn:trafico-monitor:problem:"
# No scheme is registered for a cookie. A client that knows none of those named goes on as without the header.
CHALLENGE = 'Cookie realm="trafico-monitor", cookie-name="trafico_monitor"'


class Problem(HTTPException):
    """An error of the API: `code` is `web.<code>` in messages/ and takes `said`; `fields` names what is expected."""

    def __init__(
        self,
        status: int,
        code: str,
        fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        **said: str,
    ) -> None:
        super().__init__(status, code, dict(headers or {}))
        self.code, self.fields, self.said = code, dict(fields or {}), said

    def response(self, language: str, *, details: bool = False) -> Response:
        """The error in that language; `details` as RFC 9457 has it."""
        words = text(f"web.{self.code}", language, **self.said)
        retry = {"retry-after": "1"} if self.status_code == 503 else {}
        challenge = {"www-authenticate": CHALLENGE} if self.status_code == 401 else {}
        headers = {**retry, **challenge, **(self.headers or {})}
        return refusal(self.status_code, self.code, words, self.fields, details=details, headers=headers)


def refusal(
    status: int,
    code: str,
    words: str,
    fields: Mapping[str, str],
    *,
    details: bool,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer other than a good one: in the API's own form, or as problem details (RFC 9457)."""
    if not details:
        return json_response({"ok": False, "code": code, "text": words, "fields": fields}, status, headers)
    said = {"type": f"{PROBLEM_TYPE}{code}", "title": HTTPStatus(status).phrase, "status": status, "detail": words}
    return json_response({**said, "code": code, "errors": fields}, status, headers, PROBLEM)


def wants_details(request: Request) -> bool:
    """True for a request that accepts problem details (RFC 9457)."""
    return PROBLEM in request.headers.get("accept", "").lower()


def wrong_fields(wrong: Mapping[str, str], language: str) -> Problem:
    """The error that names each wrong field; `wrong` has the code of what is expected of it."""
    fields = {name: text(f"web.expect.{code}", language) for name, code in wrong.items()}
    return Problem(422, "invalid", fields, campos=", ".join(sorted(fields)))


def json_response(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None, media: str = "application/json"
) -> Response:
    """An answer with a JSON value that no cache keeps."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")
    extra = {"cache-control": "no-store", **(headers or {})}
    return Response(body + b"\n", status, extra, f"{media}; charset=utf-8")


def revalidated(request: Request, response: Response) -> Response:
    """`response` to a reading request with an ETag; 304 for a client that has it (RFC 9110, section 13.1.2)."""
    tag = f'"{blake2b(bytes(response.body), digest_size=12).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    known = {one.strip().removeprefix("W/") for one in request.headers.get("if-none-match", "").split(",")}
    if tag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    response.headers.update(headers)
    return response


def json_object(request: Request) -> dict[str, object] | None:
    """The JSON object of the body; None for anything else, and for another content type: a form of
    a foreign page can send only those without being asked first."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return None
    try:
        value = json.loads(request.state.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def language_of(request: Request) -> str:
    """The first language of Accept-Language that there are texts in; otherwise the configured one."""
    for part in request.headers.get("accept-language", "")[:200].split(","):
        spoken = part.partition(";")[0].strip().lower()[:2]
        if spoken in LANGUAGES:
            return spoken
    return str(request.app.state.language())


class RateLimit:
    """`due` is true once in SELDOM_SECONDS for each name. There have to be few names."""

    def __init__(self) -> None:
        self._said: dict[str, float] = {}

    def due(self, name: str) -> bool:
        now = time.monotonic()
        if now - self._said.get(name, -SELDOM_SECONDS) < SELDOM_SECONDS:
            return False
        self._said[name] = now
        return True
