"""What is found out, and what is said to be missing. Real folders, real accounts."""

from __future__ import annotations

import os
import pwd
from dataclasses import replace
from pathlib import Path

import pytest

from trafico_monitor.config import Config
from trafico_monitor.config.discovery import HostFacts, bots_user, complete, discover, mounted_from, working_directory
from trafico_monitor.config.schema import Channel, ChannelKind, settle

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
NOBODY = pwd.getpwnam("nobody")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "100trafico"
    (folder / "modelos").mkdir(parents=True)
    (folder / "src").mkdir()
    (folder / "src" / ".env").write_text(f"TELEGRAM_TOKEN={TOKEN}\nADMIN_ID=42\n")
    return folder


def configured(**values: object) -> Config:
    return settle(Config(), {key.replace("__", "."): value for key, value in values.items()})


def test_the_project_and_its_env_come_from_the_bots_unit(project: Path) -> None:
    config, site = complete(Config(), HostFacts({"WorkingDirectory": f"!{project}"}))
    assert config.project.dir == str(project)
    assert (config.telegram.token, config.telegram.admin_id) == (TOKEN, "42")
    assert site is not None
    assert site.models == (project / "modelos").resolve()
    assert (site.api_url, site.token, site.project) == ("http://127.0.0.1:8081", TOKEN, project.resolve())
    assert TOKEN not in repr(site) and TOKEN not in repr(config)


def test_nothing_is_known_just_after_installation() -> None:
    config, site = complete(Config(), HostFacts())
    assert site is None
    assert config.missing == ("project", "token", "admin")


def test_a_webhook_alone_lacks_no_channel() -> None:
    webhook = Channel("panel", ChannelKind.WEBHOOK, url="https://panel.example/hook")
    config, _ = complete(replace(Config(), channels=(webhook,)), HostFacts())
    assert config.missing == ("project", "bot_token")


def test_a_telegram_channel_without_its_chat_is_none() -> None:
    config, _ = complete(replace(Config(), channels=(Channel("dev", token=TOKEN),)), HostFacts())
    assert config.missing == ("project", "token", "admin")


async def test_discovery_ends_where_neither_systemd_nor_docker_answer(project: Path) -> None:
    config, site = await discover(configured(project__dir=str(project), bot_api__container=""))
    assert site is not None and site.models == (project / "modelos").resolve()
    assert "project" not in config.missing


def test_what_was_set_is_not_replaced(project: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    given = configured(project__dir=str(project), bot_api__host_dir=str(other), telegram__token=TOKEN[::-1])
    around = HostFacts({"WorkingDirectory": "/elsewhere"}, (("/x", "/var/lib/telegram-bot-api"),))
    config, site = complete(replace(given, explicit=frozenset({"telegram.token"})), around)
    assert site is not None and site.bot_api == other
    assert config.telegram.token == TOKEN[::-1]
    assert config.project.dir == str(project)


@as_root
def test_the_owner_is_that_of_the_models(project: Path) -> None:
    os.chown(project / "modelos", NOBODY.pw_uid, 7)
    config, site = complete(configured(project__dir=str(project)), HostFacts())
    assert site is not None and (site.uid, site.gid) == (NOBODY.pw_uid, NOBODY.pw_gid)
    assert config.project.owner == "nobody"
    (project / "modelos").chmod(0o2775)  # set-group-ID: the folder's group is handed on
    _, site = complete(configured(project__dir=str(project)), HostFacts())
    assert site is not None and site.gid == 7


@as_root
def test_models_of_root_belong_to_the_units_user_else_to_the_projects_owner(project: Path) -> None:
    _, site = complete(configured(project__dir=str(project)), HostFacts({"User": "nobody"}))
    assert site is not None and site.uid == NOBODY.pw_uid
    os.chown(project, 12345, 54321)
    config, site = complete(configured(project__dir=str(project)), HostFacts())
    assert site is not None and (site.uid, site.gid) == (12345, 54321)
    assert config.project.owner == "12345"


def test_an_owner_that_nobody_is(project: Path) -> None:
    given = configured(project__dir=str(project), project__owner="nobody-at-all")
    config, site = complete(given, HostFacts())
    assert site is None and "owner" in config.missing


def test_models_that_are_not_there_are_missing_but_the_place_is_known(project: Path) -> None:
    (project / "modelos").rmdir()
    config, site = complete(configured(project__dir=str(project)), HostFacts())
    assert "models" in config.missing
    assert site is not None and site.models == (project / "modelos").resolve()


def test_links_are_resolved(project: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (project / "modelos").rmdir()
    (project / "modelos").symlink_to(tmp_path / "disk")
    _, site = complete(configured(project__dir=str(project)), HostFacts())
    assert site is not None and site.models == (tmp_path / "disk").resolve()


def test_the_bot_api_directory_comes_from_the_mounts(project: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    mounts = (("/etc/localtime", "/etc/localtime"), (str(data), "/var/lib/telegram-bot-api"))
    config, site = complete(configured(project__dir=str(project)), HostFacts({}, mounts))
    assert site is not None and site.bot_api == data
    assert config.bot_api.host_dir == str(data)
    assert "bot_api_dir" not in config.missing


@pytest.mark.parametrize("source", ["/", "{parent}"])
def test_a_mount_that_holds_the_models_too_opens_nothing(project: Path, source: str) -> None:
    mounts = ((source.format(parent=project.parent), "/var/lib/telegram-bot-api"),)
    config, site = complete(configured(project__dir=str(project)), HostFacts({}, mounts))
    assert site is not None and site.bot_api is None
    assert "bot_api_dir" in config.missing


def test_a_bot_without_local_server_needs_no_directory(project: Path) -> None:
    given = configured(project__dir=str(project), bot_api__local=False)
    config, site = complete(given, HostFacts())
    assert site is not None and site.bot_api is None
    assert config.missing == ()
    assert site.api_url == "https://api.telegram.org"


def test_alerts_through_the_watched_server_are_said(project: Path) -> None:
    config, _ = complete(configured(project__dir=str(project), bot_api__host_dir=str(project)), HostFacts())
    assert config.missing == ("alert_path",)


def test_the_nearest_mount_counts() -> None:
    mounts = (("/a", "/var/lib"), ("/b", "/var/lib/telegram-bot-api"), ("/c", "/var"))
    assert mounted_from(mounts, "/var/lib/telegram-bot-api") == "/b"
    assert mounted_from((("/a", "/var/lib"),), "/var/lib/telegram-bot-api") == "/a/telegram-bot-api"
    assert mounted_from((("/a", "/var/library"),), "/var/lib") == ""


def test_working_directories() -> None:
    assert working_directory({"WorkingDirectory": "!/srv/x"}) == "/srv/x"
    assert working_directory({"WorkingDirectory": "~", "User": "nobody"}) == NOBODY.pw_dir
    assert working_directory({"WorkingDirectory": "/"}) == ""
    assert working_directory({}) == ""


def test_without_a_unit_somebody_has_to_be_the_bot(project: Path) -> None:
    config, _ = complete(configured(bot__unit=""), HostFacts())
    assert "bots_user" in config.missing
    config, _ = complete(configured(bot__unit="", project__dir=str(project)), HostFacts())
    assert "bots_user" not in config.missing and bots_user(config) == os.geteuid()
    named = configured(bot__unit="", project__owner="nobody")
    assert bots_user(named) == NOBODY.pw_uid
    assert bots_user(configured(bot__unit="", project__owner="nobody-at-all")) is None
