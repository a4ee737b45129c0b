"""The web application as the service runs it: operations, access control and listeners in one object."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
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
from ..model.validation import Schema
from . import api, events, fleet_metrics, openapi
from .auth import CODE, SessionEndpoints, SessionStore
from .control import ControlEndpoint
from .events import Events
from .export import EXPORT, HUB_EXPORT, Export
from .fleet_api import MACHINES, PART, FleetApi
from .metrics import Metrics
from .middleware import AccessControl, BasePath, RequestTarget, SecurityHeaders, problem
from .openapi import Handler, Operation
from .ports import Machines, Present, Records
from .responses import Problem, RateLimit, json_response, revalidated
from .server import Places, WebServer
from .status_page import STATUS, StatusPage

logger = logging.getLogger(__name__)

BASE = "/api/v1"
ERRORS = (404, 409, 422, 503, 504)  # of a request: api.md says which means what
STOP_SECONDS = 1.0
STATIC = Path(__file__).with_name("static")
# The tables of the machine are not asked: a wrong one would keep a browser from running the scripts (nosniff).
KINDS = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


@dataclass(frozen=True, slots=True)
class Sources:
    """Where everything that is shown comes from; `machines` on a hub alone."""

    records: Records
    present: Present
    memory: KeyValueStore
    machines: Machines | None = None


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
        base_path: Callable[[], str] = str,
        frame_ancestors: Callable[[], tuple[str, ...]] = tuple,
        status_token: Callable[[], str] = str,
    ) -> None:
        self._records, self._present = sources.records, sources.present
        self._control = ControlEndpoint(sources.present, clock)
        store = SessionStore(sources.memory, clock, lambda: self._events.recheck())
        access = AccessControl(store, origins, status_token)
        self._events = Events(sources.records, sources.present, access.admits)
        self._base_path = base_path
        self._sessions = SessionEndpoints(store, self._where, access.https, base_path)
        self._metrics = Metrics()
        self._status_page = StatusPage(sources.present, clock)
        self._static = StaticFiles(directory=STATIC)
        self._machines = sources.machines
        hub = sources.machines is not None
        self._operations = self._operations_of(api.Api(sources.records, sources.present, clock, hub=hub))
        limit = RateLimit()
        paths = dict.fromkeys(each.path for each in self._operations)
        self.app = Starlette(
            routes=[
                Route(path, _Resource([each for each in self._operations if each.path == path], access, limit))
                for path in paths
            ],
            middleware=[
                Middleware(SecurityHeaders, origins, frame_ancestors),
                Middleware(RequestTarget),
                Middleware(BasePath, base_path),
            ],
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
        address = self.server.address
        return {"address": address and address + self._base_path(), "trouble": self.server.trouble}

    async def _exposition(self, request: Request) -> Response:
        text = self._metrics.exposition(self._present.gauges(), await self._present.forecast())
        if self._machines is not None:
            text += fleet_metrics.exposition(self._machines.machines())
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    async def _document(self, request: Request) -> Response:
        return json_response(openapi.document(self._operations, self._present.gauges().version, self._base_path()))

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
        response.headers["content-type"] = kind if not kind.startswith("text") else f"{kind}; charset=utf-8"
        return response

    def _operations_of_incidents(self, reading: api.Api) -> Iterator[Operation]:
        """Those of a hub know machines."""
        machines = self._machines
        page, one = (api.INCIDENTS, None) if machines is None else (api.HUB_INCIDENTS, api.OF_MACHINE)
        about, of_one = "Incidents, newest first, by page", "One incident: proof, lines, history"
        several = () if machines is None else (409,)
        yield _read("/incidents", reading.incidents, about, "IncidentPage", page)
        export = Export(self._records, self._present, hub=machines is not None)
        table, csv = "Incidents as CSV, newest first", EXPORT if machines is None else HUB_EXPORT
        yield _read("/incidents.csv", export.table, table, "IncidentTable", csv, media="text/csv")
        yield _read("/incidents/{id}", reading.incident, of_one, "IncidentStory", one, parts=api.STORY, errors=several)
        if machines is None:
            yield from self._operations_of_status()
        else:
            fleet = FleetApi(machines)
            yield _read("/machines", fleet.machines, "Machines, worst first, by page", "MachinePage", MACHINES)
            yield _read("/machines/{name}", fleet.machine, "One machine", "MachineDetails", parts=PART)

    def _operations_of_status(self) -> Iterator[Operation]:
        """Those for whoever knows `web.status_token`."""
        for path, handle, about, gives, media in (
            (
                "/healthz",
                self._status_page.health,
                "Whether all is well",
                "HealthCheck",
                openapi.JSON,
            ),
            ("/badge.svg", self._status_page.badge, "A badge of the state", "Badge", "image/svg+xml"),
            ("/status.html", self._status_page.page, "A page of the state, read only", "StatusPage", "text/html"),
        ):
            yield Operation(
                "GET", path, handle, about=about, query=STATUS, gives=(200, gives), errors=(422,), media=media,
                by_token=True, unwell="NotWell" if media == openapi.JSON else "",
            )  # fmt: skip

    def _operations_of(self, reading: api.Api) -> Sequence[Operation]:
        sessions, control = self._sessions, self._control
        requests = (*REQUESTS.values(), *SILENCES.values())
        codes = "Sign in with a code of `trafico-monitor dashboard`"
        return (
            Operation("GET", "/", self._page, open=True),
            Operation("GET", "/static/{name}", self._file, open=True),
            Operation(
                "GET",
                "/metrics",
                self._exposition,
                open=True,
                about="Metrics of Prometheus",
                gives=(200, "Metrics"),
                media="text/plain",
            ),
            _read("/openapi.json", self._document, "This document", "OpenApi", open=True),
            _read("/texts/{language}", reading.texts, "The dashboard's texts", "Texts", parts=api.LANGUAGE, open=True),
            *self._operations_of_incidents(reading),
            _read("/summary", reading.summary, "Counts, success rate, time to repair", "Summary", api.SUMMARY),
            _read("/series", reading.series, "Incidents by hour or day, type, estado, modelo", "Series", api.SERIES),
            _read("/downloads", reading.downloads, "Downloads under way", "Downloads"),
            _read("/rescued", reading.rescued, "Rescued files, and the modelos to choose from", "RescuedFiles"),
            _read("/uptime", reading.uptime, "Time up of bot, server and monitor, by days", "UptimePage"),
            _read("/health", reading.health, "Status, file systems, silences", "Health"),
            _read("/forecast", reading.forecast, "What is foreseen, and the score of each kind", "Forecast"),
            _read("/status", reading.status, "The monitor's status", "Status"),
            _read("/ledger", reading.ledger, "Corrections tried, and their success", "Ledger", api.SUMMARY),
            _read("/records", reading.records, "The newest records", "Records"),
            _read(
                "/events",
                self._events.stream,
                "Event stream of records and changes",
                "StreamMessage",
                events.AFTER,
                media=openapi.STREAM,
            ),
            _act("POST", "/requests", control.take, "Ask for a change", (200, "Reply"), requests, ERRORS),
            _act("POST", "/session", sessions.log_in, codes, (201, "Session"), (CODE,), (403,), open=True),
            _read("/session", sessions.who, "The name of the session", "Who"),
            _act("DELETE", "/session", sessions.log_out, "Sign out", (200, "Done")),
            _act("POST", "/codes", sessions.give_code, "A code to sign in with", (201, "SignInCode"), local=True),
            _act("DELETE", "/sessions", sessions.log_all_out, "End every session", (200, "EndedSessions"), local=True),
        )


def _read(
    path: str,
    handle: Handler,
    about: str,
    gives: str,
    query: Schema | None = None,
    *,
    parts: Schema | None = None,
    open: bool = False,
    media: str = openapi.JSON,
    errors: tuple[int, ...] = (),
) -> Operation:
    """A reading operation of the API, as the OpenAPI document shows it."""
    errors = (*errors, *((404,) if parts else ()), *((422,) if query else ()))
    return Operation(
        "GET",
        BASE + path,
        handle,
        open,
        about=about,
        parts=parts,
        query=query,
        gives=(200, gives),
        errors=errors,
        media=media,
    )


def _act(
    method: str,
    path: str,
    handle: Handler,
    about: str,
    gives: tuple[int, str],
    body: tuple[Schema, ...] = (),
    errors: tuple[int, ...] = (),
    *,
    open: bool = False,
    local: bool = False,
) -> Operation:
    """A changing operation of the API, as the OpenAPI document shows it."""
    return Operation(method, BASE + path, handle, open, local, about=about, body=body, gives=gives, errors=errors)


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
        response = await operation.handle(request)
        reading = operation.method == "GET" and operation.media == openapi.JSON and response.status_code == 200
        return revalidated(request, response) if reading and operation.shown else response
