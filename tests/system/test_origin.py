"""Who prints, on a booted Debian: a wrapper that starts the bot as a module, a real cp on a full disk, a user's unit.

The commands read the journal; the service goes on with its own unit.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from .world import Json, World

UNIT, USER_UNIT = "origin.service", "origin-of-user.service"
FOLDER, FULL = "/home/victor/origin", "/mnt/origin"
VIDEO = "20251225_143020_a3f2b1.mp4"
PLACE = f"{FULL}/modelos/luna/{VIDEO}"
SOURCE = "/home/victor/.telegram-bot-api/1234567890:AAExampleExampleExampleExampleExampl/videos/file_9.mp4"
CONFIG = "/etc/trafico-monitor/conf.d/75-origin.toml"
BOT = f'''
import logging, subprocess, sys, time
logging.basicConfig(level=logging.INFO, stream=sys.stdout)
log = logging.getLogger("__main__")
log.info("📥 Copiando desde: {SOURCE.replace("file_9", "file_8")}")
log.error("❌ Error al copiar archivo: [Errno 13] Permission denied: '{SOURCE.replace("file_9", "file_8")}'")
log.info("📥 Copiando desde: {SOURCE}")
command = ["cp", "{FOLDER}/video.mp4", "{PLACE}"]
try:
    subprocess.run(command, check=True)
except subprocess.CalledProcessError as error:
    log.error("❌ Error al copiar: %s", error)
log.info("listo")
time.sleep(600)
'''
SERVICE = f"[Service]\nWorkingDirectory={FOLDER}\nExecStart=/bin/sh {FOLDER}/start.sh\n"


@pytest.fixture(scope="module")
def place(world: World) -> Iterator[World]:
    machine = world.machine
    machine.sh(f"install -d -o victor {FOLDER} {FOLDER}/project {FULL}; mount -t tmpfs -o size=64k tmpfs {FULL}")
    machine.sh(f"mkdir -p {FULL}/modelos/luna; chown -R victor {FULL}; head -c 300000 /dev/zero > {FOLDER}/video.mp4")
    machine.path(f"{FOLDER}/project/bot_central.py").write_text(BOT)
    machine.path(f"{FOLDER}/start.sh").write_text("echo se prepara\npython3 -X dev -u -m project.bot_central\n")
    machine.path(f"/etc/systemd/system/{UNIT}").write_text(f"{SERVICE}User=victor\n")
    machine.sh("systemctl daemon-reload")
    yield world
    machine.sh(f"rm -f {CONFIG} /etc/systemd/system/{UNIT}; umount -l {FULL}; systemctl daemon-reload")


def configured(world: World, **bot: str | bool) -> None:
    rows = [f"bot.{key} = {json.dumps(value)}" for key, value in {"unit": UNIT, **bot}.items()]
    world.machine.path(CONFIG).write_text("\n".join([*rows, 'project.owner = "victor"', ""]))


def kinds(world: World) -> list[tuple[str, str | None, str | None]]:
    """Type, modelo and video of each incident that the unit's lines would open."""
    world.machine.sh("journalctl --sync")
    said = world.machine.run("trafico-monitor", "replay", "--json", "--since", "-10min").output
    found = [json.loads(line) for line in said.splitlines()]
    return [(one["error_type"], one["modelo"], one["video"]) for one in found]


def checked(world: World) -> dict[str, Json]:
    """The findings of `check` by their codes."""
    said = world.machine.run("trafico-monitor", "check", "--json", check=False, seconds=120).output
    return {one["code"]: one for one in json.loads(said)["findings"]}


def test_a_wrappers_module_is_the_bot_and_its_cp_tells_the_type(place: World) -> None:
    machine = place.machine
    configured(place)
    machine.sh(f"systemctl start {UNIT}")
    try:
        machine.wait_for("it has failed", lambda: "listo" in machine.sh(f"journalctl -q -o cat -u {UNIT}"))
        assert f"cp: error writing '{PLACE}': No space left on device" in machine.sh(f"journalctl -q -o cat -u {UNIT}")
        assert kinds(place) == [("permisos", None, None), ("disco_lleno", "luna", VIDEO)]
        assert "lines" in checked(place)
        configured(place, process="otro.py")
        assert kinds(place) == []
        said = checked(place)["no_bot_lines"]
        assert "otro.py" in said["text"] and "project.bot_central" in said["text"]
        assert 'bot.process = "bot_central"' in said["fix"]
    finally:
        machine.sh(f"systemctl stop {UNIT}")


def test_a_unit_of_the_users_manager_is_named_and_then_followed(place: World) -> None:
    machine = place.machine
    folder = "/home/victor/.config/systemd/user"
    machine.sh(f"rm -f {PLACE}; install -d -o victor {folder}")
    machine.path(f"{folder}/{USER_UNIT}").write_text(SERVICE)
    machine.sh("loginctl enable-linger victor || true; systemctl start user@1000.service", seconds=40)
    user = "runuser -u victor -- env XDG_RUNTIME_DIR=/run/user/1000 systemctl --user"
    machine.sh(f"{user} daemon-reload; {user} start {USER_UNIT}")
    try:
        printed = f"journalctl -q -o cat _SYSTEMD_USER_UNIT={USER_UNIT}"
        machine.wait_for("it has failed", lambda: "listo" in machine.sh(printed))
        configured(place, unit=USER_UNIT)
        assert kinds(place) == []
        said = checked(place)["user_unit"]
        assert "systemctl --user" in said["text"] and "victor" in said["text"]
        assert """'bot.user_unit = true' 'project.owner = "victor"'""" in said["fix"]
        configured(place, unit=USER_UNIT, user_unit=True)
        # journald may not know of a cp that has ended that it was of a user's unit: the bot's own words are sure.
        assert kinds(place)[:1] == [("permisos", None, None)]
        assert "lines" in checked(place)
    finally:
        machine.sh(
            f"{user} stop {USER_UNIT}; systemctl stop user@1000.service; loginctl disable-linger victor || true"
        )
