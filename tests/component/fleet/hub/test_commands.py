"""`hub status` and `hub machines` of a running hub: worst first, filtered, on a terminal; one sentence without it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from tests.component.cli.test_on_a_terminal import on_terminal, terminal_columns
from tests.component.fleet.hub.machines import beat, run
from tests.component.fleet.hub.running import SECONDS, RunningHub, write_config
from tests.component.fleet.hub.test_service import Beating, bot  # noqa: F401
from tests.journal_fixtures import wait_until
from tests.postgresql import Cluster
from tests.standin.bot_api import BotApiServer
from trafico_monitor.fleet.database import Endpoint
from trafico_monitor.model.fleet import Disk, Heartbeat

SILENT = 20.0  # longer than a heartbeat is late on a busy machine
SAID = "[red]模特[/red] \x1b[31mx" * 12
TROUBLED = Heartbeat(
    0.0, "2.0.0", 0.0, healthy=False, unhealthy=(SAID,), bot_active=False, unanswered=2, open=3,
    disks=(Disk("/home", 40 * 10**9, 2000 * 10**9),),
)  # fmt: skip
NAMES = ["m00", "m01", "m02", "m03", "m04"]


def listed(hub: RunningHub, *words: str) -> list[dict[str, Any]]:
    done = hub.command("hub", "machines", "--json", *words)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def fleet_is_read(hub: RunningHub) -> bool:
    return [one["state"] for one in listed(hub)] == ["silent", "troubled", "ok", "invited", "revoked"]


async def make_machines(owner: Endpoint) -> None:
    for name in ("m00", "m03", "m04"):
        await run(owner, "INSERT INTO trafico.machines (machine) VALUES (%s)", name)
    await run(owner, "UPDATE trafico.machines SET revoked_at = now() WHERE machine = 'm04'")
    await beat(owner, "m00")


def test_what_is_wrong_is_listed_worst_first_and_in_words(
    server: Cluster,
    owner: Endpoint,
    bot: BotApiServer,  # noqa: F811
    tmp_path: Path,
) -> None:
    asyncio.run(make_machines(owner))
    config = write_config(tmp_path, server, bot, SILENT)
    alive = Beating(owner, "m01", heartbeat=TROUBLED), Beating(owner, "m02")
    with alive[0], alive[1], RunningHub(tmp_path, config) as hub:
        wait_until(lambda: fleet_is_read(hub), "every state is seen", SECONDS)
        assert [one["name"] for one in listed(hub)] == NAMES
        assert [one["name"] for one in listed(hub, "--limit", "2")] == NAMES[:2]
        assert [one["name"] for one in listed(hub, "--state", "revoked")] == ["m04"]
        assert [one["name"] for one in listed(hub, "--search", "M03")] == ["m03"]
        shown = hub.command("hub", "machines", "--limit", "2")
        assert "2 de 5" in shown.stdout and "El bot está parado; /home: queda un 2 % libre" in shown.stdout
        assert "en silencio: 1 · requiere atención: 1 · bien: 1" in shown.stdout
        refused = hub.command("hub", "machines", "--search", "a b")
        assert refused.returncode == 64 and "search: " in refused.stderr
        _look_at_terminal(config)
        said = hub.command("hub", "status")
        assert said.returncode == 0 and "en silencio  m00" in said.stdout and "avisos sin atender: 2" in said.stdout
        assert json.loads(hub.command("hub", "status", "--json").stdout)["hub"]["silent"] == ["m00"]
        assert "web.listen" in hub.command("hub", "dashboard").stderr  # it is off in this test
        link = hub.command("hub", "dashboard", "--url", "https://hub.example/")
        assert link.returncode == 0 and link.stdout.startswith("https://hub.example/#code=")
    for words, status in ((("hub", "status"), 3), (("hub", "machines"), 69), (("hub", "dashboard"), 69)):
        ended = hub.command(*words)
        assert ended.returncode == status and not ended.stdout
        assert "systemctl start trafico-monitor-hub" in ended.stderr and ended.stderr.count("\n") == 1
    assert json.loads(hub.command("hub", "status", "--json").stdout) == {"running": False}


def _look_at_terminal(config: Path) -> None:
    for spoken in ("es", "en"):
        for words in (["hub", "machines"], ["hub", "status"]):
            lines = on_terminal(["-m", "trafico_monitor", *words, "--config", str(config)], spoken)
            assert max(map(terminal_columns, lines)) < 80
            assert "\x1b[31mx" not in "".join(lines)
    machines = "".join(
        "".join(on_terminal(["-m", "trafico_monitor", "hub", "machines", "--config", str(config)], "en")).split()
    )
    assert machines.count("[red]模特[/red]") == 12, "a machine's words are text, and none of them is cut"


def test_while_the_database_is_away_the_last_state_is_shown_and_called_so(
    bot: BotApiServer,  # noqa: F811
    tmp_path: Path,
    own_server: Cluster,
    own_fleet: Endpoint,
) -> None:
    asyncio.run(beat(own_fleet, "m01"))
    config = write_config(tmp_path, own_server, bot, 600.0)
    with RunningHub(tmp_path, config) as hub:
        wait_until(lambda: [one["name"] for one in listed(hub)] == ["m01"], "the fleet is read", SECONDS)
        own_server.stop("immediate")
        away = "El hub no puede leer su base de datos"
        wait_until(lambda: away in hub.command("hub", "machines").stdout, "it is said", SECONDS)
        assert "m01" in hub.command("hub", "machines").stdout
        assert json.loads(hub.command("hub", "status", "--json").stdout)["hub"]["database"]
