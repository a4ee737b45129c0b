"""`POST /api/v1/requests`: checks a request of a person and submits it to the control service."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from ..messages import text
from ..messages.translation import translated
from ..model.control import ControlRequest, ControlResponse, ControlService
from ..model.control_schema import parse
from .ports import Present
from .responses import Problem, json_object, json_response, language_of, refusal, wants_details, wrong_fields

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 30.0  # a test goes through every channel
MOST_UNDER_WAY = 16


class ControlEndpoint:
    """Submits requests. Each is carried out to its end, whether the client still waits or not."""

    def __init__(self, present: Present, clock: Callable[[], float]) -> None:
        self._present = present
        self._clock = clock
        self._under_way: set[asyncio.Task[ControlResponse]] = set()

    async def take(self, request: Request) -> Response:
        """200 done, 409 cannot be done, 404 no such thing, 422 not understood, 503 nobody to ask,
        504 no answer yet: it goes on."""
        given = json_object(request)
        if given is None:
            raise Problem(422, "not_json")
        wanted, wrong = parse(given, request.state.by, self._clock())
        if wanted is None:
            raise wrong_fields(wrong, language_of(request))
        service = self._present.desk()
        if service is None or len(self._under_way) >= MOST_UNDER_WAY:
            raise Problem(503, "no_desk")
        reply = await self._ask(service, wanted)
        return _response(reply, language_of(request), details=wants_details(request))

    async def _ask(self, service: ControlService, request: ControlRequest) -> ControlResponse:
        task = asyncio.create_task(_reply(service, request), name="request")
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.shield(task)
        except TimeoutError:
            raise Problem(504, "no_answer") from None

    async def close(self, seconds: float) -> None:
        """Wait so long for the requests under way, then cancel them."""
        tasks = list(self._under_way)
        if tasks:
            _, left = await asyncio.wait(tasks, timeout=seconds)
            for task in left:
                task.cancel()


async def _reply(service: ControlService, request: ControlRequest) -> ControlResponse:
    try:
        return await service.ask(request)
    except Exception:  # the service never raises; should it, one request must not take the server with it
        logger.exception("request %s of %s", request.kind.value, request.by)
        return ControlResponse(False, "internal")


def _response(reply: ControlResponse, language: str, *, details: bool) -> Response:
    fields = {name: translated(name, str(value), language) for name, value in reply.fields.items()}
    words = text(f"request.{reply.code}", language, **fields)
    if not reply.ok:
        return refusal(_status(reply), reply.code, words, fields, details=details)
    return json_response({"ok": True, "code": reply.code, "text": words, "fields": fields})


def _status(reply: ControlResponse) -> int:
    # What does not exist is told by codes such as unknown_incident, what makes no sense by invalid_….
    if reply.code.startswith("unknown"):
        return 404
    return 422 if reply.code.startswith("invalid") else 409
