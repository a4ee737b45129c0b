"""`POST /api/v1/requests`: what a person asks of the monitor, checked and handed to the desk."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..messages import text
from ..model.finding import ErrorType
from ..model.request import Reply, Request, RequestKind
from ..model.silence import Scope
from .exchange import Answer, Asked, as_json, problem
from .fields import Form, Number, Words
from .ports import Desk, Present

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 30.0  # a test goes through every channel
LONGEST_SILENCE = 30 * 86400
MOST_UNDER_WAY = 16

INCIDENT = Words("incident", most=40, least=4, pattern=r"#?[0-9A-Za-z][0-9A-Za-z_-]{2,38}")
_REASON = Words("text", most=500)
_MODELO = Words("modelo", most=255, least=1)
_TYPES = tuple(each.value for each in ErrorType)


def _form(kind: RequestKind, needed: Mapping[str, Words | Number], **more: Words | Number) -> Form:
    named = {"kind": Words("kind", one_of=(kind.value,)), **needed}
    return Form({**named, **more, "reason": _REASON}, frozenset(named))


FORMS: Mapping[RequestKind, Form] = MappingProxyType(
    {
        RequestKind.RETRY: _form(RequestKind.RETRY, {"incident": INCIDENT}),
        RequestKind.ACKNOWLEDGE: _form(RequestKind.ACKNOWLEDGE, {"incident": INCIDENT}),
        RequestKind.SILENCE: _form(
            RequestKind.SILENCE,
            {
                "scope": Words("scope", one_of=tuple(each.value for each in Scope)),
                "seconds": Number(1, LONGEST_SILENCE, expected="seconds"),
            },
            value=Words("text", most=255),
        ),
        RequestKind.END_SILENCE: _form(RequestKind.END_SILENCE, {"value": Words("text", most=255, least=1)}),
        RequestKind.ASSIGN: _form(RequestKind.ASSIGN, {"file": Words("text", most=4096, least=1), "modelo": _MODELO}),
        RequestKind.TEST: _form(RequestKind.TEST, {}),
    }
)
# What the value of a silence has to be: a scope that is missing here needs none.
SCOPED: Mapping[Scope, Words] = MappingProxyType(
    {Scope.TYPE: Words("error_type", one_of=_TYPES), Scope.MODELO: _MODELO, Scope.INCIDENT: INCIDENT}
)


class Counter:
    """Takes requests in. Each is carried out to its end, whether the client still waits or not."""

    def __init__(self, present: Present, clock: Callable[[], float]) -> None:
        self._present = present
        self._clock = clock
        self._under_way: set[asyncio.Task[Reply]] = set()

    async def take(self, asked: Asked) -> Answer:
        """200 done, 409 cannot be done, 404 no such thing, 422 not understood, 503 nobody to ask,
        504 no answer yet: it goes on."""
        given = _object(asked)
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

    async def _ask(self, desk: Desk, request: Request, language: str) -> Answer:
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


def read(given: Mapping[str, object], by: str, now: float) -> tuple[Request | None, dict[str, str]]:
    """The request, or None and for each field the code of what is expected. Pure."""
    try:
        kind = RequestKind(given.get("kind"))
    except ValueError:
        return None, {"kind": "kind"}
    values, mistakes = FORMS[kind].check(given)
    if mistakes:
        return None, mistakes
    values.pop("kind")
    scope, seconds = Scope(values.pop("scope", "all")), float(values.pop("seconds", 0.0))
    words = {name: str(value).strip() for name, value in values.items()}
    if kind is RequestKind.SILENCE:
        wanted = SCOPED.get(scope, Words("no_value", most=0))
        try:
            wanted.check(words.get("value", ""))
        except ValueError:
            return None, {"value": wanted.expected}
    if scope is Scope.INCIDENT:
        words["value"] = _name(words["value"])
    if "incident" in words:
        words["incident"] = _name(words["incident"])
    return Request(kind, by, now, scope=scope, seconds=seconds, **words), {}


def _name(incident: str) -> str:
    """An incident's id as the records have it; people write it with # and in lower case."""
    return incident.removeprefix("#").upper()


def _object(asked: Asked) -> dict[str, object] | None:
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        return None
    try:
        value = json.loads(asked.body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


async def _reply(desk: Desk, request: Request) -> Reply:
    try:
        return await desk.ask(request)
    except Exception:  # the desk never raises; should it, one request must not take the server with it
        logger.exception("request %s of %s", request.kind.value, request.by)
        return Reply(False, "internal")


def _status(reply: Reply) -> int:
    if reply.ok:
        return 200
    # What does not exist is told by codes such as unknown_incident, what makes no sense by invalid_….
    if reply.code.startswith("unknown"):
        return 404
    return 422 if reply.code.startswith("invalid") else 409
