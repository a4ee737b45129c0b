"""The service: its user, unit, folders, disks, sudo, ffprobe."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from pathlib import Path

from ..config.loader import packaged_logs, packaged_state
from ..health import disk
from ..health.resources import mounts
from ..health.unit import UnitState
from ..host import accounts, blocking, directory, subprocesses, systemd
from ..host.credentials import SERVICE
from ..host.directory import DirectoryRefused
from ..messages import text
from ..model.installation import CHOWN_HELPER
from .base import CheckContext, CheckResult, Level, critical, ok, warning

_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"  # what the service's children get


async def user(context: CheckContext) -> list[CheckResult]:
    """The user for whom the following checks are made."""
    service = accounts.by_name(accounts.SERVICE_USER)
    if service is None:
        return [warning("user_absent", "install", user=accounts.SERVICE_USER, caller=context.user.name)]
    if context.user != service:
        return [warning("not_root", "as_root", user=service.name, caller=context.user.name)]
    return [ok("user", user=service.name)]


async def service(context: CheckContext, state: UnitState) -> list[CheckResult]:
    """The service's unit: installed, running, enabled, and allowed to write to the models directory."""
    if not state.known or state.load == "not-found":
        return [warning("service_absent", "install", unit=SERVICE)]
    found: list[CheckResult] = []
    if state.active not in ("active", "activating", "reloading"):
        found.append(warning("service_inactive", "service_start", unit=SERVICE, active=state.active))
    elif state.enabled == "disabled":
        found.append(warning("service_disabled", "service_enable", unit=SERVICE))
    return [*found, *await _sandbox(context)] or [ok("service", unit=SERVICE)]


async def _sandbox(context: CheckContext) -> list[CheckResult]:
    said = await systemd.show_unit(SERVICE, ("ProtectSystem", "ReadWritePaths"))
    if context.site is None or said is None or said.get("ProtectSystem") != "strict":
        return []
    open_paths = [Path(path.lstrip("-+")) for path in systemd.split_words(said.get("ReadWritePaths", ""))]
    wanted = [path for path in (context.site.models, context.site.bot_api) if path is not None]
    closed = [path for path in wanted if not any(path.is_relative_to(one) for one in open_paths)]
    return [critical("sandbox", "sandbox", path=path, unit=SERVICE) for path in closed[:1]]


async def folders(context: CheckContext) -> list[CheckResult]:
    """The directories of state and logs: writable for the service."""
    found: list[CheckResult] = []
    for path in (context.config.paths.state, context.config.paths.logs):
        if not await context.may("-d", path):
            found.append(warning("folder_absent", "folder", path=path, user=context.user.name))
        elif not await context.may("-w", path):
            found.append(critical("folder_closed", "folder", path=path, user=context.user.name))
    return found or [ok("folders", state=context.config.paths.state, logs=context.config.paths.logs)]


async def places(context: CheckContext) -> list[CheckResult]:
    """The directories of state and logs: owned so that no other user can change or exchange their content."""
    paths, trust = context.config.paths, directory.ours().with_account(context.user.uid, context.user.gid)
    found: list[CheckResult] = []
    for path, packaged in ((paths.state, packaged_state()), (paths.logs, packaged_logs())):
        refused = directory.refusal(path, trust)
        if refused is None:
            continue
        if path == packaged:
            why = _why(refused, context.config.language)
            found.append(critical("folder_not_alone", "folder", path=path, why=why, user=context.user.name))
        elif path == paths.logs:
            found.append(_foreign_logs(context, refused, packaged))
    return found


def _foreign_logs(context: CheckContext, refused: DirectoryRefused, instead: Path) -> CheckResult:
    logs = context.config.paths.logs
    if context.site is not None:
        refused_to_owner = directory.refusal(logs, directory.ours().with_owner(context.site.uid))
        if refused_to_owner is None:
            return warning("folder_shared", path=logs, owner=context.config.project.owner, instead=instead)
        refused = refused_to_owner
    why = _why(refused, context.config.language)
    return critical("folder_refused", "folder_refused", path=logs, why=why, instead=instead)


def _why(refused: DirectoryRefused, language: str) -> str:
    return text(f"own.{refused.code}", language, parte=refused.place, quien=refused.owner)


async def space(context: CheckContext) -> list[CheckResult]:
    """Free space of the file systems that the monitor writes to, and mounts that became read-only."""
    site, config = context.site, context.config
    places = [site.models if site else None, site.bot_api if site else None, config.paths.state, config.paths.logs]
    paths = [path for path in places if path is not None]
    limits = (config.checks.disk_warning, config.checks.disk_critical)
    try:
        state = await blocking.run_blocking(lambda: disk.check_disks(paths, *limits), seconds=10, name="disk")
    except TimeoutError:
        return [critical("disk_dead", "disk_dead", paths=", ".join(map(str, paths)))]
    found = disk.finding(state, 0.0, config.language)
    level = {"ok": Level.OK, "warning": Level.WARNING}.get(found.code, Level.CRITICAL)
    read_only = {mount.mount: mount for mount in mounts(paths) if mount.read_only}.values()
    return [
        CheckResult(level, "check.disk", fields={"message": found.message}),
        *(critical("disk_read_only", "disk_read_only", **asdict(mount)) for mount in read_only),
    ]


async def sudo(context: CheckContext) -> list[CheckResult]:
    """The sudo rule: the service starts the helper as root without a password."""
    helper = Path(context.site.chown_command[-1] if context.site else CHOWN_HELPER)
    if not helper.exists():
        return [critical("helper_absent", "reinstall", helper=helper)]
    status = helper.stat()
    if status.st_uid != 0 or status.st_mode & 0o022:
        return [critical("helper_open", "helper_owner", helper=helper)]
    whom = ["-U", context.user.name] if os.geteuid() == 0 and context.user.uid != 0 else []
    # As root with -U: sudo -l of the user itself would ask the same, and need its password set.
    done = await subprocesses.run(["sudo", "-n", "-l", *whom, str(helper), "/"], seconds=10)
    if done.code == 127:
        return [critical("sudo_absent", "sudo_install")]
    if not done.ok:
        return [critical("sudo_refused", "reinstall", helper=helper, user=context.user.name)]
    return [ok("sudo", helper=helper, user=context.user.name)]


async def ffprobe(context: CheckContext) -> list[CheckResult]:
    """ffprobe, the better media check."""
    found = shutil.which("ffprobe", path=_PATH)
    return [ok("ffprobe", path=found)] if found else [warning("ffprobe_absent", "ffprobe")]
