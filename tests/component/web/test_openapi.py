"""The document and the code say the same: schemathesis asks what the document promises."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from .opened import SECONDS, Opened, opened
from .samples import FORESEEN, sample

pytestmark = [pytest.mark.slow, pytest.mark.leaves("connections of the service, which runs for the whole file")]

# Two times in their order, and a zone that there is: no schema can say so.
NOT_MEANT = {"GET /api/v1/series": [positive_data_acceptance]}


class _Running:
    """A window in a loop and a thread of its own: schemathesis asks from outside."""

    def __init__(self, folder: Path) -> None:
        self._ready, self._end = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run(folder)))
        self._thread.start()
        assert self._ready.wait(SECONDS)

    async def _run(self, folder: Path) -> None:
        async with opened(folder) as window:
            await window.keep(*(sample(n) for n in range(40)))
            window.here.foreseen = FORESEEN
            self.cookie = await window.cookie()
            self.window: Opened = window
            self.base = f"http://127.0.0.1:{window.window.server.port}"
            self.loop = asyncio.get_running_loop()
            self._ready.set()
            await self._end.wait()

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self._end.set)
        self._thread.join(SECONDS)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Running]:
    there = _Running(tmp_path_factory.mktemp("api"))
    yield there
    there.close()


OPERATIONS = [
    "GET /api/v1/incidents", "GET /api/v1/incidents.csv", "GET /api/v1/incidents/{id}", "GET /api/v1/summary",
    "GET /api/v1/series", "GET /api/v1/rescued", "GET /api/v1/uptime", "GET /healthz", "GET /badge.svg",
    "GET /status.html",
    "GET /api/v1/downloads", "GET /api/v1/health", "GET /api/v1/status", "GET /api/v1/ledger", "GET /api/v1/records",
    "GET /api/v1/forecast", "GET /metrics", "GET /api/v1/openapi.json", "GET /api/v1/texts/{language}",
    "POST /api/v1/requests", "POST /api/v1/session", "GET /api/v1/session", "DELETE /api/v1/session",
]  # fmt: skip

# A stream has no end (test_openapi_document.py), and the socket's own operations are refused on the port.
OTHERS = ["GET /api/v1/events", "POST /api/v1/codes", "DELETE /api/v1/sessions"]


def test_every_operation_is_tried(running: _Running) -> None:
    found = [f"{each.ok().method.upper()} {each.ok().path}" for each in described(running).get_all_operations()]
    assert sorted(found) == sorted([*OPERATIONS, *OTHERS])


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", OPERATIONS[:-1])  # signing out would end the session of the others
def test_what_is_described_is_what_is_answered(running: _Running, name: str, mode: GenerationMode) -> None:
    """Good and bad requests alike: no status, no field and no refusal but those of the document."""
    method, _, path = name.partition(" ")
    operation = described(running)[path][method]
    headers = {"Cookie": running.cookie, "Origin": running.base}

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)
    def holds(case: schemathesis.Case) -> None:
        case.call_and_validate(headers=headers, timeout=SECONDS, excluded_checks=NOT_MEANT.get(name, []))

    try:
        holds()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE  # an operation that takes nothing cannot be given it wrongly


def described(running: _Running) -> schemathesis.BaseSchema:
    document = requests.get(f"{running.base}/api/v1/openapi.json", timeout=SECONDS).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=running.base)
    return schema
