"""The OpenAPI document, made from the operations, the schemas that check requests, and those of the answers. Pure."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from starlette.requests import Request
from starlette.responses import Response

from ..model.validation import Schema as Fields
from ..model.validation import Text
from .schemas import SCHEMAS, Schema, ref

Handler = Callable[[Request], Awaitable[Response]]

JSON, PROBLEM_JSON, STREAM = "application/json", "application/problem+json", "text/event-stream"
_ALWAYS = (400, 403, 500, 503)  # any operation may answer so
_SCHEMAS = "#/components/schemas/"
_SESSION, _TOKEN = "session", "statusToken"
_ABOUT = (
    "Failed video downloads of a Telegram bot: incidents, their repair and its proof. "
    "The unix socket needs no session: the kernel names the user."
)
_HEADERS: Mapping[int, tuple[str, str]] = {
    401: ("WWW-Authenticate", "The cookie that is missing"),
    503: ("Retry-After", "Seconds to wait"),
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A method of a path, which may hold `{name}` for one component. `open` needs no signing in, `local` is for the
    unix socket alone. The rest describes it for the document, where `shown`: its parameters, those in the path
    first, its body, for a good status the name of the answer's schema and its media type, and its bad statuses.
    `by_token` admits whoever knows `web.status_token`; `unwell` is the schema of what it answers with 503.
    Its operationId follows from method and path."""

    method: str
    path: str
    handle: Handler
    open: bool = False
    local: bool = False
    about: str = ""
    parts: Fields | None = None
    query: Fields | None = None
    body: tuple[Fields, ...] = ()
    gives: tuple[int, str] | None = None
    errors: tuple[int, ...] = ()
    media: str = JSON
    by_token: bool = False
    unwell: str = ""

    @property
    def shown(self) -> bool:
        return bool(self.about)

    @property
    def id(self) -> str:
        """The operationId: `GET /api/v1/incidents/{id}` is getIncidentsById."""
        words = re.sub(r"^/api/v\d+|[}]|[.]json$", "", self.path).replace("{", "by/")
        return self.method.lower() + _joined(re.split(r"[/_.-]", words))


def document(operations: Iterable[Operation], version: str, base_path: str = "") -> dict[str, object]:
    """The API as OpenAPI 3.1, for a server below `base_path`."""
    shown = [one for one in operations if one.shown]
    schemas = dict(SCHEMAS)
    paths: dict[str, dict[str, object]] = {}
    for one in shown:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    webhooks = {"notification": {"post": _webhook()}}
    responses = {_error_name(code): _error(code) for code in sorted({*_ALWAYS, *_bad(shown)})}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "trafico-monitor",
            "version": version,
            "description": _ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": base_path or "/", "description": "web.listen, or the unix socket"}],
        "tags": [{"name": name, "description": about} for name, about in _TAGS.items()],
        "paths": paths,
        "webhooks": webhooks,
        "components": {
            "securitySchemes": {
                _SESSION: {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "trafico_monitor",
                    "description": "POST /api/v1/session gives it. The unix socket needs none.",
                },
                _TOKEN: {"type": "http", "scheme": "bearer", "description": "web.status_token; also as ?token="},
            },
            "responses": responses,
            "schemas": _used([paths, webhooks, responses], schemas),
        },
    }


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    """Without any on the unix socket."""
    if operation.open or operation.local:
        return [{}]
    schemes = [_TOKEN, _SESSION] if operation.by_token else [_SESSION]
    return [*({scheme: list[str]()} for scheme in schemes), {}]


def _used(said: object, schemas: Mapping[str, Schema]) -> dict[str, Schema]:
    """Those of `schemas` that are referred to, by `said` or by one another: a hub has others than a monitor."""
    names, new = set[str](), set(_references(said))
    while new:
        names |= new
        new = {name for one in new for name in _references(schemas[one])} - names
    return {name: one for name, one in schemas.items() if name in names}


def _references(value: object) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(_SCHEMAS):
        yield value.removeprefix(_SCHEMAS)
    elif isinstance(value, list | Mapping):
        for part in value.values() if isinstance(value, Mapping) else value:
            yield from _references(part)


_TAGS = {
    "monitor": "The monitor's records and its present state",
    "requests": "Requests of operators, and sessions",
    "webhook": "Messages to an address of the operator",
}


def _bad(operations: Iterable[Operation]) -> set[int]:
    return {code for one in operations for code in (*one.errors, *(() if one.open else (401,)))}


def _operation(operation: Operation, schemas: dict[str, Schema]) -> dict[str, object]:
    reading = operation.method == "GET"
    said: dict[str, object] = {
        "operationId": operation.id,
        "summary": operation.about,
        "description": " ".join((operation.handle.__doc__ or operation.about).split()),
        "tags": ["monitor" if reading else "requests"],
        "security": _security(operation),
        "responses": _responses(operation),
    }
    parameters = [
        {"name": name, "in": place, "required": name in form.required, "schema": kind.schema()}
        for place, form in (("path", operation.parts), ("query", operation.query))
        if form is not None
        for name, kind in form.fields.items()
    ]
    if parameters:
        said["parameters"] = parameters
    if operation.body:
        name = _body(operation, schemas)
        said["requestBody"] = {"required": True, "content": {JSON: {"schema": ref(name)}}}
    return said


def _body(operation: Operation, schemas: dict[str, Schema]) -> str:
    """Add the schemas of the body, and return the name of the one that is all of them: by `kind`, then `scope`."""
    name = operation.id[0].upper() + operation.id[1:]
    if len(operation.body) == 1:
        schemas[f"{name}Body"] = operation.body[0].schema()
        return f"{name}Body"
    return _union(f"{name}Body", operation.body, ("kind", "scope"), schemas)


def _union(name: str, forms: Sequence[Fields], keys: Sequence[str], schemas: dict[str, Schema]) -> str:
    """Add the union of `forms`, told apart by the one word that each takes for the first of `keys`."""
    key, mapping = keys[0], dict[str, str]()
    words = [cast(Text, form.fields[key]).one_of[0] for form in forms]
    for word in dict.fromkeys(words):
        named = _joined(word.split("_")) + ("Request" if key == "kind" else name)
        same = [form for form, its in zip(forms, words, strict=True) if its == word]
        if len(same) > 1:
            _union(named, same, keys[1:], schemas)
        else:
            schemas[named] = same[0].schema()
        mapping[word] = f"#/components/schemas/{named}"
    schemas[name] = {
        "oneOf": [{"$ref": place} for place in mapping.values()],
        "discriminator": {"propertyName": key, "mapping": mapping},
    }
    return name


def _joined(words: Iterable[str]) -> str:
    return "".join(word[:1].upper() + word[1:] for word in words)


def _responses(operation: Operation) -> dict[str, object]:
    status, name = operation.gives or (200, "Done")
    good: dict[str, object] = {"description": name, "content": {operation.media: {"schema": ref(name)}}}
    found: dict[str, object] = {str(status): good}
    if operation.method == "GET" and operation.media == JSON:
        good["headers"] = {"ETag": {"description": "The state of the answer", "schema": {"type": "string"}}}
        found["304"] = {"description": "As If-None-Match names it"}
    for code in sorted({*operation.errors, *(() if operation.open else (401,)), *_ALWAYS}):
        found[str(code)] = {"$ref": f"#/components/responses/{_error_name(code)}"}
    if operation.unwell:
        found["503"] = {"description": "Not well", "content": {JSON: {"schema": ref(operation.unwell)}}}
    return found


def _error_name(code: int) -> str:
    return HTTPStatus(code).phrase.replace(" ", "")


def _error(code: int) -> dict[str, object]:
    said: dict[str, object] = {
        "description": HTTPStatus(code).phrase,
        "content": {JSON: {"schema": ref("Error")}, PROBLEM_JSON: {"schema": ref("ProblemDetails")}},
    }
    if code in _HEADERS:
        name, about = _HEADERS[code]
        said["headers"] = {name: {"description": about, "schema": {"type": "string"}}}
    return said


def _webhook() -> dict[str, object]:
    parameters = [
        {"name": name, "in": "header", "required": False, "description": about, "schema": {"type": "string"}}
        for name, about in (
            ("Idempotency-Key", "The same for every attempt to send one state"),
            ("webhook-id", "As Idempotency-Key, where messages are signed"),
            ("webhook-timestamp", "Seconds since the epoch"),
            ("webhook-signature", "v1, and the HMAC-SHA256 in base64, as Standard Webhooks"),
        )
    ]
    return {
        "operationId": "notification",
        "summary": "A message of a channel of kind webhook",
        "tags": ["webhook"],
        "security": [{}],
        "parameters": parameters,
        "requestBody": {"required": True, "content": {JSON: {"schema": ref("WebhookMessage")}}},
        "responses": {"2XX": {"description": "Taken"}, "4XX": {"description": "Refused"}},
    }
