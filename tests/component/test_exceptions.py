"""Downloads that an exception ended, with the real server on loopback and real files: what is tried again,
what is proven, and what only a person can do."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.standin import media
from tests.standin.bot_api import BotApiServer
from trafico_monitor.daemon.executor import Executor
from trafico_monitor.detection.detector import Detector
from trafico_monitor.detection.ruleset.loader import load
from trafico_monitor.incident.decision_context import Limits
from trafico_monitor.incident.tracker import Tracker
from trafico_monitor.model.alert import Notification
from trafico_monitor.model.changeset import ChangeSet
from trafico_monitor.model.download import Download
from trafico_monitor.model.finding import Cause, ErrorType, Finding, FindingKind
from trafico_monitor.model.incident import Estado, Incident
from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Evidence, RepairTask, TaskResult, Verdict
from trafico_monitor.pipeline.pipeline import Pipeline
from trafico_monitor.repair.dispatcher import Dispatcher

pytestmark = pytest.mark.slow

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
SPACE = Evidence("space", "9 GB")
DEADLINE = 60.0


@dataclass(slots=True)
class Place:
    """A watched installation, its server, and a video that a user has sent."""

    site: Installation
    server: BotApiServer
    video: Path
    lost: Download
    asked_at: list[float] = field(default_factory=list)
    dispatchers: list[Dispatcher] = field(default_factory=list)

    @property
    def destination(self) -> Path:
        return self.site.models / "luna" / "a.mp4"

    def put(self, name: str, content: bytes | None = None) -> Path:
        """The bot puts the video into the modelo's folder."""
        path = self.site.models / "luna" / name
        path.write_bytes(self.video.read_bytes() if content is None else content)
        return path

    @property
    def getfiles(self) -> int:
        return sum(call["method"].lower() == "getfile" for call in list(self.server.api.calls))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return media.video(tmp_path_factory.mktemp("media"), seconds=1)


@pytest.fixture
def place(video: Path) -> Iterator[Place]:
    home = Path(tempfile.mkdtemp(prefix="trafico-exceptions-"))
    home.chmod(0o755)
    models, api = home / "modelos", home / "api"
    (models / "luna").mkdir(parents=True)
    api.mkdir()
    with BotApiServer(api) as server:
        server.api.files.register({"file_id": "AAA", "path": str(video), "uid": None})
        site = Installation(models, api, os.geteuid(), os.getegid(), api_url=server.url, token=TOKEN)
        size = video.stat().st_size
        lost = Download("luna", "a.mp4", "AAA", size, destination="modelos/luna/a.mp4", unique_id="AgAD7")
        yield Place(site, server, video, lost)
        server.api.clear_faults({})
    shutil.rmtree(home)


@pytest.fixture(autouse=True)
async def _stopped(place: Place) -> AsyncIterator[None]:
    """A repair that waits for its next attempt ends with the test."""
    yield
    for dispatcher in place.dispatchers:
        await dispatcher.stop(DEADLINE)


def failed(place: Place, error_type: ErrorType, cause: Cause = Cause.NONE, **more: object) -> Finding:
    found = Finding(
        FindingKind.FAILED, time.time(), 7, place.lost, error_type, "exception", "why", origin="s1",
        actionable=place.lost, exact=True, cause=cause, exception="telegram.error.NetworkError",
    )  # fmt: skip
    return replace(found, **more)  # type: ignore[arg-type]


def succeeded(download: Download, **more: object) -> Finding:
    found = Finding(FindingKind.FINISHED, time.time(), 7, download, message="✅ Archivo copiado", origin="s2")
    return replace(found, **more)  # type: ignore[arg-type]


class Monitor:
    """The pipeline with its real hands."""

    def __init__(self, place: Place, backoff: float = 0.2) -> None:
        self.place = place
        limits = Limits(backoff=(backoff, backoff, backoff), server_interval=0.2)
        self.pipeline = Pipeline(Detector(load({})), Tracker(), limits, "es")
        self.incidents: dict[str, Incident] = {}
        self.notices: list[Notification] = []
        self._repairs = Executor(lambda: place.site, self._check_bot_api)
        self._dispatcher = Dispatcher(self._carry_out, self._done, self.pipeline.begin_task, time.time)
        place.dispatchers.append(self._dispatcher)

    async def _check_bot_api(self) -> Finding:
        return Finding(FindingKind.SERVER, time.time(), code="up", message="HTTP 404")

    async def _carry_out(self, order: RepairTask, inherited: bool) -> tuple[TaskResult, Verdict]:
        return await self._repairs.carry_out(order, inherited)

    async def _done(self, order: RepairTask, result: TaskResult, verdict: Verdict) -> None:
        self.keep(self.pipeline.finish_task(order, result, verdict, time.time()))

    def keep(self, changes: ChangeSet) -> None:
        self.incidents |= {one.id: one for one in changes.incidents}
        self.notices += changes.notices
        self._dispatcher.cancel(changes.finished)
        self._dispatcher.give(changes.orders)

    def observe(self, *findings: Finding) -> None:
        self.keep(self.pipeline.observe(findings, time.time()))

    @property
    def incident(self) -> Incident:
        (incident,) = self.incidents.values()
        return incident

    async def until(self, holds: Callable[[], object]) -> None:
        async with asyncio.timeout(DEADLINE):
            while not holds():
                await asyncio.sleep(0.02)

    async def settle(self) -> None:
        await self.until(lambda: not self.pipeline.orders and not self._dispatcher.under_way)


def assert_proven(monitor: Monitor, path: Path) -> None:
    incident = monitor.incident
    assert incident.estado is Estado.SOLUCIONADO, incident
    assert path.read_bytes() == monitor.place.video.read_bytes()
    seen = {each.what: each.value for each in incident.evidence if each.ok}
    assert seen["file"] == str(path) and {"size", "media", "owner"} <= set(seen)


@pytest.mark.parametrize("cause", [Cause.TEMPORARY, Cause.SERVER_ERROR, Cause.UNKNOWN])
async def test_what_may_pass_is_downloaded_again_and_proven(place: Place, cause: Cause) -> None:
    monitor = Monitor(place)
    monitor.observe(failed(place, ErrorType.OTRO, cause))
    await monitor.settle()
    assert_proven(monitor, place.destination)
    assert monitor.notices == []


@pytest.mark.parametrize(
    ("cause", "fault"),
    [
        (Cause.TEMPORARY, {"kind": "refuse"}),
        (Cause.SERVER_ERROR, {"kind": "status", "status": 502}),
        (Cause.SERVER_ERROR, {"kind": "status", "status": 500}),
    ],
)
async def test_what_does_not_pass_is_told_after_three_attempts(
    place: Place, cause: Cause, fault: dict[str, object]
) -> None:
    place.server.api.add_fault({"method": "getFile", **fault})
    monitor = Monitor(place)
    monitor.observe(failed(place, ErrorType.OTRO, cause))
    await monitor.settle()
    assert (monitor.incident.estado, place.getfiles) == (Estado.FALLIDO, 3)
    assert not monitor.pipeline.incidents.conditions.server_down  # the others go on
    assert [notice.code for notice in monitor.notices] == ["failed"]
    assert not place.destination.exists()


async def test_a_server_that_asked_to_wait_is_not_asked_before(place: Place) -> None:
    monitor = Monitor(place)
    began = time.time()
    monitor.observe(failed(place, ErrorType.OTRO, Cause.RATE_LIMITED, wait=1.0, at=began))
    await monitor.until(lambda: place.getfiles)
    assert time.time() - began >= 2.0
    await monitor.settle()
    assert_proven(monitor, place.destination)


@pytest.mark.parametrize("cause", [Cause.TOO_BIG, Cause.NOT_AVAILABLE])
async def test_where_none_can_help_the_server_is_not_even_asked(place: Place, cause: Cause) -> None:
    monitor = Monitor(place)
    monitor.observe(failed(place, ErrorType.OTRO, cause))
    await monitor.settle()
    assert (monitor.incident.estado, place.getfiles) == (Estado.FALLIDO, 0)
    assert [notice.code for notice in monitor.notices] == ["failed"]


class TestACauseThatIsGone:
    """getFile answered 502, or 500 «no space left on device»; the server answers and the disk has space."""

    def gone(self, monitor: Monitor, error_type: ErrorType, actionable: Download) -> None:
        monitor.observe(failed(monitor.place, error_type, Cause.SERVER_ERROR, actionable=actionable))
        now = time.time()
        if error_type is ErrorType.DISCO_LLENO:
            monitor.keep(monitor.pipeline.set_disk_full(False, SPACE, now))
        else:
            monitor.observe(Finding(FindingKind.SERVER, now, code="up", message="HTTP 404"))

    @pytest.mark.parametrize("error_type", [ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO])
    async def test_the_video_is_fetched_and_proven(self, place: Place, error_type: ErrorType) -> None:
        monitor = Monitor(place)
        self.gone(monitor, error_type, place.lost)
        await monitor.settle()
        assert_proven(monitor, place.destination)

    @pytest.mark.parametrize("told", [{}, {"file_id": None}, {"file_id": None, "destination": None}])
    @pytest.mark.parametrize("error_type", [ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO])
    async def test_without_a_download_to_act_on_a_person_is_told(
        self, place: Place, error_type: ErrorType, told: dict[str, None]
    ) -> None:
        place.lost = replace(place.lost, **told)  # type: ignore[arg-type]
        monitor = Monitor(place)
        self.gone(monitor, error_type, Download())
        await monitor.settle()
        assert (monitor.incident.estado, monitor.incident.reason) == (Estado.PENDIENTE, "single_record")
        monitor.keep(monitor.pipeline.tick(time.time() + 121))
        assert monitor.incident.estado is Estado.FALLIDO
        assert [notice.code for notice in monitor.notices] == ["critical", "failed"]

    @pytest.mark.parametrize("error_type", [ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO])
    async def test_unless_the_bots_own_success_is_there(self, place: Place, error_type: ErrorType) -> None:
        monitor = Monitor(place)
        self.gone(monitor, error_type, Download())
        await monitor.settle()
        place.put("a.mp4")
        monitor.observe(succeeded(place.lost))
        await monitor.settle()
        assert_proven(monitor, place.destination)

    @pytest.mark.parametrize("error_type", [ErrorType.DISCO_LLENO, ErrorType.SERVIDOR_CAIDO])
    async def test_without_any_download_it_is_the_proof(self, place: Place, error_type: ErrorType) -> None:
        place.lost = Download()
        monitor = Monitor(place)
        self.gone(monitor, error_type, Download())
        await monitor.settle()
        assert monitor.incident.estado is Estado.SOLUCIONADO


class TestAGetFileThatHung:
    @pytest.mark.parametrize("fault", [{"kind": "slow", "seconds": 2.0}, {"kind": "stall", "seconds": 0.5}])
    async def test_the_file_that_the_server_has_later_is_brought(self, place: Place, fault: dict[str, object]) -> None:
        place.server.api.add_fault({"method": "getFile", "times": 1, **fault})
        monitor = Monitor(place)
        monitor.observe(failed(place, ErrorType.TIMEOUT))
        await monitor.settle()
        assert_proven(monitor, place.destination)
        assert monitor.notices == []

    async def test_the_user_who_sends_it_again_is_not_asked_to(self, place: Place) -> None:
        place.server.api.add_fault({"method": "getFile", "kind": "refuse"})
        monitor = Monitor(place, backoff=30.0)
        monitor.observe(failed(place, ErrorType.TIMEOUT))
        again = replace(place.lost, video="b.mp4", file_id="BBB", destination="modelos/luna/b.mp4")
        path = place.put("b.mp4")
        monitor.observe(succeeded(again, exact=True))
        await monitor.settle()
        assert_proven(monitor, path)
        assert (place.getfiles, monitor.notices, place.destination.exists()) == (0, [], False)


class TestTheBotsWordAlone:
    """`…copiado exitosamente después de fix`, and no line that says where."""

    @pytest.fixture
    def told(self, place: Place) -> Download:
        """As the real bot tells it: the server's file, nothing else."""
        answer = place.server.api.files.get_file(TOKEN, "AAA", None)
        place.lost = Download(size=place.video.stat().st_size, source=str(answer["file_path"]))
        return place.lost

    async def said(self, place: Place, told: Download, **more: object) -> Monitor:
        monitor = Monitor(place, backoff=30.0)
        monitor.observe(failed(place, ErrorType.TIMEOUT, exact=False, **more))
        monitor.observe(succeeded(told, origin="s1", repaired=True))
        return monitor

    async def test_the_copy_is_found_by_its_content(self, place: Place, told: Download) -> None:
        path = place.put("20251225_143020_a3f2b1.mp4")
        monitor = await self.said(place, told)
        await monitor.settle()
        assert_proven(monitor, path)
        assert monitor.incident.accion == "by_bot"

    @pytest.mark.parametrize("kept", [None, 100_000])
    async def test_what_is_not_there_or_not_whole_is_not_believed(
        self, place: Place, told: Download, kept: int | None
    ) -> None:
        if kept is not None:
            place.put("cut.mp4", place.video.read_bytes()[:kept])
        monitor = await self.said(place, told)
        await monitor.until(lambda: not monitor.incident.recovered_by_bot)
        assert monitor.incident.open and monitor.incident.estado is Estado.REINTENTANDO  # our own repair goes on

    async def test_what_lay_there_before_the_failure_is_no_proof(self, place: Place, told: Download) -> None:
        place.put("old.mp4")
        monitor = await self.said(place, told, at=time.time() + 60)
        await monitor.until(lambda: not monitor.incident.recovered_by_bot)
        assert monitor.incident.open

    async def test_what_is_still_being_written_has_not_come_yet(self, place: Place, told: Download) -> None:
        path = place.put("20251225_143020_a3f2b1.mp4")
        with path.open("ab"):
            monitor = await self.said(place, told)
            await monitor.until(lambda: monitor.incident.reason == "file_is_open")
            assert monitor.incident.open
        await monitor.settle()
        assert_proven(monitor, path)

    async def test_a_name_that_only_one_file_has_is_enough(self, place: Place) -> None:
        named = Download(video="20251225_143020_a3f2b1.mp4", size=place.video.stat().st_size)
        place.lost = named
        path = place.put(named.video or "")
        monitor = await self.said(place, named)
        await monitor.settle()
        assert_proven(monitor, path)
