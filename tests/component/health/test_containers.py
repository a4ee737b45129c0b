"""The container, asked of an engine; and an engine that is frozen, closed or absent."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.component.health import engine as engine_module
from tests.component.health.engine import container, engine
from trafico_monitor.health.bot_api import explanation
from trafico_monitor.host import blocking, docker
from trafico_monitor.host.docker import Status

NAME = "telegram-bot-api"


async def test_a_running_container_with_its_mounts(tmp_path: Path) -> None:
    with engine(tmp_path / "s", {NAME: container(Health={"Status": "unhealthy"})}):
        seen = await docker.inspect(NAME, socket=tmp_path / "s")
    assert seen.status is Status.RUNNING
    assert seen.mounts == (("/srv/data", "/var/lib/telegram-bot-api"),)
    assert (seen.restarts, seen.health, seen.local) == (2, "unhealthy", True)
    assert "0123456789abcdef" not in repr(seen)  # API_HASH
    assert explanation(NAME, seen, "es") == "contenedor telegram-bot-api: en marcha, salud: unhealthy, 2 reinicios"


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ({"Running": False, "ExitCode": 137}, Status.STOPPED),
        ({"Restarting": True, "ExitCode": 1}, Status.RESTARTING),  # the engine says Running too
        ({"Paused": True}, Status.PAUSED),
        ({"Running": False, "Dead": True}, Status.STOPPED),
    ],
)
async def test_other_states(tmp_path: Path, state: dict[str, object], status: Status) -> None:
    with engine(tmp_path / "s", {NAME: container(**state)}):
        seen = await docker.inspect(NAME, socket=tmp_path / "s")
    assert (seen.status, seen.exit_code) == (status, state.get("ExitCode", 0))


async def test_a_container_that_is_not_there(tmp_path: Path) -> None:
    with engine(tmp_path / "s", {}):
        assert (await docker.inspect(NAME, socket=tmp_path / "s")).status is Status.MISSING


async def test_no_engine(tmp_path: Path) -> None:
    socket = tmp_path / "s"
    assert (await docker.inspect(NAME, socket=socket)).status is Status.NO_DOCKER
    with engine(socket, {}):
        pass
    assert socket.exists()  # left behind by an engine that was killed
    assert (await docker.inspect(NAME, socket=socket)).status is Status.NO_DOCKER


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
async def test_a_socket_that_is_not_for_us(tmp_path: Path) -> None:
    socket = Path(f"/tmp/trafico-closed-{os.getpid()}")
    with engine(socket, {}):
        socket.chmod(0o600)
        try:
            seen = await blocking.run_blocking(lambda: _as_nobody(socket), seconds=10, name="nobody")
        finally:
            socket.unlink()
    assert seen is Status.NO_PERMISSION


def _as_nobody(socket: Path) -> Status:
    program = (
        "import asyncio, os, sys; from pathlib import Path; from trafico_monitor.host import docker as containers\n"
        "containers._inspect('preload', 1, Path('/nonexistent'))\n"
        "os.setgroups([]); os.setresgid(65534, 65534, 65534); os.setresuid(65534, 65534, 65534)\n"
        "print(asyncio.run(containers.inspect('x', socket=Path(sys.argv[1]))).status.value)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(socket)], capture_output=True, text=True, timeout=10, check=True
    )
    return Status(done.stdout.strip())


async def test_a_frozen_engine_costs_the_deadline_and_no_more(tmp_path: Path) -> None:
    began = time.monotonic()
    with engine(tmp_path / "s", {}, frozen=True):
        seen = await docker.inspect(NAME, seconds=0.3, socket=tmp_path / "s")
        assert seen.status is Status.NO_ANSWER
    assert time.monotonic() - began < 10  # and not for ever


async def test_an_engine_that_comes_back_is_seen_at_the_next_look(tmp_path: Path) -> None:
    with engine(tmp_path / "s", {NAME: container()}):
        assert (await docker.inspect(NAME, socket=tmp_path / "s")).status is Status.RUNNING
    (tmp_path / "s").unlink()
    assert (await docker.inspect(NAME, socket=tmp_path / "s")).status is Status.NO_DOCKER
    with engine(tmp_path / "s", {NAME: container(Running=False)}):
        assert (await docker.inspect(NAME, socket=tmp_path / "s")).status is Status.STOPPED


async def test_nonsense_on_the_socket_is_no_answer(tmp_path: Path) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\x00\xff nonsense\r\n\r\n")
        writer.close()

    server = await asyncio.start_unix_server(talk, tmp_path / "s")
    try:
        assert (await docker.inspect(NAME, socket=tmp_path / "s")).status is Status.NO_ANSWER
    finally:
        server.close()
        await server.wait_closed()


async def test_an_engine_of_tomorrow_is_asked_in_its_own_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "API_VERSION", "1.99")
    with engine(tmp_path / "s", {NAME: container()}):
        assert (await docker.inspect(NAME, socket=tmp_path / "s")).status is Status.RUNNING


async def test_containers_are_found_by_name_or_image(tmp_path: Path) -> None:
    with engine(tmp_path / "s", {"api": container(), "telegram": container()}):
        assert await docker.names_like("telegram-bot-api", socket=tmp_path / "s") == ["api", "telegram"]
        assert await docker.names_like("gram", socket=tmp_path / "s") == ["api", "telegram"]
        assert await docker.names_like("postgres", socket=tmp_path / "s") == []
    assert await docker.names_like("telegram", socket=tmp_path / "nowhere") == []


def test_the_sdk_is_imported_only_where_an_engine_is_asked(tmp_path: Path) -> None:
    program = (
        "import asyncio, sys; from pathlib import Path; import trafico_monitor.daemon.service\n"
        "from trafico_monitor.host import docker as engine\n"
        "sdk = {'docker', 'requests', 'urllib3'}\n"
        "asyncio.run(engine.inspect('x', socket=Path('/nonexistent')))\n"
        "assert not sdk & set(sys.modules)\n"
        "print(asyncio.run(engine.inspect('x', socket=Path(sys.argv[1]))).status.value, sdk <= set(sys.modules))"
    )
    with engine(tmp_path / "s", {"x": container()}):
        done = subprocess.run(
            [sys.executable, "-c", program, tmp_path / "s"], capture_output=True, text=True, timeout=30
        )
    assert (done.stdout, done.stderr) == ("running True\n", "")


async def test_a_call_that_is_stuck_is_not_started_again() -> None:
    import threading

    release = threading.Event()
    started: list[int] = []

    def work() -> None:
        started.append(1)
        release.wait(20)

    for _ in range(3):
        with pytest.raises(TimeoutError):
            await blocking.run_blocking(work, seconds=0.05, name="stuck")
    assert len(started) == 1
    release.set()
    while any(one.name == "stuck" for one in threading.enumerate()):
        await asyncio.sleep(0)
    assert await blocking.run_blocking(lambda: 7, seconds=5, name="stuck") == 7
