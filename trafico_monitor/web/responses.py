"""JSON answers of the API, and its errors in the caller's language."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from ..messages import LANGUAGES, text

SELDOM_SECONDS = 60.0


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

    def response(self, language: str) -> Response:
        """The error in that language."""
        words = text(f"web.{self.code}", language, **self.said)
        retry = {"retry-after": "1"} if self.status_code == 503 else {}
        body = {"ok": False, "code": self.code, "text": words, "fields": self.fields}
        return json_response(body, self.status_code, {**retry, **(self.headers or {})})


def wrong_fields(wrong: Mapping[str, str], language: str) -> Problem:
    """The error that names each wrong field; `wrong` has the code of what is expected of it."""
    fields = {name: text(f"web.expect.{code}", language) for name, code in wrong.items()}
    return Problem(422, "invalid", fields, campos=", ".join(sorted(fields)))


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer with a JSON value that no cache keeps."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8", "replace")
    extra = {"cache-control": "no-store", **(headers or {})}
    return Response(body + b"\n", status, extra, "application/json; charset=utf-8")


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
