"""`GET /api/v1/incidents.csv`: the matching incidents as a table for a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ..messages import LANGUAGES
from ..model.incident import Incident, IncidentFilter
from ..model.validation import Schema, Text
from . import serializers
from .api import HUB_INCIDENTS, INCIDENTS, incident_filter, parameters
from .ports import Present, Records
from .responses import language_of

PAGE = 200  # incidents read at a time
COLUMNS = (
    "id", "error_type", "estado", "modelo", "video", "file", "size", "opened_at", "updated_at", "closed_at", "intento",
    "max_intentos", "accion_text", "reason_text", "recovered_by_bot", "count", "acknowledged_by",
)  # fmt: skip
_TIMES = frozenset({"opened_at", "updated_at", "closed_at"})
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LANGUAGE = Text("text", one_of=LANGUAGES)


def _of(form: Schema) -> Schema:
    """The filters of `form`, without its pages."""
    return Schema({**{k: v for k, v in form.fields.items() if k not in ("cursor", "limit")}, "language": _LANGUAGE})


EXPORT, HUB_EXPORT = _of(INCIDENTS), _of(HUB_INCIDENTS)


class Export:
    """`hub`: the records are of several machines, and the first column is theirs."""

    def __init__(self, records: Records, present: Present, *, hub: bool = False) -> None:
        self._records, self._present = records, present
        self._form = HUB_EXPORT if hub else EXPORT
        self._columns: Sequence[str] = ("machine", *COLUMNS) if hub else COLUMNS

    async def table(self, request: Request) -> Response:
        """All matching incidents, the newest first; times with the offset of this machine's zone."""
        given = parameters(request, self._form)
        language, wanted = str(given.get("language", language_of(request))), incident_filter(given)
        first = await self._records.page(wanted, PAGE)  # what cannot be read is an error, not half a table
        headers = {"cache-control": "no-store", "content-disposition": 'attachment; filename="incidents.csv"'}
        lines = self._lines(wanted, first, language)
        return StreamingResponse(lines, headers=headers, media_type="text/csv; charset=utf-8")

    async def _lines(self, wanted: IncidentFilter, page: Sequence[Incident], language: str) -> AsyncIterator[bytes]:
        yield "\ufeff".encode() + _line(self._columns)  # a spreadsheet takes it for UTF-8 by this mark alone
        while page:
            rows = [serializers.incident_row(one, self._present, language) for one in page]
            yield b"".join(_line([_cell(name, row) for name in self._columns]) for row in rows)
            last = page[-1]
            behind = replace(wanted, after=(last.opened_at, last.id), after_machine=last.machine)
            page = await self._records.page(behind, PAGE) if len(page) == PAGE else ()


def _cell(name: str, row: Mapping[str, object]) -> str:
    value = row.get(name)
    if value is None:
        return ""
    if name in _TIMES and isinstance(value, int | float):
        return datetime.fromtimestamp(value).astimezone().isoformat(timespec="seconds")
    return str(value)


def _line(cells: Sequence[str]) -> bytes:
    """A line of the table. A spreadsheet runs what begins like a formula: names come from outside."""
    written = io.StringIO()
    csv.writer(written).writerow([f"'{cell}" if cell.startswith(_FORMULA) else cell for cell in cells])
    return written.getvalue().encode("utf-8", "replace")
