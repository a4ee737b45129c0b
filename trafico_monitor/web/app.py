"""The window as the service opens it: routes, door and listeners in one object."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from prometheus_client import CONTENT_TYPE_LATEST

from ..errors import StoreError
from ..model.control_schema import REQUESTS, SILENCES
from ..model.incident import Event
from ..model.task import RepairTask, TaskResult, Verdict
from . import api, openapi
from .auth import SessionStore
from .control import ControlEndpoint
from .events import Events
from .exchange import Answer, Asked, as_json, problem
from .metrics import Metrics
from .middleware import CODE, Middleware
from .ports import Memory, Present, Records
from .routes import Route, Routes
from .seldom import Seldom
from .server import Places, WebServer
from .static_files import StaticFiles

logger = logging.getLogger(__name__)

STOP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything that is shown comes from."""

    records: Records
    present: Present
    memory: Memory


class WebApp:
    """`run` serves until it is cancelled."""

    def __init__(
        self,
        places: Places,
        sources: Sources,
        clock: Callable[[], float],
        *,
        language: Callable[[], str] = lambda: "es",
        origins: Callable[[], tuple[str, ...]] = tuple,
    ) -> None:
        self._present = sources.present
        self._counter = ControlEndpoint(sources.present, clock)
        self._events = Events(sources.records, sources.present)
        self._door = Middleware(SessionStore(sources.memory, clock), origins)
        self._metrics = Metrics()
        self._said = Seldom()
        self._routes = Routes(self._table(api.Api(sources.records, sources.present, clock)))
        self.server = WebServer(places, self.answer, language)

    # For the pipeline's side: neither waits for anything.

    def stored(self, records: Sequence[Event]) -> None:
        """These records are in the database now."""
        self._metrics.count(records)
        self._events.woke()

    def order_done(self, order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        self._metrics.order_done(order, result, verdict)

    async def run(self) -> None:
        try:
            await self.server.run()
        finally:
            await self._counter.close(STOP_SECONDS)

    async def answer(self, asked: Asked) -> Answer:
        """The answer to one request, whatever becomes of it. What breaks is logged once a minute and route: who
        need not sign in must not fill the journal, and what he has written in his request is not for it."""
        route, given, allowed = self._routes.find(asked.method, asked.path)
        name = f"{route.method} {route.path}" if route else "no route"
        try:
            answer = await self._answer(replace(asked, given=given), route, allowed)
        except (StoreError, TimeoutError) as error:
            if self._said.due(name):
                logger.warning("%s: %s", name, error)
            answer = problem(503, "store", asked.language)
        except Exception:  # one broken answer must not take the others with it
            if self._said.due(name):
                logger.exception("%s", name)
            answer = problem(500, "internal", asked.language)
        return self._door.dressed(answer, asked)

    async def _answer(self, asked: Asked, route: Route | None, allowed: tuple[str, ...]) -> Answer:
        if route is None:
            preflight = allowed and asked.method == "OPTIONS"
            return self._door.preflight(asked, allowed) if preflight else _nowhere(asked, allowed)
        asked, refusal = await self._door.let_in(asked, route)
        return refusal or replace(await route.handle(asked), by=asked.by)

    async def _exposition(self, asked: Asked) -> Answer:
        return Answer(200, self._metrics.exposition(self._present.gauges()).encode(), CONTENT_TYPE_LATEST)

    async def _give_code(self, asked: Asked) -> Answer:
        return self._door.give_code(asked, {"address": self.server.address, "trouble": self.server.trouble})

    async def _document(self, asked: Asked) -> Answer:
        return as_json(openapi.document(self._routes.all, self._present.gauges().version))

    def _table(self, about: api.Api) -> Iterable[Route]:
        files, door, base = StaticFiles(), self._door, "/api/v1"
        return (
            Route("GET", "/", files.page, open=True),
            Route("GET", "/static/{name}", files.file, open=True),
            Route("GET", "/metrics", self._exposition, open=True),
            Route("GET", f"{base}/openapi.json", self._document, open=True),
            Route("GET", f"{base}/texts/es", about.texts_es, open=True),
            Route("GET", f"{base}/texts/en", about.texts_en, open=True),
            Route(
                "GET",
                f"{base}/incidents",
                about.incidents,
                about="Incidents, the newest first, a page at a time",
                query=api.INCIDENTS,
                gives=(200, "IncidentPage"),
                errors=(422,),
            ),
            Route(
                "GET",
                f"{base}/incidents/{{id}}",
                about.incident,
                about="One incident with its proof, the redacted lines and its history",
                parts=api.STORY,
                gives=(200, "IncidentStory"),
                errors=(404,),
            ),
            Route(
                "GET",
                f"{base}/summary",
                about.summary,
                about="Counts, success rate and time to repair since a time",
                query=api.SUMMARY,
                gives=(200, "Summary"),
                errors=(422,),
            ),
            Route(
                "GET",
                f"{base}/series",
                about.series,
                about="Incidents by hour or day, by type, estado and modelo",
                query=api.SERIES,
                gives=(200, "Series"),
                errors=(422,),
            ),
            Route("GET", f"{base}/downloads", about.downloads, about="Downloads under way", gives=(200, "Downloads")),
            Route(
                "GET",
                f"{base}/health",
                about.health,
                about="How things stand: status, file systems, silences",
                gives=(200, "Health"),
            ),
            Route("GET", f"{base}/status", about.status, about="The monitor's own word", gives=(200, "Status")),
            Route(
                "GET",
                f"{base}/ledger",
                about.ledger,
                about="What corrections were tried, and what they were good for",
                query=api.SUMMARY,
                gives=(200, "Ledger"),
                errors=(422,),
            ),
            Route(
                "GET", f"{base}/records", about.records, about="The newest lines of the story", gives=(200, "Records")
            ),
            Route("GET", f"{base}/events", self._events.stream),
            Route(
                "POST",
                f"{base}/requests",
                self._counter.take,
                about="Ask the monitor to do something",
                body=(*REQUESTS.values(), *SILENCES.values()),
                gives=(200, "Reply"),
                errors=(404, 409, 422, 503, 504),
            ),
            Route(
                "POST",
                f"{base}/session",
                door.sign_in,
                open=True,
                about="Sign in with a code of `trafico-monitor dashboard`",
                body=(CODE,),
                gives=(201, "Session"),
                errors=(403,),
            ),
            Route("GET", f"{base}/session", door.who, about="Who is signed in", gives=(200, "Who")),
            Route("DELETE", f"{base}/session", door.sign_out, about="Sign out", gives=(200, "Done")),
            Route("POST", f"{base}/codes", self._give_code, local=True),
            Route("DELETE", f"{base}/sessions", door.sign_all_out, local=True),
        )


def _nowhere(asked: Asked, allowed: tuple[str, ...]) -> Answer:
    if not allowed:
        return problem(404, "not_found", asked.language)
    refusal = problem(405, "bad_method", asked.language)
    return replace(refusal, headers=(*refusal.headers, ("allow", ", ".join(allowed))))
