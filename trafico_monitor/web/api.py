"""Reading endpoints of the API: stored records and the present state."""

from __future__ import annotations

import math
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from ..errors import AmbiguousIncident
from ..messages import LANGUAGES, catalogue
from ..model.finding import ErrorType
from ..model.incident import Estado, Incident, IncidentFilter
from ..model.read_model import silence_row
from ..model.validation import Boolean, Number, Schema, Text
from . import serializers, timeseries
from .ports import Hour, Present, Records
from .responses import Problem, json_response, language_of, wrong_fields

LARGEST_PAGE = 200
USUAL_PAGE = 50
DAY = 86400.0
LONGEST_SUMMARY = 400 * DAY
LONGEST = MappingProxyType({"hour": 32 * DAY, "day": 400 * DAY})
FIRST, LAST = 0.0, 4_102_444_800.0  # until 2100: beyond that somebody has sent milliseconds
_TIME = Number(FIRST, LAST, expected="time")
_ZONE = Text("zone", most=60, least=1, pattern=r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}")

NAME = r"[a-z][a-z0-9_-]{0,39}"  # of a machine, as a configuration takes it
MACHINE = Text("machine", most=40, least=1, pattern=NAME)
INCIDENTS = Schema(
    {
        "type": Text("error_type", one_of=tuple(each.value for each in ErrorType)),
        "estado": Text("estado", one_of=tuple(each.value for each in Estado)),
        "modelo": Text("modelo", most=255),
        "video": Text("text", most=255, least=1),
        "open": Boolean(),
        "since": _TIME,
        "until": _TIME,
        "cursor": Text(
            "cursor", most=110, least=3, pattern=rf"[0-9]{{1,10}}(\.[0-9]{{1,9}})?~[0-9A-Za-z_-]{{1,40}}(~{NAME})?"
        ),
        "limit": Number(1, LARGEST_PAGE, whole=True),
    }
)
HUB_INCIDENTS = Schema({**INCIDENTS.fields, "machine": MACHINE})
SUMMARY = Schema({"since": _TIME})
SERIES = Schema({"step": Text("step", one_of=("hour", "day")), "since": _TIME, "until": _TIME, "zone": _ZONE})
_ID = Text("incident", most=40, least=4, pattern=r"#?[0-9A-Za-z][0-9A-Za-z_-]{2,38}")
OF_MACHINE = Schema({"machine": MACHINE})
STORY = Schema({"id": _ID}, frozenset({"id"}))
LANGUAGE = Schema({"language": Text("text", one_of=LANGUAGES)}, frozenset({"language"}))


class Api:
    """`hub`: the records are of several machines."""

    def __init__(self, records: Records, present: Present, clock: Callable[[], float], *, hub: bool = False) -> None:
        self._hub = hub
        self._records = records
        self._present = present
        self._clock = clock

    async def incidents(self, request: Request) -> Response:
        """A page of the matching incidents, the newest first, and how many match."""
        given = parameters(request, HUB_INCIDENTS if self._hub else INCIDENTS)
        limit, wanted = int(given.get("limit", USUAL_PAGE)), incident_filter(given)
        found = await self._records.page(wanted, limit + 1)
        rows = [serializers.incident_row(one, self._present, language_of(request)) for one in found[:limit]]
        last = found[limit - 1] if len(found) > limit else None
        place = _cursor(last) if last else None
        return json_response({"incidents": rows, "next": place, "total": await self._records.count(wanted)})

    async def incident(self, request: Request) -> Response:
        name = str(request.path_params["id"]).removeprefix("#").upper()
        machine = str(parameters(request, OF_MACHINE).get("machine", "")) if self._hub else ""
        try:
            found = await self._records.story(name, machine) if not STORY.check(request.path_params)[1] else None
        except AmbiguousIncident as error:
            named = {"machine": ", ".join(error.machines)}
            raise Problem(409, "ambiguous_incident", fields=named, id=name[:40], maquinas=named["machine"]) from None
        if found is None:
            raise Problem(404, "unknown_incident", id=name[:40])
        return json_response(serializers.incident_story(*found, self._present, language_of(request)))

    async def summary(self, request: Request) -> Response:
        given = parameters(request, SUMMARY)
        now = self._clock()
        since = max(float(given.get("since", now - DAY)), now - LONGEST_SUMMARY)
        since = since // timeseries.HOUR * timeseries.HOUR
        return json_response(timeseries.summary(await self._records.hours(since, math.inf, timeseries.ALL, 0), since))

    async def series(self, request: Request) -> Response:
        """Counts by type, estado and modelo, for each hour or each day of a time zone."""
        given = parameters(request, SERIES)
        step, now = str(given.get("step", "hour")), self._clock()
        until = float(given.get("until", now))
        since = float(given.get("since", until - (DAY if step == "hour" else 30 * DAY)))
        if not since < until <= since + LONGEST[step]:
            raise wrong_fields({"since": "span"}, language_of(request))
        zone = _zone(given.get("zone"))
        if zone is None:
            raise wrong_fields({"zone": "zone"}, language_of(request))
        starts = timeseries.starts(since, until, step, zone)
        hours: list[Hour] = []
        for first, last, offset in timeseries.stretches(starts, until, step, zone):
            hours += await self._records.hours(first, last, timeseries.LENGTHS[step], offset)
        return json_response(timeseries.series(hours, starts, step))

    async def downloads(self, request: Request) -> Response:
        under_way = [serializers.under_way(one) for one in await self._present.downloads()]
        return json_response({"downloads": under_way})

    async def rescued(self, request: Request) -> Response:
        """The files of `_rescatados`, the oldest first, and the modelos to choose from, the most recent first."""
        try:
            return json_response(asdict(await self._present.assignable()))
        except OSError:  # a TimeoutError too
            raise Problem(503, "rescued") from None

    async def uptime(self, request: Request) -> Response:
        """How long bot, Bot API server and monitor were up on each of the last 90 days."""
        parts = [{**asdict(one), "share": one.share} for one in self._present.uptime()]
        return json_response({"parts": parts, "at": self._clock()})

    async def health(self, request: Request) -> Response:
        """The status, every file system with its trend, and the silences."""
        silences = [silence_row(one) for one in await self._records.silences()]
        volumes = [serializers.volume(one) for one in self._present.volumes()]
        status = {**self._present.status(), "running": True}
        return json_response({"status": status, "volumes": volumes, "silences": silences, "at": self._clock()})

    async def forecast(self, request: Request) -> Response:
        """What is foreseen, each disk as a fan, and the score of each kind."""
        return json_response(serializers.forecast(await self._present.forecast(), language_of(request)))

    async def status(self, request: Request) -> Response:
        return json_response({**self._present.status(), "running": True})

    async def ledger(self, request: Request) -> Response:
        given = parameters(request, SUMMARY)
        since = float(given.get("since", 0.0))
        return json_response({"since": since, "ledger": list(await self._records.ledger(since))})

    async def records(self, request: Request) -> Response:
        """The newest records, with the number from which the stream continues."""
        newest = await self._records.latest_records(50)
        said = [serializers.event(one, self._present, language_of(request)) for one in newest]
        return json_response({"records": said, "seq": newest[-1][0] if newest else 0})

    async def texts(self, request: Request) -> Response:
        """The dashboard's texts in one language."""
        language = request.path_params["language"]
        if language not in LANGUAGES:
            raise Problem(404, "not_found")
        shown = {code: said for code, said in catalogue(language).items() if code.startswith(_SHOWN)}
        return json_response(shown | ({"ui.door.command": HUB_COMMAND} if self._hub else {}))


HUB_COMMAND = "sudo trafico-monitor hub dashboard"
_SHOWN = ("ui.", "machine.", "type.", "reason.", "missing.", "short.", "foreseen.")


def parameters(request: Request, schema: Schema) -> Mapping[str, str | float]:
    """The checked parameters. Raises Problem for wrong ones, and for one that is given twice."""
    given = request.query_params.multi_items()
    names = [name for name, _ in given]
    values, wrong = schema.check(dict(given))
    wrong |= {name: "once" for name in names if names.count(name) > 1}
    if wrong:
        raise wrong_fields(wrong, language_of(request))
    return values


def incident_filter(given: Mapping[str, str | float]) -> IncidentFilter:
    """The filter that the checked parameters describe."""
    wanted = IncidentFilter(
        since=_number(given, "since"),
        until=_number(given, "until"),
        error_type=_word(given, "type"),
        estado=_word(given, "estado"),
        modelo=_word(given, "modelo"),
        video=_word(given, "video"),
        open=None if "open" not in given else bool(given["open"]),
        machine=_word(given, "machine"),
    )
    return _behind(wanted, str(given["cursor"])) if "cursor" in given else wanted


def _number(given: Mapping[str, str | float], name: str) -> float | None:
    return float(given[name]) if name in given else None


def _word(given: Mapping[str, str | float], name: str) -> str | None:
    return str(given[name]) if name in given else None


def _cursor(last: Incident) -> str:
    return "~".join([f"{last.opened_at!r}", last.id, *filter(None, [last.machine])])


def _behind(wanted: IncidentFilter, cursor: str) -> IncidentFilter:
    at, name, *machine = cursor.split("~")
    return replace(wanted, after=(float(at), name), after_machine="".join(machine))


def _zone(name: object) -> tzinfo | None:
    """The time zone of that name, this machine's own without one; None for one that is not known."""
    if name is None:
        return datetime.now(UTC).astimezone().tzinfo
    if name == "UTC":
        return UTC
    try:
        return zoneinfo.ZoneInfo(str(name))
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # A small system may know no zones at all: then its own has to do.
        return None if zoneinfo.available_timezones() else _zone(None)
