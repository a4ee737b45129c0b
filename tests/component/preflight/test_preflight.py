"""`trafico-monitor check` on a real project, as root and for another, real user."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from tests.journal_fixtures import UNIT, BotProcess, private_journald
from tests.waiting_program import WAITS, running
from trafico_monitor import preflight as preflight_of
from trafico_monitor.cli.main import main
from trafico_monitor.config import Config
from trafico_monitor.config.discovery import HostFacts, complete
from trafico_monitor.config.schema import settle
from trafico_monitor.health import processes
from trafico_monitor.health.unit import UnitState
from trafico_monitor.host import accounts
from trafico_monitor.host.accounts import Account
from trafico_monitor.messages import catalogue
from trafico_monitor.preflight import bot, bot_lines, host, journal, project
from trafico_monitor.preflight.base import CheckContext, CheckResult, Level

TOKEN = "1234567890:AAExampleExampleExampleExampleExampl"
NOBODY = Account("nobody", 65534, 65534, pwd.getpwnam("nobody").pw_dir)
GAMES = pwd.getpwnam("games")
GAMES_ACCOUNT = Account("games", GAMES.pw_uid, GAMES.pw_gid, GAMES.pw_dir)
STOPPED = UnitState(UNIT, True, "loaded", "inactive", "dead", "success", enabled="enabled")
pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="only root tries what others may do"),
    pytest.mark.filterwarnings("ignore:.*distutils:DeprecationWarning"),
]


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others may enter, unlike pytest's own."""
    folder = Path(f"/tmp/trafico-preflight-{os.getpid()}")
    folder.mkdir(mode=0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def context(place: Path) -> CheckContext:
    """A project of user `games`, checked for `nobody`, who stands for the service."""
    folder = place / "100trafico"
    (folder / "modelos" / "victor").mkdir(parents=True)
    (folder / "src").mkdir()
    (folder / "main.py").touch()
    (folder / "src" / ".env").write_text(f"TELEGRAM_TOKEN={TOKEN}\nADMIN_ID=42\n")
    videos = place / "bot-api" / TOKEN / "videos"
    videos.mkdir(parents=True)
    (videos / "file_16.mp4").write_bytes(b"x")
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, GAMES.pw_uid, GAMES.pw_gid)
    config = settle(Config(), {"project.dir": str(folder), "bot_api.host_dir": str(place / "bot-api")})
    config, site = complete(config, HostFacts())
    return CheckContext(config, site, NOBODY)


def only(checks: list[CheckResult]) -> CheckResult:
    assert len(checks) == 1
    return checks[0]


def mend(check: CheckResult) -> None:
    """Carry out the very command that the operator is offered."""
    command = check.remedy("es").replace("sudo ", "")
    assert TOKEN not in command
    subprocess.run(["/bin/sh", "-c", command], check=True, timeout=10)


async def test_folders_that_the_service_cannot_write_in_and_the_command_that_mends_it(context: CheckContext) -> None:
    found = only(await project.models(context))
    assert (found.level, found.code) == (Level.CRITICAL, "check.models_closed")
    mend(found)
    assert only(await project.models(context)).level is Level.OK


async def test_an_env_that_root_can_read_and_the_service_cannot(context: CheckContext) -> None:
    file = Path(context.config.project.dir) / "src" / ".env"
    file.chmod(0o600)
    found = only(await project.env(context))
    assert (found.level, found.code) == (Level.CRITICAL, "check.env_closed")
    mend(found)
    assert only(await project.env(context)).code == "check.env"


async def test_a_closed_home_is_named_and_opened(context: CheckContext) -> None:
    folder = Path(context.config.project.dir)
    folder.parent.chmod(0o700)
    found = only(await project.project(context))
    assert found.code == "check.closed" and found.fields["path"] == folder.parent
    mend(found)
    assert only(await project.project(context)).code == "check.project"
    (folder / "main.py").unlink()
    assert only(await project.project(context)).code == "check.main_absent"


async def test_files_of_another_user_are_the_most_frequent_failure(context: CheckContext, place: Path) -> None:
    """uid 101, mode 0640: neither the bot nor the monitor can read them; the ACL ends it for good."""
    api = place / "bot-api"
    for path in [api, *api.rglob("*")]:
        os.chown(path, 101, 101)
        path.chmod(0o750 if path.is_dir() else 0o640)
    found = await bot.files(context)
    assert [check.code for check in found] == ["check.files_closed"] * 2
    assert {check.fields["who"] for check in found} == {"games", "nobody"}
    assert all(TOKEN not in check.text("es") + check.remedy("es") for check in found)
    mend(found[0])
    assert only(await bot.files(context)).code == "check.files"
    new = api / TOKEN / "videos" / "file_17.mp4"  # the server's next file
    subprocess.run(
        ["setpriv", "--reuid=101", "--regid=101", "--clear-groups", "sh", "-c", f"umask 027; echo x > {new}"],
        check=True,
        timeout=10,
    )
    assert (new.stat().st_uid, new.stat().st_mode & 0o7) == (101, 0)
    assert only(await bot.files(context)).code == "check.files"


async def test_somebody_elses_closed_folder_is_not_to_be_opened(context: CheckContext, place: Path) -> None:
    """As /var/lib/docker is: other containers' volumes lie beside."""
    volumes = place / "volumes"
    volumes.mkdir(mode=0o700)
    (place / "bot-api").rename(volumes / "bot-api")
    assert context.site is not None
    there = replace(context, site=replace(context.site, bot_api=volumes / "bot-api"))
    found = await bot.files(there)
    assert [(check.code, check.fix) for check in found] == [("check.closed", "fix.bind_mount")] * 2
    assert all("setfacl" not in check.remedy("es") and str(volumes) in check.remedy("es") for check in found)


async def test_files_that_can_be_read_today_by_luck(context: CheckContext, place: Path) -> None:
    found = only(await bot.files(context))  # root's, mode 0644, no default ACL
    assert (found.level, found.code) == (Level.WARNING, "check.files_acl")


async def test_the_journal_of_a_folder_that_is_closed(context: CheckContext, place: Path) -> None:
    (place / "journal").mkdir()
    (place / "journal" / "system.journal").touch(mode=0o600)
    config = settle(context.config, {"journal.directory": str(place / "journal")})
    there = CheckContext(config, context.site, context.user)
    assert only(await journal.access(there)).code == "check.journal_closed"
    (place / "journal" / "system.journal").chmod(0o644)
    assert only(await journal.access(there)).code == "check.journal"


async def test_the_bots_own_lines_are_looked_for_as_the_reader_does(context: CheckContext) -> None:
    with private_journald(f"preflight{os.getpid()}") as journald:  # another run may go on beside this one
        config = settle(context.config, {"journal.namespace": journald.name})
        there = CheckContext(config, context.site, Account("root", 0, 0, "/root"))
        with BotProcess(journald, process="poster_prd.py") as poster:
            poster.say("INFO:__main__:Poster Worker")
            journald.sync()  # before it ends: journald reads its command line in /proc
        assert only(await bot_lines.lines(there)).code == "check.no_bot_lines"
        with BotProcess(journald) as bot_central:
            bot_central.say("INFO:__main__:🤖 Iniciando Bot Central...")
            journald.sync()
        assert only(await bot_lines.lines(there)).code == "check.lines"
        assert only(await journal.access(there)).code == "check.journal"
        nobody = CheckContext(config, context.site, NOBODY)
        assert only(await journal.access(nobody)).code == "check.journal_closed"
        assert only(await bot_lines.lines(nobody)).code == "check.no_lines"


async def test_a_unit_of_a_users_manager_is_named_with_what_to_configure(context: CheckContext) -> None:
    uid = GAMES.pw_uid
    group = f"../user.slice/user-{uid}.slice/user@{uid}.service/app.slice/{UNIT}"
    with private_journald(f"preflight{os.getpid()}") as journald:
        config = settle(context.config, {"journal.namespace": journald.name})
        there = CheckContext(config, context.site, Account("root", 0, 0, "/root"))
        followed = replace(there, config=settle(config, {"bot.user_unit": True}))
        assert only(await bot_lines.lines(followed)).code == "check.no_user_lines"
        with BotProcess(journald, unit=group, uid=uid) as bot_central:
            bot_central.say("INFO:__main__:🤖 Iniciando Bot Central...")
        journald.sync()
        found = only(await bot_lines.lines(there))
        assert found.code == "check.user_unit" and "games" in found.text("es")
        assert """'bot.user_unit = true' 'project.owner = "games"'""" in found.remedy("es")
        assert only(await bot_lines.lines(followed)).code == "check.lines"
        unknown = replace(followed, site=None, config=settle(followed.config, {"project.owner": "games"}))
        assert only(await bot_lines.lines(unknown)).code == "check.lines", "its project is not known, but its user is"


async def test_a_container_is_looked_for_and_whoever_forges_its_name_is_told(context: CheckContext) -> None:
    named = [("MESSAGE", "x"), ("CONTAINER_NAME", "trafico-bot"), ("CONTAINER_ID", "ca4521981f7f")]
    with private_journald(f"preflight{os.getpid()}") as journald:
        config = settle(context.config, {"journal.namespace": journald.name})
        there = CheckContext(config, context.site, Account("root", 0, 0, "/root"))
        watched = replace(there, config=settle(config, {"bot.unit": "", "bot.container": "trafico-bot"}))
        assert only(await bot_lines.lines(watched)).code == "check.no_container_lines"
        with BotProcess(journald, unit="session-3.scope", uid=NOBODY.uid) as stranger:
            stranger.send(named)
        journald.sync()
        assert only(await bot_lines.lines(watched)).code == "check.container_foreign"
        with BotProcess(journald, unit="docker.service", process="dockerd") as docker:
            docker.send(named)
        journald.sync()
        assert only(await bot_lines.lines(watched)).code == "check.container_lines"
        codes = [one.code for one in await bot_lines.lines(there)]
        assert codes == ["check.no_lines", "check.containers"], "nobody has said yet that it is a container"


async def test_sudo_without_a_rule_is_refused_and_with_it_allowed(context: CheckContext, place: Path) -> None:
    from dataclasses import replace

    helper = place / "chown"
    helper.write_text("#!/bin/sh\n")
    helper.chmod(0o755)
    assert context.site is not None
    there = replace(context, site=replace(context.site, chown_command=("sudo", "-n", str(helper))))
    assert only(await host.sudo(there)).code == "check.sudo_refused"
    rule = Path("/etc/sudoers.d/trafico-preflight-test")
    rule.write_text(f"nobody ALL=(root) NOPASSWD: {helper}\n")
    rule.chmod(0o440)
    try:
        assert only(await host.sudo(there)).code == "check.sudo"
    finally:
        rule.unlink()
    helper.chmod(0o777)
    assert only(await host.sudo(there)).code == "check.helper_open"
    helper.unlink()
    assert only(await host.sudo(there)).code == "check.helper_absent"


def test_a_file_name_cannot_speak_to_the_terminal() -> None:
    check = CheckResult(Level.CRITICAL, "check.closed", "fix.open_folder", {"path": "/a\x1b[2Jb\nc", "user": "x"})
    assert check.text("es").isprintable() and check.remedy("es").isprintable()


def test_a_command_is_safe_to_paste() -> None:
    check = CheckResult(Level.CRITICAL, "check.closed", "fix.open_folder", {"path": "/a b;$(reboot)", "user": "x"})
    assert check.remedy("en") == "sudo setfacl -m u:x:--x '/a b;$(reboot)'"


def test_the_command_on_this_machine(
    context: CheckContext, place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    file = place / "config.toml"
    file.write_text(
        f"[project]\ndir = '{context.config.project.dir}'\n[bot_api]\nurl = 'http://127.0.0.1:9'\n"
        f"host_dir = '{place}/bot-api'\n"
    )
    assert main(["check", "--json", "--config", str(file)]) == 2
    out = capsys.readouterr().out
    answer = json.loads(out)
    codes = {finding["code"]: finding for finding in answer["findings"]}
    assert answer["result"] == "critical"
    assert codes["server_down"]["level"] == "critical"
    assert codes["missing.alert_path"]["level"] == "warning"
    assert "config" in codes and "disk" in codes
    assert TOKEN not in out

    assert main(["check", "--config", str(file)]) == 2
    text = capsys.readouterr().out
    assert "❌ Bot API server: no answer at http://127.0.0.1:9: connection refused" in text
    assert TOKEN not in text


def test_a_wrong_configuration_is_shown_and_critical(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "config.toml").write_text("[retry]\nmax_atempts = 3\n")
    assert main(["check", "--config", str(place / "config.toml")]) == 2
    out = capsys.readouterr().out
    assert out.startswith("❌ Configuración: ") and "retry.max_attempts" in out


async def test_own_folders_that_others_can_change_or_exchange(
    context: CheckContext, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lib", "log"):
        (place / name).mkdir()
    monkeypatch.setenv("STATE_DIRECTORY", str(place / "lib"))
    monkeypatch.setenv("LOGS_DIRECTORY", str(place / "log"))
    own = settle(context.config, {"paths.state": place / "lib", "paths.logs": place / "log"})
    assert await host.places(replace(context, config=own)) == []
    os.chown(place / "log", NOBODY.uid, NOBODY.gid)  # as the package leaves it
    assert await host.places(replace(context, config=own)) == []
    os.chown(place / "log", GAMES.pw_uid, GAMES.pw_gid)
    found = only(await host.places(replace(context, config=own)))
    assert (found.level, found.code) == (Level.CRITICAL, "check.folder_not_alone") and "games" in found.text("es")
    subprocess.run(
        ["install", "-d", "-o", "nobody", "-g", "nogroup", "-m", "0750", place / "log"], check=True, timeout=10
    )
    assert await host.places(replace(context, config=own)) == []

    logs = Path(context.config.project.dir) / "logs"
    logs.mkdir()
    os.chown(logs, GAMES.pw_uid, GAMES.pw_gid)
    shared = settle(own, {"paths.logs": logs})
    found = only(await host.places(replace(context, config=shared)))
    assert (found.level, found.code) == (Level.WARNING, "check.folder_shared")
    assert "games" in found.text("es") and str(place / "log") in found.text("es")
    logs.chmod(0o777)
    found = only(await host.places(replace(context, config=shared)))
    assert (found.level, found.code) == (Level.CRITICAL, "check.folder_refused")
    assert "pueden escribir otros" in found.text("es") and str(logs) in found.remedy("es")
    found = only(await host.places(replace(context, config=shared, site=None)))  # nobody knows whose it is
    assert found.code == "check.folder_refused" and "es de games" in found.text("es")


def test_processes_left_over_outside_the_unit_and_the_command_that_ends_them(context: CheckContext) -> None:
    project = Path(context.config.project.dir)
    (project / "workers").mkdir()
    for name in ("main.py", "workers/monitor_descarga.py"):
        (project / name).write_text(WAITS)
    without = replace(context, config=replace(context.config, bot=replace(context.config.bot, unit="")))
    assert only(bot.left_over(context)).code == "check.no_left_over"
    assert bot.left_over(without) == [], "without a unit none is outside"
    became = ["setpriv", f"--reuid={GAMES.pw_uid}", f"--regid={GAMES.pw_gid}", "--clear-groups", "--"]
    with (
        running(*became, "/usr/bin/python3", "main.py", cwd=project) as pid,
        running("/usr/bin/python3", "workers/monitor_descarga.py", cwd=project) as monitor,
        running(*became[:1], "--reuid=65534", "--", "/usr/bin/python3", "main.py", cwd=project),  # a stranger's
    ):
        found = bot.left_over(context)
        assert [(one.code, one.fields["pid"], one.fields["user"]) for one in found] == [
            ("check.left_over", pid, "games"),
            ("check.left_over_monitor", monitor, "root"),
        ]
        stopped = bot.unit(context, replace(STOPPED, began=1.0), found)
        assert [one.code for one in stopped] == ["check.unit_elsewhere", "check.unit_restart"]
        assert stopped[0].level is Level.CRITICAL and not stopped[0].remedy("es"), "a second bot must not be started"
        assert "main.py" in found[0].text("es") and f"PID {pid}" in found[0].text("es")
        if not found[0].fields["service"]:
            assert [one.remedy("en") for one in found] == [f"sudo kill {pid}", f"sudo kill {monitor}"]
            mend(found[0])
            psutil.wait_procs([psutil.Process(pid)], timeout=10)
            assert only(bot.left_over(context)).code == "check.left_over_monitor"


def test_a_unit_that_waits_for_its_first_start_is_no_error(context: CheckContext) -> None:
    """As after `setup --no-start`, the tutorial's own step."""
    first = bot.unit(context, replace(STOPPED, restart="always"))
    assert [(one.level, one.code) for one in first] == [(Level.WARNING, "check.unit_not_started")]
    assert first[0].remedy("es") == "sudo trafico-monitor trial"
    for known in ({"began": 1.0}, {"result": "exit-code"}, {"active": "failed"}, {"enabled": "disabled"}):
        found = only(bot.unit(context, replace(STOPPED, restart="always", **known)))
        assert (found.level, found.code) == (Level.CRITICAL, "check.unit_inactive"), known


@pytest.mark.parametrize("language", ["es", "en"])
def test_no_command_starts_a_bot_that_stands_still_but_the_one_that_says_so(language: str) -> None:
    starting = re.compile(r"systemctl (?:[^;&|]* )?(?:start|restart|enable --now) [^;&|]*\{unit\}")
    named = {code for code, words in catalogue(language).items() if code.startswith("fix.") and starting.search(words)}
    of_service = {"fix.service_start", "fix.sandbox"}
    assert named - of_service == {"fix.unit_start"}


def as_nobody(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The command of a user without rights, in his own language."""
    became = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"]
    environment = {**os.environ, "LANG": "es_ES.UTF-8", "LC_ALL": "", "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [*became, sys.executable, "-m", "trafico_monitor", *words, "--config", str(place / "config.toml")]
    return subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=60)


def test_without_sudo_the_first_word_is_sudo(place: Path) -> None:
    file, state = place / "config.toml", place / "state"
    file.write_text(f'[paths]\nstate = "{state}"\n')
    file.chmod(0o600)
    state.mkdir(mode=0o700)
    told = as_nobody(place, "check")
    assert told.stdout.startswith("❌ Hace falta sudo: ") and told.returncode == 77
    assert "   → sudo trafico-monitor check\n" in told.stdout and "críticos" not in told.stdout
    file.chmod(0o644)
    for words in (["status"], ["incidents"], ["report"]):
        told = as_nobody(place, *words)
        assert told.stderr.startswith("trafico-monitor: hace falta sudo: ") and told.returncode == 77
        assert f"   → sudo trafico-monitor {words[0]} " in told.stderr
    state.chmod(0o755)
    assert "todavía no hay registros" in as_nobody(place, "status").stderr


async def test_whoever_stands_in_for_the_service_is_told_no_rights_but_the_way(
    context: CheckContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A caller without sudo: nothing that only his own rights make look wrong."""
    monkeypatch.setattr(preflight_of, "subject", lambda: GAMES_ACCOUNT)
    monkeypatch.setattr(accounts, "by_name", lambda name: NOBODY)
    found = await preflight_of.preflight(context.config)
    assert found[0].code == "check.not_root" and "sudo" in found[0].text("es")
    assert not [one.code for one in found if one.code.startswith(("check.models", "missing.", "check.alerts"))]


def test_a_process_that_another_service_holds_is_ended_by_its_service(context: CheckContext) -> None:
    held = processes.BotProcess(7, GAMES.pw_uid, "main.py", 0.0, "0::/system.slice/old-bot.service\n")
    assert bot._left_over(held, context).remedy("es") == "sudo systemctl disable --now old-bot.service"


def test_a_process_of_the_users_own_systemd_is_ended_by_that(context: CheckContext) -> None:
    """Killed, it would be started again; and it may bear the name of the system's unit."""
    name = context.config.bot.unit
    group = f"0::/user.slice/user-5.slice/user@5.service/app.slice/{name}\n"
    held = processes.BotProcess(7, GAMES.pw_uid, "main.py", 0.0, group)
    assert not held.in_unit(name) and held.in_unit(name, of_user=True)
    as_user = "sudo -u games env XDG_RUNTIME_DIR=/run/user/$(id -u games)"
    assert bot._left_over(held, context).remedy("es") == f"{as_user} systemctl --user disable --now {name}"


async def test_a_file_system_that_turned_read_only_is_critical(context: CheckContext, place: Path) -> None:
    models = Path(context.config.project.dir) / "modelos"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "trafico-test", models], check=True, timeout=10)
    try:
        assert [one.code for one in await host.space(context)] == ["check.disk"]
        subprocess.run(["mount", "-o", "remount,ro", models], check=True, timeout=10)
        _, found = await host.space(context)
        assert (found.level, found.code) == (Level.CRITICAL, "check.disk_read_only")
        assert str(models) in found.text("en")
        subprocess.run(["/bin/sh", "-c", found.remedy("es").rpartition("; sudo ")[2]], check=True, timeout=10)
        assert [one.code for one in await host.space(context)] == ["check.disk"]
    finally:
        subprocess.run(["umount", models], check=True, timeout=10)
