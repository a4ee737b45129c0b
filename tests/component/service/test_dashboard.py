"""The running service and those who look at it."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.journal_fixtures import Line, wait_until, write_journal
from trafico_monitor.cli.client import NotAnswered, call

from .running import RunningService

pytestmark = pytest.mark.slow

CONFIG = "config.toml"
FAILED = "ERROR:__main__:❌ Error al copiar archivo: [Errno 13] Permission denied: '/srv/api/videos/file_9.mp4'"
MOST_FOR_LOOKING = 4 * 1024  # KiB resident, above what the service has without anybody looking


def ask(home: Path, path: str) -> dict[str, Any]:
    status, said = call(home / CONFIG, "GET", f"/api/v1/{path}", spoken="es")
    assert status == 200, said
    return said


def resident(service: RunningService) -> int:
    lines = Path(f"/proc/{service.process.pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Rss:"))


def quiet(home: Path) -> Path:
    journal = home / "journal"
    write_journal(journal / "a.journal", [Line("INFO:__main__:bot", time.time() - 60)])
    return journal


def test_check_names_a_missing_token_once(tmp_path: Path) -> None:
    with RunningService(tmp_path, directory=quiet(tmp_path)) as service:
        wait_until(lambda: any(one["unusable"] for one in service.status().get("channels", [])), "none delivers", 60)
        found = [one["code"] for one in json.loads(service.command("check", "--json"))["findings"]]
    assert "missing.token" in found and "channel_unusable" not in found


def test_the_service_answers_on_its_socket_and_goes_in_time(tmp_path: Path) -> None:
    with RunningService(tmp_path, directory=quiet(tmp_path)) as service:
        wait_until((tmp_path / "state" / "api.sock").exists, "the socket is there")
        said = ask(tmp_path, "status")
        assert said["running"] is True
        assert service.process.poll() is None
    assert service.process.returncode == 0


def test_the_services_own_figures_are_in_status_api_and_metrics(tmp_path: Path) -> None:
    with RunningService(tmp_path, directory=quiet(tmp_path), web='listen = "127.0.0.1:0"') as service:
        wait_until((tmp_path / "state" / "api.sock").exists, "the socket is there")
        wait_until(lambda: ask(tmp_path, "status")["mounts"], "the first look is over")
        own = psutil.Process(service.process.pid)
        wait_until(lambda: service.status()["mounts"], "the command line has it")
        for said in (ask(tmp_path, "status"), service.status()):
            process, host = said["process"], said["host"]
            assert abs(process["rss"] - own.memory_info().rss) < 16 * 2**20
            assert abs(process["threads"] - own.num_threads()) < 8 and 0 < process["open_files"] < 100
            assert 0 < process["cpu_seconds"] <= sum(own.cpu_times()[:2])
            assert host["memory_total"] == psutil.virtual_memory().total and len(host["load"]) == 3
            assert tmp_path.stat().st_dev in [Path(one["mount"]).stat().st_dev for one in said["mounts"]]
        document = ask(tmp_path, "openapi.json")
        for name, schema in (("status", "Status"), ("health", "Health"), ("forecast", "Forecast")):
            wanted = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
            jsonschema.validate(ask(tmp_path, name), wanted)
        assert "proceso" in service.command("status") and "equipo" in service.command("status")
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(tmp_path / "state" / "api.sock"))) as client:
            metrics = client.get("http://monitor/metrics").text
        found = {family.name: family.samples for family in text_string_to_metric_families(metrics)}
        assert found["trafico_monitor_host_memory_bytes"][0].value == psutil.virtual_memory().total
        assert found["process_resident_memory_bytes"][0].value > 10 * 2**20
        assert found["trafico_monitor_database_bytes"][0].value > 4096
        assert abs(found["process_start_time_seconds"][0].value - own.create_time()) < 60


def test_a_failure_in_the_journal_is_on_the_stream_and_in_every_view(tmp_path: Path) -> None:
    journal = quiet(tmp_path)
    with RunningService(tmp_path, directory=journal):
        wait_until((tmp_path / "state" / "api.sock").exists, "the socket is there")
        before = ask(tmp_path, "records")["seq"]
        write_journal(journal / "b.journal", [Line(FAILED, time.time())], boot="d" * 32)
        # The Bot API server, which does not answer here, is an incident of its own.
        found = "incidents?type=permisos"
        wait_until(lambda: ask(tmp_path, found)["incidents"], "it is an incident")
        (one,) = ask(tmp_path, found)["incidents"]
        assert one["error_type"] == "permisos"
        asyncio.run(_message_about(one["id"], tmp_path / "state" / "api.sock", before))
        assert ask(tmp_path, f"incidents/{one['id']}")["lines"] == [FAILED]
        assert ask(tmp_path, "summary")["by_type"]["permisos"]


async def _message_about(incident: str, socket: Path, after: int) -> None:
    """Wait until the stream has told of `incident`."""
    reader, writer = await asyncio.open_unix_connection(str(socket))
    writer.write(f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: {after}\r\n\r\n".encode())
    async with asyncio.timeout(30):
        while True:
            await reader.readuntil(b"event: record\n")
            told: dict[str, Any] = json.loads((await reader.readuntil(b"\n\n")).partition(b"data: ")[2])
            if (told["incident"] or {}).get("id") == incident:
                break
    writer.close()


def test_the_link_and_the_end_of_all_sessions(tmp_path: Path) -> None:
    with RunningService(tmp_path, directory=quiet(tmp_path), web='listen = "127.0.0.1:0"') as service:
        wait_until(lambda: "#code=" in service.command("dashboard"), "a link is given")
        said = json.loads(service.command("dashboard", "--json"))
        assert said["url"].startswith("http://127.0.0.1:") and said["until"] > time.time()
        assert json.loads(service.command("dashboard", "--sign-out", "--json")) == {"ended": 0}


def test_looking_costs_little_memory(tmp_path: Path) -> None:
    """Ten who look, a hundred pages read, everything asked for."""

    async def look() -> None:
        socket = str(tmp_path / "state" / "api.sock")
        writers = []
        for _ in range(10):
            reader, writer = await asyncio.open_unix_connection(socket)
            writer.write(b"GET /api/v1/events HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(30):
                await reader.readuntil(b"event: now")
            writers.append(writer)
        for _ in range(20):
            for path in ("incidents", "summary", "series", "health", "ledger", "records"):
                await asyncio.to_thread(ask, tmp_path, path)
        sizes.append(resident(service))
        for writer in writers:
            writer.close()

    sizes: list[int] = []
    with RunningService(tmp_path, directory=quiet(tmp_path), web='listen = "127.0.0.1:0"') as service:
        wait_until((tmp_path / "state" / "api.sock").exists, "the socket is there")
        wait_until(lambda: ask(tmp_path, "status")["server"], "the first round is over")
        sizes.append(resident(service))
        asyncio.run(look())
        assert sizes[1] - sizes[0] <= MOST_FOR_LOOKING, sizes


def test_the_time_up_is_counted_through_a_kill(tmp_path: Path) -> None:
    def monitor() -> dict[str, float]:
        """Seconds, all of them 0 while nobody answers."""
        try:
            parts = ask(tmp_path, "uptime")["parts"]
        except NotAnswered:
            parts = []
        found = [one["days"] for one in parts if one["part"] == "monitor"]
        return {key: sum(day[key] for days in found for day in days) for key in ("up", "down")}

    journal = quiet(tmp_path)
    with RunningService(tmp_path, directory=journal) as service:
        wait_until(lambda: monitor()["up"] > 0, "two rounds of checks are over")
        service.process.kill()
        service.process.wait()
    with RunningService(tmp_path, directory=journal):
        wait_until(lambda: monitor()["up"] > 0, "it goes on counting")
        assert monitor()["down"] == 0
