"""Docker stopped, killed, frozen, and its container replaced: the HTTP probe decides, Docker only
explains; what is told is true, reading and repairing go on as far as the server itself does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..system.machine import booted
from ..system.world import PROJECT, Json, World, build, free_ports, run_container
from .conftest import RELEASE, Note

READABLE = 0o644
SECONDS = 180.0


@pytest.fixture(scope="module")
def world(package: Path, workshop: Path) -> Iterator[World]:
    with booted(RELEASE) as up:
        folder = up.path("/etc/trafico-monitor/conf.d")
        folder.mkdir(parents=True)
        (web,) = free_ports(1)
        (folder / "60-web.toml").write_text(f'[web]\nlisten = "127.0.0.1:{web}"\n')
        built = build(up, package, workshop)
        up.sh("usermod -aG docker trafico-monitor; systemctl restart trafico-monitor", seconds=40)
        # By itself it would be started anew at once, and take down what a killed one has left running.
        dropped = up.path("/etc/systemd/system/docker.service.d")
        dropped.mkdir(parents=True)
        (dropped / "chaos.conf").write_text("[Service]\nRestart=no\n")
        up.sh("systemctl daemon-reload")
        yield built


@pytest.fixture(autouse=True)
def _whole_again(world: World) -> Iterator[None]:
    yield
    world.machine.sh("systemctl kill -s CONT docker; systemctl start docker.socket docker", 90, check=False)
    world.machine.sh("docker start telegram-bot-api", seconds=60)
    world.local.wait_ready(30)
    world.local.clear()


def until_status_says(world: World, words: str) -> None:
    world.machine.wait_for(words, lambda: words in world.machine.sh("trafico-monitor status"), SECONDS)


def outages(world: World) -> list[Json]:
    return [i for i in world.incidents() if i["error_type"] == "servidor_caido"]


def one_repaired(world: World, modelo: str) -> str:
    """A download that times out, is downloaded again through the server, and lies there whole."""
    known = {i["id"] for i in world.incidents()}
    world.bot(STANDIN_STRUCTURED="1", STANDIN_READ_TIMEOUT="2")
    world.local.fault("getFile", "stall", times=1, seconds=30)
    original = world.video(modelo, mode=READABLE)

    def solved() -> Json | None:
        new = [i for i in world.incidents() if i["id"] not in known and i["modelo"] == modelo]
        assert len(new) <= 1, new
        return new[0] if new and new[0]["estado"] == "solucionado" else None

    incident = world.machine.wait_for(f"the download of {modelo} is repaired", solved, SECONDS)
    assert isinstance(incident, dict)
    video = world.machine.path(f"{PROJECT}/modelos/{modelo}/{incident['video']}")
    assert hashlib.sha256(video.read_bytes()).digest() == hashlib.sha256(original.read_bytes()).digest()
    return str(incident["id"])


def outage_told(world: World, before: int) -> Json:
    """The one outage since there were `before` of them, when the administrator has been told of it."""

    def told() -> Json | None:
        new = outages(world)[: len(outages(world)) - before]
        return new[0] if new and world.messages(new[0]["id"]) else None

    found = world.machine.wait_for("the outage is told", told, SECONDS)
    assert isinstance(found, dict)
    return found


def until_over(world: World, incident: Json) -> None:
    def over() -> bool:
        return any(i["id"] == incident["id"] and i["estado"] == "solucionado" for i in outages(world))

    world.machine.wait_for("the outage is over", over, SECONDS)


def test_the_daemon_is_stopped_and_its_container_with_it(world: World, note: Note) -> None:
    before = len(outages(world))
    world.machine.sh("systemctl stop docker.socket docker", seconds=90)
    incident = outage_told(world, before)
    until_status_says(world, "contenedor telegram-bot-api: Docker no está en marcha")
    world.machine.sh("systemctl start docker.socket docker; docker start telegram-bot-api", seconds=90)
    world.local.wait_ready(30)
    until_over(world, incident)
    one_repaired(world, "luna")
    assert len(outages(world)) == before + 1
    note("Docker stopped, and the Bot API server with it", outages_told=1, solved=1, repaired_afterwards=1)


def test_the_daemon_is_killed_and_the_server_lives_on(world: World, note: Note) -> None:
    """No outage is told, because there is none: downloads are repaired with no Docker at all."""
    before = len(outages(world))
    world.machine.sh("systemctl kill --kill-whom=main -s KILL docker; systemctl stop docker.socket", seconds=60)
    world.machine.wait_for("it is dead", lambda: world.machine.run("docker", "ps", check=False).code != 0)
    one_repaired(world, "yic")
    until_status_says(world, "El servidor Bot API responde")
    assert len(outages(world)) == before
    note("Docker killed, the Bot API server lives on", outages_told=0, repaired_meanwhile=1)


def test_the_daemon_is_frozen(world: World, note: Note) -> None:
    """A Docker that takes questions and never answers holds up nothing, and is what is told."""
    machine, before = world.machine, len(outages(world))
    machine.sh("systemctl kill --kill-whom=main -s STOP docker")
    one_repaired(world, "nadia")
    assert len(outages(world)) == before
    world.local.down()
    incident = outage_told(world, before)
    until_status_says(world, "contenedor telegram-bot-api: Docker no responde")
    world.local.up()
    until_over(world, incident)
    machine.sh("systemctl kill --kill-whom=main -s CONT docker")
    one_repaired(world, "sol")
    assert len(outages(world)) == before + 1
    note("Docker frozen (SIGSTOP), then the server silent too", repaired_meanwhile=1, outages_told=1, solved=1)


def test_the_container_is_replaced_by_another_of_its_name(world: World, note: Note) -> None:
    machine, before = world.machine, len(outages(world))
    old = machine.sh("docker inspect -f '{{.Id}}' telegram-bot-api")
    machine.sh("docker rm -f telegram-bot-api", seconds=60)
    incident = outage_told(world, before)
    until_status_says(world, "contenedor telegram-bot-api: no existe")
    run_container(machine, world.local_port, int(world.local.url.rsplit(":", 1)[1]))
    world.local.wait_ready(30)
    until_over(world, incident)
    assert machine.sh("docker inspect -f '{{.Id}}' telegram-bot-api") != old
    one_repaired(world, "mar")
    assert len(outages(world)) == before + 1
    note("the container replaced by another of its name", outages_told=1, solved=1, repaired_afterwards=1)
