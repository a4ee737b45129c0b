"""Whose, and where: only from what root alone can write, and never too wide."""

from __future__ import annotations

import http.server
import json
import os
import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from trafico_monitor.privileged import chown

from .conftest import API, BOT, MONITOR, STRANGER, World, acl


def _not_roots_file(world: World) -> None:
    os.chown(world.base / "etc/config.toml", BOT.pw_uid, -1)


def _group_may_write(world: World) -> None:
    (world.base / "etc/config.toml").chmod(0o664)


def _others_may_write(world: World) -> None:
    (world.base / "etc/config.toml").chmod(0o646)


def _not_roots_folder(world: World) -> None:
    os.chown(world.base / "etc", MONITOR.pw_uid, -1)


def _open_folder(world: World) -> None:
    (world.base / "etc").chmod(0o777)


def _open_drop_ins(world: World) -> None:
    (world.base / "etc/conf.d").chmod(0o775)


def _strangers_drop_in(world: World) -> None:
    world.file(world.base / "etc/conf.d/x.toml", MONITOR.pw_uid, 0o644)


def _linked_file(world: World) -> None:
    (world.base / "etc/config.toml").rename(world.base / "real.toml")
    (world.base / "etc/config.toml").symlink_to(world.base / "real.toml")


def _linked_folder(world: World) -> None:
    (world.base / "etc").rename(world.base / "real")
    (world.base / "etc").symlink_to(world.base / "real")


def _linked_drop_ins(world: World) -> None:
    (world.base / "etc/conf.d").rmdir()
    (world.base / "etc/conf.d").symlink_to(world.base)


def _fifo(world: World) -> None:
    (world.base / "etc/config.toml").unlink()
    os.mkfifo(world.base / "etc/config.toml", 0o644)


UNTRUSTED: list[tuple[Callable[[World], None], str]] = [
    (_not_roots_file, "config_not_roots"),
    (_group_may_write, "config_not_roots"),
    (_others_may_write, "config_not_roots"),
    (_not_roots_folder, "config_not_roots"),
    (_open_folder, "config_not_roots"),
    (_open_drop_ins, "config_not_roots"),
    (_strangers_drop_in, "config_not_roots"),
    (_fifo, "config_not_roots"),
    (_linked_file, "config_link"),
    (_linked_folder, "config_link"),
    (_linked_drop_ins, "config_link"),
]


@pytest.mark.parametrize(("spoil", "code"), UNTRUSTED, ids=[spoil.__name__[1:] for spoil, _ in UNTRUSTED])
def test_a_configuration_that_others_could_write_is_not_believed(
    world: World, spoil: Callable[[World], None], code: str
) -> None:
    spoil(world)
    said = world.run(world.file(world.models / "ana/v.mp4"))
    assert (said.status, said.code) == (chown.REFUSED, code)


SENSELESS = [
    "[project",
    "project = 3",
    "[project]\ndir = 3",
    '[project]\ndir = ["/"]',
    '[project]\nowner = "a\\nb"',
    '[project]\ndir = "/srv/../etc"',
    '[project]\ndir = "/srv/x"\nmodels_dir = "../y"',
    '[project]\ndir = "/srv/x"\nmodels_dir = "./y"',
    'bot = "x"',
    '[bot]\nunit = "-x; y"',
    f"x = '{'y' * 1_100_000}'",
]


@pytest.mark.parametrize("text", SENSELESS, ids=range(len(SENSELESS)))
def test_a_configuration_that_makes_no_sense_is_refused(world: World, text: str) -> None:
    world.configure(text)
    assert world.run(world.models / "ana").code == "config_invalid"


def test_a_drop_in_wins_key_by_key(world: World) -> None:
    other = world.folder(world.project / "otros")
    (world.base / "etc/conf.d/50.toml").write_text('[project]\nmodels_dir = "nada"\n')
    (world.base / "etc/conf.d/60.toml").write_text('[project]\nmodels_dir = "otros"\n')
    (world.base / "etc/conf.d/70.toml.off").write_text("[[[")
    (world.base / "etc/conf.d/.80.toml").write_text("[[[")
    assert world.run(other).status == chown.DONE
    assert world.run(world.models).code == "outside_roots"


@pytest.mark.parametrize("models", ["/", "/etc", "/home", "/var/lib", "/usr/share/x", "/root/x", "/home/x"])
def test_too_wide_a_models_directory_is_refused(world: World, models: str) -> None:
    world.configure(models_dir=models)
    assert world.run("/etc/shadow").code in ("root_too_broad", "config_invalid")


@pytest.mark.parametrize("host_dir", ["/", "/etc", "/var/www", "/root", "/var/lib/docker"])
def test_too_wide_a_bot_api_directory_is_refused(world: World, host_dir: str) -> None:
    (world.base / "etc/conf.d/x.toml").write_text(f'[bot_api]\nhost_dir = "{host_dir}"\n')
    said = world.run(f"{host_dir.rstrip('/')}/x")
    assert said.code in ("root_too_broad", "config_invalid", "outside_roots")
    assert said.status == chown.REFUSED


@pytest.mark.parametrize("place", ["/srv"], indirect=True)
def test_the_owners_home_is_no_models_directory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    home = chown.Owner(BOT.pw_uid, BOT.pw_gid, str(world.models))
    monkeypatch.setattr(chown, "account", lambda _: home)
    assert world.run(world.models).code == "root_too_broad"


def test_the_project_itself_is_no_models_directory(world: World) -> None:
    world.configure(models_dir=str(world.project))
    assert world.run(world.project).code == "root_too_broad"


# --- the owner


def test_the_owner_is_the_models_directorys(world: World) -> None:
    world.configure(owner="")
    video = world.file(world.models / "ana/v.mp4")
    assert world.run(video).status == chown.DONE
    assert video.stat().st_uid == BOT.pw_uid


def _unit(world: World, **properties: str) -> None:
    script = world.base / "systemctl"
    lines = "".join(f"{name}={value}\\n" for name, value in properties.items())
    script.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" > {world.base}/asked\nprintf "{lines}"\n')
    script.chmod(0o755)
    world.places = replace(world.places, systemctl=str(script))


def test_a_models_directory_of_roots_belongs_to_the_units_user(world: World) -> None:
    world.configure(owner="")
    os.chown(world.models, 0, 0)
    _unit(world, User=BOT.pw_name)
    assert world.run(world.models).status == chown.DONE
    assert world.models.stat().st_uid == BOT.pw_uid


def test_or_else_to_the_projects_owner(world: World) -> None:
    world.configure(owner="")
    os.chown(world.models, 0, 0)
    assert world.run(world.models).status == chown.DONE
    assert world.models.stat().st_uid == BOT.pw_uid


@pytest.mark.parametrize("owner", ["root", "0", ""])
def test_but_never_to_root(world: World, owner: str) -> None:
    world.configure(owner=owner)
    for path in (world.models, world.project):
        os.chown(path, 0, 0)
    _unit(world, User="root" if owner else "")
    video = world.file(world.models / "ana/v.mp4")
    assert world.run(video).code == "owner_root"
    assert video.stat().st_uid == API


def test_an_owner_that_does_not_exist(world: World) -> None:
    world.configure(owner="nadie-con-este-nombre")
    assert world.run(world.models).code == "owner_unknown"


def test_nobody_gives_files_away_by_bringing_in_anothers_folder(world: World) -> None:
    world.configure(owner="")
    os.chown(world.models, STRANGER, STRANGER)
    assert world.run(world.models / "ana").code == "owner_unclear"


# --- the project


def test_the_project_is_the_units_working_directory(world: World) -> None:
    world.configure('[bot]\nunit = "mi-bot.service"\n')
    _unit(world, WorkingDirectory=f"!{world.project}", User=BOT.pw_name)
    assert world.run(world.models).status == chown.DONE
    assert (world.base / "asked").read_text() == "show --property=WorkingDirectory,User -- mi-bot.service\n"


def test_with_neither_there_is_nothing_to_do(world: World) -> None:
    (world.base / "etc/config.toml").unlink()
    assert world.run(world.models).code == "project_unknown"
    world.configure()
    world.models.rename(world.project / "otro")
    assert world.run(world.models / "ana").code == "models_missing"


def test_the_models_directory_is_made_anew_in_the_bots_own_project(world: World) -> None:
    world.models.rename(world.base / "away")
    os.chown(world.project, BOT.pw_uid, BOT.pw_gid)
    assert world.run(world.models / "ana").code == "models_missing"
    assert world.run(world.models).status == chown.DONE
    made = world.models.stat()
    assert (made.st_uid, made.st_gid, made.st_mode & 0o7707) == (BOT.pw_uid, BOT.pw_gid, 0o705)
    assert list(world.models.iterdir()) == []


@pytest.mark.parametrize("case", ["roots", "strangers", "other_owner", "elsewhere", "no_project"])
def test_the_models_directory_is_made_nowhere_else(world: World, case: str) -> None:
    world.models.rename(world.base / "away")
    os.chown(world.project, {"roots": 0, "strangers": STRANGER}.get(case, BOT.pw_uid), BOT.pw_gid)
    if case == "other_owner":
        world.configure(owner=MONITOR.pw_name)
    elif case == "elsewhere":
        world.configure(models_dir=str(world.models / "deeper"))
    elif case == "no_project":
        world.project.rename(world.base / "gone")
    wanted = world.models / "deeper" if case == "elsewhere" else world.models
    assert world.run(wanted).status == chown.REFUSED
    assert not wanted.exists()


def test_a_systemctl_that_hangs_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chown, "ASK_SECONDS", 0.2)
    world.configure('[project]\ndir = ""\n')
    script = world.base / "systemctl"
    script.write_text("#!/bin/sh\nexec sleep 60\n")
    script.chmod(0o755)
    world.places = replace(world.places, systemctl=str(script))
    assert world.run(world.models).code == "project_unknown"


# --- the Bot API directory


@contextmanager
def docker(world: World, answer: object, status: int = 200) -> Iterator[list[str]]:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with socketserver.UnixStreamServer(world.places.docker, Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join(5)


def _open_host_dir(world: World) -> None:
    world.configure(f'[project]\ndir = "{world.project}"\nowner = "{BOT.pw_name}"\n')


@pytest.mark.parametrize("destination", ["/var/lib/telegram-bot-api", "/var/lib"])
def test_the_containers_mount_says_where_the_files_lie(world: World, destination: str) -> None:
    _open_host_dir(world)
    source = str(world.bot_api)
    if destination == "/var/lib":
        source = str(world.base)
        world.bot_api.rename(world.base / "telegram-bot-api")
    target = Path(source) if destination != "/var/lib" else world.base / "telegram-bot-api"
    mounts = [{"Destination": "/x", "Source": "/etc"}, {"Destination": destination, "Source": source}]
    with docker(world, {"Mounts": mounts}) as asked:
        assert world.run(target).status == chown.DONE
    assert asked == ["/containers/telegram-bot-api/json"]
    assert f"user:{BOT.pw_uid}:r-x" in acl(target)


@pytest.mark.parametrize("answer", [{}, [], {"Mounts": 5}, {"Mounts": [3]}, {"Mounts": [{}]}, "x", None])
def test_an_engine_that_talks_nonsense_is_not_believed(world: World, answer: object) -> None:
    _open_host_dir(world)
    with docker(world, answer):
        assert world.run(world.bot_api).code == "outside_roots"


def test_an_engine_that_is_not_roots_is_not_asked(world: World) -> None:
    _open_host_dir(world)
    mounts = [{"Destination": "/var/lib/telegram-bot-api", "Source": str(world.bot_api)}]
    with docker(world, {"Mounts": mounts}) as asked:
        os.chown(world.places.docker, MONITOR.pw_uid, -1)
        assert world.run(world.bot_api).code == "outside_roots"
    assert asked == []


def test_an_engine_that_hangs_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chown, "ASK_SECONDS", 0.2)
    _open_host_dir(world)
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(world.places.docker)
        mute.listen()
        assert world.run(world.bot_api).code == "outside_roots"


def test_a_mount_of_the_whole_machine_is_too_wide(world: World) -> None:
    _open_host_dir(world)
    with docker(world, {"Mounts": [{"Destination": "/var/lib/telegram-bot-api", "Source": "/etc"}]}):
        assert world.run("/etc/passwd").code == "root_too_broad"


def test_files_of_models_do_not_wait_for_docker(world: World) -> None:
    _open_host_dir(world)
    with docker(world, {}) as asked:
        assert world.run(world.models / "ana").status == chown.DONE
    assert asked == []
