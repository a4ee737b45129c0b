"""A stranger's machine: the user's project, its container and the package, and nothing configured."""

from __future__ import annotations

from pathlib import Path

from ..standin.control import Control
from .machine import Machine
from .world import (
    ADMIN,
    PROJECT,
    World,
    _container,
    _stand_ins,
    _telegram,
    _users_and_project,
    free_ports,
    install,
)

_VENV = "/home/victor/100-trafico/.venv"


def arrive(machine: Machine, package: Path, workshop: Path) -> World:
    """The machine as it is after `apt install ./trafico-monitor.deb`."""
    ports = free_ports(3)
    _users_and_project(machine, ports[0])
    _stand_ins(machine)
    _container(machine, ports[0], ports[1])
    _telegram(machine, ports[2])
    install(machine, package)
    virtual_environment(machine)
    world = World(machine, ports[0], Control(f"http://127.0.0.1:{ports[1]}"),
                  Control(f"http://127.0.0.1:{ports[2]}"), workshop)  # fmt: skip
    world.local.wait_ready(30)
    world.local.chat(ADMIN)  # the administrator has written to the bot before
    return world


def virtual_environment(machine: Machine) -> None:
    """A venv beside the project, as the mission has it, with python-telegram-bot in it."""
    machine.sh(
        f"v={_VENV}; mkdir -p $v/bin; ln -sf /usr/bin/python3 $v/bin/python;"
        " printf 'home = /usr/bin\\ninclude-system-site-packages = true\\n' > $v/pyvenv.cfg;"
        " s=$v/lib/$(basename $(readlink -f /usr/bin/python3))/site-packages; mkdir -p $s;"
        f" echo /usr/lib/trafico-monitor/vendor > $s/vendor.pth; chown -R victor:victor {_VENV}"
    )


def setup(world: World, *words: str, code: int = 0, stdin: str | None = None) -> str:
    """`trafico-monitor setup …`, which must end with `code`; what it said."""
    done = world.machine.run("trafico-monitor", "setup", *words, seconds=90, check=False, stdin=stdin)
    assert done.code == code, done.output + done.errors + world.machine.story()
    return done.output + done.errors


def for_project(world: World, *words: str, code: int = 0) -> str:
    return setup(world, "--project", PROJECT, *words, code=code)


def portrait(world: World) -> str:
    """Everything that setup may change: files, units, ACLs, owners, groups."""
    return world.machine.sh(
        "find /etc/systemd/system /etc/trafico-monitor -type f -exec sha256sum {} + | sort -k2;"
        " find /etc/systemd/system -type l -printf '%p %l\\n' | sort;"
        " find /var/lib/trafico-monitor-access -name 'setup*';"
        " getfacl -R -p -n /home/victor/.telegram-bot-api /home/victor/100-trafico/100trafico 2>/dev/null;"
        " getfacl -p -n /home /home/victor /home/victor/100-trafico;"
        " systemctl is-enabled trafico-main.service || true; systemctl is-active trafico-main.service || true;"
        " systemctl is-active trafico-monitor.service; id trafico-monitor",
        seconds=60,
    )
