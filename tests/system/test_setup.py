"""`trafico-monitor setup` on a machine where only the package was installed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from .machine import TERMINAL, Machine
from .stranger import arrive, for_project, portrait, setup
from .world import BOT_API, PROJECT, World

LEDGER = "/var/lib/trafico-monitor-access/setup.jsonl"
DROP_IN = "/etc/trafico-monitor/conf.d/10-setup.toml"
UNIT = "/etc/systemd/system/trafico-main.service"


@pytest.fixture(scope="module")
def stranger(machine: Machine, package: Path, workshop: Path) -> World:
    return arrive(machine, package, workshop)


@pytest.fixture
def bare(stranger: World) -> World:
    """Whatever the test before has left is taken back."""
    setup(stranger, "--undo", "--yes")
    return stranger


def active(world: World, unit: str) -> bool:
    return world.machine.sh(f"systemctl is-active {unit}", check=False) == "active"


def findings(world: World) -> dict[str, str]:
    """The levels of what `check` finds, by its codes."""
    said = json.loads(world.machine.run("trafico-monitor", "check", "--json", check=False).output)
    return {each["code"]: each["level"] for each in said["findings"]}


def criticals(world: World) -> list[str]:
    return [code for code, level in findings(world).items() if level == "critical"]


def test_a_dry_run_shows_all_and_changes_nothing(bare: World) -> None:
    before = portrait(bare)
    said = for_project(bare, "--dry-run")
    for word in ("10-setup.toml", "trafico-main.service", "ExecStart=/home/victor/100-trafico/.venv/bin/python"):
        assert word in said
    assert portrait(bare) == before


def test_after_it_the_bot_downloads_and_nothing_critical_is_left(bare: World) -> None:
    for_project(bare, "--yes")
    bare.machine.wait_for("the bot polls", lambda: bare.local.calls("getUpdates"))
    # As the server really stores it: uid 101, mode 0640. Without the ACL this is «Permission denied».
    bare.video("luna", mode=0o640)
    bare.machine.wait_for(
        "the video is in modelos", lambda: list(bare.machine.path(f"{PROJECT}/modelos/luna").glob("*.mp4"))
    )
    assert [each for each in bare.incidents() if each["modelo"]] == []
    bare.machine.wait_for("nothing critical", lambda: criticals(bare) == [])
    assert finding(bare)["code"] == "instrument"  # it was started with it


def test_a_second_time_there_is_nothing_to_do(bare: World) -> None:
    for_project(bare, "--yes")
    before = portrait(bare)
    assert "Nada que cambiar" in for_project(bare, "--yes")
    assert portrait(bare) == before


def test_undone_the_machine_is_as_it_was(bare: World) -> None:
    before = portrait(bare)
    for_project(bare, "--yes", "--docker")
    assert "docker" in bare.machine.sh("id trafico-monitor")
    assert portrait(bare) != before
    setup(bare, "--undo", "--yes")
    assert portrait(bare) == before
    assert "nada que deshacer" in setup(bare, "--undo", "--yes")


def test_before_the_first_start_nothing_is_critical_and_a_bot_that_undo_leaves_is_named(bare: World) -> None:
    """The tutorial's own order: `--no-start`, `check`, a start by hand, `--undo`."""
    for_project(bare, "--yes", "--no-start")
    found = findings(bare)
    assert [code for code, level in found.items() if level == "critical"] == []
    # Nothing is said to be missing that only the bot's first start can bring.
    assert found["unit_not_started"] == "warning" and found["instrument_ready"] == "ok" and "no_lines" not in found
    bare.machine.sh("systemctl start trafico-main.service")
    try:
        said = " ".join(setup(bare, "--undo", "--yes").split())
        assert "trafico-main.service sigue en marcha, ya sin su unidad" in said
        assert "como antes de setup" not in said and "lo marcado con ⚠️ sigue como dice ahí" in said
    finally:
        bare.machine.sh("systemctl stop trafico-main.service")


def test_a_pipe_behind_the_bot_is_seen_by_setup_and_check(bare: World) -> None:
    unit = bare.machine.path(UNIT)
    command = "/bin/sh -c '/home/victor/100-trafico/.venv/bin/python main.py 2>&1 | tee -a /tmp/bot.log'"
    unit.write_text(f"[Service]\nUser=victor\nWorkingDirectory={PROJECT}\nExecStart={command}\n")
    bare.machine.sh("systemctl daemon-reload")
    try:
        assert "lleva la salida del bot a «| tee»" in " ".join(for_project(bare, "--yes").split())
        bare.machine.wait_for("check names it", lambda: "output_stderr" in criticals(bare), 60)
    finally:
        bare.machine.sh("systemctl stop trafico-main.service")
        setup(bare, "--undo", "--yes")
        unit.unlink()
        bare.machine.sh("systemctl daemon-reload")


@pytest.mark.parametrize("lines", [1, 4, 8])
def test_killed_on_the_way_it_is_taken_back_or_finished(bare: World, lines: int) -> None:
    before = portrait(bare)
    _kill_when(bare, lines)
    setup(bare, "--undo", "--yes")
    assert portrait(bare) == before
    _kill_when(bare, lines)
    for_project(bare, "--yes")
    assert "Nada que cambiar" in for_project(bare, "--yes")
    setup(bare, "--undo", "--yes")
    assert portrait(bare) == before


def _kill_when(world: World, lines: int) -> None:
    """kill -9 as soon as so many lines stand in the ledger."""
    world.machine.sh(
        f"trafico-monitor setup --project {PROJECT} --yes >/dev/null 2>&1 & pid=$!;"
        f" while [ $(cat {LEDGER} 2>/dev/null | wc -l) -lt {lines} ] && kill -0 $pid 2>/dev/null; do :; done;"
        " kill -9 $pid 2>/dev/null; wait $pid || true",
        seconds=90,
    )


def test_what_an_administrator_changes_afterwards_is_his(bare: World) -> None:
    for_project(bare, "--yes")
    bare.machine.sh(f"echo '# mine' >> {UNIT}; echo 'language = \"en\"' > {DROP_IN}")
    assert "se deja como está" in for_project(bare, "--yes")
    assert bare.machine.sh(f"tail -n 1 {UNIT}") == "# mine"
    said = setup(bare, "--undo", "--yes")
    assert "alguien ha cambiado" in said
    assert bare.machine.sh(f"tail -n 1 {UNIT}") == "# mine"
    assert bare.machine.sh(f"cat {DROP_IN}") == 'language = "en"'
    assert active(bare, "trafico-main.service")
    bare.machine.sh(f"systemctl disable --now trafico-main.service; rm {UNIT} {DROP_IN}; systemctl daemon-reload")


VENV_PYTHON = "/home/victor/100-trafico/.venv/bin/python"
HAD = "/srv/two words:/srv/100%"
# How a unit starts main.py, with what it has as PYTHONPATH, and by which way.
SHAPES = {
    "plain": (f"WorkingDirectory={PROJECT}\nExecStart={VENV_PYTHON} main.py", ""),
    "wrapper": (
        f'Environment="PYTHONPATH={HAD.replace("%", "%%")}"\nExecStart=/usr/local/bin/start-bot',
        HAD,
    ),
    "shell": (
        f"EnvironmentFile=/etc/bot.env\nExecStart=/bin/bash -c 'cd {PROJECT}; exec {VENV_PYTHON} main.py'",
        HAD,
    ),
    "program that only its processes tell": ("ExecStart=/usr/bin/python3 /opt/start.py", ""),
}


@pytest.fixture
def unit(bare: World) -> Iterator[str]:
    """The file of a unit that the administrator has made; gone afterwards, however it went."""
    yield "/etc/systemd/system/bot.service"
    bare.machine.sh("systemctl disable -q --now bot.service; rm /etc/systemd/system/bot.service /etc/bot.env")
    bare.machine.sh("systemctl daemon-reload; systemctl reset-failed")
    setup(bare, "--undo", "--yes")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_unit_that_is_there_is_adopted_and_tells_of_its_downloads(bare: World, unit: str, shape: str) -> None:
    lines, had = SHAPES[shape]
    machine = bare.machine
    machine.path("/etc/bot.env").write_text(f'PYTHONPATH="{HAD}"\n')
    machine.path("/usr/local/bin/start-bot").write_text(f"#!/bin/sh\ncd {PROJECT}\nexec {VENV_PYTHON} main.py\n")
    machine.path("/opt/start.py").write_text(
        f"import os\nos.chdir('{PROJECT}')\nos.execv('{VENV_PYTHON}', ['{VENV_PYTHON}', 'main.py'])\n"
    )
    machine.path(unit).write_text(
        f"[Service]\nUser=victor\nStandardOutput=append:/tmp/bot.log\n{lines}\n[Install]\nWantedBy=multi-user.target\n"
    )
    machine.sh("chmod 755 /usr/local/bin/start-bot; systemctl daemon-reload; systemctl enable -q --now bot.service")
    content, pid = machine.sh(f"cat {unit}"), main_pid(bare)
    before = portrait(bare)

    said = for_project(bare, "--yes")
    assert "systemctl restart bot.service" in said  # the downloads under way are not ended by --yes
    assert (machine.sh(f"cat {unit}"), main_pid(bare)) == (content, pid)
    assert 'unit = "bot.service"' in machine.sh(f"cat {DROP_IN}")
    assert "StandardOutput=journal" in machine.sh("systemctl cat bot.service")
    assert finding(bare)["code"] == "instrument_next"
    drop_ins = portrait(bare)
    assert "Nada que cambiar" in for_project(bare, "--yes")
    assert portrait(bare) == drop_ins

    machine.sh("systemctl restart bot.service")
    machine.wait_for("it tells", lambda: finding(bare)["code"] == "instrument")
    assert "telegram" in finding(bare)["text"]
    path = machine.sh(f"tr '\\0' '\\n' </proc/{main_pid(bare)}/environ | sed -n s/^PYTHONPATH=//p")
    assert path == ":".join(filter(None, ["/usr/lib/trafico-monitor/instrument", had]))
    machine.wait_for(
        "status says so",
        lambda: json.loads(machine.run("trafico-monitor", "status", "--json").output)["reporting"]["exact"],
    )

    if shape == "wrapper":
        kept_from_it_that_is_said(bare)
    assert "deja de informar" in setup(bare, "--undo", "--yes")
    assert portrait(bare) == before
    assert active(bare, "bot.service")


def kept_from_it_that_is_said(world: World) -> None:
    """The wrapper is changed afterwards, and starts the bot with an empty environment."""
    world.machine.sh("sed -i 's/exec/exec env -i/' /usr/local/bin/start-bot; systemctl restart bot.service")
    world.machine.wait_for("it is silent", lambda: finding(world)["code"] == "instrument_silent")
    said = world.machine.sh(finding(world)["fix"].replace("sudo ", ""), seconds=60)
    assert "La orden de bot.service vacía el entorno (env -i" in " ".join(said.split())


def main_pid(world: World) -> str:
    return world.machine.sh("systemctl show -p MainPID --value bot.service")


def finding(world: World) -> dict[str, str]:
    """What `check` says of how the downloads are known."""
    said = json.loads(world.machine.run("trafico-monitor", "check", "--json", check=False).output)
    found = [each for each in said["findings"] if each["code"].startswith("instrument")]
    return dict(found[0]) if found else {"code": "", "text": str(said)}


def test_a_bot_that_runs_by_hand_is_not_doubled(bare: World) -> None:
    bare.machine.sh(
        "systemd-run --quiet --unit=terminal --uid=victor --working-directory=" + PROJECT
        + " /home/victor/100-trafico/.venv/bin/python main.py"
    )  # fmt: skip
    said = for_project(bare, "--yes")
    assert "fuera de systemd" in said
    assert not active(bare, "trafico-main.service")
    bare.machine.sh("systemctl stop terminal")


def test_a_bot_in_a_container_is_not_doubled(bare: World) -> None:
    mounts = "-v /usr:/usr:ro -v /etc:/etc:ro -v /home/victor:/home/victor"
    run = f"docker run -d --name bot --network host --user 1000:1000 --workdir {PROJECT} {mounts} telegram-bot-api"
    bare.machine.sh(f"{run} {VENV_PYTHON} main.py", seconds=60)
    try:
        bare.machine.wait_for("it runs", lambda: bare.machine.sh("pgrep -f '[m]ain.py'", check=False))
        before, ident = portrait(bare), bare.machine.sh("docker inspect --format '{{.Id}}' bot")
        said = for_project(bare, "--yes", code=1)
        assert portrait(bare) == before
        assert ident[:12] in said and "'bot.container = \"NOMBRE\"'" in said
    finally:
        bare.machine.sh("docker rm -f bot", seconds=60)


def test_a_bot_of_the_users_own_systemd_is_not_doubled_and_the_command_ends_it(bare: World) -> None:
    machine, folder = bare.machine, "/home/victor/.config/systemd/user"
    machine.sh(f"runuser -u victor -- mkdir -p {folder}; loginctl enable-linger victor || true")
    machine.path(f"{folder}/bot.service").write_text(
        f"[Service]\nWorkingDirectory={PROJECT}\nExecStart={VENV_PYTHON} main.py\nRestart=always\nRestartSec=1\n"
        "[Install]\nWantedBy=default.target\n"
    )
    machine.sh("systemctl start user@1000.service", seconds=40)
    of_user = "sudo -u victor env XDG_RUNTIME_DIR=/run/user/$(id -u victor) systemctl --user"
    machine.sh(f"{of_user} daemon-reload; {of_user} enable --now bot.service")
    try:
        machine.wait_for("it runs", lambda: machine.sh("pgrep -f '[m]ain.py'", check=False))
        before = portrait(bare)
        said = for_project(bare, "--yes", code=1)
        assert portrait(bare) == before
        command = f"{of_user} disable --now bot.service"
        assert command in said
        machine.sh(command)
        for_project(bare, "--yes")
        assert active(bare, "trafico-main.service")
    finally:
        machine.sh(f"{of_user} disable --now bot.service 2>/dev/null || true; rm {folder}/bot.service")
        machine.sh("loginctl disable-linger victor || true; systemctl stop user@1000.service", seconds=40)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["--project", "/home/victor/link"], PROJECT),
        (["--project", "/home/victor/two words"], "caracteres"),
        (["--project", "/home/victor/new\nline"], "caracteres"),
        (["--project", PROJECT, "--user", "root"], "root"),
        (["--project", PROJECT, "--user", "_apt"], "victor"),
        (["--project", "/nowhere"], "no existe"),
        ([], "--project"),
    ],
)
def test_a_hostile_or_mistaken_project_is_refused_clearly(bare: World, words: list[str], hint: str) -> None:
    bare.machine.sh(f"ln -sfn {PROJECT} /home/victor/link; mkdir -p '/home/victor/two words'")
    before = portrait(bare)
    done = bare.machine.run("trafico-monitor", "setup", *words, "--yes", check=False)
    assert done.code not in (0, 1)
    assert hint in done.errors
    assert "Traceback" not in done.errors
    assert portrait(bare) == before


def test_it_must_be_root_and_says_so(bare: World) -> None:
    done = bare.machine.run("runuser", "-u", "victor", "--", "trafico-monitor", "setup", "--project", PROJECT,
                            "--yes", check=False)  # fmt: skip
    assert done.code == 77
    assert "sudo trafico-monitor setup" in done.errors


def test_it_asks_before_each_change_and_docker_needs_a_yes(bare: World) -> None:
    assert "--yes" in setup(bare, "--project", PROJECT, code=64)  # nobody there to ask
    before = portrait(bare)
    command = (*TERMINAL, "trafico-monitor", "setup", "--project", PROJECT)
    # «n» to the first, which all others need: nothing is done.
    said = bare.machine.run(*command, stdin="n\n", seconds=60, check=False).output
    assert "se termina aquí" in said
    assert portrait(bare) == before
    # Enter to all: everything, but for the group that is equal to root.
    said = bare.machine.run(*command, stdin="\n" * 14, seconds=90, check=False).output
    assert "grupo docker" in said
    assert "docker" not in bare.machine.sh("id trafico-monitor")
    assert active(bare, "trafico-main.service")


def test_removing_the_package_leaves_the_bot_and_no_access_to_it(bare: World, package: Path) -> None:
    for_project(bare, "--yes")
    bare.machine.sh("apt-get remove -y trafico-monitor", seconds=60)
    assert active(bare, "trafico-main.service")
    # Nothing compiled is left of what ran inside the bot either.
    assert bare.machine.sh("find /usr/lib/trafico-monitor 2>/dev/null || true") == ""
    uid = bare.machine.sh("id -u trafico-monitor")
    seen = bare.machine.sh(f"getfacl -R -p -n /home/victor {BOT_API} 2>/dev/null | grep -c 'user:{uid}:' || true")
    assert seen == "0"
    assert bare.machine.sh("systemctl --failed --no-legend") == ""
