"""`POST /api/v1/requests`: what a person asks of the monitor, checked and handed to the desk."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..messages import text
from ..model.alert import Scope
from ..model.control import ControlRequest, ControlResponse, RequestKind
from ..model.finding import ErrorType
from .exchange import Answer, Asked, as_json, problem
from .ports import Desk, Present
from .validation import Form, Number, Words

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 30.0  # a test goes through every channel
LONGEST_SILENCE = 30 * 86400
MOST_UNDER_WAY = 16

INCIDENT = Words("incident", most=40, least=4, pattern=r"#?[0-9A-Za-z][0-9A-Za-z_-]{2,38}")
_REASON = Words("text", most=500)
_MODELO = Words("modelo", most=255, least=1)
_SECONDS = Number(1, LONGEST_SILENCE, expected="seconds")


def _form(kind: RequestKind, **needed: Words | Number) -> Form:
    named = {"kind": Words("kind", one_of=(kind.value,)), **needed}
    return Form({**named, "reason": _REASON}, frozenset(named))


def _silence(*scopes: Scope, **value: Words) -> Form:
    scope = Words("scope", one_of=tuple(each.value for each in scopes))
    return _form(RequestKind.SILENCE, scope=scope, seconds=_SECONDS, **value)


# One form for each kind, and for a silence one for each thing that it may be about.
SILENCES: Mapping[Scope, Form] = MappingProxyType(
    {
        Scope.ALL: _silence(Scope.ALL),
        Scope.MAINTENANCE: _silence(Scope.MAINTENANCE),
        Scope.TYPE: _silence(Scope.TYPE, value=Words("error_type", one_of=tuple(each.value for each in ErrorType))),
        Scope.MODELO: _silence(Scope.MODELO, value=_MODELO),
        Scope.INCIDENT: _silence(Scope.INCIDENT, value=INCIDENT),
    }
)
FORMS: Mapping[RequestKind, Form] = MappingProxyType(
    {
        RequestKind.RETRY: _form(RequestKind.RETRY, incident=INCIDENT),
        RequestKind.ACKNOWLEDGE: _form(RequestKind.ACKNOWLEDGE, incident=INCIDENT),
        RequestKind.END_SILENCE: _form(RequestKind.END_SILENCE, value=Words("text", most=255, least=1)),
        RequestKind.ASSIGN: _form(RequestKind.ASSIGN, file=Words("text", most=4096, least=1), modelo=_MODELO),
        RequestKind.TEST: _form(RequestKind.TEST),
    }
)


class ControlEndpoint:
    """Takes requests in. Each is carried out to its end, whether the client still waits or not."""

    def __init__(self, present: Present, clock: Callable[[], float]) -> None:
        self._present = present
        self._clock = clock
        self._under_way: set[asyncio.Task[ControlResponse]] = set()

    async def take(self, asked: Asked) -> Answer:
        """200 done, 409 cannot be done, 404 no such thing, 422 not understood, 503 nobody to ask,
        504 no answer yet: it goes on."""
        given = object_of(asked)
        if given is None:
            return problem(422, "not_json", asked.language)
        request, mistakes = read(given, asked.by, self._clock())
        if request is None:
            fields = {name: text(f"web.expect.{code}", asked.language) for name, code in mistakes.items()}
            return problem(422, "invalid", asked.language, fields, campos=", ".join(sorted(fields)))
        desk = self._present.desk()
        if desk is None or len(self._under_way) >= MOST_UNDER_WAY:
            return problem(503, "no_desk", asked.language)
        return await self._ask(desk, request, asked.language)

    async def _ask(self, desk: Desk, request: ControlRequest, language: str) -> Answer:
        task = asyncio.create_task(_reply(desk, request), name="request")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reply = await asyncio.shield(task)
        except TimeoutError:
            return problem(504, "no_answer", language)
        fields = {name: str(value) for name, value in reply.fields.items()}
        said = text(f"request.{reply.code}", language, **fields)
        return as_json({"ok": reply.ok, "code": reply.code, "text": said, "fields": fields}, _status(reply))

    async def close(self, seconds: float) -> None:
        """What is under way gets so long to end."""
        tasks = list(self._under_way)
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=seconds)
            for task in left:
                task.cancel()


def read(given: Mapping[str, object], by: str, now: float) -> tuple[ControlRequest | None, dict[str, str]]:
    """The request, or None and for each field the code of what is expected. Pure."""
    try:
        kind = RequestKind(given.get("kind"))
    except ValueError:
        return None, {"kind": "kind"}
    form = _form_of(kind, given)
    if form is None:
        return None, {"scope": "scope"}
    values, mistakes = form.check(given)
    if mistakes:
        return None, mistakes
    del values["kind"]
    scope, seconds = Scope(values.pop("scope", "all")), float(values.pop("seconds", 0.0))
    words = {name: str(value).strip() for name, value in values.items()}
    for name in ("incident", "value") if scope is Scope.INCIDENT else ("incident",):
        if name in words:
            words[name] = _name(words[name])
    return ControlRequest(kind, by, now, scope=scope, seconds=seconds, **words), {}


def _form_of(kind: RequestKind, given: Mapping[str, object]) -> Form | None:
    if kind is not RequestKind.SILENCE:
        return FORMS[kind]
    try:
        return SILENCES[Scope(given.get("scope"))]
    except ValueError:
        return None


def _name(incident: str) -> str:
    """An incident's id as the records have it; people write it with # and in lower case."""
    return incident.removeprefix("#").upper()


def object_of(asked: Asked) -> dict[str, object] | None:
    """The JSON object of the body; None for anything else, and for another content type: a form of
    a foreign page can send only those without being asked first."""
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return None
    try:
        value = json.loads(asked.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


async def _reply(desk: Desk, request: ControlRequest) -> ControlResponse:
    try:
        return await desk.ask(request)
    except Exception:  # the desk never raises; should it, one request must not take the server with it
        logger.exception("request %s of %s", request.kind.value, request.by)
        return ControlResponse(False, "internal")


def _status(reply: ControlResponse) -> int:
    if reply.ok:
        return 200
    # What does not exist is told by codes such as unknown_incident, what makes no sense by invalid_….
    if reply.code.startswith("unknown"):
        return 404
    return 422 if reply.code.startswith("invalid") else 409
