"""`POST /api/v1/requests`: what a person asks of the monitor, checked and handed to the desk."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable

from ..messages import text
from ..model.control import ControlRequest, ControlResponse, ControlService
from ..model.control_schema import parse
from .exchange import Answer, Asked, as_json, problem
from .ports import Present

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 30.0  # a test goes through every channel
MOST_UNDER_WAY = 16


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
        request, mistakes = parse(given, asked.by, self._clock())
        if request is None:
            fields = {name: text(f"web.expect.{code}", asked.language) for name, code in mistakes.items()}
            return problem(422, "invalid", asked.language, fields, campos=", ".join(sorted(fields)))
        desk = self._present.desk()
        if desk is None or len(self._under_way) >= MOST_UNDER_WAY:
            return problem(503, "no_desk", asked.language)
        return await self._ask(desk, request, asked.language)

    async def _ask(self, desk: ControlService, request: ControlRequest, language: str) -> Answer:
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


async def _reply(desk: ControlService, request: ControlRequest) -> ControlResponse:
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
