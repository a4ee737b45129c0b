"""The window as the service opens it: routes, door and listeners in one object."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from .exchange import Answer, Asked, as_json, problem
from .ports import Present
from .requests import Counter
from .routes import Route, Routes
from .server import AGAIN_SECONDS, Places, WebServer

logger = logging.getLogger(__name__)

STOP_SECONDS = 1.0


class Window:
    """`run` serves until it is cancelled; nothing that happens in here reaches the pipeline."""

    def __init__(
        self, places: Places, present: Present, language: Callable[[], str], clock: Callable[[], float]
    ) -> None:
        self._present = present
        self._counter = Counter(present, clock)
        self._routes = Routes(
            [
                Route("POST", "/api/v1/requests", self._counter.take),
                Route("GET", "/api/v1/status", self._status),
            ]
        )
        self.server = WebServer(places, self.answer, language)

    async def run(self) -> None:
        try:
            while True:
                try:
                    await self.server.run()
                except Exception:  # nobody watches less because nobody can look
                    logger.exception("the web server ended")
                await asyncio.sleep(AGAIN_SECONDS)
        finally:
            await self._counter.close(STOP_SECONDS)

    async def answer(self, asked: Asked) -> Answer:
        """The answer to one request, whatever becomes of it."""
        route, given, allowed = self._routes.find(asked.method, asked.path)
        if route is None and allowed:
            refusal = problem(405, "bad_method", asked.language)
            return replace(refusal, headers=(*refusal.headers, ("allow", ", ".join(allowed))))
        if route is None:
            return problem(404, "not_found", asked.language)
        by = f"cli:{asked.peer.name}" if asked.peer.local else ""
        if not by and not route.open:
            return problem(401, "sign_in", asked.language)
        try:
            return await route.handle(replace(asked, by=by, given=given))
        except asyncio.CancelledError:
            raise
        except Exception:  # one broken answer must not take the others with it
            logger.exception("%s %s", asked.method, asked.path)
            return problem(500, "internal", asked.language)

    async def _status(self, asked: Asked) -> Answer:
        return as_json({**self._present.status(), "running": True})
