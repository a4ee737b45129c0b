"""The web application as the service runs it: operations, access control and listeners in one object."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from ..errors import StoreError
from ..model.control import KeyValueStore
from ..model.control_schema import REQUESTS, SILENCES
from ..model.incident import Event
from ..model.task import RepairTask, TaskResult, Verdict
from . import api, openapi
from .auth import CODE, SessionEndpoints, SessionStore
from .control import ControlEndpoint
from .events import Events
from .metrics import Metrics
from .middleware import AccessControl, RequestTarget, SecurityHeaders, problem
from .openapi import Operation
from .ports import Present, Records
from .responses import Problem, RateLimit, json_response
from .server import Places, WebServer

logger = logging.getLogger(__name__)

STOP_SECONDS = 1.0
STATIC = Path(__file__).with_name("static")
# The tables of the machine are not asked: a wrong one would keep a browser from running the scripts (nosniff).
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything that is shown comes from."""

    records: Records
    present: Present
    memory: KeyValueStore


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
        self._control = ControlEndpoint(sources.present, clock)
        self._events = Events(sources.records, sources.present)
        store = SessionStore(sources.memory, clock)
        access = AccessControl(store, origins)
        self._sessions = SessionEndpoints(store, self._where, access.https)
        self._metrics = Metrics()
        self._static = StaticFiles(directory=STATIC)
        self._operations = self._operations_of(api.Api(sources.records, sources.present, clock))
        limit = RateLimit()
        paths = dict.fromkeys(each.path for each in self._operations)
        self.app = Starlette(
            routes=[
                Route(path, _Resource([each for each in self._operations if each.path == path], access, limit))
                for path in paths
            ],
            middleware=[Middleware(SecurityHeaders, origins), Middleware(RequestTarget)],
            exception_handlers={HTTPException: problem},
        )
        self.app.router.redirect_slashes = False
        self.app.state.language = language
        self.server = WebServer(places, self.app, language)

    # For the pipeline's side: neither waits for anything.

    def stored(self, records: Sequence[Event]) -> None:
        """Take notice of records that are in the database now."""
        self._metrics.count(records)
        self._events.woke()

    def order_done(self, order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        """Take notice of an order that has run."""
        self._metrics.order_done(order, result, verdict)

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            await self.server.run()
        finally:
            await self._control.close(STOP_SECONDS)

    def _where(self) -> dict[str, object]:
        return {"address": self.server.address, "trouble": self.server.trouble}

    async def _exposition(self, request: Request) -> Response:
        return Response(self._metrics.exposition(self._present.gauges()), media_type=CONTENT_TYPE_LATEST)

    async def _document(self, request: Request) -> Response:
        return json_response(openapi.document(self._operations, self._present.gauges().version))

    async def _page(self, request: Request) -> Response:
        return await self._asset("index.html", request)

    async def _file(self, request: Request) -> Response:
        return await self._asset(request.path_params["name"], request)

    async def _asset(self, name: str, request: Request) -> Response:
        """A file of the dashboard. The browser asks each time whether it has changed."""
        kind = KINDS.get(Path(name).suffix)
        if kind is None:
            raise Problem(404, "not_found")
        request.scope["headers"] = [one for one in request.scope["headers"] if one[0] != b"range"]
        response = await self._static.get_response(name, request.scope)
        response.headers["cache-control"] = "no-cache"
        response.headers["content-type"] = kind if kind.startswith("image") else f"{kind}; charset=utf-8"
        return response

    def _operations_of(self, about: api.Api) -> Sequence[Operation]:
        sessions, base = self._sessions, "/api/v1"
        return (
            Operation("GET", "/", self._page, open=True),
            Operation("GET", "/static/{name}", self._file, open=True),
            Operation("GET", "/metrics", self._exposition, open=True),
            Operation("GET", f"{base}/openapi.json", self._document, open=True),
            Operation("GET", f"{base}/texts/{{language}}", about.texts, open=True),
            Operation(
                "GET",
                f"{base}/incidents",
                about.incidents,
                about="Incidents, the newest first, a page at a time",
                query=api.INCIDENTS,
                gives=(200, "IncidentPage"),
                errors=(422,),
            ),
            Operation(
                "GET",
                f"{base}/incidents/{{id}}",
                about.incident,
                about="One incident with its proof, the redacted lines and its history",
                parts=api.STORY,
                gives=(200, "IncidentStory"),
                errors=(404,),
            ),
            Operation(
                "GET",
                f"{base}/summary",
                about.summary,
                about="Counts, success rate and time to repair since a time",
                query=api.SUMMARY,
                gives=(200, "Summary"),
                errors=(422,),
            ),
            Operation(
                "GET",
                f"{base}/series",
                about.series,
                about="Incidents by hour or day, by type, estado and modelo",
                query=api.SERIES,
                gives=(200, "Series"),
                errors=(422,),
            ),
            Operation(
                "GET", f"{base}/downloads", about.downloads, about="Downloads under way", gives=(200, "Downloads")
            ),
            Operation(
                "GET",
                f"{base}/health",
                about.health,
                about="How things stand: status, file systems, silences",
                gives=(200, "Health"),
            ),
            Operation("GET", f"{base}/status", about.status, about="The monitor's own word", gives=(200, "Status")),
            Operation(
                "GET",
                f"{base}/ledger",
                about.ledger,
                about="What corrections were tried, and what they were good for",
                query=api.SUMMARY,
                gives=(200, "Ledger"),
                errors=(422,),
            ),
            Operation(
                "GET", f"{base}/records", about.records, about="The newest lines of the story", gives=(200, "Records")
            ),
            Operation("GET", f"{base}/events", self._events.stream),
            Operation(
                "POST",
                f"{base}/requests",
                self._control.take,
                about="Ask the monitor to do something",
                body=(*REQUESTS.values(), *SILENCES.values()),
                gives=(200, "Reply"),
                errors=(404, 409, 422, 503, 504),
            ),
            Operation(
                "POST",
                f"{base}/session",
                sessions.log_in,
                open=True,
                about="Sign in with a code of `trafico-monitor dashboard`",
                body=(CODE,),
                gives=(201, "Session"),
                errors=(403,),
            ),
            Operation("GET", f"{base}/session", sessions.who, about="Who is signed in", gives=(200, "Who")),
            Operation("DELETE", f"{base}/session", sessions.log_out, about="Sign out", gives=(200, "Done")),
            Operation("POST", f"{base}/codes", sessions.give_code, local=True),
            Operation("DELETE", f"{base}/sessions", sessions.log_all_out, local=True),
        )


class _Resource:
    """The operations of one path, as the ASGI application of its route. An unforeseen error is logged once a minute
    and operation: who need not sign in must not fill the journal, and the text of a request is not for it."""

    def __init__(self, operations: Sequence[Operation], access: AccessControl, limit: RateLimit) -> None:
        self._by_method = {one.method: one for one in operations}
        self._access = access
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        operation = self._by_method.get("GET" if request.method == "HEAD" else request.method)
        name = f"{operation.method} {operation.path}" if operation else "no operation"
        try:
            response = await self._respond(request, operation)
        except HTTPException:
            raise
        except (StoreError, TimeoutError) as error:
            if self._limit.due(name):
                logger.warning("%s: %s", name, error)
            raise Problem(503, "store") from None
        except Exception:  # one broken answer must not take the others with it
            if self._limit.due(name):
                logger.exception("%s", name)
            raise Problem(500, "internal") from None
        await response(scope, receive, send)

    async def _respond(self, request: Request, operation: Operation | None) -> Response:
        methods = ", ".join(self._by_method)
        if operation is None:
            if request.method == "OPTIONS":
                return self._access.preflight(request, methods)
            raise Problem(405, "bad_method", headers={"allow": methods})
        request.state.by = await self._access.admit(request, operation)
        return await operation.handle(request)
