"""Downloading again: from the Bot API server over real HTTP, or from the path in the lines."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests.standin.bot_api import BotApiServer
from trafico_monitor.model.installation import Installation
from trafico_monitor.model.task import Outcome, RepairTask
from trafico_monitor.repair.actions.retry_download import retry_download
from trafico_monitor.repair.bot_api import ServerFile, Trouble, get_file
from trafico_monitor.repair.ports import Tools

from .conftest import TOKEN, order, snapshot


@pytest.fixture
def server(site: Installation, video: Path) -> Iterator[BotApiServer]:
    assert site.bot_api is not None
    with BotApiServer(site.bot_api, control_port=0) as server:
        server.api.files.register({"file_id": "AAA", "path": str(video), "uid": None})
        yield server


@pytest.fixture
def served(site: Installation, server: BotApiServer) -> Installation:
    return replace(site, api_url=server.url)


def known(**more: object) -> RepairTask:
    return order(**{"modelo": "victor", "video": "a.mp4", **more})  # type: ignore[arg-type]


def tried(site: Installation) -> Path:
    return site.models / "victor" / "a.mp4"


async def test_getfile_and_copy(
    served: Installation, tools: Tools, video: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    result = await retry_download(known(file_id="AAA", size=video.stat().st_size), served, tools)
    assert (result.outcome, result.reason, result.path) == (Outcome.DONE, "copied", str(tried(served)))
    assert tried(served).read_bytes() == video.read_bytes()
    assert TOKEN not in caplog.text


async def test_only_getfile_is_ever_asked(served: Installation, server: BotApiServer, tools: Tools) -> None:
    await retry_download(known(file_id="AAA"), served, tools)
    assert {call["method"].lower() for call in server.api.calls} == {"getfile"}


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        ({"kind": "status", "status": 502}, Outcome.BLOCKED_BY_SERVER, "server_fault"),
        ({"kind": "status", "status": 500}, Outcome.BLOCKED_BY_SERVER, "server_fault"),
        ({"kind": "status", "status": 401}, Outcome.REFUSED, "token_refused"),
        ({"kind": "status", "status": 404}, Outcome.FAILED, "not_served"),
        ({"kind": "status", "status": 429, "retry_after": 3}, Outcome.FAILED, "server_busy"),
        ({"kind": "stall", "seconds": 30}, Outcome.FAILED, "timeout"),
        ({"kind": "refuse"}, Outcome.FAILED, "connection_lost"),
        ({"kind": "garbage"}, Outcome.FAILED, "server_error"),
        ({"kind": "missing"}, Outcome.FAILED, "source_missing"),
    ],
)
async def test_what_the_servers_trouble_means(
    fault: dict[str, object], outcome: Outcome, reason: str, served: Installation, server: BotApiServer, tools: Tools
) -> None:
    before = snapshot(served.models)
    server.api.add_fault({"method": "getFile", **fault})
    hasty = replace(tools, patience=1.0)
    result = await retry_download(known(file_id="AAA"), served, hasty)
    assert (result.outcome, result.reason) == (outcome, reason)
    assert TOKEN not in result.detail
    assert snapshot(served.models) == before


async def test_a_busy_server_says_how_long_to_leave_it_alone(
    served: Installation, server: BotApiServer, tools: Tools
) -> None:
    server.api.add_fault({"method": "getFile", "kind": "status", "status": 429, "retry_after": 17})
    result = await retry_download(known(file_id="AAA"), served, tools)
    assert (result.reason, result.retry_after) == ("server_busy", 17.0)


async def test_a_server_that_is_not_there(served: Installation, server: BotApiServer, tools: Tools) -> None:
    server.listen({"open": False})
    result = await retry_download(known(file_id="AAA"), served, tools)
    assert (result.outcome, result.reason) == (Outcome.BLOCKED_BY_SERVER, "server_unreachable")


async def test_with_the_server_down_the_file_that_lies_there_is_enough(
    served: Installation, server: BotApiServer, tools: Tools, source: Path
) -> None:
    server.listen({"open": False})
    lines = f"https://api.telegram.org/file/bot<TOKEN>/{served.bot_api}/<TOKEN>/videos/file_16.mp4"
    result = await retry_download(known(file_id="AAA", source=lines, size=source.stat().st_size), served, tools)
    assert result.reason == "copied"


async def test_an_unknown_file_id(served: Installation, tools: Tools) -> None:
    result = await retry_download(known(file_id="BBB"), served, tools)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "file_unavailable")


@pytest.mark.parametrize("fault", [{"kind": "truncate", "keep": 9000}, {"kind": "damage"}])
async def test_a_bad_file_at_the_server_is_put_aside_and_fetched_again(
    fault: dict[str, object], served: Installation, server: BotApiServer, tools: Tools, video: Path
) -> None:
    server.api.add_fault({"method": "getFile", "times": 1, **fault})
    result = await retry_download(known(file_id="AAA", size=video.stat().st_size), served, tools)
    assert result.reason == "copied"
    assert tried(served).read_bytes() == video.read_bytes()
    assert served.bot_api is not None
    assert [path.name for path in served.bot_api.rglob("*.incompleto")] == ["file_0.mp4.i1.incompleto"]


class TestABadFileThatHasNotComeToRest:
    """Whoever still writes it would go on writing into what was moved away."""

    @pytest.fixture(autouse=True, params=[{"kind": "truncate", "keep": 9000}, {"kind": "damage"}], ids=str)
    def _bad_twice(self, request: pytest.FixtureRequest, server: BotApiServer) -> None:
        server.api.add_fault({"method": "getFile", "times": 2, **request.param})

    @staticmethod
    def aside(site: Installation) -> list[Path]:
        assert site.bot_api is not None
        return list(site.bot_api.rglob("*.incompleto"))

    async def test_one_that_a_program_has_open_for_writing(
        self, served: Installation, tools: Tools, video: Path
    ) -> None:
        wanted = known(file_id="AAA", size=video.stat().st_size)
        with ExitStack() as writing:

            async def get(site: Installation, file_id: str, seconds: float) -> ServerFile | Trouble:
                assert site.bot_api is not None
                answer = await get_file(site, file_id, seconds)
                writing.enter_context((site.bot_api / TOKEN / "videos" / "file_0.mp4").open("ab"))
                return answer

            result = await retry_download(wanted, served, replace(tools, get_file=get))
            assert (result.outcome, result.reason) == (Outcome.FAILED, "file_is_open")
            assert result.retry_after > 0 and self.aside(served) == []
        assert (await retry_download(wanted, served, tools)).reason == "copied"
        assert len(self.aside(served)) == 1

    async def test_one_that_was_written_in_the_last_minutes(
        self, served: Installation, tools: Tools, video: Path
    ) -> None:
        wanted, installed = known(file_id="AAA", size=video.stat().st_size), replace(served, min_age=120.0)
        result = await retry_download(wanted, installed, replace(tools, now=time.time))
        assert (result.outcome, result.reason) == (Outcome.FAILED, "file_is_young")
        assert 100 < result.retry_after <= 121 and self.aside(served) == []
        later = replace(tools, now=lambda: time.time() + 130)
        assert (await retry_download(wanted, installed, later)).reason == "copied"
        assert len(self.aside(served)) == 1


async def test_a_file_at_the_server_that_grows_while_it_is_judged_stays(
    served: Installation, server: BotApiServer, tools: Tools, video: Path
) -> None:
    server.api.add_fault({"method": "getFile", "kind": "damage"})

    async def judge_and_write(path: Path, size: int | None) -> bool | None:
        answer = await tools.is_good(path, size)
        if served.bot_api is not None and path.is_relative_to(served.bot_api):
            with path.open("ab") as stream:
                stream.write(b"more")
        return answer

    judging = replace(tools, is_good=judge_and_write)
    result = await retry_download(known(file_id="AAA", size=video.stat().st_size), served, judging)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "file_is_changing")
    assert served.bot_api is not None and not list(served.bot_api.rglob("*.incompleto"))
    assert (served.bot_api / TOKEN / "videos" / "file_0.mp4").read_bytes().endswith(b"more")


async def test_a_server_that_only_has_half_of_it(
    served: Installation, server: BotApiServer, tools: Tools, video: Path
) -> None:
    server.api.add_fault({"method": "getFile", "kind": "truncate", "keep": 9000})
    result = await retry_download(known(file_id="AAA", size=video.stat().st_size), served, tools)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "source_incomplete")
    assert not tried(served).exists()


async def test_a_log_lines_size_moves_no_whole_file_at_the_server(
    served: Installation, tools: Tools, video: Path
) -> None:
    result = await retry_download(known(file_id="AAA", size=video.stat().st_size + 1), served, tools)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "source_incomplete")
    assert served.bot_api is not None and not list(served.bot_api.rglob("*.incompleto"))


async def test_with_a_source_only_it_is_copied(site: Installation, tools: Tools, source: Path) -> None:
    result = await retry_download(known(source=f"{site.bot_api}/<TOKEN>/videos/file_16.mp4"), site, tools)
    assert result.reason == "copied"
    assert tried(site).read_bytes() == source.read_bytes()


async def test_a_missing_folder_of_the_modelo_is_made(site: Installation, tools: Tools, source: Path) -> None:
    result = await retry_download(order(modelo="nueva", video="a.mp4", source=str(source)), site, tools)
    assert result.reason == "copied"
    assert (site.models / "nueva").stat().st_uid == site.uid


async def test_no_folder_is_made_for_a_source_that_is_gone(site: Installation, tools: Tools, source: Path) -> None:
    source.unlink()
    result = await retry_download(order(modelo="nueva", video="a.mp4", source=str(source)), site, tools)
    assert (result.outcome, result.reason) == (Outcome.FAILED, "source_missing")
    assert not (site.models / "nueva").exists()


async def test_without_anything_known_nothing_is_tried(site: Installation, tools: Tools) -> None:
    result = await retry_download(order(modelo="victor", video="a.mp4"), site, tools)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "nothing_to_download_from")


async def test_a_file_id_without_a_server_to_ask(site: Installation, tools: Tools) -> None:
    result = await retry_download(known(file_id="AAA"), site, tools)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, "server_not_configured")


async def test_a_hostile_source_changes_nothing(site: Installation, tools: Tools) -> None:
    before = snapshot(site.models.parents[1])
    for text in ("/etc/passwd", f"{site.bot_api}/../../etc/shadow", "https://evil.example/x.mp4"):
        result = await retry_download(known(source=text), site, tools)
        assert (result.outcome, result.path) == (Outcome.REFUSED, None)
    assert snapshot(site.models.parents[1]) == before


class TestRescue:
    async def test_without_a_destination_it_goes_to_rescatados_with_a_note(
        self, site: Installation, tools: Tools, source: Path
    ) -> None:
        result = await retry_download(order(source=str(source)), site, tools)
        rescued = site.models / "_rescatados" / "file_16.mp4"
        assert (result.outcome, result.rescued, result.path) == (Outcome.DONE, True, str(rescued))
        assert rescued.read_bytes() == source.read_bytes()
        note = json.loads(rescued.with_name("file_16.mp4.json").read_text())
        assert (note["incidente"], note["modelo"]) == ("i1", None)
        assert note["timestamp"] == "2025-12-25T14:13:20+00:00"
        assert note["de"] == f"{site.bot_api}/<TOKEN>/videos/file_16.mp4"

    async def test_the_same_incident_rescues_once(self, site: Installation, tools: Tools, source: Path) -> None:
        await retry_download(order(source=str(source)), site, tools)
        once = snapshot(site.models)
        again = await retry_download(order(source=str(source)), site, tools)
        assert (again.outcome, again.rescued) == (Outcome.DONE, True)
        assert snapshot(site.models) == once

    async def test_another_incident_gets_a_numbered_name(self, site: Installation, tools: Tools, source: Path) -> None:
        await retry_download(order(source=str(source)), site, tools)
        other = replace(order(source=str(source)), id="i2/1", incident_id="i2")
        result = await retry_download(other, site, tools)
        assert result.path == str(site.models / "_rescatados" / "file_16-2.mp4")

    async def test_a_name_that_another_video_has_is_left_to_it(
        self, site: Installation, tools: Tools, source: Path, another: Path
    ) -> None:
        tried(site).write_bytes(another.read_bytes())
        result = await retry_download(known(source=str(source), size=source.stat().st_size), site, tools)
        assert (result.rescued, result.path) == (True, str(site.models / "_rescatados" / "a.mp4"))
        assert tried(site).read_bytes() == another.read_bytes()

    async def test_a_rescue_that_failed_leaves_no_note(self, site: Installation, tools: Tools, source: Path) -> None:
        os.truncate(source, 5000)
        result = await retry_download(order(source=str(source)), site, tools)
        assert result.outcome is Outcome.FAILED
        assert list((site.models / "_rescatados").iterdir()) == []
