"""The demo of a fleet: three machines, a hub and a PostgreSQL of its own, on one computer.

Each machine is the other demo's world in a mount namespace of its own. A disk fills on all three (one message names
the common cause), then one machine falls silent and comes back. The end is judged in the databases and at the hub's
Telegram, not by what the hub says of itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.postgresql import Cluster, cluster
from tests.standin.bot_api import BotApiServer
from tests.standin.control import Control
from trafico_monitor.fleet.database import Endpoint, connect, transaction
from trafico_monitor.fleet.migrations import HUB_ROLE, MACHINE_ROLE, migrate

from . import table, texts, world
from .enter import CODE, LIBRARIES, STAGE
from .stage import originals, until
from .texts import say

NAMES = ("madrid", "lima", "quito")
SILENT_AFTER = 15  # seconds; 180 in reality
_START_SECONDS = 60.0
_SECONDS = 60.0
HUB = Path("/etc/trafico-monitor/hub.toml")
_HUB = """
language = "{language}"
[hub]
url = "{url}"
silent_after = {silent_after}
[telegram]
admin_id = "{admin}"
token = "{token}"
alert_token = "{alert_token}"
api_url = "{alert_url}"
[paths]
state = "{state}"
logs = "{logs}"
[web]
listen = "127.0.0.1:0"
"""
HUB_STATE = Path("/var/lib/trafico-monitor-hub")


@dataclass
class Machine:
    """A machine's process; `say` gives it one word and waits until it has obeyed."""

    name: str
    process: subprocess.Popen[str]
    answers: queue.Queue[str] = field(default_factory=queue.Queue)

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        self.expect(word)

    def expect(self, word: str) -> None:
        """Wait for the answer `word`. Raises RuntimeError for another one, or none."""
        try:
            answer = self.answers.get(timeout=_START_SECONDS)
        except queue.Empty:
            answer = "nothing"
        if answer != word:
            raise RuntimeError(f"{self.name}: {word}: {answer}")

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError, OSError):
            self.say("stop")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(15)


def main() -> int:
    """Exit status: 0 if all ended as expected, 1 if not, 130 if interrupted."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with contextlib.ExitStack() as owned:
            return _play(owned)
    except KeyboardInterrupt:
        print(f"\n{say('interrupted')}")
        return 130


def _play(owned: contextlib.ExitStack) -> int:
    began = time.monotonic()
    print(f"{say('fleet.title')}\n\n{say('fleet.preparing')}", flush=True)
    originals()  # once, before three machines want them
    tempfile.tempdir = str(STAGE)  # the socket has to be where every machine sees it
    server = owned.enter_context(cluster())
    server.folder.chmod(0o755)  # the data directory inside it is closed
    owner = Endpoint(server.url, "postgres")
    asyncio.run(_prepare(owner))
    machines = [_machine(name, server, owned) for name in NAMES]
    hub = owned.enter_context(_hub(server))
    print(say("fleet.ready", seconds=time.monotonic() - began, names=", ".join(NAMES)), flush=True)
    checks = [
        (say("fleet.check.machines"), until(lambda: _hub_sees(owner) == 3, _SECONDS)),
        (say("fleet.check.common"), _common_cause(machines, hub)),
        (say("fleet.check.silent"), _silence(machines[-1], hub)),
    ]
    print(f"\n── {say('fleet.view')} ──", flush=True)
    subprocess.run([*_program("hub", "machines")], env=_environment(), timeout=30, check=False)
    for machine in machines:
        machine.stop()
    checks.append((say("fleet.check.records"), asyncio.run(_exactly_once(owner))))
    _show(hub)
    print(f"\n── {say('result')} ──\n")
    print("\n".join(f"  {'✅' if well else '❌'} {what}" for what, well in checks))
    well = all(one for _, one in checks)
    print(say("fleet.all_well" if well else "not_well", seconds=time.monotonic() - began))
    return 0 if well else 1


async def _prepare(owner: Endpoint) -> None:
    """The schema, and a role for each machine: `hub setup` and `hub invite` without TLS."""
    connection = await connect(owner)
    async with transaction(connection, owner) as cursor:
        await migrate(cursor)
        for name in NAMES:
            await cursor.execute(f"CREATE ROLE {name} LOGIN IN ROLE {MACHINE_ROLE}")
            await cursor.execute("INSERT INTO trafico.machines (machine) VALUES (%s)", (name,))
    await connection.close()


def _machine(name: str, server: Cluster, owned: contextlib.ExitStack) -> Machine:
    url = f"postgresql:///postgres?host={server.folder}"
    command = ["unshare", "--mount", "--propagation", "private", "--", *_python("demo.machine"), name, url]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
    )
    machine = Machine(name, process)
    owned.callback(machine.stop)
    threading.Thread(target=_follow, args=(machine,), daemon=True).start()
    machine.expect("ready")
    return machine


def _follow(machine: Machine) -> None:
    assert machine.process.stdout is not None
    for line in machine.process.stdout:
        if line.startswith("="):
            machine.answers.put(line[1:].strip())
        else:
            print(f"  {machine.name:<7}│ {line.rstrip()}"[: table.WIDE], flush=True)


@dataclass
class Hub:
    process: subprocess.Popen[bytes]
    telegram: BotApiServer

    def told(self) -> list[dict[str, Any]]:
        """The newest version of each message to the administrator, the first to be sent first."""
        newest: dict[int, dict[str, Any]] = {}
        for message in Control(self.telegram.control_url).messages(world.ADMIN_ID, world.ALERT_TOKEN):
            newest[message["message_id"]] = message
        return list(newest.values())

    def says(self, word: str) -> list[dict[str, Any]]:
        return [message for message in self.told() if word in message["rendered"]]


@contextlib.contextmanager
def _hub(server: Cluster) -> Iterator[Hub]:
    """`trafico-monitor hub run` as a user of its own; its Telegram is a stand-in."""
    world.cover()
    monitor = world.account(world.MONITOR_USER)
    for folder in (HUB_STATE, Path("/var/log/trafico-monitor-hub"), Path("/run/trafico-monitor-hub"), HUB.parent):
        folder.mkdir(parents=True, exist_ok=True)
        os.chown(folder, monitor.uid, monitor.gid)
    with BotApiServer(world.SCRATCH / "telegram", local=False) as telegram:
        Control(telegram.control_url).chat(world.ADMIN_ID)
        HUB.write_text(
            _HUB.format(
                language=texts.language(),
                url=f"postgresql://{HUB_ROLE}@/postgres?host={server.folder}",
                silent_after=SILENT_AFTER,
                admin=world.ADMIN_ID,
                token=world.BOT_TOKEN,
                alert_token=world.ALERT_TOKEN,
                alert_url=telegram.url,
                state=HUB_STATE,
                logs="/var/log/trafico-monitor-hub",
            ),
            encoding="utf-8",
        )
        with (HUB_STATE / "output").open("wb") as output:
            process = subprocess.Popen(
                [*monitor.setpriv, *_program("hub", "run")],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            yield Hub(process, telegram)
        finally:
            process.terminate()
            process.wait(20)
            if process.returncode:
                print((HUB_STATE / "output").read_text(errors="replace")[-2000:])


def _common_cause(machines: list[Machine], hub: Hub) -> bool:
    _tell(say("fleet.act.fill"))
    for machine in machines:
        machine.say("fill")
    told = until(lambda: [one for one in hub.says("disco_lleno") if _names(one) == set(NAMES)], _SECONDS)
    for machine in machines:
        machine.say("free")
    return told and len(hub.says("disco_lleno")) == 1


def _silence(machine: Machine, hub: Hub) -> bool:
    _tell(say("fleet.act.die", name=machine.name))
    before = {one["message_id"] for one in hub.told()}
    machine.say("die")

    def new() -> list[dict[str, Any]]:
        return [one for one in hub.says(machine.name) if one["message_id"] not in before]

    told = until(new, SILENT_AFTER + _SECONDS)
    _tell(say("fleet.act.revive", name=machine.name))
    first = new()
    machine.say("revive")
    return told and until(lambda: new() != first, _SECONDS)


def _names(message: dict[str, Any]) -> set[str]:
    return {name for name in NAMES if name in message["rendered"]}


def _hub_sees(owner: Endpoint) -> int:
    return len(asyncio.run(_rows(owner, "SELECT FROM trafico.heartbeats")))


async def _exactly_once(owner: Endpoint) -> bool:
    """Whether each machine's own database and the fleet's hold the same records."""
    rows = await _rows(owner, "SELECT machine, seq FROM trafico.records")
    sent: dict[str, list[int]] = {name: sorted(seq for machine, seq in rows if machine == name) for name in NAMES}
    return all(sent[name] and sent[name] == _local(name) for name in NAMES)


def _local(name: str) -> list[int]:
    """The numbers of a machine's own records, from the copy that it left at its stop."""
    with contextlib.closing(sqlite3.connect(STAGE / f"{name}.db")) as connection:
        return [row[0] for row in connection.execute("SELECT seq FROM records ORDER BY seq")]


async def _rows(owner: Endpoint, sql: str) -> list[Any]:
    connection = await connect(owner)
    try:
        async with transaction(connection, owner) as cursor:
            await cursor.execute(sql)
            return await cursor.fetchall()
    finally:
        await connection.close()


def _show(hub: Hub) -> None:
    print(f"\n── {say('fleet.telegram')} ──")
    for message in hub.told():
        print("\n".join(table.folded(line, "  │ ", "  │ ", table.WIDE) for line in message["rendered"].splitlines()))
        print("  ·")


def _program(*words: str) -> list[str]:
    return [*_python("trafico_monitor"), *words]


def _python(module: str) -> list[str]:
    return ["/usr/bin/python3", "-B", "-m", module]


def _environment() -> dict[str, str]:
    return {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG": os.environ.get("LANG", "C.UTF-8"),
        "HOME": str(HUB_STATE),
        "PYTHONPATH": f"{LIBRARIES}:{CODE}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _tell(text: str) -> None:
    print(say("act", text=text), flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    sys.stdout.reconfigure(encoding="utf-8", errors="replace", line_buffering=True)  # type: ignore[union-attr]
    sys.path.insert(0, str(LIBRARIES))
    sys.exit(main())
